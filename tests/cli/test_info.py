import json

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, save_machine, target_from_table
from lasersampling.boltzmann.learned import Learned
from lasersampling.lasers.device import device_names
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_learned


@pytest.mark.parametrize("name", ["machine.toml", "machine.h5"])
def test_machine(run, name):
    machine = BoltzmannMachine.random(5, seed=1)
    save_machine(name, BoltzmannMachine(machine.weights, machine.biases, n_label=2, n_hidden=1))
    told = json.loads(run("info", name, "--json").out)
    assert told["kind"] == "machine"
    assert (told["units"], told["visible"], told["label"], told["hidden"]) == (5, 2, 2, 1)
    assert told["couplings"] == 10
    assert told["bias_mean"] == pytest.approx(machine.biases.mean())
    shown = run("info", name).out
    assert f"machine {name}" in shown
    assert "couplings" in shown


@pytest.mark.parametrize("name", device_names())
def test_every_shipped_device(run, name):
    told = json.loads(run("info", name, "--json").out)
    assert told["kind"] == "device"
    assert told["parameters"]["name"] == name
    assert told["derived"]["threshold_pump_electrons_per_ns"] > 0
    assert told["derived"]["gain.saturation_photons"] > 0
    assert "threshold_current_ua" in run("info", name).out


def test_arrays_of_numpy(run):
    np.savez("mine.npz", train_times=np.zeros((3, 2)), n=np.array(4))
    told = json.loads(run("info", "mine.npz", "--json").out)
    assert told["kind"] == "numpy_arrays"
    assert told["arrays"] == [
        {"name": "train_times", "shape": [3, 2], "type": "float64"},
        {"name": "n", "shape": [], "type": "int64"},
    ]
    shown = run("info", "mine.npz").out
    for text in ("train_times", "3 x 2", "one number"):
        assert text in shown
    np.save("pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    ran = run("info", "pickled.npy")
    assert ran.code == 2
    assert "pickled.npy" in ran.err


def test_results(run):
    with ResultsFile.create("run.h5", command="a [b]", seed=3, config="x = [1]\n") as file:
        file.write("a/y", [1.0, 2.0], ("n",), units="ns", description="times [of day]")
        file.attributes("a", {"list": [1, 2], "text": "[x]"})
        file.metric("kl", 0.5, 0.1, description="D_KL")
        file.metric("endless", float("inf"))
    told = json.loads(run("info", "run.h5", "--json").out)
    assert told["kind"] == "results"
    assert (told["attributes"]["command"], told["attributes"]["seed"]) == ("a [b]", 3)
    assert told["metrics"]["kl"]["standard_error"] == 0.1
    assert told["metrics"]["endless"]["value"] is None
    assert told["contents"] == [
        {
            "name": "/a/y",
            "dims": ["n"],
            "shape": [2],
            "dtype": "float64",
            "units": "ns",
            "description": "times [of day]",
        }
    ]
    assert told["group_attributes"] == {"a": {"list": [1, 2], "text": "[x]"}}
    assert told["config"] == "x = [1]\n"
    shown = run("info", "run.h5", "--all").out
    for text in ("a [b]", "/a/y", "n 2", "times [of day]", "0.50 ± 0.10", "x = [1]"):
        assert text in shown
    short = run("info", "run.h5").out
    assert "x = [1]" not in short
    for text in ("a [b]", "/a", "0.50 ± 0.10", "--all shows sizes and units"):
        assert text in short


def test_a_network_tells_its_variables(run):
    ran = run("info", "explaining_away", "--json")
    told = json.loads(ran.out)
    assert told["kind"] == "network"
    assert told["variables"][2]["parents"] == ["burglary", "earthquake"]
    # P(alarm) of the shipped table, by the sum over its causes.
    alarm = 0.8 * 0.75 * 0.06 + 0.2 * 0.75 * 0.85 + 0.8 * 0.25 * 0.75 + 0.2 * 0.25 * 0.95
    assert told["variables"][2]["prior"] == pytest.approx(alarm)
    assert "burglary, earthquake" in run("info", "explaining_away").out


def test_machines_that_say_what_they_learned(run):
    settings = "".join(f"key{k} = {k}\n" for k in range(9))
    record = Learned(target_from_table([0.5, 0.5]), "lasers", settings)
    save_machine("one.h5", BoltzmannMachine([[0.0]], [0.0]), learned=record)
    assert json.loads(run("info", "one.h5", "--json").out)["learned_with"] == "lasers"
    with ResultsFile.create("fit.h5", command="", seed=0, config="") as file:
        write_learned(file, record)
    shown = run("info", "fit.h5", "--all").out
    assert "text of 9 lines" in shown
    assert "key4" not in shown


def test_measures_of_a_command_stand_as_it_showed_them_after_the_verdict(run):
    with ResultsFile.create("run.h5", command="lasersampling fit t.csv", seed=3, config="") as file:
        for name in ("r_hat_max", "kl_sample_target_gibbs", "kl_sample_target", *"abcdef"):
            file.metric(name, 0.5, 0.1, description=f"what {name} is")
        file.attributes("certificate", {"verdict": "v", "sentences": ["They [b] agree.", "So so."]})
    shown = run("info", "run.h5").out
    places = [shown.index(text) for text in ("They [b] agree.", "after learning", "D_KL(sampled")]
    assert places == sorted(places)
    assert "Gibbs sampling" in shown
    assert "--all shows 6 more measures" in shown
    assert "what f is" in run("info", "run.h5", "--all").out
