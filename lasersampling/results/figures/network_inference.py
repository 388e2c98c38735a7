"""Posteriors of the two Bayesian networks of `training/bayesian_inference.py`."""

from __future__ import annotations

import os

from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.plots.posterior import draw_bars
from lasersampling.results.contents import Results
from lasersampling.results.figures.posterior import posteriors_of
from lasersampling.results.reading import read_results

_TITLES = {
    "explaining_away": "burglar alarm",
    "visual_perception": "a shaded surface",
}

_SHORT = {"lasers": "translated", "learned": "learned", "gibbs": "Gibbs"}


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the posteriors of all cases as bars, with one column for each network.

    Parameters
    ----------
    path : path-like
        Results file with ``/explaining_away`` and ``/visual_perception`` of the form of
        ``/posterior``, see `posterior.plot`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file lacks one of them.
    """
    results = read_results(path, groups=tuple(_TITLES))
    n_cases = max(len(results.array(f"{group}/exact")) for group in _TITLES)
    with style.style():
        figure = style.new_figure(2.1 + 1.9 * n_cases)
        columns = figure.subfigures(1, 2, squeeze=False).ravel()
        for column, (group, title) in zip(columns, _TITLES.items(), strict=True):
            draw_bars(column, posteriors_of(results, group), is_narrow=True)
            column.axes[0].set_title(f"{title}\n{_errors(results, group)}", fontsize=12)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize=12)
    return figure


def _errors(results: Results, group: str) -> str:
    """Mean error of a marginal for each sampler."""
    errors = [
        f"{short} {metric.value:.2g}"
        for name, short in _SHORT.items()
        if (metric := results.metrics.get(f"{group}_mean_abs_error_{name}"))
    ]
    return "error: " + " · ".join(errors)
