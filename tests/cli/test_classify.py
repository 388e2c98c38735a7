import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.learning.spikes import judge, load_data
from lasersampling.lif import load_network
from lasersampling.results import read_results
from tests.datasets.heidelberg import rows, write

QUICK = ("network.hidden=[6]", "learning.n_epochs=3", "learning.evaluate_every=2")


def options(*settings):
    return [f"--set={setting}" for setting in settings]


@pytest.fixture
def mine(run):
    """Return an archive of spikes of one's own, of two inputs and two classes."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for part, n in (("train", 60), ("test", 30)):
        labels = rng.integers(0, 2, n)
        times = np.where(labels[:, None] == [0, 1], 0.2, 0.9) + 0.1 * rng.random((n, 2))
        arrays |= {f"{part}_times": times, f"{part}_labels": labels}
    path = Path("mine.npz")
    np.savez(path, **arrays)
    return path


def test_networks_that_decide_nothing_say_so_in_place_of_numbers(run, mine):
    """Their weights are far below 0, and nothing recruits neurons."""
    silent = options(
        f"data={mine}", "network.weight_mean=-1000", "learning.n_epochs=1",
        "learning.recruitment=none", "learning.delay_learning_rate=0.01",
    )  # fmt: skip
    ran = run("classify", "yin_yang_small", "--members", 2, "--json", *silent)
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)["metrics"]
    for name in ("decision_time", "hidden_spikes"):
        assert found[name]["value"] is None
        assert found[name]["reason"].startswith("2 of 2 networks decided no sample: output neurons")


def test_networks_are_trained_judged_and_drawn(run):
    chosen = options(*QUICK, "learning.averaged_share=0.5")
    ran = run(
        "classify", "yin_yang_small", "--members", 2, "--out", "run.h5", "--json", "--seed", 3,
        *chosen,
    )  # fmt: skip
    assert ran.code == 0
    results = read_results("run.h5")
    accuracy = results.array("test/accuracy")
    assert results.metric("test_accuracy").value == pytest.approx(accuracy.mean())
    times = results.array("test/output_time")
    assert times.shape == (2, 1000, 3)
    decided, labels = results.array("test/decision"), results.array("test/label")
    first = np.where(np.isfinite(times).any(2), times.argmin(2), -1)
    assert (decided == first).all()
    assert (accuracy == (decided == labels).mean(1)).all()
    assert results.array("parameters/weights_0").shape == (2, 6, 4)
    assert results.array("parameters/delays_1").shape == (2, 3, 6)
    assert results.array("history/loss").shape == (3, 2)
    assert results.attrs["complete"] == 1
    assert results.metric("n_parameters").value == 2 * (24 + 18)
    for name in ("spike_learning", "spike_times", "spike_parameters", "yin_yang_plane"):
        assert Path(f"run_{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("method", ["closed-form", "eventprop", "surrogate"])
def test_gradients_of_each_method(run, mine, method):
    ran = run(
        "classify", "yin_yang_small", "--members", 1, "--out", "run.h5", "--quiet",
        *options(*QUICK, f"data={mine}", f"method={method}"),
    )  # fmt: skip
    assert ran.code == 0
    assert f'method = "{method}"' in read_results("run.h5").config
    assert np.isfinite(read_results("run.h5").array("history/loss")).all()


@pytest.mark.parametrize("kind", ["cross_entropy", "count", "maximum", "integral"])
def test_neurons_that_spike_again_are_kept_and_decide_the_same_again(run, mine, kind):
    voltages = kind in ("maximum", "integral")
    end = ["network.read_out.until=4", "loss.absent_time=6"] if voltages else ["loss.absent_time=4"]
    decay = ["loss.decay=2.5"] if kind == "integral" else []
    ran = run(
        "classify", "yin_yang_eventprop", "--members", 2, "--out", "run.h5", "--quiet",
        *options(
            *QUICK, f"data={mine}", f"loss.kind={kind}", *end, *decay,
            "network.bias_times=[0.3]", "network.input_copies=2",
            "network.recurrent.weight_std=0.1",
        ),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    results = read_results("run.h5")
    assert results.array("test/hidden_0_count").max() > 1
    assert results.array("parameters/connections").tolist() == [[-1, 0], [0, 0], [0, 1]]
    assert ("answer" in results.group("test")) == (kind != "cross_entropy")
    for name in ("spike_learning", "spike_times", "spike_parameters"):
        assert Path(f"run_{name}.png").stat().st_size > 10_000
    assert run("convert", "run.h5", "network.h5", "--quiet").code == 0
    with pytest.raises(InputError, match=r"a results file \(lasersampling classify .*convert"):
        load_network("run.h5")
    stored = load_network("network.h5")
    assert stored.answer.kind == ("first-spike" if kind == "cross_entropy" else kind)
    assert (stored.answer.until, stored.answer.decay) == (4.0, 2.5 if decay else None)
    again = judge(stored.network, load_data(str(mine)).test, answer=stored.answer)
    assert np.array_equal(again.decided, results.array("test/decision"))
    assert stored.accuracy is not None
    assert np.array_equal(again.accuracy.value, stored.accuracy)


def test_spoken_words_in_files_of_ones_own(run):
    """The shipped recipe, with another network, in the folder of the files."""
    for part, seed in (("train", 0), ("test", 1)):
        write(Path(f"shd_{part}.h5"), rows(seed))
    chosen = options(
        *QUICK, "learning.batch_size=8", "event_files.n_channels=20", "network.weight_mean=0.3"
    )
    ran = run("classify", "shd", "--out", "run.h5", "--json", "--quiet", *chosen)
    assert ran.code == 0, ran.err
    results = read_results("run.h5")
    assert results.array("test/input_row").tolist() == list(range(24))
    assert "input_time" not in results.group("test")
    for name in ("linear", "kernel"):
        metric = results.metric(f"{name}_test_accuracy")
        assert 0.0 <= metric.value <= 1.0
        assert "numbers of spikes" in metric.description
    assert str(Path("shd_train.h5").absolute()) in results.config
    refused = run("classify", "shd", "--out", "shd_test.h5", "--overwrite", *chosen)
    assert refused.code == 2
    Path("shd_test.h5").unlink()
    gone = run("classify", "shd", *chosen)
    assert gone.code == 2
    assert "shd_test.h5: got no such file" in " ".join(gone.err.split())


@pytest.mark.parametrize("device", ["meta", "nowhere", "cuda:77"])
def test_devices_that_torch_cannot_use_are_refused(run, device):
    ran = run("classify", "yin_yang", "--torch-device", device)
    assert ran.code == 2
    assert "torch_device" in ran.err.replace("-", "_")


def test_arrays_of_ones_own(run, mine):
    ran = run(
        "classify", "yin_yang", "--members", 1, "--out", "run.h5", "--quiet",
        *options(*QUICK, f"data={mine}", "learning.n_epochs=40", "learning.batch_size=20",
                 "learning.learning_rate=0.05", "network.weight_mean=2"),
    )  # fmt: skip
    assert ran.code == 0
    assert ran.err == ""
    assert not Path("run_yin_yang_plane.png").exists()
    assert read_results("run.h5").metric("test_accuracy").value > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits"], "digits.toml"),
        (["yin_yang", "--set", "learning.n_epochs=0"], "--set learning.n_epochs: got 0"),
        (["yin_yang", "--members", "0"], "--members: got 0"),
        (["chip", "--set", "chip.model.sample_period=0"], "chip.model.sample_period: got 0"),
        (["yin_yang", "--timeout-s", "nan"], "--timeout-s: got nan, expected nothing without"),
        (["yin_yang", "--timeout-s", "5"], "--timeout-s: got 5, expected nothing without"),
        (
            ["yin_yang", "--substrate", "tcp://localhost:1", "--timeout-s", "nan"],
            "--timeout-s: got nan, expected a finite number above 0",
        ),
        (["chip", "--set", "chip.model=ideel"], "--set chip.model: got 'ideel', expected an"),
        (["yin_yang", "--set", "network.delay=axonal"], "network.delay: got an unknown key"),
        (["yin_yang", "--set", "network.neuron.leak=2.0"], "network.neuron.threshold"),
        (["yin_yang", "--set", "data=letters"], "data: got 'letters'"),
        (["yin_yang", "--set", "data=missing.npz"], "missing.npz"),
        ([], "RECIPE: got nothing, expected a recipe file, or one of chip"),
        (["--resume", "missing.h5"], "missing.h5: got no such file"),
        (["yin_yang", "--resume", "x.h5", "--seed", "1"], "--resume: got a recipe, --seed"),
    ],
)
def test_what_cannot_be_used_is_refused(run, arguments, message):
    ran = run("classify", *arguments)
    assert ran.code == 2
    assert message in ran.err


def test_a_chip_that_a_recipe_names_wrongly_is_told_by_its_key(run):
    Path("mine.toml").write_text('data = "yin_yang"\n[chip]\nmodel = "ideel"\n')
    ran = run("classify", "mine.toml")
    assert ran.code == 2
    assert "mine.toml: chip.model: got 'ideel' (did you mean 'ideal'?)" in ran.err


def test_a_file_that_exists_is_kept(run, mine):
    Path("run.h5").write_text("precious")
    chosen = options(*QUICK, f"data={mine}")
    assert run("classify", "yin_yang", "--out", "run.h5", *chosen).code == 2
    assert Path("run.h5").read_text() == "precious"


def test_a_finished_run_has_nothing_to_resume(run, mine):
    chosen = options(*QUICK, f"data={mine}")
    assert run("classify", "yin_yang", "--out", "run.h5", "--quiet", *chosen).code == 0
    ran = run("classify", "--resume", "run.h5")
    assert ran.code == 0
    assert ran.out == "run.h5: the results were complete already; nothing is left to do\n"


COMMAND = [
    sys.executable, "-m", "lasersampling", "classify", "yin_yang_small", "--members", "2",
    "--set", "learning.n_epochs=40", "--set", "checkpoint_interval_s=0", "--quiet",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal_it_says_how_to_go_on_and_does(tmp_path, number):
    told = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    path = tmp_path / "run.h5"
    process = subprocess.Popen(
        [*COMMAND, "--set", "learning.n_epochs=4000", "--out", "run.h5"],
        cwd=tmp_path, env=told, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    while not path.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.endswith(
        "; go on from the last checkpoint with: lasersampling classify --resume run.h5\n"
    )
    kept = read_results(path)
    assert kept.attrs["complete"] == 0
    assert len(kept.array("history/epoch")) >= 1
    assert [one.name for one in tmp_path.iterdir()] == ["run.h5"]


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_bit_for_bit(tmp_path):
    """kill -9 at 20 random moments of a training; then to the end, and the same bits."""
    root = Path(__file__).parents[2]
    told = os.environ | {"PYTHONPATH": str(root)}
    started = time.monotonic()
    subprocess.run([*COMMAND, "--out", "whole.h5"], cwd=tmp_path, check=True, env=told)
    needed = time.monotonic() - started  # on this machine, as busy as it is, with what it compiles
    rng = np.random.default_rng(0)
    path = tmp_path / "killed.h5"
    hits = 0
    for _ in range(20):
        command = [*COMMAND, "--out", "killed.h5"]
        if path.exists():
            assert read_results(path).attrs["complete"] == 0
            hits += 1
            command = [*COMMAND[:4], "--resume", "killed.h5", "--quiet"]
        process = subprocess.Popen(command, cwd=tmp_path, env=told)
        if hits == 0:  # the first is killed soon after its first checkpoint, however fast it is now
            while not path.exists() and process.poll() is None:
                time.sleep(0.01)
        else:
            time.sleep(needed * rng.uniform(0.3, 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if path.exists() and read_results(path).attrs["complete"]:
            break
    assert hits > 0
    if not read_results(path).attrs["complete"]:
        command = [*COMMAND[:4], "--resume", "killed.h5", "--quiet"]
        subprocess.run(command, cwd=tmp_path, check=True, env=told)
    whole, killed = read_results(tmp_path / "whole.h5"), read_results(path)
    for name, variable in whole.group("parameters").items():
        assert np.array_equal(variable.data, killed.array(f"parameters/{name}"))
    assert np.array_equal(whole.array("test/output_time"), killed.array("test/output_time"))
