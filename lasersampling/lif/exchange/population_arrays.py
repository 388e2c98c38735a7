"""Networks of populations as plain dictionaries of arrays, from which files and graphs are made.

The names are those of `lif.exchange.arrays` and mean the same for a stack of layers, where
connection k leads from population k - 1, or the inputs, to population k. `e` is a member; the first
axis `e` may be left out: the values are then those of all members.

========================  ==============  ======================================================
name                      shape           what
========================  ==============  ======================================================
``n_inputs``              ()              number of inputs, copies and bias spikes included
``connections``           (connection, 2) source (-1 for the inputs) and target of each
``spiking``               (population,)   1 for populations that spike, 0 for read-outs
``input_copies``          ()              number of copies of each given input, by default one
``bias_times``            (bias,)         spikes that are added to the inputs, after their copies,
                                          in every sample, optional [tau_syn]
``weights_k``             (e, post, pre)  of connection k [1]
``synaptic_delays_k``     (e, post, pre)  of connection k, optional [tau_syn]
``axonal_delays_k``       (e, n)          of what source k sends, optional; source 0 is the inputs,
                                          source j + 1 population j [tau_syn]
``dendritic_delays_k``    (e, post)       of all that population k receives, optional [tau_syn]
``threshold_k``           (e, post)       or one number; as are the following; by default 1 [1]
``leak_k``                (e, post)       voltage at rest, by default 0 [1]
``conductance_k``         (e, post)       of the leak, by default 1 [1]
``tau_mem_k``             (e, post)       membrane time constant, by default 1 [tau_syn]
``tau_syn_k``             (e, post)       synaptic time constant, by default 1 [tau_syn]
``reset_k``               (e, post)       voltage after a spike, by default 0 [1]
``refractory_k``          (e, post)       refractory period, by default 0; inf for neurons that
                                          spike once [tau_syn]
``initial_k``             (e, post)       voltage at time 0, by default the leak [1]
========================  ==============  ======================================================

Thresholds, resets and refractory periods of read-outs mean nothing: they are neither written nor
used. Which parameters are learned, and in which ranges delays, is not included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import integer_problems, kind_problems, memory_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.lif.delays import DelayRange, Delays
from lasersampling.lif.exchange.array_names import AXES, NEURON, Array, ArrayNames
from lasersampling.lif.exchange.arrays import holding, lone, numpy_of, set_delays
from lasersampling.lif.exchange.fronts import (
    FRONT,
    fitting_problems,
    front_arrays,
    front_of,
    front_problems,
)
from lasersampling.lif.neuron import Neuron
from lasersampling.lif.populations.checks import parameter_problems
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.parameters import NeuronParameters
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.streams import Streams

OF_SPIKES = {"reset": 0.0, "refractory": 0.0}
"""Parameters of neurons that spike again, and their default values."""

OF_NETWORK = ("n_inputs", "connections", "spiking")
"""Names without a number; all of them are needed."""

NAMES = ArrayNames(
    AXES | {"axonal_delays": ("n",)} | dict.fromkeys((*OF_SPIKES, "initial"), ("post",)),
    (*OF_NETWORK, *FRONT),
    broadcast=(*NEURON, *OF_SPIKES, "initial"),
    unbounded=("refractory",),
)

_UNUSED = ("threshold", *OF_SPIKES)  # by read-outs
_EXPECTED_ENDS = "pairs of source (-1 for the inputs) and target, from 0"


class Wiring(NamedTuple):
    """Which populations there are, and what leads where.

    Attributes
    ----------
    n_inputs : int
        Number of inputs.
    sizes : tuple of int
        Number of neurons of each population.
    spiking : tuple of bool
        Whether they spike.
    connections : tuple of (int, int)
        Source and target of each connection.
    """

    n_inputs: int
    sizes: tuple[int, ...]
    spiking: tuple[bool, ...]
    connections: tuple[tuple[int, int], ...]

    def size(self, population: int) -> int:
        """Return the number of neurons of a population, or of inputs for `INPUTS`."""
        return self.n_inputs if population == INPUTS else self.sizes[population]


def are_of_populations(arrays: Mapping[str, object]) -> bool:
    """Distinguish arrays of a network of populations from those of a stack of layers."""
    return bool(set(OF_NETWORK) & set(arrays))


def population_arrays(network: PopulationNetwork) -> dict[str, NDArray[Any]]:
    """Return the arrays of a network of populations.

    Raises
    ------
    InputError
        For anything but such a network, and for one whose learned parameters are not those of
        neurons that can spike, since it could not be read again.

    Examples
    --------
    >>> from lasersampling.lif.exchange.population_arrays import population_arrays
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> loop = [Connection(INPUTS, 0), Connection(0, 0, weight_std=0.1)]
    >>> arrays = population_arrays(PopulationNetwork(2, [Population(20)], loop, [0]))
    >>> arrays["connections"].tolist(), arrays["weights_1"].shape
    ([[-1, 0], [0, 0]], (1, 20, 20))
    """
    refuse(kind_problems("network", network, PopulationNetwork, "a PopulationNetwork"))
    refuse(parameter_problems(network))
    arrays: dict[str, NDArray[Any]] = {
        "n_inputs": np.array(network.n_inputs),
        "connections": np.array([(c.source, c.target) for c in network.connections]),
        "spiking": np.array([p.spiking for p in network.populations], dtype=np.int8),
    }

    arrays |= front_arrays(list(network.front))

    def delays(name: str, values: torch.Tensor | None) -> None:
        if values is not None:
            arrays[name] = numpy_of(values)

    for k in range(len(network.connections)):
        arrays[f"weights_{k}"] = numpy_of(network.connection_weights(k).mT)
        synaptic = network.synaptic_delays(k)
        delays(f"synaptic_delays_{k}", None if synaptic is None else synaptic.mT)
    for k in range(len(network.populations) + 1):
        delays(f"axonal_delays_{k}", network.axonal_delays(k - 1))
    for k, population in enumerate(network.populations):
        delays(f"dendritic_delays_{k}", network.dendritic_delays(k))
        own = network.neurons[k]
        assert isinstance(own, NeuronParameters)
        for name in (*NEURON, *OF_SPIKES, "initial"):
            if name == "initial" and own.initially_at_leak:
                continue
            if population.spiking or name not in _UNUSED:
                arrays[f"{name}_{k}"] = numpy_of(own.value(name))
    return arrays


def population_network_from_arrays(
    arrays: Mapping[str, ArrayLike], delay_range: DelayRange | None = None
) -> PopulationNetwork:
    """Make a network of populations from arrays with the names above.

    Parameters
    ----------
    arrays : mapping of str to array_like
        The arrays.
    delay_range : DelayRange, optional
        Range of the delays if they are to be trained. By default they are fixed, as those of
        `network_from_arrays`.

    Returns
    -------
    PopulationNetwork
        With random streams of the seeds 0, 1, ..., and weights and neurons exactly as given; delays
        are as given up to rounding (about 1e-16 of the longest).

    Raises
    ------
    InputError
        With all problems found: missing and unknown names, shapes that do not fit together,
        connections between populations that are not there, entries that are not finite numbers,
        negative delays, impossible neurons, delays outside the range.

    Examples
    --------
    >>> from lasersampling.lif.exchange.population_arrays import population_network_from_arrays
    >>> network = population_network_from_arrays({
    ...     "n_inputs": 2, "connections": [[-1, 0], [0, 0]], "spiking": [1],
    ...     "weights_0": [[2.0, 1.0]], "weights_1": [[-0.5]], "refractory_0": 0.5,
    ... })
    >>> network.n_parameters
    3
    """
    refuse(
        kind_problems("arrays", arrays, Mapping, "a mapping of names to arrays"),
        kind_problems("delay_range", delay_range, DelayRange | None),
    )
    found, wiring = checked_population_arrays(arrays)
    streams = Streams(range(len(found["weights_0"])))

    def span(name: str) -> DelayRange | None:
        if name not in found:
            return None
        return holding(name, found[name]) if delay_range is None else delay_range

    problems: list[Problem] = []
    populations = []
    for k in range(len(wiring.sizes)):
        try:
            populations.append(_population(k, wiring, found, span))
        except InputError as error:
            problems += [p.at(_named(p.where, k)) for p in error.problems]
    refuse(problems)
    connections = [
        Connection(*ends, 0.0, 0.0, span(f"synaptic_delays_{k}"))
        for k, ends in enumerate(wiring.connections)
    ]
    network = PopulationNetwork(
        wiring.n_inputs, populations, connections, streams,
        axonal=span("axonal_delays_0"), front=front_of(found),
    )  # fmt: skip
    with torch.no_grad():
        for k, own in enumerate(network.weights):
            own.copy_(torch.from_numpy(found[f"weights_{k}"]).mT)
    delayed = {
        **{f"synaptic_delays_{k}": stage for k, stage in enumerate(network.synaptic)},
        **{f"axonal_delays_{k}": stage for k, stage in enumerate(network.axonal)},
        **{f"dendritic_delays_{k}": stage for k, stage in enumerate(network.dendritic)},
    }
    stages = {name: stage for name, stage in delayed.items() if isinstance(stage, Delays)}
    values = {n: found[n].swapaxes(1, 2) if n.startswith("syn") else found[n] for n in stages}
    set_delays(stages, values, fixed=delay_range is None)
    return network


def checked_population_arrays(
    arrays: Mapping[str, ArrayLike],
) -> tuple[dict[str, Array], Wiring]:
    """Return the arrays with an axis of members, and what leads where.

    Raises
    ------
    InputError
        As `population_network_from_arrays`.
    """
    given = dict(arrays)
    flags = given.get("spiking")
    if flags is not None and np.asarray(flags).dtype.kind == "b":
        given["spiking"] = np.asarray(flags).astype(np.int8)
    found, problems = NAMES.checked(given)
    problems += NAMES.member_problems(found)
    expected = {"n_inputs": "()", "connections": "(connection, 2)", "spiking": "(population,)"}
    problems += [
        Problem(name, "nothing", f"{shape}, as every network of populations has")
        for name, shape in expected.items()
        if name not in given
    ]
    refuse(problems)
    refuse(list(_wiring_problems(found)), front_problems(found))
    refuse(list(fitting_problems(found, int(found["n_inputs"]), "n_inputs")))
    spiking = tuple(bool(flag) for flag in found["spiking"])
    connections = tuple((int(a), int(b)) for a, b in found["connections"])
    refuse(_number_problems(found, len(connections), len(spiking)))
    posts = {target: found[f"weights_{k}"].shape[-2] for k, (_, target) in enumerate(connections)}
    sizes = tuple(posts[k] for k in range(len(spiking)))
    wiring = Wiring(int(found["n_inputs"]), sizes, spiking, connections)
    refuse(list(_shape_problems(found, wiring)))
    weights = (found[f"weights_{k}"] for k in range(len(connections)))
    members = max(len(a) if a.ndim == 3 else 1 for a in weights)
    for name, array in found.items():
        shape = _shape(name, wiring)
        if shape is not None:
            found[name] = np.broadcast_to(array, (members, *shape)).copy()
    return found, wiring


def _population(
    k: int, wiring: Wiring, found: Mapping[str, Array], span: Callable[[str], DelayRange | None]
) -> Population:
    """Make a population of arrays that are checked."""
    defaults = NEURON | OF_SPIKES
    own: dict[str, Any] = {
        name: lone(found[f"{name}_{k}"]) if f"{name}_{k}" in found else value
        for name, value in defaults.items()
    }
    spiking = wiring.spiking[k]
    if not spiking:
        own |= {"threshold": float(np.max(own["leak"])) + 1.0} | OF_SPIKES
    reset, refractory = (own.pop(name) for name in OF_SPIKES)
    initial = lone(found[f"initial_{k}"]) if f"initial_{k}" in found else None
    return Population(
        wiring.sizes[k], Neuron(**own), reset, refractory, initial, spiking,
        axonal=span(f"axonal_delays_{k + 1}"), dendritic=span(f"dendritic_delays_{k}"),
    )  # fmt: skip


def _named(where: str, k: int) -> str:
    """Name the array that a population refuses."""
    if where == "axonal":
        return f"axonal_delays_{k + 1}"
    return f"dendritic_delays_{k}" if where == "dendritic" else f"{where}_{k}"


def _wiring_problems(found: Mapping[str, Array]) -> Iterator[Problem]:
    """Check what leads where, by itself."""
    n_inputs, ends, spiking = (found[name] for name in OF_NETWORK)
    if n_inputs.ndim != 0 or n_inputs % 1:
        yield Problem("n_inputs", f"{n_inputs}", "a whole number of at least 1")
    else:
        yield from integer_problems("n_inputs", int(n_inputs), 1)
        yield from memory_problems("n_inputs", (int(n_inputs),), 8)
    if spiking.ndim != 1 or not np.isin(spiking, (0.0, 1.0)).all():
        got = f"shape {spiking.shape}" if spiking.ndim != 1 else "other values"
        yield Problem("spiking", got, "0 or 1 for each population")
        return
    if ends.ndim != 2 or ends.shape[1] != 2:
        yield Problem("connections", f"shape {ends.shape}", f"(connection, 2): {_EXPECTED_ENDS}")
        return
    last = len(spiking) - 1
    for k, (source, target) in enumerate(ends):
        where = f"connections[{k}]"
        fits = source % 1 == target % 1 == 0 and INPUTS <= source <= last and 0 <= target <= last
        if not fits:
            expected = f"{_EXPECTED_ENDS} to {last}, the populations in `spiking`"
            yield Problem(where, f"from {source:g} to {target:g}", expected)
        elif source != INPUTS and not spiking[int(source)]:
            got = f"from population {int(source)}, which is a read-out"
            yield Problem(where, got, "a source that spikes")
    for k in range(last + 1):
        if k not in ends[:, 1]:
            yield Problem("connections", f"none to population {k}", "at least one to each")
    if not spiking.any():
        yield Problem("spiking", "no population that spikes", "at least one")


def _number_problems(found: Mapping[str, Array], n_c: int, n_p: int) -> list[Problem]:
    """Find missing weights, and arrays of connections or populations that are not there."""
    problems = [
        Problem(f"weights_{k}", "nothing", "weights (member, post, pre) of each connection")
        for k in range(n_c)
        if f"weights_{k}" not in found
    ]
    for name in found:
        split = NAMES.split(name)
        if split is None:
            continue
        kind, number = split
        if kind in ("weights", "synaptic_delays"):
            what, n = "connections", n_c
        elif kind == "axonal_delays":
            what, n = "sources (the inputs, and the populations)", n_p + 1
        else:
            what, n = "populations", n_p
        if number >= n:
            problems.append(Problem(name, "a number that is not there", f"one below {n}: {what}"))
    return problems


def _shape(name: str, wiring: Wiring) -> tuple[int, ...] | None:
    """Shape of an array without the axis of members; None for those of the whole network."""
    split = NAMES.split(name)
    if split is None:
        return None
    kind, k = split
    if kind in ("weights", "synaptic_delays"):
        source, target = wiring.connections[k]
        return wiring.size(target), wiring.size(source)
    return (wiring.size(k - 1 if kind == "axonal_delays" else k),)


def _shape_problems(found: Mapping[str, Array], wiring: Wiring) -> Iterator[Problem]:
    """Check whether arrays fit the populations."""
    for name, array in found.items():
        shape = _shape(name, wiring)
        if shape is None or array.ndim < len(shape):
            continue
        if array.shape[-len(shape) :] != shape:
            axes = ", ".join(NAMES.axes[name.rpartition("_")[0]])
            expected = f"{shape} ({axes}) at its end, by n_inputs and other weights"
            yield Problem(name, f"shape {array.shape}", expected)
