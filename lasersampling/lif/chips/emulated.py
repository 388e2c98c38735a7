"""An emulated analog chip: a substrate of feed-forward LIF networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lasersampling.arrays import as_array
from lasersampling.checks import (
    absent_problems,
    boolean_problems,
    integer_problems,
    kind_problems,
    memory_problems,
    refuse,
    sequence_problems,
)
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import Arrays, Description
from lasersampling.hardware.chip import draw_chip
from lasersampling.hardware.chip_model import ChipModel, chip_of
from lasersampling.hardware.deviation import Deviation
from lasersampling.hardware.imperfections import Quantity
from lasersampling.lif.chips.events import seen
from lasersampling.lif.spike_times.first_spike import (
    SMALLEST_SLOPE,
    Layout,
    fastest_method,
    spikes_of,
)
from lasersampling.lif.streams import Streams

Array = NDArray[np.float64]

_OF_NEURONS = ("threshold", "leak", "tau_mem", "tau_syn")
_PARTS = ("mismatch", "trial", "sample", "grid")

KNOWN = frozenset(
    {f"{name}.{part}" for name in (*_OF_NEURONS, "coupling", "delay") for part in _PARTS}
    | {f"{name}.drift" for name in _OF_NEURONS}
    | {"coupling.dead", "dead"}
    | {"spikes.jitter_std", "spikes.lost", "spikes.spurious_rate"}
    | {"spikes.highest_rate", "spikes.longest_wait"}
)
"""The imperfections of such chips; `docs/imperfections.md` explains them."""

_SMALLEST_GAP = 1e-3
"""Least threshold above rest: a chip whose neurons spike without input would tell nothing."""

_SMALLEST_TAU = 0.05
_BYTES_PER_PAIR = 32
"""Memory for the deviations of weight and delay of a pair of neurons, while they are drawn [B]."""

_LARGEST = 1e6
"""Largest size of weights, delays and parameters of neurons, as of machines."""


class EmulatedChip:
    """Chips that run a feed-forward network, side by side (`hardware.Substrate`).

    Nominal values are rounded to programmable ones, then changed by the fixed deviations of the
    chip, by drift, by noise of this batch, and by noise of each sample.

    Parameters
    ----------
    model : ChipModel, str or Path
        Model of the chips; as text, the name of a shipped one or a path.
    sizes : sequence of int
        Numbers of inputs, and of neurons of each layer.
    seeds : sequence of int
        Number of each chip: the same number and sizes give the same chip, with the same noise.
    redrawn : bool
        Whether each run uses new chips, with random instead of fixed mismatch.

    Raises
    ------
    InputError
        For another model, invalid sizes or seeds, chips that do not fit into the memory, and
        imperfections that such chips do not have.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.lif.chips.emulated import EmulatedChip
    >>> chip = EmulatedChip("brainscales2", (2, 1), [3])
    >>> inputs = {"times": np.zeros((1, 1, 2))}
    >>> chip.run({"weights_0": np.full((1, 1, 2), 2.0)}, inputs)["spikes_0"].shape
    (1, 1, 1)
    """

    def __init__(
        self,
        model: ChipModel | str | Path,
        sizes: Sequence[int],
        seeds: Sequence[int],
        *,
        redrawn: bool = False,
    ) -> None:
        model = chip_of(model)
        refuse(
            sequence_problems("sizes", sizes, "numbers of inputs and of neurons of each layer"),
            sequence_problems("seeds", seeds, "one whole number for each chip"),
            boolean_problems("redrawn", redrawn),
        )
        problems = [p for n in sizes for p in integer_problems("sizes", n, 1)]
        problems += [p for s in seeds for p in integer_problems("seeds", s, 0)]
        if len(seeds) == 0:
            problems.append(Problem("seeds", "none", "one for each chip"))
        if len(sizes) < 2:
            problems.append(Problem("sizes", str(list(sizes)), "inputs and at least one layer"))
        if not problems:
            pairs = len(seeds), sum(sizes), sum(sizes)
            problems += memory_problems("sizes (chips x neurons x neurons)", pairs, _BYTES_PER_PAIR)
        if problems:
            raise InputError(problems)
        model.imperfections.refuse_others(KNOWN, "LIF chips")
        self.model, self.seeds = model, tuple(int(seed) for seed in seeds)
        self._sizes, self._redrawn = tuple(int(n) for n in sizes), redrawn
        # The noise of a chip has a random stream of its own, apart from that of its deviations.
        self._streams = Streams([_word(seed, 1) for seed in self.seeds])
        self._run = 0
        self._patterns = self._drawn(self.seeds)
        first = np.cumsum((0, *self._sizes))
        self._units = [slice(first[k], first[k + 1]) for k in range(len(self._sizes))]
        self._wandering = {
            name: self._streams.normal(sum(self._sizes)).numpy()
            for name in _OF_NEURONS
            if self._quantity(name).drift is not None
        }

    @property
    def description(self) -> Description:
        """The description of the substrate."""
        facts: dict[str, str | float | int | bool] = {
            "model": self.model.description,
            "seeds": " ".join(map(str, self.seeds)),
            "redrawn": self._redrawn,
            "tau_syn_us": self.model.tau_syn_us,
            "sample_period": self.model.sample_period,
        }
        return Description("lif", "emulated chip", self._sizes, len(self.seeds), facts)

    @property
    def patterns(self) -> Mapping[str, NDArray[Any]]:
        """Deviations that were drawn for each chip, (member, unit) or (member, unit, unit)."""
        return self._patterns

    def run(self, parameters: Arrays, inputs: Arrays) -> Arrays:
        """Run the network; see `hardware.substrate` for the names of all arrays.

        Raises
        ------
        InputError
            With all problems of parameters and inputs: missing and unknown arrays, other shapes,
            values that are not finite or larger than 1e6, and negative times.
        """
        self._check(parameters, inputs)
        if self._redrawn:
            self._patterns = self._drawn([_word(seed, 2, self._run) for seed in self.seeds])
        self._run += 1
        times = np.asarray(inputs["times"], dtype=np.float64)
        n_samples = times.shape[1]
        period = self.model.sample_period
        observed: dict[str, Array] = {}
        for k in range(len(self._sizes) - 1):
            times = self._delayed(times, parameters.get(f"axonal_delays_{k}"), k)
            times = self._spikes(k, times, parameters)
            times = seen(times, self.model.imperfections.spikes, self._streams, period)
            times = self._delayed(times, parameters.get(f"dendritic_delays_{k}"), k + 1)
            observed[f"spikes_{k}"] = times
        self._wait(n_samples)
        return observed

    def state(self) -> dict[str, Any]:
        """Return the state of noise and drift, for `set_state`."""
        return {"streams": self._streams.state(), "run": self._run, "drift": dict(self._wandering)}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state returned by `state`."""
        self._streams.set_state(state["streams"])
        self._run = int(state["run"])
        self._wandering = {name: np.array(values) for name, values in state["drift"].items()}

    def _quantity(self, name: str) -> Quantity:
        quantity: Quantity = getattr(self.model.imperfections, name)
        return quantity

    def _drawn(self, seeds: Sequence[int]) -> dict[str, NDArray[Any]]:
        chips = [draw_chip(self.model.imperfections, sum(self._sizes), seed) for seed in seeds]
        names = (*_OF_NEURONS, "coupling", "delay", "dead", "dead_coupling")
        return {name: np.stack([getattr(chip, name) for chip in chips]) for name in names}

    def _spikes(self, k: int, times: Array, parameters: Arrays) -> Array:
        """First spikes of the neurons of layer k, (member, sample, post)."""
        n_samples = times.shape[1]
        threshold, leak, tau_mem, tau_syn = (
            self._of_neurons(name, k, parameters, n_samples) for name in _OF_NEURONS
        )
        gap = np.maximum((threshold - leak) * self.model.neuron.conductance, _SMALLEST_GAP)
        connections = (self._units[k + 1], self._units[k])
        weights = self._of_connections(
            "coupling", parameters[f"weights_{k}"], connections, n_samples
        )
        weights = np.where(self._pattern("dead_coupling", connections)[:, None], 0.0, weights)
        given = parameters.get(f"synaptic_delays_{k}")
        delays = None
        if given is not None:
            delays = self._of_connections("delay", given, connections, n_samples)
        spikes = _first_spikes(
            times, weights, delays, gap, np.maximum(tau_mem, _SMALLEST_TAU),
            np.maximum(tau_syn, _SMALLEST_TAU),
        )  # fmt: skip
        dead = self._pattern("dead", self._units[k + 1])
        return np.where(dead[:, None], np.inf, spikes)

    def _of_neurons(self, name: str, k: int, parameters: Arrays, n_samples: int) -> Array:
        """Values of the neurons of layer k, (member, 1 or sample, post)."""
        units = self._units[k + 1]
        shape = (len(self.seeds), self._sizes[k + 1])
        nominal = 1.0 if name == "tau_syn" else getattr(self.model.neuron, name)
        values = np.broadcast_to(parameters.get(f"{name}_{k}", nominal), shape)
        values = self._fixed(name, values, units)
        if name in self._wandering:
            drift = self._quantity(name).drift
            assert drift is not None
            normal = self._wandering[name][:, units]
            values = drift.deviation.applied(values, drift.std * normal)
        return self._noisy(name, values, n_samples)

    def _of_connections(
        self, name: str, given: NDArray[Any], connections: tuple[slice, slice], n_samples: int
    ) -> Array:
        """Values of connections, (member, 1 or sample, post, pre)."""
        values = self._fixed(name, np.asarray(given, dtype=np.float64), connections)
        return self._noisy(name, values, n_samples)

    def _delayed(self, times: Array, delays: NDArray[Any] | None, layer: int) -> Array:
        """Delay spikes of a whole layer, (member, sample, unit)."""
        if delays is None:
            return times
        values = np.asarray(delays, dtype=np.float64)
        units = self._units[layer]
        own = np.diagonal(self._patterns["delay"], axis1=1, axis2=2)[:, units]
        values = self._programmed("delay", values)
        values = self._quantity("delay").mismatch.applied(values, own)
        return times + np.maximum(self._noisy("delay", values, times.shape[1]), 0.0)

    def _fixed(self, name: str, values: Array, where: slice | tuple[slice, slice]) -> Array:
        values = self._programmed(name, values)
        mismatch = self._quantity(name).mismatch
        return values if mismatch.is_none else mismatch.applied(values, self._pattern(name, where))

    def _programmed(self, name: str, values: Array) -> Array:
        grid = self._quantity(name).grid
        return values if grid.is_none else np.stack([grid.rounded(own) for own in values])

    def _noisy(self, name: str, values: Array, n_samples: int) -> Array:
        """Add the noise of the batch, and of samples as a second axis."""
        about = self._quantity(name)
        values = self._changed(about.trial, values, values.shape[1:])[:, None]
        shape = (n_samples, *values.shape[2:])
        return values if about.sample.is_none else self._changed(about.sample, values, shape)

    def _changed(self, deviation: Deviation, values: Array, shape: tuple[int, ...]) -> Array:
        if deviation.is_none:
            return values
        return deviation.applied(values, deviation.of(self._streams.normal(*shape).numpy()))

    def _pattern(self, name: str, where: slice | tuple[slice, slice]) -> NDArray[Any]:
        places = where if isinstance(where, tuple) else (where,)
        return self._patterns[name][(slice(None), *places)]

    def _wait(self, n_samples: int) -> None:
        """Let drifts proceed for so many samples."""
        time_ns = n_samples * self.model.sample_period_ns
        for name, normal in self._wandering.items():
            drift = self._quantity(name).drift
            assert drift is not None
            fresh = self._streams.normal(normal.shape[1]).numpy()
            self._wandering[name] = drift.later(normal, time_ns, fresh)

    def _check(self, parameters: Arrays, inputs: Arrays) -> None:
        expected = "a mapping of names to arrays (see `hardware.substrate`)"
        refuse(
            kind_problems("parameters", parameters, Mapping, expected),
            kind_problems("inputs", inputs, Mapping, expected),
        )
        n_members = len(self.seeds)
        shapes: dict[str, tuple[int, ...]] = {}
        for k, (pre, post) in enumerate(zip(self._sizes, self._sizes[1:], strict=False)):
            shapes |= {f"weights_{k}": (post, pre), f"synaptic_delays_{k}": (post, pre)}
            shapes |= {f"axonal_delays_{k}": (pre,), f"dendritic_delays_{k}": (post,)}
            shapes |= {f"{name}_{k}": (post,) for name in self.model.programmable}
        missing = {f"weights_{k}" for k in range(len(self._sizes) - 1)} - set(parameters)
        problems = [Problem(name, "nothing", "an array") for name in sorted(missing)]
        for name, values in parameters.items():
            if name not in shapes:
                name = str(name)
                expected = f"one of {', '.join(shapes)}"
                problems.append(Problem(name, "a parameter that the chip does not have", expected))
                continue
            problems += _array_problems(name, values, (n_members, *shapes[name]), _are_usable)
        times = inputs.get("times")
        if times is None:
            problems.append(Problem("times", "nothing", "an array"))
        else:
            wanted = (n_members, np.shape(times)[1] if np.ndim(times) == 3 else 1, self._sizes[0])
            wrong = _array_problems("times", times, wanted, lambda t: np.ones_like(t, dtype=bool))
            problems += wrong or absent_problems("times", np.asarray(times))
        if problems:
            raise InputError(problems)


