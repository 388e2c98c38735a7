"""Deviations of the parts of chips from their nominal values, before and after calibration."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lasersampling.plots import style

NAMES = {
    "gap": r"threshold $-$ leak",
    "tau_mem": r"$\tau_\mathrm{mem}$",
    "tau_syn": r"$\tau_\mathrm{syn}$",
    "strengths": "synapses",
}
"""Quantities of a calibrated chip, as figures name them."""

PARTS = {"before": ("before", style.VERMILLION), "after": ("after", style.BLUE)}
"""Labels and colours of both parts."""


def draw_spread(axes: Axes, relative: dict[str, NDArray[np.float64]]) -> None:
    """Draw how many values deviate how much, and say the standard deviations.

    Parameters
    ----------
    axes : matplotlib axes
        Where to draw.
    relative : dict of str to ndarray of float64, shape (value,)
        Values over the nominal one [1], for each of `PARTS`; at least one value.
    """
    changes = {part: 100.0 * (values - 1.0) for part, values in relative.items()}
    reach = max(1.0, *(float(np.abs(change).max()) for change in changes.values()))
    bins = np.linspace(-reach, reach, 42)
    for part, (label, colour) in PARTS.items():
        text = f"{label}: {changes[part].std():.1f} %"
        axes.hist(changes[part], bins.tolist(), color=colour, alpha=0.6, label=text)
    shown = " → ".join(f"{changes[part].std():.1f}" for part in PARTS)
    axes.set_title(f"spread {shown} %", fontsize=11, pad=4)
    axes.set_xlabel("deviation (%)")
    axes.locator_params(nbins=3)
    style.quiet(axes)
