"""Settings of a training that have no effect, or that nothing could be learned with."""

import dataclasses
from typing import Any

import pytest

from lasersampling.errors import InputError
from lasersampling.hardware.chip_model import NominalNeuron
from lasersampling.learning.spikes.parts import (
    LossSettings,
    NetworkSettings,
    ReadOutSettings,
    RecurrentSettings,
)
from lasersampling.learning.spikes.recipes import SpikeLearning, SpikeTraining
from lasersampling.lif import DelayRange
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.surrogates import Surrogate
from lasersampling.lif.populations.layered import SpikingAgain

AGAIN: dict[str, Any] = {"after_spike": {"refractory": 0.2}}
READ: dict[str, Any] = AGAIN | {"read_out": {}}
DELAYED: dict[str, Any] = {"delays": "axonal"}
EVENTS: dict[str, Any] = {"method": "eventprop"}

IDLE: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("separation", {"separation": 0.3, "kind": "cross_entropy"}, {}, {}),
    ("separation", {"separation": 0.3, "kind": "count"}, AGAIN, EVENTS),
    ("separation", {"separation": 0.3, "kind": "maximum"}, READ, EVENTS),
    ("temperature", {"temperature": 0.3}, {}, {}),
    ("late_weight", {"late_weight": 0.3}, {}, {}),
    ("late_weight", {"late_weight": 0.3, "kind": "count"}, AGAIN, EVENTS),
    ("absent_time", {"absent_time": 4.0, "kind": "integral"}, READ, EVENTS),
    ("late_penalty", {"late_penalty": 1.0, "kind": "maximum"}, READ, EVENTS),
    ("latest", {"latest": 3.0}, {}, {}),
    ("latest", {"latest": 3.0, "kind": "maximum"}, READ, EVENTS),
    ("decay", {"decay": 1.0, "kind": "maximum"}, READ, EVENTS),
    ("delay_penalty", {"delay_penalty": 1.0}, {}, {}),
    ("delay_penalty", {"delay_penalty": 1.0}, DELAYED | {"delay_range": {"trainable": False}}, {}),
    ("rate_penalty", {"rate_penalty": 1.0}, {}, {}),
    ("rate_penalty", {"rate_penalty": 1.0}, {"recurrent": {}}, EVENTS),
    ("rate_penalty", {"rate_penalty": 1.0}, AGAIN | {"hidden": []}, EVENTS),
    ("lowest_rate", {"lowest_rate": 1.0}, AGAIN, EVENTS),
    ("highest_rate", {"highest_rate": 5.0}, AGAIN, EVENTS),
]

IN_USE: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"separation": 0.3, "late_penalty": 1.0, "latest": 3.0, "absent_time": 8.0}, {}, {}),
    ({"kind": "cross_entropy", "temperature": 0.1, "late_weight": 0.1}, {}, {}),
    ({"delay_penalty": 1.0}, DELAYED, {}),
    (
        {"kind": "count", "rate_penalty": 1.0, "lowest_rate": 1.0, "highest_rate": 5.0},
        AGAIN,
        EVENTS,
    ),
    ({"kind": "integral", "decay": 2.0, "temperature": 1.0}, READ, EVENTS),
]


@pytest.mark.parametrize(("name", "loss", "network", "others"), IDLE)
def test_what_has_no_effect_is_refused(name, loss, network, others):
    with pytest.raises(InputError, match=f"loss.{name}: got .*no effect here.*it acts with") as e:
        SpikeTraining(loss=loss, network=network, **others)
    assert len(e.value.problems) == 1


@pytest.mark.parametrize(("loss", "network", "others"), IN_USE)
def test_what_has_one_is_accepted(loss, network, others):
    SpikeTraining(loss=loss, network=network, **others)


IDLE_ELSEWHERE: list[tuple[str, dict[str, Any]]] = [
    ("learning.decay_every", {"learning": {"schedule": "cosine", "decay_every": 5}}),
    ("learning.decay_factor", {"learning": {"schedule": "cosine", "decay_factor": 0.5}}),
    ("learning.delay_learning_rate", {"learning": {"delay_learning_rate": 0.1}}),
    ("learning.hidden_limit", {"learning": {"hidden_limit": 0.1}, "network": {"hidden": []}}),
    (
        "learning.output_limit",
        {"learning": {"output_limit": 0.1}, "network": READ, "loss": {"kind": "maximum"}} | EVENTS,
    ),
    ("network.delay_range", {"network": {"delay_range": {"scale": 3.0}}}),
]


@pytest.mark.parametrize(("name", "given"), IDLE_ELSEWHERE)
def test_what_has_no_effect_elsewhere_is_refused(name, given):
    with pytest.raises(InputError, match=f"{name}: got .*no effect here.*it acts with") as error:
        SpikeTraining(**given)
    assert len(error.value.problems) == 1


def test_settings_of_learning_and_delays_that_act_are_accepted():
    SpikeTraining(
        learning={
            "decay_every": 5, "decay_factor": 0.5, "delay_learning_rate": 0.1,
            "hidden_limit": 0.1, "output_limit": 0.1,
        },  # type: ignore[arg-type]
        network=DELAYED | {"delay_range": {"scale": 3.0}},  # type: ignore[arg-type]
    )  # fmt: skip


def test_each_setting_of_a_loss_is_judged():
    named = {name for name, *_ in IDLE} | {"kind"}
    assert named == {field.name for field in dataclasses.fields(LossSettings)}


NEEDED: dict[type, dict[str, Any]] = {GridSettings: {"step": 0.1, "end": 5.0}}
PARTS = (
    LossSettings, NetworkSettings, ReadOutSettings, RecurrentSettings, SpikeLearning, GridSettings,
    Surrogate, DelayRange, SpikingAgain, NominalNeuron,
)  # fmt: skip
FIELDS = [(part, field.name) for part in PARTS for field in dataclasses.fields(part)]
TINY = {
    "separation", "temperature", "absent_time", "latest", "decay", "learning_rate",
    "delay_learning_rate", "decay_factor", "gradient_limit", "smallest_slope", "step", "end",
    "steepness", "scale", "tau_mem", "tau_syn", "until", "conductance",
}  # fmt: skip


@pytest.mark.parametrize(("part", "name"), FIELDS)
def test_no_part_of_a_recipe_takes_absurd_numbers(part, name):
    for value in (1e300, -1e300, *([1e-300] if name in TINY else [])):
        with pytest.raises(InputError, match=name):
            part(**(NEEDED.get(part, {}) | {name: value}))


def test_the_range_is_told():
    with pytest.raises(InputError, match=r"loss.temperature: got 1e-300, expected a number from"):
        SpikeTraining(loss={"temperature": 1e-300})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="neuron.tau_mem: got 1e.300, expected .* from 0.001 to"):
        SpikeTraining(network={"neuron": {"tau_mem": 1e300}})  # type: ignore[arg-type]
