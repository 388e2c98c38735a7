"""Chips whose values deviate: what was drawn for each, and how it changes what is asked for.

All emulated chips share this. Units are the inputs, and then the neurons of each layer or
population; place 0 stands for the inputs, place k + 1 for the neurons of population k.
"""

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
    memory_problems,
    refuse,
    sequence_problems,
)
from lasersampling.errors import InputError, Problem
from lasersampling.hardware.chip import draw_chip
from lasersampling.hardware.chip_model import ChipModel, chip_of
from lasersampling.hardware.deviation import Deviation
from lasersampling.hardware.imperfections import Quantity
from lasersampling.lif.resolution import resolution_problems
from lasersampling.lif.streams import Streams
from lasersampling.restoring import RETURNED, STATE, restoring

Array = NDArray[np.float64]

OF_NEURONS = ("threshold", "leak", "tau_mem", "tau_syn")
_PARTS = ("mismatch", "trial", "sample", "grid")

KNOWN = frozenset(
    {f"{name}.{part}" for name in (*OF_NEURONS, "coupling", "delay") for part in _PARTS}
    | {f"{name}.drift" for name in OF_NEURONS}
    | {"coupling.dead", "dead"}
    | {"spikes.jitter_std", "spikes.lost", "spikes.spurious_rate"}
    | {"spikes.highest_rate", "spikes.longest_wait"}
)
"""The imperfections of such chips; `docs/imperfections.md` explains them."""

SMALLEST_GAP = 1e-3
"""Least threshold above rest: a chip whose neurons spike without input would tell nothing."""

SMALLEST_TAU = 0.05
_BYTES_PER_PAIR = 32
"""Memory for the deviations of weight and delay of a pair of neurons, while they are drawn [B]."""

LARGEST = 1e6
"""Largest size of weights, delays and parameters of neurons, as of machines."""


