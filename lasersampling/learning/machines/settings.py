"""Settings of learning a distribution, as one validated object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch.nn import Parameter
from torch.optim import Optimizer

from lasersampling.config import Count, NonNegative, Positive, Probability, validated
from lasersampling.learning.descent import Descent, falling
from lasersampling.learning.early_stopping import Plateau


@validated
class DistributionLearning:
    """Settings of learning a distribution.

    Attributes
    ----------
    gradient : "exact", "cd", "pcd", "wake-sleep" or "reweighted"
        See `learning.machines.phases`.
    n_updates : int
        Number of steps of the optimiser, rounded up to whole epochs.
    updates_per_epoch : int
        Updates between measurements and checkpoints; all if there are fewer.
    n_chains, n_draws : int
        Chains, and draws per chain and update, of each half that is sampled.
    optimiser : "sgd" or "adam"
        Plain gradient descent, or Adam.
    learning_rate, final_learning_rate : float
        Learning rates in the first and the last epoch; the rate decreases exponentially [1].
    momentum : float
        Momentum of plain gradient descent, and beta_1 of Adam; below 1 [1].
    weight_decay : float
        Strength of the quadratic penalty on the couplings [1].
    sparsity, sparsity_strength : float
        Mean activity towards which hidden units are drawn, and the strength of this penalty [1].
    weight_limit, bias_limit : float or None
        Largest size of weights and biases, kept by clipping after every update [1].
    averaged_share : float
        The result is the mean of the parameters over this last fraction of the updates, which
        removes the noise of single updates [1].
    patience : int
        Number of epochs without significant improvement after which learning stops; 0 for never.

    Raises
    ------
    InputError
        With all problems found, each with its key.

    Examples
    --------
    >>> from lasersampling.learning.machines.settings import DistributionLearning
    >>> DistributionLearning(n_updates=95, updates_per_epoch=10).n_epochs
    10
    """

    gradient: Literal["exact", "cd", "pcd", "wake-sleep", "reweighted"] = "wake-sleep"
    n_updates: Count = 200
    updates_per_epoch: Count = 10
    n_chains: Annotated[int, Field(ge=2)] = 64
    n_draws: Count = 128
    optimiser: Literal["sgd", "adam"] = "sgd"
    learning_rate: Positive = 1.0
    final_learning_rate: Positive = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 0.0
    sparsity: Probability = 0.5
    sparsity_strength: NonNegative = 0.0
    weight_limit: Positive | None = None
    bias_limit: Positive | None = None
    averaged_share: Probability = 0.5
    patience: Annotated[int, Field(ge=0)] = 0

    @property
    def epoch_length(self) -> int:
        """Number of updates in an epoch."""
        return min(self.updates_per_epoch, self.n_updates)

    @property
    def n_epochs(self) -> int:
        """Number of epochs."""
        return -(-self.n_updates // self.epoch_length)

    def descent(self, parameters: Iterable[Parameter]) -> Descent:
        """Make the optimiser of these parameters, and the exponential decrease of its rate."""
        chosen, rate = list(parameters), self.learning_rate
        optimiser: Optimizer
        if self.optimiser == "adam":
            optimiser = torch.optim.Adam(chosen, lr=rate, betas=(self.momentum, 0.999))
        else:
            optimiser = torch.optim.SGD(chosen, lr=rate, momentum=self.momentum)
        ratio = self.final_learning_rate / self.learning_rate
        return Descent(optimiser, falling(optimiser, ratio, self.n_epochs))

    def stopping(self) -> Plateau | None:
        """Criterion for stopping before the last epoch; None for never."""
        return Plateau("total_variation", self.patience) if self.patience else None
