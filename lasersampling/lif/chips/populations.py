"""An emulated analog chip whose neurons spike as often as they like, in any connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lasersampling.checks import (
    integer_problems,
    kind_problems,
    memory_problems,
    refuse,
    sequence_problems,
)
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import Arrays, ChipModel, Description, VoltageSampling
from lasersampling.hardware.ragged import (
    ALL,
    connections_text,
    parsed_connections,
    ragged_problems,
    sample_times,
)
from lasersampling.lif.chips.imperfect import (
    ImperfectChips,
    array_problems,
    parameter_problems,
    times_problems,
)
from lasersampling.lif.chips.population_run import ChipLayout, PopulationRun
from lasersampling.lif.chips.ragged import spike_events
from lasersampling.lif.populations.layered import SpikingAgain, after_spike
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.spikes import SpikeEvents

_ROUNDING = 1e-9


class PopulationChip:
    """Chips that run a network of populations, side by side (`hardware.Substrate`).

    They have the imperfections of `EmulatedChip`, and the same ones for the same seeds and sizes.
    Spikes between events are exact (`run_events`).

    Parameters
    ----------
    model : ChipModel, str or Path
        Model of the chips; as text, the name of a shipped one or a path.
    sizes : sequence of int
        Numbers of inputs, and of neurons of each population.
    seeds : sequence of int
        Number of each chip: the same number and sizes give the same chip, with the same noise.
    connections : sequence of (int, int), optional
        Source, -1 for the inputs, and target of each connection; by default from each population to
        the next.
    after : SpikingAgain, optional
        What becomes of neurons after a spike, unless it is programmed; by default they spike once.
    voltages : VoltageSampling, optional
        How voltages of membranes are told, by default as the model says.
    redrawn : bool
        Whether each run uses new chips, with random instead of fixed mismatch.

    Raises
    ------
    InputError
        As `EmulatedChip`, for connections between populations that are not there or that stand
        twice, and for resets that are not below the threshold.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.lif.chips.populations import PopulationChip
    >>> from lasersampling.lif.populations.layered import SpikingAgain, after_spike
    >>> chip = PopulationChip("ideal", (2, 1), [3], after=SpikingAgain(refractory=0.1))
    >>> inputs = {"times": np.zeros((1, 1, 2))}
    >>> chip.run({"weights_0": np.full((1, 1, 2), 20.0)}, inputs)["spikes_0_neuron"].size
    7
    """

    def __init__(
        self,
        model: ChipModel | str | Path,
        sizes: Sequence[int],
        seeds: Sequence[int],
        connections: Sequence[tuple[int, int]] | None = None,
        *,
        after: SpikingAgain | None = None,
        voltages: VoltageSampling | None = None,
        redrawn: bool = False,
    ) -> None:
        refuse(
            kind_problems("after", after, SpikingAgain | None, "SpikingAgain(...)"),
            kind_problems("voltages", voltages, VoltageSampling | None, "VoltageSampling(...)"),
        )
        self._chips = ImperfectChips(model, sizes, seeds, redrawn)
        own = after_spike(after)
        threshold = self.model.neuron.threshold
        if own.reset >= threshold:
            expected = f"a voltage below the threshold, {threshold:g}"
            raise InputError.single("after.reset", f"{own.reset:g}", expected)
        self._layout = ChipLayout(
            _checked_connections(connections, len(self._chips.sizes) - 1),
            own,
            self.model.voltages if voltages is None else voltages,
        )

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
        facts = self._chips.facts()
        facts |= {"spikes": ALL, "connections": connections_text(self._layout.connections)}
        voltages = self._layout.voltages
        if voltages is not None:
            facts |= {"voltages": True, "voltage_interval": voltages.interval}
            if voltages.bits is not None:
                facts["voltage_bits"] = voltages.bits
        sizes, n_members = self._chips.sizes, self._chips.n_members
        return Description("lif", "emulated chip", sizes, n_members, facts)

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
            values that are not finite or larger than 1e6, negative times, voltages at shorter
            intervals than the chip samples them.
        RunawayActivityError
            If a run has more than 100,000 spikes.
        LaserSamplingError
            If spikes that are disturbed on their way around a loop come to no end.
        """
        self._check(parameters, inputs)
        chips, n_members = self._chips, self._chips.n_members
        chips.begin_run()
        if inputs.get("times") is not None:
            times = np.array(inputs["times"], dtype=np.float64)
            given = SpikeEvents.from_times(torch.from_numpy(times))
        else:
            n_samples = (len(inputs["events_offsets"]) - 1) // n_members
            given = spike_events(inputs, "events", (n_members, n_samples, chips.sizes[0]))
        points, interval = None, inputs.get("voltage_interval")
        if interval is not None:
            points = sample_times(float(interval), self.model.sample_period)
        observed = PopulationRun(chips, self._layout, parameters, given).observed(points)
        chips.end_run(given.n_samples)
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

    def _check(self, parameters: Arrays, inputs: Arrays) -> None:
        expected = "a mapping of names to arrays (see `hardware.substrate`)"
        refuse(
            kind_problems("parameters", parameters, Mapping, expected),
            kind_problems("inputs", inputs, Mapping, expected),
        )
        sizes, n_members = self._chips.sizes, self._chips.n_members
        shapes: dict[str, tuple[int, ...]] = {}
        for k, (source, target) in enumerate(self._layout.connections):
            pair = n_members, sizes[target + 1], sizes[source + 1]
            shapes |= {f"weights_{k}": pair, f"synaptic_delays_{k}": pair}
        for k, n in enumerate(sizes[1:]):
            names = ("dendritic_delays", *self.model.programmable, "reset", "refractory")
            shapes |= {f"{name}_{k}": (n_members, n) for name in names}
        shapes |= {f"axonal_delays_{k}": (n_members, n) for k, n in enumerate(sizes)}
        needed = {f"weights_{k}" for k in range(len(self._layout.connections))}
        # A refractory period may be inf.
        periods = {name for name in parameters if str(name).startswith("refractory_")}
        others = {name: parameters[name] for name in parameters if name not in periods}
        problems = parameter_problems(others, shapes, needed)
        for name in sorted(periods):
            problems += _period_problems(name, parameters[name], shapes)
        if not problems:
            problems = self._reset_problems(parameters)
        refuse(problems, self._input_problems(inputs))

    def _reset_problems(self, parameters: Arrays) -> list[Problem]:
        problems = []
        for k in range(len(self._chips.sizes) - 1):
            threshold = parameters.get(f"threshold_{k}", self.model.neuron.threshold)
            reset = parameters.get(f"reset_{k}", self._layout.after.reset)
            if not np.all(np.asarray(reset) < np.asarray(threshold)):
                got = "one that is not below the threshold"
                problems.append(Problem(f"reset_{k}", got, "a voltage below it"))
        return problems

    def _input_problems(self, inputs: Arrays) -> list[Problem]:
        sizes, n_members = self._chips.sizes, self._chips.n_members
        lists = {"events_offsets", "events_neuron", "events_time"}
        known = {"times", "voltage_interval"} | lists
        expected = "`times`, or `events_offsets`, `events_neuron` and `events_time`"
        problems = [
            Problem(str(name), "an input that the chip does not have", f"one of {sorted(known)}")
            for name in inputs
            if name not in known
        ]
        has_lists = bool(lists & set(inputs))
        n_samples = 1
        if has_lists and inputs.get("times") is not None:
            problems.append(Problem("times", "both forms of input spikes", expected))
        elif has_lists:
            offsets = inputs.get("events_offsets")
            whole = offsets is not None and np.ndim(offsets) == 1 and len(offsets) > 1
            n_samples = (len(offsets) - 1) // n_members if whole else 1  # type: ignore[arg-type]
            n_runs = n_members * max(n_samples, 1)
            problems += ragged_problems("events", inputs, n_runs, sizes[0])
        elif inputs.get("times") is None:
            problems.append(Problem("times", "nothing", expected))
        else:
            problems += times_problems(inputs["times"], n_members, sizes[0])
            if np.ndim(inputs["times"]) == 3:
                n_samples = np.shape(inputs["times"])[1]
        interval = inputs.get("voltage_interval")
        return problems or ([] if interval is None else self._sampling(interval, n_samples))

    def _sampling(self, interval: Any, n_samples: int) -> list[Problem]:
        """What is wrong with the interval at which voltages are to be sampled."""
        if self._layout.voltages is None:
            got, expected = "a request for voltages", "none: this chip does not tell them"
            return [Problem("voltage_interval", got, expected)]
        wrong = array_problems("voltage_interval", interval, (), np.isfinite)
        if wrong:
            return wrong
        shortest = self._layout.voltages.interval
        if float(interval) < shortest * (1.0 - _ROUNDING):
            expected = f"at least {shortest:g}, as fast as the chip samples"
            return [Problem("voltage_interval", f"{float(interval):g}", expected)]
        n_points = int(self.model.sample_period / float(interval)) + 1
        sizes = self._chips.n_members, n_samples, sum(self._chips.sizes[1:]), n_points
        return memory_problems("voltage_interval (members, samples, neurons, points)", sizes, 24)


