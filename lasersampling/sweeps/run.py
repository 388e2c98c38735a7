"""Doing a sweep."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from lasersampling.checks import boolean_problems, refuse, shown
from lasersampling.errors import InputError, Problem
from lasersampling.paths import expanded
from lasersampling.results.outputs import Outputs
from lasersampling.sweeps.calling import Call, call_of
from lasersampling.sweeps.grid import Cell, Grid, axes_of
from lasersampling.sweeps.outcome import Outcome
from lasersampling.sweeps.piece import Piece, do_piece
from lasersampling.sweeps.record import Existing, Record, kept_outcomes
from lasersampling.sweeps.swept import Swept
from lasersampling.workers import Lost, Processes, Workers

_LONGEST_NAME = 120


def sweep(
    command: str | Sequence[str],
    over: Mapping[str, Sequence[Any]],
    *,
    out: str | os.PathLike[str],
    seeds: int | Sequence[int] = 1,
    workers: int | Workers = 1,
    existing: Existing = "refuse",
    keep: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Swept:
    """Call a command with all combinations of values and several seeds.

    Parameters
    ----------
    command : str or sequence of str
        A command that computes and its arguments, as at the command line without
        ``lasersampling``; or a recipe.
    over : mapping of str to sequence
        Values of each key: of an option, an argument, or any key of the configuration of the
        command, such as ``learning.rate``. Without a key, only the seeds differ.
    out : path-like
        Results file (HDF5), which gets each piece when it is done.
    seeds : int or sequence of int
        Number of seeds, from 0; or the seeds. They are the same for each combination.
    workers : int or Workers
        Number of processes of this machine, which share its cores; or other workers, such as
        `workers.Cluster`. A program that has several processes started must be importable:
        what it does stands behind ``if __name__ == "__main__":``.
    existing : "refuse", "resume" or "overwrite"
        What is done if the file exists. With "resume" only pieces are done that are not in the
        file, or have failed; values and seeds may be added.
    keep : bool
        Whether the results file of each piece stays, in a folder beside `out`.
    progress : callable, optional
        Called with the fraction of the pieces that are done.

    Returns
    -------
    Swept
        What was found; pieces that failed are in `Swept.failures`, and stop no others.

    Raises
    ------
    InputError
        Before anything is computed: if there is no such command or key, a value is refused in any
        of the combinations, there are too many pieces, or the file cannot be written or is that of
        another sweep.

    Examples
    --------
    >>> swept = sweep(
    ...     "sample random_five --sampler gibbs",
    ...     {"draws": [200, 800]},
    ...     seeds=2,
    ...     out="draws.h5",
    ... )
    >>> [(one.values, one.n_seeds) for one in swept.averages]
    [(('200',), 2), (('800',), 2)]
    >>> swept.averages[1].metrics["ess_joint"].value > 200
    True
    """
    words = shlex.split(command) if isinstance(command, str) else list(command)
    grid = Grid(axes_of(over), _seeds_of(seeds))
    problems = boolean_problems("keep", keep)
    if existing not in get_args(Existing):
        expected = " or ".join(map(repr, get_args(Existing)))
        problems.append(Problem("existing", shown(existing), expected))
    refuse(problems)
    said = shlex.join(["lasersampling", "sweep", *words])
    planned = plan(words, grid, out, existing, said)
    own = Processes(workers) if isinstance(workers, int) else workers
    planned.call.check(grid)
    return planned.run(own, keep=keep, progress=progress)


@dataclass(frozen=True)
class Plan:
    """A sweep of which all but the values is checked.

    Attributes
    ----------
    call : Call
        The command.
    grid : Grid
        Values and seeds.
    outputs : Outputs
        The files that will be written.
    command : str
        Command line, for the record.
    existing : "refuse", "resume" or "overwrite"
        What is done if there is a file.
    started : float
        Moment on the clock of `time.monotonic` from which the stored wall time counts [s].
    """

    call: Call
    grid: Grid
    outputs: Outputs
    command: str
    existing: Existing
    started: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """Where pieces have their results files while they are done."""
        return folder_of(self.outputs.results)

    def run(
        self,
        workers: Workers,
        *,
        keep: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Swept:
        """Do the pieces that are not done yet; see `sweep`."""
        swept = Swept(self.outputs.results, self.call.words, self.grid, {})
        about = self.command, self.started
        with Record.open(swept, *about, existing=self.existing) as record:
            self.folder.mkdir(exist_ok=True)
            if not record.goes_on:
                for path in _pieces_in(self.folder, self.grid):
                    path.unlink()
            known = record.swept.outcomes
            left = [
                cell
                for cell in self.grid.cells()
                if cell not in known or known[cell].failure is not None
            ]
            pieces = [self._piece(cell, keep=keep) for cell in left]
            done = len(self.grid) - len(left)
            try:
                for place, result in workers.results(do_piece, pieces):
                    record.add(_outcome_of(pieces[place], result))
                    done += 1
                    if progress is not None:
                        progress(done / len(self.grid))
            finally:
                with suppress(OSError):  # it stays if there is something in it
                    self.folder.rmdir()
        return record.swept.ordered()

    def _piece(self, cell: Cell, *, keep: bool) -> Piece:
        file = self.folder.absolute() / file_name(self.grid.keys, cell)
        return Piece(cell, self.call.of(cell), file, self.call.can_resume, keep)


def plan(
    words: Sequence[str],
    grid: Grid,
    out: str | os.PathLike[str],
    existing: Existing,
    command: str,
) -> Plan:
    """Check a sweep but for its values; see `sweep`.

    Parameters
    ----------
    words : sequence of str
        A command or a recipe, and arguments.
    grid : Grid
        Values and seeds.
    out : path-like
        Results file.
    existing : "refuse", "resume" or "overwrite"
        What is done if it exists.
    command : str
        Command line, for the record.

    Raises
    ------
    InputError
        With what is wrong.
    """
    called = call_of(words, grid.keys)
    path = expanded(out)
    goes_on = existing == "resume" and path.exists()
    inputs = [word for word in words if not word.startswith("--")]
    outputs = Outputs.checked(
        path, ["sweep"], inputs=inputs, overwrite=goes_on or existing == "overwrite",
        goes_on=goes_on,
    )  # fmt: skip
    folder = folder_of(path)
    if folder.exists() and not folder.is_dir():
        raise InputError.single(str(folder), "a file", "a folder for pieces, or nothing")
    if existing == "refuse" and _pieces_in(folder, grid):
        expected = "none, or leave to overwrite them (--overwrite)"
        raise InputError.single(str(folder), "pieces of an earlier sweep", expected)
    if goes_on:
        kept_outcomes(Swept(path, called.words, grid, {}))
    return Plan(called, grid, outputs, command, existing)


def folder_of(path: Path) -> Path:
    """Name the folder of the pieces of a sweep, beside its results file."""
    return path.with_suffix("")


def file_name(keys: Sequence[str], cell: Cell) -> str:
    """Name the results file of a piece after its values and its seed.

    Examples
    --------
    >>> file_name(["duration_ns"], Cell(("1000",), 3))
    'duration_ns=1000,seed=3.h5'
    """
    parts = [f"{key}={value}" for key, value in zip(keys, cell.values, strict=True)]
    text = ",".join([*parts, f"seed={cell.seed}"])
    plain = re.sub(r"[^A-Za-z0-9._=,+-]", "_", text)
    if plain != text or len(plain) > _LONGEST_NAME:
        plain = f"{plain[:_LONGEST_NAME]}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    return f"{plain}.h5"


def _pieces_in(folder: Path, grid: Grid) -> list[Path]:
    """List the results files of pieces that are in a folder."""
    if not folder.is_dir():
        return []
    names = {file_name(grid.keys, cell) for cell in grid.cells()}
    return [path for path in folder.iterdir() if path.name in names]


def _seeds_of(seeds: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        return tuple(range(seeds))
    if isinstance(seeds, str | bool) or not hasattr(seeds, "__iter__"):
        raise InputError.single("seeds", shown(seeds), "a whole number, or a list of seeds")
    return tuple(seeds)


def _outcome_of(piece: Piece, result: Outcome | Lost) -> Outcome:
    """Give the outcome of a piece, also of one that was given up."""
    if not isinstance(result, Lost):
        return result
    command = shlex.join(["lasersampling", *piece.words])
    return Outcome(piece.cell, command, failure=result.reason)
