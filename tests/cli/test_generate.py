import json

import numpy as np
import pytest

from lasersampling.results import read_results

SMALL = (
    "images_per_label=2", "free_images=3", "duration_ns=60", "window_ns=20", "burn_in_ns=20",
    "gibbs_burn_in=50", "training.n_hidden=12", "training.n_epochs=6",
)  # fmt: skip


def options(*settings):
    return [f"--set={setting}" for setting in settings]


def test_images_are_generated_judged_and_drawn(run):
    """The whole of the demo on a small scale: quality is not asked of six epochs."""
    ran = run("generate", "digits", "--out", "run.h5", "--json", "--seed", 3, *options(*SMALL))
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["files"] == ["run.h5", "run.png"]
    assert told["n_units"] == 64 + 10 + 12
    results = read_results("run.h5")
    images, labels = results.array("images/lasers"), results.array("images/lasers_label")
    assert images.shape == (23, 8, 8)
    assert labels.tolist() == [*np.repeat(np.arange(10), 2), -1, -1, -1]
    assert 0.0 <= images.min() < images.max() <= 1.0
    # A mean of eight draws has steps of an eighth.
    assert np.allclose(images * 8, np.rint(images * 8))
    machine = results.machine()
    assert (machine.n_visible, machine.n_label, machine.n_hidden) == (64, 10, 12)
    states = results.array("samples/state")
    assert states.shape == (23, 24, 86)
    assert (states[:20, :, machine.label].argmax(axis=2) == labels[:20, None]).all()
    for name in ("label_accuracy_lasers", "label_accuracy_gibbs", "pixel_mean_error_lasers"):
        value = results.metric(name).value
        assert told["metrics"][name]["value"] == value
        assert 0.0 <= value <= 1.0
    assert "134" not in ran.err
    assert "sampled by as many simulated nanolasers" in ran.err
    assert "run.h5, run.png" in ran.err


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("window_ns=1000", "--set window_ns: got 1000"),
        ("images_per_label=1", "--set images_per_label"),
        ("training.n_hidden=0", "--set training.n_hidden: got 0"),
        ("training.momentum=0.9", "training.momentum: got an unknown key"),
        ("data=letters", "data"),
        ("device.gain.carrier_lifetime_ns=-1", "device.gain.carrier_lifetime_ns: got -1"),
    ],
)
def test_recipes_that_cannot_be_used_are_refused(run, setting, message):
    ran = run("generate", "digits", "--set", setting, "--out", "run.h5")
    assert ran.code == 2
    assert message in ran.err


def test_problems_of_a_recipe_are_named_by_its_file(run, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('data = "digits"\ndevice = "D2"\nimages_per_label = "many"\nfree = 3\n')
    ran = run("generate", path)
    assert ran.code == 2
    assert "mine.toml: images_per_label" in ran.err
    assert "mine.toml: free: got an unknown key" in ran.err
