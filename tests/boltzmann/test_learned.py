"""What a machine was to learn, in its file and as a posterior."""

import h5py
import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, load_model, save_machine, target_from_table
from lasersampling.boltzmann.learned import Learned, conditioned, load_learned
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.errors import InputError

TABLE = [0.3, 0.05, 0.05, 0.2, 0.0, 0.2, 0.15, 0.05]
TARGET = target_from_table(TABLE)
BASE = BoltzmannMachine.random(5, seed=3)
MACHINE = BoltzmannMachine(BASE.weights, BASE.biases, n_hidden=2)
RECORD = Learned(TARGET, "lasers", "chip_seed = 7\n")


@pytest.mark.parametrize("compact", [False, True])
def test_what_was_learned_goes_with_a_machine(tmp_path, compact):
    path = tmp_path / "a.h5"
    names = UnitNames(("rain", "sun", "wind"))
    save_machine(path, MACHINE, learned=RECORD, names=names, compact=compact)
    model = load_model(str(path))
    assert model.learned is not None
    np.testing.assert_array_equal(model.learned.target.probabilities, TARGET.probabilities)
    assert model.learned.target.unit_names == ("rain", "sun", "wind")
    assert (model.learned.sampler, model.learned.settings) == ("lasers", "chip_seed = 7\n")
    assert (model.n_listed, len(model.names)) == (3, 5)


def test_files_without_a_record_have_none(tmp_path):
    save_machine(tmp_path / "a.h5", MACHINE)
    save_machine(tmp_path / "a.toml", MACHINE)
    assert load_learned(tmp_path / "a.h5") is None
    assert load_learned(tmp_path / "a.toml") is None


@pytest.mark.parametrize(
    ("name", "is_of_a_device"), [("lasers", True), ("a chip", True), ("gibbs", False), ("", False)]
)
def test_parameters_make_up_for_devices_only(name, is_of_a_device):
    assert Learned(TARGET, name).is_of_a_device is is_of_a_device


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (np.full(8, 0.2), "/learned/probabilities: got a sum of 1.6"),
        ([[0.5, 0.5]], r"shape \(1, 2\)"),
        ([0.5, 0.5], "distribution of 1 units, expected one of the 3 visible units"),
        (["a", "b"], "got text"),
    ],
)
def test_what_is_no_distribution_of_the_machine_is_refused(tmp_path, written, message):
    path = tmp_path / "a.h5"
    save_machine(path, MACHINE, learned=RECORD)
    with h5py.File(path, "a") as file:
        del file["learned/probability"]
        file["learned/probability"] = written
    with pytest.raises(InputError, match=message):
        load_model(str(path))


def test_a_record_fits_its_machine_and_its_file(tmp_path):
    with pytest.raises(InputError, match="distribution of 3 units"):
        save_machine(tmp_path / "a.h5", BoltzmannMachine.random(4, seed=1), learned=RECORD)
    with pytest.raises(InputError, match="or what was learned"):
        save_machine(tmp_path / "a.toml", MACHINE, learned=RECORD)


def test_conditioning_a_target():
    held, odds = np.array([-1, 1, -1]), np.array([0.0, 0.0, np.log(3.0)])
    # States 010, 110, 011 and 111 with those of unit 2 three times as probable.
    weight = np.array([0.05, 0.2, 3 * 0.15, 3 * 0.05])
    expected = [weight[[1, 3]].sum(), weight.sum(), weight[[2, 3]].sum()] / weight.sum()
    np.testing.assert_allclose(conditioned(TARGET, held, odds), expected, rtol=1e-12)
    assert np.isnan(conditioned(TARGET, [0, 0, 1], [0, 0, 0])).all()  # state 001: never
