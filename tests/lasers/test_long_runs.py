import numpy as np
import pytest

from lasersampling.lasers import long_runs
from lasersampling.lasers.device import load_device
from lasersampling.lasers.long_runs import IntervalSums, LongSimulation
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest, simulate
from lasersampling.lasers.spikes import SpikeTrains

DEVICE = load_device("D2")
PUMPS = np.array([0.95, 1.0, 1.05])


def long(duration_ns, trace_ns=50.0):
    request = TraceRequest((0, 1, 2), 0.0, min(trace_ns, duration_ns), 20.0)
    settings = SimulationSettings(burn_in_ns=20.0, traces=request)
    return LongSimulation(LaserNetwork(DEVICE, 3), PUMPS, duration_ns, 4, settings)


def test_a_short_simulation_has_the_bits_of_one_call():
    run = long(200.0)
    (found,) = run.recordings(lambda fraction: None)
    alone = simulate(run.network, PUMPS, 200.0, seed=4, settings=run.settings)
    assert found.traces is not None and alone.traces is not None
    np.testing.assert_array_equal(found.spikes.time_ns, alone.spikes.time_ns)
    np.testing.assert_array_equal(found.traces.photons, alone.traces.photons)
    assert run.n_points == alone.traces.time_ns.size


def test_pieces_follow_one_another_on_one_clock(monkeypatch):
    monkeypatch.setattr(long_runs, "LASER_NS_PER_PIECE", 3 * 100.0)
    monkeypatch.setattr(long_runs, "POINTS_PER_PIECE", 3 * 600)
    run = long(1000.0)
    fractions: list[float] = []
    found = list(run.recordings(fractions.append))
    assert len(found) == len(list(run.parts())) > 10
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    traced = [one.traces for one in found if one.traces is not None]
    assert len(traced) == 5
    time = np.concatenate([one.time_ns for one in traced])
    alone = simulate(run.network, PUMPS, 60.0, seed=4, settings=run.settings)
    assert alone.traces is not None
    np.testing.assert_allclose(time, alone.traces.time_ns, atol=1e-9)
    # Carriers go on where they were: no step from piece to piece is out of the ordinary.
    gain = np.concatenate([one.gain_electrons for one in traced], axis=1)
    steps = np.abs(np.diff(gain, axis=1))
    seams = np.cumsum([one.time_ns.size for one in traced])[:-1] - 1
    assert steps[:, seams].max() <= np.quantile(steps, 0.999)
    spikes = np.concatenate([one.spikes.time_ns for one in found])
    assert (np.diff(spikes) >= 0).all()
    assert found[-1].spikes.duration_ns == 1000.0
    whole = simulate(run.network, PUMPS, 1000.0, seed=5).spikes.n_spikes
    assert spikes.size == pytest.approx(whole, rel=0.15)


def trains(times, duration_ns):
    order = np.argsort(np.concatenate(times), kind="stable")
    unit = np.repeat(np.arange(len(times)), [len(one) for one in times])[order]
    offset = np.array([0, unit.size])
    return SpikeTrains(
        np.concatenate(times)[order], unit.astype(np.int32), offset, len(times), duration_ns
    )


def test_the_error_of_a_rate_is_the_scatter_of_rates():
    """Counts of many trains with intervals of a gamma distribution scatter by this error."""
    rng = np.random.default_rng(0)
    duration_ns, n_trains = 400.0, 400
    times = rng.gamma(4.0, 0.5, (n_trains, 400)).cumsum(axis=1)  # a spike every 2 ns, some 200
    rows = [row[row < duration_ns] for row in times]
    sums = IntervalSums(n_trains)
    sums.add(trains(rows, duration_ns))
    errors = [error or np.nan for error in sums.rate_errors_per_ns(duration_ns)]
    scatter = np.std([len(row) for row in rows], ddof=1) / duration_ns
    # The scatter of 400 trains is known to 1 / sqrt(800), 3.5 %; four times that.
    assert np.mean(errors) == pytest.approx(scatter, rel=0.14)
    halves = IntervalSums(n_trains)
    for low, high in ((0.0, 150.0), (150.0, 160.0), (160.0, duration_ns)):
        halves.add(trains([row[(row >= low) & (row < high)] for row in rows], high))
    np.testing.assert_array_equal(halves.spikes, sums.spikes)
    np.testing.assert_allclose(
        np.array(halves.rate_errors_per_ns(duration_ns), dtype=float), errors, rtol=1e-12
    )
    few = IntervalSums(1)
    few.add(trains([np.array([1.0, 2.0])], duration_ns))
    assert few.rate_errors_per_ns(duration_ns) == [None]
