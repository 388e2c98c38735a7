"""Untrusted HDF5 files are read by another process first, with limits on time and memory.

A file that was made to deceive, or damaged where no checksum is, can make the HDF5 library loop for
ever, take all memory or crash. Within `trust.untrusted_files` each file is therefore first given
to a child process that reads everything in it (`config.hdf5_inspector`); this process opens the
file only if that went well. The child forks for each file, and ends when it has been idle for two
minutes.

What remains: this process reads the file once more. It notices a file that was exchanged or changed
before it opened it; it does not notice a program that writes into the file while it reads. And a
child is limited but not confined: a fault of HDF5 by which a file runs code of its own is as open
there as here.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lasersampling.config.hdf5_checks import DEEPEST, LARGEST_BYTES, LARGEST_RATIO, MOST_OBJECTS
from lasersampling.config.hdf5_seal import REMEDY
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.trust import files_are_trusted

SECONDS = 3.0
"""Processor time of an inspection [s], besides that for what there is to read."""

BYTES_PER_S = 2e7
"""Data for which there is one further second [bytes/s]; ten times as many are usual. For the names
and attributes there is a second for a tenth of these bytes of the file."""

MOST_MEMORY = 2**31
"""Memory that an inspection may take [bytes]."""

Identity = tuple[int, ...]
"""Device, number, size and times of a file, which tell whether it is still the same."""

_INSPECTOR = Path(__file__).with_name("hdf5_inspector.py")
_OLD_ENOUGH_S = 0.1


def inspected(path: str | os.PathLike[str], expected: str) -> Identity | None:
    """Let a child process read a file, within `untrusted_files`; elsewhere return None.

    Parameters
    ----------
    path : path-like
        The file, which exists.
    expected : str
        The kind of file that it should be, for messages.

    Returns
    -------
    tuple of int or None
        Identity of the file that was read, to be compared by `is_same`. None also for a file
        that cannot be opened for another reason than its content.

    Raises
    ------
    InputError
        If the child was not able to read all of it.
    LaserSamplingError
        If no child can be started.
    """
    if files_are_trusted():
        return None
    with _lock:
        known = _identity(Path(path).stat())
        if known in _sound:
            return known
        answer = _answer(os.fspath(path))
    if "failed" in answer:
        return None
    if "fault" in answer:
        place = f"{path}: {answer['at']}" if answer["at"] else str(path)
        got = f"a damaged or truncated file, or one made to deceive ({answer['fault']})"
        raise InputError.single(place, got, f"{expected}, {REMEDY}")
    found: Identity = tuple(answer["sound"])
    # The clock of a file system ticks, and what is written within a tick looks the same.
    if time.time() - found[-1] / 1e9 > _OLD_ENOUGH_S:
        _sound.add(found)
    return found


def is_same(descriptor: int, identity: Identity | None) -> bool:
    """Return whether an open file is the one that was inspected, unchanged."""
    return identity is None or _identity(os.fstat(descriptor)) == identity


def _identity(held: os.stat_result) -> Identity:
    return held.st_dev, held.st_ino, held.st_size, held.st_mtime_ns, held.st_ctime_ns


def _answer(path: str) -> dict[str, Any]:
    """Send a file to a child; return its last answer, or what its end tells."""
    limits = {
        "seconds": SECONDS,
        "bytes_per_s": BYTES_PER_S,
        "most_memory": MOST_MEMORY,
        "largest_bytes": LARGEST_BYTES,
        "largest_ratio": LARGEST_RATIO,
        "most_objects": MOST_OBJECTS,
        "deepest": DEEPEST,
    }
    request = {"path": str(Path(path).absolute())} | limits
    answer = _child.ask(request) or _child.ask(request)  # it may just have ended, idle for too long
    if answer is None:
        raise LaserSamplingError(
            f"{path}: could not be inspected, as {sys.executable} does not run {_INSPECTOR}"
        )
    if "ended" in answer:
        return answer | {"fault": _ended_by(-answer["ended"])}
    return answer


def _ended_by(number: int) -> str:
    if number in (signal.SIGPROF, signal.SIGALRM):
        return "reading it does not come to an end within the processor time of such a file"
    return f"reading it crashes: {signal.strsignal(number) or f'signal {number}'}"


class _Child:
    """The process that inspects files; started when there is one to be inspected."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Send a request; return the answer and the last place, or None from a child that ended."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        place = ""
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer: dict[str, Any] = json.loads(line)
                if "at" not in answer:
                    return answer | {"at": place}
                place = answer["at"]
        except BrokenPipeError:
            pass
        except BaseException:  # such as Ctrl-C: the next answer would be that to this request
            self.stop()
            raise
        self.stop()
        return None

    def stop(self) -> None:
        """End the process at once, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._owner == os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        else:
            process.returncode = 0  # it belongs to the process from which this one was forked

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None and self._owner == os.getpid():
            return self._process
        self.stop()
        places = os.pathsep.join(place for place in sys.path if place)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_INSPECTOR)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                encoding="utf-8", process_group=0,
                env=os.environ | {"PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"},
            )  # fmt: skip
        except OSError as error:
            raise LaserSamplingError(
                f"no process that inspects files can be started: {sys.executable} ({error})"
            ) from error
        self._owner = os.getpid()
        atexit.register(self.stop)
        return self._process


_lock = threading.Lock()
_child = _Child()
_sound: set[Identity] = set()
