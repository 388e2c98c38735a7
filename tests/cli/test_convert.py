import json
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch

from lasersampling.lif import (
    load_network,
    network_from_arrays,
    save_network,
)
from lasersampling.lif.exchange.networks import arrays_of
from lasersampling.results import read_results

RNG = np.random.default_rng(5)
ARRAYS: dict[str, Any] = {
    "weights_0": RNG.normal(1.0, 1.0, (2, 4, 3)),
    "synaptic_delays_0": RNG.uniform(0.0, 1.0, (2, 4, 3)),
    "weights_1": RNG.normal(1.0, 1.0, (2, 2, 4)),
    "bias_times": [0.25],
    "tau_mem_1": 2.0,
}


@pytest.fixture
def network_file(run):
    save_network(
        "network.h5", network_from_arrays(ARRAYS), command="made by hand", trained_on="yin_yang",
        accuracy=[0.5, 0.75],
    )  # fmt: skip
    return "network.h5"


def stored_arrays(path):
    return arrays_of(load_network(path).network)


def test_to_nir_and_back(run, network_file):
    ran = run("convert", network_file, "out.nir", "--tau-syn-s", 6e-6, "--member", 1, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["member"], told["tau_syn_s"], told["files"]) == (1, 6e-6, ["out.nir"])
    assert "spike at most once" in ran.err
    ran = run("convert", "out.nir", "back.h5", "--quiet")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert "6e-06" in ran.out
    one, other = stored_arrays(network_file), stored_arrays("back.h5")
    for name, array in one.items():
        expected = array if name == "bias_times" else array[[1]]
        assert other[name] == pytest.approx(expected, rel=0, abs=1e-14), name
    stored = load_network("back.h5")
    assert stored.command == "lasersampling convert out.nir back.h5 --quiet"
    assert (stored.trained_on, stored.accuracy) == ("", None)


def test_to_arrays_and_back(run, network_file):
    assert run("convert", network_file, "out.npz").code == 0
    with np.load("out.npz") as held:
        assert np.array_equal(held["weights_0"], ARRAYS["weights_0"])
    assert run("convert", "out.npz", "back.h5").code == 0
    assert np.array_equal(stored_arrays("back.h5")["weights_1"], ARRAYS["weights_1"])
    np.savez("own.npz", weights_0=[[2.0, 1.0]])
    ran = run("convert", "own.npz", "own.h5", "--json")
    assert json.loads(ran.out)["neurons"] == [1]
    assert run("convert", network_file, "copy.h5").code == 0
    command = load_network("copy.h5").command
    assert command == "made by hand; lasersampling convert network.h5 copy.h5"
    accuracy = load_network("copy.h5").accuracy
    assert accuracy is not None
    assert accuracy.tolist() == [0.5, 0.75]


def test_info(run, network_file):
    told = json.loads(run("info", network_file, "--json").out)
    assert told["kind"] == "spiking_network"
    assert (told["members"], told["inputs"], told["bias_spikes"]) == (2, 2, 1)
    assert (told["neurons"], told["delays"]) == ([4, 2], "synaptic")
    assert told["accuracy_mean"] == 0.625
    assert told["longest_delay_tau_syn"] == pytest.approx(ARRAYS["synaptic_delays_0"].max())
    assert told["mean_tau_mem_tau_syn"] == [1.0, 2.0]
    shown = run("info", network_file).out
    for text in ("spiking network network.h5", "yin_yang", "made by hand", "0.625"):
        assert text in shown


def test_bad_input_is_told_with_exit_code_2(run, network_file):
    Path("text.nir").write_text("no graph")
    Path("text.npz").write_text("no arrays")
    Path("text.h5").write_text("no network")
    np.savez("wrong.npz", weights_0=[[1.0]], colour=1.0)
    np.save("lone.npy", np.ones(2))
    Path("lone.npy").rename("lone.npz")
    for arguments, message in [
        ((network_file, "out.nir"), "--tau-syn-s: got nothing"),
        ((network_file, "out.nir", "--tau-syn-s", -1), "tau_syn_s: got -1"),
        ((network_file, "out.nir", "--tau-syn-s", 1, "--member", 2), "--member: got 2, expected 0"),
        ((network_file, "out.npz", "--member", 1), "--member: got 1 without a NIR file"),
        ((network_file, "out.toml"), "out.toml: got the suffix '.toml'"),
        ((network_file, network_file), "a file that this run reads"),
        ((network_file, network_file, "--overwrite"), "a file that this run reads"),
        (("none.h5", "out.nir"), "networks: got 'none.h5'"),
        (("text.nir", "out.h5"), "text.nir: got a file that begins"),
        (("text.npz", "out.h5"), "text.npz: got a file of another kind, which begins with"),
        (("lone.npz", "out.h5"), "lone.npz: got one array without a name"),
        (("text.h5", "out.nir", "--tau-syn-s", 1), "text.h5: got a file that begins"),
        (("wrong.npz", "out.h5"), "wrong.npz: colour: got an unknown name"),
    ]:
        ran = run("convert", *arguments)
        assert ran.code == 2, arguments
        assert message.replace("tau_syn_s", "--tau-syn-s") in ran.err or message in ran.err
        assert ran.err.startswith("lasersampling: bad input: ")
    assert not list(Path().glob("out.*"))


