"""Measures of sampled images against sampling time, for lasers and Gibbs sampling."""

from __future__ import annotations

import os

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_PANELS = {
    "label_accuracy": "label recognised",
    "log_probability": "log probability (nats)",
    "adversarial_accuracy": "adversarial accuracy",
    "mean_error": "error of pixel means",
    "correlation_error": "error of covariances",
    "effective_classes": "classes, free chains",
}
_SAMPLERS = {
    "lasers": ("nanolasers", style.VERMILLION, "o"),
    "translated": ("nanolasers, translated only", style.ORANGE, "v"),
    "renewal": ("renewal sampler", style.GREEN, "^"),
    "gibbs": ("Gibbs sampling, a sweep per refractory time", style.BLUE, "s"),
}
_MOST_NATS = 60.0
"""Range of log probabilities shown below the held-out images; chains begin far below."""


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot each measure over sampling time, with standard errors; held-out images are dashed.

    Parameters
    ----------
    path : path-like
        Results file with ``/quality``: `time_ns` and, for each measure and sampler,
        ``<measure>_<sampler>`` and ``<measure>_<sampler>_se``, all of shape (time_ns); metrics
        ``<measure>_held_out``; and, as attribute of the group, a `headline`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no measures.
    """
    results = read_results(path, groups=("quality",))
    held = results.group("quality")
    shown = [name for name in _PANELS if f"{name}_gibbs" in held]
    n_rows = -(-len(shown) // 3)
    with style.style():
        figure = style.new_figure(1.6 + 2.9 * n_rows)
        panels = figure.subplots(n_rows, 3, sharex=True, squeeze=False).ravel()
        for axes, name in zip(panels, shown, strict=False):
            _draw(axes, results, name)
        for axes in panels[len(shown) :]:
            axes.remove()
        for axes in panels[: len(shown)][-3:]:
            axes.set_xlabel("sampling time (ns)")
            axes.tick_params(labelbottom=True)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        headline = results.attributes["quality"].get("headline")
        if headline:
            style.headline(figure, headline)
    return figure


def _draw(axes: Axes, results: Results, name: str) -> None:
    time_ns = results.array("quality/time_ns")
    for sampler, (label, colour, mark) in _SAMPLERS.items():
        if f"{name}_{sampler}" not in results.group("quality"):
            continue
        axes.errorbar(
            time_ns, results.array(f"quality/{name}_{sampler}"),
            results.array(f"quality/{name}_{sampler}_se"),
            fmt=f"{mark}-", markersize=5, color=colour, label=label,
        )  # fmt: skip
    best = results.metrics.get(f"{name}_held_out")
    if best is not None and not name.endswith("_error"):
        axes.axhline(
            best.value, color=style.INK, linestyle="--", linewidth=1.2, label="held-out images"
        )
        if name == "log_probability":
            low, high = axes.get_ylim()
            axes.set_ylim(max(low, best.value - _MOST_NATS), high)
    axes.set_xscale("log")
    style.plain_log_ticks(axes.xaxis)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_ylabel(_PANELS[name])
    if name in ("label_accuracy", "adversarial_accuracy"):
        axes.set_ylim(0, 1.03)
    elif name != "log_probability":
        axes.set_ylim(bottom=0)
    style.quiet(axes)
