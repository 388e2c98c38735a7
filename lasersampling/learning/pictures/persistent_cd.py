"""Persistent contrastive divergence: training restricted and deep machines on images.

The log-likelihood of a machine has the gradient <z z'> of the data minus <z z'> of the machine.
Hidden units of the first are exact with one hidden layer and by mean field with more; the second is
estimated from chains of block Gibbs sampling that go on from update to update (Tieleman 2008), or
from any sampler (`learning.pictures.in_the_loop`). Gradients go to `.grad` of torch parameters, so
that any torch optimiser can be used.

References
----------
Tieleman, ICML (2008) 1064: persistent chains.
Salakhutdinov and Hinton, AISTATS (2009) 448: the same for deep machines, with mean field.
Swersky et al., Information Theory and Applications Workshop (2010): averaged parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.optim import Optimizer

from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.checks import integer_problems, memory_problems, number_problems
from lasersampling.datasets.digits import N_CLASSES
from lasersampling.errors import InputError, Problem
from lasersampling.learning.loop import Checkpoints, History
from lasersampling.learning.loop import train as run_loop
from lasersampling.learning.pictures.centred import (
    GivenUnits,
    Parameters,
    PersistentChains,
    initial_parameters,
)
from lasersampling.learning.pictures.task import ImageTask, given_units
from lasersampling.learning.task import State
from lasersampling.learning.threads import one_thread

AVERAGED_SHARE = 0.2
"""Share of the updates, at the end, over which the parameters are averaged: it removes the noise
that the last steps leave."""


@dataclass(frozen=True, eq=False)
class TrainedMachine:
    """A trained machine and how it came about.

    Attributes
    ----------
    machine : BoltzmannMachine
        Layered (`boltzmann.layers`), its parameters averaged over the last fifth of the updates.
    layers : Layers
        Its layers.
    history : History
        "mean_error" and "moment_error", the rms difference between batch and chains of the means
        of visible units (and all others of the even layers) and of the centred products <z z'>;
        "weight_rms" and "largest_weight".
    """

    machine: BoltzmannMachine
    layers: Layers
    history: History


def train(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    n_hidden: int | Sequence[int],
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
    connectivity: ArrayLike | None = None,
    n_mean_field: int = 10,
    hidden_mean: float = 0.5,
    optimiser: Callable[..., Optimizer] = torch.optim.SGD,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
    resume: State | None = None,
) -> TrainedMachine:
    """Train a restricted or deep machine by persistent contrastive divergence.

    Parameters
    ----------
    images : array_like, shape (image, pixel)
        Values in [0, 1]; those between are the probability of being drawn as 1.
    labels : array_like of int, shape (image,), optional
        Classes from 0; each becomes a label unit.
    n_hidden : int or sequence of int
        Hidden units, or those of each hidden layer from below.
    n_epochs : int
        Passes through the data.
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
    connectivity : array_like of bool, shape (first hidden layer, pixel), optional
        Which weights there are between pixels and hidden units, such as `boltzmann.local_fields`
        gives them; all by default. The others are 0 exactly.
    n_mean_field : int
        Iterations of mean field in the data half of machines with several hidden layers.
    hidden_mean : float
        Probability that a hidden unit is 1 before training, and its centre throughout. Below 1/2,
        hidden units become features that few images have, and large machines mix faster.
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
    hidden = tuple(n_hidden) if isinstance(n_hidden, Sequence) else (n_hidden,)
    problems = [
        *(problem for size in hidden for problem in integer_problems("n_hidden", size, 1)),
        *integer_problems("n_epochs", n_epochs, 1),
        *integer_problems("batch_size", batch_size, 1),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("n_steps", n_steps, 1),
        *integer_problems("n_mean_field", n_mean_field, 1),
        *integer_problems("seed", seed, 0),
        *number_problems("learning_rate", learning_rate, 0, strict=True),
        *number_problems("final_learning_rate", final_learning_rate, 0, strict=True),
        *number_problems("weight_decay", weight_decay, 0, strict=False),
    ]
    if not 0.0 < hidden_mean < 1.0:
        problems.append(Problem("hidden_mean", repr(hidden_mean), "between 0 and 1"))
    for name, limit in (("weight_limit", weight_limit), ("bias_limit", bias_limit)):
        if limit is not None:
            problems += number_problems(name, limit, 0, strict=True)
    if problems:
        raise InputError(problems)
    given, n_label = given_units(images, labels, n_classes)
    n_units = given.shape[1] + sum(hidden)
    # Weights, their gradients, averages and what the optimiser keeps.
    problems = memory_problems("n_hidden", (sum(hidden), n_units), 32)
    problems += memory_problems("n_chains", (n_chains, n_units), 16)
    if problems:
        raise InputError(problems)
    layers = Layers(given.shape[1] - n_label, hidden, n_label)
    allowed = torch.from_numpy(layers.connectivity(connectivity)).to(torch.float32)

    with one_thread(), torch.no_grad():
        generator = seeded(seed)
        units = GivenUnits(layers, n_mean_field, hidden_mean)
        # Products with ones everywhere are left out.
        parameters = initial_parameters(
            given, units, None if bool(allowed.all()) else allowed, generator
        )
        chains = PersistentChains(n_chains, len(layers.odd), generator, n_steps)
        task = ImageTask(
            given, parameters, units, chains, generator, batch_size=batch_size,
            first_averaged=int((1 - AVERAGED_SHARE) * n_epochs), weight_limit=weight_limit,
            bias_limit=bias_limit,
        )  # fmt: skip
    descent = descent_of(parameters, optimiser, learning_rate, weight_decay)
    history = descend(
        task, descent, n_epochs, final_learning_rate / learning_rate,
        progress=progress, checkpoints=checkpoints, resume=resume,
    )  # fmt: skip
    return TrainedMachine(task.machine(layers), layers, history)


def descend(
    task: ImageTask,
    descent: Optimizer,
    n_epochs: int,
    last_over_first_rate: float,
    *,
    progress: Callable[[float], None] | None,
    checkpoints: Checkpoints | None,
    resume: State | None,
) -> History:
    """Train a task with rates that fall exponentially.

    Parameters
    ----------
    task : ImageTask
        What is learned.
    descent : Optimizer
        With the rates of the first epoch.
    n_epochs : int
        Passes through the data.
    last_over_first_rate : float
        Learning rate at the last epoch over that at the first [1].
    progress, checkpoints, resume
        See `loop.train`.
    """
    decline = last_over_first_rate ** (1 / max(1, n_epochs - 1))
    return run_loop(
        task,
        descent,
        n_epochs=n_epochs,
        scheduler=torch.optim.lr_scheduler.ExponentialLR(descent, gamma=decline),
        progress=progress,
        checkpoints=checkpoints,
        resume=resume,
    )


def seeded(seed: int) -> torch.Generator:
    """Return a generator for any seed; through SeedSequence, since torch's have 64 bits."""
    word = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(word))


def descent_of(
    parameters: Parameters,
    optimiser: Callable[..., Optimizer],
    learning_rate: float,
    weight_decay: float,
) -> Optimizer:
    """Make the optimiser; decay acts on weights only."""
    biases = [parameters.even_biases, parameters.odd_biases]
    groups = [
        {"params": [parameters.weights], "weight_decay": weight_decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    return optimiser(groups, lr=learning_rate)
