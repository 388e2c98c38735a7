"""The devices on which networks run while they learn, and on which they are judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from lasersampling.errors import InputError
from lasersampling.hardware import Substrate
from lasersampling.learning.spikes.methods import Runner, by_events, on_grid, running
from lasersampling.learning.spikes.networks import AnyNetwork
from lasersampling.learning.spikes.recipes import ChipSettings, SpikeLearning, SpikeTraining
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.in_the_loop import InTheLoop
from lasersampling.lif.network import SpikingNetwork

_SILENCE_PER_LOSS = 3.0


def on_chip(network: SpikingNetwork, chip: ChipSettings, *, redrawn: bool = False) -> InTheLoop:
    """Put each member of an ensemble on an emulated chip of its own.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble.
    chip : ChipSettings
        The chips.
    redrawn : bool
        Whether each batch uses new chips.
    """
    seeds = range(chip.seed, chip.seed + network.n_members)
    substrate = EmulatedChip(chip.model, network.sizes, seeds, redrawn=redrawn)
    return InTheLoop(network, substrate, grid=chip.model.imperfections.coupling.grid)


def runners(
    training: SpikeTraining, network: AnyNetwork, substrate: Substrate | None = None
) -> tuple[Runner, Runner]:
    """Choose on what a network learns, and on what it is judged.

    Parameters
    ----------
    training : SpikeTraining
        Settings of the training.
    network : SpikingNetwork or PopulationNetwork
        The network.
    substrate : Substrate, optional
        A device in place of emulated chips, for both.
    """
    chip = training.chip
    if substrate is not None and training.method != "closed-form":
        expected = "closed-form with a substrate, whose neurons spike once"
        raise InputError.single("method", repr(training.method), expected)
    if training.method != "closed-form":
        exact = running(network, by_events(training))
        if training.method == "eventprop":
            return exact, exact
        return running(network, on_grid(training)), exact
    assert isinstance(network, SpikingNetwork)  # all that the closed form is for
    if substrate is not None:
        grid = None if chip is None else chip.model.imperfections.coupling.grid
        loop = InTheLoop(network, substrate, grid=grid)
        return loop, loop
    if chip is None:
        return network, network
    judged_on = on_chip(network, chip)
    if chip.training == "blind":
        return network, judged_on
    if chip.training == "noise_aware":
        return on_chip(network, chip, redrawn=True), judged_on
    return judged_on, judged_on


def learning_on(training: SpikeTraining) -> SpikeLearning:
    """Return settings of learning that allow for the silence caused by lost spikes.

    A lost spike says nothing about the weights, which must not be raised for it: recruitment acts
    only above three times the lost fraction.

    Parameters
    ----------
    training : SpikeTraining
        Settings of the training.
    """
    learning, chip = training.learning, training.chip
    if chip is None or chip.training == "blind":
        return learning
    allowed = min(1.0, _SILENCE_PER_LOSS * chip.model.imperfections.spikes.lost)
    return dataclasses.replace(
        learning,
        hidden_limit=max(learning.hidden_limit, allowed),
        output_limit=max(learning.output_limit, allowed),
    )


def chip_state(runner: Runner) -> Mapping[str, Any]:
    """Return the state of the noise of an emulated chip; nothing for any other device."""
    chip = runner.substrate if isinstance(runner, InTheLoop) else None
    return chip.state() if isinstance(chip, EmulatedChip) else {}


def set_chip_state(runner: Runner, state: Mapping[str, Any]) -> None:
    """Continue from a state returned by `chip_state`."""
    if state and isinstance(runner, InTheLoop) and isinstance(runner.substrate, EmulatedChip):
        runner.substrate.set_state(state)
