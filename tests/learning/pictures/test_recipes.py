import numpy as np
import pytest

from lasersampling.config import parse, shipped_names, shipped_path, to_toml
from lasersampling.datasets import load_digits
from lasersampling.errors import InputError
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.learning.pictures.recipes import (
    MachineTraining,
    PictureSettings,
    train_on_pictures,
)

QUICK = {"n_epochs": 1, "batch_size": 700}


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
    machine = train_on_pictures(load_digits(), MachineTraining(**settings, **QUICK)).machine
    assert (machine.n_visible, machine.n_label, machine.n_hidden) == (64, 10, n_hidden)
    first = slice(74, 74 + MachineTraining(**settings).hidden[0])
    fan_in = (machine.weights[first, :64] != 0).sum(axis=1)
    expected = settings.get("fan_in", settings.get("field_side", 8) ** 2)
    assert (fan_in == expected).all()


def test_pictures_without_labels_give_machines_without(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((20, 3, 3)))
    pictures = PictureSettings(source=str(tmp_path / "a.npy")).load()
    machine = train_on_pictures(pictures, MachineTraining(n_hidden=2, n_epochs=1)).machine
    assert (machine.n_visible, machine.n_label) == (9, 0)


@pytest.mark.parametrize(
    ("cls", "values", "message"),
    [
        (MachineTraining, {"field_side": 3, "fan_in": 4}, "expected one of the two"),
        (MachineTraining, {"n_hidden": []}, "n_hidden"),
        (MachineTraining, {"n_hidden": [3, 0]}, "n_hidden"),
        (PictureSettings, {"source": "letters"}, "digits or mnist, a folder of pictures"),
        (PictureSettings, {"side": 9}, "side: got 9"),
        (PictureSettings, {"test_fraction": 1.0}, "test_fraction"),
    ],
)
def test_bad_recipes(cls, values, message):
    with pytest.raises(InputError, match=message):
        parse(values, cls, "recipe")


def test_settings_survive_toml():
    import tomllib

    settings = MachineTraining(n_hidden=(5, 3), fan_in=4)
    assert parse(tomllib.loads(to_toml(settings)), MachineTraining, "") == settings


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
    metric = recognition_metric(model.machine, model.data.load())
    assert metric.value == pytest.approx(model.provenance["recognition"])
    assert metric.value >= 0.9
