"""docs/remote.md: its server runs and is learned from, its bytes are those that are sent."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import SubstrateError
from lasersampling.hardware import RemoteSubstrate, messages
from lasersampling.sampling.substrate_sampler import SubstrateSampler

PAGE = (Path(__file__).parents[1] / "docs" / "remote.md").read_text(encoding="utf-8")
CLIENT, SERVER = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def port():
    """The server of the page, in a process of its own that knows nothing of us."""
    assert "lasersampling" not in SERVER
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
    finally:
        process.kill()
        process.communicate()


def test_the_client_of_the_page_samples_with_the_server_of_the_page(port, capsys):
    assert "5005" in CLIENT
    names: dict[str, Any] = {}
    exec(CLIENT.replace("5005", port), names)
    assert capsys.readouterr().out.startswith("dice [0.")
    assert names["samples"].states.shape == (8, 400, 3)


def test_the_server_samples_what_the_biases_ask_for(port):
    machine = BoltzmannMachine(np.zeros((3, 3)), np.array([-1.0, 0.0, 1.0]))
    with RemoteSubstrate(f"tcp://127.0.0.1:{port}") as device:
        sampler = SubstrateSampler(device)
        first = sampler.sample(machine, 200, n_chains=100, clamped=[-1, -1, -1])
        samples = sampler.sample(machine, 800, n_chains=100, start=first.end)
    exact = 1.0 / (1.0 + np.exp(-machine.biases))
    spread = samples.states.mean(axis=1).std(axis=0, ddof=1) / 10  # over 100 chains
    # Seeds are the server's own: six standard errors, 2e-9 for each of three means.
    assert (np.abs(samples.mean - exact) < 6 * spread).all()
    assert (spread < 0.01).all()


def test_it_survives_a_client_that_breaks_off(port):
    address = f"tcp://127.0.0.1:{port}"
    for _ in range(2):
        with RemoteSubstrate(address, retries=0) as device, pytest.raises(SubstrateError):
            device.run({}, {})
    with RemoteSubstrate(address) as device:
        assert device.description.name == "dice"


def test_the_bytes_of_the_page_are_those_that_are_sent():
    (shown,) = re.findall(r"^```\n((?:[0-9a-f]{2}[ \n])+)```", PAGE, flags=re.MULTILINE)
    message = messages.Message(messages.MessageKind.HELLO, 1)
    assert bytes.fromhex(shown) == messages.encode(message)


def test_limits_and_names_of_the_page_are_those_of_the_code():
    assert messages.LARGEST_PAYLOAD == 2**30
    assert messages.LARGEST_HEAD == 2**20
    assert (messages.MOST_ARRAYS, messages.MOST_AXES, messages.LONGEST_NAME) == (1000, 8, 100)
    for kind in messages.MessageKind:
        assert f"{kind.value} {kind.name.lower()}" in PAGE
    for name in messages.TYPES:
        assert f"`{name}`" in PAGE