def test_a_damaged_network_file_is_told_by_info(run, network_file):
    content = Path(network_file).read_bytes()
    Path("cut.h5").write_bytes(content[: len(content) // 2])
    assert run("info", "cut.h5").code == 2


def test_results_of_a_training_become_a_network(run, tmp_path):
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'data = "yin_yang"\nmembers = 2\n'
        '[network]\nhidden = [5]\ndelays = "axonal"\ninput_copies = 2\nbias_times = [0.3]\n'
        '[learning]\nn_epochs = 1\nbatch_size = 500\n[chip]\nmodel = "ideal"\n'
    )
    assert run("classify", recipe, "--out", "run.h5", "--quiet").code == 0
    ran = run("convert", "run.h5", "network.h5")
    assert ran.code == 0, ran.err
    stored = load_network("network.h5")
    results = read_results("run.h5")
    assert stored.accuracy is not None
    assert np.array_equal(stored.accuracy, results.array("test/accuracy"))
    assert stored.trained_on == "yin_yang"
    assert stored.network.sizes == (9, 5, 3)
    # The same spikes as those in the results.
    times = torch.from_numpy(results.array("test/input_time"))
    spikes = stored.network(times).detach().numpy()
    assert np.allclose(spikes, results.array("test/output_time"), rtol=0, atol=1e-9)
    ran = run("convert", "no.h5", "network.h5")
    assert ran.code == 2


def test_a_graph_of_a_tool_that_steps_in_time_is_asked_about(run):
    """As snnTorch exports: w_in = tau_syn / dt, dt = 1e-4, in a file without metadata."""
    tau = np.full(2, 5e-3)
    neurons = nir.CubaLIF(tau, 2 * tau, 2 * tau / 1e-4, 0 * tau, np.ones(2), w_in=tau / 1e-4)
    nir.write("theirs.nir", nir.NIRGraph.from_list(nir.Linear(np.eye(2)), neurons))
    ran = run("convert", "theirs.nir", "ours.h5")
    assert ran.code == 2
    assert "--step-s" in ran.err
    assert "0.0001 makes" in ran.err
    told = json.loads(run("info", "theirs.nir", "--json").out)
    assert told["neurons"] == [2]
    assert "0.0001 makes" in told["to_be_stated"]
    assert "weight_std" not in told
    nir.write("no_neurons.nir", nir.NIRGraph.from_list(nir.Linear(np.eye(2))))
    ran = run("info", "no_neurons.nir")
    assert ran.code == 2
    assert "no node CubaLIF or LIF" in ran.err
    assert not Path("ours.h5").exists()
    ran = run("convert", "theirs.nir", "ours.h5", "--step-s", 1e-4)
    assert ran.code == 0, ran.err
    assert "became a jump" not in ran.err
    assert stored_arrays("ours.h5")["weights_0"][0] == pytest.approx(np.eye(2))
    ran = run("convert", "theirs.nir", "twice.h5", "--step-s", 2e-4)
    assert ran.code == 0, ran.err
    assert "became a jump of the current by 2;" in ran.err


def test_network_in_milliseconds(run):
    tau = np.full(2, 5.0)
    neurons = nir.CubaLIF(tau, 2 * tau, np.ones(2), 0 * tau, np.ones(2), w_in=tau)
    nir.write("theirs.nir", nir.NIRGraph.from_list(nir.Linear(4 * np.eye(2)), neurons))
    assert "0.001 if it counts in milliseconds" in run("convert", "theirs.nir", "ours.h5").err
    ran = run("convert", "theirs.nir", "ours.h5", "--step-s", 1e-3, "--json")
    assert json.loads(ran.out)["tau_syn_s"] == pytest.approx(5e-3)


def test_a_graph_of_steps_without_jumps_needs_no_change_of_the_file(run):
    """Counts of steps and w_in = 1, as older snnTorch: each refusal names the option that helps."""
    tau, weight = np.array([50.0, 50.0]), np.array([[1.5, 0.5], [0.25, 2.0]])
    neurons = nir.CubaLIF(tau, 2 * tau, np.ones(2), 0 * tau, np.ones(2), w_in=np.ones(2))
    nir.write("theirs.nir", nir.NIRGraph.from_list(nir.Linear(weight), neurons))
    ran = run("convert", "theirs.nir", "ours.h5")
    assert ran.code == 2
    assert "--step-s" in ran.err
    ran = run("convert", "theirs.nir", "ours.h5", "--step-s", "1e-4")
    assert ran.code == 2
    assert "--weights jumps" in ran.err
    ran = run("convert", "theirs.nir", "ours.h5", "--step-s", "1e-4", "--weights", "jumps")
    assert ran.code == 0, ran.err
    assert "a weight of 1 in that file" not in ran.err
    arrays = stored_arrays("ours.h5")
    assert np.array_equal(arrays["weights_0"][0], weight)
    assert np.allclose(arrays["tau_mem_0"], 2.0, rtol=1e-12)
    assert run("convert", "ours.h5", "again.nir", "--tau-syn-s", "5e-3").code == 0
    assert run("convert", "again.nir", "back.h5").code == 0
    for name, array in arrays.items():
        assert np.allclose(stored_arrays("back.h5")[name], array, rtol=1e-12, atol=0), name
    # By the letter of NIR the jumps are a fiftieth; such neurons hardly spike, which is said.
    ran = run("convert", "theirs.nir", "word.h5", "--step-s", "1e-4", "--weights", "nir")
    assert "far from spiking" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("theirs.nir", "out.h5", "--weights", "jump"), "--weights: got 'jump', expected 'jumps'"),
        (("ours.h5", "out.npz", "--weights", "jumps"), "--weights: got jumps without a NIR file"),
        (("ours.h5", "out.nir", "--weights", "jumps"), "without a NIR file to read"),
    ],
)
def test_weights_where_they_say_nothing(run, network_file, arguments, message):
    Path(network_file).rename("ours.h5")
    tau = np.full(2, 5e-3)
    neurons = nir.CubaLIF(tau, tau, tau / tau, 0 * tau, np.ones(2), w_in=tau)
    nir.write("theirs.nir", nir.NIRGraph.from_list(nir.Linear(np.eye(2)), neurons))
    more = () if "out.npz" in arguments else ("--tau-syn-s", "1e-3")
    ran = run("convert", *arguments, *more)
    assert ran.code == 2
    assert message in ran.err
    assert not list(Path().glob("out.*"))


