import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.analysis.first_passage import fit_intervals, hazard_per_ns
from lasersampling.lasers.device import load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.rate_equations import quiescent_state
from lasersampling.lasers.simulation import simulate

DEVICE = load_device("D2")
PUMP = 0.91


def test_hazard_grows_with_the_gain_from_nothing_to_at_once():
    gain = np.linspace(10_000.0, 60_000.0, 80)
    hazard = hazard_per_ns(DEVICE, gain)
    assert hazard[0] == 0.0
    assert hazard[-1] == np.inf
    finite = hazard[np.isfinite(hazard) & (hazard > 0.0)]
    assert np.all(np.diff(finite) > 0.0)


def test_hazard_at_rest_has_the_order_of_the_simulated_one():
    """The barrier is right to within its fluctuations: a factor of a few over four e-folds."""
    for ratio, simulated in ((0.88, 0.0102), (0.91, 0.050), (0.94, 0.17)):
        rest = quiescent_state(DEVICE, ratio)
        assert 1.0 < float(hazard_per_ns(DEVICE, rest.gain_electrons)) / simulated < 8.0


@pytest.mark.slow
def test_shape_of_the_interval_distribution():
    """Prefactor fitted, all else computed: hazard in bins against simulation."""
    intervals = simulate(
        LaserNetwork(DEVICE, 1), PUMP, 500.0, n_chains=300, seed=1
    ).spikes.intervals_ns(0)
    model = fit_intervals(DEVICE, PUMP, intervals, kick_electrons=6000.0)
    step = model.time_ns[1]
    assert model.density_per_ns.sum() * step == pytest.approx(1.0, abs=1e-3)
    edges = np.array([4.5, 5.5, 7.0, 10.0, 15.0, 20.0])
    count, _ = np.histogram(intervals, edges)
    alive = np.array([(intervals >= edge).sum() for edge in edges[:-1]])
    integrated = np.diff(np.interp(edges, model.time_ns, np.cumsum(model.hazard_per_ns) * step))
    expected = alive * -np.expm1(-integrated)
    assert count.min() > 50
    # Three standard errors of the counts, and 15 % for the approximation.
    assert np.all(np.abs(count - expected) < 3 * np.sqrt(expected) + 0.15 * expected)
    assert np.mean(intervals < 3.5) < 0.002
    assert 3.5 < model.dead_time_ns < 7.0


def test_intervals_that_do_not_fit_are_refused():
    for intervals in ([], [1.0, -1.0], [np.nan]):
        with pytest.raises(InputError, match="positive, finite intervals"):
            fit_intervals(DEVICE, PUMP, intervals, kick_electrons=6000.0)
    with pytest.raises(InputError, match="longer ones"):
        fit_intervals(DEVICE, PUMP, [0.01], kick_electrons=6000.0)
