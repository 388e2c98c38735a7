import h5py
import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, load_machine, save_machine
from lasersampling.errors import InputError

WELL_FORMED = """
# two visible units and a hidden one
biases = [0.5, -1, 2e-1]
weights = [
    [0, 0.25, 1],
    [0.25, 0, -1.5],
    [1, -1.5, 0],
]
n_hidden = 1
"""


def machine_with_labels():
    machine = BoltzmannMachine.random(6, seed=1)
    return BoltzmannMachine(machine.weights / 3, machine.biases, n_label=2, n_hidden=3)


def assert_same(machine, other):
    assert np.array_equal(machine.weights, other.weights)
    assert np.array_equal(machine.biases, other.biases)
    assert (machine.n_label, machine.n_hidden) == (other.n_label, other.n_hidden)


def test_toml(tmp_path):
    path = tmp_path / "machine.toml"
    path.write_text(WELL_FORMED)
    machine = load_machine(path)
    assert machine.biases.tolist() == [0.5, -1.0, 0.2]
    assert machine.weights.tolist() == [[0, 0.25, 1], [0.25, 0, -1.5], [1, -1.5, 0]]
    assert (machine.n_label, machine.n_hidden) == (0, 1)


@pytest.mark.parametrize("suffix", [".toml", ".h5", ".hdf5", ".nc", ".TOML"])
def test_what_is_saved_is_loaded_to_the_last_bit(tmp_path, suffix):
    machine = machine_with_labels()
    path = tmp_path / f"machine{suffix}"
    save_machine(path, machine)
    assert_same(load_machine(str(path)), machine)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_hdf5_at_the_root(tmp_path):
    machine = machine_with_labels()
    path = tmp_path / "machine.h5"
    with h5py.File(path, "w") as file:
        file["weights"] = machine.weights
        file["biases"] = machine.biases
        file.attrs["n_label"] = np.array([2])  # as netCDF stores numbers
        file.attrs["n_hidden"] = 3
        file["unrelated"] = np.arange(4)
    assert_same(load_machine(path), machine)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "machine.h5"
    save_machine(path, machine_with_labels())
    before = path.read_bytes()

    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr("lasersampling.boltzmann.files._packed", fail)
    with pytest.raises(OSError, match="disk full"):
        save_machine(path, BoltzmannMachine.random(3, seed=0))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


MALFORMED_TOML = {
    "empty file": ("", ["biases: got nothing", "weights: got nothing"]),
    "not TOML": ("biases = [1, 2", [", last line"]),
    "duplicate key": ("biases = [1]\nbiases = [1]\nweights = [[0]]", [", line 2"]),
    "missing weights": ("biases = [1, 2]", ["weights: got nothing, expected K rows of K numbers"]),
    "missing biases": ("weights = [[0]]", ["biases: got nothing, expected a list of K numbers"]),
    "unknown keys": (
        "biases = [1, 2]\nweights = [[0, 1], [1, 0]]\nbias = 3\n[units]\nn = 1",
        ["bias: got an unknown key, expected one of: biases, weights", "units: got an unknown key"],
    ),
    "string for a list": (
        'biases = "1, 2"\nweights = [[0, 1], [1, 0]]',
        ["biases: got '1, 2', expected a list of numbers"],
    ),
    "number for a list": (
        "biases = 1\nweights = [[0, 1], [1, 0]]",
        ["biases: got 0 dimensions, expected a list of numbers"],
    ),
    "string in a list": (
        'biases = [1, "2"]\nweights = [[0, 1], [1, 0]]',
        ["biases[1]: got '2', expected a number"],
    ),
    "boolean in a list": (
        "biases = [1, true]\nweights = [[0, 1], [1, 0]]",
        ["biases[1]: got True, expected a number"],
    ),
    "table in a list": (
        "biases = [1, {a = 1}]\nweights = [[0, 1], [1, 0]]",
        ["biases[1]: got {'a': 1}, expected a number"],
    ),
    "date": (
        "biases = [1, 2020-01-01]\nweights = [[0, 1], [1, 0]]",
        ["biases[1]: got datetime.date(2020, 1, 1), expected a number"],
    ),
    "list in a list": (
        "biases = [[1, 2]]\nweights = [[0, 1], [1, 0]]",
        ["biases: got 2 dimensions, expected a list of numbers"],
    ),
    "numbers and lists mixed": (
        "biases = [1, [2]]\nweights = [[0, 1], [1, 0]]",
        ["biases: got ragged rows (lists of different length or depth), expected a list"],
    ),
    "weights as one row": (
        "biases = [1, 2]\nweights = [0, 1]",
        ["weights: got 1 dimensions, expected a list of rows of numbers"],
    ),
    "ragged weights": (
        "biases = [1, 2]\nweights = [[0, 1], [1]]",
        ["weights[1]: got 1 numbers, expected 2 as in weights[0]"],
    ),
    "weights not square": (
        "biases = [1, 2]\nweights = [[0, 1], [1, 0], [0, 0]]",
        ["weights: got 3 x 2, expected 2 x 2, since biases has 2 entries"],
    ),
    "weights for other units": (
        "biases = [1, 2, 3]\nweights = [[0, 1], [1, 0]]",
        ["weights: got 2 x 2, expected 3 x 3, since biases has 3 entries"],
    ),
    "asymmetric": (
        "biases = [1, 2]\nweights = [[0, 0.5], [-0.2, 0]]",
        ["weights[0][1]: got 0.5, expected -0.2 as in weights[1][0] (symmetric within 1e-06)"],
    ),
    "unit that acts on itself": (
        "biases = [1, 2]\nweights = [[0, 1], [1, 0.1]]",
        ["weights[1][1]: got 0.1, expected 0 (no unit acts on itself)"],
    ),
    "not a number": (
        "biases = [nan, 2]\nweights = [[0, inf], [inf, 0]]",
        ["biases[0]: got nan", "weights[0][1]: got inf", "weights[1][0]: got inf"],
    ),
    "huge number": (
        f"biases = [1{'0' * 400}, 2]\nweights = [[0, 1], [1, 0]]",
        ["biases[0]: got an integer of more than 300 digits, expected a finite number"],
    ),
    "no units": ("biases = []\nweights = []", ["biases: got nothing", "weights: got nothing"]),
    "empty rows": (
        "biases = [1]\nweights = [[]]",
        ["weights: got nothing, expected a list of rows of numbers, at least one"],
    ),
    "negative counts": (
        "biases = [1, 2]\nweights = [[0, 1], [1, 0]]\nn_label = -1\nn_hidden = -2",
        ["n_label: got -1, expected a whole number of at least 0", "n_hidden: got -2"],
    ),
    "fractional count": (
        "biases = [1, 2]\nweights = [[0, 1], [1, 0]]\nn_hidden = 1.0",
        ["n_hidden: got 1.0, expected a whole number of at least 0"],
    ),
    "no visible unit": (
        "biases = [1, 2]\nweights = [[0, 1], [1, 0]]\nn_label = 1\nn_hidden = 1",
        ["n_label + n_hidden: got 2, expected at most 1 in a machine of 2 units"],
    ),
}


