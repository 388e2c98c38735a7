"""The results file of a training, which holds the last checkpoint until the run ends.

Each checkpoint replaces the whole file at once, so a run that is killed at any moment leaves the
file as it was after its last checkpoint, and going on from there gives the same bits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lasersampling.atomic import reserved
from lasersampling.errors import InputError
from lasersampling.learning.history import History
from lasersampling.learning.packing import pack, unpack
from lasersampling.learning.task import State
from lasersampling.results.outputs import Outputs
from lasersampling.results.reading import read_results
from lasersampling.results.store import ResultsFile

_GROUP = "checkpoint"


class RunFile:
    """A results file of a training, used in a ``with`` block of `RunFile.open`.

    Attributes
    ----------
    path : Path
        The file.
    started : float
        Moment on the clock of `time.monotonic` from which `wall_time_s` of the file counts [s]:
        when the file was opened, unless an earlier moment is set. The time that a resumed run had
        taken up to its last checkpoint is added.
    has_checkpoint : bool
        Whether the run can be resumed from the file.
    """

    def __init__(self, outputs: Outputs, command: str, seed: int, config: str) -> None:
        self.path = outputs.results
        self.started = time.monotonic()
        self.has_checkpoint = False
        self._spent_s = 0.0
        self._may_replace = outputs.overwrite
        self._outputs = outputs
        self._about: dict[str, Any] = {"command": command, "seed": seed, "config": config}

    @classmethod
    @contextmanager
    def open(
        cls,
        path: Path,
        *,
        command: str,
        seed: int,
        config: str,
        overwrite: bool = False,
        figures: Sequence[str] = (),
        inputs: Iterable[str | os.PathLike[str]] = (),
        goes_on: bool = False,
    ) -> Iterator[RunFile]:
        """Reserve a file for a run.

        Parameters
        ----------
        path : Path
            The file.
        command, seed, config, overwrite, figures, inputs
            As for `ResultsFile.create`.
        goes_on : bool
            Whether the run resumes from this file, which its checkpoints then replace.

        Raises
        ------
        InputError
            At once, as `ResultsFile.create` does.
        """
        read = list(inputs)

        def checked() -> Outputs:
            return Outputs.checked(path, figures, inputs=read, overwrite=overwrite, goes_on=goes_on)

        with reserved(checked().results):
            # Checked once more: another run may have made a file before this one was reserved.
            file = cls(checked(), command, seed, config)
            if goes_on:
                spent = read_results(file.path, groups=()).attrs.get("wall_time_s", 0.0)
                file._spent_s, file._may_replace = float(spent), True
                file.has_checkpoint = True
            yield file

    def save(self, state: State, history: History) -> None:
        """Write a checkpoint in place of the file; see `learning.checkpoints.CheckpointStore`."""
        with self._replacing() as file:
            file.attributes("/", {"complete": False})
            write_history(file, history)
            write_checkpoint(file, state)
        self._may_replace = True  # from now on the file belongs to this run
        self.has_checkpoint = True

    @contextmanager
    def finish(self) -> Iterator[ResultsFile]:
        """Open the file for its results; they replace the checkpoint at the end of the block."""
        with self._replacing() as file:
            file.attributes("/", {"complete": True})
            yield file

    def draw(self) -> list[Path]:
        """Draw the figures that were announced, after `finish`; see `ResultsFile.draw`."""
        return self._outputs.draw()

    def _replacing(self) -> ResultsFile:
        file = ResultsFile.create(self.path, **self._about, overwrite=self._may_replace)
        file.started = self.started - self._spent_s
        return file


def write_history(file: ResultsFile, history: History) -> None:
    """Write the rows of a history to ``/history``."""
    if not history.n_epochs:
        return
    file.write_group("history", history.variables())


def write_checkpoint(file: ResultsFile, state: State) -> None:
    """Write a state to ``/checkpoint``."""
    structure, arrays = pack(state)
    file.write(
        f"{_GROUP}/structure", structure, units="1", description="structure of the state, as JSON"
    )
    for name, array in arrays.items():
        dims = tuple(f"{name}_{axis}" for axis in range(array.ndim))
        file.write(f"{_GROUP}/{name}", array, dims, units="1", description="part of the state")


def read_checkpoint(path: Path) -> tuple[State, str]:
    """Read the state of a training and its configuration, as TOML text.

    Raises
    ------
    InputError
        If the file cannot be read or holds no checkpoint, because its run was completed or keeps no
        checkpoints.
    """
    results = read_results(path, groups=())
    if _GROUP not in results.attributes:
        finished = bool(results.attrs.get("complete", False))
        got = "a training that came to its end" if finished else "results without a checkpoint"
        command = results.attrs.get("command", "of an unknown command")
        expected = f"a training that was stopped, which has a group /{_GROUP}"
        raise InputError.single(str(path), f"{got} ({command})", expected)
    variables = read_results(path, groups=(_GROUP,)).group(_GROUP)
    arrays: dict[str, NDArray[Any]] = {name: v.data for name, v in variables.items()}
    try:
        state = unpack(str(arrays.pop("structure")[()]), arrays)
        if not isinstance(state, dict):
            raise TypeError("its structure is no object")
    # JSON may be nested too deeply, numbers too long, types unknown, arrays of other types.
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        expected = "a checkpoint written by lasersampling"
        raise InputError.single(
            f"{path}: /{_GROUP}", f"a damaged one ({error})", expected
        ) from None
    return state, results.config
