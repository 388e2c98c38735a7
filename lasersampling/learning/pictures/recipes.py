"""Recipes for machines of pictures: the images, the machine, how it is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lasersampling.boltzmann.connectivity import local_fields, random_fan_in
from lasersampling.config import NonNegative, Positive, validated
from lasersampling.datasets.pictures import Binarise, Pictures
from lasersampling.datasets.sources import load_pictures, source_problems
from lasersampling.errors import InputError
from lasersampling.learning.loop import Checkpoints
from lasersampling.learning.pictures.persistent_cd import TrainedMachine, train
from lasersampling.learning.task import State

Count = Annotated[int, Field(ge=1)]


@validated
class PictureSettings:
    """Which images; see `datasets.load_pictures`.

    Attributes
    ----------
    source : str
        Name or place.
    side : int or None
        Rows and columns that images are brought to.
    binarise : "threshold", "drawn" or "none"
        Pixels made 0 and 1, or left grey and drawn anew whenever an image is used.
    invert : bool
        Dark strokes on bright paper.
    test_fraction : float
        Share of the images that are held out.
    split_seed : int
        Of the split.
    """

    source: str = "digits"
    side: Annotated[int, Field(ge=2)] | None = None
    binarise: Binarise = "threshold"
    invert: bool = False
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    split_seed: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        problems = source_problems(self.source, self.side)
        if problems:
            raise InputError(problems)

    def load(self) -> Pictures:
        """Load the images."""
        return load_pictures(
            self.source,
            side=self.side,
            binarise=self.binarise,
            invert=self.invert,
            test_fraction=self.test_fraction,
            seed=self.split_seed,
        )


@validated
class MachineTraining:
    """Training of a machine; see `learning.pictures.persistent_cd.train`.

    Attributes
    ----------
    n_hidden : int or tuple of int
        Hidden units, or those of each hidden layer from below.
    n_epochs, batch_size, n_chains, n_steps, n_mean_field : int
        Passes through the data, images per update, chains, sweeps per update, and iterations of
        mean field.
    learning_rate, final_learning_rate, weight_decay : float
        At the first and the last epoch; quadratic penalty [1].
    weight_limit, bias_limit : float or None
        Largest size of weights and biases [1].
    hidden_mean : float
        Probability that a hidden unit is 1 before training, and its centre throughout.
    field_side : int or None
        Hidden units see a square patch of that many rows and columns.
    fan_in : int or None
        Hidden units see that many pixels, drawn at random.
    """

    n_hidden: Count | tuple[Count, ...] = 60
    n_epochs: Count = 600
    batch_size: Count = 200
    learning_rate: Positive = 0.2
    final_learning_rate: Positive = 0.02
    n_chains: Count = 200
    n_steps: Count = 1
    n_mean_field: Count = 10
    weight_decay: NonNegative = 3e-4
    weight_limit: Positive | None = None
    bias_limit: Positive | None = None
    hidden_mean: Annotated[float, Field(gt=0, lt=1)] = 0.5
    field_side: Count | None = None
    fan_in: Count | None = None

    def __post_init__(self) -> None:
        if self.field_side is not None and self.fan_in is not None:
            raise InputError.single("fan_in", f"{self.fan_in} beside field_side", "one of the two")
        if self.n_hidden == ():
            raise InputError.single("n_hidden", "no layer", "units of at least one hidden layer")

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return self.n_hidden if isinstance(self.n_hidden, tuple) else (self.n_hidden,)

    def connectivity(self, shape: tuple[int, int], seed: int) -> NDArray[np.bool_] | None:
        """Which weights there are between pixels and hidden units; None for all."""
        if self.field_side is not None:
            return local_fields(shape, self.hidden[0], self.field_side)
        if self.fan_in is not None:
            return random_fan_in(shape[0] * shape[1], self.hidden[0], self.fan_in, seed=seed)
        return None


def train_on_pictures(
    pictures: Pictures,
    settings: MachineTraining,
    *,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
    resume: State | None = None,
) -> TrainedMachine:
    """Train a machine on the training part, with label units if there are labels.

    Parameters
    ----------
    pictures : Pictures
        The images.
    settings : MachineTraining
        The machine and its training.
    seed : int
        Of all random numbers.
    progress, checkpoints, resume
        See `learning.loop.train`.
    """
    options = asdict(settings)
    del options["field_side"], options["fan_in"], options["n_hidden"]
    return train(
        pictures.train_images,
        pictures.train_labels if pictures.n_classes else None,
        n_hidden=settings.hidden,
        n_classes=max(1, pictures.n_classes),
        connectivity=settings.connectivity(pictures.shape, seed),
        seed=seed,
        progress=progress,
        checkpoints=checkpoints,
        resume=resume,
        **options,
    )
