"""Draws of a machine that learned with a device in the loop, judged by what it was to learn."""

import dataclasses

import numpy as np
import pytest

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.targets import target_from_machine
from lasersampling.sampling.certificate import Verdict, learned_certificate
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import Samples

LAW = BoltzmannMachine.random(3, seed=1)
TARGET = target_from_machine(LAW)
# Weights that make up for a device, and a hidden unit: not the law that is to be seen.
MACHINE = BoltzmannMachine(
    np.pad(2.0 * LAW.weights, (0, 1)), np.append(LAW.biases - 1.0, 0.0), 0, 1
)


def of_device(held: np.ndarray | None = None) -> Samples:
    """Visible units as the target has them, and a hidden one that follows nothing."""
    clamped = None if held is None else held[:3]
    states = Gibbs(thin=4).sample(LAW, 1000, n_chains=8, clamped=clamped, seed=1).states
    hidden = np.random.default_rng(1).integers(0, 2, (8, 1000, 1)).astype(np.int8)
    return Samples(np.concatenate([states, hidden], axis=2), "lasers", 1, interval_ns=0.625)


def test_the_target_is_the_law_and_not_the_machine() -> None:
    samples = of_device()
    assert learned_certificate(samples, MACHINE, TARGET).holds
    assert samples.certificate(MACHINE).verdict is Verdict.BIASED


def test_held_units_leave_their_part_of_the_target_and_others_keep_their_names() -> None:
    held = np.array([1, -1, -1, -1])
    samples = of_device(held)
    assert learned_certificate(samples, MACHINE, TARGET, held).holds
    stuck = samples.states.copy()
    stuck[:, :, 2] = np.arange(8)[:, None] % 2
    found = learned_certificate(dataclasses.replace(samples, states=stuck), MACHINE, TARGET, held)
    assert found.verdict is Verdict.UNMIXED
    assert found.reason.startswith("unit 2 never changed")  # the second of the free ones


@pytest.mark.parametrize("unit", [3, 0])
def test_evidence_of_which_the_target_says_nothing(unit: int) -> None:
    held = np.full(4, -1)
    held[unit] = 1
    target = TARGET
    if unit == 0:
        table = np.where(np.arange(8) % 2, 0.0, TARGET.probabilities)
        target = dataclasses.replace(TARGET, probabilities=table / table.sum())
    samples = of_device(None)
    states = samples.states.copy()
    states[:, :, unit] = 1
    found = learned_certificate(dataclasses.replace(samples, states=states), MACHINE, target, held)
    assert found.verdict is Verdict.UNKNOWN
    assert ("never occurs" if unit == 0 else "hidden units") in found.reason


def test_of_lasers_the_cost_is_told_and_what_learning_made_up_for_is_not(analytic) -> None:
    lasers = Lasers(refractory_time_ns=2.0)
    lasers.__dict__["calibration"] = dataclasses.replace(
        analytic().lasers.calibration, pump=(0.9999, 1.0001), midpoint=1.0, fit_rms=0.2
    )
    found = learned_certificate(of_device(), MACHINE, TARGET, sampler=lasers)
    assert found.cost is not None
    assert found.cost.ns_per_sample > 0.0
    (finding,) = found.findings  # and nothing of fields beyond so short a curve
    assert "not logistic" in finding.what
