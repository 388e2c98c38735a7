"""numba's `njit`, whose compiled code is kept apart for each state of the sources.

numba compiles anew when the file of a function changes, and does not notice a change in another
file that the function was compiled with: a function that it calls, a constant, the fields of a
tuple that it is given. So what is compiled from a module is kept in a folder named by a digest of
these sources, which cannot be out of date. The folders stand in ``NUMBA_CACHE_DIR`` if that is
set, else beside this file, else in the user's cache; where none of them can be written, functions
are compiled in each process anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba

from lasersampling.closure import file_of
from lasersampling.errors import LaserSamplingWarning
from lasersampling.paths import cache_directory

__all__ = ["njit"]

_IMPORT = re.compile(r"^from (lasersampling[\w.]*) import (\([^)]*\)|[^\n#]*)", re.MULTILINE)

_DAYS_KEPT = 30
"""For which code compiled from other states of the sources is kept, after its last use."""


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function to be compiled, as ``numba.njit(**options)`` does.

    With ``cache=True`` and no folder that can be written, the code is not kept: what that costs,
    and the remedy, is said once per process by a `LaserSamplingWarning`.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        if not options.get("cache"):
            return numba.njit(**options)(function)
        folder = compiled_code_folder(function.__module__)
        if folder is None:
            _say_that_nothing_is_kept()
            return numba.njit(**{**options, "cache": False})(function)
        with _numba_keeps_in(folder):
            return numba.njit(**options)(function)

    return compiled


@functools.cache
def compiled_code_folder(module: str) -> Path | None:
    """Folder for what is compiled from a module, made if it is missing; None if none can be."""
    name = f"{module.rpartition('.')[2]}-{_digest(module)}"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    beside = Path(__file__).with_name("__pycache__") / "numba"
    for place in [Path(chosen)] if chosen else [beside, cache_directory() / "numba"]:
        folder = place / name
        try:
            if not folder.is_dir():
                _remove_old(place, name)
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            os.utime(folder)  # when it was last used
        except OSError:
            continue
        return folder
    return None


def _digest(module: str) -> str:
    """Digest of all sources that a module is compiled with, and of the processor if one is set."""
    digest = hashlib.sha256()
    for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"):
        digest.update(os.environ.get(name, "").encode())
    for path in sorted(_compiled_with(module)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _compiled_with(module: str) -> set[Path]:
    """The module's file, those beside it (tuples that it is given), all that it imports first."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = file_of(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        for package, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
            waiting += [package, *(f"{package}.{name}" for name in re.findall(r"\w+", names))]
    own = file_of(module)
    return found | (set(own.parent.glob("*.py")) if own else set())


@contextlib.contextmanager
def _numba_keeps_in(folder: Path) -> Iterator[None]:
    """Have numba keep functions that are decorated meanwhile in a folder; others stay alone."""
    config: Any = numba.config  # a module, filled when numba starts
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _remove_old(place: Path, name: str) -> None:
    """Remove what was compiled from other states of a module and was not used for a while."""
    for other in place.glob(f"{name.rpartition('-')[0]}-{'[0-9a-f]' * 16}"):
        with contextlib.suppress(OSError):  # another process was faster
            if time.time() - other.stat().st_mtime > _DAYS_KEPT * 86_400:
                shutil.rmtree(other)


@functools.cache
def _say_that_nothing_is_kept() -> None:
    warnings.warn(
        "compiled code cannot be kept, since neither the folder of the installation nor the user's "
        "cache can be written; each run compiles anew, which takes up to some minutes; set "
        "NUMBA_CACHE_DIR to a folder that can be written",
        LaserSamplingWarning,
        stacklevel=4,
    )
