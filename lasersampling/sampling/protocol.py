"""Interface of all samplers: what they accept and return."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from lasersampling.boltzmann.clamping import clamped_chains
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.states import chosen_units, state_frequencies
from lasersampling.checks import integer_problems, memory_problems, number_problems
from lasersampling.errors import InputError, Problem
from lasersampling.labelled import Variable, as_dataset, numbered

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lasersampling.lasers.spikes import SpikeTrains
    from lasersampling.sampling.certificate import Judgement

Progress = Callable[[float], None]
"""Called from time to time with the fraction of the work done, 0 to 1."""

ChainState = Mapping[str, NDArray[Any]]
"""State of the chains of a sampler: named arrays that can be stored in a checkpoint."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Joint states drawn by a sampler, with their origin.

    Attributes
    ----------
    states : ndarray of int8, shape (chain, draw, unit)
        0 or 1; units in the order of the machine (visible, label, hidden).
    sampler : str
        Name of the sampler.
    seed : int
        The seed with which these states can be drawn again.
    interval_ns : float or None
        Time between two draws in ns, for samplers that run in time.
    spikes : SpikeTrains or None
        The spikes from which the states were read.
    end : mapping of str to ndarray, or None
        State of the chains at the last draw: the `start` of a later call that continues them.

    Raises
    ------
    InputError
        For states that are no such array, or an empty one.

    Examples
    --------
    >>> states = np.array([[[0, 1], [1, 1], [1, 1], [0, 1]]], dtype=np.int8)
    >>> samples = Samples(states, sampler="measured", seed=0)
    >>> samples.mean, samples.histogram()
    (array([0.5, 1. ]), array([0. , 0. , 0.5, 0.5]))
    """

    states: NDArray[np.int8]
    sampler: str
    seed: int
    interval_ns: float | None = None
    spikes: SpikeTrains | None = None
    end: ChainState | None = None

    def __post_init__(self) -> None:
        states = self.states
        if (
            not isinstance(states, np.ndarray)
            or states.dtype != np.int8
            or states.ndim != 3
            or states.size == 0
        ):
            got = f"{getattr(states, 'dtype', type(states).__name__)} {np.shape(states)}"
            expected = "an int8 array of shape (chain, draw, unit), not empty"
            raise InputError.single("states", got, expected)
        if states.min() < 0 or states.max() > 1:
            got = f"values from {states.min()} to {states.max()}"
            raise InputError.single("states", got, "0 and 1")

    @property
    def n_chains(self) -> int:
        """Number of independent chains."""
        return int(self.states.shape[0])

    @property
    def n_draws(self) -> int:
        """Draws per chain."""
        return int(self.states.shape[1])

    @property
    def n_units(self) -> int:
        """Number of units of the machine."""
        return int(self.states.shape[2])

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of each unit over all chains and draws, shape (unit,)."""
        mean: NDArray[np.float64] = self.states.mean(axis=(0, 1), dtype=np.float64)
        return mean

    def histogram(self, units: slice | Sequence[int] = slice(None)) -> NDArray[np.float64]:
        """Frequencies of the joint states of some units.

        Parameters
        ----------
        units : slice or sequence of int
            The units, at most 20; all by default.

        Returns
        -------
        ndarray of float64, shape (2**n,)
            Frequencies with sum one; entry `sum_k z_k 2**k` belongs to the state `z` of the chosen
            units.

        Raises
        ------
        InputError
            For no unit, more than 20, a unit that does not exist or is named twice.
        """
        chosen = chosen_units(units, self.n_units)
        part = self.states[:, :, units if isinstance(units, slice) else chosen]
        return state_frequencies(part, "units")

    def certificate(
        self,
        machine: AnyMachine,
        clamped: ArrayLike | None = None,
        *,
        sampler: Sampler | None = None,
        names: Sequence[str] = (),
    ) -> Judgement:
        """Judge whether these draws can be trusted; see `sampling.certificate.certificate`.

        Examples
        --------
        >>> from lasersampling.boltzmann import BoltzmannMachine
        >>> from lasersampling.sampling import Gibbs
        >>> machine = BoltzmannMachine.random(4, seed=1)
        >>> Gibbs().sample(machine, 1000, n_chains=8, seed=2).certificate(machine).holds
        True
        """
        from lasersampling.sampling.certificate import certificate

        return certificate(self, machine, clamped, sampler=sampler, names=names)

    def variables(self) -> dict[str, Variable]:
        """Give the states as stored in files, with the numbers of chains, draws and units."""
        dims = ("chain", "draw", "unit")
        state = Variable(self.states, dims, "1", "state z, 0 or 1")
        return {**numbered(dict(zip(dims, self.states.shape, strict=True))), "state": state}

    def to_xarray(self) -> xr.DataTree:
        """Give the group `posterior` that ArviZ reads, and `spikes` if there are any.

        Returns
        -------
        xarray.DataTree
            ``posterior`` with `state` (chain, draw, unit); the attributes are `sampler`, `seed`
            and, for samplers that run in time, `interval_ns`. ``spikes`` as from
            `SpikeTrains.to_xarray`.

        Examples
        --------
        >>> from lasersampling.boltzmann import BoltzmannMachine
        >>> from lasersampling.sampling import Gibbs
        >>> samples = Gibbs().sample(BoltzmannMachine.random(3, seed=1), 50, n_chains=2)
        >>> tree = samples.to_xarray()
        >>> dict(tree["posterior"].sizes)
        {'chain': 2, 'draw': 50, 'unit': 3}
        """
        import xarray as xr

        known = {"sampler": self.sampler, "seed": self.seed, "interval_ns": self.interval_ns}
        groups = {"posterior": as_dataset(self.variables(), known)}
        if self.spikes is not None:
            groups["spikes"] = self.spikes.to_xarray()
        return xr.DataTree.from_dict(groups)

    def plot(
        self,
        beside: AnyMachine | Samples | None = None,
        clamped: ArrayLike | None = None,
        *,
        axes: Axes | None = None,
    ) -> Figure:
        """Draw the probabilities of the joint states, or the means of more than twelve units.

        Parameters
        ----------
        beside : BoltzmannMachine, RestrictedMachine or Samples, optional
            Reference: the exact law of a machine (up to 20 free units), or other samples.
        clamped : array_like of int, shape (unit,), optional
            How units were held: -1 for a free unit. Clamped units are left out.
        axes : matplotlib axes, optional
            Axes to draw on; by default those of a new figure, which shows rare states on a
            logarithmic axis.

        Returns
        -------
        matplotlib.figure.Figure
            Error bars are standard errors, from the effective sample size.

        Raises
        ------
        InputError
            If `beside` has other units or too many to enumerate, or chains have fewer than four
            draws.

        Examples
        --------
        >>> from lasersampling.boltzmann import BoltzmannMachine
        >>> from lasersampling.sampling import Gibbs
        >>> machine = BoltzmannMachine.random(3, seed=1)
        >>> figure = Gibbs().sample(machine, 500, seed=2).plot(machine)
        >>> figure.axes[0].get_ylabel()
        'probability'
        """
        from lasersampling.sampling.drawing import draw_states

        if beside is not None and not isinstance(beside, Samples):
            beside = as_machine(beside, "beside")
        if beside is not None and beside.n_units != self.n_units:
            got, expected = f"{beside.n_units} units", f"{self.n_units}, as the samples have"
            raise InputError.single("beside", got, expected)
        other = (beside.sampler, beside.states) if isinstance(beside, Samples) else beside
        return draw_states((self.sampler, self.states), other, clamped, axes)


