"""Reading trained networks from the results files of ``lasersampling classify``."""

from __future__ import annotations

import os

import numpy as np

from lasersampling.config import parse, toml_of
from lasersampling.errors import InputError
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.network_file import StoredNetwork
from lasersampling.lif.exchange.networks import network_of
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_KINDS = ("axonal", "synaptic", "dendritic")


def trained_network(path: str | os.PathLike[str]) -> StoredNetwork:
    """Read the networks of a training, with the accuracy that they reached.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling classify``.

    Raises
    ------
    InputError
        If it is no such file, or the training was not completed.
    """
    results = read_results(path, groups=("parameters", "test"))
    if not {"parameters/weights_0", "test/accuracy"} <= set(results.contents):
        expected = "results of a completed `lasersampling classify`"
        raise InputError.single(str(path), "a file without trained networks", expected)
    recipe = parse(toml_of(results.config, f"{path}, config"), ClassifyRecipe, f"{path}, config")
    arrays = _arrays(results, recipe) if recipe.is_stack else _population_arrays(results)
    try:
        network = network_of(arrays)
    except InputError as error:
        raise InputError(p.at(f"{path}: /parameters/{p.where}") for p in error.problems) from None
    accuracy = results.array("test/accuracy")
    if accuracy.shape != (network.n_members,):
        got, expected = f"shape {accuracy.shape}", f"({network.n_members},), one for each member"
        raise InputError.single(f"{path}: /test/accuracy", got, expected)
    command = str(results.attrs.get("command", ""))
    return StoredNetwork(network, recipe.data, accuracy, command, recipe.answer)


def _population_arrays(results: Results) -> dict[str, Array]:
    """Return the arrays of a network of populations, as `judging.spikes` stored them."""
    found = results.group("parameters")
    return {name: results.array(f"parameters/{name}") for name in found}


def _arrays(results: Results, recipe: ClassifyRecipe) -> dict[str, Array]:
    settings = recipe.network
    found = results.group("parameters")
    n_layers = len(settings.hidden) + 1
    arrays = {f"weights_{k}": results.array(f"parameters/weights_{k}") for k in range(n_layers)}
    neuron = {name: np.array(value) for name, value in vars(recipe.neuron).items()}
    for k in range(n_layers):
        arrays |= {f"{name}_{k}": value for name, value in neuron.items()}
        if settings.delays in _KINDS and f"delays_{k}" in found:
            arrays[f"{settings.delays}_delays_{k}"] = results.array(f"parameters/delays_{k}")
    if settings.input_copies > 1:
        arrays["input_copies"] = np.array(settings.input_copies)
    if settings.bias_times:
        arrays["bias_times"] = np.array(settings.bias_times)
    return arrays
