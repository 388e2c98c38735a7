from collections.abc import Callable

import pytest

import lasersampling as ls
from lasersampling.boltzmann import (
    BoltzmannMachine,
    load_bayesian_network,
    load_machine,
    load_model,
    read_target,
    save_machine,
)
from lasersampling.config import read_toml
from lasersampling.datasets import load_pictures, load_spikes
from lasersampling.errors import InputError
from lasersampling.paths import expanded, known_suffix, no_such_file, suffix_of


@pytest.mark.parametrize("name", ["run.h5", "RUN.H5", "a.b/run.H5"])
def test_endings_are_the_same_in_any_case(name):
    assert suffix_of(name) == known_suffix(name, (".h5",)) == ".h5"


def test_another_ending_is_told_with_those_that_would_do():
    with pytest.raises(InputError, match=r"notes\.csv: got the suffix '\.csv', expected one of"):
        known_suffix("notes.csv", (".h5", ".nc"))
    with pytest.raises(InputError, match="got no suffix"):
        known_suffix("notes", (".h5", ".nc"))


def test_home_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert str(expanded("~/run.h5")) == "/somewhere/run.h5"
    assert str(expanded("run~.h5")) == "run~.h5"
    for name in ("~nobody-of-this-name/run.h5", "a\0b"):
        with pytest.raises(InputError):
            expanded(name)


@pytest.mark.parametrize("suffix", [".TOML", ".H5", ".Hdf5", ".NC"])
def test_machines_are_written_and_read_under_endings_in_any_case(tmp_path, suffix):
    machine = BoltzmannMachine.random(3, seed=1)
    save_machine(tmp_path / f"m{suffix}", machine)
    assert load_machine(tmp_path / f"m{suffix}").n_units == 3
    assert read_target(tmp_path / f"m{suffix}").n_units == 3


def test_toml_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfx = 1\r\n")
    assert read_toml(tmp_path / "a.toml") == {"x": 1}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04\xd3", "a ZIP archive"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"\x93NUMPY\x01", "an array of NumPy"),
        ("x = 1".encode("utf-16"), "text in UTF-16"),
    ],
)
def test_files_of_other_kinds_are_named_where_toml_is_expected(tmp_path, content, kind):
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InputError, match=f"got {kind}"):
        read_toml(tmp_path / "a.toml")


TARGET = ls.target_from_table([0.5, 0.5])
TAKE_A_PATH: dict[str, Callable[..., object]] = {
    "load_machine": load_machine,
    "load_model": load_model,
    "load_bayesian_network": load_bayesian_network,
    "load_device": ls.load_device,
    "load_picture_model": ls.load_picture_model,
    "read_target": read_target,
    "read_toml": read_toml,
    "read_results": ls.read_results,
    "load_pictures": load_pictures,
    "load_spikes": load_spikes,
    "read_evidence": lambda path: ls.read_evidence(path, ["a"]),
    "load_network": ls.load_network,
    "read_nir": ls.read_nir,
    "save_machine": lambda path: save_machine(path, BoltzmannMachine.random(2, seed=1)),
    "save_target": lambda path: ls.save_target(path, TARGET),
    "save_settings": lambda path: ls.save_settings(path, ls.Imperfections()),
    "create": lambda path: ls.ResultsFile.create(path, command="a", seed=1, config=""),
}


@pytest.mark.parametrize("function", TAKE_A_PATH)
@pytest.mark.parametrize("path", [None, 3, b"a.h5", [], 2.5, "\0", "a" * 5000, "a" * 300 + ".h5"])
def test_what_cannot_be_a_path_is_one_clear_error(function, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        TAKE_A_PATH[function](path)
    assert len(caught.value.problems) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_told_with_names_that_are_nearly_the_same(tmp_path):
    for name in ("input.toml", "five.h5", "five_raster.png", "other.hdf5"):
        (tmp_path / name).touch()
    told = {
        name: no_such_file(tmp_path / name)
        for name in ("fivr.h5", "other.h5", "no.toml", "five.toml")
    }
    assert told["fivr.h5"] == "no such file (did you mean 'five.h5'?)"
    assert told["other.h5"] == "no such file (did you mean 'other.hdf5'?)"
    assert told["no.toml"] == "no such file"  # only the endings are alike
    assert told["five.toml"] == "no such file (did you mean 'five.h5'?)"
