import numpy as np
import pytest
from scipy import sparse

from lasersampling.errors import InputError
from lasersampling.lasers.analysis.stability import bifurcations
from lasersampling.lasers.device import load_device
from lasersampling.lasers.jumps import simulate_jumps
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.settings import JumpSettings, SimulationSettings, TraceRequest
from lasersampling.lasers.simulation import simulate

DEVICE = load_device("D2")


def test_dense_and_sparse_weights_give_the_same_connections():
    weights = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, -1.0], [3.0, 0.0, 0.0]])
    delay = np.arange(9.0).reshape(3, 3)
    links = [
        LaserNetwork(DEVICE, 3, matrix, delay).connections
        for matrix in (weights, sparse.csr_array(weights), sparse.coo_matrix(weights))
    ]
    for one in links:
        found = sorted(
            zip(one.pre, one.post, one.weight_electrons_per_ns, one.delay_ns, strict=True)
        )
        assert found == [(0, 2, 3.0, 6.0), (1, 0, 2.0, 1.0), (2, 1, -1.0, 5.0)]


def test_the_synapse_of_the_device_is_the_default():
    assert LaserNetwork(DEVICE, 2).synapse == DEVICE.synapse


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_lasers": 0}, "n_lasers: got 0"),
        ({"weights_electrons_per_ns": np.zeros((2, 3))}, r"shape \(2, 3\), expected \(2, 2\)"),
        ({"weights_electrons_per_ns": np.zeros(4)}, r"shape \(4,\)"),
        ({"weights_electrons_per_ns": "strong"}, "a matrix of numbers"),
        ({"weights_electrons_per_ns": [[0, np.nan], [1, 0]]}, "not finite"),
        ({"weights_electrons_per_ns": np.eye(2)}, r"\[0\]\[0\]: got a laser connected to itself"),
        ({"delay_ns": np.zeros(3), "weights_electrons_per_ns": None}, "delay_ns"),
        ({"delay_ns": -1.0, "weights_electrons_per_ns": [[0, 1], [1, 0]]}, "at least 0"),
    ],
)
def test_networks_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        LaserNetwork(DEVICE, **{"n_lasers": 2, **arguments})


def test_lasers_that_no_memory_holds_are_refused():
    with pytest.raises(InputError, match=r"n_lasers: got 1000000000000 numbers"):
        LaserNetwork(load_device("D2"), n_lasers=10**12)
    with pytest.raises(InputError, match=r"n_chains x n_lasers: got 1000000000000 x 2 numbers"):
        simulate(LaserNetwork(load_device("D2"), n_lasers=2), 0.9, 10.0, n_chains=10**12)


@pytest.mark.parametrize("value", [1, "a", {}, DEVICE.gain], ids=["number", "text", "dict", "part"])
@pytest.mark.parametrize(
    "name", ["device", "synapse", "depression", "threshold_ratio", "gain_ratio"]
)
def test_parts_of_another_class_are_refused(name, value):
    with pytest.raises(InputError, match=name):
        LaserNetwork(**{"device": DEVICE, "n_lasers": 2, name: value})


@pytest.mark.parametrize("n_grid", [0, 1, -1, 2.5, None, 10**10])
def test_grids_of_pumps_are_neither_empty_nor_endless(n_grid):
    with pytest.raises(InputError, match="n_grid"):
        bifurcations(DEVICE, n_grid=n_grid)


@pytest.mark.parametrize("run", [simulate, simulate_jumps])
@pytest.mark.parametrize("interval_ps", [0.001, 1e-300])
def test_traces_that_no_memory_holds_are_refused(run, interval_ps):
    request = TraceRequest((0,) * 1000, 0.0, 1e6, interval_ps)
    kind = SimulationSettings if run is simulate else JumpSettings
    with pytest.raises(InputError, match="traces"):
        run("D2", 0.9, 1e6, settings=kind(traces=request))


@pytest.mark.parametrize("jitter_ns", [1e9, 1e300])
def test_jitter_that_no_memory_holds_is_refused(jitter_ns):
    network = LaserNetwork(DEVICE, 2, [[0.0, 1.0], [1.0, 0.0]], jitter_ns=jitter_ns)
    with pytest.raises(InputError, match="jitter_ns"):
        simulate(network, 0.9, 1.0)
