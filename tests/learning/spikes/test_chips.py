"""What networks learn on, and what they are judged on."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.datasets import yin_yang_spikes
from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware import load_chip
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.spikes.chips import device_problems, learning_on, on_chip, runners
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.decisions import judge
from lasersampling.learning.spikes.networks import build_network
from lasersampling.learning.spikes.parts import NetworkSettings
from lasersampling.learning.spikes.recipes import ChipSettings, ClassifyRecipe, SpikeLearning
from lasersampling.lif import SpikingNetwork
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.in_the_loop import InTheLoop

SKEWED: Any = {
    "neuron": {"conductance": 0.5, "tau_mem": 2.0},
    "imperfections": {
        "threshold": {"mismatch": {"std": 0.25}},
        "tau_mem": {"mismatch": {"std": 0.2, "distribution": "lognormal"}},
    },
}
DATA = yin_yang_spikes({"train": 600, "validation": 50, "test": 600})


def recipe(training="in_the_loop", n_epochs=20, **changes):
    chip: dict[str, Any] = {"model": SKEWED, "training": training, "seed": 5} | changes
    return ClassifyRecipe(
        data="yin_yang",
        members=3,
        network=NetworkSettings(hidden=(15,), delays="axonal"),
        chip=ChipSettings(**chip),
        learning=SpikeLearning(
            n_epochs=n_epochs, batch_size=60, recruitment="lifted",
            learning_rate=0.02, smallest_slope=0.05,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("harsh", "chip.model: got 'a chip before calibration, with unreliable events', while the "
                  r"device that answers \(emulated chip\) has 'BrainScaleS-2"),
        ({"description": "", "tau_syn_us": 6.0, "sample_period": 10.0}, "chip.model.sample_period"),
    ],
)  # fmt: skip
def test_a_device_of_another_model_than_configured_is_refused(model, says):
    device = EmulatedChip("brainscales2", (4, 15, 3), (5, 6, 7))
    with pytest.raises(InputError, match=says):
        train_spikes(DATA, settings=recipe(model=model), substrate=device)


def test_a_device_that_does_not_tell_its_model_is_taken_to_be_of_it():
    about = recipe().chip
    assert about is not None
    device = EmulatedChip(about.model, (4, 15, 3), (5, 6, 7))
    assert device_problems(about, device) == []
    assert device_problems(None, device) == []

    class Silent(EmulatedChip):
        @property
        def description(self):
            return dataclasses.replace(super().description, facts={})

    other = load_chip("harsh")
    seeds, sizes = (5, 6, 7), (4, 15, 3)
    assert device_problems(about, EmulatedChip(other, sizes, seeds)) != []
    assert device_problems(about, Silent(other, sizes, seeds)) == []


@pytest.mark.slow
def test_learning_on_the_chip_makes_up_for_what_the_model_does_not_know():
    accuracy = {}
    for way in ("blind", "in_the_loop"):
        trained = train_spikes(DATA, settings=recipe(way))
        accuracy[way] = judge(trained.network, DATA.test, trained.runner).accuracy.value
        if way == "blind":
            nominal = judge(trained.network, DATA.test).accuracy.value
    # Three chips of 600 samples: standard error of a mean 0.01; the chips cost a third.
    assert nominal.mean() > 0.75
    assert accuracy["blind"].mean() < nominal.mean() - 0.05
    assert accuracy["in_the_loop"].mean() > accuracy["blind"].mean() + 0.05


def test_ways_of_training():
    network = build_network(recipe(), 4, 3)
    learns_on, judged_on = runners(recipe("blind"), network)
    assert learns_on is network
    assert isinstance(judged_on, InTheLoop)
    learns_on, judged_on = runners(recipe("in_the_loop"), network)
    assert learns_on is judged_on
    learns_on, judged_on = runners(recipe("noise_aware"), network)
    assert isinstance(learns_on, InTheLoop) and isinstance(judged_on, InTheLoop)
    assert learns_on.substrate.description.facts["redrawn"]
    assert judged_on.substrate.description.facts["seeds"] == "5 6 7"
    plain = dataclasses.replace(recipe(), chip=None)
    assert runners(plain, network) == (network, network)


def test_noise_aware_training_meets_other_chips():
    chosen = recipe("noise_aware", n_epochs=1)
    trained = train_spikes(DATA, settings=chosen)
    again = train_spikes(DATA, settings=chosen)
    for one, other in zip(trained.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_learning_goes_on_from_another_network_on_another_chip():
    first = train_spikes(DATA, settings=recipe(n_epochs=1))
    state = {name: values.clone() for name, values in first.network.state_dict().items()}
    second = train_spikes(DATA, settings=recipe(n_epochs=1, seed=50), initial=state)
    assert isinstance(first.network, SpikingNetwork)
    before = judge(first.network, DATA.test, on_chip(first.network, recipe(seed=50).chip))
    after = judge(second.network, DATA.test, second.runner)
    assert after.accuracy.value.mean() > before.accuracy.value.mean()
    assert not torch.equal(
        state["stages.1.weights"], second.network.state_dict()["stages.1.weights"]
    )


class Failing:
    """A chip whose connection is lost after so many runs."""

    def __init__(self, chip, runs):
        self._chip, self._left, self.description = chip, runs, chip.description

    def run(self, parameters, inputs):
        self._left -= 1
        if self._left < 0:
            raise SubstrateError("the chip does not answer")
        return self._chip.run(parameters, inputs)


def test_a_device_that_fails_leaves_the_training_to_go_on_from(kept):
    """The noise of a real device is not kept, so the chip here has none."""
    chosen = recipe(n_epochs=4)
    sizes = build_network(chosen, 4, 3).sizes
    chip = EmulatedChip(chosen.chip.model, sizes, (5, 6, 7))
    whole = train_spikes(DATA, settings=chosen, substrate=chip)
    with pytest.raises(SubstrateError, match="does not answer"):
        train_spikes(
            DATA, settings=chosen, substrate=Failing(chip, 25), checkpoints=Checkpoints(kept, 1e9)
        )
    (state,) = kept.states
    resumed = Checkpoints(resume=state)
    again = train_spikes(DATA, settings=chosen, substrate=chip, checkpoints=resumed)
    for one, other in zip(again.network.parameters(), whole.network.parameters(), strict=True):
        assert np.array_equal(one.detach().numpy(), other.detach().numpy())


def test_lost_spikes_recruit_nobody():
    losing = {"imperfections": {"spikes": {"lost": 0.05}}}
    chosen = recipe(model=losing)
    limits = learning_on(chosen)
    assert limits.hidden_limit == 0.3
    assert limits.output_limit == pytest.approx(0.15)
    assert learning_on(recipe("blind", model=losing)).output_limit == 0.0
    assert learning_on(recipe()) == recipe().learning
    assert learning_on(recipe(model={"imperfections": {"spikes": {"lost": 0.9}}})).hidden_limit == 1


def test_chips_are_named_or_described():
    named = ChipSettings(model="brainscales2")  # type: ignore[arg-type]
    assert named.model.neuron.threshold == 2.6
    assert ChipSettings(model=SKEWED).model.neuron.tau_mem == 2.0
