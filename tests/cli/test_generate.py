import json

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.boltzmann.files import load_names
from lasersampling.results import read_results

SMALL = (
    "images_per_label=2", "free_images=3", "duration_ns=60", "window_ns=20", "burn_in_ns=20",
    "gibbs_burn_in=50", "training.n_hidden=12", "training.n_epochs=6", "adaptation_rounds=0",
    "most_burn_in_ns=0",
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
        ("data.source=letters", "data.source: got 'letters', expected digits or mnist"),
        ("data.side=9", "side: got 9"),
        ("training.n_hidden=[]", "training"),
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


QUICK = ("images_per_label=2", "duration_ns=20", "window_ns=10", "burn_in_ns=10",
         "gibbs_burn_in=20", "adaptation_rounds=0", "most_burn_in_ns=0")  # fmt: skip


def test_a_trained_machine_draws_a_label_without_training(run):
    """Shipped machine, one label, no recipe; and no images without a label."""
    ran = run("generate", "--from", "digits", "--label", 3, "--out", "run.h5", "--json",
              *options(*QUICK))  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["model"], told["recipe"], told["n_units"]) == ("digits", None, 134)
    assert {"label_accuracy_lasers", "pixel_mean_error_lasers"} <= set(told["metrics"])
    assert not any("free" in name or "covered" in name for name in told["metrics"])
    assert "trained before (digits)" in ran.err
    assert "training" not in ran.err.replace("--training", "").split("trained before")[0]
    results = read_results("run.h5")
    assert results.array("images/lasers_label").tolist() == [3, 3]
    assert set(results.array("images/data_label")) == {3}
    assert results.machine().n_units == 134
    assert "gain" not in results.group("adaptation")  # adaptation_rounds=0
    # The results file holds the machine, and says which images it was trained on.
    again = run("generate", "--from", "run.h5", "--label", 5, "--json", "--out", "again.h5",
                *options(*QUICK, "free_images=1"))  # fmt: skip
    assert again.code == 0
    assert "no judging" not in again.err
    assert "label_accuracy_lasers" in json.loads(again.out)["metrics"]
    assert read_results("again.h5").array("images/lasers_label").tolist() == [5, 5, -1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "recipe: got nothing, expected a recipe, or --from a trained machine"),
        (
            ("--from", "letters"),
            "--from: got 'letters', expected a file of a trained machine, or one of",
        ),
        (("--from", "random_five"), "got 5 visible units, expected rows x columns"),
        (("--from", "digits", "--label", 10), "--label: got 10, expected 0 to 9"),
        (("--from", "digits", "--label", -1), "--label: got '-1', expected 0 to 9"),
    ],
)
def test_machines_and_labels_that_are_not_there_are_refused(run, arguments, message):
    ran = run("generate", *arguments)
    assert ran.code == 2
    assert message in ran.err


def test_classes_are_asked_for_and_shown_by_name(run):
    """Of two classes of the user's own; what is asked for by another name is refused at once."""
    images = np.random.default_rng(0).random((40, 4, 4))
    labels = np.where(np.arange(40) % 2, "ring", "cross")
    np.savez("mine.npz", images=images, labels=labels)
    own = options(*SMALL, "data.source=mine.npz", "training.n_hidden=3", "training.batch_size=10")
    ran = run("generate", "digits", "--label", "ring", "--out", "run.h5", "--json", *own)
    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["classes"], told["labels"]) == (["cross", "ring"], ["ring"])
    results = read_results("run.h5")
    assert results.array("images/class_name").tolist() == ["cross", "ring"]
    assert set(results.array("images/lasers_label")) == {1, -1}
    assert load_names("run.h5").label == ("cross", "ring")
    for arguments in (("--from", "run.h5"), ("digits", *own)):
        refused = run("generate", *arguments, "--label", "rign")
        assert refused.code == 2
        assert "--label: got 'rign', expected one of the names, such as ring" in refused.err
        assert "training 16 pixel" not in refused.err
    np.savez("mine.npz", images=images, labels=np.where(np.arange(40) % 2, "wheel", "cross"))
    other = run("generate", "--from", "run.h5", "--label", 1, *options(*QUICK))
    assert other.code == 0
    assert "no judging: images of the classes cross, wheel" in other.err


def test_a_machine_without_a_word_on_its_images_says_so(run):
    save_machine("bare.h5", BoltzmannMachine(np.zeros((5, 5)), np.zeros(5), 1))
    ran = run("generate", "--from", "bare.h5", *options(*QUICK, "images_per_label=2"))
    assert ran.code == 0
    assert "its file does not say on which images it was trained" in ran.err


def test_pictures_of_the_user_s_own_without_labels(run):
    np.save("mine.npy", np.random.default_rng(0).random((30, 4, 5)))
    ran = run(
        "generate", "digits", "--out", "run.h5", "--json", "--set=data.source=mine.npy",
        *options(*SMALL, "training.n_hidden=3", "training.batch_size=10"),
    )  # fmt: skip
    assert ran.code == 0
    results = read_results("run.h5")
    assert results.array("images/lasers").shape == (3, 4, 5)
    assert results.array("images/data").shape[1:] == (4, 5)
    assert set(json.loads(ran.out)["metrics"]) == {"pixel_mean_error_free_lasers"}


@pytest.mark.parametrize("key", ["adaptation_rounds", "adaptation_draws", "most_burn_in_ns"])
def test_settings_of_the_adaptation_are_named_where_they_are_wrong(run, key):
    ran = run("generate", "digits", *options(f"{key}=-1"))
    assert ran.code == 2
    assert f"--set {key}: got -1" in ran.err


def test_which_lasers_are_used_and_how_long_they_settle_is_said_and_kept(run):
    """A machine of two classes, as small as can be, adapted by four draws."""
    images = np.repeat([[[0.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]], 20, axis=0)
    np.savez("mine.npz", images=images, labels=np.repeat(["cross", "ring"], 20))
    settings = {
        "adaptation_rounds": 1,
        "adaptation_draws": 4,
        "burn_in_ns": 5.0,
        "most_burn_in_ns": 500,
    }
    own = [*SMALL, "data.source=mine.npz", "training.n_hidden=2", "training.batch_size=10"]
    own += [f"{key}={value}" for key, value in settings.items()]
    ran = run("generate", "digits", "--out", "run.h5", *options(*own))
    assert ran.code == 0
    found = read_results("run.h5")
    adaptation, settled = found.attributes["adaptation"], found.attributes["images"]
    assert adaptation["what"] in ran.err
    used = found.array("adaptation/rounds")[0]
    assert (
        ("not adapted" not in adaptation["what"])
        == (used == 1)
        == ("gain" in found.group("adaptation"))
    )
    assert np.isfinite(found.array("adaptation/before_nats")).all()
    assert settled["burn_in_ns"] >= 40.0
    assert settled["burn_in_told"] in ran.err
    assert "until means have settled; the burn-in of 5 ns has 2 refractory times" in ran.err
