"""The grid engine comes to what the event engine finds exactly, by the square of the step."""

import numpy as np
import pytest
import torch

from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection
from tests.lif.grid.tasks import END, KINDS, by_events, given, loop, on_grid

STEPS = (0.04, 0.02, 0.01)


def order(errors):
    """Slope of log(error) over log(step)."""
    return np.polyfit(np.log(STEPS), np.log(errors), 1)[0]


def trains(spikes):
    """Number of run and neuron for each spike, and its time, in this order."""
    place = spikes.run * spikes.n_neurons + spikes.neuron
    by_place = torch.argsort(place, stable=True)
    return place[by_place], spikes.time[by_place]


def differences(found, exact):
    """Differences of spike times for neurons that spike as often, and their share."""
    same = (found.counts() == exact.counts()).flatten()
    (place, times), (exact_place, exact_times) = trains(found), trains(exact)
    return (times[same[place]] - exact_times[same[exact_place]]).abs(), float(same.double().mean())


@pytest.mark.parametrize("kind", KINDS)
def test_spikes_and_read_outs_converge(kind):
    network, inputs = loop(kind), given(2, 10)
    times, voltages = [], []
    with torch.no_grad():
        exact = by_events(network, inputs, END)
        assert float(exact.spikes(0).counts().max()) >= (1 if kind == "once" else 3)
        for step in STEPS:
            activity = on_grid(network, inputs, GridSettings(step, END))
            pairs = [differences(activity.spikes(k).events(), exact.spikes(k)) for k in (0, 1)]
            assert min(share for _, share in pairs) >= 0.95
            errors = torch.cat([error for error, _ in pairs])
            times.append([float(errors.mean()), float(errors.median())])
            own, others = activity.voltages(2), exact.voltages(2)
            voltages.append(
                [
                    float((a - b).abs().median())
                    for a, b in [
                        (own.maximum(), others.maximum()),
                        (own.integral(), others.integral()),
                        (own.integral(2.0), others.integral(2.0)),
                    ]
                ]
            )
    mean, median = np.transpose(times)
    # The few spikes that share a step with what causes them are right to the first order only.
    assert order(mean) > 1.5
    assert order(median) > 1.75
    assert median[-1] < 2e-4
    assert min(order(errors) for errors in np.transpose(voltages)) > 1.6


def test_first_spikes_and_counts_are_those_of_the_events():
    network, inputs = loop("dendritic"), given(2, 4)
    output = on_grid(network, inputs, GridSettings(0.05, END)).spikes(0)
    events = output.events()
    assert torch.equal(events.first(), output.first())
    assert torch.equal(events.counts().double(), output.counts())


def test_read_outs_of_inputs_and_their_derivatives_converge():
    network, inputs = loop("synaptic", (0,)), given(1, 10)
    # Inputs reach the read-out without a neuron between.
    delays = network.connections[0].delays
    connections = [Connection(INPUTS, k, 0.5, 1.0, delays) for k in (0, 1, 2)]
    direct = PopulationNetwork(4, network.populations, connections, network.streams)
    upstream = torch.tensor([1.0, -0.5, 0.3], dtype=torch.float64)
    parameters = [p for p in direct.parameters() if p.requires_grad]

    def slopes(activity):
        readout = activity.voltages(2)
        loss = (readout.integral(3.0) * upstream).sum() + readout.integral().square().sum()
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        return torch.cat([part.flatten() for part in found if part is not None])

    exact = slopes(by_events(direct, inputs, END))
    errors = [
        float(
            (slopes(on_grid(direct, inputs, GridSettings(step, END))) - exact).norm() / exact.norm()
        )
        for step in STEPS
    ]
    # Delays are interpolated linearly, so their derivatives are of the first order.
    assert order(errors) > 0.8
    assert errors[-1] < 0.01
