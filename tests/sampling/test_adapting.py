"""Lasers are adapted where fresh draws say that it helps, and left alone where not."""

import dataclasses

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.sampling import adapting, adapting_cases
from lasersampling.sampling.adapting import (
    Adaptation,
    Adapted,
    adapted_where_it_helps,
)
from lasersampling.sampling.adapting_cases import adapted_to_cases, summary
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.sampler import Lasers

QUICK = CalibrationSettings(n_chains=8, activation_duration_ns=200.0, pair_duration_ns=400.0)
LASERS = Lasers("D6", settings=QUICK)
TAU = LASERS.neuron.refractory_time_ns
MACHINE = BoltzmannMachine.random(3, seed=1)
SMALL = Adaptation(n_draws=100, n_chains=8)


def test_an_imperfect_chip_is_adapted():
    chip = dataclasses.replace(LASERS, imperfections="harsh", chip_seed=1)
    found = adapted_where_it_helps(
        chip, MACHINE, settings=dataclasses.replace(SMALL, run_time_ns=2e4)
    )
    assert found.is_adapted
    assert found.after_nats is not None and found.before_nats is not None
    assert found.after_nats < found.before_nats
    assert found.lasers.lines is not None
    # Draws to judge twice and rounds of 100, after three burn-ins of 50, in eight chains.
    assert found.laser_time_ns == pytest.approx(8 * ((2 + found.rounds) * 100 + 3 * 50) * TAU)
    assert found.laser_time_ns <= 2e4
    assert f"{found.laser_time_ns:,.0f} ns" in found.sentence


def test_lasers_that_are_right_are_left_as_they_are():
    free = BoltzmannMachine(np.zeros((2, 2)), [0.5, -0.5])
    found = adapted_where_it_helps(LASERS, free, settings=Adaptation(n_draws=500, n_chains=8))
    assert found.lasers is LASERS
    assert "within chance" in found.sentence
    assert found.laser_time_ns == pytest.approx(8 * (500 + 50) * TAU)


def test_what_does_not_help_is_given_up(monkeypatch):
    monkeypatch.setattr(adapting, "adapt", lambda lasers, machine, **settings: lasers)
    told = iter([adapting._Judged(0.02, 0.001, 0.0), adapting._Judged(0.03, 0.001, 0.0)])
    monkeypatch.setattr(adapting._Work, "judged", lambda *given: next(told))
    found = adapted_where_it_helps(LASERS, MACHINE, settings=SMALL)
    assert not found.is_adapted
    assert "did not help" in found.sentence
    assert "from 0.02 to 0.03 nats" in found.sentence


@pytest.mark.parametrize(
    ("rounds_of_time", "expected"), [(0.0, 0), (2.99, 0), (3.01, 1), (4.01, 2), (1e3, 12)]
)
def test_the_run_bounds_what_is_spent(monkeypatch, rounds_of_time, expected):
    """Without burn-ins, both checks and n rounds take the time of n + 2 rounds."""
    monkeypatch.setattr(adapting, "_BURN_IN_IN_TAU", 0.0)
    monkeypatch.setattr(adapting, "adapt", lambda lasers, machine, **settings: lasers)
    told = iter([adapting._Judged(0.02, 0.001, 0.0), adapting._Judged(0.01, 0.001, 0.0)])
    monkeypatch.setattr(adapting._Work, "judged", lambda *given: next(told))
    plan = Adaptation(n_draws=10, n_chains=8, run_time_ns=rounds_of_time * 80 * TAU)
    found = adapted_where_it_helps(LASERS, MACHINE, settings=plan)
    assert found.rounds == expected
    assert found.laser_time_ns <= plan.run_time_ns
    if rounds_of_time > 100:
        # More draws a round, where there is time for them.
        assert found.laser_time_ns > 0.9 * plan.run_time_ns
    if not expected:
        assert "more laser time than the run" in found.sentence


def test_cases_are_adapted_to_one_by_one():
    cases = np.array([[1, -1, -1], [0, -1, -1]])
    plan = Adaptation(rounds=1, n_draws=100, n_chains=8)
    chip = dataclasses.replace(LASERS, imperfections="harsh", chip_seed=1)
    first, second = adapted_to_cases(chip, MACHINE, cases, plan)
    assert first.lasers.lines is not None and second.lasers.lines is not None
    assert not np.array_equal(first.lasers.lines.offset, second.lasers.lines.offset)
    assert "adapted to 2 of 2 cases, each by itself" in summary([first, second])
    alone = adapted_where_it_helps(chip, MACHINE, cases[1], plan)
    assert alone.lasers.lines is not None
    np.testing.assert_array_equal(alone.lasers.lines.gain, second.lasers.lines.gain)


def test_many_cases_share_an_adaptation(monkeypatch):
    monkeypatch.setattr(adapting_cases, "MOST_SEPARATE", 1)
    plan = Adaptation(rounds=1, n_draws=4, n_chains=1)
    (found,) = adapted_to_cases(LASERS, MACHINE, np.array([[1, -1, -1], [-1, 0, -1]]), plan)
    # A chain for each case, though fewer were asked for.
    assert found.laser_time_ns == pytest.approx(2 * 3 * (4 + 50) * TAU)


def test_a_summary_of_different_cases():
    left = Adapted(LASERS, 0, 100.0, 0.001, None, "left")
    first = Adapted(LASERS, 3, 2000.0, 0.02, 0.004, "first")
    second = Adapted(LASERS, 3, 2000.0, 0.04, 0.002, "second")
    text = summary([left, first, second])
    assert "2 of 3 cases" in text
    assert "from 0.03 to 0.003 nats on average. This took 4,100 ns of laser time" in text
    assert "none of 2 cases" in summary([left, dataclasses.replace(left, sentence="other")])


@pytest.mark.parametrize(
    ("chance", "nats", "is_right"),
    [(0.5, 0.0005, True), (0.01, 0.0005, False), (0.5, 0.001, False)],
)
def test_lasers_are_right_where_that_is_shown(chance, nats, is_right):
    """Draws too few to show that anything is wrong do not show that it is right."""
    assert adapting._Judged(nats, 0.0006, chance).is_right is is_right


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rounds": -1}, "rounds: got -1"),
        ({"rounds": 10**9}, "rounds: got 1000000000, expected a whole number from 0 to 1000"),
        ({"n_draws": 3}, "n_draws: got 3"),
        ({"n_chains": 0}, "n_chains: got 0"),
        ({"seed": -1}, "seed: got -1"),
        ({"run_time_ns": float("nan")}, "run_time_ns: got nan"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        Adaptation(**settings)


@pytest.mark.parametrize(
    ("lasers", "clamped", "settings", "message"),
    [
        (Gibbs(), None, None, "lasers: got Gibbs, expected Lasers"),
        ("D6", None, None, "lasers: got str, expected Lasers"),
        (LASERS, [0, 1, 0], None, "clamped: got all units clamped"),
        (LASERS, [[0, 1, 0], [0, -1, 0]], None, "clamped: got all units clamped"),
        (LASERS, None, 3, r"settings: got int, expected Adaptation\("),
        (LASERS, None, {}, r"settings: got dict, expected Adaptation\("),
        (LASERS, None, 0, r"settings: got int, expected Adaptation\("),
    ],
)
def test_bad_arguments(lasers, clamped, settings, message):
    for adapting_call in (adapted_where_it_helps, adapted_to_cases):
        with pytest.raises(InputError, match=message):
            adapting_call(lasers, MACHINE, clamped, settings)
