"""Contents of each kind of file for ``lasersampling info``: values for JSON, and a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.text import Text

from lasersampling.boltzmann import load_bayesian_network, load_machine
from lasersampling.boltzmann.files import load_names
from lasersampling.boltzmann.learned import load_learned
from lasersampling.cli.tables import (
    MeasuresTable,
    facts_table,
    hints,
    pairs_table,
    paragraph,
    printable,
    rows_table,
)
from lasersampling.config import hdf5, read_toml
from lasersampling.datasets.numpy_files import NUMPY_SUFFIXES, read_numpy
from lasersampling.errors import InputError
from lasersampling.lasers.device import load_device
from lasersampling.lif import SpikingNetwork
from lasersampling.lif.exchange.arrays import n_inputs, network_to_arrays
from lasersampling.lif.exchange.network_file import FORM, load_network
from lasersampling.lif.exchange.nir import from_nir, reading_of, time_unit_s
from lasersampling.lif.exchange.nir_file import read_nir
from lasersampling.lif.exchange.nir_graph import structure_of
from lasersampling.lif.exchange.population_arrays import population_arrays
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS
from lasersampling.paths import suffix_of
from lasersampling.results import Results, read_results
from lasersampling.results.contents import Entry
from lasersampling.results.names import command_of
from lasersampling.results.records import flattened
from lasersampling.results.summary import Summary, heads_of, summary_of
from lasersampling.results.unfinished import unfinished

Description = tuple[dict[str, Any], RenderableType]

_EXPECTED = "a machine, network or results file written by lasersampling"
_MOST_LINES = 3
_MACHINE_KEYS = {"weights", "biases"}
_DEVICE_KEYS = {"cavity", "gain", "absorber"}


def describe(path: Path, *, whole: bool = False) -> Description:
    """Describe the contents of a file of any kind; `whole` shows all measures of results.

    Raises
    ------
    InputError
        If the file is not one of the library's, or is damaged.
    """
    if suffix_of(path) == ".toml":
        keys = set(read_toml(path))
        if keys & _MACHINE_KEYS:
            return describe_machine(path)
        if keys & _DEVICE_KEYS:
            return describe_device(path)
        if "variables" in keys:
            return describe_network(path)
        held = ", ".join(sorted(keys)) or "nothing"
        expected = "a machine, a device or a Bayesian network"
        raise InputError.single(str(path), f"a TOML file with {held}", expected)
    if suffix_of(path) == ".nir":
        return describe_graph(path)
    if suffix_of(path) in NUMPY_SUFFIXES:
        return describe_arrays(path)
    kind = _kind_of(path)
    if kind == "network":
        return describe_spiking(path)
    return describe_machine(path) if kind == "machine" else describe_results(path, whole=whole)


def describe_arrays(path: Path) -> Description:
    """List the arrays of a NumPy file, such as spikes that a recipe of `classify` names."""
    arrays = read_numpy(path, "arrays of NumPy")
    listed = [
        {"name": name, "shape": list(array.shape), "type": str(array.dtype)}
        for name, array in arrays.items()
    ]
    told: dict[str, Any] = {"kind": "numpy_arrays", "arrays": listed}
    rows = [
        (entry["name"], " x ".join(map(str, entry["shape"])) or "one number", entry["type"])
        for entry in listed
    ]
    shown: RenderableType = rows_table(f"arrays of NumPy {path}", ("name", "shape", "type"), rows)
    return told, shown


def describe_results(path: Path, *, whole: bool = False) -> Description:
    """List attributes, metrics, variables and configuration of a results file."""
    results = read_results(path, groups=())
    contents = [
        {"name": f"/{name}"} | dataclasses.asdict(entry) for name, entry in results.contents.items()
    ]
    attributes = {name: dict(values) for name, values in results.attributes.items() if values}
    shown: list[RenderableType] = [facts_table(f"results file {path}", results.attrs)]
    if verdict := _listed(attributes.get("certificate", {}).get("sentences", [])):
        shown.append(paragraph([str(line) for line in verdict], bold=str(verdict[0])))
    if failed := _listed(attributes.get("pieces", {}).get("headline", [])):  # of a sweep
        shown.append(paragraph([str(line) for line in failed], bold=str(failed[0])))
    left = unfinished(path)
    if left is not None:
        shown.append(paragraph([f"This run has not come to its end; {left.kept}"]))
        if left.goes_on:  # on a line of its own, however long, so that it can be copied
            way = f" go on with:\n {left.goes_on}\n"
            shown.append(Text(way, no_wrap=True, overflow="ignore"))
    summary = _summary(results, whole=whole)
    if results.metrics:
        shown.append(MeasuresTable("measures", summary))
    if whole:
        shown += [_contents(contents), _attributes(attributes)]
        if results.config:
            shown.append(Text.assemble((" configuration\n", "bold"), printable(results.config)))
    else:
        shown.append(_names(results.contents))
        more = "sizes and units of what is in the file, attributes and the configuration"
        shown += hints(summary.n_hidden, more)
    told = {
        "kind": "results",
        "attributes": dict(results.attrs),
        "unfinished": None if left is None else dataclasses.asdict(left),
        "metrics": {name: dataclasses.asdict(metric) for name, metric in results.metrics.items()},
        "contents": contents,
        "group_attributes": attributes,
        "config": results.config,
    }
    return told, Group(*shown)


def _summary(results: Results, *, whole: bool) -> Summary:
    """Put the figures of merit into words as the command that measured them did."""
    command = command_of(str(results.attrs.get("command", "")))
    return summary_of(results.metrics, command, whole=whole, heads=heads_of(results))


def _names(contents: Mapping[str, Entry]) -> RenderableType:
    """List the variables of each group."""
    groups: dict[str, list[str]] = {}
    for name in contents:
        group, _, variable = name.rpartition("/")
        groups.setdefault(f"/{group}", []).append(variable)
    # The parts of a state have no names that would tell anything.
    if state := groups.get("/checkpoint"):
        groups["/checkpoint"] = [f"the state from which the run goes on, in {len(state)} parts"]
    rows = [(group, ", ".join(variables)) for group, variables in groups.items()]
    return rows_table("contents", ("group", "variables"), rows)


def _contents(contents: list[dict[str, Any]]) -> RenderableType:
    """List the variables with their sizes and units."""
    rows = [
        (
            entry["name"],
            ", ".join(f"{d} {n}" for d, n in zip(entry["dims"], entry["shape"], strict=True)),
            entry["dtype"],
            entry["units"],
            entry["description"],
        )
        for entry in contents
    ]
    columns = ("variable", "dimensions", "type", "unit", "description")
    return rows_table("contents", columns, rows)


def _attributes(attributes: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    """List the attributes of all groups."""
    rows = [
        (f"/{group}", name, _in_short(value))
        for group, values in attributes.items()
        for name, value in values.items()
    ]
    return rows_table("attributes", ("group", "name", "value"), rows)


def _listed(value: object) -> list[object]:
    """Give an attribute that is one text or several as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _in_short(value: object) -> object:
    """Leave long texts, such as the settings of lasers, to JSON."""
    lines = value.count("\n") if isinstance(value, str) else 0
    return value if lines < _MOST_LINES else f"text of {lines} lines"


