"""Means over the seeds of a sweep, with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lasersampling.results import Metric
from lasersampling.sweeps.outcome import Outcome


@dataclass(frozen=True)
class Average:
    """What was found with a combination of values.

    Attributes
    ----------
    values : tuple of str
        A value of each key.
    metrics : mapping of str to Metric
        Means over the seeds. The standard error is that of the mean, from the scatter over seeds;
        for one seed, it is that of its measurement.
    n_seeds : int
        Number of seeds that have results.
    n_failed : int
        Number of seeds that failed.
    """

    values: tuple[str, ...]
    metrics: Mapping[str, Metric]
    n_seeds: int
    n_failed: int


def averages_of(outcomes: Iterable[Outcome]) -> list[Average]:
    """Average over seeds.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Outcomes of pieces.

    Returns
    -------
    list of Average
        In the order in which combinations come first.

    Examples
    --------
    >>> from lasersampling.sweeps.grid import Cell
    >>> made = [
    ...     Outcome(Cell(("2",), seed), "", {"error": Metric(value, None, "1", "an error")})
    ...     for seed, value in enumerate([0.1, 0.3])
    ... ]
    >>> mean = averages_of(made)[0].metrics["error"]
    >>> round(mean.value, 6), round(mean.standard_error, 6)
    (0.2, 0.1)
    """
    own: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda one: one.cell.seed):
        own.setdefault(outcome.cell.values, []).append(outcome)
    averages = []
    for values, pieces in own.items():
        done = [piece for piece in pieces if piece.failure is None]
        names = dict.fromkeys(name for piece in done for name in piece.metrics)
        metrics = {
            name: _mean([piece.metrics[name] for piece in done if name in piece.metrics])
            for name in names
        }
        averages.append(Average(values, metrics, len(done), len(pieces) - len(done)))
    return averages


def _mean(found: Sequence[Metric]) -> Metric:
    """Mean of a figure of merit over seeds."""
    if len(found) == 1:
        return found[0]
    first, values = found[0], np.array([metric.value for metric in found])
    finite = np.isfinite(values)
    if finite.all():
        error = float(values.std(ddof=1)) / math.sqrt(len(values))
        return Metric(float(values.mean()), error, first.units, first.description)
    why = list(dict.fromkeys(metric.reason for metric in found if metric.reason))
    unknown = int(np.isnan(values).sum())
    kind = f"unknown for {unknown}" if unknown else f"infinite for {int((~finite).sum())}"
    reason = f"{kind} of {len(values)} seeds" + (f": {'; '.join(why)}" if why else "")
    # The sum of an infinite value and of its opposite is not known.
    with np.errstate(invalid="ignore"):
        mean = math.nan if unknown else float(values.sum())
    return Metric(mean, None, first.units, first.description, reason=reason)
