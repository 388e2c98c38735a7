"""Checks of what training begins with: sizes of networks and data, initial parameters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from torch import Tensor

from lasersampling.checks import memory_problems
from lasersampling.datasets.spikes import AnyData, SpikeSet
from lasersampling.errors import InputError, Problem
from lasersampling.learning.spikes.networks import (
    BYTES_PER_WEIGHT,
    AnyNetwork,
    layer_sizes,
    weight_problems,
)
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.lif.chips.imperfect import KNOWN

_JUDGED = 500
"""Number of samples that are run at once where a network is judged."""

_BYTES_PER_SPIKE = 64
"""Memory for a spike of a neuron in a sample, with derivatives and intermediate values [B]."""


def activity_problems(settings: SpikeTraining, data: AnyData) -> list[Problem]:
    """Check imperfections of the chip, and that weights and spikes of a batch fit into memory."""
    problems = _chip_problems(settings)
    if problems:
        return problems
    if not isinstance(data.train, SpikeSet):
        problems = _event_problems(settings)
        if problems:
            return problems
    sizes = layer_sizes(settings, data.n_inputs, data.n_classes)
    problems = weight_problems(settings.members, sizes)
    if problems:
        return problems
    pairs = sum(pre * post for pre, post in itertools.pairwise(sizes))
    n_samples = min(max(settings.learning.batch_size, _JUDGED), len(data.train))
    per_sample = _BYTES_PER_SPIKE * sum(sizes)
    if settings.network.delays == "synaptic":  # the order of inputs of each neuron
        per_sample += 4 * pairs
    where = "network.hidden (members x bytes for weights, and spikes of a batch)"
    needed = BYTES_PER_WEIGHT * pairs + n_samples * per_sample
    return memory_problems(where, (settings.members, needed), 1)


def _chip_problems(settings: SpikeTraining) -> list[Problem]:
    """Imperfections that no such chip has, which networks that learn blindly would meet late."""
    if settings.chip is None:
        return []
    try:
        settings.chip.model.imperfections.refuse_others(KNOWN, "LIF chips")
    except InputError as error:
        return [problem.at(f"chip.model.{problem.where}") for problem in error.problems]
    return []


def _event_problems(settings: SpikeTraining) -> list[Problem]:
    """What of the settings inputs that spike again cannot have."""
    problems = []
    if settings.network.after_spike is None:
        got = "neurons that spike once, for inputs that spike again"
        problems.append(Problem("network.after_spike", got, "what becomes of them after a spike"))
    if settings.network.input_copies > 1:
        got, expected = f"{settings.network.input_copies}", "1 for inputs that spike again"
        problems.append(Problem("network.input_copies", got, expected))
    if settings.network.bias_times:
        got, expected = "bias spikes", "none for inputs that spike again; add an input to the data"
        problems.append(Problem("network.bias_times", got, expected))
    return problems


def initial_problems(initial: object, network: AnyNetwork) -> list[Problem]:
    """Check that these are parameters of a network of the same settings."""
    expected = "the state_dict() of a network of the same settings"
    if not isinstance(initial, Mapping):
        return [Problem("initial", type(initial).__name__, expected)]
    own = network.state_dict()
    if set(initial) != set(own):
        got = ", ".join(sorted(map(str, initial))) or "no parameters"
        return [Problem("initial", got, f"{expected}: {', '.join(sorted(own))}")]
    return [
        Problem(
            f"initial[{name!r}]",
            f"shape {tuple(given.shape)}" if isinstance(given, Tensor) else type(given).__name__,
            f"a tensor of finite numbers of shape {tuple(own[name].shape)}",
        )
        for name, given in initial.items()
        if not (
            isinstance(given, Tensor)
            and given.shape == own[name].shape
            and bool(given.isfinite().all())
        )
    ]
