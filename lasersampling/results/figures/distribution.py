"""Sampled against target probabilities of the joint states."""

from __future__ import annotations

import os
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.results.figures import style
from lasersampling.results.reading import Results, read_results

_MAX_STATES = 64
_MAX_LABELS = 32


def plot(path: str | os.PathLike[str], order: Literal["state", "target"] = "target") -> Figure:
    """Plot both distributions as bars, and again on a logarithmic axis.

    Parameters
    ----------
    path : path-like
        Results file with ``/distribution``: `target`, `sampled` and `sampled_se` (state), where
        entry `sum_k z_k 2**k` belongs to the joint state `z`; metrics `kl_sample_target`
        and `kl_floor` for the title.
    order : {"state", "target"}
        Sort by state or by falling target probability. Of more than 64 states, the 64 most
        probable are shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no distribution.
    """
    if order not in ("state", "target"):
        raise InputError.single("order", repr(order), "'state' or 'target'")
    results = read_results(path, groups=("distribution",))
    target = results.array("distribution/target")
    sampled = results.array("distribution/sampled")
    error = results.array("distribution/sampled_se")
    shown = np.argsort(-target, kind="stable")[:_MAX_STATES]
    if order == "state":
        shown = np.sort(shown)
    place = np.arange(shown.size)
    with style.style():
        figure = style.new_figure(7.2)
        linear, logarithmic = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
        linear.bar(place - 0.21, target[shown], 0.4, color=style.SKY, label="target")
        linear.bar(place + 0.21, sampled[shown], 0.4, color=style.VERMILLION, label="sampled")
        linear.errorbar(
            place + 0.21, sampled[shown], error[shown], fmt="none", color=style.INK, capsize=0,
            elinewidth=1.2,
        )  # fmt: skip
        linear.set_ylabel("probability")
        linear.legend(loc="upper right", ncols=2)
        style.quiet(linear)
        logarithmic.hlines(
            target[shown], place - 0.4, place + 0.4, color=style.SKY, linewidth=4, zorder=2
        )
        drawn = sampled[shown] > 0
        logarithmic.errorbar(
            place[drawn], sampled[shown][drawn], error[shown][drawn], fmt="o", markersize=5,
            color=style.VERMILLION, capsize=0, zorder=3,
        )  # fmt: skip
        logarithmic.set_yscale("log")
        logarithmic.yaxis.set_minor_formatter(NullFormatter())
        logarithmic.set_ylim(*_log_limits(target[shown], sampled[shown]))
        logarithmic.set_ylabel("probability")
        logarithmic.set_xlim(-0.8, shown.size - 0.2)
        style.quiet(logarithmic)
        if shown.size <= _MAX_LABELS:
            rotation = 90 if shown.size > 8 else 0
            logarithmic.set_xticks(
                place, _labels(shown, target.size), rotation=rotation, family="DejaVu Sans Mono"
            )
            attributes = results.attributes.get("distribution", {})
            logarithmic.set_xlabel(
                style.state_words(attributes, "state $z$ (first unit on the left)")
            )
        else:
            logarithmic.set_xlabel(
                "state, by falling target probability" if order == "target" else "state"
            )
        linear.set_title(_title(results, float(target[shown].sum()), shown.size, target.size))
    return figure


def _labels(numbers: NDArray[np.intp], n_states: int) -> list[str]:
    """Write states as their units' values, unit 0 first."""
    n_units = n_states.bit_length() - 1
    return [f"{number:0{n_units}b}"[::-1] for number in numbers]


def _log_limits(target: NDArray[np.float64], sampled: NDArray[np.float64]) -> tuple[float, float]:
    """Return limits around the target that hold two powers of ten at least, to be read off."""
    low, high = 0.5 * float(target[target > 0].min()), 2 * float(max(target.max(), sampled.max()))
    if np.floor(np.log10(high)) - np.ceil(np.log10(low)) < 1:
        low = float(10 ** np.floor(np.log10(low)))
    return low, high


def _title(results: Results, mass: float, n_shown: int, n_states: int) -> str:
    parts = []
    if "kl_sample_target" in results.metrics:
        text = (
            rf"$D_\mathrm{{KL}}$(sampled‖target) = {results.metric('kl_sample_target').value:.2g}"
        )
        if "kl_floor" in results.metrics:
            text += f" · ideal sampler of the same ESS: {results.metric('kl_floor').value:.2g}"
        parts.append(text)
    if n_shown < n_states:
        parts.append(f"{n_shown} most probable of {n_states} states, {mass:.0%} of the target")
    return "\n".join(parts)
