"""Networks with and without delays on tasks in which only the times of spikes matter."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_KINDS = {
    "test": ("test part", style.BLUE, "o", 0.0),
    "jittered": ("with more jitter", style.ORANGE, "s", 0.22),
    "reversed": ("backward", style.PURPLE, "v", 0.38),
}
"""Label, colour, marker and place of each form of the test part."""

_LINES: dict[str, tuple[str, Any]] = {
    "chance": ("chance", ":"),
    "counts": ("logistic regression on counts", (0, (1, 4))),
    "times": ("logistic regression on times", "--"),
    "oracle": ("oracle", "-"),
}
"""Label and style of what is no network."""


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the accuracy of each architecture on each task, mean and 95 % interval over networks.

    Parameters
    ----------
    path : path-like
        Results file of ``training/timing_tasks.py``: a group for each task with `test`, `jittered`
        and `reversed` (architecture, member), `n_parameters` (architecture), and attributes
        ``about``, ``chance``, ``counts``, ``times`` and ``oracle``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such accuracies.
    """
    results = read_results(path)
    tasks = [name for name, own in results.attributes.items() if {"about", *_LINES} <= set(own)]
    if not tasks:
        results.group("intervals")  # which tells what there is instead
    n_rows = -(-len(tasks) // 2)
    n_names = max(len(np.atleast_1d(results.attributes[task]["about"])) for task in tasks)
    with style.style():
        figure = style.new_figure(1.0 + n_rows * (1.4 + 0.5 * n_names))
        panels = figure.subplots(n_rows, min(len(tasks), 2), squeeze=False).ravel()
        for axes, task in zip(panels, tasks, strict=False):
            _draw(axes, results, task)
        for axes in panels[len(tasks) :]:
            axes.remove()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize="small")
    return figure


def _draw(axes: Axes, results: Results, task: str) -> None:
    """A row for each architecture."""
    about = results.attributes[task]
    names = [str(name) for name in np.atleast_1d(about["about"])]
    numbers = results.array(f"{task}/n_parameters")
    for name, (label, line) in _LINES.items():
        axes.axvline(100.0 * float(about[name]), color=style.GREY, linestyle=line, label=label)
    for kind, (label, colour, marker, shift) in _KINDS.items():
        values = 100.0 * results.array(f"{task}/{kind}")
        n = values.shape[1]
        reach = stats.t.ppf(0.975, n - 1) * values.std(axis=1, ddof=1) / np.sqrt(n)
        at = np.arange(len(names)) + shift
        if kind == "test":
            for place, own in zip(at, values, strict=True):
                axes.plot(own, np.full(n, place - 0.16), "|", color=colour, alpha=0.5)
        axes.errorbar(
            values.mean(axis=1), at, xerr=reach, color=colour, marker=marker, markersize=5,
            capsize=2, linestyle="none", label=label,
        )  # fmt: skip
    labels = [f"{name}\n{int(n)} parameters" for name, n in zip(names, numbers, strict=True)]
    axes.set_yticks(range(len(names)), labels, fontsize="small")
    axes.set_ylim(len(names) - 0.4, -0.5)
    axes.set_ylabel("network")
    axes.set_xlim(0.0, 101.5)
    axes.set_xlabel("right decisions (%)")
    axes.set_title(task.replace("_", "-"))
    style.quiet(axes, grid="x")
