"""Neurons and read-outs of a NIR graph: their parameters in our units.

CubaLIF and CubaLI are our neurons and read-outs. LIF and LI have no synapses: a spike lifts their
voltage at once. They are read with a synaptic time constant of tau / 10,000, through which the same
charge flows: peaks are lower by a thousandth. LIF then have a refractory period of tau / 1,000, if
none is stated, so that nothing is left of the spike that brought them to the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lasersampling.arrays import as_floats
from lasersampling.errors import InputError, Problem
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.nir_graph import SPIKING, kind, shape_of
from lasersampling.lif.exchange.nir_sections import refusal

SYNAPSE = 1e-4
"""Synaptic time constant of nodes without synapses, in their tau."""

_WITHOUT_REST = 10.0 * SYNAPSE  # after which no charge is left

_STEP_SHARE = 1.0 / 3.0  # of the synaptic time constant: no step is longer


@dataclass(frozen=True)
class Scales:
    """How numbers of a graph become ours.

    Attributes
    ----------
    unit_s : float
        Unit of time of the arrays, in that of the graph [s].
    area : float
        Integral of a spike over the time of the graph: 1 for a Dirac pulse [1].
    are_jumps : bool
        Whether a weight is the jump of the current, whatever w_in.
    step : float or None
        Length of a step in the unit of time of the graph, if one was stated [s].
    """

    unit_s: float
    area: float
    are_jumps: bool = False
    step: float | None = None


@dataclass(frozen=True)
class Cells:
    """A population as it was read.

    Attributes
    ----------
    arrays : dict of str to ndarray of float64, each (neuron,)
        By the names of `lif.exchange.population_arrays`, without numbers [1] or [tau_syn].
    origin : dict of str to str
        Node and field from which each was read.
    jump : ndarray of float64, shape (neuron,)
        Jump of the current by a weight of 1 [1].
    """

    arrays: dict[str, Array]
    origin: dict[str, str]
    jump: Array


def size_of(node: Any) -> int | None:
    """Return the number of neurons by the parameters of a node; None if each is one number."""
    sizes = [math.prod(shape_of(getattr(node, name))) for name in _fields(node)]
    largest = max(sizes)
    return largest if largest > 1 else None


def cells_of(name: str, node: Any, n: int, scales: Scales, bias: Array | None) -> Cells:
    """Read a population.

    Parameters
    ----------
    name, node : str, node
        The population.
    n : int
        Number of its neurons.
    scales : Scales
        How numbers become ours.
    bias : ndarray of float64, shape (neuron,), or None
        Constant input S, which shifts the leak [1].

    Raises
    ------
    InputError
        For parameters of other shapes, and a bias that lifts the voltage to the threshold.
    """

    def read(field: str) -> Array:
        values = as_floats(getattr(node, field), f"node {name!r} ({field})")
        if values.size not in (1, n):
            raise refusal(name, f"{field} of shape {values.shape}", f"({n},), one for each neuron")
        # What is divided, or divides others, would be found in a number that is not in the file.
        if field == "r" and (values == 0).any():
            raise InputError.single(f"node {name!r} (r)", "0", "resistances above 0")
        if field == "w_in" and not np.isfinite(values).all():
            raise InputError.single(f"node {name!r} (w_in)", "nan or inf", "finite numbers")
        return np.broadcast_to(values.ravel(), (n,))

    has_synapse = kind(node).startswith("Cuba")
    arrays: dict[str, Array] = {}
    origin: dict[str, str] = {}

    def put(ours: str, theirs: str, values: Array) -> None:
        arrays[ours] = values
        origin[ours] = f"node {name!r} ({theirs})"

    with np.errstate(divide="ignore", invalid="ignore"):  # results of 0 are refused later
        put("leak", "v_leak", read("v_leak"))
        put("conductance", "r", 1.0 / read("r"))
        tau_mem = read("tau_mem" if has_synapse else "tau")
        tau_syn = read("tau_syn") if has_synapse else SYNAPSE * tau_mem
        put("tau_mem", "tau_mem" if has_synapse else "tau", tau_mem / scales.unit_s)
        put("tau_syn", "tau_syn" if has_synapse else "tau", tau_syn / scales.unit_s)
        jump = scales.area / tau_syn
        if has_synapse:
            jump = np.ones(n) if scales.are_jumps else read("w_in") * jump
    if kind(node) in SPIKING:
        put("threshold", "v_threshold", read("v_threshold"))
        put("reset", "v_reset", read("v_reset"))
        own = _refractory(name, node, n, scales.unit_s)
        if not has_synapse:
            own = np.maximum(own, _WITHOUT_REST * arrays["tau_mem"])
        put("refractory", "refractory_s", own)
    initial = _told(name, node, "initial", n)
    if initial is not None:
        put("initial", "initial", initial)
    if bias is not None:
        if initial is None:
            put("initial", "v_leak", arrays["leak"])
        current = bias if not has_synapse else _current(name, read, bias, scales)
        put("leak", "v_leak", arrays["leak"] + read("r") * current)
        if "threshold" in arrays and not (arrays["leak"] < arrays["threshold"]).all():
            got = f"a bias that lifts the voltage to {arrays['leak'].max():g}"
            expected = f"below the threshold: {arrays['threshold'].min():g}; neurons that spike "
            expected += "without inputs have no counterpart"
            raise refusal(name, got, expected)
    return Cells(arrays, origin, jump)


def spikes_once(node: Any) -> bool:
    """Tell whether the metadata of neurons say that they spike at most once."""
    return _metadata(node).get("spikes_at_most") == 1


def _current(name: str, read: Callable[[str], Array], bias: Array, scales: Scales) -> Array:
    """Return the constant current by a constant input S."""
    tau_syn = read("tau_syn")
    expected = "weights = 'jumps' (--weights jumps) and step_s (--step-s), the length of a step in "
    expected += "the graph's unit of time, since a bias acts once in each step"
    if scales.are_jumps:
        if scales.step is None:
            raise refusal(name, "a bias, which acts in steps of unknown length", expected)
        return bias * tau_syn / scales.step
    if scales.step is not None and scales.step > _STEP_SHARE * float(tau_syn.min()):
        got = f"a bias, and a step of {scales.step:g} beside tau_syn of {tau_syn.min():g}"
        raise refusal(name, got, expected)
    return bias * read("w_in")


def _refractory(name: str, node: Any, n: int, unit_s: float) -> Array:
    if spikes_once(node):
        return np.full(n, np.inf)
    stated = _told(name, node, "refractory_s", n)
    return np.zeros(n) if stated is None else stated / unit_s


def _told(name: str, node: Any, key: str, n: int) -> Array | None:
    """Return numbers in the metadata of a node."""
    value = _metadata(node).get(key)
    if value is None:
        return None
    values = as_floats(value, f"node {name!r} ({key})").ravel()
    if values.size not in (1, n):
        raise InputError([Problem(f"node {name!r} ({key})", f"{values.size} numbers", f"{n}")])
    return np.broadcast_to(values, (n,))


def _metadata(node: Any) -> Mapping[str, Any]:
    found = getattr(node, "metadata", None)
    return found if isinstance(found, Mapping) else {}


def _fields(node: Any) -> tuple[str, ...]:
    times = ("tau_syn", "tau_mem", "w_in") if kind(node).startswith("Cuba") else ("tau",)
    spikes = ("v_threshold", "v_reset") if kind(node) in SPIKING else ()
    return (*times, "r", "v_leak", *spikes)
