"""`lasersampling serve`: a process that answers, and how it is started and stopped."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware import RemoteSubstrate
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.substrate_sampler import SubstrateSampler

MACHINE = BoltzmannMachine.random(3, seed=2)
CALIBRATION: dict[str, Any] = {
    "n_chains": 8,
    "activation_duration_ns": 200.0,
    "pair_duration_ns": 400.0,
}
"""As the other tests of commands, which share it through the cache."""


@pytest.fixture
def command(run, quick_calibration):
    """A server of three lasers of an imperfect chip; `run` puts us into an empty folder."""
    chip = ["--imperfections", "laboratory", "--chip-seed", "3"]
    return [
        *(sys.executable, "-m", "lasersampling", "serve", "lasers", "--units", "3"),
        *(*chip, *quick_calibration),
    ]


@pytest.fixture
def lasers():
    settings = CalibrationSettings(**CALIBRATION)
    return Lasers(settings=settings, imperfections="laboratory", chip_seed=3)


def started(command, *arguments):
    """Start a server, and wait until it says where it listens."""
    process = subprocess.Popen(
        [*command, "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        # A test run in the background of a shell ignores Ctrl-C, and children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"tcp://\S+", line)
        if found:
            return process, found[0]
    raise AssertionError(f"ended with {process.wait()}")


def assert_samples_as(lasers, device):
    sampler = SubstrateSampler(device)
    samples = sampler.sample(MACHINE, 40, n_chains=2, seed=4)
    own = lasers.sample(MACHINE, 40, n_chains=2, seed=4)
    np.testing.assert_array_equal(samples.states, own.states)
    on = sampler.sample(MACHINE, 40, n_chains=2, seed=5, start=samples.end)
    own = lasers.sample(MACHINE, 40, n_chains=2, seed=5, start=own.end)
    np.testing.assert_array_equal(on.states, own.states)


def test_a_port_and_a_pipe_give_the_same_bits_as_lasers(command, lasers):
    process, address = started(command, "--quiet")
    try:
        with RemoteSubstrate(address, timeout_s=300.0) as device:
            assert device.description.facts["chip_seed"] == 3
            assert_samples_as(lasers, device)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()
        process.wait()
    with RemoteSubstrate([*command, "--stdio", "--quiet"], timeout_s=300.0) as device:
        assert_samples_as(lasers, device)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_run_under_way_is_not_waited_for(command, number, code):
    process, address = started(command)
    many = SubstrateSampler(RemoteSubstrate(address, retries=0, timeout_s=300.0))
    asking = threading.Thread(target=_ask_in_vain, args=(many,))
    asking.start()
    try:
        time.sleep(3.0)
        process.send_signal(number)
        process.communicate(timeout=20)
        assert process.returncode == code
    finally:
        process.kill()
        process.wait()
        asking.join()


def _ask_in_vain(sampler):
    with pytest.raises(SubstrateError):
        sampler.sample(MACHINE, 400_000, n_chains=8, seed=1)


def test_ctrl_c_stops_it_as_any_command(command):
    process, address = started(command)
    try:
        with RemoteSubstrate(address, timeout_s=300.0):
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
        assert process.returncode == 130
        assert err == "lasersampling: interrupted: stopped by the keyboard\n"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--units", "0"], "--units: got 0"),
        (["--units", "3", "--device", "D99"], "D99"),
        (["--units", "3", "--imperfections", "worst"], "worst"),
        (["--units", "3", "--chip-seed", "-1"], "--chip-seed: got -1"),
        (["--units", "3", "--set", "clamping=hard"], "clamping: got 'hard'"),
        (["--units", "3", "--stdio", "--port", "5"], "--port: got 5 beside --stdio"),
        (["--units", "3", "--stdio", "--host", "h"], "--host: got h beside --stdio"),
    ],
)
def test_what_cannot_be_served_is_refused(run, arguments, says):
    ran = run("serve", "lasers", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert all(line.startswith("lasersampling: bad input: ") for line in ran.err.splitlines())


def test_a_distribution_is_learned_on_served_lasers(run, command, quick_calibration):
    """The same bits as with lasers of the same chip within the process."""
    rows = ["a,b,probability", "0,0,0.4", "0,1,0.1", "1,0,0.1", "1,1,0.4"]
    Path("two.csv").write_text("\n".join(rows) + "\n")
    small = ["learning.n_updates=2", "learning.n_chains=2", "learning.n_draws=4",
             "judging.n_draws=8", "judging.n_chains=2"]  # fmt: skip
    options = [word for value in small for word in ("--set", value)] + ["--hidden", "1", "--json"]
    process, address = started(command, "--quiet")
    try:
        far = run("fit", "two.csv", "--substrate", address, "--quiet", *options)
    finally:
        process.kill()
        process.communicate()
    assert far.code == 0, far.err
    chip = ["--imperfections", "laboratory", "--set", "sampler.chip_seed=3"]
    near = run("fit", "two.csv", "--quiet", *options, *chip, *quick_calibration)
    assert near.code == 0, near.err
    assert json.loads(far.out)["metrics"] == json.loads(near.out)["metrics"]


def test_networks_learn_on_a_served_chip_as_on_their_own(run, tmp_path):
    """A noise-free chip behind a port, and the same chip within the process: the same bits."""
    chip = tmp_path / "skewed.toml"
    chip.write_text("[imperfections]\nthreshold.mismatch = { std = 0.1 }\n")
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'data = "yin_yang"\nmembers = 2\n[network]\nhidden = [5]\n'
        "[learning]\nn_epochs = 1\nbatch_size = 500\n"
        f'[chip]\nmodel = "{chip}"\nseed = 4\n'
    )
    serve = (sys.executable, "-m", "lasersampling", "serve", "chip", str(chip))
    process, address = started([*serve, "--sizes", "4,5,3", "--members", "2", "--chip-seed", "4"])
    try:
        far = run("classify", recipe, "--substrate", address, "--json", "--quiet")
        lost = run("classify", recipe, "--substrate", address, "--members", 3, "--quiet")
    finally:
        process.kill()
        process.communicate()
    near = run("classify", recipe, "--json", "--quiet")
    assert far.code == near.code == 0, far.err
    kept = [json.loads(ran.out)["metrics"]["test_accuracy"] for ran in (far, near)]
    assert kept[0] == kept[1]
    assert lost.code == 2
    assert "substrate: got 2 chips, expected 3" in lost.err
    gone = run("classify", recipe, "--substrate", address, "--quiet", "--timeout-s", 1)
    assert gone.code == 1
    assert "Traceback" not in gone.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no-chip", "--sizes", "4,3"], "expected an existing file or one of the shipped"),
        (["ideal", "--sizes", "4,x"], "--sizes: got '4,x'"),
        (["ideal", "--sizes", "4,²"], "--sizes: got '4,²'"),
        (["ideal", "--sizes", "4"], "expected inputs and at least one layer"),
        (["ideal", "--sizes", "4,3", "--members", "0"], "--members: got 0"),
        (["ideal", "--sizes", "4,3", "--chip-seed", "-2"], "seeds: got -2"),
    ],
)
def test_chips_that_cannot_be_served_are_refused(run, arguments, says):
    ran = run("serve", "chip", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


@pytest.mark.parametrize("refractory", ["0.5", "inf"])
def test_populations_that_spike_again_are_served(refractory):
    serve = (sys.executable, "-m", "lasersampling", "serve", "populations", "brainscales2")
    options = ("--sizes", "2,3", "--connections", "inputs>0 0>0", "--refractory", refractory)
    process, address = started([*serve, *options])
    try:
        with RemoteSubstrate(address) as device:
            facts = device.description.facts
            assert (facts["spikes"], facts["connections"]) == ("all", "inputs>0 0>0")
            assert device.description.sizes == (2, 3)
            given = {"times": np.full((1, 1, 2), np.inf)}
            with pytest.raises(InputError, match="weights_1: got nothing"):
                device.run({"weights_0": np.zeros((1, 3, 2))}, given)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sizes", "4,x"], "--sizes: got '4,x'"),
        (["--sizes", "4,3", "--connections", "inputs>1"], "connections: got 'inputs>1'"),
        (["--sizes", "4,3", "--reset", "5"], "after.reset: got 5"),
        (["--sizes", "4,3", "--refractory", "-1"], "refractory: got -1"),
    ],
)
def test_populations_that_cannot_be_served_are_refused(run, arguments, says):
    ran = run("serve", "populations", "ideal", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


@pytest.mark.parametrize(
    "arguments", [["lasers"], ["lasers", "--units", 3, "--port", 99999], ["x"]]
)
def test_usage_errors(run, arguments):
    ran = run("serve", *arguments)
    assert ran.code == 2
    assert "Usage: " in ran.err


def test_a_port_that_is_taken(run, quick_calibration):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run("serve", "lasers", "--units", 2, "--port", port, "--quiet", *quick_calibration)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "lasersampling: failed: [Errno 98] Address already in use\n"
