"""The results file of a run that may be stopped at any moment, and goes on to the same bits.

Until a run ends, its results file says how it was configured, in a group ``/checkpoint``, and holds
the last state of a training, if it has one. Each state replaces the whole file at once. What a run
has finished besides, its *steps* (`keeping`), stands in one file each in the folder ``NAME.parts``
beside it, until the results replace both.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from lasersampling.atomic import reserved
from lasersampling.errors import InputError, Problem
from lasersampling.keeping import keeping
from lasersampling.learning.packing import pack
from lasersampling.results.contents import Results
from lasersampling.results.kept_steps import WRITTEN, KeptSteps, restored, steps_in
from lasersampling.results.outputs import Outputs
from lasersampling.results.reading import read_results
from lasersampling.results.store import ResultsFile

if TYPE_CHECKING:
    from lasersampling.learning.history import History
    from lasersampling.learning.task import State

_GROUP = "checkpoint"


class RunFile:
    """A results file of a run, used in a ``with`` block of `RunFile.open`.

    Within the block, finished steps of the run are kept (`keeping`).

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
    goes_on : bool
        Whether the run resumes from the file.
    is_complete : bool
        Whether the results are written.
    steps : KeptSteps
        The steps that the run has finished.
    beside : list of Path
        Further files that a run which begins anew does not do again.
    state : State or None
        State of the training with which a resumed run goes on, if it has one.
    """

    def __init__(self, outputs: Outputs, command: str, seed: int, config: str) -> None:
        self.path = outputs.results
        self.started = time.monotonic()
        self.has_checkpoint = False
        self.goes_on = False
        self.is_complete = False
        self.state: State | None = None
        self.steps = KeptSteps(parts_of(self.path), self.begin)
        self.beside: list[Path] = []
        self._spent_s = 0.0
        self._may_replace = outputs.overwrite
        self._outputs = outputs
        self._about: dict[str, Any] = {"command": command, "seed": seed, "config": config}
        self._digests: dict[str, str] = {}
        self._final: str | None = None
        self._has_state = False

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
            outputs = Outputs.checked(
                path, figures, inputs=read, overwrite=overwrite, goes_on=goes_on
            )
            parts = parts_of(outputs.results)
            if parts.exists() and not (overwrite or goes_on):
                expected = "none beside a new results file, or leave to overwrite it (--overwrite)"
                raise InputError.single(str(parts), "what a run has kept", expected)
            return outputs

        with reserved(checked().results):
            # Checked once more: another run may have made a file before this one was reserved.
            file = cls(checked(), command, seed, config)
            file._digests = _digests_of(read)
            if goes_on:
                found = read_results(file.path, groups=())
                _check_unchanged(found.attributes.get(_GROUP, {}), file._digests)
                # The command that makes these results anew, not the one that went on with them.
                file._about["command"] = str(found.attrs.get("command", command))
                spent = float(found.attrs.get("wall_time_s", 0.0))
                file._spent_s = max(spent, file.steps.spent_s)
                file._may_replace = file.has_checkpoint = file.goes_on = True
                file._has_state = f"{_GROUP}/structure" in found.contents
            else:
                file.steps.forget()
            with keeping(file.steps):
                yield file

    def save(self, state: State, history: History) -> None:
        """Write a checkpoint in place of the file; see `learning.checkpoints.CheckpointStore`."""
        with self._unfinished() as file:
            write_history(file, history)
            write_checkpoint(file, state)
        self._has_state = True

    @property
    def has_kept_steps(self) -> bool:
        """Whether there is anything to go on from: a finished step, or the state of a training."""
        return self._has_state or bool(steps_in(self.steps.folder))

    @contextmanager
    def finish(self, config: str | None = None) -> Iterator[ResultsFile]:
        """Open the file for its results; they replace all that was kept at the end of the block.

        Parameters
        ----------
        config : str, optional
            Configuration as TOML text, if it is more than that with which the run was begun.
        """
        self.configured(config)
        with self._replacing(self._final) as file:
            file.attributes("/", {"complete": True})
            yield file
        self.is_complete = True
        self.steps.forget()

    def configured(self, config: str | None) -> None:
        """Record this configuration with the results, as TOML text, unless it is None."""
        self._final = config or self._final

    def begin(self) -> float:
        """Write a file from which the run can be resumed, if there is none; give the time spent."""
        if not self.has_checkpoint:
            with self._unfinished():
                pass
        return time.monotonic() - self.started + self._spent_s

    @contextmanager
    def _unfinished(self) -> Iterator[ResultsFile]:
        with self._replacing() as file:
            file.attributes("/", {"complete": False})
            names = list(self._digests)
            file.attributes(
                _GROUP, {"inputs": names, "sha256": [self._digests[name] for name in names]}
            )
            yield file
        self._may_replace = True  # from now on the file belongs to this run
        self.has_checkpoint = True

    def draw(self) -> list[Path]:
        """Draw the figures that were announced, after `finish`; see `ResultsFile.draw`."""
        return self._outputs.draw()

    def _replacing(self, config: str | None = None) -> ResultsFile:
        about = self._about if config is None else self._about | {"config": config}
        file = ResultsFile.create(self.path, **about, overwrite=self._may_replace)
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


def parts_of(path: Path) -> Path:
    """Name the folder of the steps that a run keeps until it ends.

    Examples
    --------
    >>> parts_of(Path("run.h5")).name
    'run.h5.parts'
    """
    return path.with_name(f"{path.name}.parts")


def _digests_of(inputs: Iterable[str | os.PathLike[str]]) -> dict[str, str]:
    """SHA-256 of each input that is a file, by its full path."""
    files = sorted({Path(name).absolute() for name in inputs if Path(name).is_file()})
    return {str(path): _digest_of(path) for path in files}


def _digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_unchanged(known: Mapping[str, Any], now: Mapping[str, str]) -> None:
    """Refuse to go on with inputs that have changed since the run began."""
    # A list of one text is read as the text.
    names, digests = (
        [found] if isinstance(found, str) else list(found)
        for found in (known.get("inputs", ()), known.get("sha256", ()))
    )
    then = dict(zip(names, digests, strict=True))
    problems = [
        Problem(
            name,
            "another content than when the run began",
            "the file as it was, to the byte; or begin anew with the new one, under another name",
        )
        for name, digest in now.items()
        if then.get(name, digest) != digest
    ]
    if problems:
        raise InputError(problems)


def finished_run(path: Path) -> Results | None:
    """Give the results of a run that came to its end, without their variables.

    Returns
    -------
    Results or None
        None for a run that was stopped, and for files that were never of one that may be stopped.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    results = read_results(path, groups=())
    return results if _is_finished(results) else None


