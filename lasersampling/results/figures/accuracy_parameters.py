"""Accuracy against the number of trained parameters, by kind of delays."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_COLOURS = {"none": style.GREY, "axonal": style.BLUE, "dendritic": style.GREEN,
            "synaptic": style.VERMILLION}  # fmt: skip
_NAMES = {"none": "weights only", "axonal": "+ axonal delays", "dendritic": "+ dendritic delays",
          "synaptic": "+ synaptic delays"}  # fmt: skip


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the test error of networks of several sizes, mean and spread over seeds.

    Parameters
    ----------
    path : path-like
        Results file of ``training/delays_yin_yang.py``: ``/sizes`` with `hidden` (size), and for
        each kind of delays `parameters_<kind>` (size) and `accuracy_<kind>` (size, seed); if it has
        ``/matched`` with the same of networks without delays, these are shown with their kind.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such accuracies.
    """
    results = read_results(path)
    group = results.group("sizes")
    hidden = results.array("sizes/hidden")
    kinds = [kind for kind in _NAMES if f"accuracy_{kind}" in group]
    n_seeds = 0
    with style.style():
        figure = style.new_figure(5.4)
        by_parameters, by_size = figure.subplots(1, 2, sharey=True)
        for kind in kinds:
            own = {"marker": "o", "markersize": 5, "color": _COLOURS[kind], "label": _NAMES[kind]}
            accuracy = results.array(f"sizes/accuracy_{kind}")
            n_seeds = accuracy.shape[1]
            mean, spread = _errors(accuracy)
            by_size.errorbar(hidden, mean, yerr=spread, **own)
            parameters, accuracy = _all_sizes(results, kind)
            mean, spread = _errors(accuracy)
            by_parameters.errorbar(parameters, mean, yerr=spread, **own)
        by_parameters.set_xscale("log")
        by_parameters.set_yscale("log")
        for axis in (by_parameters.xaxis, by_parameters.yaxis):
            style.plain_log_ticks(axis)
        by_parameters.set_xlabel("trained parameters")
        by_size.set_xlabel("hidden neurons")
        by_size.set_xticks(hidden)
        by_parameters.set_ylabel("test error (%)")
        by_size.set_ylabel("test error (%)")
        by_parameters.legend(loc="upper right")
        for axes in (by_parameters, by_size):
            style.quiet(axes, grid="both")
        style.headline(figure, f"Delays against weights, Yin-Yang, {n_seeds} seeds")
    return figure


def _errors(accuracy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread over seeds of the share of wrong decisions [%]."""
    error = 100.0 * (1.0 - accuracy)
    spread = error.std(axis=1, ddof=1) if error.shape[1] > 1 else np.zeros(len(error))
    return error.mean(axis=1), spread


def _all_sizes(results: Results, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parameters and accuracies of networks of a kind, also those trained beside others."""
    places = [("sizes", kind)]
    if kind == "none":
        known = [name for name in _NAMES if f"matched/accuracy_{name}" in results.contents]
        places += [("matched", name) for name in known]
    parameters = np.concatenate([results.array(f"{g}/parameters_{k}") for g, k in places])
    accuracy = np.concatenate([results.array(f"{g}/accuracy_{k}") for g, k in places])
    parameters, first = np.unique(parameters, return_index=True)
    return parameters, accuracy[first]
