"""EventProp and surrogate gradients with emulated chips in the loop."""

from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.datasets import yin_yang_spikes
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.spikes import classification
from lasersampling.learning.spikes.chips import OnDevice, population_chip, runners
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.networks import build_network, network_of
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.lif.network import Activity

CHIP: dict[str, Any] = {
    "neuron": {"conductance": 0.5, "tau_mem": 2.0},
    "sample_period": 10.0,
    "voltages": {
        "interval": 0.1, "noise_std": 0.02, "grid": {"bits": 8, "lowest": -2, "highest": 2},
    },
    "imperfections": {
        "threshold": {"mismatch": {"std": 0.1}, "trial": {"std": 0.02}},
        "coupling": {"grid": {"step": 0.05}},
        "delay": {"sample": {"std": 0.01, "relative": False}},
    },
}  # fmt: skip
DATA = yin_yang_spikes({"train": 90, "validation": 30, "test": 30})
METHODS = ("eventprop", "surrogate")


def settings(method, training="in_the_loop", n_epochs=3, chip=None, **network):
    parts: dict[str, Any] = {
        "network": {"hidden": [8], "delays": "synaptic"} | network,
        "chip": {"model": CHIP | (chip or {}), "training": training, "seed": 3},
        "loss": {"kind": "cross_entropy", "absent_time": 8.0},
        "learning": {
            "n_epochs": n_epochs, "batch_size": 30, "learning_rate": 0.02, "smallest_slope": 0.05,
            "evaluate_every": 3,
        },
        "grid": {"step": 0.1, "end": 8.0} if method == "surrogate" else None,
    }  # fmt: skip
    return SpikeTraining(members=2, method=method, **parts)


@pytest.mark.parametrize("network", [{}, {"after_spike": {"refractory": 0.3}}])
@pytest.mark.parametrize("method", METHODS)
def test_networks_learn_in_the_loop_and_bytes_are_counted(method, network):
    trained = train_spikes(DATA, settings=settings(method, **network))
    history = trained.history.arrays()
    assert history["loss"][-1].mean() < history["loss"][0].mean()
    # Two members of 30 samples, 11 neurons and 81 points, a byte each.
    points = 2 * 30 * 11 * (round(CHIP["sample_period"] / 0.1) + 1)
    assert (history["observed_voltage_bytes"] == (points if method == "surrogate" else 0)).all()
    # Offsets of 61 runs in two populations, and a neuron and a time for each spike.
    assert (history["observed_spike_bytes"] > 2 * 61 * 8).all()
    assert ("floored_spikes" in history) == (method == "eventprop")
    assert trained.test.accuracy.value.min() >= 0.0


def test_along_first_spikes_eventprop_is_what_the_closed_form_is():
    """Ideal chips that differ in nothing but the form in which they tell spikes."""
    plain: dict[str, Any] = {"imperfections": {}, "voltages": None}
    found = {
        method: train_spikes(DATA, settings=settings(method, chip=plain))
        for method in ("closed-form", "eventprop")
    }
    for one, two in zip(*(f.network.parameters() for f in found.values()), strict=True):
        assert torch.allclose(one, two, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_ways_of_training(method):
    for way in ("blind", "noise_aware"):
        chosen = settings(method, way)
        network = network_of(chosen, 4, 3)
        learning, judged = runners(chosen, network)
        assert isinstance(learning, OnDevice) == (way == "noise_aware")
        assert isinstance(judged, OnDevice)
    times = torch.from_numpy(DATA.test.times)
    both = [judged.run(times) for _ in range(2)]
    spikes = [own.output for own in both if isinstance(own, Activity)]
    assert not torch.equal(*spikes)  # another draw of the noise


@pytest.mark.parametrize("method", METHODS)
def test_going_on_gives_the_same_bits(method, kept):
    chosen = settings(method, n_epochs=3)
    whole = train_spikes(DATA, settings=chosen)
    train_spikes(DATA, settings=chosen, checkpoints=Checkpoints(kept, 0.0))
    again = train_spikes(DATA, settings=chosen, checkpoints=Checkpoints(resume=kept.states[0]))
    for one, other in zip(whole.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("method", METHODS)
def test_a_device_of_ones_own_takes_the_place_of_the_chips(method):
    chosen = settings(method)
    network = build_network(chosen, 4, 3)
    assert chosen.chip is not None
    device = population_chip(chosen, network, chosen.chip)
    trained = train_spikes(DATA, settings=chosen, substrate=device)
    same = train_spikes(DATA, settings=chosen)
    one, other = (t.history.arrays()["loss"] for t in (trained, same))
    assert np.array_equal(one, other)


def test_bytes_that_the_closed_form_observes_are_counted():
    """One time of 8 bytes for each of 11 neurons, in 30 samples of two members."""
    history = train_spikes(DATA, settings=settings("closed-form", n_epochs=1)).history.arrays()
    assert history["observed_spike_bytes"].tolist() == [2 * 30 * 11 * 8]
    assert history["observed_voltage_bytes"].tolist() == [0]


@pytest.mark.parametrize("training", ["in_the_loop", "noise_aware"])
def test_surrogates_are_refused_at_once_on_a_chip_without_voltages(training):
    with pytest.raises(InputError, match=r"chip\.model\.voltages: got none, expected how the chip"):
        settings("surrogate", training, chip={"voltages": None})


@pytest.mark.parametrize("training", ["blind", "in_the_loop"])
def test_imperfections_that_no_such_chip_has_are_refused_before_learning(training, monkeypatch):
    monkeypatch.setattr(classification, "train", None)
    off = {"imperfections": {"pump": {"mismatch": {"std": 0.1}}}}
    chosen = settings("closed-form", training, chip=off)
    where = r"chip\.model\.imperfections\.pump\.mismatch: got a value, expected imperfections that"
    with pytest.raises(InputError, match=where):
        train_spikes(DATA, settings=chosen)


def test_networks_moved_blindly_to_a_chip_need_none_of_its_voltages():
    trained = train_spikes(DATA, settings=settings("surrogate", "blind", chip={"voltages": None}))
    assert np.isfinite(trained.history.arrays()["loss"]).all()
