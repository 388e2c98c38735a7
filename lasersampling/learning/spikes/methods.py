"""How networks run and where their gradients come from: event by event, or on a time grid."""

from __future__ import annotations

from torch import Tensor

from lasersampling.arrays import as_array
from lasersampling.checks import absent_problems, refuse
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.network import Activity, SpikingNetwork
from lasersampling.lif.populations.layered import LayeredNetwork
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.parallel import available_cores

_STEP = 0.05
"""Step of the grid if none is given [tau_syn]."""


class EventRunner:
    """Runs a stack of layers from event to event; its derivatives are those of EventProp.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble, in double precision on the CPU.
    training : SpikeTraining
        Says how small slopes are limited.
    """

    def __init__(self, network: SpikingNetwork, training: SpikeTraining) -> None:
        self._layered = LayeredNetwork(network)
        slope = training.learning.smallest_slope
        self._limits = EventSettings(smallest_slope=slope, n_threads=available_cores())

    def run(self, times: Tensor) -> Activity:
        """Return the first spikes of all neurons for input spikes, as `SpikingNetwork.run` does."""
        given = _given(self._layered, times)
        activity = run_events(self._layered, SpikeEvents.from_times(given), self._limits)
        n_layers = len(self._layered.populations)
        return _first_spikes(
            self._layered, given, [activity.spikes(k).first() for k in range(n_layers)]
        )


class GridRunner:
    """Runs a stack of layers on a time grid, with surrogate gradients.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble.
    training : SpikeTraining
        Says what the grid is.
    """

    def __init__(self, network: SpikingNetwork, training: SpikeTraining) -> None:
        self._layered = LayeredNetwork(network)
        default = GridSettings(step=_STEP, end=training.loss.absent_time, derivatives="both")
        self._settings = default if training.grid is None else training.grid

    def run(self, times: Tensor) -> Activity:
        """Return the first spikes of all neurons for input spikes, as `SpikingNetwork.run` does."""
        given = _given(self._layered, times)
        activity = run_on_grid(self._layered, SpikeEvents.from_times(given), self._settings)
        n_layers = len(self._layered.populations)
        return _first_spikes(
            self._layered, given, [activity.spikes(k).first() for k in range(n_layers)]
        )


def _given(layered: LayeredNetwork, times: Tensor) -> Tensor:
    """Check input spikes, and return what reaches the first layer."""
    refuse(absent_problems("times", as_array(times, "times")))
    if times.ndim == 2:
        times = times.expand(layered.n_members, *times.shape)
    return layered.prepared(times)


def _first_spikes(layered: LayeredNetwork, given: Tensor, spikes: list[Tensor]) -> Activity:
    sent = [layered.delayed(k, own) for k, own in enumerate(spikes)]
    return Activity(sent[-1], (given, *sent[:-1]), tuple(spikes))
