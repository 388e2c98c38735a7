"""Stopping when a quantity no longer improves beyond the noise with which it is known."""

from __future__ import annotations

import math

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError
from lasersampling.learning.task import Measurement, State
from lasersampling.restoring import RETURNED, STATE, restoring


class Plateau:
    """Stops after `patience` measurements without a significant improvement.

    An improvement is significant if it exceeds `significance` standard errors of the difference
    from the best value before. This best value is kept until then, so that slow progress adds up
    and is seen, while the luckiest of many noisy values does not become the reference.

    Parameters
    ----------
    metric : str
        Name of the quantity; its mean over members counts.
    patience : int
        Number of measurements to wait.
    significance : float
        Standard errors by which an improvement has to exceed zero [1].
    larger_is_better : bool
        Whether the quantity should increase.
    """

    def __init__(
        self,
        metric: str,
        patience: int,
        *,
        significance: float = 1.0,
        larger_is_better: bool = False,
    ) -> None:
        problems = [
            *integer_problems("patience", patience, 1),
            *number_problems("significance", significance, 0, strict=False),
        ]
        if problems:
            raise InputError(problems)
        self.metric = metric
        self._patience = patience
        self._significance = significance
        self._sign = -1.0 if larger_is_better else 1.0
        self._best, self._best_error, self._waited = math.inf, 0.0, 0

    def should_stop(self, estimate: Measurement) -> bool:
        """Record a measurement, and say whether to stop."""
        value, error = estimate.mean()
        value *= self._sign
        error = 0.0 if math.isnan(error) else error  # unknown; no margin can be asked for
        margin = self._significance * math.hypot(error, self._best_error)
        if value < self._best - margin:
            self._best, self._best_error, self._waited = value, error, 0
        else:
            self._waited += 1
        return self._waited >= self._patience

    def state(self) -> State:
        """Return the measurements so far."""
        return {"best": self._best, "error": self._best_error, "waited": self._waited}

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self._best, self._best_error = float(state["best"]), float(state["error"])
        self._waited = int(state["waited"])
