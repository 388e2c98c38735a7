"""Surrogate derivatives of the step function, which says whether a neuron spikes.

A spike is the step function of x, the voltage above the threshold. Its derivative is zero wherever
it is defined, so nothing can be learned by it. A surrogate takes its place in the backward pass.
With the steepness b they are

    superspike         1 / (1 + b |x|)^2            integral 2 / b
    arctangent         1 / (1 + (b x)^2)            integral pi / b
    piecewise-linear   max(0, 1 - b |x|)            integral 1 / b
    sigmoid            4 s (1 - s)                  integral 4 / b,      s = 1 / (1 + exp(-b x))

so all are 1 at the threshold, as in the comparison of Zenke and Vogels.

References
----------
Neftci, Mostafa and Zenke, IEEE Signal Processing Magazine 36 (2019) 51; Zenke and Ganguli, Neural
Computation 30 (2018) 1514 (SuperSpike); Zenke and Vogels, Neural Computation 33 (2021) 899.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

from lasersampling.config import validated
from lasersampling.config.ranges import Scale

Kind = Literal["superspike", "arctangent", "piecewise-linear", "sigmoid"]

_AREAS = {"superspike": 2.0, "arctangent": math.pi, "piecewise-linear": 1.0, "sigmoid": 4.0}
"""Integrals for the steepness 1."""


@validated
class Surrogate:
    """A surrogate derivative of the step function.

    Attributes
    ----------
    kind : "superspike", "arctangent", "piecewise-linear" or "sigmoid"
        Its form.
    steepness : float
        How fast it falls with the distance of the voltage, times the leak conductance, from the
        threshold [1].

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.grid.surrogates import Surrogate
    >>> Surrogate("superspike", steepness=10.0).derivative(torch.tensor([0.0, 0.1]))
    tensor([1.0000, 0.2500])
    """

    kind: Kind = "superspike"
    steepness: Scale = 10.0

    @property
    def integral(self) -> float:
        """Integral of the derivative over all voltages [1]."""
        return _AREAS[self.kind] / self.steepness

    def derivative(self, x: Tensor) -> Tensor:
        """Return the derivative where the voltage is `x` above the threshold, 0 for -inf."""
        scaled = self.steepness * x
        if self.kind == "superspike":
            return scaled.abs_().add_(1.0).square_().reciprocal_()
        if self.kind == "arctangent":
            return scaled.square_().add_(1.0).reciprocal_()
        if self.kind == "piecewise-linear":
            return scaled.abs_().neg_().add_(1.0).clamp_min_(0.0)
        there = scaled.sigmoid_()
        return (1.0 - there).mul_(there).mul_(4.0)