def _checked_connections(given: Any, n_populations: int) -> tuple[tuple[int, int], ...]:
    """Connections as pairs of whole numbers."""
    if given is None:
        return tuple((k - 1, k) for k in range(n_populations))
    expected = "a list of pairs (source, target), -1 for the inputs"
    refuse(sequence_problems("connections", given, expected))
    pairs = []
    for k, pair in enumerate(given):
        refuse(sequence_problems(f"connections[{k}]", pair, "a pair (source, target)"))
        if len(pair) != 2:
            raise InputError.single(f"connections[{k}]", f"{len(pair)} numbers", "two")
        refuse(
            integer_problems(f"connections[{k}][0]", pair[0], INPUTS, n_populations - 1),
            integer_problems(f"connections[{k}][1]", pair[1], 0, n_populations - 1),
        )
        pairs.append((int(pair[0]), int(pair[1])))
    return parsed_connections(connections_text(pairs), n_populations)


def _period_problems(
    name: str, values: Any, shapes: Mapping[str, tuple[int, ...]]
) -> list[Problem]:
    if name not in shapes:
        got = "a parameter that the chip does not have"
        return [Problem(name, got, f"one of {', '.join(shapes)}")]
    wrong = array_problems(name, values, shapes[name], lambda v: np.ones_like(v, dtype=bool))
    if not wrong and not (np.asarray(values) >= 0.0).all():  # nan too
        return [Problem(name, "nan or numbers below 0", "at least 0, inf for neurons spiking once")]
    return wrong
