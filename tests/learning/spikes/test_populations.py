"""Networks whose neurons spike as often as they like, in the training loop."""

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.datasets import EventData, EventSet, SpikeSet
from lasersampling.datasets.spikes import divided
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.devices import usable_device
from lasersampling.learning.spikes.chips import runners
from lasersampling.learning.spikes.classification import Classifier, train_spikes
from lasersampling.learning.spikes.decisions import judge
from lasersampling.learning.spikes.losses import SpikeLoss, rate_penalty
from lasersampling.learning.spikes.networks import build_populations, network_of
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.learning.spikes.task import SpikeClassification
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.network import SpikingNetwork
from lasersampling.lif.populations.answers import Answer
from lasersampling.lif.populations.network import PopulationNetwork


def dataset(n=240):
    """Times of a point and of its mirror image, for the two halves of a square."""
    points = np.random.default_rng(0).random((n, 2))
    times = 1.5 * np.concatenate([points, 1.0 - points], axis=1)
    return divided(times, (points[:, 0] > points[:, 1]).astype(int))


DATA = dataset()
READ_OUT = {"tau_mem": 2.0, "until": 5.0}
NETWORK = {
    "hidden": [20], "weight_mean": 1.0, "weight_std": 1.5, "delays": "axonal", "bias_times": [0.5],
    "after_spike": {"refractory": 0.3}, "recurrent": {"weight_std": 0.05},
}  # fmt: skip
LOSSES: dict[str, dict[str, Any]] = {
    "cross_entropy": {"temperature": 0.3, "absent_time": 5.0},
    "count": {"temperature": 1.0, "absent_time": 5.0},
    "maximum": {"temperature": 0.3},
    "integral": {"temperature": 0.3, "decay": 3.0},
}


def settings(method, kind, n_epochs=6, network=None, loss=None, **learning):
    read_out, more = None, {}
    if kind in ("maximum", "integral"):
        read_out, more = READ_OUT, {"output_weight_mean": 0.0, "output_weight_std": 0.3}
    grid = {"step": 0.1, "end": 5.0, "detach_reset": True, "single": True}
    learned = {"n_epochs": n_epochs, "batch_size": 20, "learning_rate": 0.03, "evaluate_every": 3}
    parts: dict[str, Any] = {
        "network": NETWORK | {"read_out": read_out} | more | (network or {}),
        "loss": LOSSES[kind] | {"kind": kind} | (loss or {}),
        "learning": learned | learning,
        "grid": grid | {"derivatives": "both"} if method == "surrogate" else None,
    }
    return SpikeTraining(members=2, method=method, **parts)


def parameters(trained: Classifier) -> list[torch.Tensor]:
    return [p.detach().clone() for p in trained.network.parameters()]


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("method", ["eventprop", pytest.param("surrogate", marks=pytest.mark.slow)])
def test_it_learns_with_every_answer(method, kind):
    trained = train_spikes(DATA, settings=settings(method, kind, n_epochs=8))
    loss = trained.history.arrays()["loss"]
    assert loss[-1].mean() < 0.8 * loss[0].mean()
    decisions = trained.test
    assert decisions.answers.shape == (2, len(DATA.test), 2)
    assert decisions.counts[0].max() > 1
    names = trained.history.arrays()
    assert ("floored_spikes" in names) == (method == "eventprop")
    assert trained.answer.kind == ("first-spike" if kind == "cross_entropy" else kind)


