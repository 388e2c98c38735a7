"""The devices on which networks run while they learn, and on which they are judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch

from lasersampling.errors import Problem
from lasersampling.hardware import Grid, Substrate
from lasersampling.learning.spikes.inputs import AnyInputs
from lasersampling.learning.spikes.methods import (
    GRID_KEYS,
    AnyActivity,
    Runner,
    engine_of,
    event_settings,
    grid_settings,
    renamed,
    running,
)
from lasersampling.learning.spikes.networks import AnyNetwork
from lasersampling.learning.spikes.recipes import (
    ChipSettings,
    SpikeLearning,
    SpikeTraining,
    end_key,
)
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.in_the_loop import InTheLoop
from lasersampling.lif.chips.population_loop import PopulationInTheLoop
from lasersampling.lif.chips.populations import PopulationChip
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.network import SpikingNetwork
from lasersampling.lif.populations.layered import LayeredNetwork
from lasersampling.lif.populations.population import INPUTS

_SILENCE_PER_LOSS = 3.0


def device_problems(chip: ChipSettings | None, substrate: Substrate) -> list[Problem]:
    """Compare the chip of the settings with what a device that takes its place says of itself.

    Weights, times and noise are those of the chip of the settings. A device that does not tell its
    model is taken to be such a chip.

    Parameters
    ----------
    chip : ChipSettings or None
        The chip of the settings.
    substrate : Substrate
        The device.
    """
    if chip is None:
        return []
    about, model = substrate.description, chip.model
    configured = {
        "model": model.description,
        "tau_syn_us": model.tau_syn_us,
        "sample_period": model.sample_period,
    }
    return [
        Problem(
            "chip.model" if name == "model" else f"chip.model.{name}",
            f"{value!r}, while the device that answers ({about.name}) has {about.facts[name]!r}",
            "the model of this device, from which programmable weights and neurons are taken",
        )
        for name, value in configured.items()
        if name in about.facts and about.facts[name] != value
    ]


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


class OnDevice:
    """Runs a network on a device, with derivatives by EventProp or by surrogates.

    Parameters
    ----------
    network : SpikingNetwork or PopulationNetwork
        The network, which is programmed and learned.
    substrate : Substrate
        The device.
    settings : EventSettings or GridSettings
        Of the method: EventProp along observed spikes, or surrogates at observed voltages.
    judged : EventSettings
        Takes the place of `settings` without derivatives, so that no voltages are observed then;
        not while the network is on another device of torch, where only the grid runs.
    grid : Grid or None
        Programmable weights.
    """

    def __init__(
        self,
        network: AnyNetwork,
        substrate: Substrate,
        settings: EventSettings | GridSettings,
        judged: EventSettings,
        grid: Grid | None,
    ) -> None:
        self._network = network
        described = LayeredNetwork(network) if isinstance(network, SpikingNetwork) else network
        self._judging = self._loop = PopulationInTheLoop(
            described, substrate, settings=judged, grid=grid
        )
        if isinstance(settings, GridSettings):
            self._loop = PopulationInTheLoop(
                described, substrate, method="surrogate", settings=settings, grid=grid
            )
        self._runner = running(network, lambda _, inputs: self._now().run(inputs))

    @property
    def substrate(self) -> Substrate:
        """The device."""
        return self._loop.substrate

    def _now(self) -> PopulationInTheLoop:
        here = next(self._network.parameters()).device.type == "cpu"
        return self._judging if here and not torch.is_grad_enabled() else self._loop

    def run(self, inputs: AnyInputs) -> AnyActivity:
        """Return what the device shows for input spikes, with derivatives if torch wants them."""
        with renamed(GRID_KEYS):
            return self._runner.run(inputs)

    def recorded(self) -> Mapping[str, float]:
        """Return limited slopes, and bytes that were observed; see `methods.Recording`."""
        spikes, voltages = self._loop.observed_bytes
        own = {"observed_spike_bytes": float(spikes), "observed_voltage_bytes": float(voltages)}
        return {**self._runner.recorded(), **own}


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
    if training.method == "closed-form":
        assert isinstance(network, SpikingNetwork)  # all that the closed form is for
        return _closed_form(training, network, substrate)
    events = event_settings(training)
    learned_with = events if training.method == "eventprop" else grid_settings(training)
    chip = training.chip
    grid = None if chip is None else chip.model.imperfections.coupling.grid

    def on(device: Substrate, settings: EventSettings | GridSettings) -> OnDevice:
        with renamed({"settings.end": end_key(training)}):
            return OnDevice(network, device, settings, events, grid)

    def in_the_loop(device: Substrate) -> tuple[OnDevice, OnDevice]:
        judged = on(device, events)  # which needs no voltages
        return judged if learned_with is events else on(device, learned_with), judged

    if substrate is not None:
        return in_the_loop(substrate)
    if chip is None:
        return running(network, engine_of(learned_with)), running(network, engine_of(events))
    chips = population_chip(training, network, chip)
    if chip.training == "blind":
        return running(network, engine_of(learned_with)), on(chips, events)
    if chip.training == "noise_aware":
        redrawn = population_chip(training, network, chip, redrawn=True)
        return on(redrawn, learned_with), on(chips, events)
    return in_the_loop(chips)


def population_chip(
    training: SpikeTraining, network: AnyNetwork, chip: ChipSettings, *, redrawn: bool = False
) -> PopulationChip:
    """Make emulated chips for a network, one for each member, whose neurons may spike again.

    Parameters
    ----------
    training : SpikeTraining
        Settings of the training.
    network : SpikingNetwork or PopulationNetwork
        The ensemble.
    chip : ChipSettings
        The chips.
    redrawn : bool
        Whether each batch uses new chips.
    """
    described = LayeredNetwork(network) if isinstance(network, SpikingNetwork) else network
    spiking = [k for k, p in enumerate(described.populations) if p.spiking]
    place = {INPUTS: INPUTS, **{k: number for number, k in enumerate(spiking)}}
    connections = [
        (place[c.source], place[c.target]) for c in described.connections if c.target in place
    ]
    sizes = described.n_inputs, *(described.size(k) for k in spiking)
    seeds = range(chip.seed, chip.seed + described.n_members)
    return PopulationChip(
        chip.model, sizes, seeds, connections,
        after=training.network.after_spike, redrawn=redrawn,
    )  # fmt: skip


def _closed_form(
    training: SpikeTraining, network: SpikingNetwork, substrate: Substrate | None
) -> tuple[Runner, Runner]:
    """On what a stack learns by the closed form, and on what it is judged."""
    chip = training.chip
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
    chip = device_of(runner)
    return chip.state() if isinstance(chip, EmulatedChip | PopulationChip) else {}


def set_chip_state(runner: Runner, state: Mapping[str, Any]) -> None:
    """Continue from a state returned by `chip_state`."""
    chip = device_of(runner)
    if state and isinstance(chip, EmulatedChip | PopulationChip):
        chip.set_state(state)


def device_of(runner: Runner) -> Substrate | None:
    """Return the device on which a runner runs, None without one."""
    return runner.substrate if isinstance(runner, InTheLoop | OnDevice) else None
