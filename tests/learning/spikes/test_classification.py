from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.datasets import SpikeData, SpikeSet, as_spike_times
from lasersampling.datasets.yin_yang import yin_yang
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.descent import Descent
from lasersampling.learning.loop import train
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.data import load_data
from lasersampling.learning.spikes.losses import SpikeLoss
from lasersampling.learning.spikes.networks import build_network
from lasersampling.learning.spikes.parts import LossSettings, NetworkSettings
from lasersampling.learning.spikes.recipes import ClassifyRecipe, SpikeLearning, SpikeTraining
from lasersampling.learning.spikes.task import SpikeClassification
from lasersampling.lif.delays import AxonalDelays
from lasersampling.lif.populations.answers import Answer

NEURON = {"conductance": 0.5, "tau_mem": 2.0}

NOISY = {
    "neuron": NEURON,
    "imperfections": {
        "threshold": {
            "mismatch": {"std": 0.1}, "trial": {"std": 0.05},
            "drift": {"std": 0.05, "correlation_time_ns": 1e6},
        },
        "delay": {"sample": {"std": 0.01, "relative": False}},
        "coupling": {"grid": {"step": 0.05}},
    },
}  # fmt: skip


def small_data(n=120):
    def part(seed):
        values, labels = yin_yang(n, seed)
        return SpikeSet(as_spike_times(values), labels)

    return SpikeData(part(1), part(2), part(3))


def recipe(members=2, loss=None, chip=None, network=None, **learning):
    settings: dict[str, Any] = {"n_epochs": 4, "batch_size": 50, "evaluate_every": 2} | learning
    network = {"hidden": (6,), "delays": "synaptic", "neuron": NEURON} | (network or {})
    if chip is not None:
        del network["neuron"]
    return ClassifyRecipe(
        data="yin_yang",
        members=members,
        network=network,
        learning=SpikeLearning(**settings),
        loss=LossSettings(**(loss or {})),
        chip=chip,
    )


def parameters(classifier):
    return [p.detach().numpy().copy() for p in classifier.network.parameters()]


@pytest.mark.parametrize(
    "chosen",
    [
        recipe(),
        recipe(recruitment="lifted", averaged_share=0.5, schedule="cosine"),
        recipe(
            chip={"model": NOISY, "seed": 7},
            loss={"kind": "cross_entropy", "late_weight": 0.01, "delay_penalty": 0.1},
            network={"delays": "axonal", "input_copies": 2, "bias_times": (0.3,)},
        ),
    ],
    ids=["plain", "averaged", "on chips"],
)
def test_going_on_gives_the_same_bits(chosen, kept):
    data = small_data()
    whole = train_spikes(data, settings=chosen, checkpoints=Checkpoints(kept, 0.0))
    for state in kept.states[:3]:
        resumed = Checkpoints(resume=state)
        again = train_spikes(data, settings=chosen, checkpoints=resumed)
        for one, other in zip(parameters(again), parameters(whole), strict=True):
            assert np.array_equal(one, other)


def test_members_learn_as_if_alone():
    data = small_data()
    together = train_spikes(data, settings=recipe(members=2))
    for e in range(2):
        alone = train_spikes(
            data,
            settings=SpikeTraining(seed=e, network=recipe().network, learning=recipe().learning),
        )
        for one, other in zip(parameters(alone), parameters(together), strict=True):
            assert np.allclose(one[0], other[e], rtol=0, atol=1e-9)


@pytest.mark.parametrize("recruitment", ["raised", "lifted"])
@pytest.mark.parametrize("delays", ["none", "axonal", "dendritic", "synaptic"])
def test_it_learns(delays, recruitment):
    """Far from chance (1/3) within a second or two."""
    settings: Any = {"hidden": (20,), "delays": delays, "weight_mean": 1.0, "neuron": NEURON}
    learning: Any = {
        "n_epochs": 25, "batch_size": 60, "recruitment": recruitment, "learning_rate": 0.02,
    }  # fmt: skip
    chosen = SpikeTraining(
        members=2,
        network=settings,
        learning=learning,
    )  # fmt: skip
    classifier = train_spikes(small_data(600), settings=chosen)
    rows = classifier.history.arrays()
    assert rows["loss"][-1].max() < 0.6 * rows["loss"][0].min()
    judged = classifier.test
    # 600 samples: standard error below 0.02.
    assert judged.accuracy.value.min() > 0.7
    assert (judged.confusion.sum((1, 2)) == 600).all()
    assert np.array_equal(
        judged.confusion[:, range(3), range(3)].sum(1) / 600, judged.accuracy.value
    )


