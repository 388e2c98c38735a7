"""What a device must do to be learned with, near or behind a socket, and its imperfections.

The same objects serve lasers and LIF neurons, so nothing here may depend on either of them.
"""

from lasersampling.hardware.chip import Chip
from lasersampling.hardware.chip_model import (
    ChipModel,
    NominalNeuron,
    VoltageSampling,
    chip_names,
    load_chip,
)
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
from lasersampling.hardware.remote import RemoteSubstrate
from lasersampling.hardware.server import Server, serve_pipe
from lasersampling.hardware.substrate import Arrays, Description, Substrate

__all__ = [
    "Arrays",
    "Chip",
    "ChipModel",
    "Coupling",
    "Description",
    "Deviation",
    "Drift",
    "Grid",
    "Imperfections",
    "NominalNeuron",
    "Quantity",
    "RemoteSubstrate",
    "Server",
    "Spikes",
    "Substrate",
    "VoltageSampling",
    "chip_names",
    "imperfections_names",
    "load_chip",
    "load_imperfections",
    "serve_pipe",
]
