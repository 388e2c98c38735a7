"""Event-based networks of leaky integrate-and-fire neurons, with exact gradients of spike times."""

from lasersampling.lif.delays import AxonalDelays, DelayRange, DendriticDelays, SynapticDelays
from lasersampling.lif.first_spike import first_spike_times
from lasersampling.lif.layers import BiasSpikes, LIFLayer, RepeatInputs
from lasersampling.lif.network import SpikingNetwork, decisions
from lasersampling.lif.neuron import Neuron

__all__ = [
    "AxonalDelays",
    "BiasSpikes",
    "DelayRange",
    "DendriticDelays",
    "LIFLayer",
    "Neuron",
    "RepeatInputs",
    "SpikingNetwork",
    "SynapticDelays",
    "decisions",
    "first_spike_times",
]