@pytest.mark.parametrize("name", MALFORMED_TOML)
def test_malformed_toml(tmp_path, name):
    content, messages = MALFORMED_TOML[name]
    path = tmp_path / "machine.toml"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        load_machine(path)
    lines = str(error.value).splitlines()
    assert len(lines) == len(messages)
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith(str(path))
        assert message in line


def test_text_in_another_encoding(tmp_path):
    path = tmp_path / "machine.toml"
    path.write_bytes(b"biases = [1]\n# caf\xe9\n")
    with pytest.raises(InputError, match="line 2"):
        load_machine(path)


def write_malformed_hdf5(path, kind):
    if kind == "empty":
        path.touch()
        return
    if kind == "foreign":
        path.write_text(WELL_FORMED)
        return
    if kind == "truncated":
        save_machine(path, BoltzmannMachine(np.zeros((60, 60)), np.zeros(60)))
        path.write_bytes(path.read_bytes()[:-2000])
        return
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros((2, 2))
        file["biases"] = np.zeros(2)
        if kind == "no datasets":
            del file["weights"], file["biases"]
        elif kind == "group for a dataset":
            del file["biases"]
            file.create_group("biases")
        elif kind == "text":
            del file["biases"]
            file["biases"] = ["a", "b"]
        elif kind == "complex":
            del file["weights"]
            file["weights"] = np.zeros((2, 2), dtype=complex)
        elif kind == "scalar":
            del file["biases"]
            file["biases"] = 1.0
        elif kind == "asymmetric":
            file["weights"][0, 1] = 1.0
        elif kind == "count":
            file.attrs["n_hidden"] = "one"
        elif kind == "counts":
            file.attrs["n_hidden"] = [1, 2]
        elif kind == "no visible unit":
            file.attrs["n_hidden"] = 2


MALFORMED_HDF5 = {
    "empty": ["got an empty file"],
    "foreign": ["got a file that begins with b'\\n# two v'"],
    "truncated": ["got a damaged or truncated file"],
    "no datasets": ["biases: got no such dataset", "weights: got no such dataset"],
    "group for a dataset": ["biases: got no such dataset, expected a dataset of numbers"],
    "text": ["biases: got text, expected a dataset of numbers"],
    "complex": ["weights: got entries that are no numbers, expected numbers"],
    "scalar": ["biases: got shape (), expected a dataset of numbers"],
    "asymmetric": ["weights[0][1]: got 1, expected 0 as in weights[1][0]"],
    "count": ["n_hidden: got 'one', expected a whole number of at least 0"],
    "counts": ["n_hidden: got [1, 2], expected a whole number of at least 0"],
    "no visible unit": ["n_label + n_hidden: got 2, expected at most 1"],
}


@pytest.mark.parametrize("kind", MALFORMED_HDF5)
def test_malformed_hdf5(tmp_path, kind):
    path = tmp_path / "machine.h5"
    write_malformed_hdf5(path, kind)
    with pytest.raises(InputError) as error:
        load_machine(path)
    lines = str(error.value).splitlines()
    assert len(lines) == len(MALFORMED_HDF5[kind])
    for line, message in zip(lines, MALFORMED_HDF5[kind], strict=True):
        assert line.startswith(str(path))
        assert message in line


@pytest.mark.parametrize("name", ["machine.json", "machine", "machine.toml.bak"])
def test_other_suffixes(tmp_path, name):
    (tmp_path / name).write_text(WELL_FORMED)
    with pytest.raises(InputError, match=r"suffix.*expected one of \.toml, \.h5, \.hdf5, \.nc"):
        load_machine(tmp_path / name)
    with pytest.raises(InputError, match="suffix"):
        save_machine(tmp_path / name, machine_with_labels())


@pytest.mark.parametrize("suffix", ["toml", "h5"])
def test_no_file(tmp_path, suffix):
    with pytest.raises(InputError, match=f"nothing.{suffix}: got no such file"):
        load_machine(tmp_path / f"nothing.{suffix}")
    (tmp_path / f"folder.{suffix}").mkdir()
    with pytest.raises(InputError, match=f"folder.{suffix}: got a directory"):
        load_machine(tmp_path / f"folder.{suffix}")
    with pytest.raises(InputError, match="directory"):
        save_machine(tmp_path / "missing" / f"machine.{suffix}", machine_with_labels())
