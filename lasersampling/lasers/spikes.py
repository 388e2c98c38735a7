"""Spike trains, and the binary states z(t) that follow from them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.arrays import as_array, as_floats
from lasersampling.checks import integer_problems, number_problems, refuse
from lasersampling.errors import InputError, LaserSamplingWarning, Problem
from lasersampling.labelled import Variable, as_dataset
from lasersampling.lasers.spike_states import states_since_rest

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SpikeTrains"]

_SPIKES_SHOWN = 40
"""Number of spikes of each laser in a raster."""

_ROUNDING = 1e-9
"""Relative error of times that are sums of intervals [1]."""

_MOST = 0.8
"""If a raster would show this fraction of a recording or more, it shows all of it."""


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of all units of all chains, sorted by time within each chain.

    Attributes
    ----------
    time_ns : ndarray of float64, shape (spike,)
        Spike times [ns], from the start of the recording.
    unit : ndarray of int32, shape (spike,)
        Which unit spiked.
    chain_offset : ndarray of int64, shape (chain + 1,)
        Spikes ``chain_offset[c]`` to ``chain_offset[c + 1]`` belong to chain c.
    n_units : int
        Number of units of each chain.
    duration_ns : float
        Length of the recording of each chain [ns].

    Raises
    ------
    InputError
        If the arrays do not fit together or are none, numbers of units are not whole, or times are
        unsorted or outside the recording.

    Examples
    --------
    >>> time, unit, offset = np.array([1.0, 2.5, 4.0]), np.array([0, 1, 0]), np.array([0, 2, 3])
    >>> trains = SpikeTrains(time, unit, offset, n_units=2, duration_ns=5.0)
    >>> trains.counts()
    array([[1, 1],
           [1, 0]])
    """

    time_ns: NDArray[np.float64]
    unit: NDArray[np.int32]
    chain_offset: NDArray[np.int64]
    n_units: int
    duration_ns: float

    def __post_init__(self) -> None:
        for name in ("time_ns", "unit", "chain_offset"):
            object.__setattr__(self, name, _read(getattr(self, name), name))
        problems = number_problems("duration_ns", self.duration_ns, 0.0, strict=True)
        problems += integer_problems("n_units", self.n_units, 1)
        if self.time_ns.shape != self.unit.shape or self.time_ns.ndim != 1:
            got = f"shapes {self.time_ns.shape} and {self.unit.shape}"
            problems.append(Problem("time_ns, unit", got, "two flat arrays of equal length"))
        offset = self.chain_offset
        if (
            offset.ndim != 1
            or offset.size < 2
            or offset[0] != 0
            or offset[-1] != self.time_ns.size
            or np.any(np.diff(offset) < 0)
        ):
            expected = f"ascending offsets from 0 to the number of spikes ({self.time_ns.size})"
            problems.append(Problem("chain_offset", str(offset), expected))
        if problems:
            raise InputError(problems)
        if self.unit.size and not 0 <= self.unit.min() <= self.unit.max() < self.n_units:
            got = f"{self.unit.min()} to {self.unit.max()}"
            problems.append(Problem("unit", got, f"0 to {self.n_units - 1}"))
        outside = ~((self.time_ns >= 0.0) & (self.time_ns <= self.duration_ns))
        if outside.any():
            first = int(np.argmax(outside))
            got = f"{self.time_ns[first]:g}, {outside.sum()} times outside the recording"
            expected = f"0 to {self.duration_ns:g} ns; an absent spike (-1, nan) has no entry"
            problems.append(Problem(f"time_ns[{first}]", got, expected))
        unsorted = np.flatnonzero(np.diff(self.time_ns) < 0.0) + 1
        if not np.isin(unsorted, offset).all():
            problems.append(Problem("time_ns", "unsorted times", "times sorted within each chain"))
        if problems:
            raise InputError(problems)
        object.__setattr__(self, "n_units", int(self.n_units))
        object.__setattr__(self, "unit", self.unit.astype(np.int32, copy=False))

    @classmethod
    def of_events(
        cls,
        chain: NDArray[np.int64],
        time_ns: NDArray[np.float64],
        unit: NDArray[np.integer],
        *,
        shape: tuple[int, int],
        duration_ns: float,
    ) -> SpikeTrains:
        """Sort spikes that come in any order.

        Parameters
        ----------
        chain, time_ns, unit : ndarray, shape (spike,)
            Unit and time of each spike [ns].
        shape : tuple of int
            Number of chains, and of units in each.
        duration_ns : float
            Length of the recording of each chain [ns].

        Returns
        -------
        SpikeTrains
            Sorted by chain, time and unit.
        """
        order = np.lexsort((unit, time_ns, chain))
        offset = np.searchsorted(chain[order], np.arange(shape[0] + 1)).astype(np.int64)
        return cls(time_ns[order], unit[order].astype(np.int32), offset, shape[1], duration_ns)

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return self.chain_offset.size - 1

    @property
    def n_spikes(self) -> int:
        """Number of spikes of all chains."""
        return self.time_ns.size

    def variables(self) -> dict[str, Variable]:
        """Give times and units of the spikes as stored in files, with units of measurement."""
        about = "time of each spike, sorted within each chain"
        return {
            "time": Variable(self.time_ns, ("spike",), "ns", about),
            "unit": Variable(self.unit, ("spike",), "1", "laser that fired"),
        }

    @property
    def extent(self) -> dict[str, Any]:
        """Number of units and length of the recording of each chain, as attributes of files."""
        return {"n_units": self.n_units, "duration_ns": self.duration_ns}

    def to_xarray(self) -> xr.Dataset:
        """Give one entry for each spike: its `time`, with the coordinates `chain` and `unit`.

        Examples
        --------
        >>> trains = SpikeTrains(
        ...     np.array([1.0, 4.0, 2.5]), np.array([0, 1, 1]), np.array([0, 2, 3]), 2, 5.0
        ... )
        >>> spikes = trains.to_xarray()
        >>> spikes.time[spikes.unit == 1].values
        array([4. , 2.5])
        """
        chain = np.repeat(np.arange(self.n_chains, dtype=np.int32), np.diff(self.chain_offset))
        variables = {
            **self.variables(),
            "chain": Variable(chain, ("spike",), "1", "chain that it belongs to"),
        }
        attributes = self.extent | {"n_chains": self.n_chains}
        return as_dataset(variables, attributes, coordinates=["chain", "unit"])

    def plot(
        self,
        axes: Axes | None = None,
        *,
        refractory_time_ns: float | None = None,
        window_ns: tuple[float, float] | None = None,
    ) -> Figure:
        """Draw the spikes of the first chain as a raster.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.
        refractory_time_ns : float, optional
            tau: the time with z = 1 is shaded.
        window_ns : tuple of float, optional
            Time window within the recording; by default from 0 to about forty spikes of each laser.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            If the refractory time is not above 0, or the window is no part of the recording.
        """
        from lasersampling.plots import raster, style

        problems: list[Problem] = []
        if refractory_time_ns is not None:
            problems += number_problems("refractory_time_ns", refractory_time_ns, 0.0, strict=True)
        if window_ns is not None:
            ends = as_floats(window_ns, "window_ns")
            latest = self.duration_ns * (1.0 + _ROUNDING)
            if ends.shape != (2,) or not 0.0 <= ends[0] < ends[1] <= latest:
                end = f"{self.duration_ns:g}"
                expected = f"beginning and end of a time from 0 to {end} ns, the end later"
                problems.append(Problem("window_ns", repr(window_ns), expected))
        if problems:
            raise InputError(problems)

        times, units = self.chain(0)
        if window_ns is None:
            part = _SPIKES_SHOWN * self.n_units / max(times.size, 1)
            window_ns = 0.0, self.duration_ns * (part if part < _MOST else 1.0)
        with style.on(axes, raster.height(self.n_units)) as drawn:
            kinds = {"visible": range(self.n_units)}
            raster.draw(drawn, times, units, window_ns, kinds, refractory_time_ns)
        return style.figure_of(drawn)

    def chain(self, index: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Times [ns] and units of the spikes of one chain.

        Raises
        ------
        InputError
            If there is no such chain.
        """
        problems = integer_problems("chain", index, 0, self.n_chains - 1)
        if problems:
            raise InputError(problems)
        window = slice(self.chain_offset[index], self.chain_offset[index + 1])
        return self.time_ns[window], self.unit[window]

    def sorted_by_unit(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Times sorted by (chain, unit, time), and where each (chain, unit) begins."""
        chain = np.repeat(np.arange(self.n_chains), np.diff(self.chain_offset))
        key = chain * self.n_units + self.unit
        order = np.argsort(key, kind="stable")
        begins = np.searchsorted(key[order], np.arange(self.n_chains * self.n_units + 1))
        return self.time_ns[order], begins

    def counts(self) -> NDArray[np.int64]:
        """Number of spikes, shape (chain, unit)."""
        _, begins = self.sorted_by_unit()
        return np.diff(begins).reshape(self.n_chains, self.n_units)

    def rate_per_ns(self) -> NDArray[np.float64]:
        """Spike rate [1/ns], shape (chain, unit)."""
        return self.counts() / self.duration_ns

    def intervals_ns(self, unit: int) -> NDArray[np.float64]:
        """Intervals between successive spikes of one unit [ns], all chains in one flat array.

        Raises
        ------
        InputError
            If there is no such unit.
        """
        problems = integer_problems("unit", unit, 0, self.n_units - 1)
        if problems:
            raise InputError(problems)
        times, begins = self.sorted_by_unit()
        trains = (
            times[begins[k] : begins[k + 1]]
            for k in range(unit, self.n_chains * self.n_units, self.n_units)
        )
        return np.concatenate([np.diff(train) for train in trains])

    def active_fraction(self, refractory_time_ns: float) -> NDArray[np.float64]:
        """Fraction of the time that each unit spends at z = 1 [1], shape (chain, unit).

        The exact time average over the recording without its first refractory time, in which spikes
        from before the recording would matter.

        Parameters
        ----------
        refractory_time_ns : float
            tau, shorter than the recording.

        Raises
        ------
        InputError
            If it is no such time.
        """
        tau = refractory_time_ns
        refuse(number_problems("refractory_time_ns", tau, 0.0, strict=True))
        if not 0.0 < tau < self.duration_ns:
            expected = f"a time between 0 and the duration of {self.duration_ns:g} ns"
            raise InputError.single("refractory_time_ns", tau, expected)
        times, begins = self.sorted_by_unit()
        ends = np.append(times[1:], np.inf)
        ends[begins[1:][np.diff(begins) > 0] - 1] = np.inf
        ends = np.minimum(np.minimum(ends, times + tau), self.duration_ns)
        covered = np.maximum(ends - np.maximum(times, tau), 0.0)
        total = np.append(0.0, np.cumsum(covered))
        active = np.diff(total[begins]).reshape(self.n_chains, self.n_units)
        return active / (self.duration_ns - tau)

    def states(
        self, refractory_time_ns: float, sample_times_ns: NDArray[np.float64]
    ) -> NDArray[np.int8]:
        """Read the states z(t): 1 for a refractory time after a spike, renewed by a new one.

        Parameters
        ----------
        refractory_time_ns : float
            tau.
        sample_times_ns : ndarray of float64, shape (draw,)
            Times within the recording at which the states are read, in any order [ns]. Times before
            tau depend on spikes before the recording, which are unknown and taken as absent.

        Returns
        -------
        ndarray of int8, shape (chain, draw, unit)

        Raises
        ------
        InputError
            If the refractory time is not above 0, or a time is not within the recording.

        Warns
        -----
        LaserSamplingWarning
            If a time is before tau: states there are too often 0.

        Notes
        -----
        z_k(t) = 1 if and only if unit k spiked in (t - tau, t]: Buesing et al., PLoS Comput.
        Biol. 7 (2011) e1002211, equation 9.
        """
        problems = number_problems("refractory_time_ns", refractory_time_ns, 0.0, strict=True)
        if problems:
            raise InputError(problems)
        sample_times = as_floats(sample_times_ns, "sample_times_ns")
        if sample_times.ndim != 1:
            got = f"shape {sample_times.shape}"
            raise InputError.single("sample_times_ns", got, "a flat array of times")
        if sample_times.size == 0:
            return np.zeros((self.n_chains, 0, self.n_units), dtype=np.int8)
        # The last time may exceed the end by the rounding of a sum of intervals.
        latest = self.duration_ns * (1.0 + _ROUNDING)
        outside = ~((sample_times >= 0.0) & (sample_times <= latest))
        if outside.any():
            first = int(np.argmax(outside))
            got = f"{sample_times[first]:g}"
            expected = f"times within the recording, 0 to {self.duration_ns:g} ns"
            raise InputError.single(f"sample_times_ns[{first}]", got, expected)
        early = int((sample_times < refractory_time_ns * (1.0 - _ROUNDING)).sum())
        if early:
            warnings.warn(
                f"{early} of {sample_times.size} states are read before the refractory time of "
                f"{refractory_time_ns:g} ns is over. They depend on spikes before the recording, "
                "which are unknown, and are too often 0. Read states from the refractory time on, "
                "in a recording that is longer.",
                LaserSamplingWarning,
                stacklevel=2,
            )
        shape = self.n_chains, self.n_units
        return states_since_rest(self.sorted_by_unit(), shape, refractory_time_ns, sample_times)


def _read(given: object, name: str) -> NDArray[Any]:
    """Read times as float64, numbers of units and of spikes as whole numbers."""
    if name == "time_ns":
        return as_floats(given, name)
    array = as_array(given, name)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise InputError.single(name, f"an array of {array.dtype}", "an array of whole numbers")
    return array.astype(np.int64, copy=False) if name == "chain_offset" else array
