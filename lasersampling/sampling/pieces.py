"""Long runs of samplers, piece after piece: in bounded memory, and kept piece by piece.

A run of many draws is divided into pieces of some two million values, whose chains go on from one
another (`Samples.end`). The first piece has the seed of the run, the others have seeds that follow
from it, and the division depends on nothing but the request. So a run that is stopped and goes on,
one whose pieces are written to disk and one that is held in memory all have the same bits; a run
of one piece has those of `Sampler.sample`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.errors import InputError
from lasersampling.keeping import kept
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.protocol import (
    Divisible,
    Progress,
    Request,
    Sampler,
    Samples,
    checked_request,
)
from lasersampling.sampling.spread import Spread
from lasersampling.seeds import seed_of_piece

VALUES_PER_PIECE = 1 << 21
"""Draws of a piece, times chains and units."""

_FEWEST_DRAWS = 16
_STREAM = 9
"""Random stream of the seeds of pieces, different from others of the same seed."""

_STEP = "draws"


@dataclass(frozen=True, eq=False)
class Pieces:
    """A run of a sampler, to be drawn piece after piece.

    Attributes
    ----------
    sampler : Sampler
        The sampler. Draws of others than ours come in one piece if they give no `Samples.end`. Of a
        `Spread` it is the sampler that draws, whose chains then are spread over its workers.
    machine : BoltzmannMachine or RestrictedMachine
        The machine to be sampled.
    n_draws : int
        Draws per chain.
    n_chains : int
        Number of chains.
    clamped : array_like of int, optional
        How units are held; see `Sampler.sample`.
    seed : int
        Seed of the whole run.

    Raises
    ------
    InputError
        With all problems of the request, at once.

    Examples
    --------
    >>> from lasersampling.sampling.gibbs import Gibbs
    >>> run = Pieces(Gibbs(), BoltzmannMachine.random(4, seed=1), 600_000, seed=2)
    >>> run.lengths
    (131072, 131072, 131072, 131072, 75712)
    >>> sum(piece.n_draws for piece in run.drawn())
    600000
    """

    sampler: Sampler
    machine: AnyMachine
    n_draws: int
    n_chains: int = 4
    clamped: ArrayLike | None = None
    seed: int = 0
    _general: BoltzmannMachine = field(init=False, repr=False)
    _spread: Spread | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if isinstance(self.sampler, Spread):
            object.__setattr__(self, "_spread", self.sampler)
            object.__setattr__(self, "sampler", self.sampler.sampler)
        per_piece = max(1, min(int(self.n_draws), _FEWEST_DRAWS))
        general, _ = checked_request(
            self.machine, per_piece, self.n_chains, self.clamped, self.seed
        )
        object.__setattr__(self, "_general", general)
        checked_request(self.machine, self.lengths[0], self.n_chains, self.clamped, self.seed)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of chains, draws and units of the whole run."""
        return int(self.n_chains), int(self.n_draws), self._general.n_units

    @property
    def lengths(self) -> tuple[int, ...]:
        """Draws per chain of each piece."""
        n_chains, n_draws, n_units = self.shape
        most = max(_FEWEST_DRAWS, VALUES_PER_PIECE // (n_chains * n_units))
        if n_draws <= most:
            return (n_draws,)
        # Lasers go on from whole steps.
        divided = getattr(self.sampler, "draws_of_pieces", None)
        first, every = (most, most) if divided is None else divided(most)
        left = n_draws - first
        whole, rest = divmod(left, every)
        return (first, *[every] * whole, *[rest] * (rest > 0))

    def drawn(self, progress: Progress | None = None) -> Iterator[Samples]:
        """Draw the pieces, or read those that an earlier run has kept (`keeping`).

        Parameters
        ----------
        progress : callable, optional
            Called with the fraction of the whole run done.

        Yields
        ------
        Samples
            Pieces, one after the other. Times of spikes count from the beginning of the run.

        Raises
        ------
        InputError
            If a sampler gives no state from which to go on, and the run has several pieces.
        """
        return on_one_clock(self._each(progress or (lambda fraction: None)))

    def _each(self, progress: Progress) -> Iterator[Samples]:
        before: Samples | None = None
        drawing: Iterator[Samples] | None = None
        following = 0
        for number, done in enumerate(np.cumsum(self.lengths).tolist()):

            def draw(number: int = number, before: Samples | None = before) -> Samples:
                nonlocal drawing, following
                if drawing is None or following != number:
                    drawing = self._drawn_from(number, before, progress)
                following = number + 1
                return next(drawing)

            before = kept(_STEP, draw, self._described(number))
            if following <= number:  # it was kept
                progress(done / self.n_draws)
            yield before

    def _drawn_from(
        self, number: int, before: Samples | None, progress: Progress
    ) -> Iterator[Samples]:
        """Draw all pieces from one on, which goes on from the one before."""
        lengths = self.lengths
        done, sampler = sum(lengths[:number]), self.sampler
        if len(lengths) > 1 and hasattr(sampler, "in_one_run"):
            sampler = sampler.in_one_run(int(self.seed))

        def report(fraction: float, length: int = sum(lengths[number:])) -> None:
            progress((done + fraction * length) / self.n_draws)

        if self._spread is not None:
            spread = replace(self._spread, sampler=cast("Divisible", sampler))
            start = None if before is None else before.end
            whole = Request.of(self._general, lengths[0], self.n_chains, self.clamped, self.seed)
            steps = [
                replace(whole, n_draws=lengths[k], seed=self._seed(k))
                for k in range(number, len(lengths))
            ]
            yield from spread.steps(steps, start, report)
            return
        for k in range(number, len(lengths)):
            if before is not None and before.end is None:
                got = f"{before.sampler}, whose samples have no `end`"
                expected = f"one that can go on, or at most {lengths[0]} draws"
                raise InputError.single("sampler", got, expected)
            before = sampler.sample(
                self.machine, lengths[k], n_chains=self.n_chains, clamped=self.clamped,
                seed=self._seed(k), start=None if before is None else before.end,
                progress=partial(report, length=lengths[k]),
            )  # fmt: skip
            done += lengths[k]
            progress(done / self.n_draws)
            yield before

    def _seed(self, number: int) -> int:
        return seed_of_piece(int(self.seed), _STREAM, number)

    def _described(self, number: int) -> dict[str, object]:
        """Say on what the draws of a piece depend, the pieces before it and the sampler aside."""
        return {
            "sampler": self.sampler.name,
            "seed": self._seed(number),
            "shape": (self.n_chains, self.lengths[number], self.shape[2]),
            "clamped": None if self.clamped is None else np.asarray(self.clamped),
            "weights": self._general.weights,
            "biases": self._general.biases,
        }

    def whole(self, progress: Progress | None = None) -> Samples:
        """Draw the whole run and hold it in memory.

        Returns
        -------
        Samples
            As from `drawn`, joined, with the seed of the run.
        """
        return replace(joined(self.drawn(progress)), seed=int(self.seed))


def joined(pieces: Iterable[Samples]) -> Samples:
    """Join pieces whose spikes are on one clock into the samples of one run.

    Parameters
    ----------
    pieces : iterable of Samples
        At least one, in their order.
    """
    held = list(pieces)
    if len(held) == 1:
        return held[0]
    last, spikes = held[-1], None
    if last.spikes is not None:
        trains = [piece.spikes for piece in held if piece.spikes is not None]
        spikes = SpikeTrains.of_events(
            np.concatenate([_chains(train) for train in trains]),
            np.concatenate([train.time_ns for train in trains]),
            np.concatenate([train.unit for train in trains]),
            shape=(last.n_chains, last.n_units),
            duration_ns=last.spikes.duration_ns,
        )
    states = np.concatenate([piece.states for piece in held], axis=1)
    return replace(last, states=states, spikes=spikes, seed=held[0].seed)


def on_one_clock(pieces: Iterable[Samples]) -> Iterator[Samples]:
    """Let the spikes of pieces count from the beginning of the first.

    A piece that goes on begins one refractory time before the last draw of the piece before, whose
    spikes it repeats; these are left out.

    Parameters
    ----------
    pieces : iterable of Samples
        Pieces as a sampler gives them, each going on from the one before.
    """
    begin: float | None = None
    for piece in pieces:
        trains = piece.spikes
        if trains is None or piece.interval_ns is None:
            yield piece
            continue
        if begin is None:
            begin = trains.duration_ns
            yield piece
            continue
        ahead = piece.n_draws * piece.interval_ns
        known = trains.duration_ns - ahead
        new = trains.time_ns > known
        end = begin + ahead
        time = np.minimum(trains.time_ns[new] - known + begin, end)
        chain = _chains(trains)[new]
        offset = np.searchsorted(chain, np.arange(trains.n_chains + 1)).astype(np.int64)
        spikes = SpikeTrains(time, trains.unit[new], offset, trains.n_units, end)
        begin = end
        yield replace(piece, spikes=spikes)


def _chains(trains: SpikeTrains) -> NDArray[np.int64]:
    return np.repeat(np.arange(trains.n_chains), np.diff(trains.chain_offset))
