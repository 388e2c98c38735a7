"""Figures of merit as a table of words: a column for each sampler or stage, a row a measure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lasersampling.results.contents import Metric, Results
from lasersampling.results.names import (
    ENDINGS,
    SHOWN,
    STAGES,
    Ending,
    Measure,
    at,
    command_of,
    measure_of,
    parsed,
)
from lasersampling.results.numbers import with_error, with_interval


@dataclass(frozen=True)
class Cell:
    """A figure of merit in words.

    Attributes
    ----------
    name : str
        Its name in files.
    text : str
        Value and error, or value and 95 % interval, in the unit of the row.
    why : str or None
        Why the value or its error is not what one expects: infinite, unknown, outside its interval.
    has_interval : bool
        Whether the text holds a 95 % interval.
    """

    name: str
    text: str
    why: str | None
    has_interval: bool


@dataclass(frozen=True)
class Row:
    """A measure, and its figures of merit by the head of the column."""

    measure: Measure
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Summary:
    """Figures of merit of a run.

    Attributes
    ----------
    columns : tuple of str
        Heads of the columns: samplers or stages, in order.
    rows : tuple of Row
        Measures by importance.
    n_hidden : int
        Number of measures that are left out.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    n_hidden: int = 0

    @property
    def has_errors(self) -> bool:
        """Whether a standard error stands in a cell."""
        return any("±" in cell.text for cell in self._cells())

    @property
    def has_intervals(self) -> bool:
        """Whether an interval stands in a cell."""
        return any(cell.has_interval for cell in self._cells())

    @property
    def reasons(self) -> tuple[str, ...]:
        """All different reasons, in the order of the rows."""
        return tuple(dict.fromkeys(cell.why for cell in self._cells() if cell.why))

    def _cells(self) -> Iterator[Cell]:
        for row in self.rows:
            for head in self.columns:
                if head in row.cells:
                    yield row.cells[head]


def summary_of(
    metrics: Mapping[str, Metric],
    command: str = "",
    *,
    whole: bool = True,
    heads: Mapping[str, str] | None = None,
) -> Summary:
    """Put figures of merit into a table of words.

    Parameters
    ----------
    metrics : mapping of str to Metric
        Figures of merit by their names in files.
    command : str
        Command that measured them, which decides on the order; empty for others.
    whole : bool
        Whether to give all measures, not only the five most important ones.
    heads : mapping of str to str, optional
        Words of samplers and stages where they differ from those of the command.

    Returns
    -------
    Summary
        Columns without any figure of merit in the rows that are given are left out.

    Examples
    --------
    >>> found = summary_of(
    ...     {
    ...         "kl_sample_target": Metric(0.0123, 0.0011, "1", "D_KL(sample || target), nats"),
    ...         "kl_sample_target_gibbs": Metric(math.inf, None, "1", "", None, "a state is new"),
    ...     },
    ...     "sample",
    ... )
    >>> found.columns, found.rows[0].measure.title
    (('lasers', 'Gibbs sampling'), 'D_KL(sampled ‖ target) (nats)')
    >>> [(cell.text, cell.why) for cell in found.rows[0].cells.values()]
    [('0.0123 ± 0.0011', None), ('infinite', 'a state is new')]
    """
    ending = ENDINGS.get(command, Ending())
    words = Ending(ending.measures, {**ending.heads, **(heads or {})})
    grid: dict[str, dict[str, str]] = {}
    for name in metrics:
        stem, stage = parsed(name)
        grid.setdefault(stem, {})[stage] = name
    rank = {stem: place for place, stem in enumerate(ending.measures)}
    stems = sorted(grid, key=lambda stem: rank.get(stem, len(rank)))
    # What a command lists is never crowded out, and calibrations in its file are no part of that.
    listed = [stem for stem in stems if stem in rank] or stems
    shown = stems if whole else listed[:SHOWN]
    order = ["", *STAGES]
    stages = list(dict.fromkeys(stage for stem in shown for stage in grid[stem]))
    stages.sort(key=lambda stage: order.index(stage) if stage in order else len(order))
    rows = []
    for stem in shown:
        first = metrics[next(iter(grid[stem].values()))]
        # The description of one of several figures of merit would not fit the others.
        about = first.description if set(grid[stem]) == {""} else ""
        measure = measure_of(stem, first.units, about)
        cells = {
            words.head(stage): _cell(grid[stem][stage], metrics[grid[stem][stage]], measure)
            for stage in stages
            if stage in grid[stem]
        }
        rows.append(Row(measure, cells))
    return Summary(
        tuple(words.head(stage) for stage in stages), tuple(rows), len(stems) - len(shown)
    )


def heads_of(results: Results) -> dict[str, str]:
    """Give the words of columns that only the file knows: its sampler, or values of a sweep.

    Parameters
    ----------
    results : Results
        A results file; none of its arrays need be loaded.
    """
    told = {
        at("", place): str(text)
        for place, text in enumerate(
            np.atleast_1d(results.attributes.get("pieces", {}).get("combinations", []))
        )
    }
    sampler = results.attributes.get("samples", {}).get("sampler")
    if command_of(str(results.attrs.get("command", ""))) == "sample" and isinstance(sampler, str):
        told[""] = STAGES.get(sampler, sampler)
    return told


def _cell(name: str, metric: Metric, measure: Measure) -> Cell:
    value = metric.value * measure.factor
    error = None if metric.standard_error is None else metric.standard_error * measure.factor
    why = metric.reason
    ends = metric.interval
    if ends is None or (error is not None and math.isfinite(error)):
        text = with_error(value, error, measure.digits)
        return Cell(name, text, why, has_interval=False)
    low, high = sorted(end * measure.factor for end in ends)
    outside = math.isfinite(value) and not low <= value <= high
    if outside and why is None:
        why = (
            "its 95 % interval is that of the value without the bias of finitely many draws, which "
            "the value here still contains"
        )
    return Cell(name, with_interval(value, low, high, measure.digits), why, has_interval=True)
