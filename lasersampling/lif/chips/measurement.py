"""Measurement of the neurons and synapses of all layers of a chip, from its spikes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lasersampling.checks import memory_problems, refuse
from lasersampling.hardware import Arrays, ChipModel, Substrate
from lasersampling.lif.chips.fit import FittedNeuron, Flags, Freedom, Record, fit_neuron
from lasersampling.lif.chips.stimuli import Stimulus, draw_stimulus
from lasersampling.lif.spike_times.crossing import GENERAL
from lasersampling.lif.spike_times.first_spike import SMALLEST_SLOPE, Layout, spikes_of

Array = NDArray[np.float64]

_ALTER = 0.4
"""Altered time constant over the smaller one: the voltage then shows the decay of the current."""

_DISTINCT = 1.3
"""Least ratio of two time constants that can be distinguished well."""

_MARGIN, _WIDE_MARGIN = 0.15, 0.3
"""A neuron that would spike with a threshold higher by this factor must spike."""

_BYTES_PER_SPIKE = 24
"""Memory for a spike: as observed, and as an input and an output of layers [B]."""

_DEAD_SHARE = 0.5
_DEAD_STRENGTH = 0.25
_PASSES = 3


@dataclass(frozen=True, eq=False)
class LayerMeasurement:
    """Measured values of one layer; nan where nothing was measured.

    Attributes
    ----------
    gap, tau_mem, tau_syn : ndarray, shape (member, post)
        Threshold above rest in units of the mean strength of the neuron's synapses [1], and time
        constants [tau_syn].
    gap_se, tau_mem_se, tau_syn_se : ndarray, shape (member, post)
        Standard errors [tau_syn], that of the gap [1].
    gap_noise : ndarray, shape (member, post)
        Standard deviation of the gap from batch to batch, error of measurement included [1].
    strengths, strengths_se : ndarray, shape (member, post, pre)
        Strengths of synapses relative to the programmed ones, with mean 1 for a neuron, 0 for dead
        ones; standard errors [1].
    residual : ndarray, shape (member, post)
        Typical distance of a spike from the fit [tau_syn].
    dead : ndarray of bool, shape (member, post)
        Neurons that do not spike although they must.
    dead_synapses : ndarray of bool, shape (member, post, pre)
        Synapses that transmit nothing.
    lost, lost_se : ndarray, shape (member,)
        Probability that a spike is not seen; standard error [1].
    spurious_rate, spurious_rate_se : ndarray, shape (member,)
        Rate of spurious spikes of live neurons; standard error [1/tau_syn].
    """

    gap: Array
    gap_se: Array
    tau_mem: Array
    tau_mem_se: Array
    tau_syn: Array
    tau_syn_se: Array
    gap_noise: Array
    strengths: Array
    strengths_se: Array
    residual: Array
    dead: Flags
    dead_synapses: Flags
    lost: Array
    lost_se: Array
    spurious_rate: Array
    spurious_rate_se: Array


MEASURED = {
    "gap": ("1", "threshold above rest"),
    "gap_se": ("1", "standard error of the threshold above rest"),
    "tau_mem": ("tau_syn", "membrane time constant"),
    "tau_mem_se": ("tau_syn", "standard error of the membrane time constant"),
    "tau_syn": ("tau_syn", "synaptic time constant"),
    "tau_syn_se": ("tau_syn", "standard error of the synaptic time constant"),
    "gap_noise": ("1", "standard deviation of the threshold above rest from batch to batch"),
    "strengths": ("1", "strengths of synapses"),
    "strengths_se": ("1", "standard errors of the strengths of synapses"),
    "residual": ("tau_syn", "typical distance of a spike from the fit"),
    "dead": ("1", "neurons that do not spike although they must"),
    "dead_synapses": ("1", "synapses that transmit nothing"),
    "lost": ("1", "probability that a spike is not seen"),
    "lost_se": ("1", "standard error of the probability that a spike is not seen"),
    "spurious_rate": ("1/tau_syn", "rate of spurious spikes"),
    "spurious_rate_se": ("1/tau_syn", "standard error of the rate of spurious spikes"),
}
"""Units and descriptions of the measured values."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """All batches, one layer: inputs (batch, member, sample, pre), spikes (.., post)."""

    inputs: Array
    spikes: Array
    weights: Array
    altered: Flags


def measure_chip(
    substrate: Substrate,
    model: ChipModel,
    settings: Arrays,
    *,
    n_batches: int,
    n_samples: int,
    generator: np.random.Generator,
) -> tuple[LayerMeasurement, ...]:
    """Measure all layers of all chips of a substrate.

    Each layer is driven by the layer before it. Its inputs are observed, so they need not be known
    beforehand: the stimuli only have to be diverse. If a time constant can be programmed, it is far
    below the other in every second batch, since spikes could not distinguish them otherwise
    (`lif.chips.fit`).

    Parameters
    ----------
    substrate : Substrate
        Device of the kind "lif".
    model : ChipModel
        Nominal neurons and programmable values; nothing else of it is used.
    settings : mapping of str to ndarray
        Programmed values of neurons, such as ``threshold_0``.
    n_batches, n_samples : int
        Number of batches, which is even, and of samples of each.
    generator : Generator
        Source of random numbers for the stimuli.

    Raises
    ------
    InputError
        If the observed spikes would not fit into the memory, or inputs are too few to make a
        neuron spike.
    """
    sizes, n_members = substrate.description.sizes, substrate.description.n_members
    where = "n_batches, n_samples (batches x samples of all chips x neurons)"
    shape = n_batches, n_members * n_samples, sum(sizes)
    n_weights = sum(pre * post for pre, post in itertools.pairwise(sizes))
    refuse(memory_problems(where, shape, _BYTES_PER_SPIKE, per_row=8 * n_weights))
    freedom = _freedom(model)
    seen: list[list[tuple[Array, Array, Array]]] = [[] for _ in sizes[1:]]
    altered = np.zeros(n_batches, dtype=bool)
    if freedom.altered is not None:
        altered[1::2] = True
    for batch in range(n_batches):
        stimulus = draw_stimulus(model, sizes, n_samples, generator)
        programmed = dict(settings)
        if altered[batch]:
            programmed |= _altered_settings(model, settings, freedom, sizes, n_members)
        for k, (inputs, spikes) in enumerate(_run(substrate, stimulus, programmed)):
            seen[k].append((inputs, spikes, stimulus.weights[k]))
    measured = []
    for batches in seen:
        inputs, spikes, weights = (np.stack(part) for part in zip(*batches, strict=True))
        measured.append(_measure_layer(_Seen(inputs, spikes, weights, altered), model, freedom))
    return tuple(measured)


def _run(substrate: Substrate, stimulus: Stimulus, settings: Arrays) -> list[tuple[Array, Array]]:
    """Inputs and spikes of each layer, (member, sample, unit)."""
    n_members = substrate.description.n_members
    weights = {
        f"weights_{k}": np.repeat(values[None], n_members, axis=0)
        for k, values in enumerate(stimulus.weights)
    }
    times = np.repeat(stimulus.times[None], n_members, axis=0)
    observed = substrate.run(weights | dict(settings), {"times": times})
    found = []
    for k in range(len(stimulus.weights)):
        spikes = np.asarray(observed[f"spikes_{k}"], dtype=np.float64)
        found.append((times, spikes))
        times = spikes
    return found


def nominal_value(model: ChipModel, name: str) -> float:
    """Return the nominal value of a neuron's parameter.

    Parameters
    ----------
    model : ChipModel
        Nominal neurons.
    name : str
        Which parameter, such as ``tau_mem`` or ``gap``; ``strengths`` are those of its synapses.
    """
    return 1.0 if name in ("tau_syn", "strengths") else float(getattr(model.neuron, name))


def _altered_tau(model: ChipModel) -> float:
    """Return the value to which a time constant is programmed in every second batch [tau_syn]."""
    return _ALTER * min(model.neuron.tau_mem, 1.0)


def _freedom(model: ChipModel) -> Freedom:
    for place, name in enumerate(("tau_mem", "tau_syn")):
        if name in model.programmable:
            reached = _reached(model, name, np.array([_altered_tau(model)]))
            other = 1.0 if place == 0 else model.neuron.tau_mem
            if 0.0 < reached.max() * _DISTINCT <= other:
                return Freedom(place)
    return Freedom(None)


def _reached(model: ChipModel, name: str, values: Array) -> Array:
    rounded: Array = getattr(model.imperfections, name).grid.rounded(values)
    return rounded


def _altered_settings(
    model: ChipModel, settings: Arrays, freedom: Freedom, sizes: tuple[int, ...], n_members: int
) -> dict[str, Array]:
    name = ("tau_mem", "tau_syn")[freedom.altered or 0]
    factor = _altered_tau(model) / nominal_value(model, name)
    values = {}
    for k, post in enumerate(sizes[1:]):
        usual = np.full((n_members, post), nominal_value(model, name))
        values[f"{name}_{k}"] = factor * settings.get(f"{name}_{k}", usual)
    return values


def _measure_layer(seen: _Seen, model: ChipModel, freedom: Freedom) -> LayerMeasurement:
    n_batches, n_members, _, n_pre = seen.inputs.shape
    n_post = seen.spikes.shape[3]
    taus = np.array([model.neuron.tau_mem, 1.0, _altered_tau(model)])
    gaps = np.full(n_batches, model.neuron.gap)
    nominal = FittedNeuron(taus, gaps, np.ones(n_pre), np.full(4 + n_pre, np.nan), np.inf)
    estimates = [[nominal] * n_post for _ in range(n_members)]
    live = np.ones((n_members, n_post, n_pre), dtype=bool)
    must = np.isfinite(_predicted(seen, estimates, freedom, 1.0 + _WIDE_MARGIN))
    share = np.where(must, np.isfinite(seen.spikes), False).sum((0, 2)) / must.sum((0, 2)).clip(1)
    dead = share < _DEAD_SHARE
    chosen = np.isfinite(seen.spikes)
    groups = np.arange(n_batches) // 2
    for turn in range(_PASSES):
        for e in range(n_members):
            for o in range(n_post):
                if dead[e, o]:
                    continue
                record = Record(
                    seen.spikes[:, e, :, o], seen.inputs[:, e], seen.weights[:, o], seen.altered,
                    groups,
                )  # fmt: skip
                start = estimates[e][o] if np.isfinite(estimates[e][o].gap) else nominal
                found = fit_neuron(record, chosen[:, e, :, o], live[e, o], start, freedom)
                if turn < _PASSES - 1:
                    live[e, o] &= ~(found.strengths < _DEAD_STRENGTH)
                estimates[e][o] = found
        must = np.isfinite(_predicted(seen, estimates, freedom, 1.0 + _MARGIN))
        unknown = np.array([[not np.isfinite(own.gap) for own in row] for row in estimates])
        chosen = (must | unknown[:, None]) & np.isfinite(seen.spikes)
    never = ~np.isfinite(_predicted(seen, estimates, freedom, 1.0 - _MARGIN))
    known = np.array([[np.isfinite(own.gap) for own in row] for row in estimates]) & ~dead
    return _collected(seen, estimates, must, never, known, dead, ~live, model.sample_period)


def _predicted(
    seen: _Seen, estimates: list[list[FittedNeuron]], freedom: Freedom, factor: float
) -> Array:
    """Spikes of the fitted neurons with thresholds times a factor, in the shape of the observed."""

    def stacked(name: str) -> Array:
        return np.array([[getattr(own, name) for own in row] for row in estimates])

    taus, strengths, gaps = stacked("taus"), stacked("strengths"), stacked("gaps")
    mean = np.array([[own.gap for own in row] for row in estimates])
    gaps = np.where(np.isfinite(gaps), gaps, mean[..., None])
    spikes = np.empty_like(seen.spikes)
    for batch, altered in enumerate(seen.altered):
        both = [taus[..., 0].copy(), taus[..., 1].copy()]
        if altered and freedom.altered is not None:
            both[freedom.altered] = taus[..., 2].copy()
        mem, syn = (torch.from_numpy(np.nan_to_num(v, nan=1.0)) for v in both)
        level = torch.from_numpy(np.nan_to_num(factor * gaps[..., batch], nan=np.inf))
        layout = Layout(level, mem, syn, SMALLEST_SLOPE, GENERAL, False, True)
        weights = seen.weights[batch] * np.nan_to_num(strengths)
        with torch.no_grad():
            found = spikes_of(
                torch.from_numpy(seen.inputs[batch].copy()), torch.from_numpy(weights), None, layout
            )
        spikes[batch] = found.numpy()
    return spikes


def _collected(
    seen: _Seen, estimates: list[list[FittedNeuron]], must: Flags, never: Flags, known: Flags,
    dead: Flags, dead_synapses: Flags, period: float,
) -> LayerMeasurement:  # fmt: skip
    """Put the results for each neuron into arrays, and count expected and unexpected spikes."""

    def of_all(values: list[list[float]]) -> Array:
        return np.where(known, np.array(values, dtype=np.float64), np.nan)

    def error(place: int) -> Array:
        return of_all([[own.errors[place] for own in row] for row in estimates])

    def share(among: Flags, happened: Flags) -> tuple[Array, Array]:
        """Fraction and its standard error, with Laplace's estimate so that it is never 0."""
        among = among & known[:, None]
        n = among.sum((0, 2, 3))
        part = (among & happened).sum((0, 2, 3))
        usual = (part + 1.0) / (n + 2.0)
        return part / n.clip(1), np.sqrt(usual * (1.0 - usual) / n.clip(1))

    came = np.isfinite(seen.spikes)
    lost, lost_se = share(must, ~came)
    without, without_se = share(never, came)
    strengths = np.array([[own.strengths for own in row] for row in estimates])
    errors = np.array([[own.errors[4:] for own in row] for row in estimates])
    measured = known[..., None] & np.isfinite(errors)
    return LayerMeasurement(
        of_all([[own.gap for own in row] for row in estimates]), error(3),
        of_all([[own.taus[0] for own in row] for row in estimates]), error(0),
        of_all([[own.taus[1] for own in row] for row in estimates]), error(1),
        of_all([[_spread(own.gaps) for own in row] for row in estimates]),
        np.where(measured, strengths, np.where(dead_synapses, 0.0, np.nan)),
        np.where(measured, errors, np.nan),
        of_all([[own.residual for own in row] for row in estimates]),
        dead, dead_synapses & known[..., None], lost, lost_se,
        -np.log1p(-without) / period, without_se / (1.0 - without) / period,
    )  # fmt: skip


def _spread(values: Array) -> float:
    values = values[np.isfinite(values)]
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")
