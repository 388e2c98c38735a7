"""Derivatives along observed spikes: of the engine itself, of a device, and of the closed form."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.hardware import Description
from lasersampling.lif import (
    AxonalDelays,
    DelayRange,
    LIFLayer,
    Neuron,
    SpikingNetwork,
    Streams,
    SynapticDelays,
)
from lasersampling.lif.chips.in_the_loop import InTheLoop
from lasersampling.lif.events.observed import observed_events
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.layered import LayeredNetwork
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.readouts import response
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.events.networks import ALL, END, events, recurrent, spike_train
from tests.lif.grid.tasks import KINDS, loop

SETTINGS = EventSettings(END)


def spikes_of(network, activity):
    """Its spikes as a device would show them, None for read-outs."""
    return [
        dataclasses.replace(part, time=part.time.detach()) if p.spiking else None
        for part, p in zip(activity.parts, network.populations, strict=True)
    ]


def moved(spikes, std, generator):
    """Spikes with jitter, sorted anew."""
    time = spikes.time + std * torch.randn(len(spikes.time), generator=generator).double()
    order = np.lexsort((time.numpy(), spikes.run.numpy()))
    return dataclasses.replace(spikes, time=time[order], neuron=spikes.neuron[order])


def along(network, inputs, observed, settings) -> Any:
    """What is found along observed spikes; tests know which parts are spikes."""
    return observed_events(network, inputs, observed, settings)


def loss_of(activity):
    """A smooth function of all spike times, counts and voltages, with a weight for each time."""
    loss = torch.zeros((), dtype=torch.float64)
    for part in activity.parts:
        if isinstance(part, SpikeEvents):
            # In the order of runs, neurons and times.
            order = np.lexsort((part.time.detach(), part.neuron, part.run))
            time = part.time[order]
            loss = loss + (time * torch.sin(1.0 + torch.arange(len(time)))).sum()
            loss = loss + part.counts().square().sum()
        else:
            loss = loss + part.maximum().square().sum() + part.integral(2.0).sum()
    return loss


def gradients(network, activity):
    parameters = [p for p in network.parameters() if p.requires_grad]
    return torch.autograd.grad(loss_of(activity), parameters)


@pytest.mark.parametrize("kind", [*KINDS, "small"])
def test_at_the_spikes_of_the_engine_all_is_as_the_engine_finds_it(kind):
    """All delays, refractory periods, read-outs and parameters that can be learned."""
    if kind == "small":
        network, inputs = recurrent(1.4, learned=ALL, seeds=(0, 1)), events(spike_train(20), 2)
    else:
        network, inputs = loop(kind), events(spike_train(2, 4), 2, 4)
    plain = run_events(network, inputs, SETTINGS)
    replayed = along(network, inputs, spikes_of(network, plain), SETTINGS)
    assert replayed.n_caught == 0
    assert replayed.end == plain.end
    for k, (crossed, part) in enumerate(zip(replayed.crossings, replayed.parts, strict=True)):
        late = network.dendritic_delays(k)
        if isinstance(part, SpikeEvents):
            left = crossed if late is None else crossed.later(late)
            assert torch.allclose(left.time, part.time, rtol=0, atol=1e-12)
        else:
            assert crossed is None
    for one, other in zip(plain.parts, replayed.parts, strict=True):
        if isinstance(one, SpikeEvents):
            assert torch.equal(one.time, other.time)
            assert torch.equal(one.neuron, other.neuron)
            assert len(one.time) > 10
    found = list(zip(gradients(network, plain), gradients(network, replayed), strict=True))
    for one, other in found:
        assert (one - other).abs().max() < 1e-12 * max(1.0, float(one.abs().max()))
    assert sum(bool((one != 0).any()) for one, _ in found) >= 8
    assert plain.floored.n_spikes == replayed.floored.n_spikes


class Device:
    """A device that always shows the same first spikes."""

    def __init__(self, observed, sizes, n_members):
        self.observed = observed
        self.description = Description("lif", "fixed", sizes, n_members)

    def run(self, parameters, inputs):
        return self.observed


@pytest.mark.parametrize("kind", ["plain", "synaptic", "axonal"])
def test_for_neurons_that_spike_once_it_is_the_closed_form_at_observed_spikes(kind):
    """Late, early and spurious spikes, and silent neurons; weights, delays and input times."""
    streams, n_members, n_samples = Streams([1, 2]), 2, 20
    neuron = Neuron(threshold=1.2, tau_mem=1.5)
    delays = {
        k: SynapticDelays(post, pre, streams, DelayRange()) if kind == "synaptic" else None
        for k, (post, pre) in enumerate([(7, 5), (3, 7)])
    }
    axonal = [AxonalDelays(7, streams)] if kind == "axonal" else []
    network = SpikingNetwork(
        [
            LIFLayer(5, 7, streams, neuron, smallest_slope=0.05, synaptic_delays=delays[0]),
            *axonal,
            LIFLayer(7, 3, streams, neuron, smallest_slope=0.05, synaptic_delays=delays[1]),
        ],
        streams,
    )
    generator = torch.Generator().manual_seed(0)
    times = torch.rand(n_members, n_samples, 5, dtype=torch.float64, generator=generator)
    times.requires_grad_()
    seen = [3.0 * torch.rand(2, n_samples, n, generator=generator).double() for n in (7, 3)]
    seen[0][:, ::3, 1] = torch.inf
    device = Device({f"spikes_{k}": own.numpy() for k, own in enumerate(seen)}, (5, 7, 3), 2)
    closed = InTheLoop(network, device).run(times).spikes
    layered = LayeredNetwork(network)
    inputs = SpikeEvents.from_times(times)
    observed = [SpikeEvents.from_times(own) for own in seen]
    replayed = along(layered, inputs, observed, EventSettings(smallest_slope=0.05))
    assert replayed.n_caught == 0
    found = []
    for spikes in (closed, [replayed.spikes(k).first() for k in (0, 1)]):
        times_of = torch.cat([t.flatten() for t in spikes])
        loss = torch.where(torch.isfinite(times_of), times_of, 0.0).square().sum()
        found.append(torch.autograd.grad(loss, [*network.parameters(), times]))
    assert replayed.floored.n_spikes > 10
    assert len(found[0]) == {"plain": 3, "synaptic": 5, "axonal": 4}[kind]
    for one, other in zip(*found, strict=True):
        assert (one - other).abs().max() < 1e-9 * max(1.0, float(one.abs().max()))
        assert bool((one != 0).any())


def lone(refractory=0.5, **more):
    """One neuron that two inputs reach, by weights of 3 and 2."""
    population = Population(1, Neuron(tau_mem=1.5, **more), refractory=refractory)
    network = PopulationNetwork(2, [population], [Connection(INPUTS, 0, 2.0, 0.0)], [0])
    with torch.no_grad():
        network.weights[0][0, 0, 0] = 3.0
    return network


def shown(times, n_neurons=1):
    return SpikeEvents.from_trains([[(t, 0) for t in times]], n_neurons)


def kernel(s, mem=1.5, syn=1.0):
    return syn / (mem - syn) * (np.exp(-s / mem) - np.exp(-s / syn))


def slopes(network, inputs, times, settings=SETTINGS):
    """Derivatives of each observed spike by the two weights, and the activity."""
    activity = along(network, inputs, [shown(times)], settings)
    spikes = activity.spikes()
    assert spikes.time.tolist() == times
    rows = [
        torch.autograd.grad(t, network.weights[0], retain_graph=True)[0].flatten().tolist()
        for t in spikes.time
    ]
    return np.array(rows), activity


def test_a_spike_owes_to_the_inputs_since_the_nominal_release():
    """Two spikes that the model does not have: each by hand, from the currents at both."""
    inputs = events([[(0.0, 0), (0.9, 1)]], n_inputs=2)
    found, activity = slopes(lone(), inputs, [0.6, 1.5])
    current = 3.0 * np.exp(-0.6)
    slope = (current - 1.0) / 1.5
    assert found[0] == pytest.approx([-kernel(0.6) / slope, 0.0])
    # From the release at 1.1 on: U' = I / tau_mem, I of both inputs; a later first spike moves it.
    at_release = 3.0 * np.exp(-1.1) + 2.0 * np.exp(-0.2)
    slope = (3.0 * np.exp(-1.5) + 2.0 * np.exp(-0.6) - 1.0) / 1.5
    by_first = kernel(0.4) * np.exp(-1.1)
    by_second = kernel(0.4) * np.exp(-0.2)
    later = -np.exp(-0.4 / 1.5) * at_release / 1.5  # U(1.5) by the time of release
    expected = [-(by_first + later * found[0][0]) / slope, -by_second / slope]
    assert found[1] == pytest.approx(expected)
    assert (activity.n_caught, activity.floored.n_spikes) == (0, 0)


def test_nothing_moves_a_spike_within_the_refractory_period():
    inputs = events([[(0.0, 0), (0.9, 1)]], n_inputs=2)
    network = lone()
    found, activity = slopes(network, inputs, [0.6, 1.1, 1.9])  # the second at the very end of it
    assert activity.n_caught == 1
    assert found[1].tolist() == [0.0, 0.0]
    first, second, _ = activity.spikes().presence
    (by_weights,) = torch.autograd.grad(first, network.weights[0], retain_graph=True)
    assert by_weights.flatten().tolist() == pytest.approx([kernel(0.6), 0.0])
    assert second.item() == 1.0
    (by_weights,) = torch.autograd.grad(second, network.weights[0], retain_graph=True)
    assert by_weights.flatten().tolist() == [0.0, 0.0]
    # It begins a period of its own, to 1.6, and the third owes nothing to the first.
    slope = (3.0 * np.exp(-1.9) + 2.0 * np.exp(-1.0) - 1.0) / 1.5
    by_weights = kernel(0.3) * np.exp([-1.6, -0.7])
    assert found[2] == pytest.approx(-by_weights / slope)


def test_neurons_that_spike_once_have_no_derivatives_of_a_second_spike():
    inputs = events([[(0.0, 0), (0.9, 1)]], n_inputs=2)
    found, activity = slopes(lone(refractory=np.inf), inputs, [0.6, 1.5])
    assert activity.n_caught == 1
    assert found[0][0] != 0.0
    assert found[1].tolist() == [0.0, 0.0]


def test_spurious_spikes_have_the_smallest_slope_and_are_counted():
    """One before any input owes nothing to weights; one while the voltage falls has the floor."""
    network, settings = lone(refractory=0.0), EventSettings(END, smallest_slope=0.1)
    inputs = events([[(0.3, 0)]], n_inputs=2)
    found, activity = slopes(network, inputs, [0.1, 4.0], settings)
    assert found[0].tolist() == [0.0, 0.0]
    assert found[1] == pytest.approx([-kernel(3.7) / 0.1, 0.0])
    assert activity.floored.n_spikes == 4  # both of them, in both backward passes


def test_lost_inputs_count_as_sent():
    """The nominal model is given what was sent, so what a chip has lost gets derivatives too."""
    network, sent = lone(), events([[(0.0, 0), (0.2, 1)]], n_inputs=2)
    found, _ = slopes(network, sent, [0.6])
    assert (found[0] != 0.0).all()


def test_spikes_in_any_order_of_arrival():
    """Dendritic delays differ, so spikes leave in another order than neurons cross thresholds."""
    network, generator = recurrent(1.4, learned=ALL), torch.Generator().manual_seed(1)
    inputs = events(spike_train(6))
    seen = spikes_of(network, run_events(network, inputs, SETTINGS))
    seen = [moved(own, 0.05, generator) for own in seen]
    permuted = []
    for own in seen:  # the same spikes with those at equal times the other way round
        time = (own.time * 20).round() / 20
        same = dataclasses.replace(own, time=time)
        order = np.lexsort((-same.neuron.numpy(), time.numpy(), own.run.numpy()))
        permuted.append(
            (same, dataclasses.replace(same, time=time[order], neuron=own.neuron[order]))
        )
    one, other = (along(network, inputs, [pair[k] for pair in permuted], SETTINGS) for k in (0, 1))
    assert any((a.neuron != b.neuron).any() for a, b in permuted)
    for part, (_, own) in zip(other.parts, permuted, strict=True):
        assert torch.equal(part.time, own.time)
        assert torch.equal(part.neuron, own.neuron)
    for a, b in zip(gradients(network, one), gradients(network, other), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


def along_by_hand(network, inputs, observed, floor):
    """Crossings along observed spikes as a chain of torch operations, one by one in their order.

    Each is where it is, and moves by -dU / slope if anything earlier changes U there.
    """
    numbers, rows, n_inputs = network.numbers(), network.rows, network.n_inputs
    crossed: list[Any] = []
    for k, own in enumerate(observed):
        delays = network.dendritic_delays(k)
        late = own.time * 0 if delays is None else delays[0, own.neuron].detach()
        first = network.span(k)[0]
        crossed += zip((own.time - late).tolist(), (own.neuron + first).tolist(), strict=True)
    sent = [(t, int(n)) for t, n in zip(inputs.time, inputs.neuron, strict=True)]
    last: dict[int, torch.Tensor] = {}
    found = []
    for when, n in sorted(crossed):
        gap, reset, initial, mem, syn, period = (values[0, n] for values in numbers[2:])
        start = last[n] + period if n in last else torch.zeros(()).double()
        voltage = (reset if n in last else initial) * torch.exp((start - when) / mem)
        current = torch.zeros(()).double()
        for t, source in sent:
            for row in range(rows.rows[source], rows.rows[source + 1]):
                arrival = t + numbers.delays[0, row]
                if not rows.low[row] <= n < rows.high[row] or arrival >= when:
                    continue
                weight = numbers.weights[0, rows.begin[row] + n - rows.low[row]]
                begin = torch.maximum(arrival, start)
                left = weight * torch.exp((arrival - begin) / syn)
                voltage = voltage + left * response(when - begin, mem, syn)
                current = current + weight * torch.exp((arrival - when) / syn)
        slope = float(((current - gap) / mem).detach().clamp_min(floor))
        is_caught = n in last and when <= float(start.detach())
        change = (gap - gap.detach()) - (voltage - voltage.detach())
        time = torch.tensor(when, dtype=torch.float64) if is_caught else when + change / slope
        last[n] = time
        sent.append((time, n_inputs + n))
        found.append((when, n, time))
    return found


@pytest.mark.parametrize("refractory", [0.3, 0.6])
def test_many_spikes_with_jitter_have_the_derivatives_that_torch_finds_one_by_one(refractory):
    network, generator = recurrent(1.4, learned=ALL), torch.Generator().manual_seed(1)
    inputs = events(spike_train())
    inputs.time.requires_grad_()
    seen = spikes_of(network, run_events(network, inputs, SETTINGS))
    seen = [moved(own, 0.1, generator) for own in seen]
    settings = EventSettings(8.0, smallest_slope=2.0)
    network = recurrent(1.4, learned=ALL, refractory=refractory)  # which some may be within
    activity = along(network, inputs, seen, settings)
    by_hand = along_by_hand(network, inputs, seen, 2.0)
    parts: list[Any] = []
    for k, own in enumerate(activity.parts):
        delays, first = network.dendritic_delays(k), network.span(k)[0]
        late = 0.0 if delays is None else delays[0, own.neuron].detach()
        crossed = (own.time.detach() - late).tolist()
        parts += zip(crossed, (own.neuron + first).tolist(), own.time, strict=True)
    assert [n for _, n, _ in sorted(parts)] == [n for _, n, _ in by_hand]
    assert activity.n_caught == {0.3: 1, 0.6: 5}[refractory]
    weights = torch.sin(1.0 + torch.arange(len(parts)))
    dendritic = network.dendritic_delays(1)
    late = [0.0 if n < 4 else dendritic[0, n - 4] for _, n, _ in by_hand]
    losses = [
        sum(w * t for w, (_, _, t) in zip(weights, sorted(parts), strict=True)),
        sum(w * (t + d) for w, (_, _, t), d in zip(weights, by_hand, late, strict=True)),
    ]
    leaves = [*(p for p in network.parameters() if p.requires_grad), inputs.time]
    found, expected = (torch.autograd.grad(own, leaves, allow_unused=True) for own in losses)
    assert 0 < activity.floored.n_spikes < len(parts) - activity.n_caught
    for one, other in zip(found, expected, strict=True):
        assert (one - other).abs().max() < 1e-9 * max(1.0, float(one.abs().max()))


def test_spikes_before_the_beginning_and_after_the_end():
    network = recurrent(1.4, learned=ALL)
    inputs = events(spike_train(1))
    first = SpikeEvents.from_trains([[(-0.1, 1), (0.5, 0), (END + 0.1, 2)]], 4)
    second = SpikeEvents.from_trains([[(0.01, 1), (2.0, 0)]], 2)  # one within its dendritic delay
    settings = EventSettings(END, smallest_slope=0.1)
    activity = along(network, inputs, [first, second], settings)
    assert activity.spikes(0).time.tolist() == [-0.1, 0.5]
    assert activity.spikes(1).time.tolist() == [0.01, 2.0]
    at_zero = SpikeEvents.from_trains([[(0.0, 1), (0.5, 0)]], 4)
    expected = along(network, inputs, [at_zero, second], settings)
    found = gradients(network, activity)
    assert all(bool(torch.isfinite(own).all()) for own in found)
    assert all(map(torch.equal, found, gradients(network, expected)))


def test_no_spikes_have_no_derivatives():
    network = lone()
    activity = along(network, events([[(0.0, 0)]], n_inputs=2), [shown([])], SETTINGS)
    assert activity.spikes().counts().tolist() == [[[0.0]]]


def test_threads_change_nothing():
    network, inputs = recurrent(), events(spike_train(40))
    seen = spikes_of(network, run_events(network, inputs, SETTINGS))
    one, two = (
        gradients(network, along(network, inputs, seen, EventSettings(END, n_threads=n)))
        for n in (1, 2)
    )
    assert all(map(torch.equal, one, two))


@pytest.mark.parametrize(
    ("observed", "named"),
    [
        (None, "observed"),
        ([], "observed"),
        ([None], "observed\\[0\\]"),
        ([shown([1.0], 2)], "observed\\[0\\]"),
        ([SpikeEvents.from_trains([[], []], 1)], "observed\\[0\\]"),
    ],
)
def test_what_is_not_of_the_network_is_refused(observed, named):
    with pytest.raises(InputError, match=named):
        observed_events(lone(), events([[(0.0, 0)]], n_inputs=2), observed, SETTINGS)


def test_spikes_of_a_read_out_are_refused():
    network, inputs = loop("plain"), events(spike_train(1, 4), 2, 4)
    seen = spikes_of(network, run_events(network, inputs, SETTINGS))
    with pytest.raises(InputError, match="does not spike"):
        observed_events(network, inputs, [*seen[:2], seen[0]], SETTINGS)
