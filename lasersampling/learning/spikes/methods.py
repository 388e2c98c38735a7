"""How networks run and where their gradients come from: event by event, or on a time grid."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from lasersampling.arrays import as_array
from lasersampling.checks import absent_problems, refuse
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.activity import GridActivity
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.network import Activity, SpikingNetwork
from lasersampling.lif.populations.activity import NetworkActivity
from lasersampling.lif.populations.layered import LayeredNetwork
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.parallel import available_cores

Engine = Callable[[LayeredNetwork, SpikeEvents], NetworkActivity | GridActivity]
"""Runs a network of populations for input spikes."""

_STEP = 0.05
"""Step of the grid if none is given [tau_syn]."""


class PopulationRunner:
    """Runs a stack of layers as a network of populations, by one of the two engines.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble.
    engine : callable
        Runs a network of populations for input spikes; see `by_events` and `on_grid`.
    """

    def __init__(self, network: SpikingNetwork, engine: Engine) -> None:
        self._layered, self._engine = LayeredNetwork(network), engine

    def run(self, times: Tensor) -> Activity:
        """Return the first spikes of all neurons for input spikes, as `SpikingNetwork.run` does."""
        layered = self._layered
        refuse(absent_problems("times", as_array(times, "times")))
        if times.ndim == 2:
            times = times.expand(layered.n_members, *times.shape)
        given = layered.prepared(times)
        activity = self._engine(layered, SpikeEvents.from_times(given))
        spikes = [activity.spikes(k).first() for k in range(len(layered.populations))]
        sent = [layered.delayed(k, own) for k, own in enumerate(spikes)]
        return Activity(sent[-1], (given, *sent[:-1]), tuple(spikes))


def by_events(training: SpikeTraining) -> Engine:
    """Return the exact engine, whose derivatives are those of EventProp."""
    slope = training.learning.smallest_slope
    settings = EventSettings(smallest_slope=slope, n_threads=available_cores())
    return lambda network, inputs: run_events(network, inputs, settings)


def on_grid(training: SpikeTraining) -> Engine:
    """Return the engine on a time grid, with surrogate gradients."""
    default = GridSettings(step=_STEP, end=training.loss.absent_time, derivatives="both")
    settings = default if training.grid is None else training.grid
    return lambda network, inputs: run_on_grid(network, inputs, settings)
