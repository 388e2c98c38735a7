"""Report of ``lasersampling infer``: posteriors as a table, and as values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.cli.tables import MeasuresTable, metrics_values, rows_table
from lasersampling.results.names import STAGES
from lasersampling.results.numbers import shown, with_error
from lasersampling.results.records import adaptation_values, posterior_metrics
from lasersampling.results.summary import summary_of
from lasersampling.sampling.adapting_cases import summary

if TYPE_CHECKING:
    from rich.console import Group

    from lasersampling.results import Metric
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
            "metrics": metrics_values(self._metrics()),
        }

    def table(self) -> Group:
        """Give the first cases as a table, with the figures of merit of all cases."""
        from rich.console import Group

        first, names = self._first, self.names
        evidence = first.evidence
        n_shown = min(evidence.n_cases, _MAX_SHOWN)
        single = evidence.n_cases == 1
        rows = []
        for case, unit in np.argwhere(evidence.clamped[:n_shown] == FREE):
            given = [] if single else [evidence_text(evidence, int(case), names)]
            sampled = (_with_error(found, case, unit) for found in self.posteriors.values())
            rows.append((*given, names[unit], *sampled, shown(first.exact[case, unit])))
        title = (
            f"P(z = 1 | {evidence_text(evidence, 0, names)})"
            if single
            else f"P(z = 1 | evidence), {n_shown} of {evidence.n_cases} cases"
        )
        given = [] if single else ["evidence"]
        heads = (STAGES.get(name, name) for name in self.posteriors)
        columns = (*given, "unit", *heads, _COLUMN[first.exact_of])
        numbers = range(len(given) + 1, len(columns))
        table = rows_table(title, columns, rows, numbers)
        metrics = self._metrics()
        whole = "all cases" if evidence.n_cases > 1 else "all units"
        measures = MeasuresTable(whole, summary_of(metrics, "infer"))
        return Group(table, *([measures] if metrics else []))

    def sentences(self) -> list[str]:
        """Give the remarks: what is exact, why it may be unknown, what was done to the lasers."""
        about = [f"Exact: the posterior {_ABOUT[self._first.exact_of]}.", *self.remarks]
        if reason := self._reason():
            about.append(f"Unknown: {reason}.")
        if self.adaptations:
            about.append(summary(self.adaptations))
        return about

    def _metrics(self) -> dict[str, Metric]:
        return {
            f"{metric}_{name}": found
            for name, posterior in self.posteriors.items()
            for metric, found in posterior_metrics(posterior).items()
        }

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
    mean, error = float(found.mean[case, unit]), float(found.standard_error[case, unit])
    return f"{shown(mean)}, never changed" if error != error else with_error(mean, error)


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
