"""Networks to and from NIR, the Neuromorphic Intermediate Representation.

One chain of nodes is written, with those of the following nodes that the network needs:

=====================  =========  ==============================================================
node                   type       what
=====================  =========  ==============================================================
``input``              Input      inputs, after them one lane for each bias spike, which NIR has
                                  no source for: whoever runs the graph feeds spikes at the
                                  ``bias_times_s`` of the metadata in every sample
``input_copies``       Linear     0 and 1: repeats each input, passes the bias lanes on
``axonal_delays_k``    Delay      of the inputs of layer k
``fan_out_k``          Linear     0 and 1: lane o * pre + i carries input i to neuron o
``synaptic_delays_k``  Delay      of each lane
``weights_k``          Linear     weights (post, pre); after lanes (post, post * pre), each
                                  neuron sums its own lanes
``neurons_k``          CubaLIF    the neurons
``dendritic_delays_k`` Delay      of the outputs of layer k, which is the same as to delay all its
                                  inputs alike
``output``             Output     output spikes
=====================  =========  ==============================================================

Our neuron, tau_mem dV/dt = (leak - V) + I / conductance with I jumping by w and decaying with
tau_syn, is NIR's tau_syn dI/dt = -I + w_in S, tau_mem dv/dt = (v_leak - v) + r I with
r = 1 / conductance and w_in = tau_syn, where S is the sum of weighted Dirac pulses and all times
are in seconds. Tools that step in time give a spike the value 1 for one step: an integral of
step_s in place of 1, so for them w_in = tau_syn / step_s.

NIR cannot express that neurons spike at most once. They are written with v_reset = v_leak and
``spikes_at_most = 1`` in the metadata: a tool that does not know this may let a neuron spike again.
A graph is read as neurons that spike at most once, whatever its v_reset, which acts after a spike
only. Both start at V = leak, I = 0. `lif.exchange.nir_chain` explains how a graph is read, and
docs/exchange.md the semantics at length.

References
----------
Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15 (2024) 8122.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

import lasersampling
from lasersampling.arrays import as_floats
from lasersampling.checks import (
    integer_problems,
    kind_problems,
    number_problems,
    refuse,
)
from lasersampling.errors import InputError, Problem
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.arrays import (
    n_inputs,
    n_layers,
    network_from_arrays,
    network_to_arrays,
)
from lasersampling.lif.exchange.fronts import FRONT
from lasersampling.lif.exchange.networks import Network
from lasersampling.lif.exchange.nir_chain import Chain, chain_problems, copy_matrix
from lasersampling.lif.exchange.nir_file import check_graph, nir_package
from lasersampling.lif.exchange.nir_scales import (
    Reading,
    Weights,
    reading,
    scale_problems,
    weights_problems,
)
from lasersampling.lif.network import SpikingNetwork

if TYPE_CHECKING:
    import nir


def to_nir(
    network: Network, *, tau_syn_s: float, member: int = 0, step_s: float | None = None
) -> nir.NIRGraph:
    """Write one member of an ensemble as a NIR graph.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble.
    tau_syn_s : float
        Our unit of time [s].
    member : int
        Member to be written.
    step_s : float, optional
        For tools whose spikes are 1 for one step of this length [s]; by default spikes are Dirac
        pulses.

    Returns
    -------
    nir.NIRGraph
        With the metadata ``tau_syn_s``, ``written_by`` and, if given, ``step_s``.

    Raises
    ------
    InputError
        With all problems of the arguments, or stages that NIR cannot express.
    LaserSamplingError
        If the package `nir` is not installed.

    Examples
    --------
    >>> from lasersampling.lif import LIFLayer, SpikingNetwork, Streams, from_nir, to_nir
    >>> streams = Streams([0])
    >>> network = SpikingNetwork([LIFLayer(4, 3, streams)], streams)
    >>> graph = to_nir(network, tau_syn_s=10e-6)
    >>> from_nir(graph).sizes
    (4, 3)
    """
    nir = nir_package()
    refuse(kind_problems("network", network, SpikingNetwork, "a SpikingNetwork"))
    problems = number_problems("tau_syn_s", tau_syn_s, 0.0, strict=True)
    problems += _time_problems("step_s", step_s)
    problems += integer_problems("member", member, 0)
    if not problems and member >= network.n_members:
        problems.append(Problem("member", str(member), f"0 to {network.n_members - 1}"))
    if problems:
        raise InputError(problems)
    assert isinstance(network, SpikingNetwork)
    arrays = network_to_arrays(network)
    own = {name: a if name in FRONT else a[member] for name, a in arrays.items()}
    nodes = _nodes(nir, own, tau_syn_s, 1.0 if step_s is None else step_s)
    names = list(nodes)
    metadata = {
        "tau_syn_s": float(tau_syn_s),
        "written_by": f"lasersampling {lasersampling.__version__}",
    }
    if step_s is not None:
        metadata["step_s"] = float(step_s)
    return nir.NIRGraph(nodes, list(itertools.pairwise(names)), metadata=metadata)


def from_nir(
    graph: nir.NIRGraph,
    *,
    tau_syn_s: float | None = None,
    step_s: float | None = None,
    weights: Weights | None = None,
) -> SpikingNetwork:
    """Read a network of one member from a NIR graph.

    Parameters
    ----------
    graph : nir.NIRGraph
        A chain of Input, Linear (or Affine without bias, Scale), Delay, CubaLIF and Output.
    tau_syn_s : float, optional
        Unit of time of the network [s]; by default that of `time_unit_s`.
    step_s : float, optional
        Length of a step, for a graph whose spikes are 1 for one step or which counts in steps [s].
        By default as the metadata say, and Dirac pulses if they say nothing; 1 insists on these.
        Graphs of other tools for which this is implausible are refused, with the step that would
        explain them; see `lif.exchange.nir_scales`.
    weights : "jumps" or "nir", optional
        "jumps": each weight is the jump of the current, and w_in is not used; "nir": the jump is W
        w_in / tau_syn, as NIR says. By default the latter, and implausible jumps are refused.

    Returns
    -------
    SpikingNetwork
        The network; its neurons spike at most once, and its delays are fixed.

    Raises
    ------
    InputError
        With all problems found, each with the node: nodes, connections and values without an exact
        counterpart here, and units that the caller has to state.
    LaserSamplingError
        If the package `nir` is not installed.

    Examples
    --------
    >>> from lasersampling.config import shipped_path
    >>> from lasersampling.lif import from_nir, load_network, to_nir
    >>> stored = load_network(shipped_path("networks", "yin_yang_small"))
    >>> from_nir(to_nir(stored.network, tau_syn_s=10e-6)).sizes == stored.network.sizes
    True
    """
    check_graph(graph)
    problems = [*_time_problems("tau_syn_s", tau_syn_s), *_time_problems("step_s", step_s)]
    problems += weights_problems(weights)
    problems += chain_problems(graph)
    if problems:
        raise InputError(problems)
    unit = time_unit_s(graph, step_s=step_s) if tau_syn_s is None else tau_syn_s
    read = reading_of(graph, tau_syn_s=tau_syn_s, step_s=step_s, weights=weights)
    chain = Chain(graph, unit / read.second, read.area)
    if read.problems:
        raise InputError(read.problems)
    try:
        network = network_from_arrays(chain.arrays)
    except InputError as error:
        raise InputError(p.at(chain.origin.get(p.where, p.where)) for p in error.problems) from None
    if not _is_stated(graph) and step_s != 1.0:
        problems = list(scale_problems(network_to_arrays(network), chain.origin))
        if problems:
            raise InputError(problems)
    return network


def reading_of(
    graph: nir.NIRGraph,
    *,
    tau_syn_s: float | None = None,
    step_s: float | None = None,
    weights: Weights | None = None,
) -> Reading:
    """Find out how `from_nir` reads the numbers of a graph, given these of its arguments.

    Parameters
    ----------
    graph, tau_syn_s, step_s, weights
        As given to `from_nir`.
    """
    step_s = _stated(graph, "step_s") if step_s is None else step_s
    return reading(
        graph, step_s=step_s, unit_s=tau_syn_s, is_stated=_is_stated(graph), weights=weights
    )


def time_unit_s(graph: nir.NIRGraph, *, step_s: float | None = None) -> float:
    """Return the unit of time of a graph: from its metadata, or else its first tau_syn [s].

    Parameters
    ----------
    graph : nir.NIRGraph
        The graph.
    step_s : float, optional
        As given to `from_nir` [s].

    Raises
    ------
    InputError
        If there is neither.
    """
    check_graph(graph)
    stated = _stated(graph, "tau_syn_s")
    if stated is not None:
        return stated
    nir = nir_package()
    for name, node in graph.nodes.items():
        if isinstance(node, nir.CubaLIF):
            where = f"node {name!r} (tau_syn)"
            values = as_floats(node.tau_syn, where).ravel()
            if values.size == 0 or not (np.isfinite(values).all() and values.min() > 0):
                got = f"{values[~(values > 0)][:1] if values.size else 'no value'}"
                raise InputError.single(where, got, "time constants above 0 and finite")
            return float(values[0]) * reading_of(graph, step_s=step_s).second
    expected = "tau_syn_s in the metadata, or a CubaLIF node"
    raise InputError.single("graph", "no unit of time", expected)


def _nodes(
    nir: ModuleType, own: Mapping[str, Array], unit: float, area: float
) -> dict[str, nir.NIRNode]:
    """Make the nodes of one network, in their order; `area` is the integral of a spike."""
    n_bias = len(own["bias_times"]) if "bias_times" in own else 0
    n_in = n_inputs(own)
    about = {"bias_times_s": own["bias_times"] * unit} if n_bias else {}
    nodes: dict[str, Any] = {"input": nir.Input(np.array([n_in + n_bias]), metadata=about)}
    copies = int(own.get("input_copies", 1))
    if copies > 1:  # one copy would be an identity, which a reader takes for a matrix of weights
        nodes["input_copies"] = nir.Linear(copy_matrix(n_in, copies, n_bias))

    def delay(name: str) -> None:
        if name in own:
            role = {"role": name.partition("_")[0]}
            nodes[name] = nir.Delay(own[name].ravel() * unit, metadata=role)

    for k in range(n_layers(own)):
        weights = own[f"weights_{k}"]
        delay(f"axonal_delays_{k}")
        if f"synaptic_delays_{k}" in own:
            post, pre = weights.shape
            nodes[f"fan_out_{k}"] = nir.Linear(np.tile(np.eye(pre), (post, 1)))
            delay(f"synaptic_delays_{k}")
            # Row o of the blocks is zero except for the lanes of neuron o.
            weights = (np.eye(post)[:, :, None] * weights).reshape(post, post * pre)
        nodes[f"weights_{k}"] = nir.Linear(weights)
        nodes[f"neurons_{k}"] = nir.CubaLIF(
            tau_syn=own[f"tau_syn_{k}"] * unit,
            tau_mem=own[f"tau_mem_{k}"] * unit,
            r=1.0 / own[f"conductance_{k}"],
            v_leak=own[f"leak_{k}"],
            v_threshold=own[f"threshold_{k}"],
            v_reset=own[f"leak_{k}"],
            w_in=own[f"tau_syn_{k}"] * unit / area,
            metadata={"spikes_at_most": 1},
        )
        delay(f"dendritic_delays_{k}")
    n_out = len(own[f"threshold_{n_layers(own) - 1}"])
    nodes["output"] = nir.Output(np.array([n_out]))
    return nodes


def _is_stated(graph: nir.NIRGraph) -> bool:
    """Say whether the metadata determine how the graph is to be read."""
    return any(_stated(graph, key) is not None for key in ("tau_syn_s", "step_s"))


def _stated(graph: nir.NIRGraph, key: str) -> float | None:
    """Return a time that the metadata state."""
    value = (graph.metadata or {}).get(key)
    if value is None:
        return None
    if not isinstance(value, str | bytes) and np.size(value) == 1:
        value = np.asarray(value).item()
    problems = _time_problems(f"metadata ({key})", value)
    if problems:
        raise InputError(problems)
    return float(value)


def _time_problems(where: str, value: object) -> list[Problem]:
    return [] if value is None else number_problems(where, value, 0.0, strict=True)
