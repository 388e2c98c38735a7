"""Certificates of posteriors: one for each case of evidence, and a common one."""

from __future__ import annotations

from collections.abc import Sequence

from lasersampling.boltzmann.targets import Target
from lasersampling.sampling.certificate.certify import certificate_of_one, combined
from lasersampling.sampling.certificate.judgement import Certificate, Judgement
from lasersampling.sampling.certificate.learned import learned_certificate
from lasersampling.sampling.posterior import Posterior
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
        The posterior of all units.
    conditions : sequence of str, length case
        Descriptions of the evidence of each case.
    samplers : sequence of Sampler
        The samplers: one for all cases, one for each case, or none.
    target : Target, optional
        The distribution that the machine was to learn. If it is given, the visible units are
        compared with its posterior, and not with that of the machine.
    names : sequence of str
        Names of the units of the machine; numbers by default.

    Returns
    -------
    Judgement
        A `Certificate` for one case, and a `GroupCertificate` for more.
    """
    groups: dict[str, Certificate] = {}
    machine = posterior.machine
    # Units for higher orders, or for soft evidence, have no names of their own.
    padded = [*names, *(f"auxiliary{k}" for k in range(machine.n_units - len(names)))]
    for case, condition in enumerate(conditions):
        sampler = samplers[case if len(samplers) > 1 else 0] if samplers else None
        shown = condition if condition not in groups else f"{condition} (case {case + 1})"
        samples, held = posterior.samples_of(case), posterior.clamped[case]
        named = padded if names else ()
        if target is None:
            groups[shown] = certificate_of_one(
                samples, machine, held, sampler, named, n_groups=len(conditions)
            )
            continue
        groups[shown] = learned_certificate(
            samples,
            machine,
            target,
            held,
            log_odds=posterior.evidence.log_odds[case],
            sampler=sampler,
            names=named,
        )
    return combined(groups)
