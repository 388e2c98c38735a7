"""The results file of a training: it holds the last checkpoint until the results are there.

Each checkpoint replaces the whole file at once, so a run that is killed at any moment leaves the
file as it was after its last checkpoint, and going on from there gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.atomic import reserved
from lasersampling.errors import InputError
from lasersampling.results.reading import read_results
from lasersampling.results.store import ResultsFile
from lasersampling.training.loop import History
from lasersampling.training.packing import pack, unpack
from lasersampling.training.task import State

_GROUP = "checkpoint"


class RunFile:
    """A results file of a training, used in a ``with`` block of `RunFile.open`.

    Attributes
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path, command: str, seed: int, config: str) -> None:
        self.path = path
        self._about: dict[str, Any] = {"command": command, "seed": seed, "config": config}

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, *, command: str, seed: int, config: str, overwrite: bool = False
    ) -> Iterator[RunFile]:
        """Reserve a file for a run.

        Parameters
        ----------
        path : Path
            The file.
        command, seed, config
            As for `ResultsFile.create`.
        overwrite : bool
            Whether a file that is there may be replaced.

        Raises
        ------
        InputError
            At once: the file exists, cannot be written, or another run is writing it.
        """
        with reserved(path):
            if path.exists() and not overwrite:
                expected = "a new file name, or leave to overwrite it, or to resume it"
                raise InputError.single(str(path), "a file that exists", expected)
            yield cls(path, command, seed, config)

    def save(self, state: State, history: History) -> None:
        """Write a checkpoint in place of the file; see `training.loop.Checkpoints`."""
        with ResultsFile.create(self.path, **self._about, overwrite=True) as file:
            file.attributes("/", {"complete": False})
            write_history(file, history)
            write_checkpoint(file, state)

    @contextmanager
    def finish(self) -> Iterator[ResultsFile]:
        """Open the file for its results; they replace the checkpoint when the block is over."""
        with ResultsFile.create(self.path, **self._about, overwrite=True) as file:
            file.attributes("/", {"complete": True})
            yield file


def write_history(file: ResultsFile, history: History) -> None:
    """Write the rows of a history to ``/history``."""
    if not history.n_epochs:
        return
    epochs = np.arange(1, history.n_epochs + 1)
    file.write("history/epoch", epochs, ("epoch",), units="1", description="epochs done")
    for name, values in history.arrays().items():
        dims = ("epoch", "member")[: values.ndim]
        units = "s" if name.endswith("_s") else "1"
        file.write(f"history/{name}", values, dims, units=units, description=_spoken(name))


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
        If the file cannot be read or holds no checkpoint.
    """
    results = read_results(path, groups=(_GROUP,))
    variables = results.group(_GROUP)
    arrays: dict[str, NDArray[Any]] = {name: v.data for name, v in variables.items()}
    try:
        state = unpack(str(arrays.pop("structure")[()]), arrays)
        if not isinstance(state, dict):
            raise TypeError("its structure is no object")
    # JSON may be nested too deeply, numbers may be too long, types unknown, arrays of other types.
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        expected = "a checkpoint written by lasersampling"
        raise InputError.single(
            f"{path}: /{_GROUP}", f"a damaged one ({error})", expected
        ) from None
    return state, results.config


def _spoken(name: str) -> str:
    words = name.removesuffix("_se").removesuffix("_s").replace("_", " ")
    return f"standard error of {words}" if name.endswith("_se") else words
