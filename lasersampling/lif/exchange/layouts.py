"""Dimensions, units and descriptions of the arrays in network files."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from lasersampling.lif.exchange.array_names import AXES
from lasersampling.lif.populations.population import INPUTS

TIME_UNIT = "tau_syn"

Layout = tuple[tuple[str, ...], str, str]
"""Names of dimensions, unit, description."""

_ACCURACY = ("member",), "1", "fraction of test samples that are decided correctly"

_OF_NEURONS = {
    "threshold": ("1", "thresholds"),
    "leak": ("1", "voltages at rest"),
    "conductance": ("1", "leak conductances"),
    "tau_mem": (TIME_UNIT, "membrane time constants"),
    "tau_syn": (TIME_UNIT, "synaptic time constants"),
    "reset": ("1", "voltages after a spike"),
    "refractory": (TIME_UNIT, "refractory periods"),
    "initial": ("1", "voltages at time 0"),
}

_ABOUT = {
    "weights": ("1", "weights into layer {k}"),
    "axonal_delays": (TIME_UNIT, "delays of the inputs of layer {k}"),
    "synaptic_delays": (TIME_UNIT, "delays of the synapses of layer {k}"),
    "dendritic_delays": (TIME_UNIT, "delays of the outputs of layer {k}"),
}

_OF_FRONT: dict[str, Layout] = {
    "input_copies": ((), "1", "number of copies of each input"),
    "bias_times": (("bias",), TIME_UNIT, "spikes that are added to the inputs in every sample"),
}

_OF_POPULATIONS: dict[str, Layout] = {
    "n_inputs": ((), "1", "number of inputs"),
    "connections": (("connection", "end"), "1", "source (-1 for the inputs) and target of each"),
    "spiking": (("population",), "1", "1 for populations that spike, 0 for read-outs"),
    "accuracy": _ACCURACY,
    **_OF_FRONT,
}


def layout(name: str) -> Layout:
    """Dimensions, unit and description of an array of a stack of layers.

    Parameters
    ----------
    name : str
        As in `lif.exchange.arrays`.
    """
    if name == "accuracy":
        return _ACCURACY
    if name in _OF_FRONT:
        return _OF_FRONT[name]
    kind, _, k = name.rpartition("_")
    # The outputs of a layer are the inputs of the next.
    numbers = {"post": f"neuron_{k}", "pre": f"neuron_{int(k) - 1}" if k != "0" else "input"}
    dims = ("member", *(numbers[axis] for axis in AXES[kind]))
    if kind in _OF_NEURONS:
        units, what = _OF_NEURONS[kind]
        return dims, units, f"{what} of layer {k}"
    units, description = _ABOUT[kind]
    return dims, units, description.format(k=k)


def population_layout(name: str, connections: NDArray[Any]) -> Layout:
    """Dimensions, unit and description of an array of a network of populations.

    Parameters
    ----------
    name : str
        As in `lif.exchange.population_arrays`.
    connections : ndarray of int, shape (connection, 2)
        Source and target of each connection.
    """
    if name in _OF_POPULATIONS:
        return _OF_POPULATIONS[name]
    kind, _, number = name.rpartition("_")
    k = int(number)
    if kind in ("weights", "synaptic_delays"):
        source, target = (int(end) for end in connections[k])
        pre, post = _neurons(source), _neurons(target)
        # Dimensions of one array have names of their own.
        dims = ("member", post, f"sending_{pre}" if pre == post else pre)
        ends = f"from {_spoken(source)} to {_spoken(target)}"
        units = "1" if kind == "weights" else TIME_UNIT
        return dims, units, f"{kind.replace('_', ' ')} of connection {k}, {ends}"
    if kind == "axonal_delays":
        return ("member", _neurons(k - 1)), TIME_UNIT, f"delays of what {_spoken(k - 1)} sends"
    if kind == "dendritic_delays":
        return ("member", _neurons(k)), TIME_UNIT, f"delays of all that {_spoken(k)} receives"
    units, what = _OF_NEURONS[kind]
    return ("member", _neurons(k)), units, f"{what} of population {k}"


def _neurons(population: int) -> str:
    return "input" if population == INPUTS else f"neuron_{population}"


def _spoken(population: int) -> str:
    return "the inputs" if population == INPUTS else f"population {population}"
