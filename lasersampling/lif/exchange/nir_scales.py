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
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from lasersampling.arrays import as_floats
from lasersampling.errors import Problem
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.nir_graph import is_population, kind, opened
from lasersampling.lif.exchange.nir_neurons import Scales, size_of
from lasersampling.lif.exchange.nir_populations import GraphArrays

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
_WEAKEST = (
    1.0 / 3.0
)  # currents if all inputs spike at once, over what the threshold needs; they add up


@dataclass(frozen=True)
class Reading:
    """Interpretation of the numbers of a graph.

    Attributes
    ----------
    second : float
        Seconds in the graph's unit of time [s].
    area : float
        Integral of a spike, in the graph's unit of time [1].
    are_jumps : bool
        Whether weights are the jumps of currents, so that w_in is not used.
    step : float or None
        Length of a step in the graph's unit of time, if one is stated [1].
    jumps : tuple of float
        Smallest and largest jump of a current for a weight of 1 [1].
    problems : tuple of Problem
        What the caller has to state before the graph may be read.
    """

    second: float
    area: float
    are_jumps: bool
    step: float | None
    jumps: tuple[float, float]
    problems: tuple[Problem, ...]

    def scales(self, unit_s: float) -> Scales:
        """Return how numbers become ours, for our unit of time [s]."""
        return Scales(unit_s / self.second, self.area, self.are_jumps, self.step)


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
    nodes, _ = opened(graph)
    named = [(name, node) for name, node in nodes.items() if is_population(node)]
    (first, _), *_ = named
    times = np.concatenate([_floats(n, node, f) for n, node in named for f in _times(node)])
    times = times[np.isfinite(times)]
    longest = float(times.max(initial=0.0))
    is_long = longest >= LONGEST_S and not is_stated
    in_steps = is_long and step_s is not None
    second = float(step_s) if in_steps and step_s is not None else 1.0
    area = 1.0 if step_s is None or in_steps else float(step_s)
    asked, what, factors = _factors(named, step_s)
    jump = factors * area
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
            got = f"{what} by {_span(jump)}"
            if step_s is not None:
                got += f" with step_s = {step_s:g}"
            expected = _remedy(1.0 / factors, is_long=is_long)
            problems.append(Problem(asked, got, expected))
    step = None if step_s is None or step_s == 1.0 else 1.0 if in_steps else float(step_s)
    return Reading(second, area, weights == "jumps", step, jumps, tuple(problems))


def weights_problems(weights: object) -> list[Problem]:
    """Check what a caller says about weights."""
    if weights is None or (isinstance(weights, str) and weights in get_args(Weights)):
        return []
    expected = "'jumps' (a weight is the jump of the current) or 'nir' (weight w_in / tau_syn is)"
    return [Problem("weights", repr(weights), expected)]


def scale_problems(arrays: Mapping[str, Array], found: GraphArrays) -> Iterator[Problem]:
    """Find units that do not fit together in a graph of another tool.

    Parameters
    ----------
    arrays : mapping of str to ndarray of float64
        Arrays of the network that was made of it, without the axis of members [1] or [tau_syn].
    found : GraphArrays
        What leads where, and from which node each was read.
    """
    numbers = range(len(found.wiring.sizes))
    slowest = max(
        float(arrays[f"{tau}_{k}"].max()) for k in numbers for tau in ("tau_mem", "tau_syn")
    )
    for k in numbers:
        ratio = arrays[f"tau_mem_{k}"] / arrays[f"tau_syn_{k}"]
        fits = _RATIOS[0] <= ratio.min() and ratio.max() <= _RATIOS[1]
        if not fits and k not in found.without_synapses:
            got = f"tau_mem of {_span(ratio)} tau_syn"
            yield Problem(found.origin[f"tau_mem_{k}"], got, _between(_RATIOS, "both in seconds"))
        if found.wiring.spiking[k]:
            yield from _weight_problems(arrays, k, found)
    for name, array in arrays.items():
        longest = float(array.max()) / slowest if "_delays_" in name else 0.0
        if longest and not _DELAYS[0] <= longest <= _DELAYS[1]:
            got = f"delays of up to {longest:g} times the longest time constant"
            expected = _between(_DELAYS, "in the unit of the time constants (seconds)")
            yield Problem(found.origin[name], got, expected)


def _weight_problems(arrays: Mapping[str, Array], k: int, found: GraphArrays) -> Iterator[Problem]:
    """Compare the weights into a population with the distance from rest to the threshold."""
    into = [c for c, (_, target) in enumerate(found.wiring.connections) if target == k]
    weights = np.maximum(np.concatenate([arrays[f"weights_{c}"] for c in into], axis=-1), 0.0)
    gap = (arrays[f"threshold_{k}"] - arrays[f"leak_{k}"]) * arrays[f"conductance_{k}"]
    ratio = arrays[f"tau_mem_{k}"] / arrays[f"tau_syn_{k}"]
    ratio = np.where(np.abs(ratio - 1.0) < 1e-6, 1.0 + 1e-6, ratio)
    peak = ratio ** (-ratio / (ratio - 1.0))  # of k(s) of `Neuron`
    expected = "weights, r, v_threshold and v_leak in units that fit together, or another step_s"
    reach = weights.sum(-1)
    if k in found.without_synapses:
        reach = reach * peak  # what a spike does to the voltage; the current itself is short
    if (reach <= _WEAKEST * gap).all():
        got = (
            f"neurons far from spiking: excitatory currents of {_span(reach)} if all inputs spike "
        )
        got += f"at once, where {_span(gap)} is needed for the threshold"
        yield Problem(found.origin[f"weights_{into[0]}"], got, expected)
        return
    lifted = weights * (peak / gap)[..., None]
    middle = float(np.median(lifted[lifted > 0]))
    if middle > _STRONGEST:
        got = f"single spikes that lift the voltage by {middle:.3g} times what the threshold needs"
        yield Problem(found.origin[f"weights_{into[0]}"], got, expected)


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


def _factors(named: list[tuple[str, Any]], step_s: float | None) -> tuple[str, str, Array]:
    """Return a node and what it does by a spike of area 1 and weight 1: jumps of the current.

    For nodes without synapses it is the voltage that jumps. With a step this is not asked about,
    since tools differ by tau / step.
    """
    cuba = [(name, node) for name, node in named if kind(node).startswith("Cuba")]
    if cuba:
        place, above, below = f"node {cuba[0][0]!r} (w_in)", "w_in", "tau_syn"
        what = "w_in / tau_syn by which a weight of 1 is a jump of the current"
    else:
        place, above, below = f"node {named[0][0]!r} (r)", "r", "tau"
        what = "r / tau by which a weight of 1 is a jump of the voltage"
        if step_s is not None:
            return place, what, np.zeros(0)
    upper, lower = (
        np.concatenate(
            [
                np.resize(_floats(name, node, field), size_of(node) or 1)
                for name, node in cuba or named
            ]
        )
        for field in (above, below)
    )
    usable = np.isfinite(lower) & (lower > 0) & np.isfinite(upper) & (upper != 0)
    return place, what, np.abs(upper[usable] / lower[usable])


def _times(node: Any) -> tuple[str, ...]:
    return ("tau_syn", "tau_mem") if kind(node).startswith("Cuba") else ("tau",)


def _floats(name: str, node: object, field: str) -> Array:
    values = as_floats(getattr(node, field), f"node {name!r} ({field})").ravel()
    return values if values.size else np.full(1, np.nan)


def _span(values: Array) -> str:
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"


def _between(limits: tuple[float, float], what: str) -> str:
    return f"between {limits[0]:g} and {limits[1]:g}, {what}"
