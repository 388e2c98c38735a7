"""Networks, inputs and losses that the tests of the grid engine share."""

from typing import Any

import numpy as np
import torch

from lasersampling.lif import DelayRange, Neuron, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents

END = 5.0
KINDS = ("plain", "refractory", "axonal", "dendritic", "synaptic", "both", "once")
"""What is special about `loop`."""


def loop(kind, seeds=(0, 1)):
    """A loop of two populations with a read-out, and parameters of all kinds that are learned."""
    neuron = Neuron(
        threshold=1.0, leak=0.1, conductance=1.3, tau_mem=np.linspace(0.8, 2.0, 5), tau_syn=0.9
    )
    some = DelayRange()
    learned: tuple[str, ...] = ("threshold", "leak", "conductance", "tau_mem", "tau_syn")
    period = {"refractory": 0.3, "once": np.inf}.get(kind, 0.0)
    if kind in ("refractory", "synaptic"):
        learned += ("reset", "initial") + (("refractory",) if kind == "refractory" else ())
    axonal = some if kind in ("axonal", "both") else None
    dendritic = some if kind in ("dendritic", "both") else None
    synaptic = some if kind in ("synaptic", "both") else None
    populations = [
        Population(
            5, neuron, reset=-0.2, refractory=period, axonal=axonal, dendritic=dendritic,
            learned=learned,
        ),
        Population(4, Neuron(tau_mem=0.7), refractory=period / 2, axonal=axonal),
        Population(
            3, Neuron(tau_mem=1.5, tau_syn=0.8, conductance=0.7), spiking=False,
            dendritic=dendritic, learned=("tau_mem", "tau_syn", "conductance", "leak"),
        ),
    ]  # fmt: skip
    connections = [
        Connection(INPUTS, 0, 2.2, 1.0, synaptic),
        Connection(0, 0, 0.0, 0.4, synaptic),
        Connection(0, 1, 1.0, 0.6, synaptic),
        Connection(1, 0, -0.2, 0.3),
        Connection(0, 2, 0.2, 0.5),
        Connection(1, 2, 0.5, 0.5, synaptic),
    ]
    return PopulationNetwork(4, populations, connections, Streams(seeds), axonal=axonal)


def given(n_members, n_samples, n_inputs=4):
    """Input spikes at random times."""
    generator = torch.Generator().manual_seed(3)
    times = 3.0 * torch.rand(n_members, n_samples, n_inputs, generator=generator).double()
    return SpikeEvents.from_times(times)


def on_grid(network, inputs, settings) -> Any:
    """What the grid engine finds, with read-outs and spikes where the test knows them to be."""
    return run_on_grid(network, inputs, settings)


def by_events(network, inputs, end) -> Any:
    """What the event engine finds."""
    return run_events(network, inputs, EventSettings(end=end))
