"""One piece of a sweep, as a worker does it."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from lasersampling.atomic import FileInUseError
from lasersampling.commands.invocation import Purpose
from lasersampling.errors import InputError
from lasersampling.results import Metric, Results, read_results
from lasersampling.sweeps.calling import call
from lasersampling.sweeps.grid import Cell
from lasersampling.sweeps.outcome import Outcome

_ONE_AT_A_TIME = threading.Lock()
"""For workers with several threads: a command has the standard output and all cores to itself."""


@dataclass(frozen=True)
class Piece:
    """A piece of a sweep.

    Attributes
    ----------
    cell : Cell
        Its values and its seed.
    words : tuple of str
        The command and its arguments.
    file : Path
        Results file of the piece, if the worker sees its folder.
    can_resume : bool
        Whether the command goes on from its results file if it was stopped.
    is_kept : bool
        Whether the results file stays.
    """

    cell: Cell
    words: tuple[str, ...]
    file: Path
    can_resume: bool
    is_kept: bool


def do_piece(piece: Piece) -> Outcome:
    """Call the command of a piece, and say what it found or why it failed.

    Parameters
    ----------
    piece : Piece
        The piece. If its results file is there, because an earlier worker was lost, the command
        goes on from it.
    """
    command = shlex.join(["lasersampling", *piece.words])
    told: list[str] = []
    try:
        with _ONE_AT_A_TIME:
            results = _results(piece, told)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever it is, other pieces go on
        return Outcome(piece.cell, command, failure=_words_of(error), warnings=tuple(told))
    attrs = results.attrs
    metrics = {name: _described(metric) for name, metric in results.metrics.items()}
    return Outcome(
        piece.cell, command, metrics, float(attrs["wall_time_s"]), str(attrs["git_commit"]),
        warnings=tuple(told),
    )  # fmt: skip


def _results(piece: Piece, told: list[str]) -> Results:
    """Do a piece in its folder, or in one of this machine that nobody else uses."""
    if piece.file.parent.is_dir():
        # A worker that is taken for lost may still be writing the file.
        with contextlib.suppress(FileInUseError):
            results = _finished(piece.file) or _called(piece, piece.file, told)
            if not piece.is_kept:
                piece.file.unlink(missing_ok=True)
            return results
    if piece.is_kept:
        told.append(f"its results file is not kept: the worker cannot write {piece.file}")
    with tempfile.TemporaryDirectory(prefix="lasersampling-") as folder:
        return _called(piece, Path(folder) / piece.file.name, told)


def _called(piece: Piece, file: Path, told: list[str]) -> Results:
    """Call the command, or let it go on; `told` gets its warnings."""
    if file.exists() and piece.can_resume and _went_on(piece.words[0], file, told):
        return read_results(file, groups=())
    told += call([*piece.words, "--out", str(file), "--overwrite"], Purpose.PIECE)
    return read_results(file, groups=())


def _went_on(command: str, file: Path, told: list[str]) -> bool:
    """Let a command go on from its file; false if nothing that it could go on from is there yet."""
    try:
        told += call([command, "--resume", str(file)], Purpose.PIECE)
    except FileInUseError:
        raise
    except InputError:
        return False
    return True


def _described(metric: Metric) -> Metric:
    """Leave the reason out of a description, which then is that of all pieces."""
    return replace(metric, description=metric.description.removesuffix(f"; {metric.reason}"))


def _finished(file: Path) -> Results | None:
    """Read the results of a piece that was done before, and not recorded."""
    if not file.exists():
        return None
    results = read_results(file, groups=())
    return results if results.attrs.get("complete", True) else None


def _words_of(error: BaseException) -> str:
    """Say why a piece failed, on one line."""
    code = getattr(error, "exit_code", None)
    if code == 3:
        return "its draws are rejected (--strict)"
    if isinstance(error, MemoryError):
        return f"more was asked for than fits into memory ({error})"
    text = " ".join(str(error).split())
    if type(error).__module__.startswith("lasersampling."):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
