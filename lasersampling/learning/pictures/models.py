"""Trained machines of pictures as files: shipped ones by name, others by path."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lasersampling.boltzmann.files import load_machine, load_names, load_provenance
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.unit_names import class_names
from lasersampling.config import parse, resolve, shipped_names, shipped_path, to_toml, toml_of
from lasersampling.datasets.pictures import Pictures
from lasersampling.datasets.sources import NAMES
from lasersampling.errors import InputError
from lasersampling.learning.history import History
from lasersampling.learning.pictures.settings import PictureSettings
from lasersampling.paths import HDF5_SUFFIXES, suffix_of


@dataclass(frozen=True, eq=False)
class PictureModel:
    """A trained machine, and what is known about it.

    Attributes
    ----------
    name : str
        Name or path of the file.
    machine : BoltzmannMachine
        The machine.
    shape : tuple of int
        Rows and columns of its images.
    data : PictureSettings or None
        The images on which it was trained; None if they are unknown or not available.
    provenance : mapping
        Everything that the file states about its origin.
    class_names : tuple of str
        Names of the classes that its label units stand for; their numbers in files without names.
    absence : str
        Reason why `data` is None; empty if it is not.
    history : History or None
        Record of its training; None for a machine from a file.
    """

    name: str
    machine: BoltzmannMachine
    shape: tuple[int, int]
    data: PictureSettings | None
    provenance: Mapping[str, object]
    class_names: tuple[str, ...] = ()
    absence: str = ""
    history: History | None = None

    def pictures(self) -> Pictures:
        """Load the images on which it was trained.

        Raises
        ------
        InputError
            If they are unknown, or not available.
        """
        if self.data is None:
            got = self.absence or "a machine without its images"
            raise InputError.single("model", got, "one that says what it was trained on")
        return self.data.load()

    def fits_classes(self, names: tuple[str, ...]) -> bool:
        """Whether pictures have its classes, or equally many if the machine has no names."""
        unnamed = self.class_names == tuple(str(k) for k in range(self.machine.n_label))
        return names == self.class_names or (unnamed and len(names) == len(self.class_names))


def load_picture_model(name_or_path: str | Path, where: str = "model") -> PictureModel:
    """Load a shipped machine by its name, or a machine file by its path.

    Parameters
    ----------
    name_or_path : str or Path
        Name or path.
    where : str
        What the caller calls it, for messages.

    Raises
    ------
    InputError
        If there is none, the file is not one of a machine, or its images have no known shape.

    Examples
    --------
    >>> from lasersampling.learning.pictures.models import load_picture_model
    >>> model = load_picture_model("digits")
    >>> model.shape, model.machine.n_label
    ((8, 8), 10)
    """
    try:
        path = resolve("machines", name_or_path)
    except InputError as error:
        # Machines of few units, which are shipped as text, have no pictures.
        shipped = (name for name in shipped_names("machines") if _is_of_pictures(name))
        expected = "a file of a trained machine, or one of the shipped: " + ", ".join(shipped)
        raise InputError.single(where, error.problems[0].got, expected) from None
    machine = load_machine(path)
    provenance = load_provenance(path)
    stated = np.atleast_1d(np.asarray(provenance.get("shape", ())))
    # Anything but a list of whole numbers gets the message below.
    are_counts = stated.ndim == 1 and stated.dtype.kind in "iu" and bool((stated > 0).all())
    shape = tuple(stated.tolist()) if are_counts else (0,)
    if not stated.size:
        side = math.isqrt(machine.n_visible)
        shape = (side, side)
    if len(shape) != 2 or math.prod(shape) != machine.n_visible:
        got = f"{machine.n_visible} visible units"
        expected = "rows x columns, as attribute `shape` of its provenance, or a square"
        raise InputError.single(str(path), got, expected)
    names = load_names(path)
    names.check(machine, str(path))
    data, absence = _data(provenance)
    known = class_names(machine, names.label)
    return PictureModel(str(name_or_path), machine, shape, data, provenance, known, absence)


def _is_of_pictures(shipped: str) -> bool:
    return suffix_of(shipped_path("machines", shipped)) in HDF5_SUFFIXES


def describe_data(settings: PictureSettings, shape: tuple[int, int]) -> dict[str, object]:
    """Record in the provenance of a machine its images, so that `--from` finds them."""
    path = Path(settings.source)
    if settings.source not in NAMES and path.exists():
        settings = dataclasses.replace(settings, source=str(path.resolve()))
    return {"data": to_toml(settings), "shape": list(shape)}


def _data(provenance: Mapping[str, object]) -> tuple[PictureSettings | None, str]:
    """Find the images on which a machine was trained, or say why they are missing."""
    text = provenance.get("data")
    if not isinstance(text, str):
        return None, "its file does not say on which images it was trained"
    try:
        return parse(toml_of(text, "data"), PictureSettings, "data"), ""
    except (InputError, ValueError) as error:  # images of somebody else, not on this computer
        reason = " ".join(str(error).split())
        return None, f"the images that it was trained on are not found ({reason})"
