"""Persistent contrastive divergence: training a restricted machine on images.

The log-likelihood of a restricted machine has the gradient <h v> of the data minus <h v> of the
machine. The second is estimated from chains of block Gibbs sampling that go on from update to
update (Tieleman 2008). Gradients go to `.grad` of torch parameters, so that any torch optimiser
can be used.

References
----------
Tieleman, ICML (2008) 1064: persistent chains.
Swersky et al., Information Theory and Applications Workshop (2010): averaged parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from lasersampling.boltzmann.restricted import RestrictedMachine
from lasersampling.checks import integer_problems, number_problems
from lasersampling.datasets.digits import N_CLASSES, label_units
from lasersampling.errors import InputError
from lasersampling.training.threads import one_thread

AVERAGED_SHARE = 0.2
"""Share of the updates, at the end, over which the parameters are averaged: it removes the noise
that the last steps leave."""

_INITIAL_WEIGHT = 0.01
"""Standard deviation of the initial weights."""

_INITIAL_MARGIN = 0.02
"""Initial outer biases are the log odds of the data, with probabilities kept this far from 0 and 1:
a pixel that is never set would otherwise start at minus infinity."""


@dataclass(frozen=True, eq=False)
class TrainedMachine:
    """A trained machine and how it came about.

    Attributes
    ----------
    machine : RestrictedMachine
        Parameters averaged over the last fifth of the updates.
    history : dict of str to ndarray, each of shape (epoch,)
        "epoch"; "learning_rate"; "mean_error" and "moment_error", the rms difference between batch
        and chains of the outer units' means and of the centred products <h v>;
        "weight_rms" and "largest_weight".
    """

    machine: RestrictedMachine
    history: dict[str, NDArray[np.float64]]


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

    def all(self) -> tuple[Parameter, Parameter, Parameter]:
        """Weights, outer biases, hidden biases."""
        return self.weights, self.outer_biases, self.hidden_biases

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

    def _draw(self, probability: Tensor) -> Tensor:
        return draw_binary(probability, self._generator)


def draw_binary(probability: Tensor, generator: torch.Generator) -> Tensor:
    """Draw 0 or 1 with the given probabilities of 1."""
    uniform = torch.rand(probability.shape, generator=generator)
    return (uniform < probability).to(probability.dtype)


def train(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    n_hidden: int,
    n_epochs: int,
    n_classes: int = N_CLASSES,
    batch_size: int = 200,
    learning_rate: float = 0.2,
    final_learning_rate: float = 0.02,
    n_chains: int = 200,
    n_steps: int = 1,
    weight_decay: float = 3e-4,
    weight_limit: float | None = None,
    bias_limit: float | None = None,
    optimiser: Callable[..., Optimizer] = torch.optim.SGD,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> TrainedMachine:
    """Train a restricted machine by persistent contrastive divergence.

    Parameters
    ----------
    images : array_like, shape (image, pixel)
        Values in [0, 1]; those between are the probability of being drawn as 1.
    labels : array_like of int, shape (image,), optional
        Classes from 0; each becomes a label unit.
    n_hidden, n_epochs : int
        Hidden units; passes through the data.
    n_classes : int
        Label units, if there are labels.
    batch_size : int
        Images per update; what is left over at the end of an epoch is dropped.
    learning_rate, final_learning_rate : float
        At the first and the last epoch; it falls exponentially.
    n_chains, n_steps : int
        Persistent chains, and their sweeps per update.
    weight_decay : float
        Strength of the quadratic penalty on the weights.
    weight_limit, bias_limit : float, optional
        Largest size of weights and biases, kept by clipping after every update.
    optimiser : callable
        `optimiser(parameter_groups, lr=learning_rate)` gives a torch optimiser.
    seed : int
        The same seed gives the same bits, whatever the number of threads.
    progress : callable, optional
        Called with the fraction of the work done after every epoch.

    Returns
    -------
    TrainedMachine

    Raises
    ------
    InputError
        With all problems found.
    """
    problems = [
        *integer_problems("n_hidden", n_hidden, 1),
        *integer_problems("n_epochs", n_epochs, 1),
        *integer_problems("batch_size", batch_size, 1),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("n_steps", n_steps, 1),
        *integer_problems("seed", seed, 0),
        *number_problems("learning_rate", learning_rate, 0, strict=True),
        *number_problems("final_learning_rate", final_learning_rate, 0, strict=True),
        *number_problems("weight_decay", weight_decay, 0, strict=False),
    ]
    for name, limit in (("weight_limit", weight_limit), ("bias_limit", bias_limit)):
        if limit is not None:
            problems += number_problems(name, limit, 0, strict=True)
    if problems:
        raise InputError(problems)
    outer, n_label = _outer_units(images, labels, n_classes)

    with one_thread(), torch.no_grad():
        # Through SeedSequence, since torch takes no seed of more than 64 bits.
        word = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(word))
        parameters = _initial_parameters(outer, n_hidden, generator)
        chains = PersistentChains(n_chains, n_hidden, generator)
        weights, *biases = parameters.all()
        groups = [
            {"params": [weights], "weight_decay": weight_decay},
            {"params": biases, "weight_decay": 0.0},
        ]
        descent = optimiser(groups, lr=learning_rate)
        decline = (final_learning_rate / learning_rate) ** (1 / max(1, n_epochs - 1))
        schedule = torch.optim.lr_scheduler.ExponentialLR(descent, gamma=decline)
        average = _RunningMean()
        records: list[dict[str, float]] = []
        for epoch in range(n_epochs):
            errors = []
            for batch in _batches(outer, batch_size, generator):
                data = Batch(batch, parameters.hidden_probability(batch))
                model = chains.advance(parameters, n_steps)
                write_gradient(parameters, data, model)
                descent.step()
                parameters.limit(weight_limit, bias_limit)
                errors.append(_errors(parameters))
                if epoch >= int((1 - AVERAGED_SHARE) * n_epochs):
                    average.add(parameters)
            rate = float(schedule.get_last_lr()[0])
            records.append(_record(epoch, rate, errors, parameters))
            schedule.step()
            if progress is not None:
                progress((epoch + 1) / n_epochs)
        trained = average.machine(n_label)
    history = {name: np.array([record[name] for record in records]) for name in records[0]}
    return TrainedMachine(trained, history)


class _RunningMean:
    """Mean of the parameters over the updates at which they were added."""

    def __init__(self) -> None:
        self._sums: list[Tensor] = []
        self._count = 0

    def add(self, parameters: Parameters) -> None:
        values = [parameter.to(torch.float64) for parameter in parameters.plain()]
        self._sums = (
            [total + value for total, value in zip(self._sums, values, strict=True)]
            if self._sums
            else values
        )
        self._count += 1

    def machine(self, n_label: int) -> RestrictedMachine:
        weights, outer, hidden = ((total / self._count).numpy() for total in self._sums)
        return RestrictedMachine(weights, outer, hidden, n_label)


def _outer_units(images: ArrayLike, labels: ArrayLike | None, n_classes: int) -> tuple[Tensor, int]:
    pixels = np.asarray(images, dtype=np.float64)
    if pixels.ndim != 2 or pixels.size == 0:
        raise InputError.single("images", f"shape {pixels.shape}", "shape (image, pixel)")
    # Written so that a nan fails it too.
    if not ((pixels >= 0) & (pixels <= 1)).all():
        raise InputError.single("images", "values outside [0, 1]", "values in [0, 1]")
    if labels is None:
        return torch.tensor(pixels, dtype=torch.float32), 0
    units = label_units(labels, n_classes)
    if units.shape != (len(pixels), n_classes):
        expected = f"({len(pixels)},), one for each image"
        raise InputError.single("labels", f"shape {units.shape[:-1]}", expected)
    return torch.tensor(np.hstack([pixels, units]), dtype=torch.float32), n_classes


def _initial_parameters(outer: Tensor, n_hidden: int, generator: torch.Generator) -> Parameters:
    mean = outer.mean(0)
    weights = _INITIAL_WEIGHT * torch.randn(n_hidden, len(mean), generator=generator)
    biases = torch.logit(mean.clamp(_INITIAL_MARGIN, 1 - _INITIAL_MARGIN))
    return Parameters(weights, biases, torch.zeros(n_hidden), mean)


def _batches(outer: Tensor, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    size = min(batch_size, len(outer))
    binary = bool(((outer == 0) | (outer == 1)).all())
    order = torch.randperm(len(outer), generator=generator)
    for start in range(0, len(outer) - size + 1, size):
        batch = outer[order[start : start + size]]
        yield batch if binary else draw_binary(batch, generator)


def _errors(parameters: Parameters) -> tuple[float, float]:
    gradients = parameters.outer_biases.grad, parameters.weights.grad
    mean_error, moment_error = (
        0.0 if gradient is None else gradient.square().mean().sqrt().item()
        for gradient in gradients
    )
    return mean_error, moment_error


def _record(
    epoch: int, learning_rate: float, errors: list[tuple[float, float]], parameters: Parameters
) -> dict[str, float]:
    mean_error, moment_error = np.mean(errors, axis=0)
    weights = parameters.weights
    return {
        "epoch": epoch,
        "learning_rate": learning_rate,
        "mean_error": mean_error,
        "moment_error": moment_error,
        "weight_rms": weights.square().mean().sqrt().item(),
        "largest_weight": weights.abs().max().item(),
    }
