"""Reading of a NIR graph as a chain of nodes, in which layers of neurons are identified.

Between two layers, successive Linear nodes (and Affine without bias, Scale) are multiplied into one
matrix W, and successive delays are added. Then

=========================  =====================================================================
what stands there          what it is read as
=========================  =====================================================================
W                          weights
Delay W                    axonal delays, weights
W Delay                    weights, dendritic delays: the same for all inputs of a neuron
0/1 Delay W                synaptic delays, if the 0/1 matrix gives each synapse its own lane
0/1 ..., in front of all   input copies, if the 0/1 matrix repeats inputs and a matrix follows
Delay, behind all          dendritic delays of the last layer
=========================  =====================================================================

A delay directly behind neurons is read as a delay of the next layer's inputs, unless its metadata
say ``role = dendritic``, which is equivalent for all spikes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from lasersampling.arrays import as_floats
from lasersampling.errors import InputError, Problem
from lasersampling.lif.exchange.array_names import Array

if TYPE_CHECKING:
    import nir

_MATRICES = ("Linear", "Affine", "Scale")
_KNOWN = ("Input", *_MATRICES, "Delay", "CubaLIF", "Output")

_MOST_LANES = 10_000
"""A matrix between so many lanes takes 800 MB."""

Named = tuple[str, Any]
"""A node and its name."""


class Chain:
    """The nodes of a graph in their order, and the arrays of `lif.exchange.arrays` that they make.

    Parameters
    ----------
    graph : nir.NIRGraph
        A graph in which `chain_problems` finds none.
    unit_s : float
        Unit of time of the arrays, in that of the graph, which is nominally a second [s].
    area : float or None
        Integral of a spike over the time of the graph: 1 for a Dirac pulse [1]. None if a weight is
        the jump of the current, whatever w_in.

    Attributes
    ----------
    arrays : dict of str to ndarray of float64
        The arrays; their values are not checked [1] or [tau_syn].
    origin : dict of str to str
        Node and field from which an array was read.

    Raises
    ------
    InputError
        For the first node that cannot be interpreted.
    """

    def __init__(self, graph: nir.NIRGraph, unit_s: float, area: float | None) -> None:
        self.arrays: dict[str, Array] = {}
        self.origin: dict[str, str] = {}
        self._unit_s, self._area = unit_s, area
        (start, first), *nodes = _in_order(graph)
        self._width = _checked_width(start, _lone_size(start, first.input_type["input"]))
        self._bias(start, first)
        self._copies(nodes)
        section: list[Named] = []
        k = 0
        for name, node in nodes:
            if _kind(node) == "CubaLIF":
                self._layer(k, section, name, node)
                section, k = [], k + 1
            elif _kind(node) != "Output":
                section.append((name, node))
        for name, node in section:
            if _kind(node) != "Delay":
                raise _refusal(name, "a matrix that no neurons follow", "neurons before Output")
            self._add(f"dendritic_delays_{k - 1}", name, self._delay(name, node))
        end, last = nodes[-1]
        declared = last.output_type.get("output")
        if declared is not None and _lone_size(end, declared) != self._width:
            raise _refusal(end, f"{_lone_size(end, declared)} outputs", f"{self._width}")

    def _bias(self, name: str, node: Any) -> None:
        if "bias_times_s" in node.metadata:
            where = f"node {name!r} (bias_times_s)"
            times = np.atleast_1d(as_floats(node.metadata["bias_times_s"], where))
            self.arrays["bias_times"] = times / self._unit_s
            self.origin["bias_times"] = f"node {name!r} (bias_times_s)"

    def _copies(self, nodes: list[Named]) -> None:
        """Remove a first matrix that repeats inputs, if another one follows before the neurons."""
        kinds = [_kind(node) for _, node in nodes]
        before = kinds[: kinds.index("CubaLIF")] if "CubaLIF" in kinds else []
        if kinds[0] not in _MATRICES or sum(kind in _MATRICES for kind in before) < 2:
            return
        if _role(nodes[1][1]) == "synaptic":  # a single input, which fans out to its synapses
            return
        matrix = self._matrix(*nodes[0])
        n_bias = self.arrays["bias_times"].size if "bias_times" in self.arrays else 0
        n_in = self._width - n_bias
        copies = (len(matrix) - n_bias) // n_in if n_in > 0 else 0
        if copies > 1 and np.array_equal(matrix, copy_matrix(n_in, copies, n_bias)):
            self.arrays["input_copies"] = np.array(float(copies))
            self._width = len(matrix)
            del nodes[0]

    def _layer(self, k: int, section: list[Named], name: str, node: Any) -> None:
        """Read the nodes that lead to a layer of neurons, and the neurons."""
        n_pre, matrix, origin = self._width, None, ""
        behind: list[tuple[str, Array]] = []  # delays after the matrix
        lanes: tuple[Array, Array] | None = None  # their inputs, as a 0/1 matrix, and their delays
        for place, (at, found) in enumerate(section):
            if _kind(found) == "Delay":
                delay = self._delay(at, found)
                if matrix is not None:
                    behind.append((at, delay))
                elif k and _role(found) == "dendritic" and place == 0:
                    self._add(f"dendritic_delays_{k - 1}", at, delay)
                else:
                    self._add(f"axonal_delays_{k}", at, delay)
                continue
            factor = self._matrix(at, found)
            if matrix is not None and behind:
                if lanes is not None:
                    raise _refusal(behind[0][0], "a delay between matrices", "one for each synapse")
                lanes = matrix, sum((d for _, d in behind), np.zeros(len(matrix)))
                self.origin[f"synaptic_delays_{k}"] = f"node {behind[0][0]!r} (delay)"
                matrix, behind = factor, []
            else:
                matrix = factor if matrix is None else factor @ matrix
            origin, self._width = at, len(matrix)
        if matrix is None:
            raise _refusal(name, "neurons without a matrix before them", "Linear -> CubaLIF")
        n_post = len(matrix)
        for at, delay in behind:
            self._add(f"dendritic_delays_{k}", at, delay)
        if lanes is not None:
            matrix = self._lanes(k, matrix, *lanes, origin)
        jump = self._neurons(k, name, node, n_post)
        if matrix.shape[1] != n_pre:
            raise _refusal(origin, f"{matrix.shape[1]} inputs", f"{n_pre}")
        self.arrays[f"weights_{k}"] = matrix * jump[:, None]
        self.origin[f"weights_{k}"] = f"node {origin!r} (weight)"

    def _lanes(self, k: int, matrix: Array, fan_out: Array, delay: Array, name: str) -> Array:
        """Store synaptic delays, one lane each, and return the weights (post, pre)."""
        n_post, n_pre = len(matrix), fan_out.shape[1]
        # Shapes first: the expected matrix may be larger than memory.
        fits = fan_out.shape[0] == n_post * n_pre and matrix.shape[1] == n_post * n_pre
        is_ours = fits and np.array_equal(fan_out, np.tile(np.eye(n_pre), (n_post, 1)))
        if is_ours:
            blocks = matrix.reshape(n_post, n_post, n_pre)
            weights = blocks[np.arange(n_post), np.arange(n_post)]
            if np.count_nonzero(blocks) == np.count_nonzero(weights):
                self.arrays[f"synaptic_delays_{k}"] = delay.reshape(n_post, n_pre)
                return np.array(weights)
        expected = "lane o * pre + i from input i to neuron o only, or delays elsewhere"
        raise _refusal(name, "a matrix that sums delayed lanes in another way", expected)

    def _neurons(self, k: int, name: str, node: Any, n_post: int) -> Array:
        """Read the parameters of neurons; return the jump of the current by a unit weight."""

        def read(field: str) -> Array:
            values = as_floats(getattr(node, field), f"node {name!r} ({field})")
            if values.size != 1 and values.shape != (n_post,):
                got = f"{field} of shape {values.shape}"
                raise _refusal(name, got, f"({n_post},), one for each neuron")
            return np.broadcast_to(values.ravel(), (n_post,))

        with np.errstate(divide="ignore", invalid="ignore"):  # results of 0 are refused later
            if self._area is None:
                jump = np.ones(n_post)
            else:
                jump = read("w_in") * self._area / read("tau_syn")
            values = {
                ("threshold", "v_threshold"): read("v_threshold"),
                ("leak", "v_leak"): read("v_leak"),
                ("conductance", "r"): 1.0 / read("r"),
                ("tau_mem", "tau_mem"): read("tau_mem") / self._unit_s,
                ("tau_syn", "tau_syn"): read("tau_syn") / self._unit_s,
            }
        for (ours, theirs), array in values.items():
            self.arrays[f"{ours}_{k}"] = array
            self.origin[f"{ours}_{k}"] = f"node {name!r} ({theirs})"
        return jump

    def _matrix(self, name: str, node: Any) -> Array:
        kind = _kind(node)
        field = "scale" if kind == "Scale" else "weight"
        matrix = as_floats(getattr(node, field), f"node {name!r} ({field})")
        if kind == "Scale":
            _checked_width(name, matrix.size)
        matrix = np.diag(matrix.ravel()) if kind == "Scale" else matrix
        if matrix.ndim != 2 or matrix.shape[1] != self._width:
            got = f"a {kind} of shape {matrix.shape}"
            raise _refusal(name, got, f"(outputs, {self._width}), by what comes before")
        if kind == "Affine" and as_floats(node.bias, f"node {name!r} (bias)").any():
            raise _refusal(name, "a bias", "none: a constant current has no counterpart")
        return matrix

    def _delay(self, name: str, node: Any) -> Array:
        delay = as_floats(node.delay, f"node {name!r} (delay)")
        if delay.size != 1 and delay.shape != (self._width,):
            raise _refusal(name, f"delays of shape {delay.shape}", f"({self._width},)")
        return np.broadcast_to(delay.ravel() / self._unit_s, (self._width,)).copy()

    def _add(self, array: str, name: str, delay: Array) -> None:
        self.arrays[array] = self.arrays[array] + delay if array in self.arrays else delay
        self.origin[array] = f"node {name!r} (delay)"


def chain_problems(graph: nir.NIRGraph) -> list[Problem]:
    """List nodes without a counterpart, and reasons why the graph is not a chain."""
    return _type_problems(graph) + _edge_problems(graph)


def copy_matrix(n_inputs: int, copies: int, n_bias: int) -> Array:
    """Return the 0/1 matrix that repeats inputs, and passes bias lanes on."""
    matrix = np.zeros((n_inputs * copies + n_bias, n_inputs + n_bias))
    matrix[: n_inputs * copies, :n_inputs] = np.repeat(np.eye(n_inputs), copies, axis=0)
    matrix[n_inputs * copies :, n_inputs:] = np.eye(n_bias)
    return matrix


def _in_order(graph: nir.NIRGraph) -> list[Named]:
    """Walk from Input to Output."""
    follower = dict(graph.edges)
    name = next(name for name, node in graph.nodes.items() if _kind(node) == "Input")
    nodes = [(name, graph.nodes[name])]
    while name in follower:
        name = follower[name]
        nodes.append((name, graph.nodes[name]))
    return nodes


def _type_problems(graph: nir.NIRGraph) -> list[Problem]:
    """List nodes without a counterpart, and missing ends."""
    expected = ", ".join(_KNOWN)
    hints = {
        "LIF": f"{expected}; LIF has no synaptic time constant, ours are above 0",
        "NIRGraph": f"{expected}; not a graph within the graph",
    }
    problems = [
        Problem(f"node {name!r}", f"a node {_kind(node)}", hints.get(_kind(node), expected))
        for name, node in graph.nodes.items()
        if _kind(node) not in _KNOWN
    ]
    kinds = Counter(map(_kind, graph.nodes.values()))
    for kind in ("Input", "Output"):
        if kinds[kind] != 1:
            problems.append(Problem("graph", f"{kinds[kind]} nodes {kind}", "one"))
    if not kinds["CubaLIF"]:
        problems.append(Problem("graph", "no node CubaLIF", "a layer of neurons"))
    return problems


def _edge_problems(graph: nir.NIRGraph) -> list[Problem]:
    """List reasons why the graph is not a chain: recurrent, branching or loose nodes."""
    edges = [(str(pre), str(post)) for pre, post in graph.edges]
    ends = [end for edge in edges for end in edge]
    problems = [
        Problem("edges", f"an unknown node {name!r}", "names of nodes")
        for name in sorted(set(ends) - set(graph.nodes))
    ]
    n_from, n_to = Counter(pre for pre, _ in edges), Counter(post for _, post in edges)
    for name, node in graph.nodes.items():
        kind = _kind(node)
        wanted = int(kind != "Input"), int(kind != "Output")
        if (n_to[name], n_from[name]) != wanted:
            got = f"{n_to[name]} edges into it and {n_from[name]} out of it"
            chain = f"{wanted[0]} and {wanted[1]}: one chain from Input to Output, no recurrence"
            problems.append(Problem(f"node {name!r}", got, chain))
    if (
        not problems
        and len(graph.nodes)
        and Counter(map(_kind, graph.nodes.values()))["Input"] == 1
    ):
        reached = {name for name, _ in _in_order(graph)}
        problems += [
            Problem(
                f"node {name!r}", "a node that Input does not reach", "one chain, no recurrence"
            )
            for name in graph.nodes
            if name not in reached
        ]
    return problems


def _lone_size(name: str, shape: Any) -> int:
    """Read the number of neurons that an end of the graph declares."""
    sizes = np.asarray(shape).ravel()
    if len(sizes) != 1 or sizes.dtype.kind not in "iuf" or not sizes[0] >= 1:
        got = f"the shape {tuple(sizes.tolist())}"
        raise _refusal(name, got, "one number of neurons, above 0")
    return int(sizes[0])


def _checked_width(name: str, width: int) -> int:
    if not 1 <= width <= _MOST_LANES:
        raise _refusal(name, f"{width} inputs", f"1 to {_MOST_LANES}")
    return width


def _kind(node: Any) -> str:
    return type(node).__name__


def _role(node: Any) -> str | None:
    """Return which delays a Delay node states that it holds."""
    return node.metadata.get("role") if _kind(node) == "Delay" else None


def _refusal(name: str, got: str, expected: str) -> InputError:
    return InputError.single(f"node {name!r}", got, expected)
