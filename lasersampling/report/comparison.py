"""Several results files side by side: their measures, what was set differently, their curves."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lasersampling.errors import LaserSamplingError
from lasersampling.plots import style
from lasersampling.report.drawings import Drawing, picture
from lasersampling.report.run import Run
from lasersampling.report.words import aligned
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results
from lasersampling.results.summary import Cell

_COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.ORANGE, style.PURPLE, style.SKY)
_DASHES = ("-", "--", ":", "-.")
_EXTENTS = {
    "divergence": ("time_ns", "draws"), "history": ("epoch", "update"), "quality": ("time_ns",),
}  # fmt: skip
"""Groups whose variables are curves, and what they are drawn against."""
_MOST_PANELS = 6
_MOST_CURVES = 12
_ABSENT = "—"


@dataclass(frozen=True)
class Comparison:
    """What several runs have in common.

    Attributes
    ----------
    names : tuple of str
        Names of the files, made different where they are the same.
    measures : list of (str, list of str)
        For each measure, its title and the text of its value in each file.
    settings : list of (str, list of str)
        Keys of the configurations whose values differ, and the values.
    curves : Drawing or None
        Curves of all runs on the same axes.
    """

    names: tuple[str, ...]
    measures: list[tuple[str, list[str]]]
    settings: list[tuple[str, list[str]]]
    curves: Drawing | None

    @property
    def common(self) -> list[tuple[str, list[str]]]:
        """Settings that all runs have."""
        return [(key, values) for key, values in self.settings if _ABSENT not in values]

    @property
    def own(self) -> list[tuple[str, list[str]]]:
        """Settings that only some runs have, such as those of a chip or of a grid."""
        return [(key, values) for key, values in self.settings if _ABSENT in values]


def compared(runs: Sequence[Run]) -> Comparison:
    """Compare runs.

    Parameters
    ----------
    runs : sequence of Run
        Two or more.
    """
    names = _names(runs)
    return Comparison(names, _measures(runs), _settings(runs), _curves(runs, names))


def _names(runs: Sequence[Run]) -> tuple[str, ...]:
    """Name files by their last parts, or by their whole paths where these are the same."""
    short = [run.name for run in runs]
    return tuple(
        run.path if short.count(run.name) > 1 else run.name.rpartition(".")[0] or run.name
        for run in runs
    )


def _measures(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Collect measures that two runs or more have."""
    rows: dict[str, list[Cell | None]] = {}
    for place, run in enumerate(runs):
        several = len(run.summary.columns) > 1
        for row in run.summary.rows:
            for head, cell in row.cells.items():
                is_first = not several or head == run.summary.columns[0]
                title = row.measure.title if is_first else f"{row.measure.title}, {head}"
                rows.setdefault(title, [None] * len(runs))[place] = cell
    shared = {
        title: ["" if cell is None else cell.text for cell in cells]
        for title, cells in rows.items()
        if sum(cell is not None for cell in cells) > 1
    }
    columns = [aligned(column) for column in zip(*shared.values(), strict=True)]
    return list(zip(shared, map(list, zip(*columns, strict=True)), strict=True))


def _settings(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    flat = [{"seed": run.facts.get("seed", _ABSENT), **dict(_flat(_parsed(run)))} for run in runs]
    keys = dict.fromkeys(key for one in flat for key in one)
    rows = [(key, [one.get(key, _ABSENT) for one in flat]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def _parsed(run: Run) -> Mapping[str, Any]:
    try:
        return tomllib.loads(run.config)
    except tomllib.TOMLDecodeError:
        return {}  # an experiment may store none, and a foreign file anything


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from _flat(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(item)


@dataclass(frozen=True)
class _Curve:
    """Values of one run against time, epochs or draws; quartiles are left to its own figure."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    across: str
    up: str


def _curves(runs: Sequence[Run], names: Sequence[str]) -> Drawing | None:
    """Draw the curves that two runs or more have in common."""
    found: dict[str, list[tuple[int, _Curve]]] = {}
    for place, run in enumerate(runs[:_MOST_CURVES]):
        groups = [name for name in _EXTENTS if any(k.startswith(f"{name}/") for k in run.contents)]
        try:
            results = read_results(run.path, groups=groups)
        except LaserSamplingError:
            continue  # its own part of the page says so
        for key, curve in _curves_of(results):
            found.setdefault(key, []).append((place, curve))
    shared = [curves for curves in found.values() if len(curves) > 1][:_MOST_PANELS]
    if not shared:
        return None
    n_rows = -(-len(shared) // 2)
    with style.style():
        figure = style.new_figure(0.6 + 3.6 * n_rows)
        n_columns = min(2, len(shared))
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, curves in zip(panels, shared, strict=False):
            _draw(axes, curves, names)
        for axes in panels[len(shared) :]:
            axes.remove()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=min(4, len(labels)))
        return picture(figure, "Curves that the runs have in common")


def _curves_of(results: Results) -> Iterator[tuple[str, _Curve]]:
    for group, extents in _EXTENTS.items():
        held = results.groups.get(group, {})
        extent = next((name for name in extents if name in held), None)
        if extent is None:
            continue
        x = np.asarray(held[extent].data, dtype=float)
        for name, variable in held.items():
            is_curve = variable.dims[:1] == (extent,) and name != extent
            if not is_curve or name.endswith(("_se", "_sd")) or variable.data.dtype.kind != "f":
                continue
            y = variable.data.astype(float)
            if y.ndim > 2 or y.shape[0] != len(x):
                continue
            if y.ndim == 2:
                y = _medians(y)
            about = held[extent]
            unit = f" ({about.units})" if about.units not in ("", "1") else ""
            yield (
                f"{group}/{extent}/{name}",
                _Curve(x, y, f"{about.description}{unit}", variable.description or name),
            )


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians of rows over their finite values; nan for rows without any."""
    known = np.isfinite(values)
    rows = known.any(axis=1)
    medians = np.full(len(values), np.nan)
    medians[rows] = np.nanmedian(np.where(known, values, np.nan)[rows], axis=1)
    return medians


def _draw(axes: Axes, curves: Sequence[tuple[int, _Curve]], names: Sequence[str]) -> None:
    for place, curve in curves:
        seen = np.isfinite(curve.x) & np.isfinite(curve.y)
        axes.plot(
            curve.x[seen], curve.y[seen], color=_COLOURS[place % len(_COLOURS)],
            linestyle=_DASHES[place // len(_COLOURS) % len(_DASHES)],
            label=style.plain(names[place]),
        )  # fmt: skip
    all_y = np.concatenate([curve.y[np.isfinite(curve.y)] for _, curve in curves])
    if all_y.size and all_y.min() > 0 and all_y.max() > 20 * all_y.min():
        axes.set_yscale("log")
    first = curves[0][1]
    if first.x.min() > 0 and first.x.max() > 50 * first.x.min() and "epoch" not in first.across:
        axes.set_xscale("log")
    axes.set_xlabel(style.plain(first.across))
    axes.set_title(style.plain(first.up), fontsize=13)
    style.quiet(axes)
