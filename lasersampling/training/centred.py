"""Centred restricted machines: parameters, gradient, persistent chains of Gibbs sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Parameter


@dataclass(frozen=True)
class Batch:
    """States of the outer units, (batch, outer), and p(h = 1 | v), (batch, hidden)."""

    outer: Tensor
    hidden: Tensor


class Parameters:
    """Weights (hidden, outer), outer biases and hidden biases as torch parameters.

    They belong to centred units: E = -(h - lambda)ᵀ W (v - mu) - bᵀ v - cᵀ h, with the centres mu
    (the means of the data) and lambda (1/2) fixed. The weights are those of the plain machine, its
    biases are b - Wᵀ lambda and c - W mu. In these coordinates units that are nearly always 0
    or 1 do not drag the weights along.

    References
    ----------
    Montavon and Mueller, in Neural Networks: Tricks of the Trade (2012) 621; Melchior, Fischer,
    Wiskott, JMLR 17 (2016) 1.
    """

    def __init__(
        self, weights: Tensor, outer_biases: Tensor, hidden_biases: Tensor, outer_centre: Tensor
    ) -> None:
        self.weights = Parameter(weights, requires_grad=False)
        self.outer_biases = Parameter(outer_biases, requires_grad=False)
        self.hidden_biases = Parameter(hidden_biases, requires_grad=False)
        self.outer_centre = outer_centre
        self.hidden_centre = torch.full_like(hidden_biases, 0.5)

    def named(self) -> Mapping[str, Parameter]:
        """Return the parameters by name."""
        return {
            "weights": self.weights,
            "outer_biases": self.outer_biases,
            "hidden_biases": self.hidden_biases,
        }

    def hidden_probability(self, outer: Tensor) -> Tensor:
        """p(h = 1 | v), shape (batch, hidden)."""
        return torch.sigmoid((outer - self.outer_centre) @ self.weights.T + self.hidden_biases)

    def outer_probability(self, hidden: Tensor) -> Tensor:
        """p(v = 1 | h), shape (batch, outer)."""
        return torch.sigmoid((hidden - self.hidden_centre) @ self.weights + self.outer_biases)

    def plain(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, outer biases and hidden biases of the plain machine."""
        outer_biases = self.outer_biases - self.hidden_centre @ self.weights
        hidden_biases = self.hidden_biases - self.weights @ self.outer_centre
        return self.weights, outer_biases, hidden_biases

    def limit(self, weight_limit: float | None, bias_limit: float | None) -> None:
        """Clip the plain machine's weights and biases to what a device can realise."""
        if weight_limit is not None:
            self.weights.clamp_(-weight_limit, weight_limit)
        if bias_limit is not None:
            _, outer, hidden = self.plain()
            self.outer_biases.add_(outer.clamp(-bias_limit, bias_limit) - outer)
            self.hidden_biases.add_(hidden.clamp(-bias_limit, bias_limit) - hidden)


def write_gradient(parameters: Parameters, data: Batch, model: Batch) -> None:
    """Write the gradient of the negative log-likelihood to `.grad`.

    For the log-likelihood L of the centred parameters

        dL/dW = <(h - lambda)(v - mu)ᵀ>_data - <(h - lambda)(v - mu)ᵀ>_model,
        dL/db = <v>_data - <v>_model,    dL/dc = <h>_data - <h>_model.

    `.grad` gets the negative, since optimisers descend.
    """

    def product(batch: Batch) -> Tensor:
        outer = batch.outer - parameters.outer_centre
        return (batch.hidden - parameters.hidden_centre).T @ outer / len(outer)

    parameters.weights.grad = product(model) - product(data)
    parameters.outer_biases.grad = model.outer.mean(0) - data.outer.mean(0)
    parameters.hidden_biases.grad = model.hidden.mean(0) - data.hidden.mean(0)


class PersistentChains:
    """Chains of block Gibbs sampling that go on from update to update."""

    def __init__(self, n_chains: int, n_hidden: int, generator: torch.Generator) -> None:
        self._generator = generator
        self._hidden = self._draw(torch.full((n_chains, n_hidden), 0.5))

    def advance(self, parameters: Parameters, n_steps: int) -> Batch:
        """Make `n_steps` sweeps and return where they lead."""
        for _ in range(n_steps):
            outer = self._draw(parameters.outer_probability(self._hidden))
            probability = parameters.hidden_probability(outer)
            self._hidden = self._draw(probability)
        return Batch(outer, probability)

    @property
    def hidden(self) -> Tensor:
        """States of the hidden units, shape (chain, hidden): all that the chains remember."""
        return self._hidden

    @hidden.setter
    def hidden(self, states: Tensor) -> None:
        self._hidden = states

    def _draw(self, probability: Tensor) -> Tensor:
        return draw_binary(probability, self._generator)


def draw_binary(probability: Tensor, generator: torch.Generator) -> Tensor:
    """Draw 0 or 1 with the given probabilities of 1."""
    uniform = torch.rand(probability.shape, generator=generator)
    return (uniform < probability).to(probability.dtype)
