"""Ways to train networks, side by side."""

from __future__ import annotations

import os
import textwrap
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from numpy.typing import NDArray
from scipy import stats

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_COLOURS = (
    style.BLUE, style.VERMILLION, style.GREEN, style.ORANGE, style.PURPLE, style.SKY, style.GREY,
    style.INK,
)  # fmt: skip
_MARKERS = "osD^v<>P"
_LINES = "-", "--", ":"
_MAIN = "main"
_MOST_LETTERS = 50
"""As many letters of names of variants find room side by side below a panel."""

_LETTERS_PER_INCH = 7

Looks = dict[str, tuple[str, str]]
"""Colour and marker of each arm; of more than eight, some share one of both, but not both."""


class _Drawn(NamedTuple):
    """A study, and the looks of its arms."""

    study: str
    looks: Looks


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot how fast networks learn, how good they become, and what each study found.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling compare``: ``/curves``, ``/main``, and a group for each
        study.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no comparison.
    """
    results = read_results(path)
    groups = [name for name, own in results.attributes.items() if {"arms", "variants"} <= set(own)]
    if not groups:
        results.group(_MAIN)  # which tells what there is instead
    studies = [name for name in groups if name != _MAIN]
    arms = list(dict.fromkeys(arm for name in groups for arm in _names(results, name, "arms")))
    looks = {arm: (_COLOURS[k % 8], _MARKERS[(k + k // 8) % 8]) for k, arm in enumerate(arms)}
    listed = [name for name in studies if _is_listed(_names(results, name, "variants"))]
    beside = [name for name in studies if name not in listed]
    with_main = 2 * (_MAIN in groups)
    n_rows = -(-(with_main + len(beside)) // 2)
    heights = [4.6] * n_rows + [_height_of_list(results, name) for name in listed]
    with style.style():
        figure = style.new_figure(0.6 + sum(heights))
        grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
        alone = with_main + len(beside) == 1
        spots = [grid[k, :] if alone else grid[k, side] for k in range(n_rows) for side in (0, 1)]
        panels = [figure.add_subplot(spot) for spot in spots[: with_main + len(beside)]]
        if with_main:
            _draw_curves(panels[0], results, looks)
            _draw_accuracies(panels[1], results, looks)
        for axes, name in zip(panels[with_main:], beside, strict=True):
            _draw_study(axes, results, name, looks)
        for row, name in enumerate(listed, n_rows):
            _draw_list(figure, grid[row, :], results, _Drawn(name, looks))
    return figure


def _names(results: Results, study: str, kind: str) -> list[str]:
    return [str(name) for name in np.atleast_1d(results.attributes[study][kind])]


def _spoken(arm: str) -> str:
    return arm.replace("_", " ")


def _is_listed(variants: list[str]) -> bool:
    """Whether names of variants are too long to stand side by side below a panel."""
    return _numbers(variants) is None and sum(map(len, variants)) > _MOST_LETTERS


def _height_of_list(results: Results, study: str) -> float:
    return 1.4 + 0.32 * len(_parted(_names(results, study, "variants"))[0])


def _draw_curves(axes: Axes, results: Results, looks: Looks) -> None:
    """Median and quartiles of the validation error over the epochs."""
    lowest = np.inf
    for place, (arm, (colour, marker)) in enumerate(looks.items()):
        if f"curves/{arm}" not in results.contents:
            continue
        error = 100.0 * (1.0 - results.array(f"curves/{arm}"))
        measured = np.flatnonzero(np.isfinite(error).all(axis=1))
        low, middle, high = np.quantile(error[measured], (0.25, 0.5, 0.75), axis=1)
        axes.fill_between(measured + 1, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            measured + 1,
            middle,
            color=colour,
            linewidth=1.4,
            linestyle=_LINES[place // 8 % 3],
            marker=marker if len(measured) == 1 else "",
            label=_spoken(arm),
        )
        lowest = min(lowest, float(low.min(initial=np.inf)))
    _scale_errors(axes, lowest)
    axes.set_xlabel("epoch")
    axes.set_ylabel("wrong decisions, validation part (%)")
    style.whole_ticks(axes.xaxis)
    style.quiet(axes)


def _draw_accuracies(axes: Axes, results: Results, looks: Looks) -> None:
    """Each network, and means with their 95 % intervals."""
    measure = _best_known(results, _MAIN)
    values = 100.0 * (1.0 - results.array(f"{_MAIN}/{measure}")[0])
    arms = _names(results, _MAIN, "arms")
    for place, (arm, own) in enumerate(zip(arms, values, strict=True)):
        colour, marker = looks[arm]
        at = np.full(len(own), place, dtype=np.float64)
        axes.plot(own, at - 0.2, "|", color=colour, alpha=0.5, markersize=7)
        axes.errorbar(
            own.mean(), place, xerr=_half_width(own[None])[0], marker=marker, color=colour,
            markersize=6, capsize=3,
        )  # fmt: skip
    axes.set_yticks(range(len(arms)), [_spoken(arm) for arm in arms])
    for label, arm in zip(axes.get_yticklabels(), arms, strict=True):
        label.set_color(looks[arm][0])
    axes.set_ylabel("method")
    axes.set_ylim(len(arms) - 0.5, -0.6)
    _label_errors(axes, measure)
    style.quiet(axes, grid="x")


def _draw_study(axes: Axes, results: Results, study: str, looks: Looks) -> None:
    """Means of each arm over the variants of a study, with their 95 % intervals."""
    measure = _best_known(results, study)
    values = 100.0 * (1.0 - results.array(f"{study}/{measure}"))
    arms, variants = (_names(results, study, kind) for kind in ("arms", "variants"))
    numbers = _numbers(variants)
    at = np.arange(len(variants), dtype=np.float64) if numbers is None else numbers
    for place, arm in enumerate(arms):
        colour, marker = looks[arm]
        own = values[:, place]
        shift = 0.06 * (place - (len(arms) - 1) / 2) if numbers is None else 0.0
        axes.errorbar(
            at + shift, own.mean(axis=1), yerr=_half_width(own), color=colour, marker=marker,
            markersize=5, capsize=2, linestyle="none" if numbers is None else "-",
            label=_spoken(arm),
        )  # fmt: skip
    if numbers is None:
        axes.set_xticks(at, [_spoken(name) for name in variants])
    else:
        axes.set_xscale("log")
        axes.set_xticks(at, variants)
        axes.minorticks_off()
    axes.set_xlabel(str(results.attributes[study]["about"]))
    axes.set_ylabel("wrong decisions (%)")
    _scale_errors(axes, float(np.nanmin(values.mean(axis=2), initial=np.inf)))
    if _MAIN not in results.attributes:
        axes.legend(loc="upper right", fontsize="small")
    style.quiet(axes)


def _draw_list(figure: Figure, spot: SubplotSpec, results: Results, drawn: _Drawn) -> None:
    """Show means of each arm with their 95 % intervals, a line for each variant.

    Where names are those of two things in their combinations ("jitter, blind"), the second ones
    stand side by side.
    """
    study, looks = drawn
    measure = _best_known(results, study)
    values = 100.0 * (1.0 - results.array(f"{study}/{measure}"))
    arms, variants = (_names(results, study, kind) for kind in ("arms", "variants"))
    rows, columns = _parted(variants)
    names = [f"{row}, {column}" if column else row for row in rows for column in columns]
    absent = np.full(values.shape[1:], np.nan)
    laid = [values[variants.index(name)] if name in variants else absent for name in names]
    values = np.reshape(laid, (len(rows), len(columns), *values.shape[1:]))
    at = np.arange(len(rows), dtype=np.float64)
    cells = spot.subgridspec(1, len(columns), wspace=0.06)
    panels: list[Axes] = [*cells.subplots(sharex=True, sharey=True, squeeze=False)[0]]
    for column, axes in enumerate(panels):
        for place, arm in enumerate(arms):
            colour, marker = looks[arm]
            own = values[:, column, place]
            shift = 0.5 / len(arms) * (place - (len(arms) - 1) / 2)
            axes.errorbar(
                own.mean(axis=1), at + shift, xerr=_half_width(own), color=colour, marker=marker,
                markersize=5, capsize=2, linestyle="none", label=_spoken(arm),
            )  # fmt: skip
        if columns[column]:
            axes.set_title(_spoken(columns[column]))
        style.quiet(axes, grid="x")
    panels[0].set_yticks(at, [_spoken(name) for name in rows])
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    room = int(_LETTERS_PER_INCH * _height_of_list(results, study))
    panels[0].set_ylabel(textwrap.fill(str(results.attributes[study]["about"]), room))
    _label_errors(panels[len(panels) // 2], measure)
    panels[-1].legend(loc="best", fontsize="small")


def _parted(variants: list[str]) -> tuple[list[str], list[str]]:
    """Names of lines and of columns: of variants "A, B" in most combinations, else one column.

    Each line has all columns, or, as a reference, one of them.
    """
    pairs = [tuple(name.split(", ")) for name in variants]
    if all(len(pair) == 2 for pair in pairs):
        found: dict[str, list[str]] = {}
        for line, column in pairs:
            found.setdefault(line, []).append(column)
        columns = max(found.values(), key=len)
        if all(own == columns or (len(own) == 1 and own[0] in columns) for own in found.values()):
            return list(found), columns
    return variants, [""]


def _label_errors(axes: Axes, measure: str) -> None:
    part = "fresh points" if measure == "fresh_accuracy" else "test part"
    axes.set_xlabel(f"wrong decisions, {part} (%)")


def _scale_errors(axes: Axes, lowest: float) -> None:
    """Give an axis of errors a logarithm, unless one of them is 0, which that cannot show."""
    if 0.0 < lowest < np.inf:  # inf if all has failed
        axes.set_yscale("log")
        style.plain_log_ticks(axes.yaxis)


def _best_known(results: Results, study: str) -> str:
    fresh = f"{study}/fresh_accuracy"
    return "fresh_accuracy" if fresh in results.contents else "accuracy"


def _half_width(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of the 95 % intervals of means over the last axis, by Student's t."""
    n = values.shape[-1]
    error = values.std(axis=-1, ddof=1) / np.sqrt(n)
    return np.asarray(error * stats.t.ppf(0.975, n - 1))


def _numbers(variants: list[str]) -> NDArray[np.float64] | None:
    """Names of variants as numbers, if all are and grow."""
    try:
        numbers = np.array([float(name) for name in variants])
    except ValueError:
        return None
    return numbers if (numbers > 0).all() and (np.diff(numbers) > 0).all() else None
