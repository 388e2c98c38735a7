"""Draws of a sampler for learning: persistent chains, their spread over states, their moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann import BoltzmannMachine, Moments, all_states, state_index
from lasersampling.learning.task import State
from lasersampling.restoring import RETURNED, STATE, restoring
from lasersampling.sampling.protocol import ChainState, Sampler, Samples

DATA_STREAM, MODEL_STREAM = 0, 1
"""Random streams of the two halves of a gradient."""

_FEW_UNITS = 16
"""Joint states of up to so many units are counted before moments are taken of them."""


@dataclass(frozen=True, eq=False)
class VisibleTables:
    """Distribution of the visible units in the draws of a model half.

    Attributes
    ----------
    total : ndarray of float64, shape (2**visible,)
        Frequencies in all chains together [1].
    chains : ndarray of float64, shape (chain, 2**visible)
        Frequencies in each chain; empty where `total` is exact [1].
    """

    total: NDArray[np.float64]
    chains: NDArray[np.float64]


@dataclass(frozen=True)
class Drawing:
    """How a sampler is used for one update.

    Attributes
    ----------
    sampler : Sampler
        Any sampler.
    n_chains : int
        Independent chains.
    n_draws : int
        Draws per chain.
    seed : int
        Seed of all updates; each gets a stream of its own.
    """

    sampler: Sampler
    n_chains: int
    n_draws: int
    seed: int

    def draw(
        self,
        machine: BoltzmannMachine,
        stream: int,
        update: int,
        clamped: NDArray[np.int8] | None,
        start: ChainState | None,
    ) -> Samples:
        """Sample for one update."""
        words = np.random.SeedSequence([self.seed, stream, update]).generate_state(1, np.uint32)
        return self.sampler.sample(
            machine,
            self.n_draws,
            n_chains=self.n_chains,
            clamped=clamped,
            seed=int(words[0]),
            start=start,
        )


class ContinuedChains:
    """Chains of a sampler that go on from update to update.

    Parameters
    ----------
    drawing : Drawing
        The sampler.

    Attributes
    ----------
    drawing : Drawing
        The same.
    """

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self._end: ChainState | None = None

    def go_on(
        self,
        machine: BoltzmannMachine,
        stream: int,
        update: int,
        clamped: NDArray[np.int8] | None = None,
    ) -> Samples:
        """Sample for one update, from where the chains stand."""
        samples = self.drawing.draw(machine, stream, update, clamped, self._end)
        self._end = samples.end
        return samples

    @property
    def end(self) -> ChainState | None:
        """Where the chains stand; None before the first update."""
        return self._end

    def state(self) -> State:
        """Return where the chains stand."""
        return {"end": None if self._end is None else dict(self._end)}

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        self._end = state["end"]


def allocated(
    probabilities: NDArray[np.float64], n_chains: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Spread chains over states.

    Parameters
    ----------
    probabilities : ndarray, shape (state,)
        Probabilities of the states.
    n_chains : int
        Number of chains.
    seed : int
        Seed of the systematic resampling, which is used for fewer chains than possible states.

    Returns
    -------
    chosen : ndarray of int, shape (chain,)
        State of each chain, in ascending order.
    weight : ndarray of float64, shape (chain,)
        Weight of each chain; they sum to one.
    """
    possible = np.flatnonzero(probabilities)
    if n_chains < len(possible):
        offset = np.random.default_rng(seed).uniform()
        levels = (np.arange(n_chains) + offset) / n_chains
        chosen = np.searchsorted(np.cumsum(probabilities), levels)
        # Rounding may leave the sum of all probabilities slightly below the last level.
        return np.minimum(chosen, possible[-1]), np.full(n_chains, 1 / n_chains)
    # One each, and the rest by the largest remainders of the requested probabilities.
    share = probabilities[possible] * (n_chains - len(possible))
    counts = np.floor(share).astype(np.intp) + 1
    missing = n_chains - counts.sum()
    counts[np.argsort(np.floor(share) - share, kind="stable")[:missing]] += 1
    return np.repeat(possible, counts), np.repeat(probabilities[possible] / counts, counts)


def weighted_moments(
    states: NDArray[np.int8], weight: NDArray[np.float64] | None = None
) -> Moments:
    """Moments of states (chain, draw, unit), chains having weights (chain,) that sum to one."""
    n_chains, n_draws, n_units = states.shape
    per_chain = np.full(n_chains, 1 / n_chains) if weight is None else weight
    per_draw = np.repeat(per_chain / n_draws, n_draws)
    flat = states.reshape(-1, n_units)
    if n_units <= _FEW_UNITS and len(flat) > 4 * 2**n_units:
        # Each joint state once, with all its weight.
        per_draw = np.bincount(state_index(flat), per_draw, minlength=2**n_units)
        flat = all_states(n_units)
    shown = flat.astype(np.float64)
    second = shown.T @ (shown * per_draw[:, None])
    return Moments(np.diagonal(second).copy(), second)


def visible_tables(samples: Samples, n_visible: int) -> VisibleTables:
    """Frequencies of the visible states, of all chains and of each."""
    number = state_index(samples.states[:, :, :n_visible])
    counts = np.stack([np.bincount(chain, minlength=2**n_visible) for chain in number])
    chains = counts / samples.n_draws
    return VisibleTables(chains.mean(axis=0), chains)
