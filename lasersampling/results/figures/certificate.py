"""How often the certificate errs, compared with R-hat alone."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import binomtest

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_LOOKS = {
    "certificate": (style.BLUE, "o", "certificate"),
    "large": (style.GREEN, "s", "certificate without the exact law"),
    "r_hat": (style.VERMILLION, "^", r"$\hat R < 1.01$ alone"),
}
_QUESTIONS = {
    "agreement_lasers": "biased lasers,\njudged by other chains",
    "agreement_lasers_here": "biased lasers,\njudged by their own draws",
    "agreement_faults": "laws with a known\n$D_\\mathrm{KL}$",
    "complaint_exact": "independent\nexact draws",
    "complaint_gibbs": "Gibbs sampling\nthat mixes",
}
_TARGETS = {"agreement": 0.02, "complaint": 0.05}
_EDGES = np.geomspace(0.004, 0.4, 9)
_TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
_TOLERATED = 0.01
"""D_KL above which draws count as wrong, nats."""
_OFFSETS = (0.22, 0.0, -0.22)


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot how often draws are called in agreement, against their error, and wrong verdicts.

    Parameters
    ----------
    path : path-like
        Results file of `training/certificate.py`: ``/faults`` and ``/rates``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such judgements.
    """
    results = read_results(path, groups=("faults", "rates"))
    with style.style():
        figure = style.new_figure(5.8)
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.0, 1.15)})
        truth = results.array("faults/truth")
        for name, (colour, marker, label) in _LOOKS.items():
            centre, rate, error = _by_truth(truth, results.array(f"faults/{name}") == 0)
            left.errorbar(centre, rate, error, color=colour, marker=marker, label=label)
        left.axvline(_TOLERATED, color=style.GREY, linewidth=1)
        left.set_xscale("log")
        left.set_ylim(-0.02, 1.02)
        left.set_xlabel(r"true $D_\mathrm{KL}$ of the sampled law (nats)")
        left.set_ylabel("fraction called in agreement")
        left.set_title("Laws with a known error")
        left.set_xlim(_EDGES[0], _EDGES[-1])
        left.set_xticks(_TICKS, labels=[f"{tick:g}" for tick in _TICKS])
        left.set_xticks([], minor=True)
        style.quiet(left, grid="both")
        _rates(results, right)
        right.set_title("Wrong verdicts, 95 % intervals")
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def _by_truth(
    truth: NDArray[np.float64], agrees: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Fraction of agreement by ranges of the truth: middle, fraction, errors below and above."""
    place = np.digitize(truth, _EDGES) - 1
    rows = []
    for k in range(len(_EDGES) - 1):
        own = agrees[place == k]
        if own.size:
            low, high = binomtest(int(own.sum()), own.size).proportion_ci(method="exact")
            centre = np.sqrt(_EDGES[k] * _EDGES[k + 1])
            rows.append((centre, own.mean(), own.mean() - low, high - own.mean()))
    table = np.array(rows).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2:].T


def _rates(results: Results, axes: Axes) -> None:
    """Draw the rate of each kind of error, with its interval, under each rule."""
    attributes = results.attributes["rates"]
    names = [str(name) for name in attributes["questions"]]
    rules = [str(rule) for rule in attributes["rules"]]
    times, of, low, high = (
        results.array(f"rates/{name}") for name in ("times", "of", "low", "high")
    )
    for column, rule in enumerate(rules):
        colour, marker, _ = _LOOKS[rule]
        rate = times[:, column] / np.maximum(of[:, column], 1.0)
        place = np.arange(len(names))[::-1] + _OFFSETS[column]
        error = 100 * np.stack([rate - low[:, column], high[:, column] - rate])
        axes.errorbar(
            100 * rate, place, xerr=np.maximum(error, 0.0), color=colour, marker=marker,
            linestyle="none",
        )  # fmt: skip
    for row, name in enumerate(names):
        kind = name.split("_")[0]
        centre = len(names) - 1 - row
        axes.plot([100 * _TARGETS[kind]] * 2, [centre - 0.4, centre + 0.4], color=style.INK)
    n = of[:, 0].astype(int)
    labels = [f"{_QUESTIONS[name]} ({size})" for name, size in zip(names, n, strict=True)]
    axes.set_yticks(np.arange(len(names))[::-1], labels=labels, fontsize=11)
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_xlim(-0.15, 110)
    ticks = (0, 1, 2, 5, 10, 20, 50, 100)
    axes.set_xticks(ticks, labels=[f"{tick}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("fraction (%); bars: targets")
    axes.set_ylabel("what was judged (how often)")
    n_agreement = sum(name.startswith("agreement") for name in names)
    axes.axhline(len(names) - n_agreement - 0.5, color=style.GREY, linewidth=0.8)
    style.quiet(axes, grid="x")
