"""Tables for people to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from rich import box
from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    JustifyMethod,
    RenderableType,
    RenderResult,
)
from rich.markup import escape
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table

from lasersampling.results import Metric
from lasersampling.results.names import fact
from lasersampling.results.summary import Cell, Summary, summary_of

_LEAST_WORDS = 24
"""Width that is left to the words of a measure."""


def rows_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Collection[int] = (),
) -> Table:
    """Make a table; the columns `numbers` are aligned to the right."""
    table = _table(title)
    for place, name in enumerate(columns):
        justify: JustifyMethod = "right" if place in numbers else "left"
        table.add_column(_text(name), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row))
    return table


def pairs_table(title: str, values: Mapping[str, object]) -> Table:
    """Make a table of names and values."""
    table = rows_table(title, ("", ""), values.items())
    table.show_header = False
    return table


def facts_table(title: str, values: Mapping[str, object]) -> Table:
    """Make a table of what describes a file, in words."""
    return pairs_table(title, {fact(name): value for name, value in values.items()})


class MeasuresTable:
    """Figures of merit: a column for each sampler or stage, a row for each measure, and notes.

    Columns that do not fit beside the others on a terminal follow below them. What is infinite or
    unknown is explained in notes, which numbers in brackets refer to.

    Parameters
    ----------
    title : str
        Title of the table.
    summary : Summary
        The figures of merit.
    """

    def __init__(self, title: str, summary: Summary) -> None:
        self._title, self._summary = title, summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the table for the width of a terminal."""
        left = list(self._summary.columns)
        title = self._title
        while left:
            n = len(left)
            while n > 1 and self._width(console, options, left[:n]) > options.max_width:
                n -= 1
            yield self._table(console, title, left[:n])
            left, title = left[n:], ""
        if notes := self._notes():
            yield Padding("\n".join(escape(printable(line)) for line in notes), (0, 1, 1, 1))

    def _width(self, console: Console, options: ConsoleOptions, columns: Sequence[str]) -> int:
        """Least width at which no number and no head is broken."""
        unlimited = options.update_width(10_000)  # measures end at the width of a console
        return Measurement.get(console, unlimited, self._table(console, "", columns)).minimum

    def _table(self, console: Console, title: str, columns: Sequence[str]) -> Table:
        rows = [row for row in self._summary.rows if any(head in row.cells for head in columns)]
        table = _table(title)
        table.add_column("", min_width=_LEAST_WORDS, overflow="fold")
        for head in columns:
            told = [_text(head), *(self._marked(row.cells.get(head)) for row in rows)]
            width = max(console.render_str(text).cell_len for text in told)
            table.add_column(told[0], justify="right", min_width=width, no_wrap=True)
        for row in rows:
            told = [self._marked(row.cells.get(head)) for head in columns]
            table.add_row(_text(row.measure.title), *told)
        return table

    def _marked(self, cell: Cell | None) -> str:
        """Write a cell, with the number of the note that explains it."""
        if cell is None:
            return ""
        mark = f" [{self._summary.reasons.index(cell.why) + 1}]" if cell.why else ""
        return escape(f"{cell.text}{mark}")

    def _notes(self) -> list[str]:
        signs = ["± standard error"] * self._summary.has_errors
        signs += ["in brackets: 95 % interval"] * self._summary.has_intervals
        reasons = enumerate(self._summary.reasons, start=1)
        return ["; ".join(signs)] * bool(signs) + [f"[{n}] {why}." for n, why in reasons]


def measures_table(
    title: str, metrics: Mapping[str, Metric], command: str, *, whole: bool
) -> RenderableType:
    """Show the figures of merit of a command, and say how many are not shown.

    Parameters
    ----------
    title : str
        Title of the table.
    metrics : mapping of str to Metric
        Figures of merit by their names in files.
    command : str
        The command, which decides on the order; see `results.names.ENDINGS`.
    whole : bool
        Whether to show all, not only the five most important measures.
    """
    summary = summary_of(metrics, command, whole=whole)
    return Group(MeasuresTable(title, summary), *hints(summary.n_hidden))


def hints(n_hidden: int, more: str = "") -> list[RenderableType]:
    """Say what --all shows besides: further measures, and what `more` names."""
    measures = f"{n_hidden} more measure{'s' * (n_hidden > 1)}" if n_hidden else ""
    told = " and ".join(part for part in (measures, more) if part)
    return [Padding(f"--all shows {escape(told)}.", (0, 1, 1, 1))] if told else []


def metrics_values(metrics: Mapping[str, Metric]) -> dict[str, dict[str, object]]:
    """Give figures of merit as values for JSON."""
    return {
        name: {
            "value": metric.value,
            "standard_error": metric.standard_error,
            "units": metric.units,
            "interval_95": metric.interval,
            "reason": metric.reason,
        }
        for name, metric in metrics.items()
    }


def _table(title: str) -> Table:
    return Table(
        title=f" {escape(printable(title))}" if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )


def _text(value: object) -> str:
    return escape(printable(_plain(value)))


def _plain(value: object) -> str:
    """Write a value, or all in a list, with numbers rounded."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def printable(text: str) -> str:
    """Show control characters, which would steer a terminal, by their codes."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else ascii(sign)[1:-1] for sign in text
    )


def paragraph(sentences: Sequence[str], bold: str | None = None) -> RenderableType:
    """Give sentences a line each, those that are `bold` in bold letters."""
    lines = [
        f"[bold]{escape(printable(line))}[/bold]" if line == bold else escape(printable(line))
        for line in sentences
    ]
    return Padding("\n".join(lines), (0, 1, 1, 1))
