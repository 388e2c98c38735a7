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

from collections.abc import Callable, Mapping
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
from lasersampling.training.averaging import ParameterMeans
from lasersampling.training.centred import (
    Batch,
    Parameters,
    PersistentChains,
    draw_binary,
    write_gradient,
)
from lasersampling.training.loop import Checkpoints, History
from lasersampling.training.loop import train as run_loop
from lasersampling.training.task import Estimate, State, Step
from lasersampling.training.threads import one_thread

AVERAGED_SHARE = 0.2
"""Share of the updates, at the end, over which the parameters are averaged: it removes the noise
that the last steps leave."""

_PLAIN = ("weights", "outer_biases", "hidden_biases")

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
    history : History
        "mean_error" and "moment_error", the rms difference between batch and chains of the outer
        units' means and of the centred products <h v>; "weight_rms" and "largest_weight".
    """

    machine: RestrictedMachine
    history: History


class ImageTask:
    """The task (`task.Task`) of learning images by persistent contrastive divergence.

    Parameters
    ----------
    outer : Tensor, shape (image, outer)
        Values in [0, 1] of pixel and label units.
    parameters : Parameters
        What is learned.
    generator : torch.Generator
        Of all random numbers.
    n_chains, n_steps, batch_size : int
        See `train`.
    first_averaged : int
        First epoch whose updates are averaged over.
    weight_limit, bias_limit : float or None
        See `train`.
    """

    def __init__(
        self,
        outer: Tensor,
        parameters: Parameters,
        generator: torch.Generator,
        *,
        n_chains: int,
        n_steps: int,
        batch_size: int,
        first_averaged: int,
        weight_limit: float | None,
        bias_limit: float | None,
    ) -> None:
        self.parameters = parameters
        self._outer, self._generator = outer, generator
        self._is_binary = bool(((outer == 0) | (outer == 1)).all())
        self._chains = PersistentChains(n_chains, len(parameters.hidden_biases), generator)
        self._n_steps, self._size = n_steps, min(batch_size, len(outer))
        self._first_averaged, self._is_averaging = first_averaged, False
        self._limits = weight_limit, bias_limit
        self._order = torch.empty(0)
        self._averages = ParameterMeans()

    @property
    def n_batches(self) -> int:
        """Batches in an epoch; what is left over is dropped."""
        return len(self._outer) // self._size

    def named_parameters(self) -> Mapping[str, Parameter]:
        """Return weights and biases."""
        return self.parameters.named()

    def begin_epoch(self, epoch: int) -> None:
        """Shuffle the images."""
        self._order = torch.randperm(len(self._outer), generator=self._generator)
        self._is_averaging = epoch >= self._first_averaged

    def write_gradients(self, batch: int) -> Step:
        """Compare a batch with where the chains are after some sweeps."""
        parameters = self.parameters
        with torch.no_grad():
            outer = self._outer[self._order[batch * self._size : (batch + 1) * self._size]]
            if not self._is_binary:
                outer = draw_binary(outer, self._generator)
            data = Batch(outer, parameters.hidden_probability(outer))
            model = self._chains.advance(parameters, self._n_steps)
            write_gradient(parameters, data, model)
        return Step(
            {
                "mean_error": _rms(parameters.outer_biases.grad),
                "moment_error": _rms(parameters.weights.grad),
            }
        )

    def finish_step(self) -> None:
        """Clip, and add to the averages in the last epochs."""
        with torch.no_grad():
            self.parameters.limit(*self._limits)
            if self._is_averaging:
                plain = [values.to(torch.float64) for values in self.parameters.plain()]
                self._averages.add(dict(zip(_PLAIN, plain, strict=True)))

    def evaluate(self, epoch: int) -> Mapping[str, Estimate]:
        """Give the size of the weights."""
        weights = self.parameters.weights
        return {
            "weight_rms": Estimate.of(_rms(weights)),
            "largest_weight": Estimate.of(weights.abs().max().item()),
        }

    def machine(self, n_label: int) -> RestrictedMachine:
        """Return the machine of the averages."""
        weights, outer, hidden = (self._averages.values[name].numpy() for name in _PLAIN)
        return RestrictedMachine(weights, outer, hidden, n_label)

    def state(self) -> State:
        """Return the states of generator, chains and averages."""
        return {
            "generator": self._generator.get_state(),
            "hidden": self._chains.hidden,
            "averages": self._averages.state(),
        }

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        self._generator.set_state(state["generator"].clone())  # torch misreads views
        self._chains.hidden = state["hidden"].clone()
        self._averages.set_state(state["averages"])


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
    checkpoints: Checkpoints | None = None,
    resume: State | None = None,
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
    progress, checkpoints, resume
        See `loop.train`.

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
        task = ImageTask(
            outer, parameters, generator, n_chains=n_chains, n_steps=n_steps, batch_size=batch_size,
            first_averaged=int((1 - AVERAGED_SHARE) * n_epochs), weight_limit=weight_limit,
            bias_limit=bias_limit,
        )  # fmt: skip
    biases = [parameters.outer_biases, parameters.hidden_biases]
    groups = [
        {"params": [parameters.weights], "weight_decay": weight_decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    descent = optimiser(groups, lr=learning_rate)
    decline = (final_learning_rate / learning_rate) ** (1 / max(1, n_epochs - 1))
    history = run_loop(
        task,
        descent,
        n_epochs=n_epochs,
        scheduler=torch.optim.lr_scheduler.ExponentialLR(descent, gamma=decline),
        progress=progress,
        checkpoints=checkpoints,
        resume=resume,
    )
    return TrainedMachine(task.machine(n_label), history)


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


def _rms(values: Tensor | None) -> NDArray[np.float64]:
    assert values is not None
    return np.array(values.square().mean().sqrt().item())
