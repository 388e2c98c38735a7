"""A contrastive gradient from one free run, for which a device need not be ideal."""

from __future__ import annotations

import numpy as np

from lasersampling.boltzmann import BoltzmannMachine, Moments, Target, state_index
from lasersampling.learning.draws import Drawing, VisibleTables, weighted_moments
from lasersampling.learning.machines.phases import FreeModel
from lasersampling.learning.task import State
from lasersampling.restoring import RETURNED, STATE, restoring

_MEMORY = 0.8
"""Weight of the draws of the previous update in conditional means."""


class Reweighted:
    """Both halves from one free run, whose visible states are reweighted to the target.

    Let p(v, h) be the distribution of the sampler, whatever it is. The data half is sum_v
    p_target(v) <z zT>_p(. | v): means over the draws that show v, weighted by the target. This
    gradient vanishes where p(v) = p_target(v), even for a device whose clamped distribution is not
    its conditional one, such as lasers with strong couplings; the gradient of wake-sleep need not.
    For an ideal sampler the two agree. Conditional means include the last updates, with smaller
    weights of older draws, so that rarely seen states are not forgotten.

    Parameters
    ----------
    target : Target
        Distribution of the visible units, few enough for all their states to be visited.
    drawing : Drawing
        The sampler.
    """

    def __init__(self, target: Target, drawing: Drawing) -> None:
        self._free = FreeModel(target.n_units, drawing)
        self._target = target
        self._count = np.zeros(target.probabilities.size)
        self._sum = np.zeros(0)

    def halves(self, machine: BoltzmannMachine, update: int) -> tuple[Moments, Moments]:
        """Moments of all units with and without the weights."""
        n_visible, n_units = self._target.n_units, machine.n_units
        samples = self._free.draw(machine, update)
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
        # States of the target that were never seen are left out; their weight goes to the others.
        if weight.any():
            per_draw /= weight.sum()
        second = np.tensordot(per_draw, self._sum, 1)
        exact = self._target.moments().second
        second[:n_visible, :n_visible] = exact
        data = Moments(np.diagonal(second).copy(), second)
        return data, weighted_moments(samples.states)

    @property
    def seen(self) -> VisibleTables:
        """Draws of the chains without the weights."""
        return self._free.seen

    def state(self) -> State:
        """Return the states of the chains, and the conditional means."""
        return {**self._free.state(), "count": self._count.copy(), "sum": self._sum.copy()}

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self._free.set_state(state)
        self._count, self._sum = state["count"].copy(), state["sum"].copy()
