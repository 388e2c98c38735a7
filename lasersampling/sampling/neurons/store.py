"""Calibrations are measured once and kept as TOML files in the user's cache.

A file is named by a digest of everything on which the measurement depends; when device, synapse,
settings or the simulating code change, it is measured again. Calibrations of the shipped devices
with default settings are shipped, in ``models/calibrations``.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lasersampling import keeping
from lasersampling.atomic import FileInUseError, atomic_path
from lasersampling.config import load, shipped_names, shipped_path, to_toml
from lasersampling.errors import InputError, LaserSamplingError, LaserSamplingWarning
from lasersampling.paths import CACHE_VARIABLE, cache_directory
from lasersampling.sampling.neurons.calibration import (
    Calibration,
    CalibrationSettings,
    LaserNeuron,
    calibration_key,
    measure_calibration,
)

T = TypeVar("T")


def calibration_path(neuron: LaserNeuron, settings: CalibrationSettings) -> Path:
    """File of this calibration, whether or not it exists."""
    return cache_directory() / f"{calibration_name(neuron, settings)}.toml"


def calibration_name(neuron: LaserNeuron, settings: CalibrationSettings) -> str:
    """Name of this calibration, which is that of its file without the suffix."""
    name = f"calibration-{neuron.device.name}-{calibration_key(neuron, settings)}"
    return name.replace(os.sep, "_")


def stored_calibration(
    neuron: LaserNeuron,
    settings: CalibrationSettings,
    *,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Calibration:
    """Read this calibration from the shipped ones or the cache, or measure and store it.

    If a file cannot be read, the calibration is measured anew and the file replaced. If the cache
    cannot be written, the calibration is returned nevertheless, with a `LaserSamplingWarning`.

    Parameters
    ----------
    neuron : LaserNeuron
        Laser, synapse and refractory time.
    settings : CalibrationSettings
        Durations of the measurement, and the seed.
    n_threads : int, optional
        Threads; all cores by default.
    progress : callable, optional
        Called with the fraction done of a measurement.

    Returns
    -------
    Calibration
    """
    name = calibration_name(neuron, settings)
    if name in shipped_names("calibrations"):
        return load(shipped_path("calibrations", name), Calibration)
    return kept(
        cache_directory() / f"{name}.toml", Calibration,
        lambda: measure_calibration(neuron, settings, n_threads=n_threads, progress=progress),
    )  # fmt: skip


def kept(path: Path, kind: type[T], measure: Callable[[], T]) -> T:
    """Read an earlier measurement, or measure and store it.

    Parameters
    ----------
    path : Path
        TOML file in the cache.
    kind : type
        Class made by `config.validated`.
    measure : callable
        Makes the measurement.
    """
    # An unreadable file was written by another version, is damaged or belongs to somebody else:
    # measuring again is the simplest remedy.
    with contextlib.suppress(InputError, OSError):
        if path.is_file():
            return load(path, kind)
    # Its key says on what it depends; so the order does not matter, in which things are measured.
    measured = keeping.kept(f"measured-{path.stem.rpartition('-')[2]}", measure)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_text(to_toml(measured), encoding="utf-8")
    except FileInUseError:
        pass  # another run measured the same and stores it
    except (LaserSamplingError, OSError) as error:
        warnings.warn(
            f"what was measured could not be kept ({error}), so a later run measures it again; "
            f"{CACHE_VARIABLE} names another folder",
            LaserSamplingWarning,
            stacklevel=2,
        )
    return measured
