"""Interface between the training loop and a task.

A task owns parameters and data. It writes gradients into `.grad`, by autograd, from sampled moments
or in any other way; the loop does everything else. Quantities may be one number, or one for each
member of an ensemble that is trained as one computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import Parameter

State = Mapping[str, Any]
"""Nested mappings of tensors, arrays, numbers, text, flags, None and lists of these."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """A quantity and its uncertainty.

    Attributes
    ----------
    value : ndarray of float64, shape () or (member,)
        The quantity.
    standard_error : ndarray of float64, in the same shape
        Its standard error; 0 if it is exact, nan if it is unknown.
    """

    value: NDArray[np.float64]
    standard_error: NDArray[np.float64]

    @classmethod
    def of(cls, value: ArrayLike, standard_error: ArrayLike = 0.0) -> Measurement:
        """Make a measurement from numbers."""
        values = np.asarray(value, dtype=np.float64)
        errors = np.broadcast_to(np.asarray(standard_error, dtype=np.float64), values.shape)
        return cls(values, errors.copy())

    def mean(self) -> tuple[float, float]:
        """Return the mean over members and its standard error, members being independent."""
        n = max(1, self.value.size)
        error = float(np.sqrt((self.standard_error**2).sum())) / n
        return float(self.value.mean()), error


@dataclass(frozen=True, eq=False)
class Step:
    """Report of a task on one batch.

    Attributes
    ----------
    metrics : mapping of str to ndarray, each of shape () or (member,)
        Quantities whose mean over the epoch is recorded.
    held : Tensor of bool, shape (member,), optional
        Members that make no step with the optimiser, whatever their `.grad`.
    """

    metrics: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    held: Tensor | None = None


class Stateful(Protocol):
    """Something with a state, so that a training can be stopped and continued."""

    def state(self) -> State:
        """Return everything on which the next steps depend, to continue bit for bit."""
        ...

    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        ...


class Task(Stateful, Protocol):
    """Something to be learned; see the module's text. Its state leaves out the parameters."""

    @property
    def n_batches(self) -> int:
        """Number of batches in an epoch."""
        ...

    def named_parameters(self) -> Mapping[str, Parameter]:
        """Return the parameters that are learned."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """Prepare an epoch: shuffle, draw noise."""
        ...

    def write_gradients(self, batch: int) -> Step:
        """Write the gradients of one batch into `.grad`, which is None when this is called."""
        ...

    def finish_step(self) -> None:
        """Act after a step of the optimiser: clip parameters, advance averages."""
        ...

    def evaluate(self, epoch: int) -> Mapping[str, Measurement]:
        """Measure at the end of an epoch; may be empty, otherwise always with the same names."""
        ...
