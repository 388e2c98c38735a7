"""Records of the devices on which networks ran, for results files."""

from __future__ import annotations

import numpy as np

from lasersampling.hardware import Substrate
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.populations import PopulationChip
from lasersampling.results.store import ResultsFile

_DESCRIPTIONS = {
    "threshold": "deviation of thresholds",
    "leak": "deviation of voltages at rest",
    "tau_mem": "deviation of membrane time constants",
    "tau_syn": "deviation of synaptic time constants",
    "coupling": "deviation of weights",
    "delay": "deviation of delays; on the diagonal, that of delays of whole units",
    "dead": "units that never spike",
    "dead_coupling": "connections that transmit nothing",
}


def write_chips(file: ResultsFile, substrate: Substrate) -> None:
    """Write to ``/chip`` the description of a device, and what was drawn for an emulated one.

    So the same chips can be used again. Units are inputs, then the neurons of each layer.
    """
    about = substrate.description
    own = {"name": about.name, "sizes": list(about.sizes), "n_members": about.n_members}
    file.attributes("chip", own | dict(about.facts))
    if not isinstance(substrate, EmulatedChip | PopulationChip):
        return
    for name, values in substrate.patterns.items():
        square = values.ndim == 3
        dims = ("member", "chip_post", "chip_pre") if square else ("member", "chip_unit")
        file.write(
            f"chip/{name}", values.astype(np.int8) if values.dtype == bool else values, dims,
            units="1", description=_DESCRIPTIONS[name],
        )  # fmt: skip
