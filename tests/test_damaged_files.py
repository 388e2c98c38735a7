"""Flipped bytes and truncations of every kind of HDF5 file: refused with one error, or harmless.

What this library writes has a checksum, so each flipped byte of it is noticed. Files without one
(of older versions, or changed by other programs) may hold other values than before, but nothing
other than an `InputError` comes out of them, and none that HDF5 would read for ever.
"""

import io

import h5py
import numpy as np
import pytest
import torch
from rich.console import Console

from lasersampling.boltzmann import BoltzmannMachine, load_machine, save_machine
from lasersampling.boltzmann.target_files import read_target
from lasersampling.cli.describe import describe
from lasersampling.cli.resuming import resumed
from lasersampling.commands.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.config.hdf5_seal import sealed
from lasersampling.datasets import SpikeData, SpikeSet
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.parts import NetworkSettings
from lasersampling.learning.spikes.recipes import ClassifyRecipe, SpikeLearning
from lasersampling.lif.exchange.arrays import network_from_arrays
from lasersampling.lif.exchange.network_file import load_network, save_network
from lasersampling.lif.exchange.nir import from_nir, to_nir
from lasersampling.lif.exchange.nir_file import read_nir, write_nir
from lasersampling.results import Metric, ResultsFile, read_results
from lasersampling.results.kept_steps import read_step, write_step
from lasersampling.results.run_file import RunFile
from lasersampling.results.trained_networks import trained_network
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sweeps import Outcome, Swept, read_swept
from lasersampling.sweeps.grid import Axis, Grid
from lasersampling.sweeps.record import Record
from lasersampling.trust import untrusted_files

MACHINE = BoltzmannMachine.random(6, seed=1)
NETWORK = network_from_arrays(
    {"weights_0": np.linspace(0.5, 2.0, 12).reshape(4, 3), "weights_1": np.ones((2, 4))}
)
RECIPE = ClassifyRecipe(
    data="yin_yang",
    members=1,
    network=NetworkSettings(hidden=(3,), delays="synaptic"),
    learning=SpikeLearning(n_epochs=2, batch_size=5, evaluate_every=1),
)


def data():
    times = np.linspace(0.1, 1.5, 20).reshape(10, 2)
    part = SpikeSet(torch.from_numpy(times), torch.arange(10) % 3)
    return SpikeData(part, part, part)


def write_results(path):
    with ResultsFile.create(path, command="test", seed=1, config="a = 1\nb = 'x'\n") as file:
        file.write_machine(MACHINE)
        file.write_samples(Gibbs().sample(MACHINE, 20, n_chains=2, seed=3))
        file.attributes("device", {"name": "D6", "refractory_time_ns": 2.5})
        file.write("names/unit", ["a", "b"], ("unit",), units="1", description="names")
        file.metric("kl", 0.1, 0.01, interval=(0.05, 0.2))


def write_checkpoint(path):
    with RunFile.open(path, command="test", seed=1, config=to_toml(RECIPE)) as file:
        train_spikes(data(), settings=RECIPE, checkpoints=Checkpoints(file, 0.0))


def write_classified(path):
    with ResultsFile.create(path, command="test", seed=1, config=to_toml(RECIPE)) as file:
        dims = ("member", "post", "pre")
        for k, (post, pre) in enumerate([(3, 2), (3, 3)]):
            for kind in ("weights", "delays"):
                name, own = f"parameters/{kind}_{k}", (dims[0], f"{dims[1]}_{k}", f"{dims[2]}_{k}")
                file.write(name, np.ones((1, post, pre)), own, units="1", description="")
        file.write("test/accuracy", [0.9], ("member",), units="1", description="")


def write_target(path):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["states"] = np.arange(12).reshape(4, 3) % 2
        file["units"] = ["rain", "wet", "sprinkler"]
    path.write_bytes(sealed(buffer.getvalue()))


def use_results(path):
    results = read_results(path)
    for part in (results.machine, results.samples):
        part()
    show(path)


def show(path):
    values, shown = describe(path)
    Console(file=io.StringIO()).print(shown)
    Reporter(quiet=True, as_json=True).result(values, shown)


def use_checkpoint(path):
    recipe, state = resumed(path, ClassifyRecipe)
    # A damaged recipe may ask for more than a test has time for.
    if recipe == RECIPE:
        train_spikes(data(), settings=recipe, checkpoints=Checkpoints(resume=state))


def use_machine(path):
    load_machine(path)
    load_picture_model(path)
    show(path)


def use_network(path):
    load_network(path)
    show(path)