def describe_machine(path: Path) -> Description:
    """Summarise a machine: its units, and the size of its weights and biases."""
    machine, names = load_machine(path), load_names(path)
    weights = machine.weights[np.triu_indices(machine.n_units, k=1)]
    coupled = weights[weights != 0]
    values: dict[str, Any] = {
        "units": machine.n_units,
        "visible": machine.n_visible,
        "label": machine.n_label,
        "hidden": machine.n_hidden,
        "restricted": machine.is_restricted,
        "couplings": len(coupled),
        "weight_std": float(coupled.std()) if len(coupled) else 0.0,
        "weight_max_abs": float(np.abs(coupled).max(initial=0.0)),
        "bias_mean": float(machine.biases.mean()),
        "bias_std": float(machine.biases.std()),
    }
    for key, held in names.datasets().items():
        values[f"{key}s"] = list(held)
    learned = load_learned(path)
    if learned is not None:
        values["learned_with"] = learned.sampler or "unknown"
    return {"kind": "machine"} | values, facts_table(f"machine {path}", values)


def describe_network(path: Path) -> Description:
    """List the variables of a Bayesian network, their parents and prior probabilities."""
    network = load_bayesian_network(path)
    prior = network.target().moments().mean
    variables: list[dict[str, Any]] = [
        {"name": name, "parents": [network.names[k] for k in parents], "prior": float(p)}
        for name, parents, p in zip(network.names, network.parents, prior, strict=True)
    ]
    rows = [(entry["name"], ", ".join(entry["parents"]), entry["prior"]) for entry in variables]
    shown = rows_table(f"Bayesian network {path}", ("variable", "parents", "P(1)"), rows)
    return {"kind": "network", "variables": variables}, shown


def describe_device(path: Path) -> Description:
    """List the parameters of a device, and derived quantities."""
    device = load_device(path)
    parameters, derived = flattened(device), dict(_properties(device))
    shown = Group(pairs_table(f"device {path}", parameters), pairs_table("what follows", derived))
    return {"kind": "device", "parameters": parameters, "derived": derived}, shown


