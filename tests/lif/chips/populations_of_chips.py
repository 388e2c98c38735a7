"""Networks and models with which chips of neurons that spike again are tested."""

import numpy as np

from lasersampling.hardware import ChipModel, Imperfections, VoltageSampling
from lasersampling.hardware.chip_model import NominalNeuron
from lasersampling.lif.chips.ragged import spike_events
from lasersampling.lif.populations.layered import SpikingAgain

SIZES, N_SAMPLES = (6, 8, 3), 10
LOOP = ((-1, 0), (0, 0), (0, 1))
AGAIN = SpikingAgain(reset=-0.2, refractory=0.15)
NEURON = NominalNeuron(threshold=1.0)


def arrays(n_members=2, connections=((-1, 0), (0, 1)), delays=()):
    generator = np.random.default_rng(0)
    parameters = {}
    for k, (source, target) in enumerate(connections):
        shape = n_members, SIZES[target + 1], SIZES[source + 1]
        mean = 3.0 if source != target else -1.0
        parameters[f"weights_{k}"] = generator.normal(mean, 1.0, shape)
        if "synaptic" in delays:
            parameters[f"synaptic_delays_{k}"] = generator.uniform(0.0, 1.0, shape)
    for k, n in enumerate(SIZES):
        if "axonal" in delays and k < 2:
            parameters[f"axonal_delays_{k}"] = generator.uniform(0.0, 1.0, (n_members, n))
        if "dendritic" in delays and k:
            parameters[f"dendritic_delays_{k - 1}"] = generator.uniform(0.0, 1.0, (n_members, n))
    return parameters, {"times": generator.uniform(0.0, 2.0, (n_members, N_SAMPLES, SIZES[0]))}


def events(observed, population, n_members=2):
    sizes = n_members, N_SAMPLES, SIZES[population + 1]
    return spike_events(observed, f"spikes_{population}", sizes)


def model(spikes=None, **imperfections):
    about = Imperfections(**imperfections, **({} if spikes is None else {"spikes": spikes}))
    return ChipModel(neuron=NEURON, imperfections=about, voltages=VoltageSampling(interval=0.05))
