"""Calibrations of the shipped devices with default settings, which come with the package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lasersampling.atomic import atomic_path
from lasersampling.config import shipped_names, to_toml
from lasersampling.sampling.neurons.calibration import CalibrationSettings, measure_calibration
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.store import calibration_name

DEVICES = ("D1", "D2", "D4", "D5", "D6")
"""Devices of the paper; the other shipped devices are earlier lasers, for comparison."""


def missing_calibrations() -> tuple[str, ...]:
    """Name the devices whose shipped calibration is missing, or belongs to other code or settings.

    Returns
    -------
    tuple of str
        Empty if all are there.
    """
    shipped = shipped_names("calibrations")
    return tuple(device for device in DEVICES if _name(device) not in shipped)


def ship_calibrations(folder: Path, told: Callable[[str], None] = print) -> None:
    """Measure missing calibrations, and remove those that belong to other code.

    Parameters
    ----------
    folder : Path
        ``models/calibrations`` of a clone.
    told : callable
        Called with a line for each step; a device takes minutes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {_name(device): device for device in DEVICES}
    for path in folder.glob("calibration-*.toml"):
        if path.stem not in wanted:
            path.unlink()
            told(f"removed: {path}")
    for name, device in wanted.items():
        path = folder / f"{name}.toml"
        if path.exists():
            continue
        told(f"calibrating {device}")
        measured = measure_calibration(Lasers(device).neuron, CalibrationSettings())
        with atomic_path(path) as temporary:
            temporary.write_text(to_toml(measured), encoding="utf-8")
        told(f"written: {path}")


def _name(device: str) -> str:
    return calibration_name(Lasers(device).neuron, CalibrationSettings())
