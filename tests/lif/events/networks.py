"""Small networks of several kinds, and losses of all their spikes, for tests of both engines."""

import numpy as np
import torch

from lasersampling.lif import DelayRange, Neuron, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents

END = 5.0
ALL = ("threshold", "leak", "conductance", "tau_mem", "tau_syn", "reset", "refractory", "initial")


def recurrent(tau_mem=1.0, *, refractory=0.3, learned=(), seeds=(0,), synaptic=True):
    """Four recurrent neurons and two outputs, with delays, that spike several times."""
    spread = np.linspace(0.9, 1.1, 4)
    different = tau_mem if tau_mem in (1.0, 2.0) else tau_mem * spread
    neuron = Neuron(threshold=spread, leak=0.1, conductance=0.8, tau_mem=different)
    span = DelayRange(initial_std=1.0)
    return PopulationNetwork(
        3,
        [
            Population(
                4, neuron, reset=-0.2, refractory=refractory, initial=0.2, learned=learned,
                axonal=DelayRange(scale=0.3),
            ),
            Population(2, Neuron(tau_mem=tau_mem), refractory=0.1, dendritic=DelayRange()),
        ],
        [
            Connection(INPUTS, 0, 1.5, 1.0, delays=span if synaptic else None),
            Connection(0, 0, 0.0, 0.6),
            Connection(0, 1, 0.6, 0.5, delays=span if synaptic else None),
        ],
        Streams(list(seeds)),
        axonal=DelayRange(),
    )  # fmt: skip


def spike_train(n_runs=1, n_inputs=3, n_spikes=9, seed=5):
    """Random input spikes: a list of (time, source) for each run."""
    generator = np.random.default_rng(seed)
    trains = []
    for _ in range(n_runs):
        times = np.sort(generator.uniform(0.0, 3.0, n_spikes))
        trains.append([(float(t), int(generator.integers(n_inputs))) for t in times])
    return trains


def events(trains, n_members=1, n_inputs=3):
    """The same trains for each member, as `SpikeEvents`."""
    return SpikeEvents.from_trains(trains, n_inputs, n_members)


def all_spikes(network, inputs, limits=None):
    """Times and neurons of all spikes, those of the populations one after the other."""
    activity = run_events(network, inputs, limits or EventSettings(end=END))
    parts = [activity.spikes(k) for k in range(len(network.populations))]
    return [(part.time, part.neuron) for part in parts]


def central_differences(loss, parameter, places, step=1e-6):
    """Derivatives of a number by entries of a parameter."""
    found = []
    with torch.no_grad():
        for place in places:
            value = float(parameter[place])
            parameter[place] = value + step
            upper = float(loss())
            parameter[place] = value - step
            lower = float(loss())
            parameter[place] = value
            found.append((upper - lower) / (2 * step))
    return np.array(found)
