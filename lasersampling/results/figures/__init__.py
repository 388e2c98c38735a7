"""Figures made from results files: one module each, with ``plot(path) -> Figure``."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from pathlib import Path

from lasersampling.atomic import atomic_path
from lasersampling.errors import InputError

NAMES = (
    "accuracy_parameters",
    "activation_curve",
    "adaptation",
    "chip_calibration",
    "completions",
    "design",
    "distribution",
    "divergence_over_time",
    "exact_reference",
    "chip_population",
    "filters",
    "fit",
    "image_gallery",
    "imperfections",
    "integrator_convergence",
    "machines",
    "mixing",
    "laser_dynamics",
    "neighbours",
    "network_inference",
    "noisy_hardware",
    "online_learning",
    "p_values",
    "posterior",
    "quality_over_time",
    "raster",
    "recognition_over_time",
    "renewal",
    "sparse_codes",
    "spike_learning",
    "spike_parameters",
    "spike_times",
    "spike_traces",
    "yin_yang_plane",
)


def save_figures(path: str | os.PathLike[str], names: Iterable[str]) -> list[Path]:
    """Draw figures of a results file and write them beside it.

    Parameters
    ----------
    path : path-like
        The results file, ``run.h5``.
    names : iterable of str
        Of `NAMES`.

    Returns
    -------
    list of Path
        ``run_<name>.png`` for each name, in that order.

    Raises
    ------
    InputError
        If there is no such figure, or the file lacks what it shows.
    """
    return [
        save_figure(path, name, Path(path).with_name(f"{Path(path).stem}_{name}.png"))
        for name in names
    ]


def save_figure(path: str | os.PathLike[str], name: str, file: Path) -> Path:
    """Draw one figure of a results file and write it to `file`, which is returned.

    Raises
    ------
    InputError
        If there is no such figure, or the results file lacks what it shows.
    """
    if name not in NAMES:
        raise InputError.single("figure", repr(name), f"one of {', '.join(NAMES)}")
    figure = importlib.import_module(f"{__name__}.{name}").plot(path)
    with atomic_path(file) as temporary:
        figure.savefig(temporary, format="png")
    return file
