"""Networks of populations with a device in the loop: what is programmed, shown and learned."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware import Description, Grid
from lasersampling.lif import DelayRange, LIFLayer, Neuron, SpikingNetwork, Streams
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.in_the_loop import InTheLoop
from lasersampling.lif.chips.population_loop import ObservedBytes, PopulationInTheLoop
from lasersampling.lif.chips.populations import PopulationChip
from lasersampling.lif.chips.ragged import spike_arrays, spike_events
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.events.voltages import membrane_voltages
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.layered import LayeredNetwork
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents

END = 6.0


def network_of(n_members=2, learned=(), readout=True):
    """Two recurrent populations with delays of all kinds, and a read-out off the device."""
    neuron, some = Neuron(threshold=1.1, tau_mem=1.4), DelayRange()
    populations = [
        Population(
            6, neuron, reset=-0.1, refractory=0.4, axonal=some, dendritic=some, learned=learned
        ),
        Population(4, neuron, refractory=0.3, dendritic=some),
    ]
    connections = [
        Connection(INPUTS, 0, 1.5, 0.7, some),
        Connection(0, 0, 0.0, 0.3),
        Connection(0, 1, 0.8, 0.4, some),
    ]
    if readout:
        populations.insert(1, Population(3, Neuron(tau_mem=1.5), spiking=False))
        connections[2:] = [Connection(0, 1, 0.5, 0.5), Connection(0, 2, 0.8, 0.4, some)]
    streams = Streams(list(range(n_members)))
    return PopulationNetwork(4, populations, connections, streams, axonal=some)


def inputs_of(n_members=2, n_samples=5):
    generator = torch.Generator().manual_seed(3)
    times = 2.0 * torch.rand(n_members, n_samples, 8, generator=generator).double()
    events = SpikeEvents.from_times(times)
    return dataclasses.replace(events, neuron=events.neuron % 4, n_neurons=4)  # two of each


class Exact:
    """A device that runs the nominal network with the weights that it is given, and some jitter."""

    def __init__(self, network, jitter=0.0, **facts):
        self.network, self.jitter = network, jitter
        self.spiking = [k for k, p in enumerate(network.populations) if p.spiking]
        connected = {"connections": "inputs>0 0>0 0>1"} if len(self.spiking) == 2 else {}
        sizes = network.n_inputs, *(network.size(k) for k in self.spiking)
        about = {"spikes": "all", "sample_period": END, "voltages": True, **connected, **facts}
        self.description = Description("lif", "exact", sizes, network.n_members, about)
        self.generator = torch.Generator().manual_seed(0)
        self.seen: list[Any] = []

    def run(self, parameters, inputs):
        self.seen.append((parameters, inputs))
        network = self.network
        n_samples = (len(inputs["events_offsets"]) - 1) // network.n_members
        given = spike_events(inputs, "events", (network.n_members, n_samples, network.n_inputs))
        with torch.no_grad():
            activity: Any = run_events(network, given, EventSettings(END))
            shown: dict[str, Any] = {}
            for place, k in enumerate(self.spiking):
                own = activity.spikes(k)
                time = own.time + self.jitter * torch.randn(
                    len(own.time), generator=self.generator, dtype=torch.float64
                )
                order = np.lexsort((time.numpy(), own.run.numpy()))
                own = dataclasses.replace(own, time=time[order], neuron=own.neuron[order])
                shown |= spike_arrays(f"spikes_{place}", own)
                if "voltage_interval" in inputs:
                    interval = float(inputs["voltage_interval"])
                    times = np.arange(int(END / interval + 1e-9) + 1) * interval
                    leak = network.neuron_numbers(k).leak[:, None, :, None]
                    values = membrane_voltages(network, given, activity, times, k) + leak
                    shown[f"voltages_{place}"] = values.numpy()
        return shown


def gradients(network, activity):
    """By the times and counts of spikes, and by the read-out."""
    loss = torch.zeros((), dtype=torch.float64)
    for k, population in enumerate(network.populations):
        if population.spiking:
            first = activity.spikes(k).first()
            loss = loss + torch.where(torch.isfinite(first), first, 0.0).square().sum()
        else:
            loss = loss + activity.voltages(k).maximum().square().sum()
    return torch.autograd.grad(loss, [p for p in network.parameters() if p.requires_grad])


def cosine(one, other):
    flat, again = (torch.cat([own.flatten() for own in part]) for part in (one, other))
    return float(flat @ again / (flat.norm() * again.norm()))


def test_eventprop_on_an_exact_device_is_eventprop():
    network, inputs = network_of(learned=("threshold", "tau_mem")), inputs_of()
    device, settings = Exact(network), EventSettings(END)
    loop = PopulationInTheLoop(network, device, settings=settings)
    plain, looped = run_events(network, inputs, settings), loop.run(inputs)
    for one, other in zip(gradients(network, plain), gradients(network, looped), strict=True):
        assert (one - other).abs().max() < 1e-12 * max(1.0, float(one.abs().max()))
        assert bool((one != 0).any())


def test_what_is_programmed_and_sent():
    """Read-outs are off the device, and connections and populations are counted without them."""
    network, inputs = network_of(learned=("threshold",)), inputs_of()
    device = Exact(network)
    further = {"leak_1": np.full((2, 4), 0.1)}
    settings = EventSettings(END)
    loop = PopulationInTheLoop(network, device, settings=settings, programmed=further)
    activity: Any = loop.run(inputs)
    ((parameters, sent),) = device.seen
    assert sorted(parameters) == [
        "axonal_delays_0", "axonal_delays_1", "dendritic_delays_0", "dendritic_delays_1",
        "leak_1", "refractory_0", "refractory_1", "reset_0", "reset_1", "synaptic_delays_0",
        "synaptic_delays_2", "threshold_0", "weights_0", "weights_1", "weights_2",
    ]  # fmt: skip
    assert np.array_equal(parameters["weights_2"], network.weights[3].detach().transpose(1, 2))
    assert parameters["threshold_0"] == pytest.approx(np.full((2, 6), 1.1))
    assert parameters["reset_0"] == pytest.approx(np.full((2, 6), -0.1))
    assert sorted(sent) == ["events_neuron", "events_offsets", "events_time"]
    n_spikes = sum(len(activity.spikes(k).time) for k in (0, 2))
    n_offsets = 2 * (2 * 5 + 1)
    assert loop.observed_bytes == ObservedBytes(16 * n_spikes + 8 * n_offsets, 0)


def test_eventprop_and_surrogates_with_jitter_come_near_the_nominal_gradient():
    network, inputs = network_of(), inputs_of(n_samples=20)
    nominal = gradients(network, run_events(network, inputs, EventSettings(END)))
    device = Exact(network, jitter=0.01, voltage_bits=8)
    settings = EventSettings(END, smallest_slope=0.1)
    loop = PopulationInTheLoop(network, device, settings=settings)
    assert cosine(gradients(network, loop.run(inputs)), nominal) > 0.95
    on_grid = GridSettings(0.05, END, derivatives="times", smallest_slope=0.1)
    loop = PopulationInTheLoop(network, device, method="surrogate", settings=on_grid)
    activity: Any = loop.run(inputs)
    assert cosine(gradients(network, activity), nominal) > 0.9
    assert float(device.seen[-1][1]["voltage_interval"]) == pytest.approx(0.05)
    assert loop.observed_bytes.voltages == 2 * 20 * 10 * 121  # one byte each
    assert loop.observed_bytes.spikes > 0


def test_surrogates_of_a_network_that_the_grid_runs_like_the_device():
    """With a short step the grid engine finds the spikes of the device, and its derivatives."""
    network, inputs = network_of(readout=False), inputs_of()
    settings = GridSettings(0.02, END)
    loop = PopulationInTheLoop(network, Exact(network), method="surrogate", settings=settings)
    looped: Any = loop.run(inputs)
    plain: Any = run_on_grid(network, inputs, settings)
    found = []
    for activity in (plain, looped):
        loss = activity.spikes().counts().square().sum()
        found.append(torch.autograd.grad(loss, list(network.weights)))
    assert cosine(*found) > 0.9


def test_a_device_that_samples_slowly_is_asked_for_what_it_can_do():
    network = network_of()
    device = Exact(network, voltage_interval=0.25)
    settings = GridSettings(0.05, END)
    loop = PopulationInTheLoop(network, device, method="surrogate", settings=settings)
    loop.run(inputs_of())
    assert float(device.seen[-1][1]["voltage_interval"]) == 0.25


@pytest.mark.parametrize("method", ["eventprop", "surrogate"])
def test_an_emulated_chip_in_the_loop(method):
    """All imperfections of a chip; several spikes, recurrence, weights on a grid."""
    network = network_of(readout=False)
    chip = PopulationChip("brainscales2", (4, 6, 4), (0, 1), [(-1, 0), (0, 0), (0, 1)])
    grid = chip.model.imperfections.coupling.grid
    settings: Any = EventSettings(END, smallest_slope=0.1)
    if method == "surrogate":
        settings = GridSettings(0.05, END)
    loop = PopulationInTheLoop(network, chip, method=method, settings=settings, grid=grid)
    activity: Any = loop.run(inputs_of())
    n_spikes = sum(int(activity.spikes(k).counts().sum()) for k in (0, 1))
    assert n_spikes > 30
    assert (loop.observed_bytes.voltages > 0) == (method == "surrogate")
    found = gradients(network, activity)
    assert all(bool(torch.isfinite(own).all()) for own in found)
    assert bool((found[0] != 0).any())


def test_derivatives_are_taken_at_the_weights_that_can_be_programmed():
    network, inputs = network_of(readout=False), inputs_of()
    device, settings = Exact(network), EventSettings(END, smallest_slope=0.1)
    grid = Grid(step=0.5)
    rounded = network_of(readout=False)
    with torch.no_grad():
        for weights in rounded.weights:
            weights.copy_((weights / 0.5).round() * 0.5)
    one = PopulationInTheLoop(network, device, settings=settings, grid=grid).run(inputs)
    other = PopulationInTheLoop(rounded, device, settings=settings).run(inputs)
    for a, b in zip(gradients(network, one), gradients(rounded, other), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


def stack():
    streams = Streams([1, 2])
    size: Any = {"weight_mean": 2.0, "weight_std": 0.5}
    neuron = Neuron(threshold=2.6)
    layers = [
        LIFLayer(5, 7, streams, neuron, smallest_slope=0.1, **size),
        LIFLayer(7, 3, streams, neuron, smallest_slope=0.1, **size),
    ]
    return SpikingNetwork(layers, streams)


@pytest.mark.parametrize("chip", [EmulatedChip, PopulationChip])
def test_layers_of_neurons_that_spike_once_are_as_in_closed_form(chip):
    """By first spikes of a chip, or by all of them: as the closed form."""
    network = stack()
    view = LayeredNetwork(network)
    generator = torch.Generator().manual_seed(0)
    times = torch.rand(2, 30, 5, dtype=torch.float64, generator=generator)
    settings = EventSettings(smallest_slope=0.1)
    loop = PopulationInTheLoop(view, chip("ideal", (5, 7, 3), (0, 1)), settings=settings)
    activity: Any = loop.run(SpikeEvents.from_times(view.prepared(times)))
    closed = InTheLoop(network, EmulatedChip("ideal", (5, 7, 3), (0, 1))).run(times)
    found = []
    for spikes in (activity.spikes().first(), closed.output):
        loss = torch.where(torch.isfinite(spikes), spikes, 0.0).square().sum()
        found.append(torch.autograd.grad(loss, list(network.parameters())))
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-8, atol=1e-9)
        assert bool((one != 0).any())


def test_a_device_of_first_spikes_is_refused_where_neurons_spike_again():
    network = network_of(readout=False)
    chip = EmulatedChip("ideal", (4, 6, 4), (0, 1))
    with pytest.raises(InputError, match="first spike of each neuron"):
        PopulationInTheLoop(network, chip, settings=EventSettings())


def test_a_device_of_first_spikes_is_sent_one_spike_of_each_input():
    view = LayeredNetwork(stack())
    loop = PopulationInTheLoop(
        view, EmulatedChip("ideal", (5, 7, 3), (0, 1)), settings=EventSettings()
    )
    twice = SpikeEvents.from_trains([[(0.0, 0), (0.4, 0)]], 5, 2)
    with pytest.raises(InputError, match="spike more than once"):
        loop.run(twice)


@pytest.mark.parametrize(
    ("facts", "method", "settings", "named"),
    [
        ({"connections": "inputs>0 0>1"}, "eventprop", EventSettings(END), "those of the network"),
        ({"voltages": False}, "surrogate", GridSettings(0.1, END), "does not tell voltages"),
        ({}, "surrogate", EventSettings(END), "settings"),
        ({}, "eventprop", GridSettings(0.1, END), "settings"),
        ({}, "closed-form", EventSettings(END), "method"),
        ({}, "eventprop", EventSettings(2 * END), "is observed"),
        ({}, "surrogate", GridSettings(0.1, 2 * END), "is observed"),
    ],
)
def test_what_does_not_fit_together_is_refused(facts, method, settings, named):
    network = network_of()
    device = Exact(network, **facts)
    with pytest.raises(InputError, match=named):
        PopulationInTheLoop(network, device, method=method, settings=settings)


def test_other_sizes_are_refused():
    with pytest.raises(InputError, match="spiking populations"):
        PopulationInTheLoop(
            network_of(), PopulationChip("ideal", (4, 6), (0, 1)), settings=EventSettings(END)
        )
    with pytest.raises(InputError, match="one for each member"):
        PopulationInTheLoop(
            network_of(), Exact(network_of(n_members=1)), settings=EventSettings(END)
        )


@pytest.mark.parametrize("missing", ["spikes_1_time", "voltages_0"])
def test_what_a_device_does_not_show_is_named(missing):
    network = network_of()

    class Silent(Exact):
        def run(self, parameters, inputs):
            shown = super().run(parameters, inputs)
            del shown[missing]
            return shown

    settings = GridSettings(0.1, END)
    loop = PopulationInTheLoop(network, Silent(network), method="surrogate", settings=settings)
    with pytest.raises(SubstrateError, match=missing):
        loop.run(inputs_of())
