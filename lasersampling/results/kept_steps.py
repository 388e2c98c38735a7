"""Steps of a run on disk: one file for each that is finished, in a folder beside the results."""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lasersampling.atomic import atomic_path
from lasersampling.config import hdf5
from lasersampling.config.hdf5_schema import check_schema
from lasersampling.errors import InputError
from lasersampling.learning.packing import pack, unpack

T = TypeVar("T")

EXPECTED = "a step that a run has kept (it is done again if this file is removed)"
WRITTEN = "a checkpoint written by lasersampling"
_NAME = re.compile(r"[a-z0-9-]+(-\d{6})(\.[a-z0-9-]+-\d{6})*\.h5")
_COMPRESS_FROM_BYTES = 1 << 12


class KeptSteps:
    """Steps that a run has finished; a `keeping.Keeper`.

    A step is written whole or not at all, so a run that is killed at any moment loses the steps
    that it was at, and no others.

    Parameters
    ----------
    folder : Path
        Folder of the steps, made when the first one is written.
    begin : callable
        Called before a step is written; gives the time that the run has taken so far [s].
    """

    def __init__(self, folder: Path, begin: Callable[[], float]) -> None:
        self.folder = folder
        self._begin = begin
        self._within = ""
        self._counts: dict[str, int] = {}

    def step(self, name: str, compute: Callable[[], T], of: object = None) -> T:
        """Return the result of a step; see `keeping.kept`.

        Raises
        ------
        InputError
            If what was kept is damaged, or depends on anything else than `of`.
        """
        key = self._next_key(name)
        path = self.folder / f"{key}.h5"
        if path.exists():
            found: T = read_step(path, _digest(of))
            return found
        outer, self._within = self._within, f"{key}."
        try:
            value = compute()
        finally:
            self._within = outer
        self.write(key, value, _digest(of))
        self._forget_within(key)
        return value

    def state(self, name: str) -> State:
        """Return where the state of a step that goes on for long is kept."""
        return State(self, self._next_key(name))

    def write(self, key: str, value: Any, of: str) -> None:
        """Write a result or a state under a key."""
        spent_s = self._begin()
        self.folder.mkdir(exist_ok=True)
        write_step(self.folder / f"{key}.h5", value, spent_s, of)

    def _within_step(self, key: str) -> KeptSteps:
        # The clock is the same in all processes of a machine.
        inner = KeptSteps(self.folder, partial(_time_since, time.monotonic() - self._begin()))
        inner._within = f"{key}."
        return inner

    def _forget_within(self, key: str) -> None:
        for inner in self.folder.glob(f"{key}.*-*.h5"):
            inner.unlink()

    def _next_key(self, name: str) -> str:
        stem = f"{self._within}{name}"
        number = self._counts.get(stem, 0)
        self._counts[stem] = number + 1
        return f"{stem}-{number:06d}"

    def paths(self, name: str) -> list[Path]:
        """Files of the finished outer steps of a name, in their order."""
        return sorted(self.folder.glob(f"{name}-??????.h5"))

    @property
    def spent_s(self) -> float:
        """Time that the run had taken when it kept the last step, 0 without any [s]."""
        own = steps_in(self.folder)
        if not own:
            return 0.0
        with hdf5.opened(max(own, key=lambda path: path.stat().st_mtime), EXPECTED) as root:
            return float(root.attributes().get("spent_s", 0.0))

    def forget(self) -> None:
        """Remove all steps, and the folder if nothing else is in it."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            own = path.name.removeprefix(".").removesuffix(".partial")
            if _NAME.fullmatch(own):
                path.unlink()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()


def steps_in(folder: Path) -> list[Path]:
    """Files of all steps that are kept in a folder, none if there is no folder."""
    return [path for path in folder.glob("*.h5") if _NAME.fullmatch(path.name)]


class State:
    """The last state of a step that goes on for long; a `keeping.KeptState`."""

    def __init__(self, steps: KeptSteps, key: str) -> None:
        self._steps, self._key = steps, key

    def load(self) -> Any:
        """Return the state that was saved last, None if there is none."""
        path = self._steps.folder / f"{self._key}.h5"
        return read_step(path) if path.exists() else None

    def save(self, state: Any) -> None:
        """Keep a state in place of the one before, at once or not at all.

        Steps within are forgotten.
        """
        self._steps.write(self._key, state, "")
        self._steps._forget_within(self._key)

    def within(self) -> KeptSteps:
        """Return where steps within this one are kept, also by another process of this machine."""
        return self._steps._within_step(self._key)


def _time_since(moment: float) -> float:
    return time.monotonic() - moment


def _digest(of: object) -> str:
    """Digest what a step depends on."""
    structure, arrays = pack(of)
    digest = hashlib.sha256(structure.encode())
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def write_step(path: Path, value: Any, spent_s: float, of: str) -> None:
    """Write the result of a step, whole or not at all.

    Parameters
    ----------
    path : Path
        Its file.
    value : object
        The result.
    spent_s : float
        Time that the run had taken by then [s].
    of : str
        Digest of what the result depends on.
    """
    import h5py

    structure, arrays = pack(value)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["spent_s"] = spent_s
        file.attrs["of"] = of
        file.create_dataset("structure", data=structure, dtype=h5py.string_dtype())
        for name, array in arrays.items():
            packing: dict[str, Any] = {}
            if array.nbytes >= _COMPRESS_FROM_BYTES:
                packing = {"compression": "gzip", "compression_opts": 4, "shuffle": True,
                           "fletcher32": True}  # fmt: skip
            file.create_dataset(name, data=array, **packing)
    with atomic_path(path) as temporary:
        temporary.write_bytes(hdf5.sealed(buffer.getvalue()))


def read_step(path: Path, of: str | None = None) -> Any:
    """Read the result of a step.

    Raises
    ------
    InputError
        If the file is damaged, or depends on anything else than what has the digest `of`.
    """
    with hdf5.opened(path, EXPECTED) as root:
        check_schema(root)
        if of is not None and root.attributes().get("of") != of:
            expected = "one of the run as it was begun, by the same version"
            raise root.refusal("", "a step of other work", expected)
        arrays: dict[str, NDArray[Any]] = {}
        structure = ""
        for name, entry in root.children().items():
            if not isinstance(entry, hdf5.Dataset):
                raise root.refusal(name, "a group", "datasets")
            if name == "structure":
                structure = entry.text()
            else:
                arrays[name] = np.asarray(entry.numbers())
    return restored(structure, arrays, path)


def restored(structure: str, arrays: dict[str, NDArray[Any]], where: object) -> Any:
    """Unpack what was stored, with one error for all that is not as it was packed.

    Parameters
    ----------
    structure, arrays
        As from `learning.packing.pack`.
    where : object
        Place that is named in the message.

    Raises
    ------
    InputError
        If the two do not fit together.
    """
    try:
        return unpack(structure, arrays)
    # JSON may be nested too deeply, numbers too long, types unknown, arrays of other types.
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError, ImportError,
            AttributeError) as error:  # fmt: skip
        raise InputError.single(str(where), f"a damaged one ({error})", WRITTEN) from None
