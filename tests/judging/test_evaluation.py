import math

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, all_states, clamp, exact_distribution
from lasersampling.errors import InputError
from lasersampling.judging.reference import reference_metrics
from lasersampling.judging.samples import evaluate
from lasersampling.results import ResultsFile, read_results
from lasersampling.sampling.certificate import Certificate, certificate
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics import kl_divergence

MACHINE = BoltzmannMachine.random(4, seed=3)


def ideal_samples(machine, n_chains, n_draws, seed, **options):
    """Draw independently from the exact distribution."""
    probabilities = exact_distribution(machine)
    numbers = np.random.default_rng(seed).choice(
        len(probabilities), size=(n_chains, n_draws), p=probabilities
    )
    return Samples(all_states(machine.n_units)[numbers], "ideal", seed, **options)


def test_independent_draws_of_the_target_are_found_ideal():
    evaluation = evaluate(MACHINE, ideal_samples(MACHINE, 4, 5000, seed=1))
    metrics = {name: metric.value for name, metric in evaluation.metrics().items()}
    # 2 N D_KL is chi-squared with 15 degrees of freedom: mean 15, standard deviation 5.5.
    assert 15 - 3 * 5.5 < 2 * 20_000 * metrics["kl_sample_target"] < 15 + 3 * 5.5
    # distribution_ess has a relative standard error of sqrt(2 / (31 * 15)) = 6.6 %.
    assert metrics["ess_joint"] == pytest.approx(20_000, rel=0.2)
    # Each of 16 states adds 1 / (12 n) to twice its own 1/2, and the rarest is expected 100 times.
    assert metrics["kl_floor"] == pytest.approx(15 / (2 * metrics["ess_joint"]), rel=0.01)
    assert metrics["r_hat_max"] == pytest.approx(1, abs=0.01)
    # Standard error of a mean of 20000 draws: at most 0.0035; four times that for the worst of 4.
    assert metrics["mean_error_max"] < 0.014
    exact = evaluation.exact
    assert exact is not None
    np.testing.assert_allclose(exact.sampled.sum(), 1)
    z = (exact.sampled - exact.target) / exact.sampled_se
    assert np.abs(z).max() < 4


def test_jackknife_error_is_the_scatter_over_repeated_runs():
    # Samples that are off by a fixed amount, so that the divergence is far above its floor.
    other = BoltzmannMachine(MACHINE.weights, MACHINE.biases + 0.5)
    found = [evaluate(MACHINE, ideal_samples(other, 8, 400, seed=seed)).exact for seed in range(40)]
    runs = [exact for exact in found if exact is not None]
    assert len(runs) == 40
    scatter = np.std([exact.divergences.kl_sample_target for exact in runs], ddof=1)
    claimed = np.sqrt(np.mean([exact.kl_se**2 for exact in runs]))
    # Scatter of 40 runs is known to 11 %, the mean of 40 jackknives of 8 chains to 6 %.
    assert claimed == pytest.approx(scatter, rel=0.4)
    scatter = np.std([exact.divergences.total_variation for exact in runs], ddof=1)
    claimed = np.sqrt(np.mean([exact.total_variation_se**2 for exact in runs]))
    assert claimed == pytest.approx(scatter, rel=0.4)


def test_divergence_over_draws_ends_at_the_whole_and_follows_the_ideal():
    evaluation = evaluate(MACHINE, ideal_samples(MACHINE, 4, 5000, seed=2))
    exact = evaluation.exact
    assert exact is not None
    assert exact.draws[-1] == 20_000
    assert exact.kl_over_draws[-1] == pytest.approx(exact.divergences.kl_sample_target)
    assert exact.ideal_over_draws[-1] == pytest.approx(exact.divergences.floor)
    # Each D_KL scatters by sqrt(2 / 15) = 37 % about the ideal.
    late = exact.draws > 300
    ratio = exact.kl_over_draws[late] / exact.ideal_over_draws[late]
    assert ratio.min() > 0.2
    assert ratio.max() < 2.5


def test_intervals_floor_and_p_value_of_ideal_samples():
    metrics = evaluate(MACHINE, ideal_samples(MACHINE, 4, 5000, seed=1)).metrics()
    divergence = metrics["kl_sample_target"]
    assert divergence.interval is None
    interval = metrics["kl_corrected"].interval
    assert interval is not None
    low, high = interval
    # The law is the target: the interval holds 0, though the plain estimate is biased upwards.
    assert low == 0 < high
    assert metrics["kl_corrected"].value < 0.6 * divergence.value
    assert metrics["kl_floor"].value < metrics["kl_floor_95"].value < 2 * metrics["kl_floor"].value
    assert metrics["p_value"].value > 0.001


def test_intervals_hold_the_divergence_of_another_law_and_the_p_value_tells_it():
    other = BoltzmannMachine(MACHINE.weights, MACHINE.biases + 0.3)
    evaluation = evaluate(MACHINE, ideal_samples(other, 30, 500, seed=2))
    true = kl_divergence(exact_distribution(other), exact_distribution(MACHINE))
    assert evaluation.exact is not None
    interval = evaluation.exact.intervals["kl_sample_target"]
    # At the fixed seed; the coverage is shown in tests/statistics.
    assert interval.low < true < interval.high
    assert interval.high < 1.5 * interval.low
    assert evaluation.exact.p_value < 1e-6


