"""Means of parameters over the last steps, which are free of the noise that single steps leave.

References
----------
B. T. Polyak and A. B. Juditsky, SIAM J. Control Optim. 30 (1992) 838.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lasersampling.learning.task import State
from lasersampling.restoring import RETURNED, STATE, restoring


class ParameterMeans:
    """Running means of named tensors over the steps at which they were added."""

    def __init__(self) -> None:
        self._means: dict[str, Tensor] = {}
        self._count = 0

    @property
    def values(self) -> Mapping[str, Tensor]:
        """The means by name; empty before anything was added."""
        return self._means

    def add(self, named: Mapping[str, Tensor]) -> None:
        """Add the tensors as they are now."""
        self._count += 1
        for name, tensor in named.items():
            values = tensor.detach()
            mean = self._means.setdefault(name, torch.zeros_like(values))
            mean += (values - mean) / self._count

    def state(self) -> State:
        """Return the means and their number."""
        return {"means": self._means, "count": self._count}

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        self._means = {name: mean.clone() for name, mean in state["means"].items()}
        self._count = int(state["count"])
