"""Lasers that differ, spikes that get lost or jitter: what each does, and nothing else."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.device import Device, Section, load_device
from lasersampling.lasers.jumps.process import simulate_jumps
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest, simulate
from lasersampling.lasers.synapse import Synapse

DEVICE = load_device("D6")
TAU = DEVICE.refractory_time_ns
MIDPOINT, SLOPE = 0.8556, 68.9  # of the calibration of D6


def logit_of(network, ratio, common_step):
    """Activation of each laser as a logit, and its standard error."""
    settings = SimulationSettings(common_step=common_step)
    run = simulate(network, np.array(ratio), 250.0, n_chains=48, seed=5, settings=settings)
    z = run.spikes.active_fraction(TAU)
    mean, error = z.mean(axis=0), z.std(axis=0, ddof=1) / np.sqrt(48)
    return np.log(mean / (1 - mean)), error / (mean * (1 - mean))


@pytest.mark.parametrize("common_step", [False, True])
def test_the_threshold_moves_the_activation_curve_by_as_much(common_step):
    """A laser of threshold r P_th is as active at a pump (r - 1) P_th higher, within 7 %.

    The rest is the noise of pump and recombination, which grows with the electrons.
    """
    moved = np.array([-0.05, 0.0, 0.05])
    network = LaserNetwork(DEVICE, 3, threshold_ratio=1.0 + moved)
    # Where the activation is compared, a pump of 0.001 P_th is 0.07 logits.
    logit, error = logit_of(network, MIDPOINT + moved, common_step)
    assert np.all(np.abs(logit - logit[1]) < 0.07 * 0.05 * SLOPE + 4 * error)
    still, error = logit_of(network, np.full(3, MIDPOINT), common_step)
    assert still[0] - still[1] == pytest.approx(0.05 * SLOPE, abs=0.07 * 3.4 + 4 * error.max())
    assert still[1] - still[2] == pytest.approx(0.05 * SLOPE, abs=0.07 * 3.4 + 4 * error.max())


@pytest.mark.parametrize("name", ["gain_ratio", "threshold_ratio"])
def test_a_laser_that_differs_is_the_device_of_these_parameters(name):
    """Rates of lanes of their own against those of devices with the parameters changed."""
    ratio, pump = np.array([0.97, 1.03]), 0.87
    ratios: dict[str, Any] = {name: ratio}
    network = LaserNetwork(DEVICE, 2, **ratios)
    rates = simulate(network, pump, 400.0, n_chains=60, seed=1).spikes.rate_per_ns()
    for k in range(2):
        section = Section(
            DEVICE.gain.carrier_lifetime_ns,
            network.gain_slope_per_ns[k],
            network.gain_transparency_electrons[k],
        )
        values = {field.name: getattr(DEVICE, field.name) for field in fields(DEVICE)}
        device = Device(**values | {"gain": section})
        threshold = device.threshold_pump_electrons_per_ns
        if name == "threshold_ratio":
            assert threshold == pytest.approx(ratio[k] * DEVICE.threshold_pump_electrons_per_ns)
        # The same electrons, which are another part of the threshold.
        own = pump * DEVICE.threshold_pump_electrons_per_ns / threshold
        alone = simulate(LaserNetwork(device, 1), own, 400.0, n_chains=60, seed=2).spikes
        expected = alone.rate_per_ns()[:, 0]
        error = np.hypot(expected.std(), rates[:, k].std()) / 60**0.5
        assert error < 0.03 * expected.mean()
        assert rates[:, k].mean() == pytest.approx(expected.mean(), abs=4 * error)
    # The test can fail: the two differ by far more than the error.
    assert abs(np.diff(rates.mean(axis=0))[0]) > 0.3 * rates.mean()


def test_equal_lasers_are_the_ideal_ones():
    """Ratios of one, compiled in, change what rounding changes and no more."""
    pump = np.array([0.85, 0.87])
    ideal = simulate(LaserNetwork(DEVICE, 2), pump, 30.0, n_chains=20, seed=1).spikes
    network = LaserNetwork(DEVICE, 2, threshold_ratio=np.ones(2), gain_ratio=np.ones(2))
    spikes = simulate(network, pump, 30.0, n_chains=20, seed=1).spikes
    assert abs(spikes.n_spikes - ideal.n_spikes) < 0.2 * ideal.n_spikes


def test_lost_spikes_are_missing_and_all_others_are_there():
    pump, lost = 0.88, 0.3
    ideal = simulate(LaserNetwork(DEVICE, 2), pump, 500.0, n_chains=20, seed=1).spikes
    network = LaserNetwork(DEVICE, 2, lost_spikes=lost)
    spikes = simulate(network, pump, 500.0, n_chains=20, seed=1).spikes
    assert np.isin(spikes.time_ns, ideal.time_ns).all()
    error = np.sqrt(lost * (1 - lost) / ideal.n_spikes)
    assert 1 - spikes.n_spikes / ideal.n_spikes == pytest.approx(lost, abs=4 * error)
    assert simulate(LaserNetwork(DEVICE, 2, lost_spikes=1.0), pump, 50.0).spikes.n_spikes == 0


def test_jitter_is_normal_and_cut_off():
    pump, jitter = 0.86, 0.1
    ideal = simulate(LaserNetwork(DEVICE, 1), pump, 500.0, n_chains=200, seed=1).spikes
    network = LaserNetwork(DEVICE, 1, jitter_ns=jitter)
    spikes = simulate(network, pump, 500.0, n_chains=200, seed=1).spikes
    shifts = []
    for chain in range(200):
        before, after = ideal.chain(chain)[0], spikes.chain(chain)[0]
        if before.size == after.size:  # none moved across an end of the recording
            shifts.append(after - before)
    shift = np.concatenate(shifts)
    assert shift.size > 10_000
    assert abs(shift.mean()) < 4 * jitter / shift.size**0.5
    # A cut at four standard deviations takes 0.05 % off the spread.
    assert shift.std() == pytest.approx(jitter, rel=4 * (0.5 / shift.size) ** 0.5 + 1e-3)
    assert np.abs(shift).max() < 4.1 * jitter
    assert np.abs(shift).max() > 3.0 * jitter


@pytest.mark.parametrize(
    ("faults", "delay_ns"),
    [({"lost_spikes": 0.5}, 0.0), ({"jitter_ns": 0.15}, 0.7),
     ({"lost_spikes": 0.3, "jitter_ns": 0.15}, 0.7)],
)  # fmt: skip
@pytest.mark.parametrize("part_ns", [None, 20.3], ids=["one run", "two parts"])
def test_what_is_transmitted_is_what_is_seen(faults, delay_ns, part_ns):
    """The gain of a dark laser, computed from the spikes recorded, lost and jittering ones."""
    device = load_device("D2")  # which pulses by itself
    pump = np.array([2.0, 0.0])
    weight, length, tau_1 = 4000.0, 0.8, device.gain.carrier_lifetime_ns
    synapse = Synapse(duration_ns=length, overlap="add")
    network = LaserNetwork(device, 2, [[0.0, 0.0], [weight, 0.0]], delay_ns, synapse, **faults)
    usual = SimulationSettings(step_ps=1.0, burn_in_ns=0.0, noise=False)
    start, earlier = None, np.zeros(0)
    if part_ns:
        first = simulate(network, pump, part_ns, seed=7, settings=usual)
        start, earlier = first.end, first.spikes.time_ns - part_ns
    traced = replace(usual, traces=TraceRequest((1,), 0.0, 40.0, 1.0))
    run = simulate(network, pump, 40.0, seed=7, start=start, settings=traced)
    times = np.concatenate([earlier, run.spikes.time_ns])
    assert run.spikes.n_spikes > 3
    assert run.traces is not None
    since = run.traces.time_ns[:, None] - times - delay_ns
    on, off = np.maximum(since, 0.0), np.maximum(since - length, 0.0)
    gain = (weight * tau_1 * (np.exp(-off / tau_1) - np.exp(-on / tau_1))).sum(axis=1)
    edges = np.concatenate([times + delay_ns, times + delay_ns + length])
    smooth = np.abs(run.traces.time_ns[:, None] - edges).min(axis=1) > 0.004
    assert np.abs(gain - run.traces.gain_electrons[0])[smooth].max() < 0.005 * weight
    assert gain.max() > 0.3 * weight


def test_nothing_acts_before_it_was_emitted():
    """Without a delay, jitter can only make a spike act late: half of them at once."""
    device = load_device("D2")
    pump = np.array([2.0, 0.0])
    network = LaserNetwork(
        device, 2, [[0.0, 0.0], [4000.0, 0.0]], 0.0, Synapse(duration_ns=1.0), jitter_ns=0.2
    )
    usual = SimulationSettings(step_ps=1.0, burn_in_ns=0.0, noise=False)
    traced = replace(usual, traces=TraceRequest((0, 1), 0.0, 60.0, 1.0))
    run = simulate(network, pump, 60.0, seed=7, settings=traced)
    emitted = simulate(LaserNetwork(device, 2), pump, 60.0, seed=7, settings=usual).spikes.time_ns
    assert run.traces is not None
    gain = run.traces.gain_electrons[1]
    # A pulse begins where the slope jumps by 4 electrons per step of 1 ps.
    rises = run.traces.time_ns[1:-1][np.diff(gain, 2) > 2.0]
    late = (rises[:, None] - emitted).min(axis=1, where=rises[:, None] >= emitted, initial=9.0)
    assert rises.size > 8
    assert late.max() < 4 * 0.2
    seen_late = run.spikes.time_ns - emitted[: run.spikes.n_spikes]
    assert (seen_late < 0).any()


def test_chains_with_jitter_go_on():
    """Spikes under way at the end of a part are seen in the next; states have the same law."""
    network, n = LaserNetwork(DEVICE, 1, jitter_ns=0.25), 300
    end = simulate(network, 0.86, 3.0, n_chains=n, seed=1).end
    ideal = simulate(LaserNetwork(DEVICE, 1), 0.86, 300.0, n_chains=n, seed=3).spikes
    read, under_way = [], 0
    for part in range(60):
        run = simulate(
            network,
            0.86,
            3.0,
            n_chains=n,
            seed=10 + part,
            start=end,
            settings=SimulationSettings(recall_ns=TAU),
        )
        end, under_way = run.end, under_way + int((run.end.spike_time_ns > 0).sum())
        read.append(run.spikes.states(TAU, np.array([TAU + 0.5, TAU + 2.0]))[:, :, 0])
    assert under_way > 50
    found, expected = np.concatenate(read, axis=1).mean(axis=1), ideal.active_fraction(TAU)[:, 0]
    error = np.hypot(found.std(), expected.std()) / np.sqrt(n)
    # Overlapping states make jitter matter by less than a hundredth.
    assert abs(found.mean() - expected.mean()) < 4 * error + 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold_ratio": [1.0]}, r"threshold_ratio: got shape \(1,\)"),
        ({"gain_ratio": [1.0, -1.0]}, "gain_ratio: got -1"),
        ({"threshold_ratio": [1.0, 0.01]}, "positive number of electrons at transparency"),
        ({"gain_ratio": [1.0, 1e9]}, "emission is part of the recombination"),
        ({"lost_spikes": 1.1}, "lost_spikes: got 1.1"),
        ({"jitter_ns": -1.0}, "jitter_ns"),
    ],
)
def test_what_no_laser_can_have_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        LaserNetwork(DEVICE, 2, **arguments)


def test_the_jump_process_has_ideal_lasers_only():
    with pytest.raises(InputError, match="network: got lasers that differ"):
        simulate_jumps(LaserNetwork(DEVICE, 1, lost_spikes=0.1), 1.0, 1.0)


def test_a_recall_needs_a_start():
    with pytest.raises(InputError, match="recall_ns: got 1"):
        simulate(LaserNetwork(DEVICE, 1), 1.0, 1.0, settings=SimulationSettings(recall_ns=1.0))
