"""An emulated analog chip: a substrate of feed-forward LIF networks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lasersampling.checks import kind_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import Arrays, Description
from lasersampling.hardware.chip_model import ChipModel
from lasersampling.lif.chips.events import seen
from lasersampling.lif.chips.imperfect import (
    OF_NEURONS,
    SMALLEST_GAP,
    SMALLEST_TAU,
    ImperfectChips,
    parameter_problems,
    times_problems,
)
from lasersampling.lif.spike_times.first_spike import (
    SMALLEST_SLOPE,
    Layout,
    fastest_method,
    spikes_of,
)

Array = NDArray[np.float64]


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
        self._chips = ImperfectChips(model, sizes, seeds, redrawn)

    @property
    def model(self) -> ChipModel:
        """Model of the chips."""
        return self._chips.model

    @property
    def seeds(self) -> tuple[int, ...]:
        """Number of each chip."""
        return self._chips.seeds

    @property
    def description(self) -> Description:
        """The description of the substrate."""
        chips = self._chips
        return Description("lif", "emulated chip", chips.sizes, chips.n_members, chips.facts())

    @property
    def patterns(self) -> Mapping[str, NDArray[Any]]:
        """Deviations that were drawn for each chip, (member, unit) or (member, unit, unit)."""
        return self._chips.patterns

    def run(self, parameters: Arrays, inputs: Arrays) -> Arrays:
        """Run the network; see `hardware.substrate` for the names of all arrays.

        Raises
        ------
        InputError
            With all problems of parameters and inputs: missing and unknown arrays, other shapes,
            values that are not finite or larger than 1e6, and negative times.
        """
        self._check(parameters, inputs)
        chips = self._chips
        chips.begin_run()
        times = np.asarray(inputs["times"], dtype=np.float64)
        n_samples = times.shape[1]
        period = self.model.sample_period
        observed: dict[str, Array] = {}
        for k in range(len(chips.sizes) - 1):
            times = self._delayed(times, parameters.get(f"axonal_delays_{k}"), k)
            times = self._spikes(k, times, parameters)
            times = seen(times, self.model.imperfections.spikes, chips.streams, period)
            times = self._delayed(times, parameters.get(f"dendritic_delays_{k}"), k + 1)
            observed[f"spikes_{k}"] = times
        chips.end_run(n_samples)
        return observed

    def state(self) -> dict[str, Any]:
        """Return the state of noise and drift, for `set_state`."""
        return self._chips.state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state returned by `state`.

        Raises
        ------
        InputError
            For a state that lacks a part, or that is one of other chips.
        """
        self._chips.set_state(state)

    def _spikes(self, k: int, times: Array, parameters: Arrays) -> Array:
        """First spikes of the neurons of layer k, (member, sample, post)."""
        chips, n_samples = self._chips, times.shape[1]
        threshold, leak, tau_mem, tau_syn = (
            chips.of_neurons(name, k + 1, parameters.get(f"{name}_{k}"), n_samples)
            for name in OF_NEURONS
        )
        gap = np.maximum((threshold - leak) * self.model.neuron.conductance, SMALLEST_GAP)
        places = (k + 1, k)
        weights = chips.of_connections("coupling", parameters[f"weights_{k}"], places, n_samples)
        given = parameters.get(f"synaptic_delays_{k}")
        delays = None
        if given is not None:
            delays = chips.of_connections("delay", given, places, n_samples)
        spikes = _first_spikes(
            times, weights, delays, gap, np.maximum(tau_mem, SMALLEST_TAU),
            np.maximum(tau_syn, SMALLEST_TAU),
        )  # fmt: skip
        return np.where(chips.dead(k + 1)[:, None], np.inf, spikes)

    def _delayed(self, times: Array, delays: NDArray[Any] | None, place: int) -> Array:
        """Delay spikes of a whole layer, (member, sample, unit)."""
        if delays is None:
            return times
        return times + self._chips.of_delays(delays, place, times.shape[1])

    def _check(self, parameters: Arrays, inputs: Arrays) -> None:
        expected = "a mapping of names to arrays (see `hardware.substrate`)"
        refuse(
            kind_problems("parameters", parameters, Mapping, expected),
            kind_problems("inputs", inputs, Mapping, expected),
        )
        sizes, n_members = self._chips.sizes, self._chips.n_members
        shapes: dict[str, tuple[int, ...]] = {}
        for k, (pre, post) in enumerate(itertools.pairwise(sizes)):
            shapes |= {f"weights_{k}": (post, pre), f"synaptic_delays_{k}": (post, pre)}
            shapes |= {f"axonal_delays_{k}": (pre,), f"dendritic_delays_{k}": (post,)}
            shapes |= {f"{name}_{k}": (post,) for name in self.model.programmable}
        needed = {f"weights_{k}" for k in range(len(sizes) - 1)}
        whole = {name: (n_members, *shape) for name, shape in shapes.items()}
        problems = parameter_problems(parameters, whole, needed)
        if inputs.get("times") is None:
            problems.append(Problem("times", "nothing", "an array"))
        else:
            problems += times_problems(inputs["times"], n_members, sizes[0])
        if problems:
            raise InputError(problems)


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
