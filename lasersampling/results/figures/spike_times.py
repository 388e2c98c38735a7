"""Answers of the output neurons by class, and how far right and wrong ones lie apart."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_SHOWN = 40
"""Number of samples of each class in the raster."""
_COLOURS = (style.ORANGE, style.BLUE, style.GREEN, style.VERMILLION, style.SKY, style.PURPLE,
            style.GREY, style.INK, "#8B5A2B", "#556B2F")  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Answer:
    """What is plotted: values of (sample, neuron); the right one is smaller if the sign is 1."""

    values: NDArray[np.float64]
    sign: float
    label: str
    title: str
    lead: str


def _answer(results: Results) -> _Answer:
    stored = results.group("test").get("answer")
    if stored is None:
        tau = r"($\tau_\mathrm{syn}$)"
        return _Answer(
            results.array("test/output_time")[0], 1.0, f"output spike {tau}",
            "spike times of the output neurons", f"first wrong minus correct neuron {tau}",
        )  # fmt: skip
    unit = r" ($\tau_\mathrm{syn}$)" if stored.units == "tau_syn" else ""
    return _Answer(
        stored.data[0].astype(float), -1.0, f"{stored.description}{unit}",
        "answers of the output neurons", f"correct minus largest wrong neuron{unit}",
    )  # fmt: skip


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the first network's output spikes or other answers by class, and their separation.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling classify``: ``/test``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no test part.
    """
    results = read_results(path, groups=("test",))
    answer, labels = _answer(results), results.array("test/label")
    times = answer.values
    n_classes = times.shape[1]
    names = [f"class {label}" for label in range(n_classes)]
    neurons = [f"neuron {label}" for label in range(n_classes)]
    if "class_name" in results.group("test"):
        names = [style.plain(str(name)) for name in results.array("test/class_name")]
        neurons = [f"neuron of {name}" for name in names]
    shown = max(4, 3 * _SHOWN // n_classes)
    with style.style():
        figure = style.new_figure(5.4)
        raster, separation = figure.subplots(1, 2)
        row = 0
        for label in range(n_classes):
            chosen = np.flatnonzero(labels == label)[:shown]
            chosen = chosen[np.argsort(answer.sign * times[chosen, label])]
            for neuron in range(n_classes):
                raster.scatter(
                    times[chosen, neuron], row + np.arange(len(chosen)), s=9, linewidths=0,
                    color=_COLOURS[neuron % len(_COLOURS)],
                    label=neurons[neuron] if label == 0 else None,
                )  # fmt: skip
            raster.axhline(row - 0.5, color=style.FAINT, linewidth=1)
            raster.text(
                1.01, row + len(chosen) / 2, names[label], va="center", fontsize=12,
                transform=raster.get_yaxis_transform(),
            )  # fmt: skip
            row += len(chosen)
        raster.set_ylim(row, -1)
        raster.set_ylabel("test sample, by class and spike")
        raster.set_xlabel(answer.label)
        raster.set_title(answer.title, fontsize=14)
        if n_classes <= 4:
            raster.legend(loc="lower center", bbox_to_anchor=(0.5, -0.32), ncols=n_classes,
                          markerscale=2, columnspacing=0.8, handletextpad=0.0)  # fmt: skip
        others = answer.sign * times
        own = others[np.arange(len(labels)), labels]
        others[np.arange(len(labels)), labels] = np.inf
        next_one = others.min(axis=1)
        both = np.isfinite(own) & np.isfinite(next_one)
        lead = next_one[both] - own[both]
        low, high = np.quantile(lead, [0.001, 0.999]) if lead.size else (0.0, 1.0)
        width = max(high - low, 1e-6) / 50  # zero is the edge of a bin
        bins = width * np.arange(np.floor(low / width) - 1, np.ceil(high / width) + 2)
        colour = np.array([style.VERMILLION, style.BLUE])
        for right in (0, 1):
            part = lead[(lead > 0) == bool(right)]
            name = f"right ({len(part)})" if right else f"wrong ({len(part)})"
            separation.hist(
                np.clip(part, bins[0], bins[-1]), bins=bins, color=colour[right], label=name
            )
        separation.axvline(0.0, color=style.INK, linewidth=1)
        separation.set_xlabel(answer.lead)
        separation.set_ylabel("test samples")
        separation.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        separation.margins(y=0.25)  # for the legend
        separation.legend(loc="upper right")
        separation.set_title("separation of correct and wrong", fontsize=14)
        style.quiet(separation)
    return figure
