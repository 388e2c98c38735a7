"""Centred machines with two sides: parameters, and gradients by Gibbs sampling and mean field.

The sides are the even and the odd layers of `boltzmann.layers`. In a restricted machine the even
side is visible and label units, the odd one hidden units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import Parameter

from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.learning.task import State
from lasersampling.restoring import RETURNED, STATE, restoring

_INITIAL_WEIGHT = 0.01
"""Standard deviation of the initial weights."""

_INITIAL_MARGIN = 0.02
"""Initial biases are the log odds of the data, with probabilities kept this far from 0 and 1: a
pixel that is never set would otherwise start at minus infinity."""

_MOST_SINGLE_ROWS = 4096
"""Longer batches are summed in double precision: in single precision a sum of a million rows is off
by up to a thousandth, more or less as the processor's vectors are narrow or wide."""


@dataclass(frozen=True)
class Batch:
    """States, or probabilities of 1, of both sides: (batch, even), (batch, odd)."""

    even: Tensor
    odd: Tensor


class Parameters:
    """Weights (odd, even), even biases and odd biases as torch parameters.

    They belong to centred units: E = -(y - lambda)ᵀ W (x - mu) - bᵀ x - cᵀ y for even units x and
    odd units y, with fixed centres mu and lambda: the means of the data for units that the data
    give, and a constant for hidden ones. The weights are those of the plain machine, whose biases
    are b - Wᵀ lambda and c - W mu. In these coordinates units that are nearly always 0 or 1 do not
    affect the weights. Where `allowed` is false there is never a weight.

    References
    ----------
    Montavon and Mueller, in Neural Networks: Tricks of the Trade (2012) 621, deep machines too;
    Melchior, Fischer, Wiskott, JMLR 17 (2016) 1.
    """

    def __init__(
        self,
        weights: Tensor,
        even_biases: Tensor,
        odd_biases: Tensor,
        even_centre: Tensor,
        odd_centre: Tensor | None = None,
        allowed: Tensor | None = None,
    ) -> None:
        if allowed is not None:
            weights = weights * allowed
        self.allowed = allowed
        self.weights = Parameter(weights, requires_grad=False)
        self.even_biases = Parameter(even_biases, requires_grad=False)
        self.odd_biases = Parameter(odd_biases, requires_grad=False)
        self.even_centre = even_centre
        self.odd_centre = torch.full_like(odd_biases, 0.5) if odd_centre is None else odd_centre

    def named(self) -> Mapping[str, Parameter]:
        """Return the parameters by name."""
        return {
            "weights": self.weights,
            "even_biases": self.even_biases,
            "odd_biases": self.odd_biases,
        }

    def odd_probability(self, even: Tensor) -> Tensor:
        """p(y = 1 | x), shape (batch, odd)."""
        return torch.sigmoid((even - self.even_centre) @ self.weights.T + self.odd_biases)

    def even_probability(self, odd: Tensor) -> Tensor:
        """p(x = 1 | y), shape (batch, even)."""
        return torch.sigmoid((odd - self.odd_centre) @ self.weights + self.even_biases)

    def plain(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, even biases and odd biases of the plain machine."""
        even_biases = self.even_biases - self.odd_centre @ self.weights
        odd_biases = self.odd_biases - self.weights @ self.even_centre
        return self.weights, even_biases, odd_biases

    def limit(self, weight_limit: float | None, bias_limit: float | None) -> None:
        """Clip the plain machine's weights and biases to what a device can realise."""
        if weight_limit is not None:
            self.weights.clamp_(-weight_limit, weight_limit)
        if bias_limit is not None:
            _, even, odd = self.plain()
            self.even_biases.add_(even.clamp(-bias_limit, bias_limit) - even)
            self.odd_biases.add_(odd.clamp(-bias_limit, bias_limit) - odd)


def write_gradient(parameters: Parameters, data: Batch, model: Batch) -> None:
    """Write the gradient of the negative log-likelihood to `.grad`.

    For the log-likelihood L of the centred parameters

        dL/dW = <(y - lambda)(x - mu)ᵀ>_data - <(y - lambda)(x - mu)ᵀ>_model,
        dL/db = <x>_data - <x>_model,    dL/dc = <y>_data - <y>_model.

    `.grad` gets the negative, since optimisers descend.
    """
    pairs = zip(_moments(parameters, model), _moments(parameters, data), strict=True)
    gradient, even, odd = (of_model - of_data for of_model, of_data in pairs)
    parameters.weights.grad = (
        gradient if parameters.allowed is None else gradient * parameters.allowed
    )
    parameters.even_biases.grad = even
    parameters.odd_biases.grad = odd


def _moments(parameters: Parameters, batch: Batch) -> list[Tensor]:
    """Means over a batch of the centred products (odd, even), of even units and of odd units."""
    even, odd = batch.even, batch.odd
    if len(even) > _MOST_SINGLE_ROWS:
        even, odd = even.to(torch.float64), odd.to(torch.float64)
    product = (odd - parameters.odd_centre).T @ (even - parameters.even_centre) / len(even)
    return [mean.to(batch.even.dtype) for mean in (product, even.mean(0), odd.mean(0))]


def mean_of_rows(given: Tensor) -> Tensor:
    """Mean of given units (image, given) over many images, in double precision."""
    return given.mean(0, dtype=torch.float64).to(given.dtype)


class GivenUnits:
    """Fills both sides of a machine from visible and label units.

    Hidden units get their probabilities given the others: exactly with one hidden layer, otherwise
    by mean field, where each side is made consistent with the other in turn (Salakhutdinov and
    Hinton 2009, eq. 8).

    Parameters
    ----------
    layers : Layers
        Layers of the machine.
    n_iterations : int
        Number of iterations of mean field.
    hidden_mean : float
        Centre of hidden units.
    """

    def __init__(self, layers: Layers, n_iterations: int, hidden_mean: float = 0.5) -> None:
        even, odd = torch.from_numpy(layers.even), torch.from_numpy(layers.odd)
        self._even_place = torch.nonzero(even < layers.n_given)[:, 0]
        self._odd_place = torch.nonzero(odd < layers.n_given)[:, 0]
        self._even_data, self._odd_data = even[self._even_place], odd[self._odd_place]
        self._n_even, self._n_odd = len(even), len(odd)
        self._n_iterations, self._hidden_mean = n_iterations, hidden_mean

    def centres(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Centres of both sides: means of the data (unit,), and that of hidden units."""
        even, odd = (torch.full((n,), self._hidden_mean) for n in (self._n_even, self._n_odd))
        even[self._even_place], odd[self._odd_place] = mean[self._even_data], mean[self._odd_data]
        return even, odd

    def fill(self, parameters: Parameters, given: Tensor) -> Batch:
        """Both sides for visible and label units (batch, given)."""
        if len(self._even_place) == self._n_even:  # a restricted machine: all that is even is given
            return Batch(given, parameters.odd_probability(given))
        even = self._even(torch.full((len(given), self._n_even), 0.5), given)
        odd = self._odd(parameters.odd_probability(even), given)
        for _ in range(self._n_iterations - 1):
            even = self._even(parameters.even_probability(odd), given)
            odd = self._odd(parameters.odd_probability(even), given)
        return Batch(even, odd)

    def _even(self, probability: Tensor, given: Tensor) -> Tensor:
        probability[:, self._even_place] = given[:, self._even_data]
        return probability

    def _odd(self, probability: Tensor, given: Tensor) -> Tensor:
        if len(self._odd_place):
            probability[:, self._odd_place] = given[:, self._odd_data]
        return probability


class PersistentChains:
    """Chains of block Gibbs sampling that continue from update to update.

    Parameters
    ----------
    n_chains, n_odd : int
        Number of chains, and number of units of the odd side.
    generator : torch.Generator
        Source of all random numbers.
    n_steps : int
        Number of sweeps per update.
    """

    def __init__(self, n_chains: int, n_odd: int, generator: Generator, n_steps: int = 1) -> None:
        self._generator, self._n_steps = generator, n_steps
        self._odd = self._draw(torch.full((n_chains, n_odd), 0.5))

    def advance(self, parameters: Parameters) -> Batch:
        """Make the sweeps of an update and return the states."""
        for _ in range(self._n_steps):
            even = self._draw(parameters.even_probability(self._odd))
            probability = parameters.odd_probability(even)
            self._odd = self._draw(probability)
        return Batch(even, probability)

    def state(self) -> State:
        """Return the states of the odd units, which are all that the chains need."""
        return {"odd": self._odd}

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self._odd = state["odd"].clone()

    def _draw(self, probability: Tensor) -> Tensor:
        return draw_binary(probability, self._generator)


def draw_binary(probability: Tensor, generator: Generator) -> Tensor:
    """Draw 0 or 1 with the given probabilities of 1."""
    uniform = torch.rand(probability.shape, generator=generator)
    return (uniform < probability).to(probability.dtype)


def initial_parameters(
    given: Tensor, units: GivenUnits, allowed: Tensor | None, generator: Generator
) -> Parameters:
    """Make small random weights, and biases for the means of the data (image, given)."""
    even_mean, odd_mean = units.centres(mean_of_rows(given))
    weights = _INITIAL_WEIGHT * torch.randn(len(odd_mean), len(even_mean), generator=generator)
    even, odd = (
        torch.logit(mean.clamp(_INITIAL_MARGIN, 1 - _INITIAL_MARGIN))
        for mean in (even_mean, odd_mean)
    )
    return Parameters(weights, even, odd, even_mean, odd_mean, allowed)


def parameters_of(machine: BoltzmannMachine, layers: Layers, mean: Tensor) -> Parameters:
    """Parameters of a machine, centred at the means of the data (given,).

    Weights that are 0 stay 0.
    """
    even_centre, odd_centre = GivenUnits(layers, 1).centres(mean)
    weights, even, odd = (
        torch.tensor(values, dtype=torch.float32) for values in layers.sides(machine)
    )
    return Parameters(
        weights,
        even + odd_centre @ weights,
        odd + weights @ even_centre,
        even_centre,
        odd_centre,
        None if bool((weights != 0).all()) else (weights != 0).to(torch.float32),
    )
