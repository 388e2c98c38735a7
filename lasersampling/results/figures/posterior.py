"""Posterior probabilities: exact, from lasers and from Gibbs sampling."""

from __future__ import annotations

import os

from matplotlib.figure import Figure

from lasersampling.plots import posterior, style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str], group: str = "posterior") -> Figure:
    """Plot the posterior of up to four cases as bars; of more cases, sampled against exact.

    Parameters
    ----------
    path : path-like
        Results file with ``/posterior``: `name` (unit); `clamped`, `log_odds`, `exact` and, for
        each sampler (`lasers`, `gibbs`) that was run, `mean_<sampler>` and `se_<sampler>`
        (case, unit); metrics `mean_abs_error_<sampler>` for the title; the attribute `exact_of`,
        which says whose posterior `exact` is.
    group : str
        Name of another group with the same layout.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no posterior.
    """
    results = read_results(path, groups=(group,))
    found = posteriors_of(results, group)
    with style.style():
        figure = posterior.draw(found)
        prefix = "" if group == "posterior" else f"{group}_"
        parts = [
            f"{posterior.look(name)['label']} {metric.value:.2g}"
            for name in found.sampled
            if (metric := results.metrics.get(f"{prefix}mean_abs_error_{name}"))
        ]
        if parts:
            figure.axes[0].set_title("mean error of a marginal: " + " · ".join(parts), pad=34)
    return figure


def posteriors_of(results: Results, group: str) -> posterior.Posteriors:
    """Collect the contents of a group with this layout.

    Raises
    ------
    InputError
        If the file lacks the group or a part of it.
    """
    exact, clamped, log_odds, names = (
        results.array(f"{group}/{column}") for column in ("exact", "clamped", "log_odds", "name")
    )
    sampled = {
        name: (results.array(f"{group}/mean_{name}"), results.array(f"{group}/se_{name}"))
        for name in posterior.LOOKS
        if f"mean_{name}" in results.group(group)
    }
    exact_of = str(results.attributes[group].get("exact_of", ""))
    return posterior.Posteriors(
        exact, clamped, log_odds, [str(name) for name in names], sampled, exact_of
    )
