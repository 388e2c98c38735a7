"""The two halves of a contrastive gradient: moments with the data clamped, and without.

Either half can be computed exactly, by listing all states, or estimated with any sampler, such as
a device. Together they make the known methods:

======================= ========================= =========================
gradient                data half                 model half
======================= ========================= =========================
exact                   `ExactData`               `ExactModel`
contrastive divergence  `ClampedData`             `ReleasedModel`
persistent CD           `ExactData`               `FreeModel`
wake-sleep              `ClampedData`             `FreeModel`
reweighted              one free run, see `Reweighted`
======================= ========================= =========================

References
----------
Ackley, Hinton, Sejnowski, Cognitive Science 9 (1985) 147: clamped and free phase. Hinton, Neural
Computation 14 (2002) 1771: contrastive divergence. Tieleman, ICML (2008) 1064: persistent chains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Moments,
    Target,
    all_states,
    completed_moments,
    state_index,
    visible_distribution,
)
from lasersampling.boltzmann.clamping import FREE
from lasersampling.sampling.protocol import ChainState, Sampler, Samples
from lasersampling.training.task import State

_DATA_STREAM, _MODEL_STREAM = 0, 1

_MEMORY = 0.8
"""Weight of the draws of the update before, for conditional means."""

_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class VisibleTables:
    """Distribution of the visible units that a model half has seen.

    Attributes
    ----------
    total : ndarray of float64, shape (2**visible,)
        Of all chains together [1].
    chains : ndarray of float64, shape (chain, 2**visible)
        Of each chain; empty where it is exact [1].
    """

    total: NDArray[np.float64]
    chains: NDArray[np.float64]


class Gradient(Protocol):
    """Both halves of a gradient; what it remembers between updates is its state."""

    @property
    def seen(self) -> VisibleTables | None:
        """What the model half saw in the last update; None if it is no picture of the model."""
        ...

    def halves(self, machine: BoltzmannMachine, update: int) -> tuple[Moments, Moments]:
        """Moments of all units with and without the data, for the update of this number."""
        ...

    def state(self) -> State:
        """Return what the next updates depend on."""
        ...

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        ...


class Phase(Protocol):
    """One half of a gradient."""

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units, for the update of this number."""
        ...

    def state(self) -> State:
        """Return what the next updates depend on."""
        ...

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        ...


class ModelPhase(Phase, Protocol):
    """The half without data."""

    @property
    def seen(self) -> VisibleTables | None:
        """See `Gradient.seen`."""
        ...


class Halves:
    """A gradient whose halves are computed one after the other.

    Parameters
    ----------
    data, model : Phase
        The halves.
    """

    def __init__(self, data: Phase, model: ModelPhase) -> None:
        self._data, self._model = data, model

    @property
    def seen(self) -> VisibleTables | None:
        """What the model half saw."""
        return self._model.seen

    def halves(self, machine: BoltzmannMachine, update: int) -> tuple[Moments, Moments]:
        """Ask both halves, the data half first."""
        data = self._data.moments(machine, update)
        return data, self._model.moments(machine, update)

    def state(self) -> State:
        """Return the states of both halves."""
        return {"data": self._data.state(), "model": self._model.state()}

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        self._data.set_state(state["data"])
        self._model.set_state(state["model"])


class _WithoutMemory:
    """State of a phase that remembers nothing."""

    def state(self) -> State:
        """Return nothing."""
        return {}

    def set_state(self, state: State) -> None:
        """Do nothing."""


class ExactData(_WithoutMemory):
    """Data half by enumeration: moments under p_target(v) p(h | v).

    Parameters
    ----------
    target : Target
        Distribution of the visible units.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units; exact, whatever the update."""
        return completed_moments(machine, self._target.probabilities)


class ExactModel(_WithoutMemory):
    """Model half by enumeration; see `boltzmann.visible_distribution` for how many units."""

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units; exact, whatever the update."""
        visible = visible_distribution(machine)
        self._seen = VisibleTables(visible, np.empty((0, visible.size)))
        return completed_moments(machine, visible)

    @property
    def seen(self) -> VisibleTables:
        """Of the last update."""
        return self._seen


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
        Of all updates; each gets a stream of its own.
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


class _Sampled:
    """A phase with chains that go on from update to update."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._end: ChainState | None = None

    @property
    def end(self) -> ChainState | None:
        """Where the chains stand; None before the first update."""
        return self._end

    def state(self) -> State:
        """Return where the chains stand."""
        return {"end": None if self._end is None else dict(self._end)}

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        self._end = state["end"]


class ClampedData(_Sampled):
    """Data half by a sampler whose visible units are clamped to the data.

    Each chain is clamped to one visible state, the same in all updates, so that chains go on. With
    at least as many chains as there are states of positive probability, each of them has its
    chains, which are weighted by its probability; with fewer, chains are spread over the states by
    systematic resampling, anew for each update. Moments among visible units are exact.

    Parameters
    ----------
    target : Target
        Distribution of the visible units.
    drawing : Drawing
        The sampler.
    """

    def __init__(self, target: Target, drawing: Drawing) -> None:
        super().__init__(drawing)
        self._target = target
        self._states = all_states(target.n_units)

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units."""
        n_visible, n_chains = self._target.n_units, self._drawing.n_chains
        chosen, weight = allocated(self._target.probabilities, n_chains, update)
        clamped = np.full((n_chains, machine.n_units), FREE, dtype=np.int8)
        clamped[:, :n_visible] = self._states[chosen]
        samples = self._drawing.draw(machine, _DATA_STREAM, update, clamped, self._end)
        self._end = samples.end
        self._weight = weight
        moments = weighted_moments(samples.states, weight)
        exact = self._target.moments()
        visible = slice(0, n_visible)
        moments.mean[visible] = exact.mean
        moments.second[visible, visible] = exact.second
        return moments

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weights of the chains in the last update, shape (chain,); they sum to one [1]."""
        return self._weight


