"""The benchmarks' statement of the equations, and peers that are installed, against the package."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lasersampling.lasers import rate_equations
from lasersampling.lasers.device import load_device

FOLDER = Path(__file__).parents[1] / "benchmarks"
DEVICE = load_device("D2")
PUMP = 0.95
PEER_NAMES = ["NumbaLoop", "TorchCompile", "JaxScan", "Diffrax", "DiffraxTree", "TorchSde",
              "TorchSdeInterval"]  # fmt: skip


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import euler_maruyama
    import peers

    yield euler_maruyama, peers
    for name in ("euler_maruyama", "peers"):
        sys.modules.pop(name, None)


def test_drift_and_covariance_are_those_of_the_package(scripts):
    euler, _ = scripts
    laser = euler.Laser.of(DEVICE, PUMP, 1e-3)
    y = x, q, n1, n2 = 3.0, -7.0, 3.5e4, 900.0
    s = x * x + q * q - 0.5

    # Columns: what each of the eight increments does.
    def root(rate):
        return np.sqrt(np.maximum(rate, 0.0))

    effect = np.array(euler.noise(laser, *y, np.eye(8), root))
    change = np.array(euler.drift(laser, *y))
    expected = rate_equations.drift(DEVICE, (s, n1, n2), PUMP)
    # Ito: the noise adds its strength to the mean of |E|^2.
    light = 2 * (x * change[0] + q * change[1]) + (effect[:2] ** 2).sum()
    assert [light, *change[2:]] == pytest.approx(expected)
    of_light = 2 * (x * effect[0] + q * effect[1])
    c = rate_equations.Coefficients.of(DEVICE)
    v1 = c.gain_slope_per_ns * (n1 + c.gain_transparency_electrons)
    v2 = c.absorber_slope_per_ns * (n2 + c.absorber_transparency_electrons)
    power = s + 0.5
    assert of_light @ of_light == pytest.approx((c.loss_per_ns + v1 + v2) * power)
    assert of_light @ effect[2] == pytest.approx(-v1 * power)
    assert of_light @ effect[3] == pytest.approx(-v2 * power)
    of_gain = v1 * power + laser.pump1 + c.gain_decay_per_ns * n1
    assert effect[2] @ effect[2] == pytest.approx(of_gain)
    assert effect[2] @ effect[3] == pytest.approx(0.0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # within torch.compile
@pytest.mark.parametrize("name", PEER_NAMES)
def test_peers_relax_alike(scripts, name):
    """Mean and spread of field and carriers 0.2 ns after a start from rest."""
    euler, peers = scripts
    peer = getattr(peers, name)
    for needed in peer.needs:
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    n, n_calls, step = 1024, 2, 1e-3
    runner = peer(peers.Task(DEVICE, PUMP, step, n), 1)
    for _ in range(n_calls):
        runner.advance()
    laser, y = euler.Laser.of(DEVICE, PUMP, step), euler.resting(DEVICE, PUMP, 16 * n)
    generator = np.random.default_rng(3)
    for _ in range(n_calls * peers.STEPS):
        w = np.sqrt(step) * generator.standard_normal((8, 16 * n))
        y = (
            y
            + step * np.array(euler.drift(laser, *y))
            + np.array(euler.noise(laser, *y, w, lambda rate: np.sqrt(np.maximum(rate, 0.0))))
        )
    result = np.asarray(runner.state(), dtype=np.float64)
    error = y.std(axis=1) / np.sqrt(n)
    assert np.all(np.abs(result.mean(axis=1) - y.mean(axis=1)) < 5 * error)
    # Some lasers are in a pulse (kurtosis 60), so standard deviations have no normal error.
    # The quartiles lie in the normal core, where their distance has an error of 1.17 / sqrt(n).
    ends = np.quantile(result, [0.25, 0.75], axis=1)
    expected = np.quantile(y, [0.25, 0.75], axis=1)
    assert ends[1] - ends[0] == pytest.approx(expected[1] - expected[0], rel=5 * 1.17 / np.sqrt(n))
