"""A network of lasers: equal devices, connected by weighted, delayed synapses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.checks import integer_problems, memory_problems, number_problems
from lasersampling.errors import InputError, Problem
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import AnyDevice, Device, as_device
from lasersampling.lasers.synapse import Synapse

__all__ = ["Connections", "LaserNetwork"]


_BYTES_PER_LASER = 64
"""Memory for the parameters of a laser [B]."""


@dataclass(frozen=True, eq=False)
class Connections:
    """Connections as three flat arrays, one entry each.

    Attributes
    ----------
    pre : ndarray of int32, shape (connection,)
        Laser that spikes.
    post : ndarray of int32, shape (connection,)
        Laser whose pump changes.
    weight_electrons_per_ns : ndarray of float64, shape (connection,)
        Change of the pump [electrons/ns].
    delay_ns : ndarray of float64, shape (connection,)
        Transmission delay [ns].
    """

    pre: NDArray[np.int32]
    post: NDArray[np.int32]
    weight_electrons_per_ns: NDArray[np.float64]
    delay_ns: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LaserNetwork:
    """Equal lasers coupled by synapses of one shape.

    Attributes
    ----------
    device : Device
        The laser; given as such, by the name of a shipped one, or as a file.
    n_lasers : int
        Number of lasers.
    weights_electrons_per_ns : array_like or scipy.sparse array, shape (post, pre), optional
        Pump change per spike [electrons/ns]; zero entries are no connections. No coupling by
        default.
    delay_ns : float or array_like of shape (post, pre)
        Transmission delays [ns], read where there is a connection. A spike acts at the earliest in
        the step after it was detected. Unless lasers take a common step, it acts at the nearest
        boundary between windows of some 32 ps, with the charge of its own time. `simulate` rounds
        delays to whole steps, warns if that changes one by more than 5 %, and refuses those that
        would vanish; `simulate_jumps` keeps them exactly.
    synapse : Synapse, optional
        Shape of the pump pulses; the device's own by default.
    threshold_ratio : array_like, shape (laser,), optional
        Threshold pump of each laser over that of the device; such a laser needs more electrons to
        be transparent, like one with a larger active volume [1].
    gain_ratio : array_like, shape (laser,), optional
        Differential gain of each laser's gain section over that of the device [1].
    lost_spikes : float
        Probability that a spike is neither recorded nor transmitted [1].
    jitter_ns : float
        Standard deviation of the time at which a spike is recorded and transmitted, normal and
        truncated at four standard deviations. Recorded times have it exactly; transmitted spikes
        act from the next whole step, and never before the step after their detection [ns].
    depression : Depression, optional
        Short-term depression of synapses; none by default.
    connections : Connections
        The connections as read, without zeros.

    Raises
    ------
    InputError
        With all problems: shapes, values that are not finite, self-connections, negative delays,
        ratios for which there is no laser.

    Examples
    --------
    >>> pair = LaserNetwork("D2", 2, [[0.0, 500.0], [0.0, 0.0]], delay_ns=0.1)
    >>> pair.is_coupled, pair.connections.pre, pair.connections.post
    (True, array([1], dtype=int32), array([0], dtype=int32))
    """

    device: Device
    n_lasers: int
    weights_electrons_per_ns: ArrayLike | None = None
    delay_ns: ArrayLike = 0.0
    synapse: Synapse | None = None
    threshold_ratio: ArrayLike | None = None
    gain_ratio: ArrayLike | None = None
    lost_spikes: float = 0.0
    jitter_ns: float = 0.0
    depression: Depression | None = None
    connections: Connections = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", as_device(self.device))
        kinds: dict[str, tuple[object, type]] = {
            "synapse": (self.synapse, Synapse),
            "depression": (self.depression, Depression),
        }
        problems = [
            Problem(where, repr(given)[:80], f"a {kind.__name__}")
            for where, (given, kind) in kinds.items()
            if not isinstance(given, kind) and given is not None
        ]
        problems += integer_problems("n_lasers", self.n_lasers, 1)
        problems += number_problems("lost_spikes", self.lost_spikes, 0.0, strict=False)
        problems += number_problems("jitter_ns", self.jitter_ns, 0.0, strict=False)
        if not problems:
            problems += memory_problems("n_lasers", (self.n_lasers,), _BYTES_PER_LASER)
        if not problems and self.lost_spikes > 1.0:
            problems.append(Problem("lost_spikes", f"{self.lost_spikes:g}", "at most 1"))
        if problems:
            raise InputError(problems)
        self._check_ratios()
        if self.synapse is None:
            object.__setattr__(self, "synapse", self.device.synapse)
        object.__setattr__(self, "connections", self._read_connections())

    @property
    def gain_slope_per_ns(self) -> NDArray[np.float64]:
        """Differential gain g1 of each laser [1/ns], shape (laser,)."""
        return self.device.gain.differential_gain_per_ns * self._ratio("gain_ratio")

    @property
    def gain_transparency_electrons(self) -> NDArray[np.float64]:
        """Transparency number Nt1 of each laser [electrons], shape (laser,).

        Nt1 + (r - 1) P_th tau_1 moves the threshold from P_th to r P_th, if the gain is the
        device's.
        """
        device = self.device
        threshold = device.threshold_pump_electrons_per_ns * device.gain.carrier_lifetime_ns
        more = (self._ratio("threshold_ratio") - 1.0) * threshold
        return device.gain.transparency_electrons + more

    @property
    def is_coupled(self) -> bool:
        """Whether there are connections."""
        return self.connections.pre.size > 0

    @property
    def is_ideal(self) -> bool:
        """Whether all lasers are equal and all spikes are transmitted in time."""
        faults = self.lost_spikes > 0.0 or self.jitter_ns > 0.0
        return self.threshold_ratio is None and self.gain_ratio is None and not faults

    def _ratio(self, name: str) -> NDArray[np.float64]:
        given = getattr(self, name)
        return np.ones(self.n_lasers) if given is None else as_floats(given, name)

    def _check_ratios(self) -> None:
        problems = []
        for name in ("threshold_ratio", "gain_ratio"):
            ratio = self._ratio(name)
            if ratio.shape != (self.n_lasers,):
                problems.append(Problem(name, f"shape {ratio.shape}", f"({self.n_lasers},)"))
            elif not (np.isfinite(ratio).all() and np.all(ratio > 0.0)):
                problems.append(Problem(name, f"{ratio.min():g}", "finite values above 0"))
        if problems:
            raise InputError(problems)
        gain = self.device.gain
        if self.gain_transparency_electrons.min() <= 0.0:
            got = f"{self._ratio('threshold_ratio').min():g}"
            expected = "ratios that leave a positive number of electrons at transparency"
            problems.append(Problem("threshold_ratio", got, expected))
        if self.gain_slope_per_ns.max() > 1.0 / gain.carrier_lifetime_ns:
            got = f"{self._ratio('gain_ratio').max():g}"
            most = 1.0 / gain.spontaneous_emission_factor
            expected = f"at most {most:g}, since emission is part of the recombination"
            problems.append(Problem("gain_ratio", got, expected))
        if problems:
            raise InputError(problems)

    def _read_connections(self) -> Connections:
        if self.weights_electrons_per_ns is None:
            post = pre = np.zeros(0, dtype=np.int32)
            weight = np.zeros(0)
            shape: tuple[int, ...] = (self.n_lasers, self.n_lasers)
        else:
            post, pre, weight, shape = _entries(self.weights_electrons_per_ns)
        problems = []
        square = (self.n_lasers, self.n_lasers)
        if shape != square:
            problems.append(Problem("weights_electrons_per_ns", f"shape {shape}", f"{square}"))
        if not np.isfinite(weight).all():
            problems.append(
                Problem("weights_electrons_per_ns", "values that are not finite", "finite values")
            )
        if np.any(post == pre):
            at = int(post[post == pre][0])
            problems.append(
                Problem(
                    f"weights_electrons_per_ns[{at}][{at}]",
                    "a laser connected to itself",
                    "0 on the diagonal",
                )
            )
        delays = as_floats(self.delay_ns, "delay_ns")
        if delays.shape not in ((), square):
            problems.append(
                Problem("delay_ns", f"shape {delays.shape}", f"a number or shape {square}")
            )
        if problems:
            raise InputError(problems)
        delay = np.broadcast_to(delays, square)[post, pre]
        if not (np.isfinite(delay).all() and np.all(delay >= 0.0)):
            got = "values that are negative or not finite"
            raise InputError.single("delay_ns", got, "finite values of at least 0")
        return Connections(pre, post, weight, delay)


def as_network(given: LaserNetwork | AnyDevice, pump_ratio: ArrayLike) -> LaserNetwork:
    """Make a network of uncoupled lasers of a device, one for each pump; keep a network.

    Parameters
    ----------
    given : LaserNetwork, Device, str or Path
        A network, a device, the name of a shipped one, or its file.
    pump_ratio : array_like, shape (), (laser,) or (chain, laser)
        Pumps over the threshold pump [1].

    Raises
    ------
    InputError
        For anything else, or a device that is not there.
    """
    if isinstance(given, LaserNetwork):
        return given
    what: object = given
    if not isinstance(what, Device | str | Path):
        expected = "a LaserNetwork, a Device, or the name or file of one"
        raise InputError.single("network", type(given).__name__, expected)
    device = as_device(given)
    pumps = as_floats(pump_ratio, "pump_ratio")
    return LaserNetwork(device, pumps.shape[-1] if pumps.ndim else 1)


def _entries(
    weights: object,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], tuple[int, ...]]:
    """Rows, columns, values and shape of a dense or sparse matrix, without zeros."""
    if hasattr(weights, "tocoo"):
        # Through CSR, so that repeated entries are added up.
        matrix = weights.tocsr().tocoo()  # type: ignore[attr-defined]
        row, column, value = matrix.row, matrix.col, np.asarray(matrix.data, dtype=np.float64)
        shape = tuple(int(n) for n in matrix.shape)
        kept = value != 0.0
        row, column, value = row[kept], column[kept], value[kept]
    else:
        try:
            dense = as_floats(weights, "weights_electrons_per_ns")
        except (TypeError, ValueError):
            raise InputError.single(
                "weights_electrons_per_ns", type(weights).__name__, "a matrix of numbers"
            ) from None
        shape = dense.shape
        if dense.ndim != 2:
            return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0), shape
        row, column = np.nonzero(dense)
        value = dense[row, column]
    return row.astype(np.int32), column.astype(np.int32), value, shape