def test_delays_and_time_constants_are_those_of_the_recipe():
    network = {"delays": "synaptic", "input_copies": 2, "delay_range": {"scale": 0.5}}
    made = network_of(settings("eventprop", "maximum", network=network), 4, 2)
    assert isinstance(made, PopulationNetwork)
    times = torch.rand(2, 3, 4, dtype=torch.float64)
    prepared = made.prepared(times)
    assert prepared.shape == (2, 3, 9)
    assert torch.equal(prepared[..., :8], times.repeat_interleave(2, -1))
    delays = made.synaptic_delays(0)
    assert delays is not None
    delays = delays.detach()
    assert 0 < float(delays.min()) < float(delays.max()) < 0.5
    assert made.connections[1].source == made.connections[1].target == 0
    numbers = made.neuron_numbers(1)
    assert float(numbers.tau_mem.max()) == 2.0
    assert isinstance(network_of(SpikeTraining(), 4, 2), SpikingNetwork)
    again: Any = {"after_spike": {}}  # to say nothing else means at once
    own = network_of(SpikeTraining(method="eventprop", network=again), 4, 2)
    assert isinstance(own, PopulationNetwork)
    assert float(own.neuron_numbers(0).refractory.max()) == 0.0


def test_going_on_gives_the_same_bits(kept):
    chosen = settings("eventprop", "maximum", n_epochs=4, averaged_share=0.5)
    whole = train_spikes(DATA, settings=chosen)
    train_spikes(DATA, settings=chosen, checkpoints=Checkpoints(kept, 0.0))
    again = train_spikes(DATA, settings=chosen, checkpoints=Checkpoints(resume=kept.states[1]))
    for one, other in zip(parameters(whole), parameters(again), strict=True):
        assert torch.equal(one, other)


@functools.cache
def silence(recruitment):
    """Share of silent hidden neurons and samples at the end, for weights that are too small."""
    network = {"weight_mean": 0.05, "weight_std": 0.0, "recurrent": {"weight_std": 0.0}}
    limits = {"hidden_limit": 0.1, "output_limit": 0.1}
    chosen = settings(
        "eventprop", "cross_entropy", network=network, recruitment=recruitment, **limits
    )
    return train_spikes(DATA, settings=chosen).history.arrays()["silent_share_0"][-1]


@pytest.mark.parametrize("recruitment", ["raised", "lifted"])
def test_a_silent_network_is_recruited(recruitment):
    assert (silence("none") == 1).all()
    assert (silence(recruitment) < 0.6).all()


def test_a_penalty_on_rates_moves_them():
    def rates(strength, low, high):
        loss = {"rate_penalty": strength, "lowest_rate": low, "highest_rate": high}
        chosen = settings("eventprop", "maximum", loss=loss if strength else None)
        trained = train_spikes(DATA, settings=chosen)
        return trained.test.counts[0].mean()

    free = rates(0.0, 0.0, 9.0)
    assert rates(0.1, 3.0, 9.0) > free + 0.3
    assert rates(0.1, 0.0, 0.2) < free - 0.3


def test_the_penalty_is_the_squared_distance_from_the_interval():
    counts = torch.tensor([[[0.0, 2.0, 5.0], [0.0, 1.0, 4.0]]])
    assert float(rate_penalty(counts, 0.5, 3.0)) == 0.5**2 + 1.5**2


