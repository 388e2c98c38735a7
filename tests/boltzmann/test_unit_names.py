import h5py
import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, load_machine, load_model, save_machine
from lasersampling.boltzmann.files import load_names
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.errors import InputError
from lasersampling.results import ResultsFile

MACHINE = BoltzmannMachine(np.zeros((6, 6)), np.arange(6.0), n_label=2, n_hidden=1)
NAMES = UnitNames(("rain", "sun", "hidden0"), ("cat", "dög"))


@pytest.mark.parametrize("compact", [False, True])
def test_names_go_with_a_machine(tmp_path, compact):
    path = tmp_path / "a.h5"
    save_machine(path, MACHINE, names=NAMES, compact=compact)
    assert load_names(path) == NAMES
    assert load_machine(path).n_units == 6
    named = ("rain", "sun", "hidden0", "label_cat", "label_dög", "hidden0_")
    assert load_model(str(path)).names == named
    save_machine(path, MACHINE)
    assert load_names(path) == UnitNames()
    assert load_model(str(path)).names == tuple("012345")


def test_names_go_with_a_machine_in_results(tmp_path):
    with ResultsFile.create(tmp_path / "a.h5", command="", seed=0, config="") as file:
        file.write_machine(MACHINE, NAMES)
    assert load_names(tmp_path / "a.h5") == NAMES


def test_shipped_machines_have_numbers():
    assert load_model("digits").names[:3] == ("0", "1", "2")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (UnitNames(("a",)), "names of visible units: got 1 names, expected 3 or none"),
        (UnitNames((), ("a",)), "names of label units: got 1 names, expected 2 or none"),
    ],
)
def test_other_numbers_of_names_are_refused(tmp_path, names, message):
    with pytest.raises(InputError, match=message):
        save_machine(tmp_path / "a.h5", MACHINE, names=names)
    with pytest.raises(InputError, match="for a compact file, provenance or names"):
        save_machine(tmp_path / "a.toml", MACHINE, names=NAMES)


@pytest.mark.parametrize("given", [("a", "a"), ("",), (1,)])
def test_names_are_text_and_differ(given):
    with pytest.raises(InputError, match="names of visible units"):
        UnitNames(given)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (np.arange(3), "visible_name"),
        (["a", "a", "b"], r"\['a'\] twice"),
        ([["a"], ["b"], ["c"]], r"an array of shape \(3, 1\)"),
        (None, "visible_name"),
    ],
)
def test_what_is_no_list_of_names_is_refused(tmp_path, written, message):
    save_machine(tmp_path / "a.h5", MACHINE)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        if written is None:
            file.create_group("machine/visible_name")
        else:
            file["machine/visible_name"] = written
    with pytest.raises(InputError, match=message):
        load_names(tmp_path / "a.h5")
