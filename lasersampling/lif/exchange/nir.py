"""Networks to and from NIR, the Neuromorphic Intermediate Representation.

These nodes are written, those of them that the network needs; k is a population (a layer), c a
connection, which in a stack of layers is the one that leads to population c:

=====================  =========  ==============================================================
node                   type       what
=====================  =========  ==============================================================
``input``              Input      inputs, after them one lane for each bias spike, which NIR has
                                  no source for: whoever runs the graph feeds spikes at the
                                  ``bias_times_s`` of the metadata in every sample
``input_copies``       Linear     0 and 1: repeats each input, passes the bias lanes on
``axonal_delays_k``    Delay      of what is sent by the inputs (0), or population k - 1
``fan_out_c``          Linear     0 and 1: lane o * pre + i carries input i to neuron o
``synaptic_delays_c``  Delay      of each lane
``weights_c``          Linear     weights (post, pre); after lanes (post, post * pre), each
                                  neuron sums its own lanes
``neurons_k``          CubaLIF    neurons, or CubaLI for read-outs
``dendritic_delays_k`` Delay      of the outputs of population k, which is the same as to delay all
                                  its inputs alike; before a read-out, of its inputs
``output``             Output     spikes or voltages of the last population; ``output_k`` those of
                                  other read-outs
=====================  =========  ==============================================================

Our neuron, tau_mem dV/dt = (leak - V) + I / conductance with I jumping by w and decaying with
tau_syn, is NIR's tau_syn dI/dt = -I + w_in S, tau_mem dv/dt = (v_leak - v) + r I with
r = 1 / conductance and w_in = tau_syn, where S is the sum of weighted Dirac pulses and all times
are in seconds. Tools that step in time give a spike the value 1 for one step: an integral of
step_s in place of 1, so for them w_in = tau_syn / step_s.

What NIR cannot express stands in the metadata of the neurons: ``spikes_at_most = 1`` for neurons
that spike once, which are written with v_reset = v_leak if they are of a stack of layers,
``refractory_s`` and ``initial``, the voltage at time 0, which is v_leak otherwise. The current is 0
then. A tool that does not know these may compute other spikes.

A chain of CubaLIF that all state ``spikes_at_most = 1`` is read as a `SpikingNetwork`, any other
graph as a `PopulationNetwork`: its neurons are reset to v_reset and spike again.
`lif.exchange.nir_graph`, `nir_sections`, `nir_neurons` and `nir_populations` say how a graph is
read, and docs/exchange.md the semantics at length.

References
----------
Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15 (2024) 8122.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from lasersampling.lif.exchange.fronts import FRONT
from lasersampling.lif.exchange.networks import Network, arrays_of, network_of
from lasersampling.lif.exchange.nir_file import check_graph, nir_package
from lasersampling.lif.exchange.nir_graph import kind, opened, structure_of
from lasersampling.lif.exchange.nir_populations import arrays_of_graph
from lasersampling.lif.exchange.nir_scales import (
    Reading,
    Weights,
    reading,
    scale_problems,
    weights_problems,
)
from lasersampling.lif.exchange.nir_writing import graph_of
from lasersampling.lif.exchange.population_arrays import OF_NETWORK

if TYPE_CHECKING:
    import nir


def to_nir(
    network: Network, *, tau_syn_s: float, member: int = 0, step_s: float | None = None
) -> nir.NIRGraph:
    """Write one member of an ensemble as a NIR graph.

    Parameters
    ----------
    network : SpikingNetwork or PopulationNetwork
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
        With all problems of the arguments, or stages that NIR cannot express, and networks that
        `population_arrays` refuses.
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
    expected = "a SpikingNetwork or a PopulationNetwork"
    refuse(kind_problems("network", network, Network, expected))
    problems = number_problems("tau_syn_s", tau_syn_s, 0.0, strict=True)
    problems += _time_problems("step_s", step_s)
    problems += integer_problems("member", member, 0)
    if not problems and member >= network.n_members:
        problems.append(Problem("member", str(member), f"0 to {network.n_members - 1}"))
    if problems:
        raise InputError(problems)
    whole = (*FRONT, *OF_NETWORK)
    own = {name: a if name in whole else a[member] for name, a in arrays_of(network).items()}
    nodes, edges = graph_of(nir, own, tau_syn_s, 1.0 if step_s is None else step_s)
    metadata = {
        "tau_syn_s": float(tau_syn_s),
        "written_by": f"lasersampling {lasersampling.__version__}",
    }
    if step_s is not None:
        metadata["step_s"] = float(step_s)
    return nir.NIRGraph(nodes, edges, metadata=metadata)


def from_nir(
    graph: nir.NIRGraph,
    *,
    tau_syn_s: float | None = None,
    step_s: float | None = None,
    weights: Weights | None = None,
) -> Network:
    """Read a network of one member from a NIR graph.

    Parameters
    ----------
    graph : nir.NIRGraph
        Input, Output, CubaLIF and LIF, CubaLI and LI as read-outs; Linear, Affine, Scale, Delay,
        Flatten and graphs between them, recurrent ones too.
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
    SpikingNetwork or PopulationNetwork
        The first for a chain of CubaLIF whose metadata say that they spike at most once. Delays are
        fixed.

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
    if problems:
        raise InputError(problems)
    structure = structure_of(graph)
    unit = time_unit_s(graph, step_s=step_s) if tau_syn_s is None else tau_syn_s
    read = reading_of(graph, tau_syn_s=tau_syn_s, step_s=step_s, weights=weights)
    found = arrays_of_graph(structure, read.scales(unit))
    if read.problems:
        raise InputError(read.problems)
    try:
        network = network_of(found.arrays)
    except InputError as error:
        raise InputError(p.at(found.origin.get(p.where, p.where)) for p in error.problems) from None
    if not _is_stated(graph) and step_s != 1.0:
        own = {name: a[0] if np.ndim(a) > 1 else a for name, a in arrays_of(network).items()}
        refuse(list(scale_problems(own, found)))
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
    """Return the unit of time of a graph: from its metadata, or else its first tau_syn (tau) [s].

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
    nodes, _ = opened(graph)
    of_synapses = [
        (n, node, "tau_syn") for n, node in nodes.items() if kind(node).startswith("Cuba")
    ]
    of_membranes = [(n, node, "tau") for n, node in nodes.items() if kind(node) in ("LIF", "LI")]
    for name, node, field in of_synapses or of_membranes:
        where = f"node {name!r} ({field})"
        values = as_floats(getattr(node, field), where).ravel()
        if values.size == 0 or not (np.isfinite(values).all() and values.min() > 0):
            got = f"{values[~(values > 0)][:1] if values.size else 'no value'}"
            raise InputError.single(where, got, "time constants above 0 and finite")
        return float(values[0]) * reading_of(graph, step_s=step_s).second
    expected = "tau_syn_s in the metadata, or neurons"
    raise InputError.single("graph", "no unit of time", expected)


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
