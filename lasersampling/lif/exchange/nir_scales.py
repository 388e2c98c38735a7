"""Units of a NIR graph: seconds or steps, and the jump of the current caused by a spike.

NIR states its equations in seconds and denotes a spike by S only. Taken literally, S is a Dirac
pulse, and a spike through a weight W makes the current jump by W w_in / tau_syn; a graph whose w_in
are near tau_syn is read in this way. Tools that step in time mean other things:

=================================  ==============  =============  ===============================
tools, as they export              tau             w_in           a weight W is a jump of
=================================  ==============  =============  ===============================
ours                               seconds         tau_syn        W
snnTorch, SpikingJelly             seconds         tau_syn / dt   W, read with ``step_s`` = dt
Norse, Rockpool                    seconds         1              W, read with ``step_s`` = tau_syn
older snnTorch, graphs by hand     steps, or ms    1, or tau_syn  see `reading`
=================================  ==============  =============  ===============================

Nothing in a graph distinguishes them for certain, so implausible values are asked for and never
guessed. What no step explains, `weights` does: "jumps" means that each weight is the jump, whatever
w_in; "nir" that the jump is indeed W w_in / tau_syn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from lasersampling.arrays import as_floats
from lasersampling.errors import Problem
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.arrays import n_layers

if TYPE_CHECKING:
    import nir

Weights = Literal["jumps", "nir"]
"""Meaning of a weight W: it is the jump of the current itself, or W w_in / tau_syn is."""

LONGEST_S = 1.0
"""With longer time constants a graph is taken to count in steps or milliseconds [s]."""

JUMPS = 1.0 / 3.0, 3.0
"""Plausible range of the jump of a current for a weight of 1 [1]."""

_DELAYS = 1e-3, 100.0  # relative to the longest time constant of a graph
_RATIOS = 0.01, 100.0  # of the two time constants of a neuron
_STRONGEST = 100.0  # peaks of the voltage for single spikes, over the threshold


@dataclass(frozen=True)
class Reading:
    """Interpretation of the numbers of a graph.

    Attributes
    ----------
    second : float
        Seconds in the graph's unit of time [s].
    area : float or None
        Integral of a spike, in the graph's unit of time [1]; None if weights are the jumps, so that
        neither this nor w_in is used.
    jumps : tuple of float
        Smallest and largest jump of a current for a weight of 1 [1].
    problems : tuple of Problem
        What the caller has to state before the graph may be read.
    """

    second: float
    area: float | None
    jumps: tuple[float, float]
    problems: tuple[Problem, ...]


def reading(
    graph: nir.NIRGraph,
    *,
    step_s: float | None,
    unit_s: float | None,
    is_stated: bool,
    weights: Weights | None = None,
) -> Reading:
    """Find out how a graph is to be read, and what has to be asked for first.

    With `step_s`, a graph whose time constants all are below a second counts in seconds and its
    spikes are 1 for one step; one with longer time constants counts in steps of this length
    throughout. `step_s` = 1 takes either literally.

    Parameters
    ----------
    graph : nir.NIRGraph
        A graph with neurons.
    step_s : float or None
        Length of a step, as the caller or the metadata say [s].
    unit_s : float or None
        Unit of time of the network that the caller wants [s].
    is_stated : bool
        Whether the metadata say how the graph is to be read, so that nothing is asked.
    weights : "jumps" or "nir", optional
        Meaning of the weights, so that nothing is asked about them.
    """
    named = [(name, node) for name, node in graph.nodes.items() if _is_neuron(node)]
    (first, _), *_ = named
    syn, mem, w_in = (
        np.concatenate([_values(name, node, field, n) for (name, node), n in _sized(named)])
        for field in ("tau_syn", "tau_mem", "w_in")
    )
    usable = np.isfinite(syn) & (syn > 0) & np.isfinite(w_in) & (w_in != 0)
    times = np.concatenate([syn, mem])
    times = times[np.isfinite(times)]
    longest = float(times.max(initial=0.0))
    is_long = longest >= LONGEST_S and not is_stated
    in_steps = is_long and step_s is not None
    second = float(step_s) if in_steps and step_s is not None else 1.0
    area = 1.0 if step_s is None or in_steps else float(step_s)
    jump = np.abs(w_in[usable] / syn[usable]) * area
    if weights == "jumps":
        jump = np.ones(1)
    jumps = (float(jump.min()), float(jump.max())) if jump.size else (1.0, 1.0)
    problems = []
    if not is_stated and step_s != 1.0:
        at_its_word = step_s is None and unit_s is not None and unit_s >= LONGEST_S
        if is_long and step_s is None and not at_its_word:
            got = f"time constants of {_span(times)}, which are meant in seconds"
            expected = (
                "step_s (--step-s), the length of a step in seconds, for a graph that counts in "
                "steps: 0.001 if it counts in milliseconds, 1 if it does count in seconds"
            )
            problems.append(Problem(f"node {first!r} (tau_syn, tau_mem)", got, expected))
        if weights is None and not (JUMPS[0] <= jumps[0] and jumps[1] <= JUMPS[1]):
            steps = np.abs(syn[usable] / w_in[usable])
            got = f"w_in / tau_syn by which a weight of 1 is a jump of the current by {_span(jump)}"
            if step_s is not None:
                got += f" with step_s = {step_s:g}"
            expected = _remedy(steps, is_long=is_long)
            problems.append(Problem(f"node {first!r} (w_in)", got, expected))
    return Reading(second, None if weights == "jumps" else area, jumps, tuple(problems))


def weights_problems(weights: object) -> list[Problem]:
    """Check what a caller says about weights."""
    if weights is None or (isinstance(weights, str) and weights in get_args(Weights)):
        return []
    expected = "'jumps' (a weight is the jump of the current) or 'nir' (weight w_in / tau_syn is)"
    return [Problem("weights", repr(weights), expected)]


def scale_problems(arrays: Mapping[str, Array], origin: Mapping[str, str]) -> Iterator[Problem]:
    """Find units that do not fit together in a graph of another tool.

    Parameters
    ----------
    arrays : mapping of str to ndarray of float64
        Arrays of a network, of one member or without that axis [1] or [tau_syn].
    origin : mapping of str to str
        Node and field from which each was read.
    """
    for k in range(n_layers(arrays)):
        syn, mem = arrays[f"tau_syn_{k}"], arrays[f"tau_mem_{k}"]
        ratio = mem / syn
        if not (_RATIOS[0] <= ratio.min() and ratio.max() <= _RATIOS[1]):
            got = f"tau_mem of {_span(ratio)} tau_syn"
            yield Problem(origin[f"tau_mem_{k}"], got, _between(_RATIOS, "both in seconds"))
        slowest = float(max(syn.max(), mem.max()))
        for kind in ("axonal", "synaptic", "dendritic"):
            name = f"{kind}_delays_{k}"
            longest = float(arrays[name].max()) / slowest if name in arrays else 0.0
            if longest and not _DELAYS[0] <= longest <= _DELAYS[1]:
                got = f"delays of up to {longest:g} times the longest time constant"
                expected = _between(_DELAYS, "in the unit of the time constants (seconds)")
                yield Problem(origin[name], got, expected)
        yield from _weight_problems(arrays, k, origin)


def _weight_problems(
    arrays: Mapping[str, Array], k: int, origin: Mapping[str, str]
) -> Iterator[Problem]:
    """Compare the weights of a layer with the distance from rest to the threshold."""
    weights = np.maximum(arrays[f"weights_{k}"], 0.0)
    gap = (arrays[f"threshold_{k}"] - arrays[f"leak_{k}"]) * arrays[f"conductance_{k}"]
    reach = weights.sum(-1)
    expected = "weights, r, v_threshold and v_leak in units that fit together, or another step_s"
    if (reach <= gap).all():
        got = f"neurons none of which can spike: excitatory currents of {_span(reach)} at most, "
        got += f"where {_span(gap)} is needed for the threshold"
        yield Problem(origin[f"weights_{k}"], got, expected)
        return
    ratio = arrays[f"tau_mem_{k}"] / arrays[f"tau_syn_{k}"]
    ratio = np.where(np.abs(ratio - 1.0) < 1e-6, 1.0 + 1e-6, ratio)
    peak = ratio ** (-ratio / (ratio - 1.0))  # of k(s) of `Neuron`
    lifted = weights * (peak / gap)[..., None]
    middle = float(np.median(lifted[lifted > 0]))
    if middle > _STRONGEST:
        got = f"single spikes that lift the voltage by {middle:.3g} times what the threshold needs"
        yield Problem(origin[f"weights_{k}"], got, expected)


def _remedy(steps: Array, *, is_long: bool) -> str:
    """Say which step makes a weight the jump itself, if one does."""
    said = "weights = 'jumps' (--weights jumps) if a weight is to be the jump itself"
    word = "'nir' if the graph is to be taken at its word"
    if is_long:  # a step scales pulses and time constants alike
        return f"{said}, or {word}"
    if np.ptp(steps) > 0.01 * steps.max():
        low, high = f"{steps.min():.3g}", f"{steps.max():.3g}"
        return f"{said} (no single step_s does it: {low} to {high}), or {word}"
    step = float(np.median(steps))
    return (
        f"step_s (--step-s), the time for which a spike is 1 [s]: {step:.6g} makes a weight the "
        "jump itself, 1 takes the graph at its word (pulses of integral 1)"
    )


def _sized(named: list[tuple[str, object]]) -> list[tuple[tuple[str, object], int]]:
    """Give each node the number of its neurons."""
    fields = ("tau_syn", "tau_mem", "w_in")
    return [
        ((name, node), max(_floats(name, node, field).size for field in fields))
        for name, node in named
    ]


def _floats(name: str, node: object, field: str) -> Array:
    return as_floats(getattr(node, field), f"node {name!r} ({field})").ravel()


def _values(name: str, node: object, field: str, n: int) -> Array:
    values = _floats(name, node, field)
    return np.resize(values, n) if values.size else np.full(n, np.nan)


def _is_neuron(node: object) -> bool:
    return type(node).__name__ == "CubaLIF"


def _span(values: Array) -> str:
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"


def _between(limits: tuple[float, float], what: str) -> str:
    return f"between {limits[0]:g} and {limits[1]:g}, {what}"
