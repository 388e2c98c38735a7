"""A sweep as its results file holds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lasersampling.config import to_toml, toml_of
from lasersampling.errors import InputError
from lasersampling.results import Metric, Results, ResultsFile, read_results
from lasersampling.results.names import at
from lasersampling.sweeps.averages import Average, averages_of
from lasersampling.sweeps.grid import Axis, Cell, Grid, labelled
from lasersampling.sweeps.outcome import Outcome

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

GROUP = "pieces"
"""The group of a results file with a row for each piece."""

OVER = "over."
"""What stands before keys in names of variables, which metrics do not have."""

_FACTS = {
    "seed": "seed of the piece",
    "wall_time_s": "time that the piece took",
    "failure": "why the piece failed, empty if it did not",
    "warning": "what the command warned of",
    "commit": "commit of the library that did the piece",
    "command": "command line that does the piece again",
}
"""Variables that every sweep has, and what they are."""

_MOST_TOLD = 3
"""Most failures that are written out in sentences."""

_MOST_COLUMNS = 24
"""Most combinations whose means are written to the figures of merit of the file too."""


@dataclass(frozen=True, eq=False)
class Swept:
    """A sweep, and what became of its pieces so far.

    Attributes
    ----------
    path : Path
        Results file.
    words : tuple of str
        The command and its arguments.
    grid : Grid
        Values and seeds.
    outcomes : mapping of Cell to Outcome
        Outcomes of the pieces that were done or failed, those of earlier and larger sweeps in the
        same file too; of a file and of a sweep that has ended, in the order of the grid.
    """

    path: Path
    words: tuple[str, ...]
    grid: Grid
    outcomes: Mapping[Cell, Outcome]

    @property
    def is_complete(self) -> bool:
        """Whether each piece was done or failed."""
        return all(cell in self.outcomes for cell in self.grid.cells())

    @property
    def in_order(self) -> list[Outcome]:
        """The outcomes in the order of the grid, whichever was there first.

        Those of earlier and larger sweeps stand behind them.
        """
        order = {cell: place for place, cell in enumerate(self.grid.cells())}
        return sorted(self.outcomes.values(), key=lambda one: order.get(one.cell, len(order)))

    def ordered(self) -> Swept:
        """Give the sweep with its outcomes in this order."""
        return replace(self, outcomes={one.cell: one for one in self.in_order})

    @property
    def failures(self) -> list[Outcome]:
        """The pieces that failed, in the order of the grid."""
        return [outcome for outcome in self.in_order if outcome.failure is not None]

    @property
    def failed(self) -> list[str]:
        """What is to be said of pieces that failed, in sentences; nothing if none did."""
        failures = self.failures
        if not failures:
            return []
        shown = [
            f"{labelled((*self.grid.keys, 'seed'), (*one.cell.values, str(one.cell.seed)))}: "
            f"{one.failure}"
            for one in failures[:_MOST_TOLD]
        ]
        more = len(failures) - len(shown)
        n = len(self.outcomes)
        return [
            f"{len(failures)} of {n} piece{'s' * (n > 1)} failed; the same command with --resume "
            "does them again.",
            *shown,
            *([f"{more} more: see failure in /{GROUP}"] if more else []),
        ]

    @property
    def averages(self) -> list[Average]:
        """Means over the seeds, for each combination of values."""
        order = {values: place for place, values in enumerate(self.grid.combinations)}
        found = averages_of(self.outcomes.values())
        return sorted(found, key=lambda one: order.get(one.values, len(order)))

    def label(self, values: tuple[str, ...]) -> str:
        """Write a combination of values for people."""
        return labelled(self.grid.keys, values) or "all"

    def to_xarray(self) -> xr.DataTree:
        """Give the results file as a tree, whose node ``pieces`` has a row for each piece."""
        return read_results(self.path).to_xarray()

    def plot(self) -> Figure:
        """Draw figures of merit over the values of the sweep."""
        from lasersampling.results.figures import draw

        return draw(self.path, "sweep")

    def config(self) -> str:
        """Write as TOML what was swept."""
        over = {axis.key: list(axis.values) for axis in self.grid.axes}
        return to_toml({"command": self.words, "seeds": self.grid.seeds, "over": over})

    def write(self, file: ResultsFile) -> None:
        """Write the pieces, and if there are no more of them, their means."""
        if not self.outcomes:
            return
        found = self.in_order
        dims = ("piece",)
        for place, axis in enumerate(self.grid.axes):
            values = _numbers_or_texts([one.cell.values[place] for one in found])
            file.write(
                f"{GROUP}/{OVER}{axis.key}", values, dims, units="1",
                description=f"{axis.key} of the piece",
            )  # fmt: skip
        facts: dict[str, list[Any]] = {
            "seed": [one.cell.seed for one in found],
            "wall_time_s": [one.wall_time_s for one in found],
            "failure": [one.failure or "" for one in found],
            "warning": ["\n".join(one.warnings) for one in found],
            "commit": [one.commit for one in found],
            "command": [one.command for one in found],
        }
        for name, column in facts.items():
            units = "s" if name.endswith("_s") else "1"
            file.write(f"{GROUP}/{name}", column, dims, units=units, description=_FACTS[name])
        names = list(dict.fromkeys(name for one in found for name in one.metrics))
        for name in names:
            _write_metric(file, name, [one.metrics.get(name) for one in found])
        keys = list(self.grid.keys)
        told: dict[str, Any] = {"metrics": names, "keys": keys} if keys else {"metrics": names}
        told["swept_command"] = self.words[0]
        averages = self.averages
        told["combinations"] = [self.label(one.values) for one in averages]
        told["headline"] = self.failed
        file.attributes(GROUP, {key: value for key, value in told.items() if value})
        if self.is_complete and len(averages) <= _MOST_COLUMNS:
            for place, average in enumerate(averages):
                file.metrics(
                    {
                        at(name, place): Metric(
                            one.value, one.standard_error, one.units,
                            f"{one.description}, {self.label(average.values)}, "
                            f"mean of {average.n_seeds}",
                            one.interval, one.reason,
                        )
                        for name, one in average.metrics.items()
                    }
                )  # fmt: skip


def read_swept(path: str | os.PathLike[str]) -> Swept:
    """Read a sweep from its results file.

    Parameters
    ----------
    path : path-like
        The file; one of a sweep that is not finished yet will do.

    Raises
    ------
    InputError
        If it is no results file of a sweep, or damaged.

    Examples
    --------
    >>> from lasersampling.sweeps import sweep
    >>> made = sweep("sample random_five --sampler gibbs --draws 20", {}, seeds=2, out="two.h5")
    >>> [outcome.cell.seed for outcome in read_swept("two.h5").outcomes.values()]
    [0, 1]
    """
    results = read_results(path, groups=())
    expected = "a results file of lasersampling sweep"
    try:
        config = toml_of(results.config, f"{path}: /config")
        axes = [Axis(key, tuple(values)) for key, values in config["over"].items()]
        words, grid = tuple(config["command"]), Grid(tuple(axes), tuple(config["seeds"]))
        if not words or not all(isinstance(word, str) for word in words):
            raise ValueError("no command")
    except (InputError, LookupError, TypeError, ValueError, AttributeError):
        got = f"results of something else ({results.attrs.get('command', 'unknown')})"
        raise InputError.single(str(path), got, expected) from None
    if GROUP not in results.attributes:
        return Swept(Path(path), words, grid, {})
    held = read_results(path, groups=(GROUP,))
    try:
        outcomes = _outcomes(held, grid.axes)
    except (LookupError, TypeError, ValueError) as error:
        got = f"damaged pieces ({error})"
        raise InputError.single(f"{path}: /{GROUP}", got, expected) from None
    return Swept(Path(path), words, grid, outcomes).ordered()


def _outcomes(results: Results, axes: tuple[Axis, ...]) -> dict[Cell, Outcome]:
    """Take the pieces of a results file."""
    held = results.group(GROUP)
    names = np.atleast_1d(results.attributes[GROUP].get("metrics", [])).tolist()
    columns = {name: held[name].data.tolist() for name in _FACTS}
    values = [_texts_of(held[f"{OVER}{axis.key}"].data, axis) for axis in axes]
    found = {}
    for k, seed in enumerate(columns["seed"]):
        cell = Cell(tuple(column[k] for column in values), int(seed))
        found[cell] = Outcome(
            cell,
            str(columns["command"][k]),
            {name: metric for name in names if (metric := _metric(held, str(name), k))},
            float(columns["wall_time_s"][k]),
            str(columns["commit"][k]),
            str(columns["failure"][k]) or None,
            tuple(str(columns["warning"][k]).splitlines()),
        )
    return found


def _write_metric(file: ResultsFile, name: str, found: list[Metric | None]) -> None:
    """Write a figure of merit of all pieces; nan for those that do not have it."""
    first = next(metric for metric in found if metric is not None)

    def write(suffix: str, column: list[Any], what: str, units: str = first.units) -> None:
        file.write(f"{GROUP}/{name}{suffix}", column, ("piece",), units=units, description=what)

    about = first.description
    write("", [np.nan if one is None else one.value for one in found], about)
    if None in found:
        known = [one is not None for one in found]
        write(".is_measured", known, f"whether the piece has it: {about}", "1")
    if any(one is not None and one.standard_error is not None for one in found):
        errors = [
            np.nan if one is None or one.standard_error is None else one.standard_error
            for one in found
        ]
        write(".standard_error", errors, f"standard error: {about}")
    for place, end in enumerate(("low", "high")):
        if any(one is not None and one.interval is not None for one in found):
            ends = [np.nan if one is None or one.interval is None else one.interval[place]
                    for one in found]  # fmt: skip
            write(f".{end}", ends, f"{end} end of the 95 % interval: {about}")
    if any(one is not None and one.reason for one in found):
        reasons = ["" if one is None or not one.reason else one.reason for one in found]
        write(".reason", reasons, f"why something is not known: {about}", "1")


def _metric(held: Mapping[str, Any], name: str, piece: int) -> Metric | None:
    """Take a figure of merit of one piece; None if it does not have it."""
    measured = held.get(f"{name}.is_measured")
    if measured is not None and not measured.data[piece]:
        return None

    def number(suffix: str) -> float:
        known = held.get(f"{name}{suffix}")
        return np.nan if known is None else float(known.data[piece])

    reasons = held.get(f"{name}.reason")
    low, high = number(".low"), number(".high")
    return Metric(
        number(""), number(".standard_error"), held[name].units, held[name].description,
        None if np.isnan(low) or np.isnan(high) else (low, high),
        None if reasons is None else str(reasons.data[piece]) or None,
    )  # fmt: skip


def _numbers_or_texts(values: list[str]) -> list[int] | list[float] | list[str]:
    """Give values as numbers if all of them are, so that other programs can order them."""
    for kind in (int, float):
        with suppress(ValueError, OverflowError):
            numbers: list[int] | list[float] = np.array([kind(v) for v in values], kind).tolist()
            return numbers
    return values


def _texts_of(data: Any, axis: Axis) -> list[str]:
    """Give the values of a key as they were written, which a number may have lost."""
    if data.dtype.kind not in "iuf":
        return [str(value) for value in data.tolist()]
    written = {float(value): value for value in axis.values if _is_number(value)}
    return [written.get(value, f"{value:.17g}") for value in data.astype(float).tolist()]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