def test_networks_of_populations(run):
    loop = {
        "n_inputs": 2, "connections": [[-1, 0], [0, 0], [0, 1]], "spiking": [1, 0],
        "weights_0": [[1.5, 1.0], [0.5, 2.0]], "weights_1": [[0.0, 0.5], [0.5, 0.0]],
        "weights_2": [[1.0, -1.0]], "refractory_0": 0.5, "axonal_delays_0": [0.1, 0.2],
    }  # fmt: skip
    np.savez("loop.npz", **loop)  # type: ignore[arg-type]
    ran = run("convert", "loop.npz", "loop.h5", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["connections"] == "inputs>0 0>0 0>1"
    told = json.loads(run("info", "loop.h5", "--json").out)
    assert (told["neurons"], told["read_outs"], told["delays"]) == ([2, 1], [1], "axonal")
    assert (told["inputs"], told["weights"]) == (2, 10)
    assert told["mean_refractory_tau_syn"] == [0.5, None]
    assert "inputs>0 0>0 0>1" in run("info", "loop.h5").out
    assert run("convert", "loop.h5", "back.npz").code == 0
    with np.load("back.npz") as held:
        assert held["connections"].tolist() == loop["connections"]
        assert held["weights_1"].tolist() == [loop["weights_1"]]
    np.savez("wrong.npz", **(loop | {"connections": [[-1, 0], [0, 3], [0, 1]]}))  # type: ignore[arg-type]
    ran = run("convert", "wrong.npz", "wrong.h5")
    assert ran.code == 2
    assert "wrong.npz: connections[1]: got from 0 to 3" in ran.err


def test_a_recurrent_graph(run):
    """To NIR and back, with what other tools have to know; a graph of theirs spikes again."""
    np.savez(
        "loop.npz", n_inputs=1, connections=[[-1, 0], [0, 0], [0, 1]], spiking=[1, 0],
        weights_0=[[2.0], [1.5]], weights_1=[[0.0, 0.5], [0.5, 0.0]], weights_2=[[1.0, -1.0]],
        refractory_0=0.5, initial_0=0.25, leak_1=0.1,
    )  # fmt: skip
    ran = run("convert", "loop.npz", "loop.nir", "--tau-syn-s", 5e-3)
    assert ran.code == 0, ran.err
    assert "no refractory period" in ran.err
    assert "no initial voltages" in ran.err
    told = json.loads(run("info", "loop.nir", "--json").out)
    assert (told["connections"], told["read_outs"]) == ("inputs>0 0>0 0>1", [1])
    assert told["tau_syn_s"] == 5e-3
    ran = run("convert", "loop.nir", "back.npz")
    assert ran.code == 0, ran.err
    assert "measured from their leak, which is not 0 in population 1" in ran.err
    with np.load("back.npz") as held:
        assert held["connections"].tolist() == [[-1, 0], [0, 0], [0, 1]]
        assert held["refractory_0"] == pytest.approx(np.full((1, 2), 0.5))
        assert held["initial_0"].tolist() == [[0.25, 0.25]]
