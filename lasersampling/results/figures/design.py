"""Trade-offs in the search for a device."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_LEAST_CHANGE = 1e-3
_ALL_OR_NONE = 0.02
_LOGISTIC = 0.012


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot determinism against logistic misfit, speed against energy, and the best D_KL.

    Parameters
    ----------
    path : path-like
        Results file with ``/devices`` (name, change, rms, tau_ns, energy_fj), ``/finalists`` (name,
        kl, tau_ns) and ``/synapses`` (shape, kl of shape (best, synapse, machine)).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no search.
    """
    results = read_results(path, groups=("devices", "finalists", "synapses"))
    with style.style():
        figure = style.new_figure(7.0)
        axes = figure.subplots(2, 2)
        _determinism(axes[0, 0], results)
        _speed(axes[0, 1], results)
        _sampling(axes[1, 0], results)
        _synapses(axes[1, 1], results)
        for one in axes.flat:
            style.quiet(one)
    return figure


def _named(axes: Axes, results: Results, x: np.ndarray, y: np.ndarray) -> None:
    """Mark shipped devices by their names, random ones by dots, the best by a ring."""
    names = results.array("devices/name").astype(str)
    drawn = np.char.startswith(names, "drawn")
    axes.plot(x[drawn], y[drawn], "o", color=style.BLUE, alpha=0.5, markersize=4)
    axes.plot(x[~drawn], y[~drawn], "D", color=style.VERMILLION, markersize=5)
    best = names == str(results.array("finalists/name")[0])
    axes.plot(x[best], y[best], "o", color=style.INK, markerfacecolor="none", markersize=11)
    to_the_left = x > np.quantile(x, 0.6)
    lift = dict(zip(names[~drawn], (8, 6, -14, -3), strict=False))
    for name, a, b, left in zip(
        names[~drawn], x[~drawn], y[~drawn], to_the_left[~drawn], strict=True
    ):
        axes.annotate(
            name, (a, b), xytext=(-8 if left else 8, lift[name]), textcoords="offset points",
            ha="right" if left else "left",
        )  # fmt: skip


def _determinism(axes: Axes, results: Results) -> None:
    change = np.maximum(results.array("devices/change"), _LEAST_CHANGE)
    _named(axes, results, change, results.array("devices/rms"))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axvline(_ALL_OR_NONE, color=style.INK, linewidth=0.8, linestyle=":")
    axes.axhline(_LOGISTIC, color=style.INK, linewidth=0.8, linestyle=":")
    axes.text(_ALL_OR_NONE * 0.9, 0.03, "all or none", ha="right", fontsize="small",
              transform=axes.get_xaxis_transform())  # fmt: skip
    axes.text(0.46, _LOGISTIC * 1.02, "logistic below", ha="left", fontsize="small",
              transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_xlabel("change of spike count if threshold doubles")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.set_ylabel("rms deviation from logistic curve")


def _speed(axes: Axes, results: Results) -> None:
    energy = results.array("devices/energy_fj")
    _named(axes, results, results.array("devices/tau_ns"), energy)
    axes.set_yscale("log")
    axes.set_xlabel(r"refractory time $\tau$ (ns)")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel("energy per spike (fJ)")


def _sampling(axes: Axes, results: Results) -> None:
    kl, tau = results.array("finalists/kl"), results.array("finalists/tau_ns")
    names = results.array("finalists/name").astype(str)
    axes.semilogy(tau, kl, "o", color=style.BLUE)
    for name, a, b in zip(names, tau, kl, strict=True):
        axes.annotate(name.removeprefix("drawn-"), (a, b), xytext=(4, 3),
                      textcoords="offset points", fontsize="small")  # fmt: skip
    axes.set_xlabel(r"refractory time $\tau$ (ns)")
    axes.set_ylabel(r"median $D_\mathrm{KL}$ (nats)")


def _synapses(axes: Axes, results: Results) -> None:
    shapes = results.array("synapses/shape").astype(str)
    kl = results.array("synapses/kl")
    names = results.array("finalists/name").astype(str)
    for k, color in zip(range(kl.shape[0]), (style.VERMILLION, style.BLUE), strict=False):
        middle = np.median(kl[k], axis=1)
        low, high = np.quantile(kl[k], [0.25, 0.75], axis=1)
        axes.errorbar(np.arange(shapes.size) + 0.12 * k, middle, [middle - low, high - middle],
                      fmt="o", color=color, label=names[k])  # fmt: skip
    axes.set_yscale("log")
    axes.set_xticks(np.arange(shapes.size), shapes, rotation=30, ha="right")
    axes.set_ylabel(r"$D_\mathrm{KL}$ (nats), quartiles")
    axes.legend()
