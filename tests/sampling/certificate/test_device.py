"""What is said of lasers that cannot be right, and what their draws cost."""

import dataclasses

import numpy as np
import pytest

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.lasers.device import load_device
from lasersampling.sampling.certificate import certificate
from lasersampling.sampling.certificate.cost import cost_of
from lasersampling.sampling.certificate.device import findings_of
from lasersampling.sampling.certificate.judgement import Judgement
from lasersampling.sampling.certificate.verdict import Verdict
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.performance import PerformanceSettings, measure_performance
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.translation import Lines
from lasersampling.sampling.protocol import Samples

MACHINE = BoltzmannMachine.random(5, seed=1)
FREE = np.arange(5)


@pytest.fixture
def lasers(analytic):
    """Return a function that makes lasers with a calibration that is right but for some fields."""

    def make(calibration=None, **options):
        made = Lasers(refractory_time_ns=2.0, **options)
        values = {"pump": (0.8, 1.0), "midpoint": 0.9} | (calibration or {})
        found = dataclasses.replace(analytic().lasers.calibration, **values)
        made.__dict__["calibration"] = found
        return made

    return make


def found_of(lasers, machine=MACHINE, free=FREE, names=()):
    states = Gibbs().sample(machine, 200, n_chains=4, seed=1).states
    return findings_of(lasers, machine, states, free, names)


def test_good_lasers_are_not_spoken_against(lasers):
    assert found_of(lasers()) == ()


def test_lasers_that_stand_still_where_gibbs_sampling_moves_are_to_be_adapted(lasers):
    machine = BoltzmannMachine(np.zeros((3, 3)), np.zeros(3))
    states = np.random.default_rng(1).integers(0, 2, (4, 400, 3)).astype(np.int8)
    states[:, :, 1] = 0
    found = certificate(Samples(states, "lasers", 0), machine, sampler=lasers())
    assert found.verdict is Verdict.UNMIXED
    assert found.remedies[0].startswith("adapt")
    assert {what: told for _, what, told in found.rows()}["Gibbs sampling, compared"].startswith(
        "does mix"
    )


def test_why_gibbs_sampling_does_not_mix_either_is_said(lasers):
    weights = 4.0 * (np.ones((8, 8)) - np.eye(8))
    machine = BoltzmannMachine(weights, np.full(8, -14.0))
    states = np.zeros((4, 400, 8), dtype=np.int8)
    states[:2] = 1
    found = certificate(Samples(states, "lasers", 0), machine, sampler=lasers())
    assert found.remedies[0].startswith("let the sampler cross")
    told = {what: told for _, what, told in found.rows()}["Gibbs sampling, compared"]
    assert told.startswith("does not mix either: ")
    drawn = Gibbs().sample(MACHINE, 200, n_chains=1, seed=1)
    alone = certificate(drawn, MACHINE, sampler=lasers())
    told = {what: told for _, what, told in alone.rows()}["Gibbs sampling, compared"]
    assert told == "unknown: a single chain"
    values = found.values()
    assert values["kl_nats"] is not None
    for key in ("kl_se_nats", "kl_floor_nats", "inverse_temperature", "inverse_temperature_se"):
        assert values[key] is None


@pytest.mark.parametrize(
    ("calibration", "options", "told"),
    [
        ({"synapse_strength": 3.0}, {}, "acts like one of weight 3.00"),
        ({"synapse_strength": 0.3}, {}, "acts like one of weight 0.30"),
        ({"fit_rms": 0.2}, {}, "is not logistic"),
        ({"midpoint": 1.05, "pump": (0.95, 1.15)}, {}, "not an excitable neuron"),
        ({}, {"step_ps": 3.0}, "spikes are lost"),
    ],
)
@pytest.mark.filterwarnings("ignore::lasersampling.errors.LaserSamplingWarning")
def test_a_device_that_cannot_be_right_is_named(lasers, calibration, options, told):
    (found,) = found_of(lasers(calibration, **options))
    assert told in found.what
    assert found.remedy
    assert not found.explains


def test_dead_lasers_are_named_by_their_units(lasers):
    made = lasers(imperfections="harsh", chip_seed=1)
    machine = BoltzmannMachine.random(40, weight_std=0.05, seed=1)
    dead = np.flatnonzero(made.chip(40).dead)
    assert dead.size
    names = [f"pixel{k}" for k in range(40)]
    (found,) = found_of(made, machine, np.arange(40), names)
    assert found.units == tuple(dead)
    assert f"pixel{dead[0]}" in found.what


def test_fields_beyond_the_curve_and_weights_beyond_a_pulse(lasers):
    weights = np.zeros((5, 5))
    weights[1, 2] = weights[2, 1] = 8.0
    fields, couplings = found_of(lasers(), BoltzmannMachine(weights, np.zeros(5)))
    assert "beyond the calibrated curve" in fields.what
    assert set(fields.units) == {1, 2}
    assert "between unit 1 and unit 2, is 8.00" in couplings.what
    assert "Adapt" in fields.remedy
    # Lasers that have been adapted are not told to be adapted.
    lines = Lines(gain=np.ones(5), offset=np.zeros(5))
    fields, _ = found_of(lasers(lines=lines), BoltzmannMachine(weights, np.zeros(5)))
    assert "Adapt" not in fields.remedy


def test_what_only_explains_a_bias_is_not_said_of_right_draws(lasers):
    weights = np.zeros((5, 5))
    weights[1, 2] = weights[2, 1] = 8.0
    found = found_of(lasers({"midpoint": 1.05}), BoltzmannMachine(weights, np.zeros(5)))
    right = Judgement(verdict=Verdict.AGREES, reason="so it is", remedies=(), findings=found)
    assert "not an excitable neuron" in str(right)
    assert "beyond the calibrated" not in str(right)
    biased = dataclasses.replace(right, verdict=Verdict.BIASED)
    assert "beyond the calibrated" in str(biased)
    assert len(right.values()["findings"]) == 3


def test_cost_is_that_of_the_spikes():
    """By the mean activity, and by pumps and pulses of a recorded run: two ways to one power."""
    settings = CalibrationSettings(n_chains=8, activation_duration_ns=200.0, pair_duration_ns=400.0)
    made = Lasers(load_device("D2"), settings=settings)
    short = PerformanceSettings(
        n_copies=64, emission_duration_ns=60.0, n_units=3, n_chains=12, machine_duration_ns=800.0
    )
    machine = BoltzmannMachine.random(3, seed=0)
    measured = measure_performance(made, short, machine=machine, seed=2)
    samples = made.sample(machine, made.draws_in(800.0), n_chains=12, seed=2)
    cost = cost_of(made, machine, samples.states, np.arange(3), independent_draws=1000.0)
    power_uw = 1e3 * cost.energy_pj / cost.laser_time_ns
    assert power_uw == pytest.approx(measured.machine_power_uw.value, rel=0.01)
    assert cost.ns_per_sample == pytest.approx(12 * 800.0 / 1000.0, rel=0.01)