def test_single_chains_are_followed_with_their_spread():
    exact = evaluate(MACHINE, ideal_samples(MACHINE, 40, 1000, seed=3)).exact
    assert exact is not None
    assert exact.chain_draws[-1] == 1000
    late = exact.chain_draws > 100
    # A single chain has chi-squared scatter: standard deviation sqrt(2 / 15) of the mean. The
    # effective size is known to 6.6 %, the mean over 40 chains to 6 %, their spread to 11 %.
    np.testing.assert_allclose(exact.chain_kl[late], exact.chain_ideal[late], rtol=0.3)
    relative = exact.chain_kl_sd[late] / exact.chain_kl[late]
    np.testing.assert_allclose(relative, np.sqrt(2 / 15), rtol=0.5)


def test_large_tables_have_no_intervals():
    machine = BoltzmannMachine(np.zeros((13, 13)), np.zeros(13))
    exact = evaluate(machine, ideal_samples(machine, 2, 100, seed=9)).exact
    assert exact is not None
    assert exact.intervals == {}
    assert exact.chain_draws.size == 0


def test_gibbs_of_equal_size_stands_beside():
    samples = ideal_samples(MACHINE, 4, 2000, seed=10)
    evaluation = evaluate(MACHINE, samples)
    beside = reference_metrics(MACHINE, None, evaluation, samples)
    assert beside["ess_joint_gibbs"].value == pytest.approx(evaluation.joint_ess, rel=0.3)
    assert evaluation.exact is not None
    assert beside["kl_sample_target_gibbs"].value < 3 * evaluation.exact.divergences.floor
    stuck = Samples(np.zeros((2, 50, 4), dtype=np.int8), "stuck", 0)
    assert reference_metrics(MACHINE, None, evaluate(MACHINE, stuck), stuck) == {}


def test_clamped_units_are_left_out():
    clamped = clamp(4, {1: 1})
    conditional, free = MACHINE.conditioned(clamped)
    drawn = ideal_samples(conditional, 2, 3000, seed=4)
    states = np.insert(drawn.states, 1, 1, axis=2)
    evaluation = evaluate(MACHINE, Samples(states, "ideal", 4), clamped)
    np.testing.assert_array_equal(evaluation.free, free)
    assert evaluation.exact is not None
    assert evaluation.exact.target.shape == (8,)
    # 2 N D_KL is chi-squared with 7 degrees of freedom: below 25 with probability 0.999.
    assert 2 * 6000 * evaluation.exact.divergences.kl_sample_target < 25


def test_one_chain_has_no_r_hat_and_no_jackknife():
    metrics = evaluate(MACHINE, ideal_samples(MACHINE, 1, 500, seed=5)).metrics()
    assert math.isnan(metrics["r_hat_max"].value)
    assert metrics["kl_sample_target"].standard_error is None


def test_frozen_samples_are_judged_without_warnings_and_without_certainty():
    states = np.zeros((2, 50, 4), dtype=np.int8)
    metrics = evaluate(MACHINE, Samples(states, "stuck", 0)).metrics()
    divergence = metrics["kl_sample_target"]
    assert divergence.value == pytest.approx(-math.log(exact_distribution(MACHINE)[0]))
    assert divergence.standard_error is None and "never differ" in str(divergence.reason)
    assert metrics["kl_target_sample"].value == math.inf
    assert metrics["ess_min"].value == metrics["ess_joint"].value == 0.0
    corrected = metrics["kl_corrected"]
    assert math.isnan(corrected.value) and corrected.interval is None
    assert "never differ" in str(corrected.reason)


def drawn_with(frozen, values):
    """States of coins, but for units that each chain holds at a value."""
    states = np.random.default_rng(9).integers(0, 2, (4, 200, 4)).astype(np.int8)
    for unit in frozen:
        states[:, :, unit] = np.array(values)[:, None]
    return Samples(states, "coins", 9)


def test_a_unit_that_never_changed_is_the_worst():
    metrics = evaluate(MACHINE, drawn_with([1, 3], [1, 1, 1, 1])).metrics()
    assert metrics["ess_min"].value == 0.0
    assert metrics["ess_min"].reason == "units 1, 3 never changed in any chain"
    assert math.isnan(metrics["r_hat_max"].value)
    assert "units 1, 3 never changed in any chain; of the others" in str(
        metrics["r_hat_max"].reason
    )


def test_a_unit_frozen_at_two_values_is_the_worst_of_all():
    metrics = evaluate(MACHINE, drawn_with([2], [0, 1, 1, 0])).metrics()
    assert metrics["r_hat_max"].value == math.inf
    assert "unit 2" in str(metrics["r_hat_max"].reason)


