"""Voltages of a run at given times, exact, from its spikes; compiled.

Between events voltages are known in closed form (`spike_times.crossing`), so they need not be kept
while the run goes on.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lasersampling.arrays import as_floats
from lasersampling.checks import integer_problems, kind_problems, memory_problems, refuse
from lasersampling.compiling import njit
from lasersampling.errors import InputError
from lasersampling.lif.populations.activity import NetworkActivity
from lasersampling.lif.populations.checks import input_problems
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.lif.spike_times.crossing import DOUBLE, EQUAL, GENERAL, decay


def membrane_voltages(
    network: NetworkDescription,
    inputs: SpikeEvents,
    activity: NetworkActivity,
    times: ArrayLike,
    population: int = -1,
) -> Tensor:
    """Return the voltages of all neurons of a population at given times.

    Parameters
    ----------
    network : NetworkDescription
        The network that has run.
    inputs : SpikeEvents
        Its input spikes.
    activity : NetworkActivity
        What `run_events` gave for them.
    times : array_like, shape (point,)
        When, from 0 until the end of the run [tau_syn].
    population : int
        Which population, by default the last.

    Returns
    -------
    Tensor of float64, shape (member, sample, neuron, point)
        Voltages from the leak, without derivatives [1]. From a spike until the end of the
        refractory period the voltage is the reset. Dendritic delays are those of spikes, as in
        `run_events`: the voltage is that of a neuron that sends later.

    Raises
    ------
    InputError
        For inputs and activities that are not those of the network, and times outside of the run.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.events.run import run_events
    >>> from lasersampling.lif.events.voltages import membrane_voltages
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> network = PopulationNetwork(1, [Population(1)], [Connection(INPUTS, 0, 2.0, 0.0)], [0])
    >>> inputs = SpikeEvents.from_trains([[(0.0, 0)]], 1)
    >>> activity = run_events(network, inputs)
    >>> membrane_voltages(network, inputs, activity, [0.0, 1.0])
    tensor([[[[0.0000, 0.7358]]]], dtype=torch.float64)
    """
    expected = "what run_events gave for this network and these inputs"
    refuse(
        input_problems(network, inputs),
        kind_problems("activity", activity, NetworkActivity, expected),
    )
    n = len(network.populations)
    refuse(integer_problems("population", population, -n, n - 1))
    number, points = population % n, as_floats(times, "times")
    if points.ndim != 1 or not ((points >= 0.0) & (points <= activity.end)).all():  # nan too
        got = f"shape {points.shape}" if points.ndim != 1 else "some outside"
        raise InputError.single("times", got, f"a list of times from 0 to {activity.end:g}")
    sizes = (network.n_members, inputs.n_samples, network.size(number), len(points))
    refuse(memory_problems("times (members, samples, neurons, points)", sizes, 8))
    refuse(memory_problems("times (neurons, points, 3 numbers of each)", (*sizes[2:], 3), 8))
    if _sizes_of(activity) != [
        (network.n_members, inputs.n_samples, p.n_neurons) if p.spiking else None
        for p in network.populations
    ]:
        raise InputError.single("activity", "one of another network or other inputs", expected)
    with torch.no_grad():
        wires, given = _arriving(network, inputs, activity, number)
        cells = tuple(_array(values) for values in network.neuron_numbers(number))
    own = activity.crossings[number]
    if own is None:
        spikes = (np.zeros_like(given[0]), np.zeros(0, np.int64), np.zeros(0))
    else:
        spikes = (own.offsets.numpy(), own.neuron.numpy(), _array(own.time))
    order = np.argsort(points, kind="stable")
    found = np.empty(sizes)
    sample(wires, given, cells[1:6], spikes, points[order], found)
    if (order[1:] < order[:-1]).any():
        found = found[..., np.argsort(order)]
    return torch.from_numpy(found).div_(torch.from_numpy(cells[6])[:, None, :, None])


def _sizes_of(activity: NetworkActivity) -> list[tuple[int, int, int] | None]:
    return [
        None if own is None else (own.n_members, own.n_samples, own.n_neurons)
        for own in activity.crossings
    ]


def _array(values: Tensor) -> NDArray[np.float64]:
    return np.ascontiguousarray(values.detach().to(torch.float64).numpy())


def _arriving(
    network: NetworkDescription, inputs: SpikeEvents, activity: NetworkActivity, target: int
) -> tuple[tuple[NDArray[np.float64], ...], tuple[NDArray[np.int64], ...]]:
    """All that a population receives: weights and delays of its sources, and their spikes."""
    weights, delays, spikes = [], [], []
    for k, c in enumerate(network.connections):
        if c.target != target:
            continue
        sent = inputs if c.source == INPUTS else activity.crossings[c.source]
        assert sent is not None  # read-outs send nothing
        weights.append(network.connection_weights(k))
        own = network.connection_delays(k)
        delays.append(own[..., None] if own.ndim == 2 else own)
        spikes.append(sent)
    width = max(own.shape[2] for own in delays)
    wires = (torch.cat(weights, 1), torch.cat([d.expand(-1, -1, width) for d in delays], 1))
    first = np.cumsum([0, *(s.n_neurons for s in spikes)])
    runs = np.concatenate([s.run.numpy() for s in spikes])
    source = np.concatenate([s.neuron.numpy() + n for s, n in zip(spikes, first, strict=False)])
    order = np.argsort(runs, kind="stable")
    counts = np.bincount(runs, minlength=len(inputs.offsets) - 1)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    time = np.concatenate([_array(s.time) for s in spikes])
    return tuple(_array(part) for part in wires), (offsets, source[order], time[order])


@njit(cache=True, nogil=True, error_model="numpy")
def sample(wires, given, cells, spikes, points, found):
    """Fill in voltages.

    Parameters
    ----------
    wires : (array (member, source, neuron), array (member, source, neuron or 1))
        Weights and delays.
    given : (array (run + 1,), array (spike,), array (spike,))
        Offsets, sources and times of what the sources send.
    cells : tuple of array (member, neuron)
        Reset and initial voltage, time constants, refractory period.
    spikes : (array (run + 1,), array (spike,), array (spike,))
        Offsets, neurons and times of their own spikes.
    points : array (point,)
        When, ascending.
    found : array (member, sample, neuron, point), changed
        Voltages from the leak times the conductance.
    """
    weights, delays = wires
    n_members, n_samples, n_neurons, n_points = found.shape
    steps = np.empty((n_neurons, n_points, 3))
    for run in range(n_members * n_samples):
        member = run // n_samples
        if run % n_samples == 0:
            for n in range(n_neurons):
                follow_points(cells[2][member, n], cells[3][member, n], points, steps[n])
        source = given[1][given[0][run] : given[0][run + 1]]
        sent = given[2][given[0][run] : given[0][run + 1]]
        own = spikes[1][spikes[0][run] : spikes[0][run + 1]]
        own_times = spikes[2][spikes[0][run] : spikes[0][run + 1]]
        arrivals, order = np.empty(len(sent)), np.arange(len(sent))
        for n in range(n_neurons):
            if n == 0 or delays.shape[2] > 1:
                for k in range(len(sent)):
                    arrivals[k] = sent[k] + delays[member, source[k], n % delays.shape[2]]
                order = np.argsort(arrivals, kind="mergesort")
            of_neuron = (
                cells[0][member, n], cells[1][member, n], cells[2][member, n],
                cells[3][member, n], cells[4][member, n],
            )  # fmt: skip
            reached = (arrivals, order, source, weights[member, :, n])
            when = (points, steps[n])
            walk(of_neuron, reached, own_times[own == n], when, found[member, run % n_samples, n])


@njit(cache=True, nogil=True, error_model="numpy")
def follow_points(mem, syn, points, steps):
    """Write what is left and gained from each point to the next, the same in all samples."""
    method = EQUAL if mem == syn else DOUBLE if mem == 2.0 * syn else GENERAL
    before = 0.0
    for p in range(len(points)):
        steps[p] = decay(points[p] - before, mem, syn, method)
        before = points[p]


@njit(cache=True, nogil=True, error_model="numpy")
def walk(cell, reached, own_times, when_told, found):
    """Follow one neuron from event to event, and write its voltage at the points."""
    points, steps = when_told
    reset, initial, mem, syn, refractory = cell
    arrivals, order, source, weights = reached
    voltage, current, clock, release = initial, 0.0, 0.0, 0.0
    method = EQUAL if mem == syn else DOUBLE if mem == 2.0 * syn else GENERAL
    k, s, last = 0, 0, 0.0
    for p in range(len(points)):
        while True:
            arrival = arrivals[order[k]] if k < len(order) else math.inf
            spike = own_times[s] if s < len(own_times) else math.inf
            when = min(arrival, spike, points[p])
            if clock < release:  # held at the reset; the current decays
                held = min(release, when)
                current *= math.exp(-(held - clock) / syn)
                clock = held
            if clock < when:
                if clock == last and when == points[p]:
                    to_mem, to_syn, gained = steps[p]
                else:
                    to_mem, to_syn, gained = decay(when - clock, mem, syn, method)
                voltage = voltage * to_mem + current * gained
                current *= to_syn
                clock = when
            if spike <= when:  # before arrivals at the same time, as in the engine
                voltage, release = reset, spike + refractory
                s += 1
            elif arrival <= when:
                current += weights[source[order[k]]]
                k += 1
            else:
                break
        found[p], last = voltage, points[p]
