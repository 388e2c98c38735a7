"""The two halves of a contrastive gradient: moments with the data clamped, and without.

Either half can be computed exactly, by enumeration, or estimated with any sampler, such as a
device. Their combinations are the known methods:

======================= ========================= =========================
gradient                data half                 model half
======================= ========================= =========================
exact                   `ExactData`               `ExactModel`
contrastive divergence  `ClampedData`             `ReleasedModel`
persistent CD           `ExactData`               `FreeModel`
wake-sleep              `ClampedData`             `FreeModel`
======================= ========================= =========================

`reweighting.Reweighted` estimates both halves from one free run.

References
----------
Ackley, Hinton, Sejnowski, Cognitive Science 9 (1985) 147: clamped and free phase. Hinton, Neural
Computation 14 (2002) 1771: contrastive divergence. Tieleman, ICML (2008) 1064: persistent chains.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Moments,
    Target,
    all_states,
    completed_moments,
    visible_distribution,
)
from lasersampling.boltzmann.clamping import FREE
from lasersampling.learning.draws import (
    DATA_STREAM,
    MODEL_STREAM,
    ContinuedChains,
    Drawing,
    VisibleTables,
    allocated,
    visible_tables,
    weighted_moments,
)
from lasersampling.learning.task import State, Stateful
from lasersampling.restoring import RETURNED, STATE, restoring
from lasersampling.sampling.protocol import Samples


class Gradient(Stateful, Protocol):
    """Both halves of a gradient; its state is what it stores between updates."""

    @property
    def seen(self) -> VisibleTables | None:
        """Draws of the model half in the last update; None if they do not represent the model."""
        ...

    def halves(self, machine: BoltzmannMachine, update: int) -> tuple[Moments, Moments]:
        """Moments of all units with and without the data, for the update of this number."""
        ...


class Phase(Stateful, Protocol):
    """One half of a gradient."""

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units, for the update of this number."""
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
        """Draws of the model half."""
        return self._model.seen

    def halves(self, machine: BoltzmannMachine, update: int) -> tuple[Moments, Moments]:
        """Compute both halves, the data half first."""
        data = self._data.moments(machine, update)
        return data, self._model.moments(machine, update)

    def state(self) -> State:
        """Return the states of both halves."""
        return {"data": self._data.state(), "model": self._model.state()}

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self._data.set_state(state["data"])
        self._model.set_state(state["model"])


class _WithoutMemory:
    """State of a phase that stores nothing."""

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
        """Draws in the last update."""
        return self._seen


class ClampedData(ContinuedChains):
    """Data half by a sampler whose visible units are clamped to the data.

    Each chain is clamped to one visible state, the same in all updates, so that chains continue. If
    there are at least as many chains as states of positive probability, each of these states has
    its own chains, which are weighted by its probability; if there are fewer, chains are
    distributed over the states by systematic resampling, anew for each update. Moments among
    visible units are exact.

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
        n_visible, n_chains = self._target.n_units, self.drawing.n_chains
        chosen, weight = allocated(self._target.probabilities, n_chains, update)
        clamped = np.full((n_chains, machine.n_units), FREE, dtype=np.int8)
        clamped[:, :n_visible] = self._states[chosen]
        samples = self.go_on(machine, DATA_STREAM, update, clamped)
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


class FreeModel(ContinuedChains):
    """Model half by a freely running sampler; its chains continue from update to update.

    Parameters
    ----------
    n_visible : int
        Number of visible units.
    drawing : Drawing
        The sampler.
    """

    def __init__(self, n_visible: int, drawing: Drawing) -> None:
        super().__init__(drawing)
        self._n_visible = n_visible

    def draw(self, machine: BoltzmannMachine, update: int) -> Samples:
        """Let the chains continue, and record their visible units."""
        samples = self.go_on(machine, MODEL_STREAM, update)
        self._seen = visible_tables(samples, self._n_visible)
        return samples

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units."""
        return weighted_moments(self.draw(machine, update).states)

    @property
    def seen(self) -> VisibleTables:
        """Draws in the last update."""
        return self._seen


class ReleasedModel(_WithoutMemory):
    """Model half of contrastive divergence: the chains of the data half, released for a while.

    Moments are those of the last draw, k draws after the release.

    Parameters
    ----------
    drawing : Drawing
        The sampler, with as many chains as the data half; `n_draws` is k.
    data : ClampedData
        The data half, which is computed first in each update.
    """

    seen: VisibleTables | None = None

    def __init__(self, drawing: Drawing, data: ClampedData) -> None:
        self._drawing, self._data = drawing, data

    def moments(self, machine: BoltzmannMachine, update: int) -> Moments:
        """Moments of all units."""
        samples = self._drawing.draw(machine, MODEL_STREAM, update, None, self._data.end)
        return weighted_moments(samples.states[:, -1:], self._data.weight)
