"""Certificates of draws from a machine that was learned with a device in the loop.

The weights and biases of such a machine compensate for the deviations of the device. So the law
that the draws should have is the distribution that was learned, given the values of the clamped
visible units, and not that of the machine.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.learned import posterior_of
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.targets import Target
from lasersampling.sampling.certificate.arguments import check_samples
from lasersampling.sampling.certificate.certify import (
    about_lasers,
    certificate_of_one,
    target_certificate,
)
from lasersampling.sampling.certificate.judgement import Certificate
from lasersampling.sampling.certificate.verdict import Verdict
from lasersampling.sampling.protocol import Sampler, Samples


def learned_certificate(
    samples: Samples,
    machine: BoltzmannMachine,
    target: Target,
    held: NDArray[np.int8] | None = None,
    *,
    log_odds: NDArray[np.float64] | None = None,
    sampler: Sampler | None = None,
    names: Sequence[str] = (),
) -> Certificate:
    """Judge draws by the distribution that a machine was to learn.

    Parameters
    ----------
    samples : Samples
        Draws of all units of the machine, at least four per chain.
    machine : BoltzmannMachine
        The machine that was sampled.
    target : Target
        The distribution that its visible units were to learn.
    held : ndarray of int8, shape (unit,), optional
        -1 for a free unit, 0 or 1 for a clamped one, in all chains; all free by default.
    log_odds : ndarray of float64, shape (own unit,), optional
        Soft evidence [1]. Further units of the machine carry it (`sampling.inference`); that they
        are held is no evidence in addition.
    sampler : Sampler, optional
        The sampler of the draws. For lasers the certificate says what may explain a bias, and the
        cost of a draw.
    names : sequence of str
        Names of all units; by default those of the target, or numbers.

    Returns
    -------
    Certificate
        The verdict is that the draws cannot be judged if hidden units are held, or the target never
        shows the values at which the visible units are held.

    Raises
    ------
    InputError
        As for `certificate` and `target_certificate`.
    """
    check_samples(samples, target)
    n = target.n_units
    held = np.full(machine.n_units, FREE, dtype=np.int8) if held is None else held
    soft = np.zeros(machine.n_units) if log_odds is None else log_odds
    beyond = (held[n : soft.size] != FREE).any() or soft[n:].any()
    law = None if beyond else posterior_of(target, held[:n], soft[:n])
    if law is None:
        why = "of evidence on hidden units" if beyond else "of this evidence, which never occurs"
        return dataclasses.replace(
            certificate_of_one(samples, machine, held, sampler, names),
            verdict=Verdict.UNKNOWN,
            reason=f"the distribution that the machine was to learn says nothing {why}",
            remedies=(),
        )
    free = np.flatnonzero(held[:n] == FREE)
    states = np.ascontiguousarray(samples.states[:, :, free])
    named = tuple(names) or target.unit_names or tuple(str(unit) for unit in range(n))
    seen = dataclasses.replace(samples, states=states, spikes=None, end=None)
    found = target_certificate(seen, law, names=[named[unit] for unit in free])
    units = np.flatnonzero(held == FREE)
    findings, cost = about_lasers(
        sampler, machine, samples.states, units, names, found.mixing.worst_ess
    )
    # Learning has compensated for reasons why lasers deviate from the law of a machine.
    findings = tuple(one for one in findings if not one.explains)
    return dataclasses.replace(found, findings=findings, cost=cost)
