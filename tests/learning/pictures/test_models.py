import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.errors import InputError
from lasersampling.learning.pictures.models import load_picture_model


def saved(path, n_units, n_hidden=2, **about):
    machine = BoltzmannMachine(np.zeros((n_units, n_units)), np.zeros(n_units), 0, n_hidden)
    save_machine(path, machine, provenance=about)
    return path


def test_what_the_file_says(tmp_path):
    data = 'source = "digits"\n'
    model = load_picture_model(saved(tmp_path / "a.h5", 14, shape=[3, 4], data=data, seed=7))
    assert model.shape == (3, 4)
    assert model.data is not None
    assert model.data.source == "digits"
    assert model.provenance["seed"] == 7
    assert model.machine.n_visible == 12


def test_without_provenance_images_are_square_and_data_unknown(tmp_path):
    model = load_picture_model(saved(tmp_path / "a.h5", 11))
    assert (model.shape, model.data) == ((3, 3), None)


@pytest.mark.parametrize("data", ['source = "/nowhere/of/mine"', "no TOML ="])
def test_data_that_are_not_here_are_no_error(tmp_path, data):
    assert load_picture_model(saved(tmp_path / "a.h5", 11, data=data)).data is None


@pytest.mark.parametrize("about", [{}, {"shape": [2, 4]}, {"shape": 10}])
def test_shapes_that_do_not_fit_are_refused(tmp_path, about):
    with pytest.raises(InputError, match="got 10 visible units, expected rows x columns"):
        load_picture_model(saved(tmp_path / "a.h5", 12, **about))
