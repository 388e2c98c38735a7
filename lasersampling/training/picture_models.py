"""Trained machines of pictures as files: shipped ones by name, others by path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lasersampling.boltzmann.files import load_machine, load_provenance
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.config import parse, resolve, toml_of
from lasersampling.errors import InputError
from lasersampling.training.picture_recipes import PictureSettings


@dataclass(frozen=True, eq=False)
class PictureModel:
    """A trained machine and what is known of it.

    Attributes
    ----------
    name : str
        Name or path of the file.
    machine : BoltzmannMachine
        The machine.
    shape : tuple of int
        Rows and columns of its images.
    data : PictureSettings or None
        What it was trained on; None if that is not known or not here.
    provenance : mapping
        All that the file says of its origin.
    """

    name: str
    machine: BoltzmannMachine
    shape: tuple[int, int]
    data: PictureSettings | None
    provenance: Mapping[str, object]


def load_picture_model(name_or_path: str | Path) -> PictureModel:
    """Load a shipped machine by its name, or a machine file by its path.

    Raises
    ------
    InputError
        If there is none, the file is not one of a machine, or its images have no known shape.
    """
    path = resolve("machines", name_or_path)
    machine = load_machine(path)
    provenance = load_provenance(path)
    stated = np.atleast_1d(np.asarray(provenance.get("shape", ())))
    # What is no list of whole numbers gets the message below.
    are_counts = stated.ndim == 1 and stated.dtype.kind in "iu" and bool((stated > 0).all())
    shape = tuple(stated.tolist()) if are_counts else (0,)
    if not stated.size:
        side = math.isqrt(machine.n_visible)
        shape = (side, side)
    if len(shape) != 2 or math.prod(shape) != machine.n_visible:
        got = f"{machine.n_visible} visible units"
        expected = "rows x columns, as attribute `shape` of its provenance, or a square"
        raise InputError.single(str(path), got, expected)
    return PictureModel(str(name_or_path), machine, shape, _data(provenance), provenance)


def _data(provenance: Mapping[str, object]) -> PictureSettings | None:
    text = provenance.get("data")
    if not isinstance(text, str):
        return None
    try:
        return parse(toml_of(text, "data"), PictureSettings, "data")
    except (InputError, ValueError):  # images of somebody else, that are not on this machine
        return None
