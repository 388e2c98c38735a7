"""How networks run and where their gradients come from: event by event, or on a time grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from lasersampling.arrays import as_array
from lasersampling.checks import absent_problems, refuse
from lasersampling.errors import InputError
from lasersampling.learning.spikes.inputs import AnyInputs, once
from lasersampling.learning.spikes.networks import AnyNetwork
from lasersampling.learning.spikes.recipes import DEFAULT_STEP, SpikeTraining
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings, RunawayActivityError
from lasersampling.lif.grid.activity import GridActivity
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.network import Activity, SpikingNetwork
from lasersampling.lif.populations.activity import NetworkActivity
from lasersampling.lif.populations.answers import Answer
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.layered import LayeredNetwork
from lasersampling.lif.populations.moved import MovedNetwork
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.parallel import available_cores

AnyActivity = Activity | NetworkActivity | GridActivity
"""First spikes of a stack of layers, or spikes and voltages of populations."""

Engine = Callable[[NetworkDescription, SpikeEvents], NetworkActivity | GridActivity]
"""Runs a network of populations for input spikes."""

GRID_KEYS = {name: f"grid.{name}" for name in ("step", "end")}
"""Keys of a recipe for the names of the engine's settings."""


_CALMER = (
    "make network.after_spike.refractory longer, its reset lower, or weights smaller "
    "(network.weight_mean, network.recurrent, learning.learning_rate)"
)
"""What a recipe can do about networks that spike too often."""


class Runner(Protocol):
    """Runs a network: in closed form, by an engine, or on a device (`InTheLoop`)."""

    def run(self, inputs: Any, /) -> AnyActivity:
        """Return what the network does for input spikes, `AnyInputs` or times only."""
        ...


@runtime_checkable
class Recording(Protocol):
    """A runner that tells what happened in the last batch, once its gradients are written."""

    def recorded(self) -> Mapping[str, float]:
        """Return numbers by the names under which the history keeps them."""
        ...


class StackRunner:
    """Runs a stack of layers as a network of populations, and returns first spikes.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble.
    engine : callable
        Runs a network of populations for input spikes; see `engine_of`.
    """

    def __init__(self, network: SpikingNetwork, engine: Engine) -> None:
        self._layered, self._engine = LayeredNetwork(network), engine
        self._last: NetworkActivity | GridActivity | None = None

    def recorded(self) -> Mapping[str, float]:
        """Return how many spikes had a limited slope; see `Recording`."""
        return _recorded(self._last)

    def run(self, inputs: AnyInputs) -> Activity:
        """Return the first spikes of all neurons for input spikes, as `SpikingNetwork.run` does."""
        layered = self._layered
        given = _prepared(layered, once(inputs))
        activity = self._last = self._engine(layered, SpikeEvents.from_times(given))
        spikes = [activity.spikes(k).first() for k in range(len(layered.populations))]
        sent = [layered.delayed(k, own) for k, own in enumerate(spikes)]
        return Activity(sent[-1], (given, *sent[:-1]), tuple(spikes))


class PopulationRunner:
    """Runs a network of populations.

    Parameters
    ----------
    network : PopulationNetwork
        The ensemble.
    engine : callable
        Runs it for input spikes; see `engine_of`.
    """

    def __init__(self, network: PopulationNetwork, engine: Engine) -> None:
        self._network, self._engine = network, engine
        self._last: NetworkActivity | GridActivity | None = None

    def recorded(self) -> Mapping[str, float]:
        """Return how many spikes had a limited slope; see `Recording`."""
        return _recorded(self._last)

    def run(self, inputs: AnyInputs) -> NetworkActivity | GridActivity:
        """Return all spikes and voltages for input spikes."""
        self._last = self._engine(self._network, events_of(self._network, inputs))
        return self._last


def running(network: AnyNetwork, engine: Engine) -> StackRunner | PopulationRunner:
    """Return what runs a network by an engine."""
    if isinstance(network, SpikingNetwork):
        return StackRunner(network, engine)
    return PopulationRunner(network, engine)


def runner_of(network: AnyNetwork, answer: Answer) -> Runner:
    """Return what runs a network exactly, to read its answers.

    Parameters
    ----------
    network : SpikingNetwork or PopulationNetwork
        The network.
    answer : Answer
        Says when runs end.
    """
    if isinstance(network, SpikingNetwork):
        return network
    return PopulationRunner(network, engine_of(_exactly(answer)))


@contextmanager
def renamed(keys: Mapping[str, str]) -> Iterator[None]:
    """Name the keys of a recipe, where an error names the arguments of a function.

    Parameters
    ----------
    keys : mapping of str to str
        The key for each name of an argument.
    """
    try:
        yield
    except InputError as error:
        raise InputError(p.at(keys.get(p.where, p.where)) for p in error.problems) from None


def engine_of(settings: EventSettings | GridSettings) -> Engine:
    """Return the exact engine, or the one on a time grid.

    Parameters
    ----------
    settings : EventSettings or GridSettings
        Of the engine.
    """
    if isinstance(settings, GridSettings):

        def run_steps(network: NetworkDescription, inputs: SpikeEvents) -> GridActivity:
            """Run a network on the grid, whose settings are those of a recipe."""
            with renamed(GRID_KEYS):
                return run_on_grid(network, inputs, settings)

        return run_steps

    def run(network: NetworkDescription, inputs: SpikeEvents) -> NetworkActivity:
        """Run a network that may be kept elsewhere, in double precision on the CPU."""
        moved = MovedNetwork(network, torch.float64, "cpu")
        try:
            return run_events(moved, inputs.to("cpu", torch.float64), settings)
        except RunawayActivityError as error:
            raise RunawayActivityError(error.found, _CALMER) from None

    return run


def event_settings(training: SpikeTraining) -> EventSettings:
    """Return the settings of the exact engine, whose derivatives are those of EventProp."""
    slope = training.learning.smallest_slope
    return dataclasses.replace(_exactly(training.answer), smallest_slope=slope)


def grid_settings(training: SpikeTraining) -> GridSettings:
    """Return the settings of the engine on a time grid, with surrogate gradients."""
    end = training.answer.until or training.loss.absent_time
    settings = training.grid or GridSettings(step=DEFAULT_STEP, end=end)
    slope = max(settings.smallest_slope, training.learning.smallest_slope)
    return dataclasses.replace(settings, smallest_slope=slope)


def _exactly(answer: Answer) -> EventSettings:
    end = float("inf") if answer.until is None else answer.until
    return EventSettings(end=end, n_threads=available_cores())


def _recorded(activity: NetworkActivity | GridActivity | None) -> Mapping[str, float]:
    if isinstance(activity, NetworkActivity):
        return {"floored_spikes": float(activity.floored.n_spikes)}
    return {}


def events_of(network: NetworkDescription, inputs: AnyInputs) -> SpikeEvents:
    """Return what is sent into a network.

    Parameters
    ----------
    network : NetworkDescription
        The network, which may have copies of inputs and bias spikes for given times.
    inputs : Tensor or SpikeEvents
        Input spikes; events go in as they are [tau_syn].
    """
    if isinstance(inputs, SpikeEvents):
        return inputs
    return SpikeEvents.from_times(_prepared(network, inputs))


def _prepared(network: NetworkDescription, times: Tensor) -> Tensor:
    """What is sent into a network, (member, sample, input)."""
    refuse(absent_problems("times", as_array(times, "times")))
    if times.ndim == 2:
        times = times.expand(network.n_members, *times.shape)
    return network.prepared(times)
