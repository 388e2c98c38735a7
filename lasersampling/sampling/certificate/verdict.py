"""The certificate of a sample: may its draws be trusted, why not, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import clamped_chains
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.errors import InputError
from lasersampling.sampling.certificate.consistency import Consistency, conditional_consistency
from lasersampling.sampling.certificate.findings import Finding
from lasersampling.sampling.certificate.law import ExactLaw, Moments, exact_law, moments_beside
from lasersampling.sampling.certificate.mixing import (
    LARGEST_R_HAT,
    LEAST_ESS,
    LEAST_WEIGHT,
    Mixing,
    judged_mixing,
)
from lasersampling.sampling.certificate.reference import reference_of
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics.chains import MIN_DRAWS

TOLERATED_NATS = 0.01
"""D_KL beyond what chance explains that is still called agreement."""

TOLERATED_MEAN = 0.01
"""The same of the mean of a unit, where there is nothing but a sampled reference."""

WIDEST_FLOOR_NATS = 0.1
"""An ideal sampler of this D_KL has so few draws that agreement with it says little."""


class Verdict(StrEnum):
    """What can be said of a sample."""

    AGREES = "agrees within its error"
    BIASED = "biased"
    UNMIXED = "does not mix"
    UNKNOWN = "cannot be judged"


@dataclass(frozen=True, eq=False)
class Certificate:
    """Whether draws can be trusted.

    Attributes
    ----------
    verdict : Verdict
        In one phrase.
    reason : str
        Why, in one sentence with the numbers.
    remedies : tuple of str
        What to do; none when nothing is wrong.
    consistency : Consistency
        Conditional log odds of the draws beside those of the machine.
    mixing : Mixing
        Of the chains.
    exact : ExactLaw or None
        Up to 20 free units.
    moments : Moments or None
        Beyond, where a digital reference mixes.
    reference_mixing : Mixing or None
        Of plain Gibbs sampling, judged by the same rule, where it was asked.
    findings : tuple of Finding
        About the device.
    """

    verdict: Verdict
    reason: str
    remedies: tuple[str, ...]
    consistency: Consistency
    mixing: Mixing
    exact: ExactLaw | None
    moments: Moments | None
    reference_mixing: Mixing | None
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether the verdict is that the draws agree with the machine."""
        return self.verdict is Verdict.AGREES

    def __str__(self) -> str:
        """One or two sentences: the verdict with its reason, and what to do."""
        lines = [f"The draws {_AS_SENTENCE[self.verdict]}: {self.reason}."]
        if self.remedies:
            lines.append("What to do: " + "; or ".join(self.remedies) + ".")
        lines += [f"{finding.what} {finding.remedy}" for finding in self.findings]
        return "\n".join(lines)


_AS_SENTENCE = {
    Verdict.AGREES: "agree with the machine within their error",
    Verdict.BIASED: "are biased",
    Verdict.UNMIXED: "do not mix",
    Verdict.UNKNOWN: "cannot be judged",
}

_REMEDIES = {
    Verdict.UNMIXED: (
        "sample longer",
        "let the sampler cross between modes (tempering, or synapses that tire)",
        "make the weights smaller",
    ),
    Verdict.BIASED: (
        "adapt the lasers to the machine",
        "learn with the lasers in the loop",
        "make the weights smaller",
    ),
    Verdict.UNKNOWN: ("sample longer, with more chains",),
}