class FreeModel(_Sampled):
    """Model half by a sampler that runs freely; its chains go on from update to update.

    Parameters
    ----------
    n_visible : int
        Visible units.
    drawing : Drawing
        The sampler.
    """

    def __init__(self, n_visible: int, drawing: Drawing) -> None:
        super().__init__(drawing)
        self._n_visible = n_visible

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units."""
        samples = self._drawing.draw(machine, _MODEL_STREAM, update, None, self._end)
        self._end = samples.end
        self._seen = visible_tables(samples, self._n_visible)
        return weighted_moments(samples.states)

    @property
    def seen(self) -> VisibleTables:
        """Of the last update."""
        return self._seen


class ReleasedModel(_WithoutMemory):
    """Model half of contrastive divergence: the chains of the data half, let go for a while.

    Moments are those of the last draw, k draws after the release.

    Parameters
    ----------
    drawing : Drawing
        The sampler, with as many chains as the data half; `n_draws` is k.
    data : ClampedData
        The data half, which is asked first in each update.
    """

    seen: VisibleTables | None = None

    def __init__(self, drawing: Drawing, data: ClampedData) -> None:
        self._drawing, self._data = drawing, data

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units."""
        samples = self._drawing.draw(machine, _MODEL_STREAM, update, None, self._data.end)
        return weighted_moments(samples.states[:, -1:], self._data.weight)


class Reweighted(_Sampled):
    """Both halves by one free run, whose visible states are reweighted to the target.

    With p(v, h) the distribution of the sampler, whatever it is, the data half is
    sum_v p_target(v) <z zT>_p(. | v): means over the draws that show v, weighted by the target. The
    gradient vanishes where p(v) = p_target(v), also for a device whose clamped distribution is not
    its conditional one, as that of lasers with strong couplings is not; that of wake-sleep need
    not. For an ideal sampler the two agree. Conditional means are taken over the last updates too,
    older draws counting less, so that states that are rarely seen are not forgotten.

    Parameters
    ----------
    target : Target
        Distribution of the visible units, few enough for all their states to be visited.
    drawing : Drawing
        The sampler.
    """

    def __init__(self, target: Target, drawing: Drawing) -> None:
        super().__init__(drawing)
        self._target = target
        self._count = np.zeros(target.probabilities.size)
        self._sum = np.zeros(0)

    def halves(self, machine: BoltzmannMachine, update: int) -> tuple[Moments, Moments]:
        """Moments of all units with and without the weights."""
        n_visible, n_units = self._target.n_units, machine.n_units
        samples = self._drawing.draw(machine, _MODEL_STREAM, update, None, self._end)
        self._end = samples.end
        self._seen = visible_tables(samples, n_visible)
        if not self._sum.size:
            self._sum = np.zeros((self._count.size, n_units, n_units))
        flat = samples.states.reshape(-1, n_units).astype(np.float64)
        number = state_index(samples.states[:, :, :n_visible]).ravel()
        order = np.argsort(number, kind="stable")
        begin = np.searchsorted(number[order], np.arange(self._count.size + 1))
        self._count *= _MEMORY
        self._sum *= _MEMORY
        for state in np.flatnonzero(np.diff(begin)):
            own = flat[order[begin[state] : begin[state + 1]]]
            self._count[state] += len(own)
            self._sum[state] += own.T @ own
        known = self._count > 0
        weight = np.where(known, self._target.probabilities, 0.0)
        per_draw = np.divide(weight, self._count, out=np.zeros_like(weight), where=known)
        # States of the target that were never seen are left out; their share goes to the others.
        second = np.tensordot(per_draw / max(weight.sum(), _TINY), self._sum, 1)
        exact = self._target.moments().second
        second[:n_visible, :n_visible] = exact
        data = Moments(np.diagonal(second).copy(), second)
        return data, weighted_moments(samples.states)

    @property
    def seen(self) -> VisibleTables | None:
        """What was seen without the weights."""
        return self._seen

    def state(self) -> State:
        """Return where the chains stand, and the conditional means."""
        return {**super().state(), "count": self._count, "sum": self._sum}

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        super().set_state(state)
        self._count, self._sum = state["count"].copy(), state["sum"].copy()


def allocated(
    probabilities: NDArray[np.float64], n_chains: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Spread chains over states.

    Parameters
    ----------
    probabilities : ndarray, shape (state,)
        Of the states.
    n_chains : int
        Chains.
    seed : int
        Of the systematic resampling, which is used for fewer chains than possible states.

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
        # Rounding may leave the sum of all probabilities a little below the last level.
        return np.minimum(chosen, possible[-1]), np.full(n_chains, 1 / n_chains)
    # One each, and the rest by the largest remainders of what the probabilities ask for.
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
    flat = states.reshape(-1, n_units).astype(np.float64)
    per_chain = np.full(n_chains, 1 / n_chains) if weight is None else weight
    second = flat.T @ (flat * np.repeat(per_chain / n_draws, n_draws)[:, None])
    return Moments(np.diagonal(second).copy(), second)


def visible_tables(samples: Samples, n_visible: int) -> VisibleTables:
    """Frequencies of the visible states, of all chains and of each."""
    number = state_index(samples.states[:, :, :n_visible])
    counts = np.stack([np.bincount(chain, minlength=2**n_visible) for chain in number])
    chains = counts / samples.n_draws
    return VisibleTables(chains.mean(axis=0), chains)
