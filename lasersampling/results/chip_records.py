"""Emulated chips in results files."""

from __future__ import annotations

import numpy as np

from lasersampling.lif.emulated_chip import EmulatedChip
from lasersampling.results.store import ResultsFile

_DESCRIPTIONS = {
    "threshold": "deviation of thresholds",
    "leak": "deviation of voltages at rest",
    "tau_mem": "deviation of membrane time constants",
    "tau_syn": "deviation of synaptic time constants",
    "coupling": "deviation of weights",
    "delay": "deviation of delays; of whole units on the diagonal",
    "dead": "units that never spike",
    "dead_coupling": "connections that transmit nothing",
}


def write_chips(file: ResultsFile, chip: EmulatedChip) -> None:
    """Write what was drawn for each chip to ``/chip``, so that it can be met again.

    Units are inputs, then the neurons of each layer.
    """
    about = chip.description
    file.attributes(
        "chip", {"name": about.name, "sizes": list(about.sizes), "seeds": list(chip.seeds)}
    )
    for name, values in chip.patterns.items():
        square = values.ndim == 3
        dims = ("member", "chip_post", "chip_pre") if square else ("member", "chip_unit")
        file.write(
            f"chip/{name}", values.astype(np.int8) if values.dtype == bool else values, dims,
            units="1", description=_DESCRIPTIONS[name],
        )  # fmt: skip
