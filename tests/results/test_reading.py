import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, load_machine, save_machine
from lasersampling.boltzmann.files import load_names, load_provenance
from lasersampling.boltzmann.learned import load_learned
from lasersampling.boltzmann.models import load_model
from lasersampling.boltzmann.target_files import read_target
from lasersampling.datasets.numpy_files import read_numpy
from lasersampling.datasets.picture_decoding import pixel_count
from lasersampling.errors import InputError
from lasersampling.lif.exchange.network_file import load_network
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.kept_steps import read_step, write_step


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.h5"
    with ResultsFile.create(path, command="test", seed=1, config="a = 1\n") as file:
        rng = np.random.default_rng(0)
        file.write("first/x", rng.normal(size=20_000), ("x",), units="1", description="")
        file.write("second/y", np.arange(3), ("y",), units="ns", description="times")
        file.metric("kl", 0.1, 0.01)
    return path


def problem(path, **options):
    with pytest.raises(InputError) as caught:
        read_results(path, **options)
    assert len(caught.value.problems) == 1
    found = caught.value.problems[0]
    assert str(path) in found.where
    return found


def test_only_the_groups_asked_for_are_loaded(path):
    results = read_results(path, groups=("second",))
    assert set(results.groups) == {"second"}
    assert set(results.contents) == {"first/x", "second/y"}
    assert results.metrics["kl"].value == 0.1
    assert results.contents["second/y"].units == "ns"


@pytest.mark.parametrize("groups", [["nope"], ("first", "nope"), {"nope"}, ["first/x"], [""]])
def test_groups_that_are_not_there_are_named_with_those_that_are(path, groups):
    found = problem(path, groups=groups)
    assert found.got == "a file with /first, /second"
    assert found.expected == f"a group /{sorted(groups)[-1] if 'nope' in groups else groups[0]}"


def test_figures_of_merit_are_always_read(path):
    assert read_results(path, groups=["metrics"]).metrics["kl"].value == 0.1


def test_missing_file(tmp_path):
    assert problem(tmp_path / "no.h5").got == "no such file"
    (tmp_path / "run_5.h5").touch()
    (tmp_path / "run_6.h5").mkdir()
    assert problem(tmp_path / "run_7.h5").got == "no such file (did you mean 'run_5.h5'?)"
    got = problem(tmp_path / "no" / "run_5.h5").got
    assert got == f"no such file, nor the folder {str(tmp_path / 'no')!r}"


def test_directory(tmp_path):
    assert problem(tmp_path).got == "a directory"


def test_empty_file(tmp_path):
    (tmp_path / "empty.h5").touch()
    assert problem(tmp_path / "empty.h5").got == "an empty file"


def test_file_of_another_kind(tmp_path):
    (tmp_path / "text.h5").write_text("weights = 1")
    found = problem(tmp_path / "text.h5")
    assert "begins with b'weights '" in found.got
    assert found.expected == "a results file written by lasersampling"


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_truncated_file(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    found = problem(path)
    assert found.got.startswith("a damaged or truncated file")
    assert found.expected.endswith("copy it again from where it came, or make it anew")
    if 0.1 < share < 0.99:
        assert f"{0.001 * path.stat().st_size:.3g} kB are there, of at least" in found.got
    # In the words of users, none of the library that reads the file.
    jargon = ("HDF5", "eof", "sblock", "addr", "superblock", "synchronously", "header")
    assert not [word for word in jargon if word in found.got]


def test_every_damaged_byte_is_noticed(path):
    content = bytearray(path.read_bytes())
    for place in range(8, len(content), len(content) // 80):
        damaged = content.copy()
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        assert "checksum" in problem(path).got


def test_hdf5_file_of_others(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = [1, 2]
    assert "without the attribute 'schema_version'" in problem(tmp_path / "other.h5").got


@pytest.mark.parametrize("version", [0, 2, 99])
def test_file_of_another_version(path, version):
    with h5py.File(path, "a") as file:
        file.attrs["schema_version"] = version
    found = problem(path)
    assert found.got == str(version)
    assert "newer lasersampling" in found.expected


def test_every_reader_refuses_a_newer_layout(tmp_path):
    """A newer library may mean something else by the same names."""
    machine, target, network = (tmp_path / f"{name}.h5" for name in ("machine", "target", "net"))
    save_machine(machine, BoltzmannMachine.random(2, seed=1))
    with h5py.File(target, "w") as file:
        file["probabilities"] = [0.25] * 4
    with h5py.File(network, "w") as file:
        file["weights"] = [1.0]
    step = tmp_path / "draws-000000.h5"
    write_step(step, {"n": 1}, 0.0, "")
    readers: dict[Path, tuple[Callable[[Any], object], ...]] = {
        machine: (load_machine, load_names, load_provenance, load_learned, load_model),
        target: (read_target,),
        network: (load_network,),
        step: (read_step,),
    }
    for file, calls in readers.items():
        with h5py.File(file, "a") as opened:
            opened.attrs["schema_version"] = 99
        for call in calls:
            with pytest.raises(InputError) as caught:
                call(str(file) if call is load_model else file)
            assert "schema_version: got 99, expected at most 1" in str(caught.value), call


def test_a_pipe_is_not_called_missing(tmp_path):
    for suffix, calls in {
        ".h5": (load_machine, load_names, read_target, read_results),
        ".toml": (load_machine, read_target),
        ".npy": (read_target, lambda path: read_numpy(path, "an array")),
        ".png": (pixel_count,),
    }.items():
        pipe = tmp_path / f"pipe{suffix}"
        os.mkfifo(pipe)
        for call in calls:
            with pytest.raises(InputError) as caught:
                call(pipe)
            assert "got a pipe, socket or device, expected" in str(caught.value), call


@pytest.mark.parametrize("version", ["one", [1, 1], 1.0])
def test_a_version_that_is_no_number_is_refused(path, version):
    with h5py.File(path, "a") as file:
        file.attrs["schema_version"] = version
    assert problem(path).expected == "a number up to 1"


def test_a_file_of_another_program_is_not_called_damaged(tmp_path):
    path = tmp_path / "machine.h5"
    with h5py.File(path, "w") as file:
        file.attrs["schema_version"] = 1
        file["machine/weights"] = np.zeros((2, 2))
        file["machine/biases"] = np.zeros(2)
    assert problem(path).got == "a file without /config, so no results file of lasersampling"
    with h5py.File(path, "a") as file:
        file["config"] = "a = 1"
    assert "whose dimensions have no names" in problem(path).got


def test_missing_parts_are_named_with_what_there_is(path):
    results = read_results(path)
    for call, text in (
        (lambda: results.group("images"), "a file with /first, /second"),
        (lambda: results.array("first/z"), "got x, expected a variable 'z'"),
        (lambda: results.metric("alpha"), "got kl, expected a metric 'alpha'"),
        (results.machine, "a group /machine"),
        (results.samples, "a group /samples"),
        (results.spikes, "a group /spikes"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert text in str(caught.value)
        assert str(path) in str(caught.value)


def test_a_variable_may_have_the_name_of_one_of_its_dimensions(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    with ResultsFile.create(tmp_path / "a.h5", command="", seed=0, config="") as file:
        file.write("group/member", values, ("row", "member"), units="1", description="")
    read = read_results(tmp_path / "a.h5")
    assert np.array_equal(read.array("group/member"), values)
    assert read.contents["group/member"].shape == (2, 3)


@pytest.mark.parametrize("groups", ["spikes", [3], 3, [None], b"spikes"])
def test_groups_are_a_list_of_names(groups):
    with pytest.raises(InputError, match="groups"):
        read_results("run.h5", groups)
