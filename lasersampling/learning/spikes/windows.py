"""Whether real spikes fit into the times that a recipe gives them, before it is trained."""

from __future__ import annotations

import math

import torch

from lasersampling.datasets.spikes import SpikeSet
from lasersampling.errors import Problem
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.lif.latest import last_arrivals, latest_spikes
from lasersampling.lif.network import SpikingNetwork

_SAMPLES = 500
"""Of the training part that are looked at, which bounds time and memory."""


def window_problems(
    recipe: ClassifyRecipe, network: SpikingNetwork, part: SpikeSet
) -> list[Problem]:
    """List the times of a recipe that come before spikes of the network that it begins with.

    An absent spike that counts as earlier than real ones would win against them, and learning
    would make neurons silent. A chip does not see what comes after its sample period.

    Parameters
    ----------
    recipe : ClassifyRecipe
        The recipe.
    network : SpikingNetwork
        Its network, untrained; it is run as the nominal model, whatever it is to run on.
    part : SpikeSet
        Training part.
    """
    times = torch.from_numpy(part.times).to(next(network.parameters()))
    with torch.no_grad():
        output = network(times[:_SAMPLES])
    if not bool(torch.isfinite(times).any()):
        return [Problem("train_times", "inf only", "samples with input spikes")]
    present = output[torch.isfinite(output)]
    bound = float(latest_spikes(network, times).max())
    # Neurons that are silent at first are recruited; then they can spike as late as inputs arrive.
    latest = float(last_arrivals(network, times).max())
    if len(present):
        latest = max(latest, float(present.max()))
    bound = max(bound, latest)
    windows = {"loss.absent_time": recipe.loss.absent_time}
    if recipe.chip is not None:
        windows["chip.model.sample_period"] = recipe.chip.model.sample_period
    problems = [
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
    return problems + _delay_problems(recipe)


def _delay_problems(recipe: ClassifyRecipe) -> list[Problem]:
    """Compare the range of trained delays with what a chip can be programmed to."""
    if recipe.chip is None or recipe.network.delays == "none":
        return []
    grid, span = recipe.chip.model.imperfections.delay.grid, recipe.network.delay_range
    lowest = -math.inf if grid.lowest is None else grid.lowest
    highest = math.inf if grid.highest is None else grid.highest
    longest = span.minimum + span.scale if span.positivity == "sigmoid" else math.inf
    if lowest <= span.minimum and longest <= highest:
        return []
    expected = f"within {lowest:g} to {highest:g}: the chip would cut them without being learned of"
    return [Problem("network.delay_range", f"{span.minimum:g} to {longest:g}", expected)]
