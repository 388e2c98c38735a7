"""What both engines ask before they run a network."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lasersampling.checks import class_of, kind_problems
from lasersampling.errors import Problem
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.lif.resolution import resolution_problems


def input_problems(network: NetworkDescription, inputs: SpikeEvents) -> list[Problem]:
    """Check that inputs are those of a network and begin at 0 or later."""
    problems = [
        *kind_problems("network", network, NetworkDescription, "a PopulationNetwork"),
        *kind_problems(
            "inputs", inputs, SpikeEvents, "SpikeEvents, as from SpikeEvents.from_times"
        ),
    ]
    if problems:
        return problems
    if (inputs.n_members, inputs.n_neurons) != (network.n_members, network.n_inputs):
        got = f"{inputs.n_members} members, {inputs.n_neurons} inputs"
        expected = f"{network.n_members} members, {network.n_inputs} inputs"
        problems.append(Problem("inputs", got, expected))
    if inputs.n_samples < 1:
        problems.append(Problem("inputs", "no samples", "at least one"))
    if len(inputs.time) and float(inputs.time.detach().min()) < 0:
        got = f"a spike at {float(inputs.time.detach().min()):g}"
        problems.append(Problem("inputs", got, "spikes from time 0 on"))
    return problems + resolution_problems("inputs", inputs.time)


def observed_problems(
    network: NetworkDescription, inputs: SpikeEvents, observed: object
) -> list[Problem]:
    """Check that observed spikes are those of the populations of a network, for its inputs.

    Parameters
    ----------
    network, inputs
        As accepted by `input_problems`.
    observed
        The spikes of each population, None for read-outs.
    """
    expected = f"{len(network.populations)} of SpikeEvents, or None for read-outs"
    if not isinstance(observed, Sequence) or len(observed) != len(network.populations):
        got = f"{len(observed)} entries" if isinstance(observed, Sequence) else class_of(observed)
        return [Problem("observed", got, expected)]
    problems = []
    for k, (own, population) in enumerate(zip(observed, network.populations, strict=True)):
        where = f"observed[{k}]"
        if not population.spiking:
            if own is not None:
                expected = "None, since the population does not spike"
                problems.append(Problem(where, class_of(own), expected))
            continue
        if not isinstance(own, SpikeEvents):
            problems.append(Problem(where, class_of(own), "SpikeEvents"))
            continue
        sizes = own.n_members, own.n_samples, own.n_neurons
        wanted = network.n_members, inputs.n_samples, population.n_neurons
        if sizes != wanted:
            got, expected = (
                "{} members, {} samples, {} neurons".format(*values) for values in (sizes, wanted)
            )
            problems.append(Problem(where, got, expected))
    return problems


def parameter_problems(network: NetworkDescription) -> list[Problem]:
    """Check that parameters, as they have been learned, are those of neurons that can spike."""
    problems = []
    for k, c in enumerate(network.connections):
        given = tuple(network.connection_weights(k).shape)
        shape = network.n_members, network.size(c.source), network.size(c.target)
        if given != shape:
            problems.append(Problem(f"connections[{k}].weights", f"shape {given}", f"{shape}"))
    if problems:
        return problems
    expected = "finite numbers; a smaller step of learning, or one that is limited"
    problems = [
        Problem(name, "nan or inf", expected)
        for name, values in _all_values(network).items()
        if not bool(torch.isfinite(values).all())
    ]
    for k in range(len(network.connections)):
        where, delays = f"connections[{k}].delays", network.connection_delays(k)
        problems += resolution_problems(where, delays)
    if problems:
        return problems
    for k, population in enumerate(network.populations):
        own = network.neuron_numbers(k)
        where = f"populations[{k}]"
        for name in ("tau_mem", "tau_syn", "conductance"):
            lowest = float(getattr(own, name).detach().min())
            if not lowest > 0:
                problems.append(Problem(f"{where}.{name}", f"{lowest:g}", "values above 0"))
        if not population.spiking:
            continue
        if not bool((own.refractory >= 0).all()):  # nan too
            problems.append(Problem(f"{where}.refractory", "below 0 or nan", "at least 0, or inf"))
        gap, reset, initial = own.gap, own.reset, own.initial
        for name, voltage in (("reset", reset), ("initial", initial)):
            if not bool((voltage < gap).all()):
                got, expected = "a threshold that is not above it", "a voltage below the threshold"
                problems.append(Problem(f"{where}.{name}", got, expected))
        if not bool((gap > 0).all()):
            got = "one that is not above the leak"
            problems.append(Problem(f"{where}.threshold", got, "one above it"))
    return problems


def _all_values(network: NetworkDescription) -> dict[str, torch.Tensor]:
    """Weights, delays and parameters of neurons; refractory periods aside, which may be inf."""
    values = {}
    for k in range(len(network.connections)):
        values[f"connections[{k}].weights"] = network.connection_weights(k)
        values[f"connections[{k}].delays"] = network.connection_delays(k)
    for k, population in enumerate(network.populations):
        own = network.neuron_numbers(k)._asdict()
        del own["refractory"]
        if not population.spiking:
            del own["gap"], own["reset"]
        values |= {f"populations[{k}].{name}": value for name, value in own.items()}
    return values