def certificate(
    samples: Samples,
    machine: BoltzmannMachine,
    clamped: ArrayLike | None = None,
    *,
    findings: Sequence[Finding] = (),
) -> Certificate:
    """Judge whether draws can be trusted.

    Parameters
    ----------
    samples : Samples
        At least four draws per chain.
    machine : BoltzmannMachine
        What should have been sampled.
    clamped : array_like of int, shape (unit,), optional
        -1 for a free unit, 0 or 1 for a clamped one, the same for all chains.
    findings : sequence of Finding
        What is known of the device, `device.findings_of`.

    Returns
    -------
    Certificate

    Raises
    ------
    InputError
        If the samples are not of this machine, are too few, or no unit is free.

    Notes
    -----
    How often this rule errs has not been measured on many machines yet. The rule, in this order.
    One chain, or chains of fewer than 50 effective draws, cannot be judged. Chains *do not mix* if
    R-hat of a unit or of the energy exceeds 1.05, a unit is frozen for no reason that its field
    gives, or a basin of the energy that should have two per cent of the draws was never entered.
    Up to 20 free units the draws *agree* if D_KL from the exact law exceeds what an ideal sampler
    of the same effective size exceeds in one run of
    twenty by no more than 0.01 nats. Beyond, they agree if the conditional log odds do, to
    0.01 nats beyond chance, and the means of all units are those of a digital reference that
    mixes.

    Examples
    --------
    >>> from lasersampling.sampling.gibbs import Gibbs
    >>> machine = BoltzmannMachine.random(4, seed=1)
    >>> found = certificate(Gibbs().sample(machine, 1000, n_chains=8, seed=2), machine)
    >>> str(found.verdict), found.mixing.has_mixed
    ('agrees within its error', True)
    """
    if samples.n_units != machine.n_units:
        expected = f"{machine.n_units}, as the machine has"
        raise InputError.single("samples", f"{samples.n_units} units", expected)
    if samples.n_draws < MIN_DRAWS:
        expected = f"at least {MIN_DRAWS}"
        raise InputError.single("samples", f"{samples.n_draws} draws per chain", expected)
    held = clamped_chains(clamped, machine.n_units, 1)[0]
    conditioned, units = machine.conditioned(held)
    states = np.ascontiguousarray(samples.states[:, :, units])
    mixing = judged_mixing(conditioned, states, units, samples.seed)
    consistency = conditional_consistency(conditioned, states, np.arange(units.size))
    consistency = consistency.renamed(units)
    exact = moments = beside = None
    if units.size <= MAX_ENUMERATED_UNITS:
        exact = exact_law(conditioned, states)
    else:
        reference, beside = reference_of(conditioned, units, samples.seed)
        if reference is not None:
            moments = moments_beside(conditioned, states, mixing, reference)
    verdict, reason = _too_little(states) or _judged(mixing, consistency, exact, moments)
    return Certificate(
        verdict=verdict,
        reason=reason,
        remedies=_REMEDIES.get(verdict, ()),
        consistency=consistency,
        mixing=mixing,
        exact=exact,
        moments=moments,
        reference_mixing=beside,
        findings=tuple(findings),
    )


def _too_little(states: NDArray[np.int8]) -> tuple[Verdict, str] | None:
    """Say why draws cannot be judged whatever they show, if they cannot."""
    n_chains, n_draws, _ = states.shape
    if n_chains < 2:
        return Verdict.UNKNOWN, "a single chain cannot show whether it depends on its start"
    if n_chains * n_draws < LEAST_ESS:
        return (
            Verdict.UNKNOWN,
            f"there are {n_chains * n_draws} draws, and at least {LEAST_ESS:.0f} are needed",
        )
    changing = states[np.any(np.ptp(states, axis=1) > 0, axis=1)]
    if len({chain.tobytes() for chain in changing}) < len(changing):
        return Verdict.UNKNOWN, "several chains show the same draws, as of the same random numbers"
    return None


def _judged(
    mixing: Mixing, consistency: Consistency, exact: ExactLaw | None, moments: Moments | None
) -> tuple[Verdict, str]:
    unmixed = _why_unmixed(mixing)
    if unmixed:
        return Verdict.UNMIXED, unmixed
    if mixing.worst_ess < LEAST_ESS:
        few = f"all draws together are worth {mixing.worst_ess:.0f} independent ones"
        return Verdict.UNKNOWN, f"{few}, and at least {LEAST_ESS:.0f} are needed"
    if exact is not None:
        return _judged_exactly(exact, consistency)
    return _judged_by_parts(consistency, moments)


