"""Three ways to gradients in one training loop."""

from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.datasets.spikes import divided
from lasersampling.errors import InputError
from lasersampling.learning.spikes.chips import runners
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.networks import build_network, network_of
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.lif.events.settings import RunawayActivityError
from lasersampling.lif.populations.answers import Answer


def dataset(n=240):
    """Times of a point and of its mirror image, for the two halves of a square."""
    points = np.random.default_rng(0).random((n, 2))
    times = 1.5 * np.concatenate([points, 1.0 - points], axis=1)
    return divided(times, (points[:, 0] > points[:, 1]).astype(int))


def settings(method, n_epochs=3, **more):
    parts: dict[str, Any] = {
        "network": {
            "hidden": [12], "weight_mean": 1.0, "weight_std": 0.5, "bias_times": [0.5],
            "delays": "axonal",
        },
        "loss": {"kind": "cross_entropy", "absent_time": 8.0},
        "learning": {
            "n_epochs": n_epochs, "batch_size": 40, "learning_rate": 0.03, "evaluate_every": 3,
        },
    }  # fmt: skip
    return SpikeTraining(members=2, method=method, **parts, **more)


def test_eventprop_learns_what_the_closed_form_does():
    """The same loss, bit for bit in no step, but to rounding in all."""
    data = dataset()
    closed, events = (
        train_spikes(data, settings=settings(m)) for m in ("closed-form", "eventprop")
    )
    for name, values in closed.history.arrays().items():
        if name.endswith("time_s"):
            continue
        other = events.history.arrays()[name]
        assert np.allclose(values, other, rtol=1e-8, atol=1e-10, equal_nan=True), name
    for one, two in zip(closed.network.parameters(), events.network.parameters(), strict=True):
        assert torch.allclose(one, two, rtol=1e-8, atol=1e-10)


def test_networks_learn_on_a_time_grid():
    grid = {"step": 0.1, "end": 6.0, "derivatives": "both"}
    trained = train_spikes(dataset(), settings=settings("surrogate", n_epochs=8, grid=grid))
    loss = trained.history.arrays()["loss"]
    assert (loss[-1] < 0.8 * loss[0]).all()
    assert (trained.test.accuracy.value > 0.7).all()  # chance is one half


def test_surrogates_are_judged_by_exact_spikes():
    chosen = settings("surrogate")
    network = build_network(chosen, 4, 2)
    learning, judged = runners(chosen, network)
    times = torch.from_numpy(dataset().test.times)
    exact = network(times)
    first = Answer().of
    assert torch.allclose(first(judged.run(times)).nan_to_num(), exact.nan_to_num(), atol=1e-10)
    on_grid = first(learning.run(times))
    both = torch.isfinite(exact) & torch.isfinite(on_grid)
    assert both.float().mean() > 0.5
    error = (exact - on_grid)[both].detach().abs()
    assert 1e-6 < float(error.median()) < 0.05**2


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"method": "bptt"}, "method"),
        ({"method": "eventprop", "grid": {"step": 0.1, "end": 5.0}}, "grid"),
        ({"method": "surrogate", "grid": {"step": 0.0, "end": 5.0}}, "grid.step"),
        (
            {"method": "surrogate", "grid": {"step": 100.0, "end": 6.0}},
            "grid.step: got 100, expected at most 1, the shortest time constant",
        ),
        (
            {"method": "surrogate", "network": {"neuron": {"tau_mem": 0.01}}},
            "grid.step: got none, which means 0.05, expected at most 0.01",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(given, match):
    with pytest.raises(InputError, match=match):
        SpikeTraining(**given)


def test_what_a_recipe_can_do_about_spikes_without_end_is_told_by_its_keys():
    network = {"hidden": [3], "after_spike": {"reset": 0.999999, "refractory": 0.0}}
    parts: dict[str, Any] = {
        "network": network | {"weight_mean": 1000.0}, "loss": {"absent_time": 50.0}
    }  # fmt: skip
    chosen = SpikeTraining(method="eventprop", **parts)
    runner, _ = runners(chosen, network_of(chosen, 4, 2))
    with pytest.raises(RunawayActivityError, match=r"neuron \d .*network.after_spike.refractory"):
        runner.run(torch.zeros(1, 4, dtype=torch.float64))
