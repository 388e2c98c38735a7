"""Recruitment of silent neurons, which have no spike time and hence no derivative.

What is recruited are *groups*: layers of a stack (`layer_groups`), or populations of a network
(`populations.recruitment`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lasersampling.checks import number_problems
from lasersampling.errors import InputError
from lasersampling.lif.layers import LIFLayer
from lasersampling.lif.network import Activity, SpikingNetwork
from lasersampling.lif.spike_times.peaks import lift
from lasersampling.lif.spike_times.tables import Inputs, Neurons
from lasersampling.restoring import RETURNED, STATE, restoring

HIDDEN_LIMIT, OUTPUT_LIMIT = 0.3, 0.0


class Group(Protocol):
    """Neurons that are recruited together, with the weights that lead to them."""

    @property
    def first(self) -> Tensor:
        """First spikes in a batch, (member, sample, neuron), inf for none [tau_syn]."""
        ...

    def raise_weights(self, amount: Tensor) -> None:
        """Add an amount for each neuron, (member, neuron), to all weights that lead to it [1]."""
        ...

    def lift_peaks(self, silent: Tensor, strength: float) -> None:
        """Add to the gradients of these weights what lifts the peaks of silent neurons.

        Parameters
        ----------
        silent : Tensor of bool, shape (member, sample, neuron)
            Neurons that did not spike, and whose peaks are lifted.
        strength : float
            Weight of the loss, the mean over samples of the sum of 1 - V_max / threshold [1].
        """
        ...


class Recruitment(Protocol):
    """Action on silent neurons after each batch, before the gradient step."""

    def act(self, groups: Sequence[Group]) -> Tensor:
        """Change weights or their `.grad`; say which members take no gradient step, (member,).

        Parameters
        ----------
        groups : sequence of Group
            Layers or populations, the output last.
        """
        ...

    def state(self) -> dict[str, Tensor]:
        """Return what is needed to continue later."""
        ...

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Continue from a state returned by `state`."""
        ...


def silent_share(spikes: Tensor) -> Tensor:
    """Return the fraction of samples and neurons without a spike, shape (member,)."""
    return (spikes == torch.inf).sum((1, 2)).to(torch.float64) / spikes[0].numel()


@dataclass(frozen=True, eq=False)
class LayerGroup:
    """A layer as a group that is recruited.

    Attributes
    ----------
    layer : LIFLayer
        The layer.
    inputs, first : Tensor, shape (member, sample, neuron)
        Spikes that it received, and its own [tau_syn].
    """

    layer: LIFLayer
    inputs: Tensor
    first: Tensor

    def raise_weights(self, amount: Tensor) -> None:
        """Add an amount for each neuron to its weights; see `Group`."""
        with torch.no_grad():
            self.layer.weights.add_(amount[..., None].to(self.layer.weights))

    def lift_peaks(self, silent: Tensor, strength: float) -> None:
        """Add to gradients what lifts the peaks of silent neurons; see `Group`.

        Parameters
        ----------
        silent : Tensor of bool, shape (member, sample, neuron)
            Neurons whose peaks are lifted.
        strength : float
            Weight of the loss [1].
        """
        with torch.no_grad():
            added = strength / self.inputs.shape[1] * _lift(self.layer, self.inputs, silent)
        add_gradient(self.layer.weights, added)


def layer_groups(network: SpikingNetwork, activity: Activity) -> list[LayerGroup]:
    """Return the layers of a network as groups, after a batch."""
    parts = zip(network.layers, activity.inputs, activity.spikes, strict=True)
    return [LayerGroup(*own) for own in parts]


def add_gradient(parameter: Tensor, added: Tensor) -> None:
    """Add to the gradient of a parameter, which may have none yet."""
    with torch.no_grad():
        parameter.grad = added if parameter.grad is None else parameter.grad + added


