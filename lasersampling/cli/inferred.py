"""Report of ``lasersampling infer``: posteriors as a table, and as values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.cli.tables import metrics_table, metrics_values, rows_table
from lasersampling.results.records import adaptation_values, posterior_metrics

if TYPE_CHECKING:
    from rich.console import Group

    from lasersampling.sampling.adapting import Adapted
    from lasersampling.sampling.evidence import Evidence
    from lasersampling.sampling.posterior import Posterior, TruthKind

_MAX_SHOWN = 8

_COLUMN: dict[TruthKind, str] = {
    "network": "exact",
    "target": "exact, of the target",
    "machine": "exact, of the ideal machine",
}
_ABOUT: dict[TruthKind, str] = {
    "network": "by the tables of the network",
    "target": "of the distribution that the machine was to learn",
    "machine": "of the machine on an ideal device",
}


@dataclass(frozen=True)
class Told:
    """Posteriors, and what is reported with them.

    Attributes
    ----------
    posteriors : mapping of str to Posterior
        Posteriors of the listed units, by the name of the sampler.
    names : tuple of str
        Names of these units.
    remarks : tuple of str
        Sentences about the exact posterior and the lasers.
    adaptations : sequence of Adapted
        The adaptation of the lasers, to each case or to all; empty if there are no lasers.
    """

    posteriors: Mapping[str, Posterior]
    names: tuple[str, ...]
    remarks: tuple[str, ...]
    adaptations: Sequence[Adapted]

    @property
    def _first(self) -> Posterior:
        return next(iter(self.posteriors.values()))

    def values(self) -> dict[str, Any]:
        """Give everything as values for JSON."""
        first = self._first
        return {
            "units": list(self.names),
            "clamped": first.evidence.clamped.tolist(),
            "log_odds": first.evidence.log_odds.tolist(),
            "exact": first.exact.tolist(),
            "exact_of": first.exact_of,
            "exact_reason": self._reason(),
            "remarks": list(self.remarks),
            "adaptation": adaptation_values(self.adaptations) if self.adaptations else None,
            "samplers": {
                name: {
                    "mean": found.mean.tolist(),
                    "standard_error": found.standard_error.tolist(),
                    "never_changed": [
                        {"case": case, "unit": self.names[unit]}
                        for case, unit in found.never_changed.tolist()
                    ],
                }
                for name, found in self.posteriors.items()
            },
            "metrics": metrics_values(
                {
                    f"{metric}_{name}": found
                    for name, posterior in self.posteriors.items()
                    for metric, found in posterior_metrics(posterior).items()
                }
            ),
        }

    def table(self) -> Group:
        """Give the first cases as a table, with the figures of merit of all cases."""
        from rich.console import Group
        from rich.text import Text

        from lasersampling.sampling.adapting_cases import summary

        first, names = self._first, self.names
        evidence = first.evidence
        rows = []
        for case, unit in np.argwhere(evidence.clamped[:_MAX_SHOWN] == FREE):
            sampled = (_with_error(found, case, unit) for found in self.posteriors.values())
            exact = first.exact[case, unit]
            shown = "unknown" if np.isnan(exact) else f"{exact:.4f}"
            rows.append((evidence_text(evidence, int(case), names), names[unit], *sampled, shown))
        shown_cases = min(evidence.n_cases, _MAX_SHOWN)
        title = f"P(z = 1 | evidence), {shown_cases} of {evidence.n_cases} cases"
        metrics = {
            f"{metric}, {name}": found
            for name, posterior in self.posteriors.items()
            for metric, found in posterior_metrics(posterior).items()
        }
        columns = ("evidence", "unit", *self.posteriors, _COLUMN[first.exact_of])
        about = [f"Exact: the posterior {_ABOUT[first.exact_of]}.", *self.remarks]
        if reason := self._reason():
            about.append(f"Unknown: {reason}.")
        if self.adaptations:
            about.append(summary(self.adaptations))
        return Group(
            rows_table(title, columns, rows),
            *([metrics_table("all cases", metrics)] if metrics else []),
            *(Text(sentence) for sentence in about),
        )

    def _reason(self) -> str | None:
        """Say why exact probabilities are missing, if some are."""
        first = self._first
        missing = first.is_free & np.isnan(first.exact)
        if not missing.any():
            return None
        if first.exact_of != "target":
            return f"more than {MAX_ENUMERATED_UNITS} free units are not enumerated"
        is_known = first.is_known.any(axis=1)
        reasons = []
        if missing[is_known].any():
            reasons.append("a target does not contain hidden units")
        if not is_known.all():
            reasons.append("the target never shows the evidence of some cases")
        return "; ".join(reasons)


def _with_error(found: Posterior, case: int, unit: int) -> str:
    """Write a sampled probability; for a unit that never changed its error is unknown."""
    mean, error = found.mean[case, unit], found.standard_error[case, unit]
    return f"{mean:.4f}, never changed" if error != error else f"{mean:.4f} ± {error:.4f}"


def evidence_text(evidence: Evidence, case: int, names: tuple[str, ...]) -> str:
    """Write the evidence of a case as it is given on the command line."""
    held, odds = evidence.clamped[case], evidence.log_odds[case]
    parts = [f"{name}={value}" for name, value in zip(names, held, strict=True) if value != FREE]
    parts += [
        f"{name}={1 / (1 + math.exp(-value)):.3g}"
        for name, value in zip(names, odds, strict=True)
        if value
    ]
    return ", ".join(parts) or "none"
