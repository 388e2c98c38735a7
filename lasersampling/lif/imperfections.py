"""What a chip does to a network: mismatch, noise of trials, coarse and bounded weights."""

from __future__ import annotations

import torch
from torch import Tensor

from lasersampling.config import NonNegative, Positive, validated


@validated
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
    weight_limit : float or None
        Weights are clipped to +- this [1].

    Raises
    ------
    InputError
        With all problems found.
    """

    threshold_offset_mean: float = 0.0
    threshold_offset_std: NonNegative = 0.0
    threshold_noise_std: NonNegative = 0.0
    delay_jitter_std: NonNegative = 0.0
    weight_step: NonNegative = 0.0
    weight_limit: Positive | None = None

    def realised(self, weights: Tensor) -> Tensor:
        """Round and clip weights; derivatives pass as if they were not."""
        if self.weight_step == 0.0 and self.weight_limit is None:
            return weights
        with torch.no_grad():
            coarse = weights
            if self.weight_step > 0.0:
                coarse = torch.round(weights / self.weight_step) * self.weight_step
            if self.weight_limit is not None:
                coarse = coarse.clamp(-self.weight_limit, self.weight_limit)
            change = coarse - weights
        return weights + change
