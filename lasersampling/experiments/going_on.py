"""How a run that was stopped goes on, and what it says when it stops."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lasersampling.commands.invocation import BEGINS_ANEW
from lasersampling.errors import InputError
from lasersampling.experiments.options import Settings
from lasersampling.experiments.run import Run
from lasersampling.results import read_results
from lasersampling.results.outputs import Outputs
from lasersampling.results.run_file import RunFile, read_checkpoint
from lasersampling.results.unfinished import figures_of, way_on

if TYPE_CHECKING:
    from lasersampling.results import Results


def is_kept_beside(out: Path) -> bool:
    """Whether trainings of a run are kept in the folder beside its results file; see `Run.kept`."""
    folder = out.with_suffix("")
    return folder.is_dir() and any(folder.iterdir())


@contextmanager
def kept_run(run: Run, settings: Settings, *, goes_on: bool) -> Iterator[RunFile]:
    """Keep what a run has finished, and say how it goes on if it is stopped.

    Parameters
    ----------
    run : Run
        The run.
    settings : dataclass
        Settings of the experiment.
    goes_on : bool
        Whether to go on from what its results file has kept.

    Yields
    ------
    RunFile
        Where the run keeps what it has finished.

    Raises
    ------
    InputError
        If the run that was stopped was begun with other options.
    """
    about, state = run.about(settings), None
    if goes_on:
        state, config = read_checkpoint(run.out)
        seed = read_results(run.out, groups=()).attrs["seed"]
        if (config, seed) != (about["config"], run.seed):
            raise _other_options()
    with RunFile.open(run.out, **about, goes_on=goes_on) as file:
        file.started, file.state = run.started, state
        try:
            yield file
        except BaseException as stop:
            if not (file.is_complete or file.has_kept_steps or goes_on) and file.has_checkpoint:
                run.out.unlink(missing_ok=True)  # it says nothing but how the run was configured
            if told := _way_on(run, file, by_user=isinstance(stop, KeyboardInterrupt)):
                stop.add_note(told)
            raise


def draw_missing(run: Run, settings: Settings, finished: Results) -> None:
    """Draw the figures that a complete run lacks, and say that it was complete.

    Parameters
    ----------
    run : Run
        The run.
    settings : dataclass
        Settings of the experiment.
    finished : Results
        What its results file holds.

    Raises
    ------
    InputError
        If these are results of other options.
    """

    def words(command: str) -> list[str]:
        return [word for word in shlex.split(command) if word != "--resume"]

    # The results record the settings, or what followed from them.
    is_same = finished.config == run.about(settings)["config"]
    is_same = is_same or words(str(finished.attrs.get("command", ""))) == words(run.command)
    if finished.attrs.get("seed") != run.seed or not is_same:
        raise _other_options()
    print(f"{run.out}: the results were complete already")
    outputs = Outputs.missing(run.out, run.figures, overwrite=run.overwrite)
    try:
        run.written(outputs.draw()[1:])
    except BaseException as stop:
        stop.add_note(f"the results are complete; {figures_of(run.out)}")
        raise


def _other_options() -> InputError:
    expected = "the options with which the run was begun"
    return InputError.single("--resume", "other options", expected)


def _way_on(run: Run, file: RunFile, *, by_user: bool) -> str:
    """Say what a run that ends too early has kept, and how it goes on; empty for nothing to say."""
    words = way_on(run.command, run.out)
    if file.is_complete:
        return f"the results are complete; {figures_of(run.out)}"
    if file.has_kept_steps:
        return f"go on from what was finished with: {words}"
    if any(path.exists() for path in file.beside):
        kept, goes_on = run.out.with_suffix(""), "the same command goes on from it"
        if run.overwrite:
            first = f"move {run.out} away, and " if run.out.exists() else ""
            goes_on = f"{first}the same command without --overwrite goes on from it"
        return f"what was finished is kept in {kept}; {goes_on}"
    if file.goes_on:
        return f"nothing is finished yet; begin again with: {words}"
    return f"nothing is finished yet; {BEGINS_ANEW}" if by_user else ""
