"""How parameters follow their gradients: any optimiser of torch, with its schedule and limit."""

from __future__ import annotations

from dataclasses import dataclass

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ExponentialLR, LRScheduler

from lasersampling.checks import number_problems
from lasersampling.errors import InputError


@dataclass(frozen=True, eq=False)
class Descent:
    """An optimiser and how it is used.

    Attributes
    ----------
    optimiser : Optimizer
        Any of torch's, made of parameters of a task. Parameters that it does not have stay as they
        are.
    scheduler : LRScheduler or None
        Any of torch's that is advanced by ``step()`` after each epoch.
    gradient_limit : float or None
        Largest size of each entry of a gradient; larger ones are clipped [1].

    Raises
    ------
    InputError
        For a limit that is not a finite number above 0.
    """

    optimiser: Optimizer
    scheduler: LRScheduler | None = None
    gradient_limit: float | None = None

    def __post_init__(self) -> None:
        if self.gradient_limit is None:
            return
        problems = number_problems("gradient_limit", self.gradient_limit, 0, strict=True)
        if problems:
            raise InputError(problems)


def falling(optimiser: Optimizer, last_over_first: float, n_epochs: int) -> ExponentialLR:
    """Make a scheduler that lets learning rates fall exponentially.

    Parameters
    ----------
    optimiser : Optimizer
        Optimiser with the rates of the first epoch.
    last_over_first : float
        Learning rate at the last epoch over that at the first [1].
    n_epochs : int
        Epochs, after each of which the scheduler is advanced.
    """
    return ExponentialLR(optimiser, last_over_first ** (1 / max(1, n_epochs - 1)))
