"""Nodes between two populations of a NIR graph, read as weights, delays and constant currents.

Successive Linear nodes (and Affine, Scale) are multiplied into one matrix W, and successive delays
are added. Then

=========================  =====================================================================
what stands there          what it is read as
=========================  =====================================================================
W                          weights; the identity if there is no matrix
Delay W                    delays of what is sent, weights
W Delay                    weights, delays of what is received: the same for all inputs of a neuron
0/1 Delay W                synaptic delays, if the 0/1 matrix gives each synapse its own lane
bias of Affine             a constant current into the neurons behind
Flatten                    nothing, since shapes are read as numbers of neurons
Threshold                  nothing behind neurons, if it lies from 0 to 1: a spike is above it
=========================  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lasersampling.arrays import as_floats
from lasersampling.errors import InputError
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.nir_graph import MATRICES, Path, kind, shape_of

MOST_LANES = 10_000
"""A matrix between so many lanes takes 800 MB."""


INPUT_COPIES = "input_copies"
"""Role of the matrix that repeats inputs, in the metadata of graphs of ours."""


@dataclass
class Section:
    """What a path of nodes does to spikes.

    Attributes
    ----------
    matrix : ndarray of float64, shape (post, pre)
        Weights, as the graph has them [1].
    origin : str
        Node from which they were read.
    before, behind : list of (str, ndarray of float64)
        Nodes of delays in front of and behind the matrix, and these delays, (pre,) and (post,)
        [tau_syn].
    lanes : (str, ndarray of float64) or None
        Node of the delays of synapses, and these, (post, pre) [tau_syn].
    biases : dict of tuple of str to ndarray of float64
        Constant inputs of the neurons behind, by the nodes from the Affine node on, (post,) [1].
    """

    matrix: Array
    origin: str
    before: list[tuple[str, Array]] = field(default_factory=list)
    behind: list[tuple[str, Array]] = field(default_factory=list)
    lanes: tuple[str, Array] | None = None
    biases: dict[tuple[str, ...], Array] = field(default_factory=dict)


def section_of(path: Path, width: int, unit_s: float) -> Section:
    """Read a path.

    Parameters
    ----------
    path : Path
        Nodes between two populations.
    width : int
        Number of neurons before them.
    unit_s : float
        Unit of time of the arrays, in that of the graph [s].

    Raises
    ------
    InputError
        For the first node that cannot be interpreted.
    """
    n_pre, matrix, origin = width, None, ""
    before: list[tuple[str, Array]] = []
    behind: list[tuple[str, Array]] = []
    lanes: tuple[str, Array, Array] | None = None  # node, inputs as a 0/1 matrix, and delays
    biases: dict[tuple[str, ...], Array] = {}
    names = tuple(name for name, _ in path.steps)
    for place, (name, node) in enumerate(path.steps):
        if kind(node) == "Delay":
            delay = _delay(name, node, width, unit_s)
            (before if matrix is None else behind).append((name, delay))
        elif kind(node) in MATRICES:
            factor = matrix_of(name, node, width)
            biases = {key: factor @ bias for key, bias in biases.items()}
            own = _bias(name, node)
            if own is not None:
                biases[names[place:]] = own
            if matrix is not None and behind:
                if lanes is not None:
                    got = "a delay between matrices"
                    raise refusal(behind[0][0], got, "one for each synapse")
                lanes = behind[0][0], matrix, sum((d for _, d in behind), np.zeros(len(matrix)))
                matrix, behind = factor, []
            else:
                matrix = factor if matrix is None else factor @ matrix
            origin, width = name, len(matrix)
        elif kind(node) == "Threshold":
            _pass_threshold(name, node, path, place)
    if matrix is None:
        matrix, origin = np.eye(checked_width(str(path.target), width)), str(path.target)
    section = Section(matrix, origin, before, behind, None, biases)
    if lanes is not None:
        at, fan_out, delay = lanes
        section.matrix, delays = _unfolded(matrix, fan_out, delay, origin)
        section.lanes = at, delays
    if section.matrix.shape[1] != n_pre:
        raise refusal(origin, f"{section.matrix.shape[1]} inputs", f"{n_pre}")
    return section


def matrix_of(name: str, node: Any, width: int) -> Array:
    """Return the matrix of a node, (outputs, width).

    Raises
    ------
    InputError
        If it does not have this width.
    """
    what = "scale" if kind(node) == "Scale" else "weight"
    matrix = as_floats(getattr(node, what), f"node {name!r} ({what})")
    if kind(node) == "Scale":
        checked_width(name, matrix.size)
        matrix = np.diag(matrix.ravel() if matrix.size > 1 else np.full(width, matrix.ravel()))
    while matrix.ndim > 2 and len(matrix) == 1:
        matrix = matrix[0]
    if matrix.ndim != 2 or matrix.shape[1] != width:
        got = f"a {kind(node)} of shape {matrix.shape}"
        raise refusal(name, got, f"(outputs, {width}), by what comes before")
    return matrix


def copy_matrix(n_inputs: int, copies: int, n_bias: int) -> Array:
    """Return the 0/1 matrix that repeats inputs, and passes bias lanes on."""
    matrix = np.zeros((n_inputs * copies + n_bias, n_inputs + n_bias))
    matrix[: n_inputs * copies, :n_inputs] = np.repeat(np.eye(n_inputs), copies, axis=0)
    matrix[n_inputs * copies :, n_inputs:] = np.eye(n_bias)
    return matrix


def checked_width(name: str, width: int) -> int:
    """Refuse numbers of lanes whose matrices would not fit into memory.

    Raises
    ------
    InputError
        If there are too many, or none.
    """
    if not 1 <= width <= MOST_LANES:
        raise refusal(name, f"{width} inputs", f"1 to {MOST_LANES}")
    return width


def refusal(name: str, got: str, expected: str) -> InputError:
    """Name a node that cannot be interpreted."""
    return InputError.single(f"node {name!r}", got, expected)


def _bias(name: str, node: Any) -> Array | None:
    """Return the bias of a node, if it has one other than zero."""
    if kind(node) != "Affine":
        return None
    bias = as_floats(node.bias, f"node {name!r} (bias)").ravel()
    n_post = shape_of(node.weight)[-2]
    if bias.size not in (1, n_post):
        raise refusal(name, f"a bias of {bias.size} numbers", f"{n_post}")
    return np.broadcast_to(bias, (n_post,)) if bias.any() else None


def _delay(name: str, node: Any, width: int, unit_s: float) -> Array:
    delay = as_floats(node.delay, f"node {name!r} (delay)")
    if delay.size not in (1, width):
        raise refusal(name, f"delays of shape {delay.shape}", f"({width},)")
    return np.broadcast_to(delay.ravel() / unit_s, (width,)).copy()


def _pass_threshold(name: str, node: Any, path: Path, place: int) -> None:
    """Refuse a threshold that is not directly behind spikes, or not below them."""
    values = as_floats(node.threshold, f"node {name!r} (threshold)")
    plain = all(kind(step) in ("Flatten", "Identity", "Delay") for _, step in path.steps[:place])
    if not plain or not values.size or not ((values >= 0) & (values < 1)).all():
        got = "a threshold for sums of spikes" if not plain else f"a threshold of {values.ravel()}"
        expected = "one from 0 to below 1 directly behind spikes, each of which passes it"
        raise refusal(name, got, expected)


def _unfolded(matrix: Array, fan_out: Array, delay: Array, name: str) -> tuple[Array, Array]:
    """Return weights and delays (post, pre) of synapses that have one lane each."""
    n_post, n_pre = len(matrix), fan_out.shape[1]
    # Shapes first: the expected matrix may be larger than memory.
    fits = fan_out.shape[0] == n_post * n_pre and matrix.shape[1] == n_post * n_pre
    if fits and np.array_equal(fan_out, np.tile(np.eye(n_pre), (n_post, 1))):
        blocks = matrix.reshape(n_post, n_post, n_pre)
        weights = blocks[np.arange(n_post), np.arange(n_post)]
        if np.count_nonzero(blocks) == np.count_nonzero(weights):
            return np.array(weights), delay.reshape(n_post, n_pre)
    expected = "lane o * pre + i from input i to neuron o only, or delays elsewhere"
    raise refusal(name, "a matrix that sums delayed lanes in another way", expected)
