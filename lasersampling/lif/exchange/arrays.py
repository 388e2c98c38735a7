"""Networks as plain dictionaries of arrays, from which files and NIR graphs are made.

The names are those of `hardware.substrate`; k is the number of a layer of neurons from 0, and `e` a
member. The first axis `e` may be left out: the values are then those of all members.

========================  ==============  ======================================================
name                      shape           what
========================  ==============  ======================================================
``weights_k``             (e, post, pre)  into layer k [1]
``axonal_delays_k``       (e, pre)        of the inputs of layer k, optional [tau_syn]
``synaptic_delays_k``     (e, post, pre)  of the synapses of layer k, optional [tau_syn]
``dendritic_delays_k``    (e, post)       of the outputs of layer k, optional [tau_syn]
``threshold_k``           (e, post)       or one number; as are the following; by default 1 [1]
``leak_k``                (e, post)       voltage at rest, by default 0 [1]
``conductance_k``         (e, post)       of the leak, by default 1 [1]
``tau_mem_k``             (e, post)       membrane time constant, by default 1 [tau_syn]
``tau_syn_k``             (e, post)       synaptic time constant, by default 1 [tau_syn]
``input_copies``          ()              number of copies of each input, by default one
``bias_times``            (bias,)         spikes that are added to the inputs, after their copies,
                                          in every sample, optional [tau_syn]
========================  ==============  ======================================================

Inputs pass copies, bias spikes and axonal delays before layer 0; each later layer gets the outputs
of the layer before, after their dendritic and its axonal delays. The parametrisation and sharing of
delays in training, and the smallest slope of derivatives, are not included.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from lasersampling.checks import kind_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.lif.delays import (
    AxonalDelays,
    DelayRange,
    Delays,
    DendriticDelays,
    SynapticDelays,
)
from lasersampling.lif.exchange.array_names import AXES, NEURON, Array, ArrayNames
from lasersampling.lif.exchange.fronts import (
    FRONT,
    fitting_problems,
    front_of,
    front_problems,
)
from lasersampling.lif.layers import BiasSpikes, LIFLayer, RepeatInputs
from lasersampling.lif.network import SpikingNetwork
from lasersampling.lif.neuron import Neuron
from lasersampling.lif.resolution import resolution_problems
from lasersampling.lif.streams import Streams

NAMES = ArrayNames(AXES, FRONT, tuple(NEURON))

_NARROWEST = 1e-12
"""Least width of a range of delays [tau_syn]."""


def network_to_arrays(network: SpikingNetwork) -> dict[str, Array]:
    """Return the arrays of a network; those of neurons and weights are always included.

    Raises
    ------
    InputError
        For anything but a network, and with all stages that the arrays cannot represent, such as
        bias spikes of a hidden layer.
    """
    refuse(kind_problems("network", network, SpikingNetwork, "a SpikingNetwork"))
    arrays: dict[str, Array] = {}
    problems, before, k = [], "", 0
    for place, stage in enumerate(network.stages):
        kind = type(stage).__name__
        if not _has_place(stage, before, k):
            got = f"{kind} after {before or 'the inputs'}"
            expected = (
                "RepeatInputs, BiasSpikes, then for each layer AxonalDelays, LIFLayer, "
                "DendriticDelays, each of them once and where it is wanted"
            )
            problems.append(Problem(f"stages[{place}]", got, expected))
        elif isinstance(stage, RepeatInputs):
            arrays["input_copies"] = np.array(float(stage.copies))
        elif isinstance(stage, BiasSpikes):
            arrays["bias_times"] = numpy_of(stage.times)
        elif isinstance(stage, DendriticDelays):
            arrays[f"dendritic_delays_{k - 1}"] = numpy_of(stage.delays())
        elif isinstance(stage, AxonalDelays):
            arrays[f"axonal_delays_{k}"] = numpy_of(stage.delays())
        elif isinstance(stage, LIFLayer):
            arrays |= _layer_arrays(stage, k)
            k += 1
        before = kind
    if before == "AxonalDelays":
        problems.append(Problem("stages", "AxonalDelays at the end", "DendriticDelays there"))
    if problems:
        raise InputError(problems)
    return arrays


def network_from_arrays(
    arrays: Mapping[str, ArrayLike], delay_range: DelayRange | None = None
) -> SpikingNetwork:
    """Make a network from arrays with the names above.

    Parameters
    ----------
    arrays : mapping of str to array_like
        The arrays.
    delay_range : DelayRange, optional
        Range of the delays if they are to be trained. By default they are fixed: each stage has its
        own range, from 0 to twice its longest delay, which is not trained.

    Returns
    -------
    SpikingNetwork
        The network, with random streams of the seeds 0, 1, ..., and weights exactly as given;
        delays are as given up to rounding (about 1e-16 of the longest).

    Raises
    ------
    InputError
        With all problems found: missing and unknown names, shapes that do not fit together, entries
        that are not finite numbers, negative delays, impossible neurons, delays outside the range.
    """
    refuse(
        kind_problems("arrays", arrays, Mapping, "a mapping of names to arrays"),
        kind_problems("delay_range", delay_range, DelayRange | None),
    )
    found = checked_arrays(arrays)
    streams = Streams(range(len(found["weights_0"])))
    stages: list[nn.Module] = []
    delayed: dict[str, Delays] = {}

    def span(name: str) -> DelayRange:
        return holding(name, found[name]) if delay_range is None else delay_range

    stages += front_of(found)
    for k in range(n_layers(found)):
        weights = found[f"weights_{k}"]
        _, n_post, n_pre = weights.shape
        axonal, synaptic, dendritic = (
            f"{kind}_delays_{k}" for kind in ("axonal", "synaptic", "dendritic")
        )
        own = None
        if axonal in found:
            stages.append(delayed.setdefault(axonal, AxonalDelays(n_pre, streams, span(axonal))))
        if synaptic in found:
            own = SynapticDelays(n_post, n_pre, streams, span(synaptic))
            delayed[synaptic] = own
        neuron = Neuron(*(lone(found[f"{name}_{k}"]) for name in NEURON))
        layer = LIFLayer(n_pre, n_post, streams, neuron, weight_std=0.0, synaptic_delays=own)
        with torch.no_grad():
            layer.weights.copy_(torch.from_numpy(weights))
        stages.append(layer)
        if dendritic in found:
            last = DendriticDelays(n_post, streams, span(dendritic))
            stages.append(delayed.setdefault(dendritic, last))
    set_delays(delayed, found, fixed=delay_range is None)
    return SpikingNetwork(stages, streams)


def checked_arrays(arrays: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Return the arrays with an axis of members, with defaults for omitted values of neurons.

    Raises
    ------
    InputError
        As `network_from_arrays`.
    """
    found, problems = NAMES.checked(arrays)
    for name, wrong in [(p.where, p) for p in front_problems(found)]:
        problems.append(wrong)
        del found[name]
    # Invalid arrays have been reported; here only their presence matters, not their shapes.
    n = n_layers(arrays)
    numbers = [split[1] for name in arrays if (split := NAMES.split(name))]
    if n == 0 or max(numbers, default=0) >= n:
        expected = "weights (member, post, pre) of every layer, from 0 on"
        problems.append(Problem(f"weights_{n}", "nothing", expected))
    problems += [p for check in (NAMES.member_problems, _shape_problems) for p in check(found)]
    if problems:
        raise InputError(problems)
    weights = [found[f"weights_{k}"] for k in range(n)]
    members = max(len(a) if a.ndim == 3 else 1 for a in weights)
    for k in range(n):
        post, pre = found[f"weights_{k}"].shape[-2:]
        for kind, axes in AXES.items():
            name = f"{kind}_{k}"
            if kind in NEURON:
                found.setdefault(name, np.array(NEURON[kind]))
            if name in found:
                full = (members, *(post if axis == "post" else pre for axis in axes))
                found[name] = np.broadcast_to(found[name], full).copy()
        try:
            Neuron(*(found[f"{name}_{k}"] for name in NEURON))
        except InputError as error:
            problems += [p.at(f"{p.where}_{k}") for p in error.problems]
    if problems:
        raise InputError(problems)
    return found


