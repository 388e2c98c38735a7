"""Calibrations and hazards are measured once and kept as TOML files in the user's cache.

A file is named by a digest of all that the measurement depends on; when device, synapse, settings
or the simulating code change, it is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lasersampling.atomic import FileInUseError, atomic_path
from lasersampling.config import load, to_toml
from lasersampling.errors import InputError, LaserSamplingError, LaserSamplingWarning
from lasersampling.sampling.neurons.calibration import (
    Calibration,
    CalibrationSettings,
    Neuron,
    calibrate,
    calibration_key,
)
from lasersampling.sampling.renewal.hazard import Hazard
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings, measure_hazard

T = TypeVar("T")

_MEASURING_MODULES = ("hazard.py", "hazard_measurement.py", "hazard_response.py")

CACHE_VARIABLE = "LASERSAMPLING_CACHE"
"""Environment variable that names another directory for the cache."""


def cache_directory() -> Path:
    """Directory of the stored calibrations."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("lasersampling")


def calibration_path(neuron: Neuron, settings: CalibrationSettings) -> Path:
    """File that holds, or would hold, this calibration."""
    name = f"calibration-{neuron.device.name}-{calibration_key(neuron, settings)}.toml"
    return cache_directory() / name.replace(os.sep, "_")


def stored_calibration(
    neuron: Neuron,
    settings: CalibrationSettings,
    *,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Calibration:
    """Read this calibration from the cache, or measure and store it.

    A file that cannot be read is measured anew and replaced. A cache that cannot be written is no
    error: the calibration is returned all the same, with a `LaserSamplingWarning`.

    Parameters
    ----------
    neuron : Neuron
        Laser, synapse and refractory time.
    settings : CalibrationSettings
        How long to measure, and the seed.
    n_threads : int, optional
        Threads; all cores by default.
    progress : callable, optional
        Called with the fraction done of a measurement.

    Returns
    -------
    Calibration
    """
    return _stored(
        calibration_path(neuron, settings), Calibration,
        lambda: calibrate(neuron, settings, n_threads=n_threads, progress=progress),
    )  # fmt: skip


def hazard_path(neuron: Neuron, calibrated: CalibrationSettings, settings: HazardSettings) -> Path:
    """File that holds, or would hold, this hazard."""
    digest = hashlib.sha256(calibration_key(neuron, calibrated).encode())
    digest.update(to_toml(settings).encode())
    for name in _MEASURING_MODULES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    name = f"hazard-{neuron.device.name}-{digest.hexdigest()[:32]}.toml"
    return cache_directory() / name.replace(os.sep, "_")


def stored_hazard(
    neuron: Neuron,
    calibrated: CalibrationSettings,
    settings: HazardSettings,
    *,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Hazard:
    """Read this hazard from the cache, or measure and store it, as `stored_calibration` does.

    Parameters
    ----------
    neuron : Neuron
        Laser, synapse and refractory time.
    calibrated : CalibrationSettings
        How the neuron is calibrated, which is done first.
    settings : HazardSettings
        How long to measure, and the seed.
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

    return _stored(hazard_path(neuron, calibrated, settings), Hazard, measure)


def _stored(path: Path, kind: type[T], measure: Callable[[], T]) -> T:
    # What cannot be read was written by another version, is damaged or belongs to somebody else:
    # worth no more than the time to measure again.
    with contextlib.suppress(InputError, OSError):
        if path.is_file():
            return load(path, kind)
    measured = measure()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_text(to_toml(measured), encoding="utf-8")
    except FileInUseError:
        pass  # another run measured the same and keeps it
    except (LaserSamplingError, OSError) as error:
        warnings.warn(
            f"what was measured could not be kept ({error}), so a later run measures it again; "
            f"{CACHE_VARIABLE} names another folder",
            LaserSamplingWarning,
            stacklevel=2,
        )
    return measured
