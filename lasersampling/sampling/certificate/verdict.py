"""The rule that makes one verdict of the parts of a certificate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from lasersampling.sampling.certificate.consistency import (
    LARGEST_ERROR_OF_TEMPERATURE,
    Consistency,
)
from lasersampling.sampling.certificate.law import TOLERATED_NATS, ExactLaw, Moments
from lasersampling.sampling.certificate.mixing import (
    LARGEST_R_HAT,
    LEAST_ESS,
    LEAST_WEIGHT,
    Mixing,
)
from lasersampling.sampling.certificate.naming import listed, named

TOLERATED_MEAN = 0.01
"""Largest difference of a mean, beyond what chance explains, that still counts as agreement."""

_SIGNIFICANT, _RESOLVED = float(norm.isf(0.01)), float(norm.isf(0.05))
"""Number of standard errors beyond which a bias is certain; a smaller one could be chance."""


class Verdict(StrEnum):
    """Possible verdicts on a sample."""

    AGREES = "agrees within its error"
    BIASED = "biased"
    UNMIXED = "does not mix"
    UNKNOWN = "cannot be judged"


def judged(
    states: NDArray[np.int8],
    mixing: Mixing,
    consistency: Consistency | None,
    exact: ExactLaw | None,
    moments: Moments | None,
    names: Sequence[str] = (),
) -> tuple[Verdict, str]:
    """Combine the parts of a certificate into a verdict.

    Parameters
    ----------
    states : ndarray of int8, shape (chain, draw, free unit)
        Draws.
    mixing, consistency, exact, moments
        Parts of the certificate.
    names : sequence of str
        Names of all units of the machine; numbers if empty.

    Returns
    -------
    Verdict
        The verdict.
    str
        The reason.
    """
    return too_little(states) or _judged(mixing, consistency, exact, moments, names)


def too_little(states: NDArray[np.int8]) -> tuple[Verdict, str] | None:
    """Say why draws, shape (chain, draw, unit), cannot be judged in any case, if so."""
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
    mixing: Mixing,
    consistency: Consistency | None,
    exact: ExactLaw | None,
    moments: Moments | None,
    names: Sequence[str],
) -> tuple[Verdict, str]:
    unmixed = why_unmixed(mixing, names)
    if unmixed:
        return Verdict.UNMIXED, unmixed
    if mixing.worst_ess < LEAST_ESS:
        few = f"all draws together are worth {mixing.worst_ess:.0f} independent ones"
        return Verdict.UNKNOWN, f"{few}, and at least {LEAST_ESS:.0f} are needed"
    if exact is not None:
        found = _judged_exactly(exact, consistency)
        if found[0] is not Verdict.UNKNOWN or consistency is None or not exact.is_coarse:
            return found
        by_parts = _judged_by_parts(consistency, moments, names)
        # A histogram that is too coarse to prove a bias may still speak against its absence, for
        # instance if modes of different weight have the same means and energy.
        return found if by_parts[0] is Verdict.AGREES and exact.is_suspicious else by_parts
    assert consistency is not None  # only targets, with 20 units at most, have none
    return _judged_by_parts(consistency, moments, names)


def why_unmixed(mixing: Mixing, names: Sequence[str] = ()) -> str:
    """Say why chains do not mix; empty if they do."""
    if mixing.frozen.size:
        has = "have" if mixing.frozen.size > 1 else "has"
        return (
            f"{listed(mixing.frozen, names)} never changed within any chain, but stood at "
            f"different values in different chains or {has} a field that should let them change"
        )
    if mixing.missed_weight > LEAST_WEIGHT:
        share = f"an estimated {100 * mixing.missed_weight:.0f} % of the law"
        return f"no chain visited a mode that should have {share}"
    if mixing.worst_r_hat > LARGEST_R_HAT:
        where = named(mixing.worst_unit, names)
        if not np.nanmax(np.append(mixing.r_hat, 0.0)) > LARGEST_R_HAT:
            where = "the energy"
        return (
            f"chains that started apart disagree, R-hat {mixing.worst_r_hat:.2f} of {where} "
            f"(at most {LARGEST_R_HAT})"
        )
    return ""


def _judged_exactly(exact: ExactLaw, consistency: Consistency | None) -> tuple[Verdict, str]:
    if not math.isfinite(exact.joint_ess):
        if exact.divergence_nats <= TOLERATED_NATS:
            return Verdict.AGREES, "the machine has one state of any weight, and it was drawn"
        return (
            Verdict.BIASED,
            f"one single state was drawn, D_KL {exact.divergence_nats:.3g} nats from the exact law",
        )
    measured = (
        f"D_KL from the exact law is {exact.divergence_nats:.2g} nats; as many exact draws show "
        f"{exact.floor_nats:.2g} on average and more than {exact.floor_95_nats:.2g} in 1 run of 20"
    )
    if exact.agrees:
        if exact.divergence_nats > exact.floor_95_nats:
            bias = f"{exact.corrected_nats:.2g} nats"
            measured += f"; the bias of {bias} is below the tolerance of {TOLERATED_NATS:g}"
        return Verdict.AGREES, measured
    if exact.differs:
        if consistency is not None:
            measured += f"; {_temperature(consistency)}"
        return Verdict.BIASED, measured
    return Verdict.UNKNOWN, f"{measured}; {_too_few(exact.shortfall)}"


def _judged_by_parts(
    consistency: Consistency, moments: Moments | None, names: Sequence[str]
) -> tuple[Verdict, str]:
    bias, error = consistency.divergence_nats, consistency.divergence_nats_se
    if bias > TOLERATED_NATS and bias > _SIGNIFICANT * error:
        worst = consistency.worst()
        those = ", ".join(f"{named(unit, names)} by {shift:+.2f}" for unit, shift, _ in worst)
        those = f" ({those})" if those else ""
        return (
            Verdict.BIASED,
            f"the log odds of units given their neighbours are not the machine's{those}; "
            f"{_temperature(consistency)}",
        )
    if moments is None:
        return (
            Verdict.UNKNOWN,
            "the log odds of units given their neighbours are right, but no digital reference "
            "mixes, so the weights of the modes are unknown",
        )
    beside = moments.reference.method
    if moments.differs(TOLERATED_MEAN):
        place, difference, error = moments.largest()
        return (
            Verdict.BIASED,
            f"the mean of {named(int(consistency.units[place]), names)} is off by "
            f"{difference:+.3f} ± {error:.3f} from {beside}; {_temperature(consistency)}",
        )
    if moments.energy_differs(TOLERATED_NATS):
        difference, error = moments.energy_difference, moments.energy_difference_se
        return (
            Verdict.BIASED,
            f"the mean energy is off by {difference:+.3f} ± {error:.3f} nats from {beside}; "
            f"{_temperature(consistency)}",
        )
    least = max(moments.resolution_nats, _RESOLVED * consistency.divergence_nats_se)
    if bias > TOLERATED_NATS or least > TOLERATED_NATS:
        few = _too_few(least / TOLERATED_NATS)
        return Verdict.UNKNOWN, f"nothing speaks against them, but {few}"
    return (
        Verdict.AGREES,
        "the log odds of units given their neighbours are right, and no mean, nor the energy, is "
        f"off from {beside} by more than is tolerated and chance explains",
    )


def _too_few(times: float) -> str:
    """Say that draws are too few, and how many times as many are needed."""
    needed = max(2, math.ceil(min(times, 1e12)))
    return (
        f"they are too few to show a bias of {TOLERATED_NATS:g} nats: {needed:,} times as many "
        "might do"
    )


def _temperature(consistency: Consistency) -> str:
    beta, error = consistency.inverse_temperature, consistency.inverse_temperature_se
    if not error < LARGEST_ERROR_OF_TEMPERATURE:
        return "the inverse temperature of the draws is unknown"
    return f"the draws have an inverse temperature of {beta:.3f} ± {error:.3f}"
