"""Accuracies of networks on chips, with one network on each chip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls

Array = NDArray[np.float64]
RECIPES = {"none": "chip", "axonal": "chip_axonal", "synaptic": "chip_synaptic"}
"""Shipped recipes by their kind of delays."""


def write_accuracies(
    file: ls.ResultsFile, group: str, label: str, values: Array, dims: tuple[str, ...] = ("chip",)
) -> None:
    """Write test accuracies, whose last axis is chips; write and print their means."""
    about = f"test accuracy, {label}"
    file.write(f"{group}/{label}", values, dims, units="1", description=about)
    for place, own in enumerate(np.atleast_2d(values)):
        spread = float(own.std(ddof=1))
        name = label if values.ndim == 1 else f"{label}_{place}"
        file.metric(
            f"accuracy_{name}", own.mean(), spread / own.size**0.5,
            description=f"test accuracy, {name}, mean over chips",
        )  # fmt: skip
        print(f"{name}: {own.mean():.4f}, spread {spread:.4f}, worst {own.min():.4f}")