def describe_spiking(path: Path) -> Description:
    """Summarise a network of spiking neurons, with what its file says about its training."""
    stored = load_network(path)
    values = spiking_values(stored.network)
    if stored.accuracy is not None:
        values["accuracy_mean"] = float(stored.accuracy.mean())
        values["accuracy_worst"] = float(stored.accuracy.min())
    values |= {"trained_on": stored.trained_on, "command": stored.command}
    told = {"kind": "spiking_network"} | values
    return told, facts_table(f"spiking network {path}", values)


def describe_graph(path: Path) -> Description:
    """Summarise the network of a NIR graph, and what has to be stated to convert it."""
    graph = read_nir(path)
    structure_of(graph)  # is there a network at all?
    asked = reading_of(graph).problems
    # Sizes and connections are the same however weights and times are to be read.
    network = from_nir(graph, step_s=1.0 if asked else None)
    values = spiking_values(network)
    if asked:
        del values["weight_std"]
        values["to_be_stated"] = "; ".join(str(problem) for problem in asked)
    else:
        values["tau_syn_s"] = time_unit_s(graph)
    told = {"kind": "nir_graph"} | values
    return told, facts_table(f"NIR graph {path}", values)


def spiking_values(network: SpikingNetwork | PopulationNetwork) -> dict[str, Any]:
    """Summarise a network of spiking neurons: its size, delays and time constants."""
    if isinstance(network, PopulationNetwork):
        return _population_values(network)
    arrays = network_to_arrays(network)
    layers = range(len(network.layers))
    values: dict[str, Any] = {
        "members": network.n_members,
        "inputs": n_inputs(arrays),
        "input_copies": int(arrays.get("input_copies", 1)),
        "bias_spikes": arrays["bias_times"].size if "bias_times" in arrays else 0,
        "neurons": [layer.n_post for layer in network.layers],
    }
    return values | _synapse_values(arrays) | _time_constants(arrays, layers)


def _population_values(network: PopulationNetwork) -> dict[str, Any]:
    """Summarise a network of populations."""
    arrays = population_arrays(network)
    numbers = range(len(network.populations))
    ends = (("inputs" if c.source == INPUTS else c.source, c.target) for c in network.connections)
    values: dict[str, Any] = {
        "members": network.n_members,
        "inputs": network.n_inputs,
        "neurons": [population.n_neurons for population in network.populations],
        "read_outs": [k for k in numbers if not network.populations[k].spiking],
        "connections": " ".join(f"{source}>{target}" for source, target in ends),
    }
    periods = [arrays.get(f"refractory_{k}") for k in numbers]
    values["mean_refractory_tau_syn"] = [None if p is None else float(p.mean()) for p in periods]
    return values | _synapse_values(arrays) | _time_constants(arrays, numbers)


def _synapse_values(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Summarise weights and delays."""
    delays = {name: array for name, array in arrays.items() if "_delays_" in name}
    kinds = dict.fromkeys(name.partition("_")[0] for name in delays)
    weights = [array for name, array in arrays.items() if name.startswith("weights_")]
    values = {
        "delays": " and ".join(kinds) or "none",
        "weights": sum(array[0].size for array in weights),
        "weight_std": float(np.concatenate([array.ravel() for array in weights]).std()),
    }
    if delays:
        longest = max(float(array.max()) for array in delays.values())
        values["longest_delay_tau_syn"] = longest
    return values


def _time_constants(arrays: Mapping[str, NDArray[Any]], numbers: range) -> dict[str, Any]:
    means = [float(arrays[f"tau_mem_{k}"].mean()) for k in numbers]
    return {"mean_tau_mem_tau_syn": means}


def _kind_of(path: Path) -> str:
    """Find out the kind of an HDF5 file; faults in it are reported later."""
    with hdf5.opened(path, _EXPECTED) as root:
        known = root.attributes()
        if known.get("form") == FORM:
            return "network"
        held = (root.group("machine") or root).names()
        is_machine = "schema_version" not in known and _MACHINE_KEYS & set(held)
        return "machine" if is_machine else "results"


def _properties(value: object, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Flatten the properties of nested dataclasses: the numbers that follow from parameters."""
    for name, member in vars(type(value)).items():
        if isinstance(member, property):
            yield prefix + name, getattr(value, name)
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        item = getattr(value, field.name)
        if dataclasses.is_dataclass(item):
            yield from _properties(item, f"{prefix}{field.name}.")
