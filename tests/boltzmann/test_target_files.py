import h5py
import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    load_bayesian_network,
    read_target,
    save_machine,
    target_from_machine,
)
from lasersampling.config import shipped_path
from lasersampling.errors import InputError

TABLE = [0.1, 0.2, 0.3, 0.4]
"""Of the states 00, 10, 01, 11: unit 0 is the least significant bit."""


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("t.toml", "probabilities = [0.1, 0.2, 0.3, 0.4]", ()),
        (
            "t.toml",
            'units = ["a", "b"]\n[probabilities]\n00 = 0.1\n10 = 0.2\n01 = 0.3\n11 = 0.4',
            ("a", "b"),
        ),
        ("t.csv", "state,probability\n11,0.4\n10,0.2\n01,0.3\n00,0.1\n", ()),
        ("t.csv", "\ufeffState, Probability\r\n11, 0.4\r\n10,0.2\r\n\r\n01,.3\r\n00,1e-1", ()),
        ("t.csv", "rain,wet,probability\n1,1,0.4\n1,0,0.2\n0,1,0.3\n0,0,0.1\n", ("rain", "wet")),
    ],
)
def test_tables_as_text(write, name, content, names):
    target = read_target(write(name, content))
    assert target.probabilities == pytest.approx(TABLE)
    assert (target.n_units, target.unit_names) == (2, names)


def test_states_that_are_not_listed_have_probability_zero(write):
    target = read_target(write("t.csv", "state,probability\n110,0.25\n001,0.75\n"))
    assert target.probabilities.tolist() == [0, 0, 0, 0.25, 0.75, 0, 0, 0]


def test_rounded_probabilities_are_normalised(write):
    target = read_target(write("t.csv", "a,probability\n0,0.3333\n1,0.6666\n"))
    assert target.probabilities.sum() == pytest.approx(1, abs=1e-15)


def test_samples_with_and_without_pseudocount(write):
    path = write("s.csv", "x,y\n" + "1,0\n" * 3 + "0,0\n")
    assert read_target(path).probabilities.tolist() == [0.25, 0.75, 0, 0]
    counted = read_target(path, pseudocount=1.0)
    assert counted.probabilities == pytest.approx([2 / 8, 4 / 8, 1 / 8, 1 / 8])
    assert counted.unit_names == ("x", "y")


def test_arrays(tmp_path):
    states = np.array([[[1, 0], [1, 0], [1, 0], [0, 0]]], dtype=np.int8)
    np.save(tmp_path / "s.npy", states)
    np.save(tmp_path / "p.npy", TABLE)
    np.savez(tmp_path / "s.npz", states=states, units=["a", "b"])
    np.savez(tmp_path / "p.npz", whatever=TABLE)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["states"] = states
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["probabilities"] = TABLE
        file["units"] = ["a", "b"]
    for suffix in (".npy", ".npz", ".h5"):
        assert read_target(tmp_path / f"s{suffix}").probabilities.tolist() == [0.25, 0.75, 0, 0]
        assert read_target(tmp_path / f"p{suffix}").probabilities == pytest.approx(TABLE)
    assert read_target(tmp_path / "s.npz").unit_names == ("a", "b")
    assert read_target(tmp_path / "p.h5").unit_names == ("a", "b")


@pytest.mark.parametrize("suffix", [".toml", ".h5"])
def test_a_machine_stands_for_its_visible_units(tmp_path, suffix):
    machine = BoltzmannMachine.random(4, seed=1)
    machine = BoltzmannMachine(machine.weights, machine.biases, n_hidden=2)
    save_machine(tmp_path / f"m{suffix}", machine)
    target = read_target(tmp_path / f"m{suffix}")
    assert target.probabilities == pytest.approx(target_from_machine(machine).probabilities)


def test_a_bayesian_network_stands_for_its_joint_distribution():
    path = shipped_path("bayesian_networks", "explaining_away")
    target = read_target(path)
    assert target.probabilities == pytest.approx(load_bayesian_network(path).joint())
    assert target.unit_names[:2] == ("burglary", "earthquake")