def n_layers(arrays: Mapping[str, object]) -> int:
    """Count the layers of neurons, up to the first without weights."""
    return next(k for k in itertools.count() if f"weights_{k}" not in arrays)


def n_inputs(arrays: Mapping[str, Array]) -> int:
    """Count the inputs of a network, without copies and bias spikes.

    Parameters
    ----------
    arrays : mapping of str to ndarray of float64
        Arrays that are checked [1] or [tau_syn].
    """
    n_bias = len(arrays["bias_times"]) if "bias_times" in arrays else 0
    copied = int(arrays["weights_0"].shape[-1]) - n_bias
    return copied // int(arrays.get("input_copies", 1))


def _has_place(stage: nn.Module, before: str, k: int) -> bool:
    """Tell whether a stage may follow one of a kind ("" for none) and `k` layers."""
    if isinstance(stage, RepeatInputs):
        return not before
    if isinstance(stage, BiasSpikes):
        return k == 0 and before in ("", "RepeatInputs")
    if isinstance(stage, DendriticDelays):
        return before == "LIFLayer"
    if isinstance(stage, AxonalDelays):
        return before != "AxonalDelays"
    return isinstance(stage, LIFLayer)


def _layer_arrays(layer: LIFLayer, k: int) -> dict[str, Array]:
    weights = numpy_of(layer.weights)
    arrays = {f"weights_{k}": weights}
    if layer.synaptic_delays is not None:
        arrays[f"synaptic_delays_{k}"] = numpy_of(layer.synaptic_delays.delays())
    for name in NEURON:
        value = np.asarray(getattr(layer.neuron, name), dtype=np.float64)
        arrays[f"{name}_{k}"] = np.broadcast_to(value, weights.shape[:2]).copy()
    return arrays


