import numpy as np
import pytest

from lasersampling.boltzmann import BayesianNetwork, BoltzmannMachine, load_model, save_machine
from lasersampling.errors import InputError


def test_a_network_comes_with_names_and_as_a_machine():
    model = load_model("explaining_away", max_auxiliary_weight=2.0)
    assert isinstance(model.truth, BayesianNetwork)
    assert model.names == model.truth.names
    assert model.machine.n_visible == len(model.names)
    assert np.abs(model.machine.weights[model.machine.hidden]).max() <= 2.0


def test_a_machine_is_its_own_truth(tmp_path):
    path = tmp_path / "explaining_away"
    save_machine(path.with_suffix(".h5"), BoltzmannMachine.random(3, seed=1))
    model = load_model(str(path.with_suffix(".h5")))
    assert model.truth is model.machine
    assert model.names == ("0", "1", "2")
    assert load_model("random_five").machine.n_units == 5


def test_what_is_neither_is_refused(tmp_path):
    with pytest.raises(InputError, match="'nobody', expected an existing file or one of"):
        load_model("nobody")
    (tmp_path / "x.toml").write_text("a = 1")
    with pytest.raises(InputError, match="an unknown key"):
        load_model(str(tmp_path / "x.toml"))
