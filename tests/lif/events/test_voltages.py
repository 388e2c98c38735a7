"""Voltages of membranes at given times: against an integrator, and against read-outs."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from lasersampling.errors import InputError
from lasersampling.lif import Neuron
from lasersampling.lif.delays import DelayRange
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.events.voltages import membrane_voltages
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.readouts import LeakyReadout
from lasersampling.lif.populations.spikes import SpikeEvents

END = 6.0
RESET, REFRACTORY, TAU_MEM, TAU_SYN, CONDUCTANCE, LEAK = -0.4, 0.3, 1.4, 0.8, 1.3, 0.2


def network(tau_mem=TAU_MEM, delays=None):
    neuron = Neuron(1.0, LEAK, CONDUCTANCE, tau_mem, TAU_SYN)
    populations = [
        Population(5, neuron, RESET, REFRACTORY, dendritic=DelayRange(0.2, 0.1)),
        Population(2, neuron, spiking=False),
    ]
    connections = [
        Connection(INPUTS, 0, 3.0, 1.0, delays),
        Connection(0, 0, -0.5, 0.5, delays),
        Connection(0, 1, 0.5, 0.5, delays),
        Connection(INPUTS, 1, 0.5, 0.5),
    ]
    return PopulationNetwork(3, populations, connections, [0, 1])


def inputs():
    generator = np.random.default_rng(0)
    trains = [[(t, n) for n in range(3) for t in generator.uniform(0, 4, 4)] for _ in range(3)]
    return SpikeEvents.from_trains(trains, 3, 2)


def crossings_of(activity):
    crossings = activity.crossings[0]
    assert crossings is not None
    return crossings


def integrated(mine, given, activity, place, points):
    """U / g of a neuron of population 0, from its own and all other spikes, in small steps."""
    member, sample, neuron = place
    sent = [given, activity.crossings[0]]
    arrivals = []
    for k in range(2):
        run = member * given.n_samples + sample
        own = slice(int(sent[k].offsets[run]), int(sent[k].offsets[run + 1]))
        for time, source in zip(sent[k].time[own], sent[k].neuron[own], strict=True):
            delays = mine.connection_delays(k)[member, source]
            delay = delays[neuron] if delays.ndim else delays
            weight = mine.connection_weights(k)[member, source, neuron]
            arrivals.append((float(time + delay), float(weight)))
    own = slice(int(sent[1].offsets[run]), int(sent[1].offsets[run + 1]))
    spikes = sent[1].time[own][sent[1].neuron[own] == neuron].tolist()
    free = [t + REFRACTORY for t in spikes]
    edges = sorted({0.0, *points, *spikes, *free, *(t for t, _ in arrivals)})
    edges = [t for t in edges if t <= points[-1]]
    voltage, current, found = 0.0, 0.0, {}
    for start, stop in zip(edges, [*edges[1:], None], strict=True):
        current += sum(w for t, w in arrivals if t == start)
        if start in spikes:
            voltage = (RESET - LEAK) * CONDUCTANCE
        if start in points:
            found[start] = voltage / CONDUCTANCE
        if stop is None:
            break
        held = any(t <= start < r for t, r in zip(spikes, free, strict=True))
        slope = lambda t, y, held=held: [  # noqa: E731
            0.0 if held else (y[1] - y[0]) / TAU_MEM, -y[1] / TAU_SYN
        ]  # fmt: skip
        voltage, current = solve_ivp(
            slope, (start, stop), [voltage, current], rtol=1e-11, atol=1e-13
        ).y[:, -1]
    return [found[t] for t in points]


@pytest.mark.parametrize("delays", [None, DelayRange(0.3, 0.1)])
def test_voltages_are_those_of_an_integrator(delays):
    mine, given = network(delays=delays), inputs()
    with torch.no_grad():
        activity = run_events(mine, given, EventSettings(end=END))
    points = np.linspace(0.0, END, 23)
    found = membrane_voltages(mine, given, activity, points, 0).numpy()
    assert found.shape == (2, 3, 5, 23)
    assert crossings_of(activity).counts().max() >= 2
    for place in ((0, 0, 1), (1, 2, 3)):
        with torch.no_grad():
            expected = integrated(mine, given, activity, place, points.tolist())
        assert np.abs(found[place] - expected).max() < 1e-9
    mixed = membrane_voltages(mine, given, activity, points[::-1], 0).numpy()
    assert np.array_equal(mixed, found[..., ::-1])


def test_voltages_of_read_outs_are_theirs():
    mine, given = network(delays=DelayRange(0.3, 0.1)), inputs()
    with torch.no_grad():
        activity = run_events(mine, given, EventSettings(end=END))
        points = torch.linspace(0.0, END, 7, dtype=torch.float64)
        readout = activity.voltages()
        assert isinstance(readout, LeakyReadout)
        expected = readout.voltages(points)
    found = membrane_voltages(mine, given, activity, points)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)


def test_before_a_spike_the_threshold_and_then_the_reset():
    mine, given = network(), inputs()
    with torch.no_grad():
        activity = run_events(mine, given, EventSettings(end=END))
    spikes = crossings_of(activity)
    times, n = spikes.time[: int(spikes.offsets[1])], spikes.neuron[: int(spikes.offsets[1])]
    times = times[times < END - REFRACTORY]
    assert len(times) > 3
    shifts = (-1e-9, 1e-9, 0.5 * REFRACTORY, REFRACTORY - 1e-9)
    for shift in shifts:
        at = membrane_voltages(mine, given, activity, times + shift, 0)[0, 0]
        level = (1.0 if shift < 0 else RESET) - LEAK
        own = torch.stack([at[n[k], k] for k in range(len(times))])
        assert torch.allclose(own, torch.full_like(own, level), rtol=0, atol=1e-7)


def test_times_and_activities_that_do_not_fit_are_refused():
    mine, given = network(), inputs()
    activity = run_events(mine, given, EventSettings(end=END))
    for times in ([-0.1], [END + 0.1], [np.nan], [[1.0]]):
        with pytest.raises(InputError, match="times: got"):
            membrane_voltages(mine, given, activity, times)
    one = SpikeEvents.from_trains([[(0.5, 0)]], 3, 2)
    with pytest.raises(InputError, match="activity: got one of another network or other inputs"):
        membrane_voltages(mine, one, activity, [1.0])
    with pytest.raises(InputError, match="population: got 2"):
        membrane_voltages(mine, given, activity, [1.0], 2)
    with pytest.raises(InputError, match="activity: got None"):
        membrane_voltages(mine, given, None, [1.0])  # type: ignore[arg-type]
