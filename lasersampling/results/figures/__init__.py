"""Figures made from results files: one module each, with ``plot(path) -> Figure``.

A figure reads one results file and nothing else, so that it can be drawn again at any time.
"""

from __future__ import annotations

import fnmatch
import importlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lasersampling.atomic import atomic_path, check_outputs, output_problems
from lasersampling.checks import refuse
from lasersampling.errors import InputError
from lasersampling.paths import suffix_of, suffix_problems

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUPS: dict[str, tuple[str, ...]] = {
    "accuracy_parameters": ("sizes",),
    "activation_curve": ("calibration/activation",),
    "adaptation": ("adaptation/argument", "adaptation/curve"),
    "certificate": ("faults", "rates"),
    "chip_calibration": ("calibration_*",),
    "comparison": ("*@arms",),
    "completions": ("completions/shown_ns",),
    "design": ("devices", "finalists", "synapses"),
    "distribution": ("distribution/sampled", "distribution/target"),
    "divergence_over_time": ("divergence/kl_sample_target",),
    "exact_reference": ("comparison", "intervals", "pulses", "photons"),
    "chip_population": ("population",),
    "filters": ("machine/weights", "images"),
    "fit": ("history/kl_sample_target", "distribution/target"),
    "gradient_costs": ("cost",),
    "image_gallery": ("images",),
    "imperfections": ("imperfect",),
    "integrator_convergence": ("convergence",),
    "machines": ("machines/kl_floor_learned_*",),
    "mixing": ("mixing",),
    "large_networks": ("large",),
    "laser_dynamics": ("spike", "portrait", "refractory", "stability", "regimes"),
    "neighbours": ("neighbours",),
    "network_inference": ("explaining_away", "visual_perception"),
    "noisy_hardware": ("hardware",),
    "online_learning": ("online",),
    "p_values": ("null", "power"),
    "posterior": ("posterior/exact",),
    "quality_over_time": ("quality/time_ns",),
    "raster": ("spikes/chain_offset", "spikes/time"),
    "recognition_over_time": ("recognition",),
    "renewal": ("single", "response", "machines"),
    "sparse_codes": ("sparse",),
    "spike_learning": ("history/train_accuracy", "history/validation_accuracy"),
    "spike_parameters": ("parameters",),
    "spike_times": ("test/label", "test/output_time|test/answer"),
    "spike_traces": ("traces/laser", "traces/time_ns"),
    "step_bias": ("bias",),
    "sweep": ("pieces/seed", "pieces@combinations"),
    "timing_tasks": ("*@architectures",),
    "yin_yang_plane": ("plane/decision", "test/decision", "test/input_time"),
}
"""What a results file needs for each figure: groups, or variables, where files of other kinds and
published ones have the group without them. ``calibration_*`` is any group of such a name, and
``*@arms`` any that has the attribute `arms`; of names beside ``|``, one is enough."""

NAMES = tuple(GROUPS)

FORMATS: dict[str, dict[str, None]] = {
    ".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None},
}  # fmt: skip
"""Endings of files of figures, and what is left out of them, since it differs in each run."""


def candidates(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Name the figures for which a results file has what they show, without drawing them.

    Values may be damaged, so that `draw` can refuse one of these figures still.

    Parameters
    ----------
    path : path-like
        The results file.

    Raises
    ------
    InputError
        If the file cannot be read or is no results file.
    """
    from lasersampling.results.reading import read_results

    bare = read_results(path, groups=())
    attributes = bare.attributes
    told = [f"{group}@{key}" for group in attributes for key in attributes[group]]
    held = [*attributes, *told, *bare.contents]

    def has(needed: str) -> bool:
        """Whether the file has what is needed, or one of several such things."""
        return any(fnmatch.filter(held, pattern) for pattern in needed.split("|"))

    return tuple(name for name in NAMES if all(map(has, GROUPS[name])))


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


def title_of(name: str) -> str:
    """Say what a figure shows, in a sentence without the dot.

    Examples
    --------
    >>> title_of("distribution")
    'Sampled and target probabilities of the joint states'
    """
    module = importlib.import_module(f"{__name__}.{name}")
    first = (module.__doc__ or name).strip().partition("\n\n")[0]
    return " ".join(first.split()).rstrip(".")


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

    The ending of its name says how: .png, .svg or .pdf.

    Raises
    ------
    InputError
        If there is no such figure, the results file lacks what it shows, `file` has another ending,
        or exists and `overwrite` is false.
    """
    problems = suffix_problems(file, tuple(FORMATS))
    problems += output_problems([file], inputs=[path], overwrite=overwrite)
    refuse(problems)
    figure, form, drawn = draw(path, name), suffix_of(file), io.BytesIO()
    # Drawing takes seconds; a process that is killed meanwhile leaves no unfinished file.
    figure.savefig(drawn, format=form.removeprefix("."), metadata=FORMATS[form])
    with atomic_path(file, overwrite=overwrite) as temporary:
        temporary.write_bytes(drawn.getvalue())
    return file