def _are_usable(values: NDArray[Any]) -> NDArray[np.bool_]:
    usable: NDArray[np.bool_] = np.abs(values.astype(np.float64)) <= _LARGEST
    return usable


def _array_problems(
    name: str, values: Any, shape: tuple[int, ...], allowed: Callable[[Any], NDArray[np.bool_]]
) -> list[Problem]:
    try:
        array = as_array(values, name)
    except InputError as error:
        return list(error.problems)
    if array.dtype.kind not in "fiu" or array.shape != shape:
        return [Problem(name, f"{array.dtype} of shape {array.shape}", f"numbers of shape {shape}")]
    if not allowed(array).all():
        got = f"nan, infinite values or more than {_LARGEST:g}"
        return [Problem(name, got, f"numbers of at most {_LARGEST:g}")]
    return []


def _first_spikes(
    times: Array, weights: Array, delays: Array | None, gap: Array, tau_mem: Array, tau_syn: Array
) -> Array:
    """First spikes where values may differ from sample to sample.

    Parameters
    ----------
    times : ndarray, shape (member, sample, pre)
        Input spikes [tau_syn].
    weights, delays : ndarray, shape (member, 1 or sample, post, pre)
        Weights and delays of connections [1], [tau_syn].
    gap, tau_mem, tau_syn : ndarray, shape (member, 1 or sample, post)
        Parameters of neurons [1], [tau_syn].
    """
    n_members, n_samples, _ = times.shape
    parts = [gap, tau_mem, tau_syn, weights] + ([] if delays is None else [delays])
    if any(part.shape[1] > 1 for part in parts):
        # A sample with values of its own is treated as a network of its own.
        times = times.reshape(n_members * n_samples, 1, -1)
        parts = [
            np.broadcast_to(part, (n_members, n_samples, *part.shape[2:])).reshape(
                n_members * n_samples, *part.shape[2:]
            )
            for part in parts
        ]
    else:
        parts = [part[:, 0] for part in parts]
    gap, tau_mem, tau_syn, weights = (np.array(part) for part in parts[:4])
    is_shared = bool(np.ptp(tau_mem) == 0.0 and np.ptp(tau_syn) == 0.0)
    level, mem, syn = (torch.from_numpy(values) for values in (gap, tau_mem, tau_syn))
    method = fastest_method(tau_mem, tau_syn)
    layout = Layout(level, mem, syn, SMALLEST_SLOPE, method, is_shared, True)
    late = None
    if delays is not None:
        late = torch.from_numpy(np.ascontiguousarray(np.maximum(parts[4], 0.0)))
    with torch.no_grad():
        spikes = spikes_of(torch.from_numpy(times), torch.from_numpy(weights), late, layout)
    found: Array = spikes.numpy().reshape(n_members, n_samples, -1)
    return found


def _word(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