def write_machine(path):
    save_machine(path, MACHINE, provenance={"shape": [2, 3], "data": "source = 'digits'"})


def write_kept(path):
    value = {
        "samples": Gibbs().sample(MACHINE, 20, n_chains=2, seed=3),
        "machine": MACHINE,
        "n": 1.5,
    }
    write_step(path, value, 2.0, "")


def write_swept(path):
    grid = Grid((Axis("draws", ("20", "50")),), (0,))
    swept = Swept(path, ("sample", "random_five"), grid, {})
    with Record.open(swept, "lasersampling sweep", 0.0, existing="refuse") as record:
        for cell in grid.cells():
            record.add(
                Outcome(cell, "lasersampling sample", {"kl": Metric(0.1, 0.02, "1", "D_KL")}, 1.5)
            )


KINDS = {
    "results": (write_results, use_results, ".h5"),
    "checkpoint": (write_checkpoint, use_checkpoint, ".h5"),
    "step": (write_kept, read_step, ".h5"),
    "sweep": (write_swept, read_swept, ".h5"),
    "classify": (write_classified, trained_network, ".h5"),
    "machine": (write_machine, use_machine, ".h5"),
    "compact machine": (lambda p: save_machine(p, MACHINE, compact=True), load_machine, ".h5"),
    "target": (write_target, read_target, ".h5"),
    "network": (lambda p: save_network(p, NETWORK, command="test"), use_network, ".h5"),
    "nir": (
        lambda p: write_nir(p, to_nir(NETWORK, tau_syn_s=1e-3)),
        lambda p: from_nir(read_nir(p)),
        ".nir",
    ),
}


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    """A file of each kind: its content, and what reads it."""
    write, use, suffix = KINDS[request.param]
    path = tmp_path / f"file{suffix}"
    write(path)
    return path, path.read_bytes(), use


def refused(path, content, use):
    """Tell whether this content is refused, naming the file; any other exception is an error."""
    path.write_bytes(content)
    try:
        use(path)
    except InputError as error:
        assert error.problems
        return True
    return False


def unsealed(content):
    """The content of HDF5, whose length stands in its head (version 0)."""
    return content[: int.from_bytes(content[40:48], "little")]


def damaged(content, rng):
    changed = bytearray(content)
    changed[rng.integers(len(content))] ^= int(rng.integers(1, 256))
    return bytes(changed)


def check(kind, n_flips, n_cuts):
    path, content, use = kind
    rng = np.random.default_rng(14)
    assert not refused(path, content, use)
    bare = unsealed(content)
    for _ in range(n_flips):
        body = damaged(bare, rng)
        assert refused(path, body + content[len(bare) :], use)
        refused(path, body, use)
    for length in rng.integers(0, len(bare), n_cuts):
        assert refused(path, content[:length], use)
    for length in rng.integers(len(bare) + 1, len(content), n_cuts):
        assert refused(path, content[:length], use)
    for length in (len(content) - 1, len(bare) + 1):
        assert refused(path, content[:length], use)


def test_a_few_flips_and_truncations(kind, capsys):
    check(kind, n_flips=12, n_cuts=4)


@pytest.mark.slow
def test_many_flips_and_truncations(kind, capsys):
    check(kind, n_flips=200, n_cuts=40)


def test_no_byte_of_the_checksum_or_of_what_it_guards_changes_unnoticed(tmp_path):
    path = tmp_path / "file.h5"
    write_results(path)
    content, rng = path.read_bytes(), np.random.default_rng(3)
    guarded = len(unsealed(content))
    places = [*range(guarded, len(content)), *rng.choice(guarded, 200, replace=False)]
    assert len(places) > 400
    with untrusted_files():
        for place in places:
            changed = bytearray(content)
            changed[place] ^= int(rng.integers(1, 256))
            assert refused(path, bytes(changed), use_results), place


def test_files_without_checksum_are_read_as_before(kind, capsys):
    path, content, use = kind
    assert not refused(path, unsealed(content), use)


def test_a_text_that_hdf5_would_read_for_ever_is_refused(tmp_path):
    path = tmp_path / "machine.h5"
    with h5py.File(path, "w") as file:
        file["machine/weights"], file["machine/biases"] = MACHINE.weights, MACHINE.biases
        file["names"] = ["a", "b"]
    content = bytearray(path.read_bytes())
    start = content.index(b"GCOL") + 16
    content[start : start + 16] = bytes(16)  # an entry of the free space, of no length
    assert refused(path, bytes(content), load_machine)
