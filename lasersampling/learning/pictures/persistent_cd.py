"""Persistent contrastive divergence: training restricted and deep machines on images.

The log-likelihood of a machine has the gradient <z z'> of the data minus <z z'> of the machine.
Hidden units of the data half are exact with one hidden layer and by mean field with more; the model
half is estimated from chains of block Gibbs sampling that continue from update to update (Tieleman
2008), or from any sampler (`learning.pictures.in_the_loop`).

References
----------
Tieleman, ICML (2008) 1064: persistent chains.
Salakhutdinov and Hinton, AISTATS (2009) 448: the same for deep machines, with mean field.
Swersky et al., Information Theory and Applications Workshop (2010): averaged parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.checks import integer_problems, kind_problems, memory_problems, refuse
from lasersampling.datasets.digits import N_CLASSES
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.history import History
from lasersampling.learning.loop import train as run_loop
from lasersampling.learning.pictures.centred import (
    GivenUnits,
    PersistentChains,
    initial_parameters,
)
from lasersampling.learning.pictures.settings import PictureLearning, PictureUpdates
from lasersampling.learning.pictures.task import ImageTask, given_units
from lasersampling.learning.threads import one_thread


@dataclass(frozen=True, eq=False)
class TrainedMachine:
    """A trained machine, and the record of its training.

    Attributes
    ----------
    machine : BoltzmannMachine
        A layered machine (`boltzmann.layers`), with parameters averaged over the last epochs.
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
    labels: ArrayLike | None,
    settings: PictureLearning,
    *,
    n_classes: int = N_CLASSES,
    connectivity: ArrayLike | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedMachine:
    """Train a restricted or deep machine by persistent contrastive divergence.

    Parameters
    ----------
    images : array_like, shape (image, pixel)
        Values in [0, 1]; intermediate values are the probability of being drawn as 1.
    labels : array_like of int, shape (image,), or None
        Classes from 0; each becomes a label unit.
    settings : PictureLearning
        Settings of the machine and of its learning.
    n_classes : int
        Number of label units, if there are labels.
    connectivity : array_like of bool, shape (first hidden layer, pixel), optional
        Which weights exist between pixels and hidden units, such as `settings.connectivity` gives
        them; all by default. The others are exactly 0.
    seed : int
        The same seed gives the same bits, whatever the number of threads.
    progress, checkpoints
        See `loop.train`.

    Returns
    -------
    TrainedMachine

    Raises
    ------
    InputError
        For images or labels that do not fit, and for machines larger than the memory.
    """
    refuse(
        kind_problems("settings", settings, PictureLearning),
        integer_problems("seed", seed, 0),
    )
    hidden = settings.hidden
    given, n_label = given_units(images, labels, n_classes)
    n_units = given.shape[1] + sum(hidden)
    # Weights, their gradients, averages and the moments of the optimiser.
    problems = memory_problems("n_hidden", (sum(hidden), n_units), 32)
    problems += memory_problems("n_chains", (settings.n_chains, n_units), 16)
    if problems:
        raise InputError(problems)
    layers = Layers(given.shape[1] - n_label, hidden, n_label)
    allowed = torch.from_numpy(layers.connectivity(connectivity)).to(torch.float32)

    with one_thread(), torch.no_grad():
        generator = seeded(seed)
        units = GivenUnits(layers, settings.n_mean_field, settings.hidden_mean)
        # Products with ones everywhere are left out.
        parameters = initial_parameters(
            given, units, None if bool(allowed.all()) else allowed, generator
        )
        chains = PersistentChains(settings.n_chains, len(layers.odd), generator, settings.n_steps)
        task = ImageTask(given, parameters, units, chains, generator, settings)
    return trained(task, layers, settings, progress, checkpoints)


def trained(
    task: ImageTask,
    layers: Layers,
    settings: PictureUpdates,
    progress: Callable[[float], None] | None,
    checkpoints: Checkpoints | None,
) -> TrainedMachine:
    """Run the loop on a task of pictures, as its settings say, and give the averaged machine.

    Parameters
    ----------
    task : ImageTask
        The task to be learned.
    layers : Layers
        Layers of the machine.
    settings : PictureUpdates
        Epochs and descent.
    progress, checkpoints
        See `loop.train`.
    """
    history = run_loop(
        task,
        settings.descent(task.parameters),
        n_epochs=settings.n_epochs,
        progress=progress,
        checkpoints=checkpoints,
    )
    return TrainedMachine(task.machine(layers), layers, history)


def seeded(seed: int) -> torch.Generator:
    """Return a generator for any seed; through SeedSequence, since torch's seeds have 64 bits."""
    word = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(word))
