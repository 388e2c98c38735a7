"""Certificates of posteriors: of a machine, and of what a machine was to learn."""

from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.targets import Target, target_from_machine
from lasersampling.errors import LaserSamplingWarning
from lasersampling.sampling.certificate import Certificate, GroupCertificate, Verdict
from lasersampling.sampling.certificate.posteriors import posterior_certificate
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.inference import infer
from lasersampling.sampling.posterior import Posterior

NAMES = ("rain", "sun", "wind", "fog")
MACHINE = BoltzmannMachine.random(4, seed=2)


def inferred(evidence: Evidence, truth: Any = None) -> Posterior:
    return infer(Gibbs(thin=4), MACHINE, evidence, n_draws=1000, n_chains=8, seed=1, truth=truth)


def of_cases(*clamped: list[int], soft: float = 0.0) -> Evidence:
    log_odds = np.zeros((len(clamped), 4))
    log_odds[0, 3] = soft
    return Evidence(np.array(clamped, dtype=np.int8), log_odds)


def test_each_case_is_judged_by_its_own_law() -> None:
    posterior = inferred(of_cases([1, -1, -1, -1], [0, -1, -1, -1], soft=0.7))
    found = posterior_certificate(posterior, ["rain=1", "rain=0"], names=NAMES)
    assert isinstance(found, GroupCertificate)
    assert list(found.groups) == ["rain=1", "rain=0"]
    assert found.holds


def test_one_case_is_a_certificate_and_cases_alike_are_kept_apart() -> None:
    one = posterior_certificate(inferred(of_cases([1, -1, -1, -1])), ["rain=1"])
    assert isinstance(one, Certificate)
    two = posterior_certificate(
        inferred(of_cases([1, -1, -1, -1], [1, -1, -1, -1])), ["rain=1", "rain=1"]
    )
    assert isinstance(two, GroupCertificate)
    assert list(two.groups) == ["rain=1", "rain=1 (case 2)"]


def test_draws_are_judged_by_what_was_learned() -> None:
    """Exact draws of the machine are right about itself, and wrong about another target."""
    case = of_cases([1, -1, -1, -1])
    for target, verdict in (
        (target_from_machine(MACHINE), Verdict.AGREES),
        (target_from_machine(BoltzmannMachine.random(4, seed=9)), Verdict.BIASED),
    ):
        found = posterior_certificate(inferred(case, target), ["rain=1"], target=target)
        assert found.verdict is verdict
        assert found.law == "the target"


def test_evidence_that_never_occurs_cannot_be_judged() -> None:
    table = np.zeros(16)
    table[0::2] = 1 / 8  # the first unit is never 1
    target = Target(table, 4)
    with pytest.warns(LaserSamplingWarning, match="posterior of all units is unknown"):
        posterior = inferred(of_cases([1, -1, -1, -1]), target)
    found = posterior_certificate(posterior, ["rain=1"], target=target)
    assert found.verdict is Verdict.UNKNOWN
    assert "never occurs" in found.reason
