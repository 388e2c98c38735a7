"""How chains change between modes: modes over time, switches, cost of an independent mode."""

from __future__ import annotations

import os

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_COLOURS = (style.INK, style.VERMILLION, style.BLUE, style.SKY, style.GREY)
_MARKS = "osDv^"


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot modes of one chain over time, and cost against bias, for each sampling method.

    Parameters
    ----------
    path : path-like
        Results file with ``/mixing``: `way`, shape (way); for each of the attribute `cases`
        `<case>_strips`, shape (way, point), and `<case>_cost_ns`, `<case>_tv` with `_se`, shape
        (way); attributes `<case>_title` and `duration_ns`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such data.
    """
    results = read_results(path, groups=("mixing",))
    names = [str(name) for name in results.array("mixing/way")]
    about = results.attributes["mixing"]
    cases = str(about["cases"]).split(", ")
    with style.style():
        figure = style.new_figure(0.6 + 3.6 * len(cases))
        grid = figure.subplots(len(cases), 2, squeeze=False, width_ratios=(1.7, 1.0))
        for (left, right), case in zip(grid, cases, strict=True):
            strips = results.array(f"mixing/{case}_strips")
            _strips(left, strips, names, 1e-3 * float(about["duration_ns"]))
            left.set_title(str(about[f"{case}_title"]))
            _costs(right, results, case, names)
    return figure


def _strips(axes: Axes, strips: np.ndarray, names: list[str], duration_us: float) -> None:
    """Draw the mode of one chain as a strip of colour for each way."""
    n_modes = max(2, int(strips.max()) + 1)
    palette = colormaps["tab10"].colors[:n_modes]  # type: ignore[attr-defined]
    shown = np.ma.masked_less(strips, 0)
    for row in range(len(names)):
        axes.imshow(
            shown[row : row + 1], aspect="auto", cmap=ListedColormap(palette), vmin=-0.5,
            vmax=n_modes - 0.5, extent=(0.0, duration_us, row + 0.38, row - 0.38),
            interpolation="nearest",
        )  # fmt: skip
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("laser time (µs); a Gibbs sweep is drawn as 2.5 ns")
    axes.set_ylabel("mode of one chain")
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _costs(axes: Axes, results: Results, case: str, names: list[str]) -> None:
    """Draw the time per independent mode against the error of the frequencies of modes."""
    values = {
        name: results.array(f"mixing/{case}_{name}")
        for name in ("cost_ns", "cost_ns_se", "tv", "tv_se")
    }
    for row, name in enumerate(names):
        if name == "gibbs":  # has no time
            continue
        axes.errorbar(
            values["cost_ns"][row], values["tv"][row], values["tv_se"][row],
            values["cost_ns_se"][row], _MARKS[row], color=_COLOURS[row], label=name,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_ylim(bottom=0.0)
    style.plain_log_ticks(axes.xaxis, most=6)
    axes.set_xlabel("time per mode (ns)")
    axes.set_ylabel("error of frequencies (TV)")
    axes.legend(fontsize="small")
    style.quiet(axes)
