"""The untrained networks that settings describe."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from torch import nn

from lasersampling.checks import memory_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.lif import (
    AxonalDelays,
    BiasSpikes,
    DendriticDelays,
    LIFLayer,
    Neuron,
    RepeatInputs,
    SpikingNetwork,
    SynapticDelays,
)
from lasersampling.lif.populations.layered import AfterSpike, after_spike
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.streams import Streams

BYTES_PER_WEIGHT = 32
"""Memory of a weight with its gradient and the moments of Adam [B]."""

AnyNetwork = SpikingNetwork | PopulationNetwork
"""A stack of layers of neurons that spike once, or populations of neurons."""


def layer_sizes(training: SpikeTraining, n_inputs: int, n_classes: int) -> tuple[int, ...]:
    """Numbers of inputs of the first layer, bias spikes included, and of neurons of each layer."""
    network = training.network
    inputs = n_inputs * network.input_copies + len(network.bias_times)
    return inputs, *network.hidden, n_classes


def weight_problems(n_members: int, sizes: Sequence[int]) -> list[Problem]:
    """Check that weights, their gradients and two moments of Adam fit into the memory."""
    n_weights = sum(pre * post for pre, post in itertools.pairwise(sizes))
    return memory_problems("network (members, weights)", (n_members, n_weights), BYTES_PER_WEIGHT)


def build_network(
    training: SpikeTraining, n_inputs: int, n_classes: int, seeds: Sequence[int] | None = None
) -> SpikingNetwork:
    """Make the untrained stack of layers of neurons that spike once.

    Parameters
    ----------
    training : SpikeTraining
        Settings of the members and their layers.
    n_inputs, n_classes : int
        Numbers of inputs and classes of the data.
    seeds : sequence of int, optional
        Seeds of the members, if not those of `training`.

    Raises
    ------
    InputError
        If its weights would not fit into the memory, or the settings describe another network.

    Examples
    --------
    >>> from lasersampling.learning.spikes.networks import build_network
    >>> from lasersampling.learning.spikes.recipes import SpikeTraining
    >>> build_network(SpikeTraining(network={"hidden": [8]}), 4, 3).sizes
    (4, 8, 3)
    """
    if not training.is_stack:
        expected = "neurons that spike once, first spikes as answers; see build_populations"
        raise InputError.single("training", "another network", expected)
    settings, streams = training.network, _streams(training, n_inputs, n_classes, seeds)
    stages, groups = _front(training, n_inputs)
    n_pre = len(groups)
    for place, n_post in enumerate((*settings.hidden, n_classes)):
        if settings.delays == "axonal":
            shared = groups if place == 0 and settings.input_copies > 1 else None
            stages.append(AxonalDelays(n_pre, streams, settings.delay_range, shared=shared))
        synaptic = None
        if settings.delays == "synaptic":
            synaptic = SynapticDelays(n_post, n_pre, streams, settings.delay_range)
        mean, std = _initial_weights(training, place)
        stages.append(
            LIFLayer(
                n_pre,
                n_post,
                streams,
                training.neuron,
                weight_mean=mean,
                weight_std=std,
                synaptic_delays=synaptic,
                smallest_slope=training.learning.smallest_slope,
            )
        )
        if settings.delays == "dendritic":
            stages.append(DendriticDelays(n_post, streams, settings.delay_range))
        n_pre = n_post
    return SpikingNetwork(stages, streams)


def build_populations(
    training: SpikeTraining, n_inputs: int, n_classes: int, seeds: Sequence[int] | None = None
) -> PopulationNetwork:
    """Make the untrained network of populations.

    Parameters
    ----------
    training : SpikeTraining
        Settings of the members and their populations.
    n_inputs, n_classes : int
        Numbers of inputs and classes of the data.
    seeds : sequence of int, optional
        Seeds of the members, if not those of `training`.

    Raises
    ------
    InputError
        If its weights would not fit into the memory.

    Examples
    --------
    >>> from lasersampling.learning.spikes.networks import build_populations
    >>> from lasersampling.learning.spikes.recipes import SpikeTraining
    >>> training = SpikeTraining(
    ...     method="eventprop", network={"hidden": [8], "after_spike": {"refractory": 0.5}}
    ... )
    >>> build_populations(training, 4, 3).n_parameters
    56
    """
    settings, streams = training.network, _streams(training, n_inputs, n_classes, seeds)
    front, groups = _front(training, n_inputs)
    kind, span = settings.delays, settings.delay_range
    axonal, dendritic, synaptic = (
        span if kind == own else None for own in ("axonal", "dendritic", "synaptic")
    )
    after = after_spike(settings.after_spike)
    populations, connections = [], []
    for place, n_post in enumerate((*settings.hidden, n_classes)):
        mean, std = _initial_weights(training, place)
        connections.append(Connection(place - 1 if place else INPUTS, place, mean, std, synaptic))
        if place == len(settings.hidden):
            populations.append(_output(training, n_classes, after))
            continue
        populations.append(
            Population(
                n_post, training.neuron, after.reset, after.refractory,
                axonal=axonal, dendritic=dendritic,
            )
        )  # fmt: skip
        if settings.recurrent is not None:
            own = settings.recurrent
            connections.append(Connection(place, place, own.weight_mean, own.weight_std, synaptic))
    return PopulationNetwork(
        len(groups), populations, connections, streams, axonal=axonal, front=front
    )


def network_of(
    training: SpikeTraining, n_inputs: int, n_classes: int, seeds: Sequence[int] | None = None
) -> AnyNetwork:
    """Make the untrained network, whichever the settings describe.

    Parameters
    ----------
    training, n_inputs, n_classes, seeds
        See `build_network` and `build_populations`, one of which makes it.
    """
    build = build_network if training.is_stack else build_populations
    return build(training, n_inputs, n_classes, seeds)


def _output(training: SpikeTraining, n_classes: int, after: AfterSpike) -> Population:
    """Output neurons, which spike or are read out."""
    settings = training.network
    dendritic = settings.delay_range if settings.delays == "dendritic" else None
    own = settings.read_out
    if own is not None:
        neuron = Neuron(tau_mem=own.tau_mem, tau_syn=own.tau_syn)
        return Population(n_classes, neuron, spiking=False, dendritic=dendritic)
    return Population(
        n_classes, training.neuron, after.reset, after.refractory, dendritic=dendritic
    )


def _streams(
    training: SpikeTraining, n_inputs: int, n_classes: int, seeds: Sequence[int] | None
) -> Streams:
    """Random streams of the members, once the weights are known to fit into the memory."""
    n_members = training.members if seeds is None else len(seeds)
    refuse(weight_problems(n_members, layer_sizes(training, n_inputs, n_classes)))
    return Streams(training.seeds if seeds is None else seeds)


def _front(training: SpikeTraining, n_inputs: int) -> tuple[list[nn.Module], list[int]]:
    """What prepares the inputs, and for each prepared one the number of its group."""
    settings = training.network
    stages: list[nn.Module] = []
    if settings.input_copies > 1:
        stages.append(RepeatInputs(settings.input_copies))
    if settings.bias_times:
        stages.append(BiasSpikes(settings.bias_times))
    groups = [k for k in range(n_inputs) for _ in range(settings.input_copies)]
    groups += range(n_inputs, n_inputs + len(settings.bias_times))
    return stages, groups


def _initial_weights(training: SpikeTraining, place: int) -> tuple[float, float]:
    """Mean and standard deviation of the weights into a layer."""
    settings = training.network
    mean, std = settings.weight_mean, settings.weight_std
    if place == len(settings.hidden):
        mean = mean if settings.output_weight_mean is None else settings.output_weight_mean
        std = std if settings.output_weight_std is None else settings.output_weight_std
    return mean, std
