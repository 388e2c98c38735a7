"""Devices to learn with, and their imperfections: the same objects for lasers and LIF neurons."""

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
from lasersampling.hardware.substrate import Arrays, Description, Substrate

__all__ = [
    "Arrays",
    "Chip",
    "Coupling",
    "Description",
    "Deviation",
    "Drift",
    "Grid",
    "Imperfections",
    "Quantity",
    "Spikes",
    "Substrate",
    "imperfections_names",
    "load_imperfections",
]
