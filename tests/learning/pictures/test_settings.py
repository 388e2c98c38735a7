from typing import Any

import numpy as np
import pytest

from lasersampling.config import parse, shipped_names, shipped_path, to_toml
from lasersampling.datasets import load_digits
from lasersampling.errors import InputError
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.learning.pictures.settings import (
    FineTuning,
    PictureLearning,
    PictureSettings,
)
from lasersampling.learning.pictures.training import train_images

QUICK: dict[str, Any] = {"n_epochs": 1, "batch_size": 700}


def test_the_recipe_loads_what_it_says():
    pictures = PictureSettings(source="digits", binarise="none", split_seed=2).load()
    assert np.array_equal(pictures.train_images, load_digits(binarise="none", seed=2).train_images)


@pytest.mark.parametrize(
    ("settings", "n_hidden"),
    [
        ({"n_hidden": 5}, 5),
        ({"n_hidden": (5, 3)}, 8),
        ({"n_hidden": 6, "field_side": 4}, 6),
        ({"n_hidden": (6, 3), "fan_in": 5}, 9),
    ],
)
def test_machines_have_the_units_and_couplings_that_were_asked_for(settings, n_hidden):
    machine = train_images(load_digits(), settings=PictureLearning(**settings, **QUICK)).machine
    assert (machine.n_visible, machine.n_label, machine.n_hidden) == (64, 10, n_hidden)
    first = slice(74, 74 + PictureLearning(**settings).hidden[0])
    fan_in = (machine.weights[first, :64] != 0).sum(axis=1)
    expected = settings.get("fan_in", settings.get("field_side", 8) ** 2)
    assert (fan_in == expected).all()


def test_pictures_without_labels_give_machines_without(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((20, 3, 3)))
    pictures = PictureSettings(source=str(tmp_path / "a.npy")).load()
    machine = train_images(pictures, settings=PictureLearning(n_hidden=2, n_epochs=1)).machine
    assert (machine.n_visible, machine.n_label) == (9, 0)


@pytest.mark.parametrize(
    ("cls", "values", "message"),
    [
        (PictureLearning, {"field_side": 3, "fan_in": 4}, "expected one of the two"),
        (PictureLearning, {"n_hidden": []}, "n_hidden"),
        (PictureLearning, {"n_hidden": [3, 0]}, "n_hidden"),
        (PictureSettings, {"source": "letters"}, "digits or mnist, a folder of pictures"),
        (PictureSettings, {"side": 9}, "side: got 9"),
        (PictureSettings, {"test_fraction": 1.0}, "test_fraction"),
    ],
)
def test_bad_recipes(cls, values, message):
    with pytest.raises(InputError, match=message):
        parse(values, cls, "recipe")


REFUSED = [
    ({"n_epochs": 0}, "n_epochs: got 0"),
    ({"batch_size": 0}, "batch_size: got 0"),
    ({"n_chains": 0}, "n_chains: got 0"),
    ({"n_mean_field": 0}, "n_mean_field: got 0"),
    ({"learning_rate": 0.0}, "learning_rate: got 0.0"),
    ({"final_learning_rate": float("nan")}, "final_learning_rate: got nan"),
    ({"weight_decay": -1.0}, "weight_decay: got -1.0"),
    ({"weight_limit": 0.0}, "weight_limit: got 0.0"),
    ({"weight_limit": float("inf")}, "weight_limit: got inf, expected a finite number"),
    ({"bias_limit": -2.0}, "bias_limit: got -2.0"),
    ({"averaged_share": 0.0}, "averaged_share: got 0.0"),
    ({"averaged_share": 1.5}, "averaged_share: got 1.5"),
    ({"optimiser": "newton"}, "optimiser: got 'newton', expected 'sgd' or 'adam'"),
]
OF_NEW_MACHINES = [
    ({"n_hidden": 0}, "n_hidden: got 0"),
    ({"n_hidden": (2, 0)}, r"n_hidden\[1\]: got 0"),
    ({"n_hidden": ()}, "n_hidden: got no layer"),
    ({"n_steps": 0}, "n_steps: got 0"),
    ({"hidden_mean": 1.0}, "hidden_mean: got 1.0"),
]


@pytest.mark.parametrize(
    ("cls", "values", "message"),
    [
        *((cls, *case) for cls in (PictureLearning, FineTuning) for case in REFUSED),
        *((PictureLearning, *case) for case in OF_NEW_MACHINES),
        (FineTuning, {"n_draws": 0}, "n_draws: got 0"),
        (FineTuning, {"n_hidden": 5}, "n_hidden: got an unknown key"),
    ],
)
def test_what_settings_refuse(cls, values, message):
    with pytest.raises(InputError, match=message):
        cls(**values)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InputError) as caught:
        FineTuning(n_epochs=0, n_draws=0, learning_rate=0.0)
    assert len(caught.value.problems) == 3


def test_settings_survive_toml():
    import tomllib

    settings = PictureLearning(n_hidden=(5, 3), fan_in=4)
    assert parse(tomllib.loads(to_toml(settings)), PictureLearning, "") == settings


SHIPPED = [
    name for name in shipped_names("machines") if shipped_path("machines", name).suffix == ".h5"
]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_machines_say_where_they_come_from(name):
    model = load_picture_model(name)
    assert {"data", "training", "command", "seed", "git_commit", "shape"} <= set(model.provenance)
    assert model.data is not None
    assert model.machine.n_label == 10
    assert shipped_path("machines", name).stat().st_size < 1.5e6


def test_there_are_shipped_machines():
    assert "digits" in SHIPPED


@pytest.mark.slow
def test_the_shipped_machine_is_the_recipe_s_and_as_good_as_it_says():
    from lasersampling.judging.machines import recognition_metric

    model = load_picture_model("digits")
    assert model.data is not None
    metric = recognition_metric(model.machine, model.data.load())
    assert metric.value == pytest.approx(model.provenance["recognition"])
    assert metric.value >= 0.9
