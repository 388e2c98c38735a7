"""Stimuli for the calibration of a chip: many inputs, at chosen times, with random weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.hardware import ChipModel
from lasersampling.lif.spike_times.crossing import peak_after

Array = NDArray[np.float64]

_DRIVE = 2.5
"""Peak of the voltage over threshold, if all of a neuron's inputs spiked at once."""

_LEAST_DRIVE = 1.3
_LONGEST = 4.0
"""Largest span of the inputs of a sample, or distance of two volleys [tau_syn]."""

_FIRST_VOLLEY_SHARE = 0.4

_PAIR_SHARE = 0.6
_SILENT_SHARE = 1 / 8
_ABSENT_SHARE = 0.2
_INHIBITORY_SHARE = 0.1
_LISTENING_SHARE = 0.45
_WEAKEST = 0.6


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One batch of samples, the same for all chips that run side by side.

    Attributes
    ----------
    weights : tuple of ndarray, shape (post, pre)
        Weights of each layer, which can be programmed [1].
    times : ndarray, shape (sample, input)
        Input spikes, inf for absent ones [tau_syn].
    """

    weights: tuple[Array, ...]
    times: Array


def draw_stimulus(
    model: ChipModel, sizes: Sequence[int], n_samples: int, generator: np.random.Generator
) -> Stimulus:
    """Draw weights and input spikes that make neurons of all layers spike, at various times.

    Each neuron listens to some of its inputs, different in each batch, a tenth of them inhibitory.
    In a sample some inputs are absent; the others are two volleys 0 to 4 tau_syn apart, so that the
    second shows how the first decays, or are spread over such a span. About every eighth sample has
    no input.

    Parameters
    ----------
    model : ChipModel
        Nominal neurons and the weights that can be programmed.
    sizes : sequence of int
        Numbers of inputs, and of neurons of each layer.
    n_samples : int
        Number of samples of the batch.
    generator : Generator
        Source of random numbers.

    Raises
    ------
    InputError
        If the inputs of a layer are too few to make a nominal neuron spike.
    """
    weights = []
    for k, (pre, post) in enumerate(pairwise(sizes)):
        n_active, scale = _drive(model, pre, k)
        listens = generator.random((post, pre)).argsort(axis=1) < n_active
        values = scale * generator.uniform(_WEAKEST, 1.0, (post, pre)) * listens
        if n_active >= 1.0 / _INHIBITORY_SHARE:
            values[generator.random((post, pre)) < _INHIBITORY_SHARE] *= -1.0
        weights.append(model.imperfections.coupling.grid.rounded(values))
    shape = (n_samples, sizes[0])
    spans = _LONGEST * generator.random((n_samples, 1))
    late = generator.random(shape) > _FIRST_VOLLEY_SHARE
    is_pair = generator.random((n_samples, 1)) < _PAIR_SHARE
    times = 0.5 + spans * np.where(is_pair, late, generator.random(shape))
    times[generator.random(shape) < _ABSENT_SHARE] = np.inf
    times[generator.random(n_samples) < _SILENT_SHARE] = np.inf
    return Stimulus(tuple(weights), times)


def _drive(model: ChipModel, n_pre: int, layer: int) -> tuple[int, float]:
    """Number of inputs to which a neuron listens, and their largest weight."""
    neuron, highest = model.neuron, model.imperfections.coupling.grid.highest
    gap = neuron.gap
    peak = math.exp(-peak_after(0.0, 1.0, neuron.tau_mem, 1.0))
    middle, limit = 0.5 * (1.0 + _WEAKEST), math.inf if highest is None else highest
    if n_pre * limit * middle * peak < _LEAST_DRIVE * gap:
        needed = math.ceil(_LEAST_DRIVE * gap / (limit * middle * peak))
        raise InputError.single(
            f"substrate.description.sizes[{layer}]", str(n_pre),
            f"at least {needed}, which make a neuron spike with weights up to {limit:g}",
        )  # fmt: skip
    total = _DRIVE * gap / (peak * middle)
    n_active = max(math.ceil(total / limit), math.ceil(_LISTENING_SHARE * n_pre))
    n_active = min(n_active, n_pre)
    return n_active, min(total / n_active, limit)
