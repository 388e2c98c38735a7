"""Checks, before training, that real spikes fit into the time windows of the settings."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from lasersampling.datasets.spikes import AnyData, AnyPart, SpikeSet
from lasersampling.errors import Problem
from lasersampling.learning.spikes.methods import grid_settings
from lasersampling.learning.spikes.networks import AnyNetwork
from lasersampling.learning.spikes.recipes import SpikeTraining, end_key
from lasersampling.lif.latest import last_arrivals, latest_spikes
from lasersampling.lif.network import SpikingNetwork

_SAMPLES = 500
"""Number of samples of the training part that are used, which limits time and memory."""


def window_problems(training: SpikeTraining, network: AnyNetwork, data: AnyData) -> list[Problem]:
    """List the given times that come before spikes of the inputs, or of the untrained network.

    An absent spike that counts as earlier than real ones would win against them, and learning would
    make neurons silent. A chip does not record spikes after its sample period.

    Parameters
    ----------
    training : SpikeTraining
        Settings with the times, and with the chip.
    network : SpikingNetwork or PopulationNetwork
        The untrained network; it is run as the nominal model, whatever it will run on.
    data : SpikeData or EventData
        The data.
    """
    parts = {"training": data.train, "validation": data.validation, "test": data.test}
    silent = [name for name, part in parts.items() if part.last() == -math.inf]
    if silent:
        expected = "samples with input spikes"
        return [Problem(f"{name} part", "no input spikes", expected) for name in silent]
    problems = _end_problems(training, parts) + _delay_problems(training)
    if isinstance(network, SpikingNetwork) and isinstance(data.train, SpikeSet):
        problems += _stack_problems(training, network, data.train)
    return problems


def _stack_problems(
    training: SpikeTraining, network: SpikingNetwork, part: SpikeSet
) -> list[Problem]:
    """List the times that come before spikes of an untrained stack of layers."""
    times = torch.from_numpy(part.times).to(next(network.parameters()))
    with torch.no_grad():
        output = network(times[:_SAMPLES])
    present = output[torch.isfinite(output)]
    bound = float(latest_spikes(network, times).max())
    # Neurons that are silent at first are recruited; then they can spike as late as inputs arrive.
    latest = float(last_arrivals(network, times).max())
    if len(present):
        latest = max(latest, float(present.max()))
    bound = max(bound, latest)
    windows = {"loss.absent_time": training.loss.absent_time}
    if training.chip is not None:
        windows["chip.model.sample_period"] = training.chip.model.sample_period
    return [
        Problem(
            name,
            f"{limit:g}, while the network that training begins with spikes, or gets inputs, until "
            f"{latest:.3g}",
            f"a time after its spikes; {math.ceil(10 * bound) / 10:g} is after all that these "
            "weights and delays allow",
        )
        for name, limit in windows.items()
        if latest > limit
    ]


def _end_problems(training: SpikeTraining, parts: Mapping[str, AnyPart]) -> list[Problem]:
    """Compare the end of runs with the latest input, behind which nothing would be noticed."""
    name = max(parts, key=lambda name: parts[name].last())
    last = latest = parts[name].last()
    end = training.answer.until
    if training.method == "surrogate":
        end = grid_settings(training).end
    network = training.network
    if network.delays in ("axonal", "synaptic"):
        latest += network.delay_range.minimum  # before which no spike arrives
    if end is None or end > latest:
        return []
    got = f"{end:g}, while inputs of the {name} part spike until {last:.3g}"
    if latest > last:
        got += f" and arrive {network.delay_range.minimum:g} later or more"
    return [Problem(end_key(training), got, "a time after all input spikes have arrived")]


def _delay_problems(training: SpikeTraining) -> list[Problem]:
    """Compare the range of trained delays with the range that a chip can be programmed to."""
    if training.chip is None or training.network.delays == "none":
        return []
    grid, span = training.chip.model.imperfections.delay.grid, training.network.delay_range
    lowest = -math.inf if grid.lowest is None else grid.lowest
    highest = math.inf if grid.highest is None else grid.highest
    longest = span.minimum + span.scale if span.positivity == "sigmoid" else math.inf
    if lowest <= span.minimum and longest <= highest:
        return []
    expected = (
        f"within {lowest:g} to {highest:g}: the chip would clip them, which training does not know"
    )
    return [Problem("network.delay_range", f"{span.minimum:g} to {longest:g}", expected)]
