"""Chains of one large run, spread over processes or machines, with the bits of one that is not.

A chain has random streams that follow from the seed of the run and the number of the chain. So it
has the same bits with whichever others it is drawn, on whichever machine.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from numpy.typing import ArrayLike

from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.checks import integer_problems, refuse
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.sampling.chain_parts import joined_chains, state_of_chains
from lasersampling.sampling.protocol import (
    ChainState,
    Divisible,
    Progress,
    Request,
    Sampler,
    Samples,
)
from lasersampling.workers import Lost, Processes, Workers

_MOST_STEPS_AT_A_TIME = 8
"""Most of the steps of a long run that a worker takes its chains through at a time."""


@dataclass(frozen=True)
class Spread:
    """A sampler whose chains are drawn by workers side by side, with the bits of the sampler alone.

    Attributes
    ----------
    sampler : Gibbs, Lasers, Renewal, or another Divisible
        Draws the chains. It is sent to the workers with all that it holds, such as a calibration.
    workers : int or Workers
        Number of processes of this machine; or other workers, such as `workers.Cluster`.
    chains_per_piece : int, optional
        Chains that a worker draws at a time; by default an equal share for each worker. Draws do
        not depend on it, nor on the workers.

    Raises
    ------
    InputError
        If a number is out of range, or the sampler draws all chains together, as lasers in a
        laboratory do.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> from lasersampling.sampling.gibbs import Gibbs
    >>> machine = BoltzmannMachine.random(4, seed=1)
    >>> spread = Spread(Gibbs(), chains_per_piece=8).sample(machine, 10, n_chains=20, seed=2)
    >>> alone = Gibbs().sample(machine, 10, n_chains=20, seed=2)
    >>> bool((spread.states == alone.states).all())
    True
    """

    sampler: Divisible
    workers: int | Workers = 1
    chains_per_piece: int | None = None

    def __post_init__(self) -> None:
        if self.chains_per_piece is not None:
            refuse(integer_problems("chains_per_piece", self.chains_per_piece, 1))
        if not hasattr(self.sampler, "sample_chains"):
            got = f"{type(self.sampler).__name__}, which draws all chains of a run together"
            expected = "a sampler whose chains can be drawn apart, such as Gibbs, Lasers, Renewal"
            raise InputError.single("sampler", got, expected)
        if isinstance(self.workers, int):
            object.__setattr__(self, "workers", Processes(self.workers))

    @property
    def name(self) -> str:
        """Name of the sampler that draws, recorded with the samples."""
        return self.sampler.name

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
        """Draw from the machine's distribution; see `lasersampling.sampling.protocol.Sampler`.

        Raises
        ------
        LaserSamplingError
            If some chains have cost several workers.
        """
        request = Request.of(machine, n_draws, n_chains, clamped, seed)
        (samples,) = self.steps([request], start, progress)
        return samples

    def steps(
        self,
        requests: Sequence[Request],
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Samples]:
        """Draw the steps of a run, each of which goes on from the one before.

        Workers take their chains through several steps at a time, and need not wait for each other
        before they have done twice as many.

        Parameters
        ----------
        requests : sequence of Request
            The steps, which differ in draws and seed only.
        start : mapping of str to ndarray, optional
            State from which the first step goes on.
        progress : callable, optional
            Called with the fraction of the work done.

        Yields
        ------
        Samples
            Those of each step.

        Raises
        ------
        LaserSamplingError
            If some chains have cost several workers.
        """
        assert not isinstance(self.workers, int)
        self.sampler.prepare(requests[0], start)
        groups = _Groups(self._groups_of(len(requests[0].held)), len(requests))
        work = [
            _Piece(
                self.sampler, requests[: groups.at_a_time], chains,
                None if start is None else state_of_chains(start, chains),
            )
            for chains in groups.chains
        ]  # fmt: skip
        total = len(requests[0].held) * sum(request.n_draws for request in requests)
        done = 0
        told: set[tuple[str, type[Warning]]] = set()
        for place, result in self.workers.results(_draw, work):
            if isinstance(result, Lost):
                raise LaserSamplingError(f"some chains could not be drawn: {result.reason}")
            for warning in result.warnings:
                if warning not in told:
                    told.add(warning)
                    warnings.warn(*warning, stacklevel=3)
            piece = work[place]
            work[place] = replace(piece, start=None)  # which may be large, and is not needed now
            groups.take_in(piece.chains, result.samples)
            for chains, first, end in groups.begun():
                own = requests[first : first + groups.at_a_time]
                work.append(_Piece(self.sampler, own, chains, end))
            done += len(piece.chains) * sum(request.n_draws for request in piece.requests)
            if progress is not None:
                progress(done / total)
            yield from groups.joined()

    def _groups_of(self, n_chains: int) -> list[range]:
        """Numbers of the chains that are drawn together."""
        assert not isinstance(self.workers, int)
        size = self.chains_per_piece
        if size is None:
            size = -(-n_chains // self.workers.count)
        firsts = range(0, n_chains, size)
        return [range(first, min(first + size, n_chains)) for first in firsts]


def alone(sampler: Sampler | None) -> Sampler | None:
    """Give the sampler that draws, without the workers over which its chains are spread."""
    return sampler.sampler if isinstance(sampler, Spread) else sampler


class _Groups:
    """Groups of chains on their way through the steps of a run.

    Parameters
    ----------
    chains : list of range
        Numbers of the chains of each group.
    n_steps : int
        Number of steps.
    """

    def __init__(self, chains: list[range], n_steps: int) -> None:
        self.chains, self._n_steps = chains, n_steps
        self.at_a_time = min(len(chains), _MOST_STEPS_AT_A_TIME)
        self._held: dict[range, deque[Samples]] = {own: deque() for own in chains}
        self._ends: dict[range, ChainState | None] = {}  # of groups that no worker has
        self._done = dict.fromkeys(chains, 0)

    def take_in(self, chains: range, steps: Sequence[Samples]) -> None:
        """Take in the next steps of a group."""
        self._held[chains].extend(steps)
        self._done[chains] += len(steps)
        self._ends[chains] = steps[-1].end

    def begun(self) -> Iterator[tuple[range, int, ChainState | None]]:
        """Give the groups that can go on: their chains, their next step, and their state.

        Those that are too far ahead of the others wait, since their samples are held in memory.
        """
        joined = min(self._done.values())
        for chains in list(self._ends):
            done = self._done[chains]
            if done == self._n_steps:
                del self._ends[chains]
            elif done - joined <= self.at_a_time:
                yield chains, done, self._ends.pop(chains)

    def joined(self) -> Iterator[Samples]:
        """Give the steps that all groups have done, and not given yet."""
        while all(self._held.values()):
            yield joined_chains([held.popleft() for held in self._held.values()])


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some steps of some chains of a run."""

    sampler: Divisible
    requests: Sequence[Request]
    chains: range
    start: ChainState | None


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Samples of the steps of a piece, and what was warned of."""

    samples: list[Samples]
    warnings: tuple[tuple[str, type[Warning]], ...]


def _draw(piece: _Piece) -> _Drawn:
    """Draw a piece, as a worker does."""
    start = piece.start
    samples: list[Samples] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for request in piece.requests:
            if samples and start is None:
                got, expected = "samples without their `end`", "a sampler whose chains can go on"
                raise InputError.single("sampler", got, expected)
            samples.append(piece.sampler.sample_chains(request, piece.chains, start))
            start = samples[-1].end
    return _Drawn(samples, tuple((str(one.message), one.category) for one in told))
