"""Each imperfection of the laser sampler: what was drawn, and what it does to the states."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, clamp, exact_moments
from lasersampling.errors import AccuracyWarning, InputError
from lasersampling.hardware import Imperfections
from lasersampling.sampling.neurons.imperfect import DRIFT, build_network, in_steps
from lasersampling.sampling.neurons.line_fits import ActivationLogit
from lasersampling.sampling.neurons.sampler import Lasers

MACHINE = BoltzmannMachine.random(5, seed=3)
UNCOUPLED = BoltzmannMachine(np.zeros((6, 6)), np.zeros(6))
IDEAL = Lasers()
EVERY = np.arange(5)


def slope():
    """Of the activation curve; not at import, since it may have to be measured."""
    return IDEAL.calibration.slope


def lasers(**imperfections):
    return Lasers(imperfections=Imperfections(**imperfections), chip_seed=4)


def network_of(sampler, units=EVERY):
    rule = IDEAL.calibration.rule(IDEAL.neuron)
    network = build_network(sampler.chip(5), MACHINE.weights, units, IDEAL.neuron, rule)
    weights = np.zeros((len(units),) * 2)
    links = network.connections
    per_unit = rule.electrons_per_ns(np.ones(1))[0]
    weights[links.post, links.pre] = links.weight_electrons_per_ns / per_unit
    return network, weights


def logits(mean):
    return np.log(mean / (1 - mean))


def absolute(std, **more):
    return {"std": std, "relative": False} | more


def test_ideal_imperfections_change_no_bit():
    one = IDEAL.sample(MACHINE, 50, n_chains=3, seed=1)
    two = Lasers(imperfections="ideal").sample(MACHINE, 50, n_chains=3, seed=1)
    assert one.spikes is not None and two.spikes is not None
    assert np.array_equal(one.spikes.time_ns, two.spikes.time_ns)


def test_weights_of_a_network():
    """Rounded for the whole machine, then each direction by itself, for the lasers there are."""
    _, exact = network_of(lasers())
    assert exact == pytest.approx(MACHINE.weights)
    _, coarse = network_of(lasers(coupling={"grid": {"bits": 3}}))
    levels = np.linspace(-1, 1, 7) * np.abs(MACHINE.weights).max()
    assert np.abs(coarse[:, :, None] - levels).min(axis=2).max() < 1e-9
    spread = lasers(coupling={"grid": {"bits": 3}, "mismatch": {"std": 0.1}})
    network, uneven = network_of(spread)
    assert uneven == pytest.approx(coarse * (1 + spread.chip(5).coupling))
    assert network.is_ideal
    pairs = coarse != 0.0
    assert (np.abs(uneven - uneven.T)[pairs] > 1e-4).all()
    some = np.array([3, 1])
    _, part = network_of(spread, some)
    assert part == pytest.approx(uneven[np.ix_(some, some)])


def test_delays_of_a_network():
    about = {"delay": {"mismatch": absolute(0.2, mean=0.1)}}
    network, _ = network_of(lasers(**about))
    links, chip = network.connections, lasers(**about).chip(5)
    expected = np.maximum(chip.delay, 0.0)[links.post, links.pre]
    assert links.delay_ns == pytest.approx(expected)
    assert (links.delay_ns == 0.0).any()
    assert np.unique(links.delay_ns).size > 8


def test_delays_that_chance_makes_shorter_than_half_a_step_are_none_and_said():
    """Of connections only: what stands on the diagonal acts on nobody."""
    delay = np.array([[0.0004, 0.0009], [0.003, 0.0]])
    with pytest.warns(AccuracyWarning, match="1 of 2 delays of this chip are shorter than half a"):
        kept = in_steps(delay, ~np.eye(2, dtype=bool), 2.0)
    assert kept.tolist() == [[0.0004, 0.0], [0.003, 0.0]]


def test_pumps_are_mismatched_as_drawn():
    """An absolute deviation d of the pump moves an uncoupled unit along the measured curve."""
    sampler = lasers(pump={"mismatch": absolute(0.01)})
    samples = sampler.sample(UNCOUPLED, 2000, n_chains=24, seed=1)
    ideal = IDEAL.sample(UNCOUPLED, 2000, n_chains=24, seed=2)
    moved = logits(samples.mean) - logits(ideal.mean)
    curve = ActivationLogit.of(IDEAL.calibration)
    argument = slope() * sampler.chip(6).pump
    expected = curve(argument)[0] - curve(np.zeros(6))[0]
    assert np.abs(expected).max() > 0.5
    assert moved == pytest.approx(expected, abs=0.1)  # 3.5 errors of 0.028
    again = sampler.sample(UNCOUPLED, 2000, n_chains=24, seed=1)
    assert np.array_equal(again.states, samples.states)
    other = Lasers(imperfections=sampler.imperfections, chip_seed=5)
    assert not np.allclose(other.chip(6).pump, sampler.chip(6).pump)


def test_programmed_pumps_are_rounded():
    """Two bits over 0.8 to 0.92 leave steps of 0.04 P_th, here 2.8 logits."""
    biases = np.array([-3.0, -1.0, -0.5, 0.5, 1.0, 3.0])
    grid = {"bits": 2, "lowest": 0.8, "highest": 0.92}
    sampler = lasers(pump={"grid": grid})
    mean = sampler.sample(
        BoltzmannMachine(np.zeros((6, 6)), biases), 2000, n_chains=24, seed=1
    ).mean
    ratio = IDEAL.calibration.midpoint + biases / slope()
    level = 0.8 + 0.04 * np.round((ratio - 0.8) / 0.04)
    expected = slope() * (level - IDEAL.calibration.midpoint)
    assert len(np.unique(level.round(6))) in (2, 3)
    assert mean == pytest.approx(1 / (1 + np.exp(-expected)), abs=0.03)


def test_pumps_vary_from_trial_to_trial():
    """One deviation for each chain and call: logits of chains spread by slope times std."""
    sampler = lasers(pump={"trial": absolute(0.01)})
    means = [
        sampler.sample(UNCOUPLED, 1500, n_chains=48, seed=seed).states.mean(axis=1)
        for seed in (1, 2)
    ]
    spread = logits(np.stack(means)).std()
    # 576 deviations: 3 % error of the spread; reading errors of 0.07 logits add 1 %.
    assert spread == pytest.approx(0.01 * slope(), rel=0.15)
    assert abs(np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1]) < 4 / 288**0.5


def test_pumps_drift_within_a_run_and_between_runs():
    time_ns = 250.0
    sampler = lasers(pump={"drift": {"std": 0.01, "correlation_time_ns": 2 * time_ns}})
    n_draws = round(time_ns / sampler.draw_interval_ns)
    first = sampler.sample(UNCOUPLED, n_draws, n_chains=100, seed=1)
    second = sampler.sample(UNCOUPLED, n_draws, n_chains=100, seed=2, start=first.end)
    one, two = first.end[DRIFT.name], second.end[DRIFT.name]
    assert one.shape == (100, 6)
    correlation = np.corrcoef(one.ravel(), two.ravel())[0, 1]
    assert correlation == pytest.approx(np.exp(-0.5), abs=4 * (1 - np.exp(-1)) / 600**0.5)
    assert two.std() == pytest.approx(1.0, abs=4 * (0.5 / 600) ** 0.5)
    # Late draws follow the pump as it is at the end.
    late = second.states[:, -60:].mean(axis=1).ravel()
    with_end = np.corrcoef(late, two.ravel())[0, 1]
    assert with_end > 0.3
    assert with_end > np.corrcoef(late, one.ravel())[0, 1]
    with pytest.raises(InputError, match="the state of a run of this sampler"):
        IDEAL.sample(UNCOUPLED, 5, n_chains=100, seed=1, start=first.end)


def test_runs_in_parts_have_no_seams():
    """A drift of no strength to speak of: the law is that of one run, spikes in order."""
    sampler = lasers(pump={"drift": {"std": 1e-9, "correlation_time_ns": 100.0}})
    samples = sampler.sample(MACHINE, 2000, n_chains=24, seed=1)
    exact = exact_moments(MACHINE).mean
    # RESULTS.md ("Clamping"): means off by up to 0.011; here four standard errors of 0.0046 more.
    assert np.abs(samples.mean - exact).max() < 0.029
    assert samples.spikes.duration_ns == pytest.approx(2.5 + 1999 * samples.interval_ns)


def test_dead_lasers_are_silent_and_the_others_know():
    sampler = lasers(dead=0.5)
    dead = sampler.chip(5).dead
    assert 0 < dead.sum() < 5
    samples = sampler.sample(MACHINE, 2000, n_chains=24, seed=1)
    assert (samples.spikes.counts()[:, dead] == 0).all()
    exact = exact_moments(MACHINE, clamp(5, dict.fromkeys(np.flatnonzero(dead).tolist(), 0)))
    # RESULTS.md ("Clamping"): 0.011; here four standard errors of 0.0027 more.
    assert np.abs(samples.mean - exact.mean).max() < 0.022


def test_lost_spikes_take_activity_away():
    """At half activation a lost spike is a gap: z falls by about as much as spikes are lost."""
    z = lasers(spikes={"lost": 0.2}).sample(UNCOUPLED, 2000, n_chains=24, seed=1).mean
    assert z == pytest.approx(0.5 * 0.8, abs=0.03)


def test_thresholds_and_gains_differ_as_drawn():
    sampler = lasers(threshold={"mismatch": {"std": 0.02}}, gain={"mismatch": {"std": 0.02}})
    network, _ = network_of(sampler)
    chip = sampler.chip(5)
    assert network.threshold_ratio == pytest.approx(1 + chip.threshold)
    assert network.gain_ratio == pytest.approx(1 + chip.gain)
    only = lasers(threshold={"mismatch": {"std": 0.01}})
    moved = logits(only.sample(UNCOUPLED, 2000, n_chains=24, seed=1).mean)
    moved -= logits(IDEAL.sample(UNCOUPLED, 2000, n_chains=24, seed=2).mean)
    assert moved == pytest.approx(-slope() * only.chip(6).threshold, abs=0.15)


def test_imperfections_that_lasers_do_not_have_are_refused():
    with pytest.raises(InputError, match="imperfections.threshold.trial: got a value"):
        lasers(threshold={"trial": {"std": 0.1}})
    with pytest.raises(InputError, match="chip_seed: got -1"):
        Lasers(chip_seed=-1)
    with pytest.raises(InputError, match="imperfections: got int"):
        Lasers(imperfections=3)  # type: ignore[arg-type]
    assert Lasers(imperfections="laboratory").chip(5).pump.std() > 0
