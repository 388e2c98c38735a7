"""Figures of merit over the values of a sweep, means and standard errors over the seeds."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.names import ENDINGS, measure_of
from lasersampling.results.reading import read_results

_GROUP, _OVER = "pieces", "over."
_MOST_PANELS = 4
_COLOURS = (
    style.BLUE, style.VERMILLION, style.GREEN, style.ORANGE, style.PURPLE, style.SKY, style.INK,
)  # fmt: skip
_LOGARITHMIC_FROM = 20.0
"""From this ratio of the largest value to the smallest one on, an axis is logarithmic."""

_LONGEST_TICK = 18
_WIDTH_OF_LABELS = 30


@dataclass(frozen=True, eq=False)
class _Across:
    """What stands along the axis: places of all pieces, and names of places if they are texts."""

    label: str
    place: NDArray[np.float64]
    names: tuple[str, ...]

    @property
    def is_logarithmic(self) -> bool:
        """Whether the values are numbers above 0 that span more than a decade."""
        low, high = self.place.min(), self.place.max()
        return not self.names and low > 0 and high >= _LOGARITHMIC_FROM * low


@dataclass(frozen=True, eq=False)
class _Line:
    """Pieces that have the same values of all keys but the one along the axis."""

    label: str
    chosen: NDArray[np.bool_]


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the most important figures of merit over the first key that takes several values.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling sweep``: ``/pieces`` with a row for each piece.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each of up to four figures of merit, a line for each combination of the other
        keys. Small points are single seeds, large ones their mean with its standard error. As in
        the table of a sweep, the mean is unknown where a seed has no finite value: no large point,
        and a gap in the line.

    Raises
    ------
    InputError
        If the file holds no pieces with figures of merit.
    """
    results = read_results(path, groups=(_GROUP,))
    names = _measured(results)
    if not names:
        n_failed, n_pieces = int(_failed(results).sum()), results.array(f"{_GROUP}/seed").size
        got = "no finite figure of merit" if n_failed < n_pieces else "pieces that have all failed"
        expected = "at least one piece with a figure of merit that is finite"
        raise InputError.single(f"{path}: /{_GROUP}", got, expected)
    across, lines = _arranged(results)
    n_columns = min(2, len(names))
    n_rows = -(-len(names) // n_columns)
    with style.style():
        figure = style.new_figure(1.2 + 3.7 * n_rows)
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            _draw(axes, results, name, across, lines)
        for axes in panels[len(names) :]:
            axes.remove()
        shown = lines[: len(_COLOURS)]
        if len(lines) > 1:
            more = len(lines) - len(shown)
            title = f"the first {len(shown)} of {len(lines)} combinations" if more else None
            figure.legend(
                *panels[0].get_legend_handles_labels(), loc="outside lower left",
                ncols=3, title=title, alignment="left",
            )  # fmt: skip
        seeds = np.unique(results.array(f"{_GROUP}/seed")).size
        command = str(results.attributes[_GROUP].get("swept_command", ""))
        counted = f"{seeds} seed{'s' * (seeds > 1)}"
        style.headline(figure, style.plain(f"Sweep of {command}, {counted}"))
    return figure


def _failed(results: Results) -> NDArray[np.bool_]:
    """Whether each piece failed."""
    group = results.group(_GROUP)
    reasons = group["failure"].data if "failure" in group else [""] * group["seed"].data.size
    return np.array([bool(reason) for reason in reasons])


def _measured(results: Results) -> list[str]:
    """Names of the figures of merit to show, the most important ones first."""
    told = results.attributes.get(_GROUP, {})
    known = [str(name) for name in np.atleast_1d(told.get("metrics", []))]
    finite = [name for name in known if np.isfinite(results.array(f"{_GROUP}/{name}")).any()]
    command = str(told.get("swept_command", ""))
    order = ENDINGS[command].measures if command in ENDINGS else ()
    first = [name for name in order if name in finite]
    return (first or finite)[:_MOST_PANELS]


def _arranged(results: Results) -> tuple[_Across, list[_Line]]:
    """Choose the key along the axis, and put the pieces of all others into lines."""
    group = results.group(_GROUP)
    keys = [name for name in group if name.startswith(_OVER)]
    several = [key for key in keys if np.unique(group[key].data).size > 1]
    numeric = [key for key in several if group[key].data.dtype.kind in "iuf"]
    chosen = (numeric or several or [""])[0]
    n_pieces = group["seed"].data.size
    if chosen:
        across = _across(chosen.removeprefix(_OVER), group[chosen].data)
    else:
        across = _Across("", np.zeros(n_pieces), ("all pieces",))
    others = [key for key in several if key != chosen]
    labels = np.array(
        [
            ", ".join(f"{key.removeprefix(_OVER)} {_text(group[key].data[k])}" for key in others)
            for k in range(n_pieces)
        ]
    )
    order = list(dict.fromkeys(labels.tolist()))
    return across, [_Line(label, labels == label) for label in order]


def _across(label: str, values: NDArray[np.generic]) -> _Across:
    if values.dtype.kind in "iuf":
        return _Across(label, values.astype(float), ())
    texts = [str(value) for value in values.tolist()]
    names = tuple(dict.fromkeys(texts))
    return _Across(label, np.array([float(names.index(text)) for text in texts]), names)


def _draw(axes: Axes, results: Results, name: str, across: _Across, lines: Sequence[_Line]) -> None:
    """Draw one figure of merit."""
    held = results.group(_GROUP)[name]
    measure = measure_of(name, held.units, held.description)
    value = held.data.astype(float) * measure.factor
    finite = np.isfinite(value)
    value[~finite] = np.nan
    measured = results.group(_GROUP).get(f"{name}.is_measured")
    # Pieces that failed have no part in a mean; those that found no finite value leave it unknown.
    counted = np.full(value.size, True) if measured is None else measured.data.astype(bool)
    spread = _spread(across)
    for k, (line, colour) in enumerate(zip(lines, _COLOURS, strict=False)):
        shift = (k - (min(len(lines), len(_COLOURS)) - 1) / 2) * spread if across.names else 0.0
        own = line.chosen & counted
        places = np.unique(across.place[own])
        at = [value[own & (across.place == place)] for place in places]
        mean = np.array([one.mean() for one in at])
        error = [one.std(ddof=1) / len(one) ** 0.5 if len(one) > 1 else 0.0 for one in at]
        axes.plot(
            across.place[own] + shift, value[own], ".", markersize=5, color=colour, alpha=0.45
        )
        joined = "" if across.names else "-"
        axes.errorbar(
            places + shift, mean, yerr=error, fmt=f"o{joined}", markersize=6, color=colour,
            label=style.plain(line.label),
        )  # fmt: skip
    if across.is_logarithmic:
        axes.set_xscale("log")
        style.plain_log_ticks(axes.xaxis)
    if across.names:
        names = [_short(style.plain(text)) for text in across.names]
        axes.set_xticks(range(len(names)), labels=names)
        axes.set_xlim(-0.6, len(names) - 0.4)
    shown = value[finite]
    if shown.min() > 0 and shown.max() >= _LOGARITHMIC_FROM * shown.min():
        axes.set_yscale("log")
        style.plain_log_ticks(axes.yaxis)
    axes.set_xlabel(style.plain(across.label))
    axes.set_ylabel(textwrap.fill(style.plain(measure.title), _WIDTH_OF_LABELS))
    failed = _failed(results)
    left_out, n_failed = int((~finite & ~failed).sum()), int(failed.sum())
    pieces = f"of {value.size} piece{'s' * (value.size > 1)}"
    told = [f"{n_failed} {pieces} failed"] if n_failed else []
    if left_out:
        told.append(f"{left_out} {pieces} {'has' if left_out == 1 else 'have'} no finite value")
    if told:
        axes.set_title(
            "\n".join(told), loc="right", fontsize=10, color=style.GREY
        )  # above all that is drawn
    style.quiet(axes)


def _spread(across: _Across) -> float:
    """Distance of lines beside one another where the axis has names."""
    return 0.09 if across.names else 0.0


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TICK else f"{text[: _LONGEST_TICK - 1]}…"