def test_no_error_and_no_interval_where_chains_disagree():
    # Two chains in either mode of two: by luck half of the draws in each, so that the jackknife
    # finds no error at all.
    weights = 2.0 * (np.ones((8, 8)) - np.eye(8))
    machine = BoltzmannMachine(weights, np.full(8, -7.0))
    states = np.repeat(np.array([0, 0, 1, 1], dtype=np.int8), 400 * 8).reshape(4, 400, 8)
    metrics = evaluate(machine, Samples(states, "stuck", 0)).metrics()
    for name in ("kl_sample_target", "total_variation"):
        assert metrics[name].standard_error is None
        assert "disagree" in str(metrics[name].reason)
    for name in ("kl_corrected", "total_variation_corrected", "p_value", "kl_floor"):
        assert math.isnan(metrics[name].value)
        assert metrics[name].interval is None
        assert "disagree" in str(metrics[name].reason)
    assert metrics["ess_min"].value == 0.0


def test_the_floor_is_that_of_the_certificate_where_states_are_rare():
    # Most of 256 states are hardly ever drawn: 255 / (2 ess) would count all of them.
    weights = 2.0 * (np.ones((8, 8)) - np.eye(8))
    machine = BoltzmannMachine(weights, -0.5 * weights.sum(axis=1))
    samples = ideal_samples(machine, 8, 400, seed=3)
    exact, judged = evaluate(machine, samples).exact, certificate(samples, machine)
    assert isinstance(judged, Certificate)
    found = judged.exact
    assert exact is not None and exact.law is not None and found is not None
    assert exact.divergences.floor == pytest.approx(found.floor_nats)
    assert exact.law.floor_95_nats == pytest.approx(found.floor_95_nats)
    assert exact.divergences.floor < 0.5 * 255 / (2 * found.joint_ess)
    # Few draws show at most the entropy of the law, and not 255 / (2 ess).
    target = exact.target
    assert exact.chain_ideal.max() < -(target * np.log(target)).sum()


def test_a_clamped_unit_is_not_blamed():
    clamped = np.array([-1, 1, -1, 1])
    metrics = evaluate(MACHINE, drawn_with([1, 3], [1, 1, 1, 1]), clamped).metrics()
    assert metrics["ess_min"].value > 100
    assert metrics["r_hat_max"].value < 1.1
    assert metrics["ess_min"].reason is metrics["r_hat_max"].reason is None


@pytest.mark.parametrize("samples", [
    ideal_samples(MACHINE, 4, 5000, seed=1),
    ideal_samples(MACHINE, 1, 20, seed=1),
    ideal_samples(MACHINE, 30, 40, seed=2),
    ideal_samples(BoltzmannMachine(MACHINE.weights, MACHINE.biases + 2.0), 3, 30, seed=4),
    drawn_with([0], [1, 1, 1, 1]),
    drawn_with([0, 1, 2, 3], [1, 1, 1, 1]),
    drawn_with([0, 1, 2, 3], [1, 1, 1, 0]),
])  # fmt: skip
def test_intervals_hold_their_value_and_what_is_not_known_has_a_reason(samples):
    for name, metric in evaluate(MACHINE, samples).metrics().items():
        if not math.isfinite(metric.value):
            assert metric.reason, name
        if metric.standard_error is not None:
            assert math.isfinite(metric.standard_error), name
        if metric.interval is not None and math.isfinite(metric.value):
            assert metric.interval[0] <= metric.value <= metric.interval[1], name


def test_large_machines_get_diagnostics_only():
    machine = BoltzmannMachine(np.zeros((21, 21)), np.zeros(21))
    states = np.random.default_rng(6).integers(0, 2, (2, 100, 21)).astype(np.int8)
    evaluation = evaluate(machine, Samples(states, "coins", 6))
    assert evaluation.exact is None
    assert set(evaluation.metrics()) == {"ess_joint", "ess_min", "r_hat_max"}


@pytest.mark.parametrize(("interval_ns", "extent"), [(None, "draws"), (0.5, "time_ns")])
def test_written_evaluation_is_read_again(tmp_path, interval_ns, extent):
    samples = ideal_samples(MACHINE, 4, 500, seed=7, interval_ns=interval_ns)
    evaluation = evaluate(MACHINE, samples)
    with ResultsFile.create(tmp_path / "x.h5", command="", seed=7, config="") as file:
        evaluation.write(file)
    results = read_results(tmp_path / "x.h5")
    assert dict(results.metrics) == evaluation.metrics()
    assert evaluation.exact is not None
    np.testing.assert_array_equal(results.array("distribution/target"), evaluation.exact.target)
    np.testing.assert_array_equal(results.array("units/mean"), evaluation.mean)
    assert results.array(f"divergence/{extent}")[-1] == 2000 * (interval_ns or 1)


def test_nothing_free_and_samples_of_another_machine_are_refused():
    samples = ideal_samples(MACHINE, 1, 10, seed=8)
    with pytest.raises(InputError, match="all units clamped"):
        evaluate(MACHINE, samples, [0, 1, 0, 1])
    with pytest.raises(InputError, match="4 units, expected 3"):
        evaluate(BoltzmannMachine.random(3, seed=1), samples)
