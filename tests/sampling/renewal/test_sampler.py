"""Renewal neurons against laws in closed form and a slow simulation on a grid of time."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from lasersampling.boltzmann import (
    BoltzmannMachine,
    clamp,
    exact_distribution,
    exact_moments,
)
from lasersampling.errors import InputError
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import load_device
from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.tempering import Tempering
from lasersampling.sampling.neurons.translation import Lines
from lasersampling.sampling.renewal import runs as renewal_runs
from lasersampling.sampling.renewal import tables as renewal_tables
from lasersampling.sampling.renewal.sampler import Renewal
from lasersampling.statistics import distribution_ess, kl_divergence, kl_floor

MACHINE = BoltzmannMachine.random(4, seed=3)
TAU_NS = 2.0
TABLE_STEP = 0.01
"""Of the ages, over tau: the hazard begins in the cell before tau."""


@pytest.mark.parametrize("logit", [-2.0, 0.0, 3.0])
def test_intervals_without_coupling_are_dead_time_and_exponential(analytic, logit):
    machine = BoltzmannMachine(np.zeros((3, 3)), np.full(3, logit))
    samples = analytic().sample(machine, 4000, n_chains=4, seed=1)
    for unit in range(3):
        waited = samples.spikes.intervals_ns(unit) - TAU_NS
        assert waited.min() > -TABLE_STEP * TAU_NS
        mean = TAU_NS * np.exp(-logit)
        # Dead time ends up to a step early: that shifts the distribution by TABLE_STEP tau / mean.
        distance = stats.kstest(waited, "expon", args=(0.0, mean)).statistic
        shift = TABLE_STEP * TAU_NS / mean
        assert distance < 1.95 / np.sqrt(waited.size) + min(shift, 0.2)  # 1.95: .1 % level
        assert stats.kstest(waited, "expon", args=(0.0, 1.5 * mean)).pvalue < 1e-3


@pytest.mark.parametrize("logit", [-1.0, 1.0, 4.0])
def test_intervals_at_a_constant_drive_follow_the_hazard(analytic, hazard_of, logit):
    """The integral of the hazard from spike to spike has an exponential law of mean 1."""
    sampler = analytic(hazard_of(0.4, 0.1, 0.6, lack=20.0))
    machine = BoltzmannMachine(np.zeros((3, 3)), np.full(3, logit))
    n_draws = 40000
    samples = sampler.sample(machine, n_draws, n_chains=8, seed=6)
    model, pump = sampler.model, sampler.calibration.midpoint + logit / sampler.calibration.slope
    # The table is linear between its ages, and this drive is one of its rows.
    age = np.arange(model.hazard.shape[1]) / model.per_age_step
    hazard = np.exp(sampler.hazard.log_hazard([pump], age)[0])
    integral = np.append(0.0, np.cumsum(hazard[1:] + hazard[:-1]) / (2.0 * model.per_age_step))
    waited = samples.spikes.intervals_ns(0)
    for other in (1, 2):
        waited = np.append(waited, samples.spikes.intervals_ns(other))
    cell = np.minimum((waited * model.per_age_step).astype(int), age.size - 2)
    inside = np.minimum(waited, age[-1]) - age[cell]
    slope = (hazard[cell + 1] - hazard[cell]) * model.per_age_step
    passed = integral[cell] + (hazard[cell] + 0.5 * slope * inside) * inside
    passed += np.maximum(waited - age[-1], 0.0) * hazard[-1]
    # Intervals that the end of a run cuts are missing, long ones rather than short ones.
    cut = waited.mean() / (sampler.draw_interval_ns * n_draws)
    assert abs(passed.mean() - 1.0) < 4.0 / np.sqrt(passed.size) + 2.0 * cut
    assert stats.kstest(passed, "expon").statistic < 1.95 / np.sqrt(passed.size) + 2.0 * cut
    # A hazard off by 3 % is at a distance of 0.03 / e, at least 2.7 / sqrt(intervals) here.
    assert stats.kstest(1.03 * passed, "expon").pvalue < 1e-3


@pytest.mark.parametrize("n_units", [2, 5])
def test_neurons_without_memory_sample_a_machine_exactly(analytic, n_units):
    machine = BoltzmannMachine.random(n_units, seed=n_units, weight_std=1.0)
    target = exact_distribution(machine)
    samples = analytic().sample(machine, 10000, n_chains=8, seed=2)
    floor = kl_floor(target.size, distribution_ess(samples.states))
    # The early end of dead time and a relaxation time of tau / 1000 change little beside.
    assert kl_divergence(samples.histogram(), target) < 2.5 * floor + 2e-4
    other = exact_distribution(BoltzmannMachine(machine.weights, machine.biases + 0.1))
    assert kl_divergence(samples.histogram(), other) > 2.5 * floor + 2e-4


@pytest.mark.parametrize("n_units", [16, 18])
def test_many_units_have_the_means_of_the_machine(analytic, n_units):
    """A whole block of lanes and more, in a sparse network."""
    generator = np.random.default_rng(0)
    shape = n_units, n_units
    weights = np.triu(generator.normal(0.0, 1.0, shape) * (generator.random(shape) < 0.2), 1)
    machine = BoltzmannMachine(weights + weights.T, generator.normal(-0.5, 0.5, n_units))
    states = analytic().sample(machine, 4000, n_chains=16, seed=3).states
    error = states.mean(axis=1).std(axis=0, ddof=1) / 4
    allowed = 4 * error + 5e-3  # the table's step, amplified by couplings
    means = states.mean(axis=(0, 1))
    assert np.all(np.abs(means - exact_moments(machine).mean) < allowed)
    other = BoltzmannMachine(machine.weights, machine.biases + 0.2)
    assert np.any(np.abs(means - exact_moments(other).mean) > 2 * allowed)


def reference(hazard, drive, weights, synapse_kick_ns, length, delay, *, adds, seed):
    """Spikes (step, chain, unit) of the same neurons, by small steps of time."""
    step, n_chains, n_steps = 0.01, 300, 6000
    n = len(drive)
    generator = np.random.default_rng(seed)
    ages = step * (np.arange(2000) + 0.5)
    pumps = np.linspace(0.7, 1.3, 601)
    table = np.exp(hazard.log_hazard(pumps, ages))
    shape = (n_chains, n)
    count = np.zeros((n_steps + 1, *shape), dtype=np.int32)
    between, x = np.tile(drive, (n_chains, 1)), np.tile(drive, (n_chains, 1))
    before = x.copy()
    age = np.full(shape, len(ages) - 1)
    lag, long = round(delay / step), round(length / step)
    to_between, to_x = np.exp(-step / hazard.fast_ns), np.exp(-step / hazard.slow_ns)
    spikes = np.zeros((n_steps, *shape), dtype=bool)
    for t in range(n_steps):
        on = count[max(t - lag, 0)] - count[max(t - lag - long, 0)]
        if not adds:
            on = np.minimum(on, 1)
        now = drive + on @ weights.T
        between = between + (now - before) * synapse_kick_ns / hazard.fast_ns
        between = now + (between - now) * to_between
        x = between + (x - between) * to_x
        before = now
        row = np.clip(np.rint((x - pumps[0]) / (pumps[1] - pumps[0])).astype(int), 0, 600)
        spikes[t] = generator.random(shape) < -np.expm1(-table[row, age] * step)
        age = np.where(spikes[t], 0, np.minimum(age + 1, len(ages) - 1))
        count[t + 1] = count[t] + spikes[t]
    return spikes[n_steps // 3 :], step


SYNAPSES = {
    "renewing": (Synapse(duration_ns=3.0), 0.0),
    "adding, late": (Synapse(duration_ns=3.0, overlap="add"), 0.7),
    "kicking": (Synapse("shaped", kick=0.5), 0.0),
}


@pytest.mark.parametrize("name", SYNAPSES)
def test_coupled_neurons_do_what_a_slow_simulation_does(analytic, hazard_of, name):
    synapse, delay = SYNAPSES[name]
    hazard = hazard_of(0.4, 0.1, 0.6, lack=20.0)
    sampler = analytic(hazard, synapse, delay_ns=delay)
    machine = BoltzmannMachine(
        [[0.0, 2.0, -2.0], [2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]], [-0.5, -1.0, 1.0]
    )
    rule, neuron = sampler.calibration.rule(sampler.neuron), sampler.neuron
    threshold = rule.threshold_pump_electrons_per_ns
    kick = synapse.kick * neuron.device.gain.carrier_lifetime_ns
    adds = synapse.overlap == "add"

    def simulated(**changes):
        setting = {"synapse_kick_ns": kick, "delay": delay, "adds": adds} | changes
        spikes, step = reference(
            hazard, rule.pump_ratio(machine),
            rule.weights_electrons_per_ns(machine) / threshold,
            length=synapse.length_ns(TAU_NS), seed=4, **setting,
        )  # fmt: skip
        rate = spikes.mean(axis=0) / step
        count = np.cumsum(spikes, axis=0, dtype=np.int32)
        tau = round(TAU_NS / step)
        on = (count[tau:] - count[:-tau])[::50] > 0
        return statistics_of(rate, on.transpose(1, 0, 2))

    samples = sampler.sample(machine, 1200, n_chains=64, seed=5)
    got = statistics_of(samples.spikes.rate_per_ns(), samples.states)
    assert deviation(got, simulated()) < 4.5
    if name == "renewing":  # Others would be noticed.
        assert deviation(got, simulated(delay=1.0)) > 4.5
        assert deviation(got, simulated(adds=True)) > 4.5


@pytest.mark.parametrize(("margin", "windows"), [(0.01, 12), (3.0, 12), (0.5, 4), (0.5, 40)])
def test_margins_and_windows_change_nothing_but_the_speed(
    analytic, hazard_of, monkeypatch, margin, windows
):
    """With hardly a margin nearly every pulse lifts its targets beyond it."""
    machine = BoltzmannMachine(
        [[0.0, 3.0, -2.0], [3.0, 0.0, 1.0], [-2.0, 1.0, 0.0]], [-1.5, -1.0, 1.0]
    )
    hazard, synapse = hazard_of(0.4, 0.1, 0.6, lack=20.0), Synapse("shaped", kick=1.0)

    def sampled(seed):
        samples = analytic(hazard, synapse).sample(machine, 2500, n_chains=64, seed=seed)
        return statistics_of(samples.spikes.rate_per_ns(), samples.states)

    usual = sampled(7)
    monkeypatch.setattr(renewal_tables, "_MARGIN_LOGITS", margin)
    monkeypatch.setattr(renewal_tables, "_WINDOWS_PER_FIRST_AGE", windows)
    other = sampled(8)
    error = np.sqrt(usual[1] ** 2 + other[1] ** 2)
    assert (np.abs(usual[0] - other[0]) / error).max() < 4.0
    assert (error / usual[0]).max() < 0.015  # so what is off by 6 % is seen


def statistics_of(rate, states):
    """Rates and pair moments, with standard errors over chains."""
    values = states.astype(float)
    pairs = np.einsum("tdi,tdj->tij", values, values) / values.shape[1]
    rows = np.concatenate([rate, pairs[:, *np.triu_indices(3)]], axis=1)
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(len(rows))


def deviation(one, two):
    """Largest difference in standard errors, with a part of 500 for the steps of the reference."""
    return (
        np.abs(one[0] - two[0]) / np.sqrt(one[1] ** 2 + two[1] ** 2 + (2e-3 * two[0]) ** 2)
    ).max()


def test_states_are_read_from_the_spikes(analytic):
    samples = analytic(interval_ns=1.3).sample(MACHINE, 200, n_chains=3, seed=2)
    times = TAU_NS + 1.3 * np.arange(200)
    assert samples.interval_ns == 1.3
    assert np.array_equal(samples.states, samples.spikes.states(TAU_NS, times))


def test_draws_do_not_depend_on_threads_on_the_record_or_on_the_room_for_spikes(
    analytic, monkeypatch
):
    one = analytic(n_threads=1).sample(MACHINE, 300, n_chains=5, seed=4)
    two = analytic(n_threads=2, record_spikes=False).sample(MACHINE, 300, n_chains=5, seed=4)
    assert two.spikes is None
    monkeypatch.setattr(renewal_runs, "_ROOM", 7)
    three = analytic().sample(MACHINE, 300, n_chains=5, seed=4)
    for other in (two, three):
        assert np.array_equal(one.states, other.states)
        for name, values in one.end.items():
            assert np.array_equal(values, other.end[name])
    assert np.array_equal(one.spikes.time_ns, three.spikes.time_ns)
    # The draws of a chain are its own.
    fewer = analytic().sample(MACHINE, 300, n_chains=2, seed=4)
    assert np.array_equal(fewer.states, one.states[:2])


@pytest.mark.parametrize("n_units", [3, 18])
def test_lanes_without_a_unit_change_nothing(analytic, monkeypatch, n_units):
    """Blocks have more lanes than chains have units; here the others use up budgets at once."""
    machine = BoltzmannMachine.random(n_units, seed=n_units)
    usual = analytic().sample(machine, 200, n_chains=3, seed=4)
    monkeypatch.setattr(renewal_tables, "UNUSED_BUDGET", np.int32(0))
    other = analytic().sample(machine, 200, n_chains=3, seed=4)
    assert np.array_equal(usual.states, other.states)
    assert np.array_equal(usual.spikes.time_ns, other.spikes.time_ns)
    alone = analytic().sample(machine, 200, n_chains=1, seed=4)
    assert np.array_equal(usual.states[:1], alone.states)


def test_spikes_of_a_run_that_goes_on_begin_before_it(analytic):
    sampler = analytic()
    first = sampler.sample(MACHINE, 100, n_chains=3, seed=2)
    second = sampler.sample(MACHINE, 60, n_chains=3, seed=3, start=first.end)
    interval = sampler.draw_interval_ns
    times = TAU_NS + interval * np.arange(1, 61)
    assert np.array_equal(second.states, second.spikes.states(TAU_NS, times))
    old, new = first.spikes.chain(0)[0], second.spikes.chain(0)[0]
    old = old[old > 99 * interval] - 99 * interval
    assert old.size > 1
    np.testing.assert_allclose(old, new[: old.size], atol=1e-9)


def test_clamped_units_have_no_neuron_and_the_rest_follow(analytic):
    clamped = np.tile(clamp(4, {1: 1}), (24, 1))
    clamped[12:] = clamp(4, {0: 1, 2: 0})
    samples = analytic().sample(MACHINE, 3000, n_chains=24, clamped=clamped, seed=2)
    counts = samples.spikes.counts()
    assert (counts[:12, 1] == 0).all()
    assert (counts[12:, [0, 2]] == 0).all()
    for part in (slice(0, 12), slice(12, 24)):
        means = samples.states[part].mean(axis=1)
        exact = exact_moments(MACHINE, clamped[part.start]).mean
        error = means.std(axis=0, ddof=1) / np.sqrt(12)
        # Four standard errors over twelve chains, and what the table's step does.
        assert np.all(np.abs(means.mean(axis=0) - exact) <= 5 * error + 2e-3)


def test_held_units_may_be_others_in_a_run_that_goes_on(analytic):
    sampler = analytic()
    first = sampler.sample(MACHINE, 50, n_chains=2, clamped=clamp(4, {0: 1}), seed=1)
    second = sampler.sample(MACHINE, 50, n_chains=2, clamped=clamp(4, {3: 0}), seed=2,
                            start=first.end)  # fmt: skip
    assert (second.states[..., 3] == 0).all()
    assert 0.0 < second.states[..., 0].mean() < 1.0


def test_a_machine_with_all_units_clamped_needs_no_neurons(analytic):
    seen: list[float] = []
    samples = analytic().sample(
        MACHINE, 3, n_chains=2, clamped=[1, 0, 0, 1], seed=1, progress=seen.append
    )
    assert samples.spikes is None
    assert (samples.states == [1, 0, 0, 1]).all()
    assert seen[-1] == 1.0


def test_bad_settings_are_refused_at_once():
    with pytest.raises(InputError, match="n_threads: got 0"):
        Renewal(Lasers(n_threads=0))
    with pytest.raises(InputError, match="synapse: got the exponential kernel"):
        Renewal(Lasers(synapse=Synapse("exponential", time_constant_ns=1.0)))
    with pytest.raises(InputError, match="no such device|D99"):
        Renewal("D99")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"imperfections": "laboratory"}, "imperfections: got lasers with imperfections"),
        ({"tempering": Tempering()}, "tempering: got lasers with tempering"),
        ({"depression": Depression(0.1, 20.0)}, "depression: got lasers with depression"),
        ({"clamping": "pump"}, "clamping: got 'pump', expected 'drive'"),
    ],
)
def test_lasers_that_the_abstraction_does_not_describe_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Renewal(Lasers(**settings))


@pytest.mark.parametrize("clamped", [None, [-1, 1, -1, 0]])
def test_lines_of_the_lasers_drive_the_neurons(analytic, clamped):
    """They act as other weights and biases do, to the bit; gains in binary have no rounding."""
    lines = Lines([0.5, -0.25, 0.0, 1.0], np.full(4, 1.25))
    machine = BoltzmannMachine(1.25 * MACHINE.weights, lines.offset + 1.25 * MACHINE.biases)

    def states(of, **settings):
        return analytic(**settings).sample(of, 200, n_chains=3, clamped=clamped, seed=2).states

    assert np.array_equal(states(MACHINE, lines=lines), states(machine))
    assert not np.array_equal(states(MACHINE, lines=lines), states(MACHINE))


@pytest.mark.parametrize("given", ["D2", load_device("D2"), Lasers("D2")])
def test_neurons_stand_for_a_device_or_for_lasers(given):
    renewal = Renewal(given)
    assert renewal.neuron == Lasers("D2").neuron
    assert renewal.draw_interval_ns == Lasers("D2").draw_interval_ns


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("spike_chain", 5, "start.spike_chain: got chains that are not there"),
        ("spike_unit", 9, "start.spike_unit: got"),
        ("spike_time_ns", 1.0, "start.spike_time_ns: got times after the start"),
    ],
)
def test_a_damaged_start_is_refused(analytic, name, value, words):
    sampler = analytic()
    start = {k: v.copy() for k, v in sampler.sample(MACHINE, 5, n_chains=2, seed=1).end.items()}
    start[name][0] = value
    with pytest.raises(InputError, match=words):
        sampler.sample(MACHINE, 5, n_chains=2, start=start)


def test_settings_are_frozen(analytic):
    with pytest.raises(dataclasses.FrozenInstanceError):
        analytic().record_spikes = False