def _is_finished(results: Results) -> bool:
    return _GROUP not in results.attributes and bool(results.attrs.get("complete", False))


def read_checkpoint(path: Path) -> tuple[State | None, str]:
    """Read the state of a run and its configuration, as TOML text.

    Returns
    -------
    state : State or None
        State of its training; None if it had none yet, and has finished other steps at most.
    config : str

    Raises
    ------
    InputError
        If the file cannot be read or holds no checkpoint, because its run was completed.
    """
    results = read_results(path, groups=())
    if _GROUP not in results.attributes:
        finished = _is_finished(results)
        got = "a run that came to its end" if finished else "results without a checkpoint"
        command = results.attrs.get("command", "of an unknown command")
        if finished:
            expected = "a run that was stopped; this one is complete, and nothing is left to do"
        else:
            expected = f"a run that was stopped, which has a group /{_GROUP}"
        raise InputError.single(str(path), f"{got} ({command})", expected)
    variables = read_results(path, groups=(_GROUP,)).group(_GROUP)
    arrays: dict[str, NDArray[Any]] = {name: v.data for name, v in variables.items()}
    if not arrays:
        return None, results.config
    where = f"{path}: /{_GROUP}"
    state = restored(str(arrays.pop("structure", "")), arrays, where)
    if not isinstance(state, dict):
        raise InputError.single(where, "a damaged one (its structure is no object)", WRITTEN)
    return state, results.config