def set_delays(delayed: Mapping[str, Delays], found: Mapping[str, Array], *, fixed: bool) -> None:
    """Give stages the parameters of their delays; a fixed delay of 0 has the parameter -inf.

    Parameters
    ----------
    delayed : mapping of str to Delays
        Stages by the names of their arrays.
    found : mapping of str to ndarray of float64
        Arrays in the shape of the delays [tau_syn].
    fixed : bool
        Whether the ranges are those of `holding`.

    Raises
    ------
    InputError
        With all delays outside their range.
    """
    problems: list[Problem] = []
    for name, stage in delayed.items():
        delays = torch.from_numpy(np.ascontiguousarray(found[name]))
        try:
            raw = torch.logit(delays / stage.span.scale) if fixed else stage.span.parameters(delays)
        except InputError as error:
            problems += [p.at(name) for p in error.problems]
            continue
        with torch.no_grad():
            stage.raw.copy_(raw)
    if problems:
        raise InputError(problems)


def holding(name: str, delays: Array) -> DelayRange:
    """Return a range that contains fixed delays, well away from its upper end.

    Parameters
    ----------
    name : str
        Their name, for the message.
    delays : ndarray of float64
        Delays [tau_syn].

    Raises
    ------
    InputError
        For delays that are too long to be told apart.
    """
    refuse(resolution_problems(name, torch.from_numpy(np.asarray(delays))))
    longest = float(delays.max())
    scale = max(2.0 * longest, _NARROWEST) if longest > 0 else 1.0
    return DelayRange(scale=scale, initial_std=0.0, trainable=False)


def _shape_problems(found: Mapping[str, Array]) -> Iterator[Problem]:
    """Check whether arrays fit the weights of their layer, and layers one another."""
    sizes = {
        int(name.removeprefix("weights_")): array.shape[-2:]
        for name, array in found.items()
        if name.startswith("weights_") and array.ndim >= 2
    }
    for k, size in sizes.items():
        for kind, axes in AXES.items():
            array = found.get(f"{kind}_{k}")
            if kind == "weights" or array is None or array.ndim < len(axes):
                continue
            fitting = tuple(size[("post", "pre").index(axis)] for axis in axes)
            if array.shape[-len(axes) :] != fitting:
                expected = f"{fitting} ({', '.join(axes)}) at its end, by weights_{k}"
                yield Problem(f"{kind}_{k}", f"shape {array.shape}", expected)
        if k - 1 in sizes and sizes[k - 1][0] != size[1]:
            expected = f"{sizes[k - 1][0]}, the neurons of layer {k - 1}"
            yield Problem(f"weights_{k}", f"{size[1]} inputs", expected)
    if 0 in sizes:
        yield from fitting_problems(found, sizes[0][1], "weights_0")


def lone(values: Array) -> Any:
    """Return the one number that all entries equal, which is faster, or else the array.

    Parameters
    ----------
    values : ndarray of float64
        Parameters of neurons [1] or [tau_syn].
    """
    first = values.flat[0]
    return float(first) if bool((values == first).all()) else values


def numpy_of(values: torch.Tensor) -> Array:
    """Return a copy in double precision."""
    return values.detach().cpu().to(torch.float64).numpy().copy()
