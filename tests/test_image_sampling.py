"""Comparison of samplers of images; all of it runs in the smoke test of `generate_digits.py`."""

import importlib
from pathlib import Path

import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.learning.pictures import PictureModel, load_picture_model
from lasersampling.results import Metric, ResultsFile


def metric(value, error):
    return Metric(value, error, "1", "some measure")


@pytest.fixture
def images(monkeypatch):
    """Give the module `shared.images` of the experiments."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "training")
    return importlib.import_module("shared.images")


class NoWork:
    """A run in which nothing may begin."""

    seed = 0

    def progress(self, what):
        raise AssertionError(f"{what} before all was checked")

    def calibrate(self, file, lasers):
        raise AssertionError("calibrated before all was checked")


def test_all_samplers_stand_in_one_line_with_ratios_to_gibbs(images):
    measured = {
        "gibbs": {"a": metric(2.0, 0.2), "b": metric(0.0, 0.1)},
        "renewal": {"a": metric(3.0, 0.3), "b": metric(1.0, 0.1)},
        "lasers": {"a": metric(1.0, None), "b": metric(2.0, 0.2)},
    }
    compared = images.Comparison(metric(7.123, 0.01), {"a": metric(5.0, 0.5)}, measured)
    # The error of 3.0(3) / 2.0(2) is 1.5 sqrt(0.1^2 + 0.1^2).
    assert compared.lines() == [
        "log Z: 7.12 ± 0.01 nats",
        "a, held-out images: 5.0000 ± 0.5000",
        "a: gibbs 2.0000 ± 0.2000; renewal 3.0000 ± 0.3000 (ratio 1.500 ± 0.212); "
        "lasers 1.0000 ± 0.0000 (ratio 0.500 ± 0.050)",
        "b: gibbs 0.0000 ± 0.1000; renewal 1.0000 ± 0.1000; lasers 2.0000 ± 0.2000",
    ]


@pytest.mark.parametrize("without", ["labels", "images"])
def test_machines_without_labels_or_images_are_refused_before_any_work(images, tmp_path, without):
    digits = load_picture_model("digits")
    if without == "labels":
        model = PictureModel("mine", BoltzmannMachine.random(5, seed=0), (1, 5), digits.data, {})
    else:
        model = PictureModel("mine", digits.machine, digits.shape, None, {})
    with (
        ResultsFile.create(tmp_path / "run.h5", command="", seed=0, config="") as file,
        pytest.raises(InputError, match="expected one that says what it was trained on"),
    ):
        images.compare_samplers(file, model, images.ImageSampling(), NoWork())