BYTES_PER_CHAIN = 4096
"""Memory of a chain in addition to its states: random streams, places, clamped values."""

_MANY_CHAINS = 1_000_000


class Sampler(Protocol):
    """Anything that draws joint states of a Boltzmann machine."""

    @property
    def name(self) -> str:
        """Short name, recorded with the samples."""

    def sample(
        self,
        machine: AnyMachine,
        n_draws: int,
        *,
        n_chains: int = 4,
        clamped: ArrayLike | None = None,
        seed: int = 0,
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw from the machine's distribution, given the clamped units.

        Parameters
        ----------
        machine : BoltzmannMachine or RestrictedMachine
            The machine to be sampled.
        n_draws : int
            Draws per chain.
        n_chains : int
            Number of independent chains, each with its own random stream.
        clamped : array_like of int, shape (unit,) or (chain, unit), optional
            -1 leaves a unit free, 0 and 1 hold it.
        seed : int
            The same seed gives the same bits, whatever the number of threads.
        start : mapping of str to ndarray, optional
            `Samples.end` of a run of the same sampler with as many chains and units. The chains
            continue from there without burn-in, with the first draw one interval later; weights,
            biases and clamped values may have changed. Random numbers come from `seed`
            nevertheless, so a continued run needs another seed.
        progress : callable, optional
            Called with the fraction of the work done.

        Returns
        -------
        Samples

        Raises
        ------
        InputError
            With all problems of the request.
        """


@dataclass(frozen=True, eq=False)
class Request:
    """A request to a sampler, after checks.

    Attributes
    ----------
    machine : BoltzmannMachine
        The machine to be sampled.
    n_draws : int
        Draws per chain.
    held : ndarray of int8, shape (chain, unit)
        -1 for a free unit, 0 and 1 for one that is held.
    seed : int
        Seed of all chains.
    """

    machine: BoltzmannMachine
    n_draws: int
    held: NDArray[np.int8]
    seed: int

    @classmethod
    def of(
        cls,
        machine: AnyMachine,
        n_draws: int,
        n_chains: int,
        clamped: ArrayLike | None,
        seed: int,
    ) -> Request:
        """Check a request, given as to `Sampler.sample`; see `checked_request`."""
        general, held = checked_request(machine, n_draws, n_chains, clamped, seed)
        return cls(general, int(n_draws), held, int(seed))

    @property
    def chains(self) -> range:
        """Numbers of all chains."""
        return range(len(self.held))


class Divisible(Sampler, Protocol):
    """A sampler that can draw some chains of a run apart from the others, with the same bits.

    In the state of its chains (`Samples.end`) arrays of two dimensions are (chain, unit), those
    named ``spike_...`` have an entry for each of the recent spikes, by chain, of which
    ``spike_chain`` are the chains, and ``shape`` has the numbers of chains and units. Any other
    array is the same for all chains.
    """

    def prepare(self, request: Request, start: ChainState | None = None) -> None:
        """Check the request, and measure what is measured on first use.

        Parameters
        ----------
        request : Request
            The whole run.
        start : mapping of str to ndarray, optional
            State of all chains, from which they go on.

        Raises
        ------
        InputError
            With all problems of the request.
        """

    def sample_chains(
        self,
        request: Request,
        chains: range,
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw some chains of a run.

        Parameters
        ----------
        request : Request
            The whole run.
        chains : range
            Numbers of the chains, which are consecutive.
        start : mapping of str to ndarray, optional
            State of these chains, counted from 0.
        progress : callable, optional
            Called with the fraction of the work done.

        Returns
        -------
        Samples
            Of these chains, counted from 0.
        """


_MOST_DRAWS = 2**50


def draws_within(duration_ns: float, interval_ns: float) -> int:
    """Number of draws that fit into a sampling time, at least one.

    Raises
    ------
    InputError
        For a time that is not above 0, or for more draws than any computer can hold.
    """
    problems = number_problems("duration_ns", duration_ns, 0.0, strict=True)
    if not problems and duration_ns / interval_ns > _MOST_DRAWS:
        expected = f"at most {_MOST_DRAWS * interval_ns:.3g}, 2^50 draws"
        problems = [Problem("duration_ns", f"{duration_ns:g}", expected)]
    if problems:
        raise InputError(problems)
    return max(1, math.floor(duration_ns / interval_ns + 1e-9))


def checked_request(
    machine: AnyMachine,
    n_draws: int,
    n_chains: int,
    clamped: ArrayLike | None,
    seed: int,
) -> tuple[BoltzmannMachine, NDArray[np.int8]]:
    """Check the request to a sampler; give the machine, and the clamping as `(chain, unit)`.

    Raises
    ------
    InputError
        With all problems at once.
    """
    general = as_machine(machine)
    problems = [
        *integer_problems("n_draws", n_draws, 1),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("seed", seed, 0),
    ]
    if not problems:
        shape = n_chains, n_draws, general.n_units
        problems += memory_problems("n_chains x n_draws", shape, 1, per_row=BYTES_PER_CHAIN)
    if problems and (integer_problems("n_chains", n_chains, 1) or n_chains > _MANY_CHAINS):
        raise InputError(problems)
    try:
        chains = clamped_chains(clamped, general.n_units, n_chains)
    except InputError as error:
        problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return general, chains


def checked_arrays(
    start: ChainState, expected: Mapping[str, tuple[DTypeLike, tuple[int | None, ...]]]
) -> dict[str, NDArray[Any]]:
    """Check that a state has these arrays and no others.

    Parameters
    ----------
    start : mapping of str to ndarray
        The state that a caller gave.
    expected : mapping of str to (dtype, shape)
        The arrays that the sampler wrote; None stands for any length.

    Raises
    ------
    InputError
        With all problems.
    """
    if not isinstance(start, Mapping):
        raise InputError.single("start", type(start).__name__, "the `end` of earlier samples")
    if set(start) != set(expected):
        raise InputError.single(
            "start", f"a state of {', '.join(sorted(map(str, start)))}",
            f"the state of a run of this sampler, of {', '.join(sorted(expected))}",
        )  # fmt: skip
    problems, arrays = [], {}
    for name, (dtype, shape) in expected.items():
        values = np.asarray(start[name])
        fits = values.dtype == dtype and values.ndim == len(shape)
        if not fits or any(n not in (None, m) for n, m in zip(shape, values.shape, strict=True)):
            sizes = ", ".join("any" if n is None else str(n) for n in shape)
            problems.append(
                Problem(
                    f"start.{name}",
                    f"{values.dtype} of shape {values.shape}",
                    f"{np.dtype(dtype)} of shape ({sizes}), as many chains and units as this run",
                )
            )
        arrays[name] = values
    if problems:
        raise InputError(problems)
    return arrays
