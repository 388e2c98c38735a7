"""Certificates of draws: of a machine under one or several conditions, and of a target."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE, clamped_chains
from lasersampling.boltzmann.enumeration import exact_distribution
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.errors import InputError
from lasersampling.sampling.certificate.arguments import check_arguments, check_samples
from lasersampling.sampling.certificate.consistency import conditional_consistency
from lasersampling.sampling.certificate.cost import Cost, cost_of
from lasersampling.sampling.certificate.device import findings_of
from lasersampling.sampling.certificate.findings import Finding
from lasersampling.sampling.certificate.judgement import Certificate, GroupCertificate, Judgement
from lasersampling.sampling.certificate.law import exact_law, moments_beside
from lasersampling.sampling.certificate.mixing import LEAST_WEIGHT, Mixing, judged_mixing
from lasersampling.sampling.certificate.reference import (
    UPDATES,
    enumerated,
    gibbs_beside,
    reference_of,
)
from lasersampling.sampling.certificate.table_law import TableLaw
from lasersampling.sampling.certificate.verdict import Verdict, judged
from lasersampling.sampling.protocol import Sampler, Samples

if TYPE_CHECKING:
    from lasersampling.boltzmann.targets import Target
    from lasersampling.sampling.neurons.sampler import Lasers

_MOST_NAMED_UNITS = 4

_MOST_VALUES, _FEWEST_DRAWS = 10_000_000, 200
"""Largest number of values (draws times units) that are used, but so many draws per chain are."""

_WORST_FIRST = (Verdict.UNMIXED, Verdict.BIASED, Verdict.UNKNOWN, Verdict.AGREES)

_LONGER = "sample longer"
_TEMPER = "let the sampler cross between modes (tempering, or synapses that tire)"
_SMALLER = "make the weights smaller"
_ADAPT = "adapt the lasers to the machine (--adapt; in Python ls.adapt)"
_IN_THE_LOOP = "learn with the lasers in the loop"
_OTHER_DEVICE = "use another device"


def certificate(
    samples: Samples,
    machine: AnyMachine,
    clamped: ArrayLike | None = None,
    *,
    sampler: Sampler | None = None,
    names: Sequence[str] = (),
) -> Judgement:
    """Judge whether draws of a machine can be trusted.

    Parameters
    ----------
    samples : Samples
        At least four draws per chain.
    machine : BoltzmannMachine or RestrictedMachine
        The machine that should have been sampled.
    clamped : array_like of int, shape (unit,) or (chain, unit), optional
        -1 for a free unit, 0 or 1 for a clamped one. Chains that are held in different ways are
        judged separately, and the certificate has a part for each way.
    sampler : Sampler, optional
        The sampler of the draws. For lasers the certificate says what may explain a bias, and the
        cost of a draw.
    names : sequence of str
        Names of all units; numbers by default.

    Returns
    -------
    Certificate or GroupCertificate

    Raises
    ------
    InputError
        If the samples are not of this machine, were held in other ways, or are too few, if no unit
        is free, or there is not one name for each unit.

    Notes
    -----
    The rules, in this order: One chain, or chains with fewer than 50 effective draws, cannot be
    judged. Chains *do not mix* if R-hat of a unit or of the energy exceeds 1.05, if a unit is
    frozen though its field would let it change, or if a basin of the energy that should have two
    per cent of the draws was never entered. With up to 20 free units, draws are *biased* if D_KL
    from the exact law exceeds that of an ideal sampler of the same effective size by more than 0.01
    nats, and by more than chance explains in one run of a hundred. They *agree* if they are not
    biased, and are so many that a bias of 0.01 nats would have been seen. If neither holds, and for
    more than 20 units, the rule asks whether the conditional log odds are off by more than 0.01
    nats, or whether the means of units and energy differ, beyond chance, from exact ones or from
    those of a digital reference that mixes. If nothing indicates a bias, but a bias of this size
    could not have been seen either, the draws cannot be judged.

    On 200 random machines of 2 to 18 units (`training/certificate.py`) the rule found agreement for
    1 of 252 samples of lasers that are off by more than 0.01 nats (0.0 to 2.2 %), and for 7 of 298
    samples of laws that are off by a known 0.01 to 0.4 nats (0.9 to 4.8 %; six of them by less than
    0.014); without the exact law, as for more than 20 units, for 1 and 6. It rejected 2 of 400
    samples of independent exact draws (0.1 to 1.8 %) and none of 314 samples of Gibbs sampling that
    mixes. The rule R-hat < 1.01 alone would have accepted 48 and 233, and rejected 90 and 94.

    Examples
    --------
    >>> from lasersampling.sampling.gibbs import Gibbs
    >>> machine = BoltzmannMachine.random(4, seed=1)
    >>> found = certificate(Gibbs().sample(machine, 1000, n_chains=8, seed=2), machine)
    >>> str(found.verdict), found.holds
    ('agrees within its error', True)
    """
    check_samples(samples)
    machine = as_machine(machine)
    if samples.n_units != machine.n_units:
        expected = f"{machine.n_units}, as the machine has"
        raise InputError.single("samples", f"{samples.n_units} units", expected)
    held = clamped_chains(clamped, machine.n_units, samples.n_chains)
    check_arguments(samples, machine.n_units, sampler, names, held)
    rows, which = np.unique(held, axis=0, return_inverse=True)
    order = np.argsort([int(np.flatnonzero(which.ravel() == k)[0]) for k in range(len(rows))])
    if len(rows) == 1:
        return certificate_of_one(samples, machine, rows[0], sampler, names)
    groups = {}
    for group in order:
        chosen = np.flatnonzero(which.ravel() == group)
        part = dataclasses.replace(samples, states=samples.states[chosen], spikes=None, end=None)
        name = _condition(rows[group], names)
        groups[name] = certificate_of_one(
            part, machine, rows[group], sampler, names, n_groups=len(rows)
        )
    return combined(groups)


def target_certificate(
    samples: Samples, target: Target, *, names: Sequence[str] = ()
) -> Certificate:
    """Judge whether the first units of draws, the visible ones, follow a target distribution.

    Parameters
    ----------
    samples : Samples
        As for `certificate`; at least four draws per chain, and units beyond the target's are
        hidden.
    target : Target
        The distribution that they should follow.
    names : sequence of str
        Names of the units of the target; by default its own.

    Returns
    -------
    Certificate
        Without conditional consistency: the machine that is learned with a device compensates for
        the device, so its fields are not those of the target.

    Raises
    ------
    InputError
        If there are fewer units than the target has, too few draws, or not one name for each unit
        of the target.
    """
    check_samples(samples, target)
    if samples.n_units < target.n_units:
        expected = f"at least {target.n_units}, as the target has"
        raise InputError.single("samples", f"{samples.n_units} units", expected)
    check_arguments(samples, target.n_units, None, names)
    units = np.arange(target.n_units)
    states = np.ascontiguousarray(samples.states[:, :, units])
    law = TableLaw(target.probabilities)
    mixing = judged_mixing(law, states, units, samples.seed)
    exact = exact_law(target.probabilities, states)
    shown = tuple(names) or tuple(target.unit_names)
    verdict, reason = judged(states, mixing, None, exact, None, shown)
    remedies = {
        Verdict.UNMIXED: (_LONGER, _TEMPER),
        Verdict.BIASED: ("learn for longer", "give the machine more hidden units"),
        Verdict.UNKNOWN: ("draw more when judging",),
        Verdict.AGREES: (),
    }[verdict]
    return Certificate(
        verdict=verdict,
        reason=reason,
        remedies=remedies,
        law="the target",
        mixing=mixing,
        exact=exact,
        names=shown,
    )


def combined(groups: Mapping[str, Certificate]) -> Judgement:
    """Combine the certificates of several conditions; the worst verdict counts.

    Parameters
    ----------
    groups : mapping of str to Certificate
        At least one certificate, by its condition, such as "alarm=1".
    """
    found = list(groups.values())
    if len(found) == 1:
        return found[0]
    worst = next(v for v in _WORST_FIRST if any(one.verdict is v for one in found))
    name, first = next((name, one) for name, one in groups.items() if one.verdict is worst)
    n = sum(one.verdict is worst for one in found)
    if worst is Verdict.AGREES:
        reason = f"this holds under each of the {n} conditions"
    else:
        share = f"under {n} of {len(found)} conditions"
        reason = f"this holds {share}; given {name}, {first.reason}"
    findings = {finding.remedy: finding for one in found for finding in one.findings}
    costs = [one.cost for one in found if one.cost is not None]
    cost = None
    if costs:
        cost = dataclasses.replace(
            costs[0],
            laser_time_ns=sum(one.laser_time_ns for one in costs),
            energy_pj=sum(one.energy_pj for one in costs),
            independent_draws=sum(np.nan_to_num(one.independent_draws) for one in costs),
        )
    return GroupCertificate(
        verdict=worst,
        reason=reason,
        remedies=first.remedies,
        findings=tuple(findings.values()),
        cost=cost,
        law=first.law,
        groups=dict(groups),
    )


def certificate_of_one(
    samples: Samples,
    machine: BoltzmannMachine,
    held: NDArray[np.int8],
    sampler: Sampler | None = None,
    names: Sequence[str] = (),
    n_groups: int = 1,
) -> Certificate:
    """Judge chains that are all held in one way.

    Parameters
    ----------
    samples, machine, sampler, names
        As for `certificate`.
    held : ndarray of int8, shape (unit,)
        -1 for a free unit, 0 or 1 for a clamped one.
    n_groups : int
        Number of groups into which all draws are divided: a reference takes its part of the time.
    """
    conditioned, units = machine.conditioned(held)
    states = _looked_at(samples.states, units)
    mixing = judged_mixing(conditioned, states, units, samples.seed)
    consistency = conditional_consistency(conditioned, states, np.arange(units.size))
    consistency = consistency.renamed(units)
    exact = moments = beside = None
    lasers = _lasers_of(sampler)
    if units.size <= MAX_ENUMERATED_UNITS:
        target = exact_distribution(conditioned)
        exact = exact_law(target, states)
        moments = moments_beside(conditioned, states, mixing, enumerated(conditioned, target))
        if lasers is not None:
            beside = gibbs_beside(conditioned, states, units, samples.seed)
    elif n_groups == 1 or mixing.has_mixed:  # what did not mix is judged without one
        reference, beside = reference_of(conditioned, units, samples.seed, UPDATES // n_groups)
        if reference is not None:
            moments = moments_beside(conditioned, states, mixing, reference)
    verdict, reason = judged(states, mixing, consistency, exact, moments, names)
    findings, cost = about_lasers(sampler, machine, samples.states, units, names, mixing.worst_ess)
    return Certificate(
        verdict=verdict,
        reason=reason,
        remedies=_remedies(verdict, lasers, mixing, beside),
        findings=findings,
        cost=cost,
        mixing=mixing,
        consistency=consistency,
        exact=exact,
        moments=moments,
        reference_mixing=beside,
        names=tuple(names),
    )


def about_lasers(
    sampler: Sampler | None,
    machine: BoltzmannMachine,
    states: NDArray[np.int8],
    units: NDArray[np.intp],
    names: Sequence[str],
    independent_draws: float,
) -> tuple[tuple[Finding, ...], Cost | None]:
    """Give findings on lasers and the cost of their draws; nothing for other samplers.

    Parameters
    ----------
    sampler, machine, names
        As for `certificate`.
    states : ndarray of int8, shape (chain, draw, unit)
        Numbers of the free units.
    units : ndarray of int, shape (free unit,)
        Which units were free.
    independent_draws : float
        Effective number of draws [1].
    """
    lasers = _lasers_of(sampler)
    if lasers is None:
        return (), None
    return (
        findings_of(lasers, machine, states, units, names),
        cost_of(lasers, machine, states, units, independent_draws),
    )


def _looked_at(states: NDArray[np.int8], units: NDArray[np.intp]) -> NDArray[np.int8]:
    """Draws of the free units, thinned evenly if there are very many."""
    n_chains, n_draws, _ = states.shape
    every = 1
    if units.size > MAX_ENUMERATED_UNITS:
        every = -(-n_chains * n_draws * units.size // _MOST_VALUES)
        every = max(1, min(every, n_draws // _FEWEST_DRAWS))
    return np.ascontiguousarray(states[:, ::every][:, :, units])


def _lasers_of(sampler: Sampler | None) -> Lasers | None:
    """The lasers that draw, or for which a renewal sampler stands."""
    from lasersampling.sampling.neurons.sampler import Lasers
    from lasersampling.sampling.spread import alone

    inner = alone(sampler)
    inner = getattr(inner, "lasers", inner)
    return inner if isinstance(inner, Lasers) else None


def _remedies(
    verdict: Verdict, lasers: Lasers | None, mixing: Mixing, beside: Mixing | None
) -> tuple[str, ...]:
    """Remedies, the most promising first, without those that were applied already."""
    if verdict is Verdict.AGREES:
        return ()
    if verdict is Verdict.UNKNOWN:
        return ("sample longer, with more chains",)
    adapt = () if lasers is None or lasers.lines is not None else (_ADAPT,)
    if verdict is Verdict.UNMIXED:
        tempered = lasers is not None and (lasers.tempering or lasers.depression)
        cross = () if tempered else (_TEMPER,)
        if lasers is not None and beside is not None and beside.has_mixed:
            # Lasers that obey the machine's law would cross where Gibbs sampling does.
            return (*adapt, _IN_THE_LOOP, *cross, _LONGER, _SMALLER)
        if mixing.frozen.size or mixing.missed_weight > LEAST_WEIGHT:
            return (*cross, _SMALLER, _LONGER)  # chains that never cross need far more time
        return (_LONGER, *cross, _SMALLER)
    if lasers is None:
        return (_LONGER, _SMALLER)
    return (*adapt, _IN_THE_LOOP, _SMALLER, _OTHER_DEVICE)


def _condition(held: NDArray[np.int8], names: Sequence[str]) -> str:
    """Write how units are held, as "alarm=1, 3=0"; of many units the first that are 1."""
    clamped = np.flatnonzero(held != FREE)
    if not clamped.size:
        return "nothing"
    ones, zeros = clamped[held[clamped] == 1], clamped[held[clamped] == 0]
    if clamped.size > _MOST_NAMED_UNITS:
        if ones.size > _MOST_NAMED_UNITS:
            return f"{ones.size} units at 1 and {zeros.size} at 0"
        shown = ", ".join(f"{_named(unit, names)}=1" for unit in ones)
        others = f"{zeros.size} others at 0" if ones.size else f"{zeros.size} units at 0"
        return f"{shown} and {others}" if ones.size else others
    return ", ".join(f"{_named(unit, names)}={held[unit]}" for unit in clamped)


def _named(unit: int | np.intp, names: Sequence[str]) -> str:
    return names[int(unit)] if names else str(int(unit))
