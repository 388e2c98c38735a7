"""Certificates of posteriors: one for each case of evidence, and one that tells of all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.learned import posterior_of
from lasersampling.boltzmann.targets import Target
from lasersampling.sampling.certificate.certify import (
    certificate_of_one,
    combined,
    target_certificate,
)
from lasersampling.sampling.certificate.judgement import Certificate, Judgement
from lasersampling.sampling.certificate.verdict import Verdict
from lasersampling.sampling.inference import Posterior
from lasersampling.sampling.protocol import Sampler


def posterior_certificate(
    posterior: Posterior,
    conditions: Sequence[str],
    *,
    samplers: Sequence[Sampler] = (),
    target: Target | None = None,
    names: Sequence[str] = (),
) -> Judgement:
    """Judge whether the draws of a posterior can be trusted.

    Parameters
    ----------
    posterior : Posterior
        What was inferred, of all units.
    conditions : sequence of str, length case
        What was observed in each case, in words.
    samplers : sequence of Sampler
        What has drawn: one, one for each case, or none.
    target : Target, optional
        The distribution that the machine was to learn. Where it is given the visible units are
        compared with its posterior, and not with that of the machine.
    names : sequence of str
        Of the units of the machine; numbers by default.

    Returns
    -------
    Judgement
        A `Certificate` for one case, and a `GroupCertificate` for more.
    """
    groups: dict[str, Certificate] = {}
    machine = posterior.machine
    # Units that make higher orders, or carry soft evidence, have no names of their own.
    padded = [*names, *(f"auxiliary{k}" for k in range(machine.n_units - len(names)))]
    for case, condition in enumerate(conditions):
        sampler = samplers[case if len(samplers) > 1 else 0] if samplers else None
        shown = condition if condition not in groups else f"{condition} (case {case + 1})"
        found = certificate_of_one(
            posterior.samples_of(case),
            machine,
            posterior.clamped[case],
            sampler,
            padded if names else (),
            n_groups=len(conditions),
        )
        groups[shown] = found if target is None else _of_target(posterior, case, target, found)
    return combined(groups)


def _of_target(
    posterior: Posterior, case: int, target: Target, of_machine: Certificate
) -> Certificate:
    """Judge visible units by what the machine was to learn, given the evidence of a case."""
    n = target.n_units
    held, log_odds = posterior.evidence.clamped[case], posterior.evidence.log_odds[case]
    beyond = (held[n:] != FREE).any() or (log_odds[n:] != 0).any()
    law = None if beyond else posterior_of(target, held[:n], log_odds[:n])
    if law is None:
        why = "of evidence on hidden units" if beyond else "of this evidence, which never occurs"
        return dataclasses.replace(
            of_machine,
            verdict=Verdict.UNKNOWN,
            reason=f"the distribution that the machine was to learn says nothing {why}",
            remedies=(),
        )
    free = np.flatnonzero(held[:n] == FREE)
    samples = posterior.samples_of(case)
    seen = dataclasses.replace(samples, states=np.ascontiguousarray(samples.states[:, :, free]))
    found = target_certificate(seen, law)
    # What explains why lasers miss the law of a machine is what learning with them made up for.
    findings = tuple(one for one in of_machine.findings if not one.explains)
    return dataclasses.replace(found, findings=findings, cost=of_machine.cost)