@pytest.mark.parametrize(
    ("kind", "answers", "wins"),
    [
        ("first-spike", [[3.0, 1.0], [torch.inf, torch.inf]], [1, -1]),
        ("count", [[2, 2], [0, 0]], [0, -1]),
        ("maximum", [[-2.0, -1.0], [0.5, 0.5]], [1, 0]),
        ("integral", [[0.1, 0.2], [0.3, -0.5]], [1, 0]),
    ],
)
def test_what_wins(kind, answers, wins):
    until = 5.0 if kind in ("maximum", "integral") else None
    decided = Answer(kind, until).decided(torch.tensor([answers]))
    assert decided.tolist() == [wins]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"method": "closed-form", "network": {"after_spike": {}}}, "network.after_spike"),
        ({"method": "closed-form", "network": {"recurrent": {}}}, "network.recurrent"),
        ({"method": "closed-form", "loss": {"kind": "count"}}, "loss.kind"),
        ({"method": "eventprop", "loss": {"kind": "maximum"}}, "network.read_out"),
        ({"method": "eventprop", "network": {"read_out": {}}}, "network.read_out"),
        ({"method": "eventprop", "loss": {"decay": 1.0}}, "loss.decay"),
        ({"method": "eventprop", "loss": {"kind": "count", "late_weight": 1.0}}, "late_weight"),
        ({"method": "eventprop", "loss": {"rate_penalty": 1.0}}, "loss.rate_penalty"),
        ({"method": "eventprop", "loss": {"lowest_rate": 5.0, "highest_rate": 1.0}}, "highest"),
        ({"network": {"after_spike": {"refractory": -1.0}}}, "refractory"),
        ({"method": "eventprop", "network": {"after_spike": {"reset": 5.0}}}, "after_spike.reset"),
        (
            {
                "method": "eventprop", "loss": {"kind": "maximum"},
                "network": {"read_out": {}, "hidden": []},
            },
            "network.hidden",
        ),
        (
            {
                "method": "surrogate", "grid": {"step": 0.1, "end": 60.0},
                "loss": {"kind": "count"}, "network": {"after_spike": {}},
            },
            "grid.end.*loss.absent_time",
        ),
        (
            {
                "method": "eventprop",
                "network": {"after_spike": {}, "delays": "axonal", "input_copies": 2},
            },
            "input_copies",
        ),
        (
            {
                "method": "surrogate", "grid": {"step": 0.1, "end": 3.0},
                "loss": {"kind": "maximum"}, "network": {"read_out": {"until": 4.0}},
            },
            "grid.end",
        ),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(given, where):
    with pytest.raises(InputError, match=where):
        SpikeTraining(**given)


def test_runs_that_end_before_the_inputs_do_are_refused():
    network = {"read_out": {"until": 1.0}}
    with pytest.raises(InputError, match="read_out.until"):
        train_spikes(DATA, settings=settings("eventprop", "maximum", network=network))
    late = {"delays": "axonal", "delay_range": {"minimum": 4.5}}
    with pytest.raises(InputError, match="read_out.until: got 5, .* and arrive 4.5 later or more"):
        train_spikes(DATA, settings=settings("eventprop", "maximum", network=late))


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("method", ["eventprop", "surrogate"])
def test_no_part_has_inputs_behind_the_end(method, part):
    later = dataclasses.replace(DATA, **{part: SpikeSet(DATA.test.times + 10, DATA.test.labels)})
    with pytest.raises(InputError, match=f"{part} part spike until"):
        train_spikes(later, settings=settings(method, "maximum"))
    silent = SpikeSet(np.full_like(DATA.test.times, np.inf), DATA.test.labels)
    with pytest.raises(InputError, match=f"{part} part: got no input spikes"):
        train_spikes(
            dataclasses.replace(DATA, **{part: silent}), settings=settings(method, "count")
        )


def test_the_grid_of_a_stack_reaches_behind_its_inputs():
    short: Any = {"method": "surrogate", "grid": {"step": 0.05, "end": 0.3}}
    with pytest.raises(InputError, match="grid.end"):
        train_spikes(DATA, settings=SpikeTraining(**short))


@pytest.mark.parametrize("on_chip", [False, True])
def test_a_step_longer_than_a_time_constant_is_told_by_its_key(on_chip):
    long: dict[str, Any] = {
        "method": "surrogate", "grid": {"step": 1.5, "end": 6.0},
        "network": {"hidden": [4], "after_spike": {}}, "loss": {"kind": "count"},
        "chip": {"model": {"voltages": {}}} if on_chip else None,
    }  # fmt: skip
    with pytest.raises(InputError, match=r"grid.step: got 1.5, expected at most 1, the shortest"):
        train_spikes(DATA, settings=SpikeTraining(**long))


def test_a_chip_that_would_clip_delays_is_refused_for_populations_too():
    chip: Any = {"imperfections": {"delay": {"grid": {"step": 0.01, "lowest": 0, "highest": 0.2}}}}
    network: Any = {"hidden": [4], "delays": "synaptic", "after_spike": {}}
    chosen = SpikeTraining(method="eventprop", network=network, chip={"model": chip})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="network.delay_range"):
        train_spikes(DATA, settings=chosen)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("maximum", Answer()), ("maximum", Answer("count")), ("count", Answer("integral", 5.0))],
)
def test_an_answer_that_output_neurons_cannot_give_is_refused(kind, answer):
    with pytest.raises(InputError, match="answer: got"):
        judge(network_of(settings("eventprop", kind), 4, 2), DATA.test, answer=answer)


