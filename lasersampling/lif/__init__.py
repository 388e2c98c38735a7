"""Event-based networks of leaky integrate-and-fire neurons, with exact gradients of spike times.

Here stand layers, delays, networks and losses; first spike times, networks whose neurons spike
again and the engines that run them, chips and files have rooms. No lasers, no data sets and no
training loop: `lasersampling.learning.spikes` trains these networks.
"""

from lasersampling.lif.delays import AxonalDelays, DelayRange, DendriticDelays, SynapticDelays
from lasersampling.lif.exchange.arrays import network_from_arrays, network_to_arrays
from lasersampling.lif.exchange.network_file import StoredNetwork, load_network, save_network
from lasersampling.lif.exchange.nir import from_nir, to_nir
from lasersampling.lif.layers import BiasSpikes, LIFLayer, RepeatInputs
from lasersampling.lif.network import SpikingNetwork, decisions
from lasersampling.lif.neuron import Neuron
from lasersampling.lif.spike_times.first_spike import first_spike_times
from lasersampling.lif.streams import Streams

__all__ = [
    "AxonalDelays",
    "BiasSpikes",
    "DelayRange",
    "DendriticDelays",
    "LIFLayer",
    "Neuron",
    "RepeatInputs",
    "SpikingNetwork",
    "StoredNetwork",
    "Streams",
    "SynapticDelays",
    "decisions",
    "first_spike_times",
    "from_nir",
    "load_network",
    "network_from_arrays",
    "network_to_arrays",
    "save_network",
    "to_nir",
]
