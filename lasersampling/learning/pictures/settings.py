"""Settings of learning pictures: the images, the machine, and the learning.

`PictureUpdates` has the common settings of training without and with a sampler in the loop;
`PictureLearning` adds the machine and its persistent chains, `FineTuning` the use of the sampler.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch.optim import Optimizer

from lasersampling.boltzmann.connectivity import local_fields, random_fan_in
from lasersampling.config import Count, NonNegative, Positive, validated
from lasersampling.datasets.pictures import Binarise, Pictures
from lasersampling.datasets.sources import load_pictures, source_problems
from lasersampling.errors import InputError
from lasersampling.learning.descent import Descent, falling
from lasersampling.learning.pictures.centred import Parameters

Share = Annotated[float, Field(gt=0, le=1)]


@validated
class PictureSettings:
    """Settings of the images; see `datasets.load_pictures`.

    Attributes
    ----------
    source : str
        Name of a data set, or path.
    side : int or None
        Rows and columns to which images are scaled.
    binarise : "threshold", "drawn" or "none"
        Pixels are made 0 and 1, or stay grey and are drawn anew whenever an image is used.
    invert : bool
        Whether dark strokes on bright paper are inverted.
    test_fraction : float
        Fraction of the images that are held out.
    split_seed : int
        Seed of the split.
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
class PictureUpdates:
    """Common settings of learning pictures, with and without a sampler in the loop.

    Attributes
    ----------
    n_epochs, batch_size : int
        Number of passes through the images, and of images per update; an incomplete batch at the
        end of an epoch is dropped.
    n_chains : int
        Number of chains of the model half of the gradient, which continue from update to update.
    n_mean_field : int
        Iterations of mean field in the data half, for machines with several hidden layers.
    optimiser : "sgd" or "adam"
        Plain gradient descent, or Adam.
    learning_rate, final_learning_rate : float
        Learning rates in the first and the last epoch; the rate decreases exponentially [1].
    weight_decay : float
        Strength of the quadratic penalty on the weights [1].
    weight_limit, bias_limit : float or None
        Largest size of weights and biases, kept by clipping after every update [1].
    averaged_share : float
        The result is the mean of the parameters over this last fraction of the epochs, which
        removes the noise of the last steps [1].
    """

    n_epochs: Count = 600
    batch_size: Count = 200
    n_chains: Count = 200
    n_mean_field: Count = 10
    optimiser: Literal["sgd", "adam"] = "sgd"
    learning_rate: Positive = 0.2
    final_learning_rate: Positive = 0.02
    weight_decay: NonNegative = 3e-4
    weight_limit: Positive | None = None
    bias_limit: Positive | None = None
    averaged_share: Share = 0.2

    @property
    def first_averaged(self) -> int:
        """The first epoch, counted from 0, whose updates are averaged."""
        return min(int((1 - self.averaged_share) * self.n_epochs), self.n_epochs - 1)

    def descent(self, parameters: Parameters) -> Descent:
        """Make the optimiser, with decay of weights only, and the decrease of its rate."""
        biases = [parameters.even_biases, parameters.odd_biases]
        groups = [
            {"params": [parameters.weights], "weight_decay": self.weight_decay},
            {"params": biases, "weight_decay": 0.0},
        ]
        makers: dict[str, type[Optimizer]] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
        optimiser = makers[self.optimiser](groups, lr=self.learning_rate)  # type: ignore[call-arg]
        ratio = self.final_learning_rate / self.learning_rate
        return Descent(optimiser, falling(optimiser, ratio, self.n_epochs))


@validated
class PictureLearning(PictureUpdates):
    """Settings of a machine of pictures, and of its learning by persistent contrastive divergence.

    Attributes
    ----------
    n_hidden : int or tuple of int
        Number of hidden units, or those of each hidden layer from below.
    n_steps : int
        Sweeps of the persistent chains per update.
    hidden_mean : float
        Probability that a hidden unit is 1 before training, and its centre throughout. Below 1/2,
        hidden units become features of few images, and large machines mix faster [1].
    field_side : int or None
        Hidden units see a square patch of so many rows and columns.
    fan_in : int or None
        Hidden units see so many pixels, drawn at random.

    Raises
    ------
    InputError
        With all problems found, each with its key; also for both `field_side` and `fan_in`.

    Examples
    --------
    >>> from lasersampling.learning.pictures.settings import PictureLearning
    >>> PictureLearning(n_hidden=(60, 30)).hidden
    (60, 30)
    """

    n_hidden: Count | tuple[Count, ...] = 60
    n_steps: Count = 1
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
        """Numbers of units of the hidden layers."""
        return self.n_hidden if isinstance(self.n_hidden, tuple) else (self.n_hidden,)

    def connectivity(self, shape: tuple[int, int], seed: int) -> NDArray[np.bool_] | None:
        """Which weights exist between pixels and hidden units; None for all."""
        if self.field_side is not None:
            return local_fields(shape, self.hidden[0], self.field_side)
        if self.fan_in is not None:
            return random_fan_in(shape[0] * shape[1], self.hidden[0], self.fan_in, seed=seed)
        return None


@validated
class FineTuning(PictureUpdates):
    """Settings of further learning of a machine of pictures with a sampler in the loop.

    Attributes
    ----------
    n_draws : int
        Draws per chain and update, of either half of the gradient.
    both_halves : bool
        Whether the data half is sampled too, with a chain for each image of a batch.

    Raises
    ------
    InputError
        With all problems found, each with its key.

    Examples
    --------
    >>> from lasersampling.learning.pictures.settings import FineTuning
    >>> FineTuning(n_epochs=10, averaged_share=0.3).first_averaged
    7
    """

    n_epochs: Count = 20
    n_chains: Count = 64
    learning_rate: Positive = 0.02
    final_learning_rate: Positive = 0.005
    weight_decay: NonNegative = 0.0
    averaged_share: Share = 0.5
    n_draws: Count = 10
    both_halves: bool = False
