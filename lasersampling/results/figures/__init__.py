"""Figures made from results files: one module each, with ``plot(path) -> Figure``.

A figure reads one results file and nothing else, so that it can be drawn again at any time.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lasersampling.atomic import atomic_path, check_outputs
from lasersampling.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = (
    "accuracy_parameters",
    "activation_curve",
    "adaptation",
    "certificate",
    "chip_calibration",
    "comparison",
    "completions",
    "design",
    "distribution",
    "divergence_over_time",
    "exact_reference",
    "chip_population",
    "filters",
    "fit",
    "gradient_costs",
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


def draw(path: str | os.PathLike[str], name: str) -> Figure:
    """Draw one figure of a results file.

    Parameters
    ----------
    path : path-like
        The results file.
    name : str
        Names from `NAMES`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no such figure, or the results file lacks what it shows.
    """
    if name not in NAMES:
        raise InputError.single("figure", repr(name), f"one of {', '.join(NAMES)}")
    figure: Figure = importlib.import_module(f"{__name__}.{name}").plot(path)
    return figure


def figure_paths(path: str | os.PathLike[str], names: Iterable[str]) -> dict[str, Path]:
    """Name the files of the figures of a run, before anything is drawn.

    Parameters
    ----------
    path : path-like
        The results file, ``run.h5``.
    names : iterable of str
        Names from `NAMES`.

    Returns
    -------
    dict of str to Path
        ``run_<name>.png`` for each name; ``run.png`` if there is only one figure.
    """
    chosen, file = list(names), Path(path)
    if len(chosen) == 1:
        return {chosen[0]: file.with_suffix(".png")}
    return {name: file.with_name(f"{file.stem}_{name}.png") for name in chosen}


def save_figures(
    path: str | os.PathLike[str], names: Iterable[str], *, overwrite: bool = False
) -> list[Path]:
    """Draw figures of a results file and write them beside it.

    Parameters
    ----------
    path : path-like
        The results file, ``run.h5``.
    names : iterable of str
        Names from `NAMES`.
    overwrite : bool
        Whether existing files may be replaced.

    Returns
    -------
    list of Path
        ``run_<name>.png`` for each name, in that order.

    Raises
    ------
    InputError
        If there is no such figure, the results file lacks what it shows, or a file of that name
        exists already.
    """
    files = {name: Path(path).with_name(f"{Path(path).stem}_{name}.png") for name in names}
    check_outputs(files.values(), inputs=[path], overwrite=overwrite)
    return [save_figure(path, name, file, overwrite=overwrite) for name, file in files.items()]


def save_figure(
    path: str | os.PathLike[str], name: str, file: Path, *, overwrite: bool = False
) -> Path:
    """Draw one figure of a results file and write it to `file`, which is returned.

    Raises
    ------
    InputError
        If there is no such figure, the results file lacks what it shows, or `file` exists and
        `overwrite` is false.
    """
    check_outputs([file], inputs=[path], overwrite=overwrite)
    figure = draw(path, name)
    with atomic_path(file, overwrite=overwrite) as temporary:
        figure.savefig(temporary, format="png")
    return file
