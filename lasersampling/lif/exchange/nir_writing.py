"""Nodes of a NIR graph, made from the arrays of a network; `lif.exchange.nir` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.arrays import n_layers
from lasersampling.lif.exchange.nir_sections import INPUT_COPIES, copy_matrix
from lasersampling.lif.exchange.population_arrays import Wiring, are_of_populations

Graph = tuple[dict[str, Any], list[tuple[str, str]]]
"""Nodes and edges."""


def wiring_of(own: Mapping[str, Array]) -> Wiring:
    """Return what leads where in the arrays of a network of either kind.

    Parameters
    ----------
    own : mapping of str to ndarray
        Arrays of one member, without that axis [1] or [tau_syn].
    """
    if not are_of_populations(own):
        n = n_layers(own)
        sizes = tuple(len(own[f"weights_{k}"]) for k in range(n))
        ends = tuple((k - 1, k) for k in range(n))
        return Wiring(own["weights_0"].shape[1], sizes, (True,) * n, ends)
    ends = tuple((int(a), int(b)) for a, b in own["connections"])
    posts = {target: len(own[f"weights_{c}"]) for c, (_, target) in enumerate(ends)}
    spiking = tuple(bool(flag) for flag in own["spiking"])
    return Wiring(int(own["n_inputs"]), tuple(posts[k] for k in range(len(posts))), spiking, ends)


def graph_of(nir: ModuleType, own: Mapping[str, Array], unit_s: float, area: float) -> Graph:
    """Make the nodes and edges of one network.

    Parameters
    ----------
    nir : module
        The package.
    own : mapping of str to ndarray
        Arrays of one member, without that axis [1] or [tau_syn].
    unit_s : float
        Our unit of time [s].
    area : float
        Integral of a spike [s].
    """
    wiring = wiring_of(own)
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []

    def follow(last: str, name: str, node: Any) -> str:
        nodes[name] = node
        edges.append((last, name))
        return name

    def delay(last: str, name: str, role: str) -> str:
        if name not in own:
            return last
        made = nir.Delay(own[name].ravel() * unit_s, metadata={"role": role})
        return follow(last, name, made)

    n_bias = len(own["bias_times"]) if "bias_times" in own else 0
    copies = int(own.get("input_copies", 1))
    n_in = (wiring.n_inputs - n_bias) // copies
    about = {"bias_times_s": own["bias_times"] * unit_s} if n_bias else {}
    nodes["input"] = nir.Input(np.array([n_in + n_bias]), metadata=about)
    last = "input"
    if copies > 1:  # one copy would be an identity, which a reader takes for a matrix of weights
        matrix = copy_matrix(n_in, copies, n_bias)
        made = nir.Linear(matrix, metadata={"role": INPUT_COPIES})
        last = follow(last, INPUT_COPIES, made)
    ends = {-1: delay(last, "axonal_delays_0", "axonal")}
    entries = {}
    for k, spiking in enumerate(wiring.spiking):
        neurons, received = f"neurons_{k}", f"dendritic_delays_{k}"
        nodes[neurons] = _neurons(nir, own, k, spiking, unit_s, area)
        last, entries[k] = neurons, neurons
        if spiking:
            last = delay(last, received, "dendritic")
        elif received in own:
            made = nir.Delay(own[received] * unit_s, metadata={"role": "dendritic"})
            nodes[received], entries[k] = made, received
            edges.append((received, neurons))
        if k == len(wiring.sizes) - 1 or not spiking:
            # Read-outs that are not the last have outputs of their own.
            output = "output" if k == len(wiring.sizes) - 1 else f"output_{k}"
            follow(last, output, nir.Output(np.array([wiring.sizes[k]])))
        if any(source == k for source, _ in wiring.connections):
            ends[k] = delay(last, f"axonal_delays_{k + 1}", "axonal")
    for c, (source, target) in enumerate(wiring.connections):
        weights, last = own[f"weights_{c}"], ends[source]
        if f"synaptic_delays_{c}" in own:
            post, pre = weights.shape
            last = follow(last, f"fan_out_{c}", nir.Linear(np.tile(np.eye(pre), (post, 1))))
            last = delay(last, f"synaptic_delays_{c}", "synaptic")
            # Row o of the blocks is zero except for the lanes of neuron o.
            weights = (np.eye(post)[:, :, None] * weights).reshape(post, post * pre)
        last = follow(last, f"weights_{c}", nir.Linear(weights, metadata={"connection": c}))
        edges.append((last, entries[target]))
    return _in_order(nodes, edges)


def _neurons(
    nir: ModuleType, own: Mapping[str, Array], k: int, spiking: bool, unit_s: float, area: float
) -> Any:
    """Make the node of a population."""
    metadata: dict[str, Any] = {"population": k}
    if f"initial_{k}" in own:
        metadata["initial"] = own[f"initial_{k}"]
    shared = {
        "tau_syn": own[f"tau_syn_{k}"] * unit_s,
        "tau_mem": own[f"tau_mem_{k}"] * unit_s,
        "r": 1.0 / own[f"conductance_{k}"],
        "v_leak": own[f"leak_{k}"],
        "w_in": own[f"tau_syn_{k}"] * unit_s / area,
    }
    if not spiking:
        return nir.CubaLI(**shared, metadata=metadata)
    refractory = own.get(f"refractory_{k}", np.array(np.inf))  # layers spike once
    if np.isinf(refractory).all():
        metadata["spikes_at_most"] = 1
    elif refractory.any():
        metadata["refractory_s"] = refractory * unit_s
    return nir.CubaLIF(
        **shared,
        v_threshold=own[f"threshold_{k}"],
        v_reset=own.get(f"reset_{k}", own[f"leak_{k}"]),
        metadata=metadata,
    )


def _in_order(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> Graph:
    """Name the nodes as spikes pass them."""
    behind: dict[str, list[str]] = {name: [] for name in nodes}
    for pre, post in edges:
        behind[pre].append(post)
    order = {"input": None}
    ahead = ["input"]
    for name in ahead:
        for post in behind[name]:
            if post not in order:
                order[post] = None
                ahead.append(post)
    return {name: nodes[name] for name in (*order, *(set(nodes) - set(order)))}, edges
