"""What is needed of draws at the end of a run, gathered while they come, in bounded memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann import state_index
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.judging.evaluation import Evaluation
from lasersampling.judging.samples import evaluate
from lasersampling.sampling.certificate import Judgement
from lasersampling.sampling.pieces import Pieces, joined
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics.chains import ess_of_blocks, r_hat_of_halves

MOST_VALUES, MOST_DRAWS = 1 << 24, 1 << 21
"""Largest numbers of values (draws times units) and of draws that are held, all chains together."""

_MOST_BLOCKS, _FEWEST_BLOCKS = 2048, 8
_MOST_SUMS = 1 << 22


class Tally:
    """Draws of a run in pieces, as far as they are needed to judge them.

    All are held if they are not too many. Otherwise every k-th draw is held, and sums of all are
    taken: over halves of chains, from which mean and R-hat of each unit follow exactly; over
    blocks, from which its effective sample size follows; and of joint states, if they can be
    listed. The joint distribution and the certificate are then judged by the draws that are held.

    Parameters
    ----------
    run : Pieces
        The run.
    free : ndarray of int, shape (free unit,)
        Units that are free.

    Attributes
    ----------
    every : int
        Every so many draws one is held.
    spikes : ndarray of int64, shape (piece, chain)
        Numbers of spikes of each piece and chain so far.
    """

    def __init__(self, run: Pieces, free: NDArray[np.intp]) -> None:
        n_chains, n_draws, n_units = run.shape
        size = n_chains * n_draws
        self.every = max(1, -(-size * n_units // MOST_VALUES), -(-size // MOST_DRAWS))
        self.every = min(self.every, max(1, n_draws // 4))
        self._run, self._free, self._done = run, free, 0
        self._held: list[Samples] = []
        self._spikes: list[NDArray[np.int64]] = []
        most = _MOST_SUMS // (n_chains * max(1, free.size))
        blocks = int(np.clip(most, _FEWEST_BLOCKS, min(_MOST_BLOCKS, n_draws)))
        self._block = n_draws // blocks
        self._half = n_draws // 2
        self._ones = np.zeros((n_chains, n_draws // self._block + 1, free.size), dtype=np.int32)
        self._halves = np.zeros((n_chains, 2, free.size), dtype=np.int64)
        self._total = np.zeros((n_chains, free.size), dtype=np.int64)
        listed = free.size <= MAX_ENUMERATED_UNITS and self.every > 1
        self._counts = np.zeros(2**free.size, dtype=np.int64) if listed else None

    @property
    def spikes(self) -> NDArray[np.int64]:
        """Numbers of spikes, shape (piece, chain); no rows for samplers without spikes."""
        n_chains = self._run.shape[0]
        return np.array(self._spikes, dtype=np.int64).reshape(-1, n_chains)

    @property
    def interval_ns(self) -> float | None:
        """Time between two draws of the run, None for samplers that do not run in time [ns]."""
        return self._held[0].interval_ns if self._held else None

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """How often each joint state of the free units came, if only some of the draws are held."""
        return self._counts

    def add(self, piece: Samples) -> None:
        """Take in the next piece."""
        n_draws = self._run.shape[1]
        first, last = self._done, self._done + piece.n_draws
        if piece.spikes is not None:
            self._spikes.append(np.diff(piece.spikes.chain_offset))
        of_all = piece.n_draws == n_draws
        if self.every == 1:
            self._held.append(piece if of_all else replace(piece, spikes=None, end=None))
        else:
            chosen = piece.states[:, -first % self.every :: self.every]
            if chosen.shape[1]:
                self._held.append(replace(piece, states=chosen.copy(), spikes=None, end=None))
            self._sum(piece.states[:, :, self._free], first)
        self._done = last

    def _sum(self, states: NDArray[np.int8], first: int) -> None:
        """Add the draws of a piece, which begins at draw `first`, to all sums."""
        n_draws, length = self._run.shape[1], states.shape[1]
        number = first + np.arange(length)
        edges = np.flatnonzero(np.diff(number // self._block, prepend=-1))
        self._ones[:, number[edges] // self._block] += np.add.reduceat(
            states, edges, axis=1, dtype=np.int32
        )
        ends = (
            slice(0, max(0, self._half - first)),
            slice(max(0, n_draws - self._half - first), None),
        )
        for half, part in enumerate(ends):
            self._halves[:, half] += states[:, part].sum(axis=1, dtype=np.int64)
        self._total += states.sum(axis=1, dtype=np.int64)
        if self._counts is not None:
            numbers = state_index(states).ravel()
            self._counts += np.bincount(numbers, minlength=self._counts.size)

    @property
    def samples(self) -> Samples:
        """The draws that are held, as samples with so much time between them."""
        held = joined(self._held)
        self._held = [held]  # the pieces are not needed any more
        interval = held.interval_ns
        return replace(
            held,
            seed=int(self._run.seed),
            interval_ns=None if interval is None else self.every * interval,
        )

    def evaluation(self, samples: Samples) -> Evaluation:
        """Judge the draws by their machine.

        Parameters
        ----------
        samples : Samples
            `samples` of this tally.

        Returns
        -------
        Evaluation
            See `judging.samples.evaluate`. If not all draws are held, its joint distribution and
            effective number of joint states are those of the draws that are.
        """
        clamped: ArrayLike | None = self._run.clamped
        machine: AnyMachine = self._run.machine
        found = evaluate(machine, samples, clamped)
        if self.every == 1:
            return found
        n_chains, n_draws, _ = self._run.shape
        n_blocks = n_draws // self._block
        mean = self._total.sum(axis=0) / (n_chains * n_draws)
        ess = ess_of_blocks(self._ones[:, :n_blocks], self._block)
        ess *= n_draws / (n_blocks * self._block)
        r_hat = found.r_hat if n_chains == 1 else r_hat_of_halves(self._halves, self._half)
        with np.errstate(invalid="ignore"):
            error = np.sqrt(mean * (1 - mean) / ess)
        return replace(found, mean=mean, mean_se=error, ess=ess, r_hat=r_hat)

    def of_all(self, certificate: Judgement) -> Judgement:
        """Give a certificate the cost of all draws, in place of those that are held."""
        cost = certificate.cost
        if cost is None or self.every == 1:
            return certificate
        cost = replace(
            cost,
            laser_time_ns=cost.laser_time_ns * self.every,
            energy_pj=cost.energy_pj * self.every,
        )
        return replace(certificate, cost=cost)

    @property
    def told(self) -> str:
        """What is judged by some of the draws only, as a sentence; empty if all are held."""
        if self.every == 1:
            return ""
        return (
            f"One draw of {self.every} is held: joint states and certificate are judged by these, "
            "and means, their effective sizes and R-hat by all draws."
        )
