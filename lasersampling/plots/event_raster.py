"""Spikes of the neurons of one sample as a raster."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lasersampling.plots import style


def height(n_neurons: int) -> float:
    """Return the height in inches of a figure with so many neurons."""
    return float(np.clip(1.8 + 0.12 * n_neurons, 3.2, 7.5))


def draw(
    axes: Axes, time: NDArray[np.float64], neuron: NDArray[np.integer], n_neurons: int
) -> None:
    """Draw a tick for each spike.

    Parameters
    ----------
    axes : Axes
        Axes to draw on.
    time : ndarray of float64, shape (spike,)
        Times of the spikes [tau_syn].
    neuron : ndarray of int, shape (spike,)
        Neuron of each spike.
    n_neurons : int
        Number of neurons.
    """
    ticks = np.stack(
        [np.stack([time, neuron - 0.42], -1), np.stack([time, neuron + 0.42], -1)], axis=1
    )
    width = float(np.clip(30 / n_neurons, 0.8, 2.2))
    axes.add_collection(LineCollection(list(ticks), colors=style.BLUE, linewidths=width))
    latest = float(time.max()) if len(time) else 1.0
    axes.set_xlim(min(0.0, float(time.min(initial=0.0))), 1.03 * max(latest, 1e-3))
    axes.set_ylim(n_neurons - 0.5, -0.5)
    axes.set_xlabel(r"time ($\tau_\mathrm{syn}$)")
    axes.set_ylabel("neuron")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
    spikes = "1 spike" if len(time) == 1 else f"{len(time):,} spikes"
    neurons = "1 neuron" if n_neurons == 1 else f"{n_neurons:,} neurons"
    axes.set_title(f"{neurons} · {spikes}")
