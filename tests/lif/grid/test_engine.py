"""The grid engine: order of populations, devices, precision, ensembles, and what it refuses."""

from typing import Any

import pytest
import torch

from lasersampling import checks
from lasersampling.errors import InputError
from lasersampling.lif import Streams
from lasersampling.lif.grid.engine import groups
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.grid.tasks import given, loop, on_grid


def test_populations_run_behind_what_they_hear():
    connections = [
        Connection(2, 3), Connection(3, 1), Connection(1, 3), Connection(INPUTS, 2),
        Connection(1, 0), Connection(2, 2),
    ]  # fmt: skip
    populations = [Population(1, spiking=False), Population(1), Population(1), Population(1)]
    network = PopulationNetwork(1, populations, connections, Streams([0]))
    assert [sorted(group) for group in groups(network)] == [[2], [1, 3], [0]]


@pytest.mark.parametrize("kind", ["plain", "refractory", "both"])
def test_on_another_device_nothing_comes_back(kind):
    # `meta` has shapes and no values, so whatever reads a value or falls back to the CPU fails.
    network, inputs = loop(kind).to("meta"), given(2, 3)
    for derivatives in ("surrogate", "times", "both"):
        activity = on_grid(network, inputs, GridSettings(0.5, 1.5, derivatives=derivatives))
        results = [
            activity.voltages().maximum(), activity.voltages().integral(2.0),
            activity.spikes(0).first(), activity.spikes(1).counts(),
        ]  # fmt: skip
        assert all(result.is_meta for result in results)
        assert [result.shape for result in results] == [(2, 3, 3), (2, 3, 3), (2, 3, 5), (2, 3, 4)]
        results[0].sum().backward()
        assert all(weights.grad is not None for weights in network.weights)


def test_nothing_is_made_where_the_network_is_not():
    # With another device as default, what is made without a device cannot meet the network.
    network, inputs = loop("both", (0,)), given(1, 3)
    settings = GridSettings(0.1, 3.0)

    def results():
        activity = on_grid(network, inputs, settings)
        events = activity.spikes(0).events()
        loss = activity.voltages().maximum().sum() + activity.voltages().integral(2.0).sum()
        return [
            loss, *torch.autograd.grad(loss, network.weights), activity.spikes(1).counts(),
            events.first(), events.of(1, 3).counts(), SpikeEvents.from_times(events.first()).time,
        ]  # fmt: skip

    expected = results()
    with torch.device("meta"):
        found = results()
    for own, other in zip(found, expected, strict=True):
        assert torch.equal(own, other)


def test_single_precision():
    network, inputs = loop("both"), given(2, 5)
    settings = GridSettings(0.05, 4.0)
    double = on_grid(network, inputs, settings)
    single = on_grid(network.float(), inputs, settings)
    assert single.voltages().maximum().dtype == single.spikes(0).first().dtype == torch.float32
    same = single.spikes(0).counts() == double.spikes(0).counts()
    assert float(same.double().mean()) > 0.95
    difference = (single.spikes(0).times - double.spikes(0).times).nan_to_num(0.0)[:, same]
    assert float(difference.detach().abs().median()) < 1e-5
    single.voltages().integral().sum().backward()
    assert network.weights[0].grad.dtype == torch.float32


@pytest.mark.parametrize("kind", ["plain", "both"])
def test_members_and_samples_do_not_know_of_each_other(kind):
    inputs = given(2, 3)
    settings = GridSettings(0.1, 4.0)
    together = on_grid(loop(kind, (4, 7)), inputs, settings)
    times = inputs.first()
    for member, seed in enumerate((4, 7)):
        for sample in range(3):
            alone = SpikeEvents.from_times(times[member, sample][None, None])
            single = on_grid(loop(kind, (seed,)), alone, settings)
            for found, expected in [
                (together.voltages().maximum(), single.voltages().maximum()),
                (together.spikes(1).counts(), single.spikes(1).counts()),
            ]:
                torch.testing.assert_close(found[member, sample], expected[0, 0])


def test_no_input_spikes():
    network = loop("synaptic", (0,))
    inputs = SpikeEvents.from_times(torch.full((1, 2, 4), torch.inf, dtype=torch.float64))
    with torch.no_grad():
        activity = on_grid(network, inputs, GridSettings(0.1, 2.0))
    assert len(activity.spikes(0).events().time) == 0
    assert bool(torch.isinf(activity.spikes(0).first()).all())
    assert float(activity.voltages().maximum().abs().max()) == 0.0


def test_gradients_of_two_losses_of_one_run():
    # Spikes on their way keep nothing of an earlier backward pass.
    network, inputs = loop("both", (0,)), given(1, 3)
    activity = on_grid(network, inputs, GridSettings(0.1, 4.0))
    weights = list(network.weights)

    def slopes(loss):
        return torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)

    early = activity.spikes(1).traces.spikes[:12].sum()
    before = slopes(early)
    slopes(activity.voltages().integral().sum())
    after = slopes(early)
    for a, b in zip(before, after, strict=True):
        assert (a is None and b is None) or torch.equal(a, b)


def broken(name) -> Any:
    network: Any = loop("plain", (0,))
    inputs: Any = given(1, 2)
    settings: Any = GridSettings(0.1, 2.0)
    with torch.no_grad():
        if name == "connections[0].weights":
            network.weights[0][0, 0, 0] = torch.nan
        elif name.startswith("populations"):
            network.neurons[0].threshold -= {"reset": 1.25, "threshold": 1.0}[name.split(".")[1]]
        elif name == "step":
            settings = GridSettings(1.0, 2.0)
    if name == "inputs":
        inputs = given(1, 2, 3)
    elif name == "SpikeEvents":
        inputs = torch.zeros(1, 2, 4)
    elif name == "network":
        network = None
    elif name == "settings":
        settings = {"step": 0.1, "end": 2.0}
    return network, inputs, settings


@pytest.mark.parametrize(
    "name",
    [
        "network",
        "inputs",
        "SpikeEvents",
        "settings",
        "step",
        "connections[0].weights",
        "populations[0].reset",
        "populations[0].threshold",
    ],
)
def test_what_cannot_run_is_refused(name):
    network, inputs, settings = broken(name)
    with pytest.raises(InputError, match=name.replace("[", r"\[").replace("]", r"\]")):
        on_grid(network, inputs, settings)


def test_sizes_are_checked_before_memory_is_taken(monkeypatch):
    network, inputs = loop("plain", (0,)), given(1, 2)
    monkeypatch.setattr(checks, "memory_bytes", lambda: 10**6)
    with pytest.raises(InputError, match=r"step: got .* GiB"):
        on_grid(network, inputs, GridSettings(0.001, 2.0))
    on_grid(network, inputs, GridSettings(0.1, 2.0))


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"step": 0.0, "end": 1.0}, "step"),
        ({"step": 0.1, "end": float("inf")}, "end"),
        ({"step": 1e-300, "end": 1e300}, "step"),
        ({"step": 0.1, "end": 1.0, "derivatives": "all"}, "derivatives"),
        ({"step": 0.1, "end": 1.0, "detach_reset": 1}, "detach_reset"),
        ({"step": 0.1, "end": 1.0, "surrogate": "sigmoid"}, "surrogate"),
    ],
)
def test_settings_that_mean_nothing_are_refused(values, where):
    with pytest.raises(InputError, match=where):
        GridSettings(**values)


def test_a_whole_number_of_steps_fills_the_run():
    assert GridSettings(0.1, 1.0).n_steps == 10
    assert GridSettings(0.3, 1.0).length == 0.25
    assert GridSettings(2.0, 1.0).n_steps == 1
