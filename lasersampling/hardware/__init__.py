"""Imperfections of devices, the same objects for lasers and LIF neurons."""

from lasersampling.hardware.chip import Chip
from lasersampling.hardware.deviation import Deviation, Drift
from lasersampling.hardware.grid import Grid
from lasersampling.hardware.imperfections import (
    Coupling,
    Imperfections,
    Quantity,
    Spikes,
    imperfections_names,
    load_imperfections,
)

__all__ = [
    "Chip",
    "Coupling",
    "Deviation",
    "Drift",
    "Grid",
    "Imperfections",
    "Quantity",
    "Spikes",
    "imperfections_names",
    "load_imperfections",
]