@pytest.mark.parametrize(("network", "part"), [("a.h5", DATA.test), (None, None)])
def test_what_is_no_network_cannot_be_judged(network, part):
    with pytest.raises(InputError, match="network"):
        judge(network, part)


def test_networks_that_no_memory_holds_are_refused_at_once():
    chosen = settings("eventprop", "maximum", network={"hidden": [10**6]})
    with pytest.raises(InputError, match="memory"):
        build_populations(chosen, 4, 2)


def pulses(n=80):
    """Two inputs that spike three times each, quickly or slowly; the faster one is the class."""
    labels = np.arange(n) % 2
    gaps = np.array([0.2, 0.6])
    trains = [[0.1 + np.arange(3) * gap for gap in gaps[[k, 1 - k]]] for k in labels]
    return EventSet.from_trains(trains, labels)


@pytest.mark.parametrize("method", ["eventprop", "surrogate"])
def test_inputs_may_spike_as_often_as_they_like(method):
    data = EventData(pulses(), pulses(20), pulses(20))
    chosen = settings(method, "count", network={"bias_times": []})
    trained = train_spikes(data, settings=chosen)
    loss = trained.history.arrays()["loss"]
    assert loss[-1].mean() < 0.8 * loss[0].mean()


@pytest.mark.parametrize(
    ("network", "where"),
    [
        ({"bias_times": [0.1]}, "bias_times"),
        ({"bias_times": [], "input_copies": 2, "delays": "none"}, "input_copies"),
        ({"bias_times": [], "after_spike": None, "recurrent": None}, "after_spike"),
    ],
)
def test_what_inputs_that_spike_again_cannot_have_is_refused(network, where):
    data = EventData(pulses(), pulses(20), pulses(20))
    with pytest.raises(InputError, match=where):
        train_spikes(data, settings=settings("eventprop", "cross_entropy", network=network))


@pytest.mark.parametrize("method", ["closed-form", "surrogate", "eventprop"])
@pytest.mark.parametrize("recruitment", ["raised", "lifted"])
def test_nothing_is_made_where_the_network_is_not(method, recruitment):
    # With another device as default, what is made without a device cannot meet the network.
    chosen = settings("eventprop", "maximum", n_epochs=1, recruitment=recruitment, hidden_limit=0.0)
    if method == "surrogate":
        grid = GridSettings(0.25, 5.0, detach_reset=True)
        chosen = dataclasses.replace(chosen, method=method, grid=grid)
    if method == "closed-form":
        learning = dataclasses.replace(chosen.learning, recruitment=recruitment)
        chosen = SpikeTraining(members=2, learning=learning)

    def results():
        with torch.device("cpu"):
            network = network_of(chosen, 4, 2)
        runner, judged_on = runners(chosen, network)
        loss = SpikeLoss(chosen.loss, chosen.answer)
        task = SpikeClassification(
            network, (DATA.train, DATA.validation), loss, chosen.learning, runner
        )
        task.begin_epoch(0)
        metrics = task.write_gradients(0).metrics
        judged = judge(network, DATA.test, judged_on, chosen.answer)
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        return [metrics["loss"], judged.answers, *(g.numpy() for g in gradients)]

    expected = results()
    with torch.device("meta"):
        found = results()
    assert len(expected) == len(found) > 3
    for own, other in zip(found, expected, strict=True):
        assert np.array_equal(own, other)


@pytest.mark.parametrize("name", ["meta", "nowhere", "cuda:99", 3.5])
def test_devices_that_torch_cannot_use_are_refused(name):
    with pytest.raises(InputError, match="torch_device"):
        usable_device(name)