def _why_unmixed(mixing: Mixing) -> str:
    if mixing.frozen.size:
        stood = "stood" if mixing.frozen.size > 1 else "stands"
        return (
            f"{_listed(mixing.frozen)} never changed within any chain, but {stood} at different "
            "values in different chains or have a field that should let them change"
        )
    if mixing.missed_weight > LEAST_WEIGHT:
        share = f"an estimated {100 * mixing.missed_weight:.0f} % of the law"
        return f"no chain visited a mode that should have {share}"
    if mixing.worst_r_hat > LARGEST_R_HAT:
        where = f"unit {mixing.worst_unit}"
        if not np.nanmax(np.append(mixing.r_hat, 0.0)) > LARGEST_R_HAT:
            where = "the energy"
        return (
            f"chains that started apart disagree, R-hat {mixing.worst_r_hat:.2f} of {where} "
            f"(at most {LARGEST_R_HAT})"
        )
    return ""


def _judged_exactly(exact: ExactLaw, consistency: Consistency) -> tuple[Verdict, str]:
    if not math.isfinite(exact.joint_ess):
        if exact.divergence_nats <= TOLERATED_NATS:
            return Verdict.AGREES, "the machine has one state of any weight, and it was drawn"
        return (
            Verdict.BIASED,
            f"one single state was drawn, D_KL {exact.divergence_nats:.3g} nats from the exact law",
        )
    if exact.floor_95_nats > WIDEST_FLOOR_NATS and exact.excess_nats <= TOLERATED_NATS:
        return (
            Verdict.UNKNOWN,
            f"even {exact.joint_ess:.0f} exact draws, what these are worth, would show a D_KL of "
            f"{exact.floor_nats:.2g} nats",
        )
    measured = (
        f"D_KL from the exact law is {exact.divergence_nats:.2g} nats, where as many exact draws "
        f"show {exact.floor_nats:.2g} and rarely more than {exact.floor_95_nats:.2g}"
    )
    if exact.excess_nats <= TOLERATED_NATS:
        return Verdict.AGREES, measured
    return Verdict.BIASED, f"{measured}; {_temperature(consistency)}"


def _judged_by_parts(consistency: Consistency, moments: Moments | None) -> tuple[Verdict, str]:
    off = consistency.divergence_nats - 2.0 * consistency.divergence_nats_se > TOLERATED_NATS
    if off:
        worst = consistency.worst()
        named = ", ".join(f"unit {unit} by {shift:+.2f}" for unit, shift, _ in worst)
        named = f" ({named})" if named else ""
        return (
            Verdict.BIASED,
            f"the log odds of units given their neighbours are not the machine's{named}; "
            f"{_temperature(consistency)}",
        )
    if moments is None:
        return (
            Verdict.UNKNOWN,
            "the units are right given their neighbours, but no digital reference mixes, so the "
            "weights of the modes are not known",
        )
    if moments.differs(TOLERATED_MEAN):
        place, difference, error = moments.largest()
        return (
            Verdict.BIASED,
            f"the mean of unit {int(consistency.units[place])} is off by {difference:+.3f} ± "
            f"{error:.3f} from {moments.reference.method}; {_temperature(consistency)}",
        )
    return (
        Verdict.AGREES,
        f"the units are right given their neighbours, and their means are those of "
        f"{moments.reference.method}",
    )


def _temperature(consistency: Consistency) -> str:
    beta, error = consistency.inverse_temperature, consistency.inverse_temperature_se
    if not error < 0.5:
        return "its inverse temperature cannot be told"
    return f"it samples at an inverse temperature of {beta:.3f} ± {error:.3f}"


def _listed(units: Any) -> str:
    """Name some units in words."""
    shown = ", ".join(str(int(unit)) for unit in units[:5])
    more = f" and {len(units) - 5} more" if len(units) > 5 else ""
    return f"unit {shown}" if len(units) == 1 else f"units {shown}{more}"
