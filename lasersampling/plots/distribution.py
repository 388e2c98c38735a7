"""Probabilities of joint states: those of samples compared with those of a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from lasersampling.plots import style

MOST_STATES = 64
_MOST_LABELS = 32


@dataclass(frozen=True, eq=False)
class Law:
    """The probabilities that are drawn.

    Attributes
    ----------
    sampled, error : ndarray of float64, shape (state,)
        Frequencies and their standard errors [1].
    target : ndarray of float64, shape (state,), or None
        Probabilities of the reference [1].
    names : tuple of str
        Names of sampled and target probabilities.
    divergence, floor : float or None
        D_KL(sampled‖target), and its mean for an ideal sampler [nats].
    """

    sampled: NDArray[np.float64]
    error: NDArray[np.float64]
    target: NDArray[np.float64] | None = None
    names: tuple[str, str] = ("sampled", "target")
    divergence: float | None = None
    floor: float | None = None

    def most_probable(self) -> NDArray[np.intp]:
        """Return the most probable states of the target, or of the samples, in decreasing order."""
        by = self.sampled if self.target is None else self.target
        return np.argsort(-by, kind="stable")[:MOST_STATES]


def draw_bars(axes: Axes, law: Law, shown: NDArray[np.intp]) -> None:
    """Draw chosen states as bars, with a title."""
    place, target = np.arange(shown.size), law.target
    shift, width = (0.0, 0.8) if target is None else (0.21, 0.4)
    if target is not None:
        axes.bar(place - shift, target[shown], width, color=style.SKY, label=law.names[1])
    colour = style.VERMILLION
    axes.bar(place + shift, law.sampled[shown], width, color=colour, label=law.names[0])
    axes.errorbar(
        place + shift, law.sampled[shown], law.error[shown], fmt="none", color=style.INK,
        capsize=0, elinewidth=1.2,
    )  # fmt: skip
    axes.set_ylabel("probability")
    if target is not None:
        axes.legend(loc="upper right", ncols=2)
    style.quiet(axes)
    axes.set_title(_title(law, shown))


def draw_logarithmic(axes: Axes, law: Law, shown: NDArray[np.intp]) -> None:
    """Draw the same on a logarithmic axis, where rare states can be read off."""
    place, sampled = np.arange(shown.size), law.sampled[shown]
    target = sampled if law.target is None else law.target[shown]
    if law.target is not None:
        axes.hlines(target, place - 0.4, place + 0.4, color=style.SKY, linewidth=4, zorder=2)
    drawn = sampled > 0
    axes.errorbar(
        place[drawn], sampled[drawn], law.error[shown][drawn], fmt="o", markersize=5,
        color=style.VERMILLION, capsize=0, zorder=3,
    )  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(*_log_limits(target, sampled))
    axes.set_ylabel("probability")
    style.quiet(axes)


def label_states(axes: Axes, shown: NDArray[np.intp], n_states: int, words: str, many: str) -> None:
    """Label states on an axis by their units' values, unit 0 first, unless there are many."""
    axes.set_xlim(-0.8, shown.size - 0.2)
    if shown.size > _MOST_LABELS:
        axes.set_xlabel(many)
        return
    n_units = n_states.bit_length() - 1
    labels = [f"{number:0{n_units}b}"[::-1] for number in shown]
    rotation = 90 if shown.size > 8 else 0
    place = np.arange(shown.size)
    axes.set_xticks(place, labels, rotation=rotation, family="DejaVu Sans Mono")
    axes.set_xlabel(words)


def draw_means(
    axes: Axes,
    mean: NDArray[np.float64],
    error: NDArray[np.float64],
    beside: NDArray[np.float64] | None = None,
    names: tuple[str, str] = ("sampled", "target"),
) -> None:
    """Draw the means of many units: over the units, or against those of a reference."""
    look: dict[str, Any] = {"fmt": "o", "markersize": 4, "elinewidth": 1, "alpha": 0.85}
    look["capsize"] = 0
    if beside is None:
        axes.errorbar(np.arange(mean.size), mean, error, color=style.VERMILLION, **look)
        axes.set_xlabel("unit")
        style.whole_ticks(axes.xaxis)
        axes.set_ylabel("mean activity")
    else:
        axes.plot([0, 1], [0, 1], color=style.GREY, linewidth=1)
        axes.errorbar(beside, mean, error, color=style.VERMILLION, **look)
        axes.set_xlabel(f"mean activity, {names[1]}")
        axes.set_ylabel(f"mean activity, {names[0]}")
        difference = np.sqrt(np.mean((mean - beside) ** 2))
        axes.set_title(f"{mean.size} units · rms difference {difference:.2g}")
    axes.set_ylim(-0.03, 1.03)
    style.quiet(axes, grid="both")


def _log_limits(target: NDArray[np.float64], sampled: NDArray[np.float64]) -> tuple[float, float]:
    """Return limits around the target that span at least two powers of ten."""
    low, high = 0.5 * float(target[target > 0].min()), 2 * float(max(target.max(), sampled.max()))
    if np.floor(np.log10(high)) - np.ceil(np.log10(low)) < 1:
        low = float(10 ** np.floor(np.log10(low)))
    return low, high


def _title(law: Law, shown: NDArray[np.intp]) -> str:
    parts = []
    if law.divergence is not None:
        text = rf"$D_\mathrm{{KL}}$({law.names[0]}‖{law.names[1]}) = {law.divergence:.2g}"
        if law.floor is not None:
            text += f" · ideal sampler of the same ESS: {law.floor:.2g}"
        parts.append(text)
    by, name = (law.sampled, "samples") if law.target is None else (law.target, law.names[1])
    if shown.size < by.size:
        mass = float(by[shown].sum())
        of = "the samples" if law.target is None else f"the {name}"
        parts.append(f"{shown.size} most probable of {by.size} states, {mass:.0%} of {of}")
    return "\n".join(parts)