class ImperfectChips:
    """What deviates on some chips that run side by side: fixed patterns, noise and drift.

    Nominal values are rounded to programmable ones, then changed by the fixed deviations of the
    chip, by drift, by noise of this batch, and by noise of each sample.

    Parameters
    ----------
    model : ChipModel, str or Path
        Model of the chips; as text, the name of a shipped one or a path.
    sizes : sequence of int
        Numbers of inputs, and of neurons of each layer or population.
    seeds : sequence of int
        Number of each chip.
    redrawn : bool
        Whether each run uses new chips.

    Attributes
    ----------
    patterns : dict of str to ndarray
        Deviations of each chip, (member, unit) or (member, unit, unit).
    streams : Streams
        Noise of each chip.
    n_runs : int
        Number of runs until now.

    Raises
    ------
    InputError
        For another model, invalid sizes or seeds, chips that do not fit into the memory, and
        imperfections that such chips do not have.
    """

    def __init__(
        self,
        model: ChipModel | str | Path,
        sizes: Sequence[int],
        seeds: Sequence[int],
        redrawn: bool,
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
        self.sizes, self.redrawn = tuple(int(n) for n in sizes), redrawn
        # The noise of a chip has a random stream of its own, apart from that of its deviations.
        self.streams = Streams([word(seed, 1) for seed in self.seeds])
        self.n_runs = 0
        self.patterns = self._drawn(self.seeds)
        first = np.cumsum((0, *self.sizes))
        self._units = [slice(first[k], first[k + 1]) for k in range(len(self.sizes))]
        self._wandering = self._drifted()

    @property
    def n_members(self) -> int:
        """Number of chips."""
        return len(self.seeds)

    def facts(self) -> dict[str, str | float | int | bool]:
        """Return what the chips say of themselves."""
        return {
            "model": self.model.description,
            "seeds": " ".join(map(str, self.seeds)),
            "redrawn": self.redrawn,
            "tau_syn_us": self.model.tau_syn_us,
            "sample_period": self.model.sample_period,
        }

    def begin_run(self) -> None:
        """Count a run, for which chips are drawn anew if they are to be."""
        if self.redrawn:
            self.patterns = self._drawn([word(seed, 2, self.n_runs) for seed in self.seeds])
            self._wandering = self._drifted()
        self.n_runs += 1

    def end_run(self, n_samples: int) -> None:
        """Let drifts proceed for so many samples."""
        time_ns = n_samples * self.model.sample_period_ns
        for name, normal in self._wandering.items():
            drift = self._quantity(name).drift
            assert drift is not None
            fresh = self.streams.normal(normal.shape[1]).numpy()
            self._wandering[name] = drift.later(normal, time_ns, fresh)

    def state(self) -> dict[str, Any]:
        """Return the state of noise and drift, for `set_state`."""
        drift = dict(self._wandering)
        return {"streams": self.streams.state(), "run": self.n_runs, "drift": drift}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state returned by `state`.

        Raises
        ------
        InputError
            For a state that lacks a part, or that is one of other chips.
        """
        with restoring(STATE, f"{RETURNED} for {self.n_members} chips of this model"):
            streams, n_runs, drift = state["streams"], int(state["run"]), state["drift"]
            drift = {name: np.array(drift[name], dtype=np.float64) for name in self._wandering}
            shapes = {name: values.shape for name, values in drift.items()}
            own = {name: values.shape for name, values in self._wandering.items()}
            if shapes != own:
                raise InputError.single(STATE, f"drifts of shapes {shapes}", f"{own}")
            self.streams.set_state(streams)
        self.n_runs, self._wandering = n_runs, drift

    def of_neurons(self, name: str, place: int, given: Any, n_samples: int) -> Array:
        """Values of the neurons of a place, (member, 1 or sample, neuron).

        Parameters
        ----------
        name : str
            One of `OF_NEURONS`.
        place : int
            Whose neurons.
        given : ndarray or None
            Programmed values, (member, neuron), nominal ones by default.
        n_samples : int
            Number of samples.
        """
        nominal = 1.0 if name == "tau_syn" else getattr(self.model.neuron, name)
        shape = (self.n_members, self.sizes[place])
        values = np.broadcast_to(nominal if given is None else given, shape)
        values = self._fixed(name, values, self._units[place])
        if name in self._wandering:
            drift = self._quantity(name).drift
            assert drift is not None
            normal = self._wandering[name][:, self._units[place]]
            values = drift.deviation.applied(values, drift.std * normal)
        return self._noisy(name, values, n_samples)

    def of_connections(
        self, name: str, given: NDArray[Any], places: tuple[int, int], n_samples: int
    ) -> Array:
        """Values of connections, (member, 1 or sample, post, pre).

        Parameters
        ----------
        name : str
            "coupling" or "delay".
        given : ndarray, shape (member, post, pre)
            Programmed values.
        places : (int, int)
            Target and source.
        n_samples : int
            Number of samples.
        """
        connections = (self._units[places[0]], self._units[places[1]])
        values = self._fixed(name, np.asarray(given, dtype=np.float64), connections)
        values = self._noisy(name, values, n_samples)
        if name == "coupling":
            dead = self._pattern("dead_coupling", connections)
            values = np.where(dead[:, None], 0.0, values)
        return values

    def of_delays(self, given: NDArray[Any], place: int, n_samples: int) -> Array:
        """Delays of whole units, at least 0, (member, 1 or sample, unit) [tau_syn]."""
        values = np.asarray(given, dtype=np.float64)
        own = np.diagonal(self.patterns["delay"], axis1=1, axis2=2)[:, self._units[place]]
        values = self._programmed("delay", values)
        values = self._quantity("delay").mismatch.applied(values, own)
        return np.maximum(self._noisy("delay", values, n_samples), 0.0)

    def dead(self, place: int) -> NDArray[np.bool_]:
        """Which neurons are dead, (member, neuron)."""
        return self._pattern("dead", self._units[place])

    def _quantity(self, name: str) -> Quantity:
        quantity: Quantity = getattr(self.model.imperfections, name)
        return quantity

    def _drawn(self, seeds: Sequence[int]) -> dict[str, NDArray[Any]]:
        chips = [draw_chip(self.model.imperfections, sum(self.sizes), seed) for seed in seeds]
        names = (*OF_NEURONS, "coupling", "delay", "dead", "dead_coupling")
        return {name: np.stack([getattr(chip, name) for chip in chips]) for name in names}

    def _drifted(self) -> dict[str, Array]:
        """Where drifts are on chips of any age, in units of their standard deviations."""
        return {
            name: self.streams.normal(sum(self.sizes)).numpy()
            for name in OF_NEURONS
            if self._quantity(name).drift is not None
        }

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
        return deviation.applied(values, deviation.of(self.streams.normal(*shape).numpy()))

    def _pattern(self, name: str, where: slice | tuple[slice, slice]) -> NDArray[Any]:
        places = where if isinstance(where, tuple) else (where,)
        return self.patterns[name][(slice(None), *places)]


def array_problems(
    name: str, values: Any, shape: tuple[int, ...], allowed: Callable[[Any], NDArray[np.bool_]]
) -> list[Problem]:
    """Check that values are numbers of a shape, and usable."""
    try:
        array = as_array(values, name)
    except InputError as error:
        return list(error.problems)
    if array.dtype.kind not in "fiu" or array.shape != shape:
        return [Problem(name, f"{array.dtype} of shape {array.shape}", f"numbers of shape {shape}")]
    if not allowed(array).all():
        got = f"nan, infinite values or more than {LARGEST:g}"
        return [Problem(name, got, f"numbers of at most {LARGEST:g}")]
    return []


def parameter_problems(
    parameters: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], needed: set[str]
) -> list[Problem]:
    """Check that parameters are those of a chip.

    Parameters
    ----------
    parameters : mapping of str to array_like
        What is to be programmed.
    shapes : mapping of str to tuple of int
        Shapes of all that can be programmed.
    needed : set of str
        What must be.
    """
    problems = [Problem(name, "nothing", "an array") for name in sorted(needed - set(parameters))]
    for name, values in parameters.items():
        if name not in shapes:
            expected = f"one of {', '.join(shapes)}"
            got = "a parameter that the chip does not have"
            problems.append(Problem(str(name), got, expected))
            continue
        problems += array_problems(name, values, shapes[name], are_usable)
    return problems


def times_problems(times: Any, n_members: int, n_inputs: int) -> list[Problem]:
    """Check that input times are those of a chip, (member, sample, input), inf for absent ones."""
    shape = (n_members, np.shape(times)[1] if np.ndim(times) == 3 else 1, n_inputs)
    wrong = array_problems("times", times, shape, lambda t: np.ones_like(t, dtype=bool))
    wrong = wrong or absent_problems("times", np.asarray(times))
    return wrong or resolution_problems("times", torch.as_tensor(np.asarray(times, np.float64)))


def are_usable(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which numbers are finite, and not too large."""
    usable: NDArray[np.bool_] = np.abs(values.astype(np.float64)) <= LARGEST
    return usable


def word(*numbers: int) -> int:
    """Return one number of 64 bits for some, from which a random stream begins."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