class NoRecruitment:
    """Leaves silent neurons silent."""

    def act(self, groups: Sequence[Group]) -> Tensor:
        """Do nothing; see `Recruitment`."""
        return torch.zeros(len(groups[0].first), dtype=torch.bool, device="cpu")

    def state(self) -> dict[str, Tensor]:
        """Return nothing."""
        return {}

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Continue from a state returned by `state`."""


class RaisedWeights:
    """Raises all weights of silent neurons in the first layer with too many silent neurons.

    The amount doubles with each successive batch in which the same layer is raised. A member whose
    weights were raised takes no gradient step.

    Parameters
    ----------
    hidden_limit, output_limit : float
        Fraction of silent samples and neurons in a layer above which neurons that are silent in any
        sample are raised [1].
    amount : float
        Initial amount [1].

    References
    ----------
    Göltz et al., Nature Machine Intelligence 3 (2021) 823, Methods.
    """

    def __init__(
        self,
        hidden_limit: float = HIDDEN_LIMIT,
        output_limit: float = OUTPUT_LIMIT,
        amount: float = 5e-4,
    ) -> None:
        _check(hidden_limit, output_limit)
        problems = number_problems("amount", amount, 0, strict=True)
        if problems:
            raise InputError(problems)
        self._limits = hidden_limit, output_limit
        self._first = amount
        self._amount = torch.empty(0, dtype=torch.float64)
        self._layer = torch.empty(0, dtype=torch.int64)

    def act(self, groups: Sequence[Group]) -> Tensor:
        """Raise weights where needed; see `Recruitment`."""
        n_members = len(groups[0].first)
        if len(self._layer) == 0:
            self._layer = torch.full((n_members,), -1, device="cpu")
            self._amount = torch.full((n_members,), self._first, dtype=torch.float64, device="cpu")
        failing = _first_failing(groups, self._limits)
        again = (failing == self._layer) & (failing >= 0)
        self._amount = torch.where(again, 2.0 * self._amount, self._first)
        self._layer = failing
        for place, group in enumerate(groups):
            here = failing == place
            if bool(here.any()):
                silent = torch.isinf(group.first).any(1).cpu() & here[:, None]
                group.raise_weights(torch.where(silent, self._amount[:, None], 0.0))
        return failing >= 0

    def state(self) -> dict[str, Tensor]:
        """Return the amounts and layers of the last batch."""
        return {"amount": self._amount, "layer": self._layer}

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Continue from a state returned by `state`.

        Raises
        ------
        InputError
            For a state that lacks a part.
        """
        with restoring(STATE, RETURNED):
            self._amount, self._layer = state["amount"], state["layer"]


class LiftedPeaks:
    """Adds a gradient that lifts the voltage peaks of silent neurons towards the threshold.

    For each layer with too many silent neurons, and each sample in which a whole layer is silent,
    strength times the mean over samples of the sum over silent neurons of 1 - V_max / c is added to
    the loss for that layer's weights. All members take their gradient step, and learning continues.

    Parameters
    ----------
    hidden_limit, output_limit : float
        Fraction of silent samples and neurons in a layer above which it acts [1].
    strength : float
        Weight of this loss [1].
    """

    def __init__(
        self,
        hidden_limit: float = HIDDEN_LIMIT,
        output_limit: float = OUTPUT_LIMIT,
        strength: float = 1.0,
    ) -> None:
        _check(hidden_limit, output_limit)
        problems = number_problems("strength", strength, 0, strict=True)
        if problems:
            raise InputError(problems)
        self._limits = hidden_limit, output_limit
        self._strength = strength

    def act(self, groups: Sequence[Group]) -> Tensor:
        """Add to `.grad` where needed; see `Recruitment`."""
        failing = _failing(groups, self._limits)
        for place, group in enumerate(groups):
            absent = group.first == torch.inf
            # If a whole layer is silent, nothing can lift the layers behind it.
            none = absent.all(2, keepdim=True)
            if bool(failing[place].any()) or bool(none.any()):
                fails = failing[place].to(absent.device)[:, None, None]
                group.lift_peaks(absent & (fails | none), self._strength)
        return torch.zeros(len(groups[0].first), dtype=torch.bool, device="cpu")

    def state(self) -> dict[str, Tensor]:
        """Return nothing: the action depends on the batch alone."""
        return {}

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Continue from a state returned by `state`."""


def _lift(layer: LIFLayer, inputs: Tensor, silent: Tensor) -> Tensor:
    """Return the sums of `peaks.lift`, shape (member, post, pre)."""
    weights, layout = layer.weights, layer.layout()
    late = layer.synaptic_delays
    delays = torch.zeros_like(weights) if late is None else late.delays()

    def array(values: Tensor) -> NDArray[np.float64]:
        return np.ascontiguousarray(values.cpu().to(torch.float64).numpy())

    taus = array(layout.tau_mem), array(layout.tau_syn)
    neurons = Neurons(array(layout.gap), *taus, layout.method, layout.smallest_slope)
    to_weights = np.zeros(weights.shape)
    given = Inputs(array(inputs), array(weights), array(delays))
    lift(given, neurons, silent.cpu().numpy(), to_weights)
    return torch.from_numpy(to_weights).to(weights)


def _failing(groups: Sequence[Group], limits: tuple[float, float]) -> Tensor:
    """Say in which groups too many are silent, shape (group, member)."""
    hidden, output = limits
    last = len(groups) - 1
    return torch.stack(
        [
            silent_share(group.first) > (output if place == last else hidden)
            for place, group in enumerate(groups)
        ]
    ).cpu()


def _first_failing(groups: Sequence[Group], limits: tuple[float, float]) -> Tensor:
    """Return the number of the first such group, -1 if there is none, shape (member,)."""
    failing = _failing(groups, limits)
    return torch.where(failing.any(0), failing.int().argmax(0), -1)


def _check(hidden_limit: float, output_limit: float) -> None:
    problems = [
        *number_problems("hidden_limit", hidden_limit, 0, strict=False),
        *number_problems("output_limit", output_limit, 0, strict=False),
    ]
    if problems:
        raise InputError(problems)
