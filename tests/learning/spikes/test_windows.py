import dataclasses
from typing import Any

import numpy as np
import pytest

from lasersampling.config import load, resolve
from lasersampling.datasets.spikes import SpikeSet
from lasersampling.errors import InputError
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.data import load_data
from lasersampling.learning.spikes.networks import build_network, network_of
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.learning.spikes.windows import window_problems

SHIPPED = [
    *("yin_yang", "yin_yang_axonal", "yin_yang_small", "yin_yang_synaptic"),
    *("chip", "chip_axonal", "chip_synaptic"),
]


def shipped(name, **loss):
    recipe = load(resolve("recipes", name), ClassifyRecipe)
    return dataclasses.replace(recipe, members=2, loss=dataclasses.replace(recipe.loss, **loss))


@pytest.fixture(scope="module")
def data():
    return load_data("yin_yang")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_pass(name, data):
    recipe = shipped(name)
    assert window_problems(recipe, build_network(recipe, 4, 3), data) == []


@pytest.mark.parametrize(
    ("name", "absent_time"),
    [("yin_yang", 2.0), ("chip_axonal", 4.0), ("chip_axonal", 6.0), ("chip_synaptic", 6.0)],
)
def test_silence_before_spikes_is_refused_before_training(name, absent_time, data):
    """On chips with delays of 2 and more, 6 led to 66.9 % of samples decided rightly."""
    with pytest.raises(InputError, match=rf"loss.absent_time: got {absent_time:g},.*until") as e:
        train_spikes(data, settings=shipped(name, absent_time=absent_time))
    # The value that it names is right.
    right = float(str(e.value).split("after its spikes; ")[1].split()[0])
    recipe = shipped(name, absent_time=right)
    assert window_problems(recipe, build_network(recipe, 4, 3), data) == []


def test_a_chip_that_looks_too_briefly_or_cuts_delays(data):
    recipe = shipped("chip_axonal")
    for model, message in [
        ({"sample_period": 5.0}, "chip.model.sample_period: got 5"),
        (
            {"imperfections": {"delay": {"grid": {"step": 0.1, "lowest": 0.0, "highest": 3.0}}}},
            "network.delay_range: got 2 to 3.5, expected within 0 to 3",
        ),
    ]:
        chip: Any = {"model": model}
        changed = ClassifyRecipe(
            data="yin_yang", network=recipe.network, chip=chip, loss=recipe.loss
        )
        (problem,) = window_problems(changed, build_network(changed, 4, 3), data)
        assert message in str(problem)


def test_data_without_spikes(data):
    recipe = shipped("yin_yang")
    nothing = SpikeSet(np.full((2, 4), np.inf), np.array([0, 1]))
    part = dataclasses.replace(data, validation=nothing)
    (problem,) = window_problems(recipe, build_network(recipe, 4, 3), part)
    assert str(problem).startswith("validation part: got no input spikes")


def test_an_end_before_inputs_is_told_once_for_the_part_with_the_latest(data):
    recipe = load(resolve("recipes", "yin_yang_surrogate"), ClassifyRecipe)
    late = dataclasses.replace(data.test, times=data.test.times + 3.0)
    parts = dataclasses.replace(data, test=late)
    early = dataclasses.replace(
        recipe, loss=dataclasses.replace(recipe.loss, absent_time=0.5), grid=None
    )
    (problem,) = window_problems(early, network_of(early, 4, 3), parts)
    assert problem.where == "loss.absent_time"
    assert "inputs of the test part spike until" in problem.got


@pytest.mark.parametrize(
    "changes", [{"hidden": (10**9,)}, {"hidden": (10**6, 10**6)}, {"input_copies": 10**9}]
)
def test_networks_that_no_memory_holds_are_refused_at_once(changes):
    recipe = shipped("yin_yang")
    recipe = dataclasses.replace(recipe, network=dataclasses.replace(recipe.network, **changes))
    with pytest.raises(InputError, match="members, weights"):
        build_network(recipe, 4, 3)
