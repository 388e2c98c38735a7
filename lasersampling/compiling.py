"""numba's `njit`, with a separate cache of compiled code for each state of the sources.

numba recompiles a function when its own file changes, but does not notice changes in other files
with which the function was compiled: functions that it calls, constants, the fields of a named
tuple. So the code compiled from a module is cached in a folder named by a digest of all these
sources, and can never be out of date. The folders are in ``NUMBA_CACHE_DIR`` if that is set,
otherwise beside this file, otherwise in the user's cache; if none of them can be written, each
process compiles anew.
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
"""Number of days for which code compiled from other states of the sources is kept unused."""


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function to be compiled, as ``numba.njit(**options)`` does.

    With ``cache=True`` and no writable folder, the code is not cached: the cost and the remedy are
    reported once per process by a `LaserSamplingWarning`.
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
    """Folder for the code compiled from a module, made if missing; None if none can be written."""
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
            os.utime(folder)  # marks the time of the last use
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
    """File of the module, files beside it (for named tuples), and all modules that it imports."""
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
    """Make numba cache functions that are decorated meanwhile in a folder, and no others."""
    config: Any = numba.config  # a module that numba fills when it starts
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _remove_old(place: Path, name: str) -> None:
    """Remove old code that was compiled from other states of a module."""
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