def test_nothing_in_a_training_depends_on_the_test_part():
    """Neither the parameters nor the moment at which patience ends change with it."""
    data = small_data()
    other = SpikeSet(data.test.times[::-1].copy(), (data.test.labels + 1) % 3)
    chosen = recipe(n_epochs=12, evaluate_every=1, patience=2)
    one, two = (
        train_spikes(SpikeData(data.train, data.validation, test), settings=chosen)
        for test in (data.test, other)
    )
    assert (
        len(one.history.rows["loss"]) == len(two.history.rows["loss"]) < 12
    )  # patience has ended both
    for name, row in one.history.arrays().items():
        if not name.endswith("time_s"):
            assert np.array_equal(row, two.history.arrays()[name], equal_nan=True)
    for own, same in zip(one.network.parameters(), two.network.parameters(), strict=True):
        assert torch.equal(own, same)
    assert not np.array_equal(one.test.accuracy.value, two.test.accuracy.value)


def test_averages_are_means_of_the_last_steps():
    data = small_data()
    chosen = recipe(averaged_share=0.5)
    network = build_network(chosen, 4, 3)
    loss = SpikeLoss(chosen.loss, Answer())
    task = SpikeClassification(
        network, (data.train, data.validation), loss, chosen.learning, network
    )
    seen = []
    finish = task.finish_step

    def watch():
        finish()
        seen.append(network.layers[0].weights.detach().clone())

    task.finish_step = watch  # type: ignore[method-assign]
    train(task, Descent(torch.optim.SGD(network.parameters(), lr=0.1)), n_epochs=4)
    task.use_averages()
    mean = torch.stack(seen[len(seen) // 2 :]).mean(0)
    assert torch.allclose(network.layers[0].weights, mean, atol=1e-12)


def test_networks_are_as_the_recipe_says():
    made = build_network(recipe(), 4, 3)
    assert made.n_parameters == 2 * (4 * 6 + 6 * 3)
    axonal = recipe(network={"delays": "axonal", "input_copies": 3, "bias_times": (0.1,)})
    made = build_network(axonal, 4, 3)
    assert made.n_parameters == 13 * 6 + 6 * 3 + 5 + 6
    first = next(stage for stage in made.stages if isinstance(stage, AxonalDelays))
    assert first.delays()[0, :3].unique().numel() == 1
    chip = build_network(recipe(chip={"model": "brainscales2"}), 4, 3)
    assert chip.layers[0].neuron.threshold == 2.6
    own: Any = {"network": {"neuron": NEURON}, "chip": {"model": "ideal"}}
    with pytest.raises(InputError, match="network.neuron"):
        ClassifyRecipe(data="yin_yang", **own)
    with pytest.raises(InputError, match="model: got 'no chip', expected .*brainscales2"):
        recipe(chip={"model": "no chip"})


def test_reference_settings_are_the_defaults():
    assert LossSettings().separation == 0.2
    assert (SpikeLearning().n_epochs, SpikeLearning().batch_size) == (300, 150)
    assert NetworkSettings().delay_range.initial_std == 0.25


def test_data_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match="data: got 'letters', expected yin_yang, digits, mnist16"):
        load_data("letters")


def test_arrays_are_divided_and_labels_of_any_kind_are_numbered():
    values, labels = yin_yang(50, 1)
    times, names = as_spike_times(values), np.array(["dot", "yang", "yin"])[labels]
    chosen = recipe(members=1, n_epochs=1)
    trained = train_spikes(times, names, chosen)
    parts = trained.data.train, trained.data.validation, trained.data.test
    assert [len(part) for part in parts] == [36, 4, 10]
    assert trained.data.class_names == ("dot", "yang", "yin")
    again = train_spikes(trained.data, settings=chosen)
    assert np.array_equal(again.test.decided, trained.test.decided)
    with pytest.raises(InputError, match="labels: got ClassifyRecipe, expected none beside data"):
        train_spikes("yin_yang", chosen)
    with pytest.raises(InputError, match="labels: got none"):
        train_spikes(times, settings=chosen)
    with pytest.raises(InputError, match="times: got 2 samples, expected at least 3"):
        train_spikes(times[:2], names[:2], chosen)
