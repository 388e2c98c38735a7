"""What a chip does to a network: mismatch, noise of trials, coarse and bounded weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from lasersampling.checks import number_problems
from lasersampling.errors import InputError


@dataclass(frozen=True)
class Imperfections:
    """Imperfections of neurons, synapses and delays.

    Attributes
    ----------
    threshold_offset_mean, threshold_offset_std : float
        Offset of each neuron's threshold, drawn once [1].
    threshold_noise_std : float
        Offset of each neuron's threshold, drawn for each batch [1].
    delay_jitter_std : float
        Change of each delayed spike's delay [tau_syn].
    weight_step : float
        Weights are rounded to multiples of it; 0 leaves them [1].
    weight_limit : float
        Weights are clipped to +- this [1].

    Raises
    ------
    InputError
        With all problems found.
    """

    threshold_offset_mean: float = 0.0
    threshold_offset_std: float = 0.0
    threshold_noise_std: float = 0.0
    delay_jitter_std: float = 0.0
    weight_step: float = 0.0
    weight_limit: float = math.inf

    def __post_init__(self) -> None:
        problems = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "weight_limit" and value == math.inf:
                continue
            lowest = -math.inf if field.name == "threshold_offset_mean" else 0.0
            problems += number_problems(field.name, value, lowest, strict=math.isinf(lowest))
        if problems:
            raise InputError(problems)

    def realised(self, weights: Tensor) -> Tensor:
        """Round and clip weights; derivatives pass as if they were not."""
        if self.weight_step == 0.0 and self.weight_limit == math.inf:
            return weights
        with torch.no_grad():
            coarse = weights
            if self.weight_step > 0.0:
                coarse = torch.round(weights / self.weight_step) * self.weight_step
            change = coarse.clamp(-self.weight_limit, self.weight_limit) - weights
        return weights + change
