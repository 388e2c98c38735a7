"""Storage of measured hazards beside the calibrations, as TOML files in the user's cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from lasersampling.closure import digest_of
from lasersampling.config import to_toml
from lasersampling.paths import cache_directory
from lasersampling.sampling.neurons.calibration import (
    CalibrationSettings,
    LaserNeuron,
    calibration_key,
)
from lasersampling.sampling.neurons.store import kept, stored_calibration
from lasersampling.sampling.renewal import hazard_measurement
from lasersampling.sampling.renewal.hazard import Hazard
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings, measure_hazard


def hazard_path(
    neuron: LaserNeuron, calibrated: CalibrationSettings, settings: HazardSettings
) -> Path:
    """File of this hazard, whether or not it exists."""
    digest = hashlib.sha256(calibration_key(neuron, calibrated).encode())
    digest.update(to_toml(settings).encode())
    digest.update(digest_of(hazard_measurement.__name__).encode())
    name = f"hazard-{neuron.device.name}-{digest.hexdigest()[:32]}.toml"
    return cache_directory() / name.replace(os.sep, "_")


def stored_hazard(
    neuron: LaserNeuron,
    calibrated: CalibrationSettings,
    settings: HazardSettings,
    *,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Hazard:
    """Read this hazard from the cache, or measure and store it, as `stored_calibration` does.

    Parameters
    ----------
    neuron : LaserNeuron
        Laser, synapse and refractory time.
    calibrated : CalibrationSettings
        How the neuron is calibrated, which is done first.
    settings : HazardSettings
        Durations of the measurement, and the seed.
    n_threads : int, optional
        Threads; all cores by default.
    progress : callable, optional
        Called with the fraction done of a measurement.

    Returns
    -------
    Hazard
    """

    def measure() -> Hazard:
        calibration = stored_calibration(neuron, calibrated, n_threads=n_threads)
        return measure_hazard(neuron, calibration, settings, n_threads=n_threads, progress=progress)

    return kept(hazard_path(neuron, calibrated, settings), Hazard, measure)
