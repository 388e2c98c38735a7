"""Derivatives on a grid at what a device has shown: spikes at their times, and sampled voltages."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import Neuron
from lasersampling.lif.events.observed import observed_events
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.events.voltages import membrane_voltages
from lasersampling.lif.grid.observed import observed_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.surrogates import Surrogate
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.grid.tasks import KINDS, given, loop, on_grid


def shown(network, activity):
    """Spikes and voltages of a run on a grid, as a device would show them."""
    spikes: list[SpikeEvents | None] = []
    voltages: list[torch.Tensor | None] = []
    for k, population in enumerate(network.populations):
        if not population.spiking:
            spikes.append(None)
            voltages.append(None)
            continue
        own, numbers = activity.spikes(k), network.neuron_numbers(k)
        events = own.events()
        spikes.append(dataclasses.replace(events, time=events.time.detach()))
        scaled = own.traces.before.detach().permute(1, 2, 3, 0)
        conductance, leak = (v.detach()[:, None, :, None] for v in numbers[6:])
        voltages.append(scaled / conductance + leak)
    return spikes, voltages


def gradients(network, activity):
    """By a loss of times, counts and voltages, with a weight for each neuron."""
    loss = torch.zeros((), dtype=torch.float64)
    for k, population in enumerate(network.populations):
        if population.spiking:
            spikes = activity.spikes(k)
            first, counts = spikes.first(), spikes.counts()
            weights = torch.sin(1.0 + torch.arange(first.numel())).reshape(first.shape)
            loss = loss + (weights * torch.where(torch.isfinite(first), first, 0.0)).sum()
            if counts.requires_grad:
                loss = loss + (weights * counts.square()).sum()
        else:
            loss = loss + activity.voltages(k).maximum().square().sum()
            loss = loss + activity.voltages(k).integral(2.0).sum()
    parameters = [p for p in network.parameters() if p.requires_grad]
    return torch.autograd.grad(loss, parameters, allow_unused=True)


def found_in_step(network, settings):
    """Input spikes of three runs in which no spike is found behind its step.

    Such a one is in the step before as a device shows it, so there derivatives differ.
    """
    first = given(2, 12).first()
    with torch.no_grad():
        activity = on_grid(network, SpikeEvents.from_times(first), settings)
    behind = [(activity.spikes(k).traces.fraction < 0).any(0).any(0).any(1) for k in (0, 1)]
    chosen = (~(behind[0] | behind[1])).nonzero().flatten()[:3]
    assert len(chosen) == 3
    return SpikeEvents.from_times(first[:, chosen])


@pytest.mark.parametrize(
    ("kind", "derivatives", "detach_reset"),
    [
        *((kind, "both", False) for kind in KINDS),
        ("refractory", "surrogate", True),
        ("both", "times", False),
    ],
)
def test_at_spikes_and_voltages_of_the_grid_derivatives_are_those_of_the_grid(
    kind, derivatives, detach_reset
):
    network = loop(kind)
    settings = GridSettings(0.05, 4.0, Surrogate(), detach_reset, derivatives)
    inputs = found_in_step(network, settings)
    plain = on_grid(network, inputs, settings)
    spikes, voltages = shown(network, plain)
    again = observed_on_grid(network, inputs, spikes, voltages, settings.length, settings)
    for k in (0, 1):
        one, other = plain.spikes(k), again.spikes(k)
        assert torch.allclose(one.times, other.times, rtol=0, atol=1e-12)
        assert torch.equal(one.counts(), other.counts())
    assert sum(int(plain.spikes(k).counts().detach().sum()) for k in (0, 1)) > 20
    found = list(zip(gradients(network, plain), gradients(network, again), strict=True))
    for one, other in found:
        if one is None or other is None:
            assert one is other
        else:
            assert (one - other).abs().max() < 1e-10 * max(1.0, float(one.abs().max()))
    assert sum(one is not None and bool((one != 0).any()) for one, _ in found) >= 8


def exact_voltages(network, inputs, activity, interval, end):
    """Voltages of the membranes of an exact run, as the threshold is counted."""
    times = np.arange(int(end / interval) + 1) * interval
    return [
        membrane_voltages(network, inputs, activity, times, k)
        + network.neuron_numbers(k).leak.detach()[:, None, :, None]
        if p.spiking
        else None
        for k, p in enumerate(network.populations)
    ]


def exact_spikes(network, activity):
    return [
        dataclasses.replace(part, time=part.time.detach(), presence=None) if p.spiking else None
        for part, p in zip(activity.parts, network.populations, strict=True)
    ]


def cosine(one, other):
    return float((one * other).sum() / (one.norm() * other.norm()))


@pytest.mark.parametrize("kind", ["refractory", "both"])
def test_derivatives_of_times_come_to_those_of_eventprop_along_the_same_spikes(kind):
    """Spikes with jitter, and sampled voltages: nearly the same derivatives.

    What is left comes from the straight lines between samples, so a shorter step does not help.
    """
    network, inputs, end = loop(kind), given(2, 8), 4.0
    exact: Any = run_events(network, inputs, EventSettings(end))
    voltages = exact_voltages(network, inputs, exact, 0.05, end)
    generator = torch.Generator().manual_seed(1)
    observed = []
    for own in exact_spikes(network, exact):
        if own is not None:
            jitter = 0.02 * torch.randn(len(own.time), generator=generator).double()
            order = np.lexsort(((own.time + jitter).numpy(), own.run.numpy()))
            time, neuron = (own.time + jitter)[order], own.neuron[order]
            own = dataclasses.replace(own, time=time, neuron=neuron)
        observed.append(own)
    along: Any = observed_events(network, inputs, observed, EventSettings(end, smallest_slope=0.3))

    def gradient(activity):
        loss = activity.voltages(2).maximum().square().sum()
        parts = torch.autograd.grad(loss, list(network.weights))
        return torch.cat([own.flatten() for own in parts])

    exact_one = gradient(along)
    errors = []
    for step in (0.05, 0.025):
        settings = GridSettings(step, end, derivatives="times", smallest_slope=0.3)
        found = observed_on_grid(network, inputs, observed, voltages, 0.05, settings)
        errors.append(1.0 - cosine(exact_one, gradient(found)))
    assert max(errors) < 0.05, errors


def lone(refractory=0.5):
    network = PopulationNetwork(
        2, [Population(1, Neuron(tau_mem=1.5), refractory=refractory)],
        [Connection(INPUTS, 0, 2.0, 0.0)], [0],
    )  # fmt: skip
    return network, SpikeEvents.from_trains([[(0.0, 0), (0.3, 1)]], 2)


def seen_at(*times):
    return SpikeEvents.from_trains([[(t, 0) for t in times]], 1)


def sampled(values):
    return torch.tensor(values, dtype=torch.float64)[None, None, None]


def test_the_surrogate_is_taken_at_the_sampled_voltage():
    """A count by hand: one weight, one step back from a voltage that the model would not have."""
    network, inputs = lone()
    surrogate = Surrogate("superspike", 10.0)
    settings = GridSettings(0.5, 1.0, surrogate, detach_reset=True)
    low, high = 0.3, 0.7  # at 0 and 0.5
    activity = observed_on_grid(
        network, inputs, [seen_at(0.7)], [sampled([low, high])], 0.5, settings
    )
    spikes = activity.spikes()
    assert spikes.times[:, 0, 0, 0].tolist() == [np.inf, 0.7]
    (found,) = torch.autograd.grad(spikes.counts().sum(), network.weights[0])
    gained, kept, left = response(0.5), np.exp(-0.5 / 1.5), np.exp(-0.5)
    current = 2.0  # at 0; that of the second input is shared by the points at 0 and 0.5
    current += 2.0 * 0.4
    after = [low * kept + current * gained, 0.0]
    current = current * left + 2.0 * 0.6
    after[1] = high * kept + current * gained
    slopes = [float(surrogate.derivative(torch.tensor(v - 1.0))) for v in after]
    first = slopes[0] * gained + slopes[1] * (gained * kept + left * gained)
    assert float(found[0, 0, 0]) == pytest.approx(first)


def response(s, mem=1.5, syn=1.0):
    return syn / (mem - syn) * (np.exp(-s / mem) - np.exp(-s / syn))


def test_nothing_moves_a_spike_within_the_refractory_period():
    network, inputs = lone()
    settings = GridSettings(0.05, 2.0, derivatives="both")
    voltages = [sampled([0.9] * 41)]
    activity = observed_on_grid(network, inputs, [seen_at(0.6, 0.9)], voltages, 0.05, settings)
    times = activity.spikes().events().time
    assert times.tolist() == pytest.approx([0.6, 0.9])
    by = [torch.autograd.grad(t, network.weights[0], retain_graph=True)[0] for t in times]
    assert bool((by[0] != 0).any())
    assert not by[1].any()


def test_spikes_of_one_step_take_the_next_and_keep_their_times():
    network, inputs = lone(refractory=0.0)
    settings = GridSettings(0.1, 1.2)
    seen = [seen_at(0.61, 0.63, 0.66, 0.72, 0.99)]
    activity = observed_on_grid(network, inputs, seen, [sampled([0.5] * 13)], 0.1, settings)
    spikes = activity.spikes()
    assert spikes.events().time.tolist() == pytest.approx([0.61, 0.63, 0.66, 0.72, 0.99])
    steps = spikes.traces.spikes[:, 0, 0, 0].nonzero().flatten()
    assert steps.tolist() == [6, 7, 8, 9, 10]


def test_spikes_before_the_beginning_and_after_the_end():
    network, inputs = lone()
    settings = GridSettings(0.1, 1.0)
    activity = observed_on_grid(
        network, inputs, [seen_at(-0.2, 1.0, 1.01)], [sampled([0.5] * 11)], 0.1, settings
    )
    assert activity.spikes().events().time.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("voltages", "interval", "named"),
    [
        (None, 0.1, "voltages"),
        ([None], 0.1, "voltages\\[0\\]"),
        ([sampled([0.5] * 9)], 0.1, "voltages\\[0\\]"),
        ([sampled([0.5] * 9 + [np.nan])], 0.1, "nan"),
        ([sampled([0.5] * 10)], 0.0, "interval"),
    ],
)
def test_voltages_that_are_not_of_the_network_are_refused(voltages, interval, named):
    network, inputs = lone()
    with pytest.raises(InputError, match=named):
        observed_on_grid(network, inputs, [seen_at()], voltages, interval, GridSettings(0.1, 1.0))


def test_single_precision():
    network, inputs = lone()
    settings = GridSettings(0.05, 2.0, single=True)
    activity = observed_on_grid(
        network, inputs, [seen_at(0.6)], [sampled([0.9] * 41)], 0.05, settings
    )
    assert activity.spikes().times.dtype == torch.float32
    activity.spikes().counts().sum().backward()
    assert network.weights[0].grad.dtype == torch.float64
