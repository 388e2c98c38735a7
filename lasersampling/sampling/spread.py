"""Chains of one large run, spread over processes or machines.

Chains are drawn in pieces of a fixed number, each with a seed of its own that follows from that of
the run; so draws do not depend on who does the pieces, nor on how many workers there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.checks import integer_problems, refuse
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.protocol import (
    ChainState,
    Progress,
    Sampler,
    Samples,
    checked_request,
)
from lasersampling.seeds import seed_of_piece
from lasersampling.workers import Lost, Processes, Workers

SPREAD_STREAM = 10
"""Random stream of the seeds of pieces, different from others of the same seed."""


@dataclass(frozen=True)
class Spread:
    """A sampler whose chains are drawn by workers side by side.

    Attributes
    ----------
    sampler : Sampler
        Draws the chains. It is sent to the workers with all that it holds, such as a calibration;
        what is measured on first use should have been measured before.
    workers : int or Workers
        Number of processes of this machine; or other workers, such as `workers.Cluster`.
    chains_per_piece : int
        Chains that a worker draws at a time. Draws depend on it, and not on the workers: the first
        so many chains are those that `sampler` draws alone, as are all if there are no more.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> from lasersampling.sampling.gibbs import Gibbs
    >>> machine = BoltzmannMachine.random(4, seed=1)
    >>> spread = Spread(Gibbs(), chains_per_piece=8).sample(machine, 10, n_chains=20, seed=2)
    >>> alone = Gibbs().sample(machine, 10, n_chains=8, seed=2)
    >>> spread.states.shape, bool((spread.states[:8] == alone.states).all())
    ((20, 10, 4), True)
    """

    sampler: Sampler
    workers: int | Workers = 1
    chains_per_piece: int = 16

    def __post_init__(self) -> None:
        refuse(integer_problems("chains_per_piece", self.chains_per_piece, 1))
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
            If a piece has cost several workers.
        """
        general, held = checked_request(machine, n_draws, n_chains, clamped, seed)
        firsts = range(0, int(n_chains), self.chains_per_piece)
        starts = _parts(start, len(firsts))
        pieces = [
            _Piece(
                self.sampler, general, int(n_draws), held[first : first + self.chains_per_piece],
                seed_of_piece(int(seed), SPREAD_STREAM, number), starts[number],
            )
            for number, first in enumerate(firsts)
        ]  # fmt: skip
        found: dict[int, Samples] = {}
        assert not isinstance(self.workers, int)
        for place, result in self.workers.results(_draw, pieces):
            if isinstance(result, Lost):
                raise LaserSamplingError(f"some chains could not be drawn: {result.reason}")
            found[place] = result
            if progress is not None:
                progress(len(found) / len(pieces))
        return _joined([found[place] for place in range(len(pieces))], int(seed))


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some chains of a run."""

    sampler: Sampler
    machine: BoltzmannMachine
    n_draws: int
    clamped: NDArray[np.int8]
    seed: int
    start: ChainState | None


def _draw(piece: _Piece) -> Samples:
    return piece.sampler.sample(
        piece.machine, piece.n_draws, n_chains=len(piece.clamped), clamped=piece.clamped,
        seed=piece.seed, start=piece.start,
    )  # fmt: skip


def _parts(start: ChainState | None, n_pieces: int) -> list[ChainState | None]:
    """Take the state of all chains apart into those of pieces, whose numbers lead their names."""
    if start is None:
        return [None] * n_pieces
    parts: dict[int, dict[str, NDArray[np.generic]]] = {}
    for name, values in start.items():
        number, _, own = name.partition(".")
        if not own or not number.isdecimal():
            got, expected = f"a state of {name}", "the `end` of chains that were spread alike"
            raise InputError.single("start", got, expected)
        parts.setdefault(int(number), {})[own] = values
    if sorted(parts) != list(range(n_pieces)):
        expected = f"the `end` of {n_pieces}, as many chains in as many pieces"
        raise InputError.single("start", f"a state of {len(parts)} pieces of chains", expected)
    return [parts[number] for number in range(n_pieces)]


def _joined(pieces: list[Samples], seed: int) -> Samples:
    """Put the chains of pieces one after the other."""
    first = pieces[0]
    end = None
    if all(piece.end is not None for piece in pieces):
        end = {
            f"{number}.{name}": values
            for number, piece in enumerate(pieces)
            for name, values in (piece.end or {}).items()
        }
    return Samples(
        np.concatenate([piece.states for piece in pieces]), first.sampler, seed,
        first.interval_ns, _spikes(pieces), end,
    )  # fmt: skip


def _spikes(pieces: list[Samples]) -> SpikeTrains | None:
    trains = [piece.spikes for piece in pieces if piece.spikes is not None]
    if len(trains) < len(pieces):
        return None
    before = np.cumsum([0, *(len(train.time_ns) for train in trains[:-1])])
    offsets = [train.chain_offset[:-1] + n for train, n in zip(trains, before, strict=True)]
    total = int(before[-1]) + len(trains[-1].time_ns)
    return SpikeTrains(
        np.concatenate([train.time_ns for train in trains]),
        np.concatenate([train.unit for train in trains]),
        np.concatenate([*offsets, [total]]).astype(np.int64),
        trains[0].n_units,
        trains[0].duration_ns,
    )
