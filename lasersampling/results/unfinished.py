"""Files of runs that have not come to their end: what they have kept, and how they go on."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from lasersampling.atomic import is_reserved
from lasersampling.results.contents import Results
from lasersampling.results.kept_steps import steps_in
from lasersampling.results.reading import read_results
from lasersampling.results.run_file import parts_of

RESUMED_BY_FILE = ("sample", "simulate", "infer", "generate", "calibrate", "fit", "classify")
"""Commands that go on with ``--resume FILE`` alone; others, with all that was given, besides it."""


@dataclass(frozen=True)
class Unfinished:
    """A run that has not come to its end.

    Attributes
    ----------
    kept : str
        What it has kept, as a sentence without the dot.
    goes_on : str
        Command line that goes on with it; empty if the run is running now, or the file does not
        say what wrote it.
    """

    kept: str
    goes_on: str

    @property
    def way(self) -> str:
        """How to go on, to be put behind another part of a sentence."""
        return f"; go on with: {self.goes_on}" if self.goes_on else ""

    def __str__(self) -> str:
        """Say so in one line."""
        return f"this run has not come to its end; {self.kept}{self.way}"


def unfinished(path: str | os.PathLike[str]) -> Unfinished | None:
    """Say of a results file what its run has kept and how it goes on; None if it is complete.

    Parameters
    ----------
    path : path-like
        Results file of a command or of an experiment.

    Raises
    ------
    InputError
        If it cannot be read or is no results file.

    Examples
    --------
    >>> from lasersampling.results import ResultsFile
    >>> with ResultsFile.create("run.h5", command="lasersampling sample m", seed=1, config="") as f:
    ...     f.attributes("/", {"complete": False})
    >>> left = unfinished("run.h5")
    >>> left.kept, left.goes_on
    ('no step is kept', 'lasersampling sample --resume run.h5')
    """
    bare = read_results(path, groups=())
    if "checkpoint" not in bare.attributes and bool(bare.attrs.get("complete", True)):
        return None
    kept = _kept(Path(path), bare)
    if is_reserved(path):
        return Unfinished(f"{kept}, and it is running now", "")
    return Unfinished(kept, _goes_on(Path(path), bare))


def figures_of(path: str | os.PathLike[str]) -> str:
    """Say how a complete run draws those of its figures that are missing.

    Parameters
    ----------
    path : path-like
        Its results file.

    Raises
    ------
    InputError
        If it cannot be read or is no results file.

    Examples
    --------
    >>> from lasersampling.results import ResultsFile
    >>> with ResultsFile.create("done.h5", command="lasersampling fit t", seed=1, config="") as f:
    ...     f.attributes("/", {"complete": True})
    >>> figures_of("done.h5")
    'missing figures are drawn if you go on with: lasersampling fit --resume done.h5'
    """
    bare = read_results(path, groups=())
    return f"missing figures are drawn if you go on with: {_goes_on(Path(path), bare)}"


def way_on(command: str, path: Path) -> str:
    """Return the command line that goes on with what a command has kept.

    Parameters
    ----------
    command : str
        Command line that was stopped; empty if it is unknown, which has no way on.
    path : Path
        Its results file.

    Examples
    --------
    >>> way_on("lasersampling sample random_five --out a.h5", Path("a.h5"))
    'lasersampling sample --resume a.h5'
    >>> way_on("lasersampling compare own.toml --out a.h5 --overwrite", Path("a.h5"))
    'lasersampling compare own.toml --out a.h5 --resume'
    """
    words = command.split()
    if words[:1] == ["lasersampling"] and words[1:2] and words[1] in RESUMED_BY_FILE:
        return f"lasersampling {words[1]} --resume {shlex.quote(str(path))}"
    if words[:1] == ["lasersampling"]:  # --overwrite would remove what was kept
        kept = [word for word in shlex.split(command) if word not in ("--overwrite", "--resume")]
        return shlex.join([*kept, "--resume"])
    return command if not words or "--resume" in words else f"{command} --resume"


def _goes_on(path: Path, bare: Results) -> str:
    return way_on(str(bare.attrs.get("command", "")), path)


def _kept(path: Path, bare: Results) -> str:
    pieces = bare.contents.get("pieces/seed")
    if pieces is not None:
        return _counted(pieces.shape[0], "piece")
    if _is_sweep(bare):
        return "no piece is finished yet"
    if "checkpoint/structure" in bare.contents:
        return "the last state of its training is kept"
    return _counted(len(steps_in(parts_of(path))), "step")


def _counted(n: int, what: str) -> str:
    return f"{n or 'no'} {what}{'s are' if n > 1 else ' is'} kept"


def _is_sweep(bare: Results) -> bool:
    return str(bare.attrs.get("command", "")).split()[:2] == ["lasersampling", "sweep"]
