"""Files of schema 1 stay readable: one of each kind, as an early version of the library wrote it.

``files/schema_1.zip`` holds them; ``files/schema_1.json`` the shape and the CRC-32 of each array as
that version read it.
"""

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from lasersampling import load_machine, load_network, read_results, read_target, untrusted_files
from lasersampling.cli.describe import describe
from lasersampling.cli.resuming import resumed
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.lif import SpikingNetwork
from lasersampling.lif.exchange.arrays import network_to_arrays
from lasersampling.results.trained_networks import trained_network

FILES = Path(__file__).with_name("files")
KNOWN = json.loads((FILES / "schema_1.json").read_text(encoding="utf-8"))
RESULTS = sorted(KNOWN["results"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("schema_1")
    with zipfile.ZipFile(FILES / "schema_1.zip") as archive:
        archive.extractall(place)
    return place


def digest(array):
    """Shape and CRC-32 of an array: of its texts, or of its numbers with the first byte lowest."""
    held = np.asarray(array)
    if held.dtype == object:
        return [list(held.shape), zlib.crc32("\n".join(map(str, held.flat)).encode())]
    return [list(held.shape), zlib.crc32(held.astype(held.dtype.newbyteorder("<")).tobytes())]


def contents(results):
    found = {f"{group}/{name}": digest(variable.data)
             for group, variables in results.groups.items()
             for name, variable in variables.items()}  # fmt: skip
    found |= {f"metrics/{name}": digest(metric.value) for name, metric in results.metrics.items()}
    return found | {"config": zlib.crc32(results.config.encode())}


@pytest.mark.parametrize("name", RESULTS)
def test_results_hold_what_they_held(folder, name):
    results = read_results(folder / name, untrusted=True)
    assert results.attrs["schema_version"] == 1
    assert contents(results) == KNOWN["results"][name]
    values, _ = describe(folder / name, whole=True)
    assert values["kind"] == "results"


def test_there_is_one_of_each_kind(folder):
    assert {path.name for path in folder.iterdir()} == {*RESULTS, *KNOWN["models"]}
    assert {read_results(folder / name, groups=()).attrs["command"].split()[1]
            for name in RESULTS if name[:-3] not in ("results", "checkpoint", "classify")} == {
        "calibrate", "fit", "generate", "infer", "sample", "simulate"}  # fmt: skip


def test_objects_are_made_from_them(folder):
    assert read_results(folder / "sample.h5").samples().states.shape == (2, 50, 5)
    lasers = read_results(folder / "sample_lasers.h5")
    assert lasers.spikes().n_units == lasers.machine().n_units == 5
    recipe, state = resumed(folder / "checkpoint.h5", ClassifyRecipe)
    assert recipe.learning.n_epochs == 2
    assert state
    assert trained_network(folder / "classify.h5").network.n_members == 1


def test_models_hold_what_they_held(folder):
    with untrusted_files():
        machine, compact = (load_machine(folder / f"{kind}machine.h5") for kind in ("", "compact_"))
        network = load_network(folder / "network.h5").network
        assert isinstance(network, SpikingNetwork)
        target = read_target(folder / "target.h5")
    found = {
        "machine.h5": digest(machine.weights),
        "compact_machine.h5": digest(compact.weights.astype(np.float32)),
        "network.h5": digest(network_to_arrays(network)["weights_0"]),
        "target.h5": digest(target.probabilities),
    }
    assert found == KNOWN["models"]