BAD = {
    "a.txt": ("", "a.txt: got the suffix '.txt', expected one of .toml, .csv"),
    "empty.csv": ("", "empty.csv, line 1: got an empty file, expected a header"),
    "headless.csv": ("0,1\n1,1\n", "headless.csv, line 1: got '0,1', expected a header"),
    "semicolon.csv": ("state;probability\n0;0,5\n1;0,5\n", "line 2: got '0,5', a decimal comma"),
    "alone.csv": ("a,b\n", "alone.csv: got a header alone, expected at least one row"),
    "no_rows.csv": ("state,probability\n", "no_rows.csv: got no states"),
    "ragged.csv": ("a,b\n1,0\n1\n", "ragged.csv, line 3: got 1 columns, expected 2, as in the"),
    "two.csv": ("a,b\n1,0\n2,0\n", "two.csv, line 3, column 'a': got '2', expected 0 or 1"),
    "letters.csv": ("state,probability\n0x,1\n", "letters.csv, line 2: got the state '0x'"),
    "zeros.csv": (
        "state,probability\n0101,0.5\n101,0.5\n",
        "zeros.csv, line 3: got the state '101', expected 4 units as in '0101' (were leading",
    ),
    "twice.csv": (
        "state,probability\n01,0.5\n01,0.5\n",
        "twice.csv, line 3: got the state '01' again, expected once (line 2)",
    ),
    "negative.csv": ("state,probability\n0,-1\n1,2\n", "line 2: got the probability -1.0"),
    "words.csv": ("a,probability\n0,half\n1,0.5\n", "line 2: got the probability 'half'"),
    "nan.csv": ("a,probability\n0,nan\n1,0.5\n", "line 2: got the probability nan"),
    "sum.csv": ("a,probability\n0,0.5\n1,0.4\n", "sum.csv: got probabilities with a sum of 0.9"),
    "same.csv": ("a,a,probability\n0,0,1\n", "same.csv, line 1: got the column 'a' twice"),
    "many.csv": (",".join(f"u{k}" for k in range(21)) + "\n", "line 1: got 21 columns of units"),
    "quote.csv": ('a,b\n"1,0\n', "quote.csv, line 2: got unexpected end of data, expected CSV"),
    "length.toml": ("probabilities = [0.5, 0.25, 0.25]", "length.toml: probabilities: got 3 en"),
    "sign.toml": ("probabilities = [1.5, -0.5]", "sign.toml: probabilities[1]: got -0.5"),
    "text.toml": ('probabilities = "a lot"', "text.toml: probabilities: got 'a lot'"),
    "key.toml": ("probability = [1]", "key.toml: got probability, expected the key probabilities"),
    "more.toml": ("probabilities = [1, 0]\np = 1", "more.toml: p: got an unknown key"),
    "state.toml": ("[probabilities]\n02 = 1.0", "state.toml: probabilities.02: got the state '02'"),
    "units.toml": ('probabilities = [1, 0]\nunits = ["a", "b"]', "units.toml: units: got ['a', 'b"),
    "broken.toml": ("probabilities = [1,", "broken.toml"),
    "text.npy": ("no array", "text.npy: got a file of another kind"),
    "text.npz": ("no array", "text.npz: got a file of another kind"),
    "text.h5": ("no file of HDF5", "text.h5: got a file that begins with"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_file_and_place(write, name):
    content, message = BAD[name]
    with pytest.raises(InputError) as error:
        read_target(write(name, content))
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) <= 2


def test_bad_arrays(tmp_path):
    np.savez(tmp_path / "two.npz", a=[1], b=[2])
    with pytest.raises(InputError, match=r"two\.npz: got a, b, expected probabilities or states"):
        read_target(tmp_path / "two.npz")
    np.save(tmp_path / "three.npy", np.full((4, 2), 3))
    with pytest.raises(InputError, match=r"three\.npy: states\[0\]\[0\]: got 3, expected 0 or 1"):
        read_target(tmp_path / "three.npy")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["voltage"] = [1.0]
    with pytest.raises(InputError, match=r"other\.h5: got voltage, expected a dataset"):
        read_target(tmp_path / "other.h5")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled objects, which are never read"):
        read_target(tmp_path / "objects.npy")


def test_missing_files_and_pseudocounts_out_of_place(write, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_target(tmp_path / "missing.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="a directory"):
        read_target(tmp_path / "folder.csv")
    path = write("t.csv", "a,probability\n0,0.5\n1,0.5\n")
    with pytest.raises(InputError, match="pseudocount: got 1, expected 0, since the file holds no"):
        read_target(path, pseudocount=1)
    with pytest.raises(InputError, match="pseudocount: got -1"):
        read_target(path, pseudocount=-1)
