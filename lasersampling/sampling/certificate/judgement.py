"""Certificates as values: findings in words, as rows of a table, and as plain fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lasersampling.sampling.certificate.consistency import (
    LARGEST_ERROR_OF_TEMPERATURE,
    Consistency,
)
from lasersampling.sampling.certificate.cost import Cost
from lasersampling.sampling.certificate.findings import Finding
from lasersampling.sampling.certificate.law import TOLERATED_NATS, ExactLaw, Moments
from lasersampling.sampling.certificate.mixing import Mixing
from lasersampling.sampling.certificate.naming import listed, named
from lasersampling.sampling.certificate.verdict import Verdict, why_unmixed

Row = tuple[str, str, str]
"""Aspect (law, mixing or device), quantity, and finding."""

_AS_SENTENCE = {
    Verdict.AGREES: "agree with {law} within their error",
    Verdict.BIASED: "are biased",
    Verdict.UNMIXED: "do not mix",
    Verdict.UNKNOWN: "cannot be judged",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgement:
    """Judgement of draws, made under one condition or under several.

    Attributes
    ----------
    verdict : Verdict
        The verdict in one phrase.
    reason : str
        The reason, in one sentence with the numbers.
    remedies : tuple of str
        What to do; empty if nothing is wrong.
    findings : tuple of Finding
        Findings on the device.
    cost : Cost or None
        Cost of the draws, for lasers.
    law : str
        The law with which draws are compared, "the machine" or "the target".
    """

    verdict: Verdict
    reason: str
    remedies: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    cost: Cost | None = None
    law: str = "the machine"

    @property
    def holds(self) -> bool:
        """Whether the verdict is that the draws agree with the law within their error."""
        return self.verdict is Verdict.AGREES

    def __str__(self) -> str:
        """One or two sentences: the verdict with its reason, and what to do."""
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """Give the verdict with its reason, what to do, and the findings on the device.

        Findings that would only explain a bias are left out if there is none.
        """
        verdict = f"The draws {_AS_SENTENCE[self.verdict].format(law=self.law)}: {self.reason}."
        lines = [verdict]
        if self.remedies:
            lines.append("What to do: " + "; or ".join(self.remedies) + ".")
        told = (found for found in self.findings if not (self.holds and found.explains))
        return [*lines, *(f"{found.what} {found.remedy}" for found in told)]

    def rows(self) -> list[Row]:
        """Give the findings as rows of a table."""
        return _cost_rows(self.cost)

    def values(self) -> dict[str, Any]:
        """Give the findings as plain values; unknown ones are None."""
        return {
            "verdict": str(self.verdict),
            "holds": self.holds,
            "reason": self.reason,
            "remedies": list(self.remedies),
            "findings": [
                {"what": found.what, "remedy": found.remedy, "units": list(found.units)}
                for found in self.findings
            ],
            "cost": _cost_values(self.cost),
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Certificate(Judgement):
    """Whether draws under one condition can be trusted.

    Attributes
    ----------
    mixing : Mixing
        Mixing of the chains.
    consistency : Consistency or None
        Conditional log odds of the draws compared with those of the machine; None if the law is a
        target and not a machine.
    exact : ExactLaw or None
        Comparison with the exact law, for up to 20 free units.
    moments : Moments or None
        Comparison with a digital reference for more units, if the reference mixes.
    reference_mixing : Mixing or None
        Mixing of plain Gibbs sampling, judged by the same rule, if it was sampled.
    names : tuple of str
        Names of all units; empty if they have none.
    """

    mixing: Mixing
    consistency: Consistency | None = None
    exact: ExactLaw | None = None
    moments: Moments | None = None
    reference_mixing: Mixing | None = None
    names: tuple[str, ...] = ()

    def rows(self) -> list[Row]:
        """Give the findings as rows of a table: law, mixing, device."""
        return [*self._law_rows(), *self._mixing_rows(), *super().rows()]

    def values(self) -> dict[str, Any]:
        """Give the findings as plain values; unknown ones are None."""
        mixing = self.mixing
        found = super().values() | {
            "r_hat": mixing.worst_r_hat,
            "ess": mixing.worst_ess,
            "energy_r_hat": mixing.energy_r_hat,
            "energy_ess": mixing.energy_ess,
            "frozen": [self._name(unit) for unit in mixing.frozen],
            "held_by_field": [self._name(unit) for unit in mixing.held_by_field],
            "missed_weight": mixing.missed_weight,
            "n_minima": None if mixing.basins is None else len(mixing.basins.minima),
        }
        if self.exact is not None:
            found |= {
                "kl_nats": self.exact.divergence_nats,
                "kl_se_nats": self.exact.error_nats if mixing.has_mixed else None,
                "kl_floor_nats": self.exact.floor_nats if mixing.has_mixed else None,
                "kl_floor_95_nats": self.exact.floor_95_nats if mixing.has_mixed else None,
            }
        if self.consistency is not None:
            known = self.consistency.inverse_temperature_se < LARGEST_ERROR_OF_TEMPERATURE
            beta, error = (
                self.consistency.inverse_temperature,
                self.consistency.inverse_temperature_se,
            )
            found |= {
                "inverse_temperature": beta if known else None,
                "inverse_temperature_se": error if known else None,
                "conditional_nats": self.consistency.divergence_nats,
                "conditional_nats_se": self.consistency.divergence_nats_se,
                "worst_units": [
                    {"unit": self._name(unit), "shift": shift, "standard_error": error}
                    for unit, shift, error in self.consistency.worst()
                ],
            }
        if self.reference_mixing is not None:
            found |= {
                "gibbs_mixes": self.reference_mixing.has_mixed,
                "gibbs_r_hat": self.reference_mixing.worst_r_hat,
            }
        if self.moments is not None:
            _, difference, error = self.moments.largest()
            found |= {
                "reference": self.moments.reference.method,
                "largest_mean_difference": difference,
                "largest_mean_difference_se": error,
                "energy_difference_nats": self.moments.energy_difference,
                "energy_difference_se_nats": self.moments.energy_difference_se,
            }
        return {key: _known(value) for key, value in found.items()}

    def _name(self, unit: int) -> str | int:
        return self.names[unit] if self.names else int(unit)

    def _law_rows(self) -> list[Row]:
        rows: list[Row] = []
        exact, moments, consistency = self.exact, self.moments, self.consistency
        what = f"D_KL from {self.law}, nats"
        if not self.mixing.has_mixed:
            told = "no error can be given, since the chains did not mix"
            if exact is not None and math.isfinite(exact.divergence_nats):
                told = f"{exact.divergence_nats:.3g}; {told}"
            rows.append(("law", what if exact is not None else "means", told))
        elif exact is not None:
            rows.append(("law", what, _divergence(exact)))
        elif moments is not None:
            place, difference, error = moments.largest()
            where = named(int(self.mixing.units[place]), self.names)
            beside = moments.reference.method
            rows += [
                (
                    "law",
                    f"largest difference of a mean from {beside}",
                    f"{difference:+.3f} ± {error:.3f} ({where})",
                ),
                (
                    "law",
                    f"energy minus that of {beside}, nats",
                    f"{moments.energy_difference:+.3f} ± {moments.energy_difference_se:.3f}",
                ),
            ]
        else:
            rows.append(("law", "means", "no reference: no digital sampler mixes either"))
        if consistency is not None:
            beta, error = consistency.inverse_temperature, consistency.inverse_temperature_se
            known = error < LARGEST_ERROR_OF_TEMPERATURE
            told = f"{beta:.3f} ± {error:.3f}" if known else "unknown: no field varies enough"
            rows.append(("law", "inverse temperature", told))
            worst = ", ".join(
                f"{named(unit, self.names)} {shift:+.2f} ± {error:.2f}"
                for unit, shift, error in consistency.worst()
            )
            rows.append(("law", "log odds given the field", worst or "no unit off beyond error"))
        return rows

    def _mixing_rows(self) -> list[Row]:
        mixing = self.mixing
        rows = [
            ("mixing", "R-hat, worst unit or energy", self._r_hat(mixing)),
            ("mixing", "fewest independent draws", _count(mixing.worst_ess)),
        ]
        if mixing.frozen.size:
            rows.append(("mixing", "never changed", listed(mixing.frozen, self.names)))
        if mixing.held_by_field.size:
            held = listed(mixing.held_by_field, self.names)
            rows.append(("mixing", "constant since their fields hold them", held))
        if mixing.basins is not None:
            n = len(mixing.basins.minima)
            missed = (
                f"; {100 * mixing.missed_weight:.0f} % of the law in some that no chain visited"
                if mixing.missed_weight > 0.005
                else ""
            )
            rows.append(("mixing", "minima of the energy", f"{n}{missed}"))
        beside = self.reference_mixing
        if beside is not None:
            if beside.has_mixed:
                told = f"{'mixes' if mixing.has_mixed else 'does mix'}, R-hat {self._r_hat(beside)}"
            elif why := why_unmixed(beside, self.names):
                told = f"does not mix{'' if mixing.has_mixed else ' either'}: {why}"
            else:
                told = self._r_hat(beside)
            rows.append(("mixing", "Gibbs sampling, compared", told))
        return rows

    def _r_hat(self, mixing: Mixing) -> str:
        worst = mixing.worst_r_hat
        if math.isnan(worst):
            return "unknown: " + ("a single chain" if mixing.n_chains < 2 else "nothing changes")
        if math.isinf(worst):
            return "no number: a unit never changed"
        return f"{worst:.3f}"


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupCertificate(Judgement):
    """Whether draws can be trusted whose chains were held in several ways.

    Attributes
    ----------
    groups : mapping of str to Certificate
        Certificates of the chains that were held in one way, by the values of the held units.
    """

    groups: Mapping[str, Certificate]

    def rows(self) -> list[Row]:
        """Give one row for each way of holding units, then the device."""
        rows = [
            (
                "given",
                name,
                f"{found.verdict}; R-hat {found._r_hat(found.mixing)}, "
                f"{_count(found.mixing.worst_ess)} independent draws",
            )
            for name, found in self.groups.items()
        ]
        return rows + super().rows()

    def values(self) -> dict[str, Any]:
        """Give the findings as plain values; unknown ones are None."""
        return super().values() | {
            "groups": {name: found.values() for name, found in self.groups.items()}
        }

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """Ways of holding units, by verdict."""
        verdicts = [found.verdict for found in self.groups.values()]
        return {verdict: verdicts.count(verdict) for verdict in Verdict if verdict in verdicts}


def _divergence(exact: ExactLaw) -> str:
    value = f"{exact.divergence_nats:.3g}"
    if not math.isfinite(exact.divergence_nats):
        return "infinite: a state was drawn that should never occur"
    if math.isfinite(exact.error_nats) and exact.error_nats > 0:
        value += f" ± {exact.error_nats:.2g}"
    if not math.isfinite(exact.joint_ess):
        return f"{value}; its error is unknown, as one single state was drawn"
    verdict = "within chance" + ", but too few draws to tell much" * exact.is_coarse
    if exact.excess_nats > 0:
        within = exact.corrected_nats <= TOLERATED_NATS
        verdict = f"beyond its mean by {'less' if within else 'more'} than {TOLERATED_NATS:g}"
    return (
        f"{value}; exact draws {exact.floor_nats:.2g}, 1 run in 20 over "
        f"{exact.floor_95_nats:.2g}: {verdict}"
    )


def _cost_rows(cost: Cost | None) -> list[Row]:
    if cost is None:
        return []
    if not cost.is_known:
        return [("device", "laser time", f"{cost.laser_time_ns:,.0f} ns, no independent draw")]
    return [
        (
            "device",
            "per independent draw",
            f"{cost.ns_per_sample:.3g} ns of laser time, {cost.pj_per_sample:.3g} pJ",
        )
    ]


def _cost_values(cost: Cost | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    return {
        "laser_time_ns": cost.laser_time_ns,
        "energy_pj": cost.energy_pj,
        "ns_per_independent_draw": cost.ns_per_sample if cost.is_known else None,
        "pj_per_independent_draw": cost.pj_per_sample if cost.is_known else None,
    }


def _count(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:,.0f}"


def _known(value: Any) -> Any:
    """Give None for numbers that are nan or infinite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
