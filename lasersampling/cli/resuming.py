"""Common parts of commands that can be stopped at any moment, and resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer

from lasersampling.atomic import check_outputs
from lasersampling.commands.invocation import BEGINS_ANEW, Invocation
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.paths import expanded

if TYPE_CHECKING:
    from lasersampling.commands.reporting import Reporter
    from lasersampling.learning.task import State
    from lasersampling.results import Results, ResultsFile
    from lasersampling.results.run_file import RunFile

Recipe = TypeVar("Recipe")


class Evaluation(Protocol):
    """Results of judging something that was trained."""

    def write(self, file: ResultsFile) -> None:
        """Write them to a results file."""


E = TypeVar("E", bound=Evaluation)


def refuse_beside_resume(given: Mapping[str, object]) -> None:
    """Refuse options that were given together with ``--resume``, under their usual names.

    Raises
    ------
    InputError
        If there are any.
    """
    extra = [name for name, value in given.items() if value is not None]
    if extra:
        expected = "nothing else: the file says how the run was configured"
        raise InputError.single("--resume", ", ".join(extra), expected)


def named_device(device: str | None) -> str:
    """Return the device that was named.

    Raises
    ------
    InputError
        If there is none.
    """
    if device is None:
        raise InputError.single("DEVICE", "nothing", "a device, or --resume FILE.h5")
    return device


def kept_by(path: Path) -> tuple[State | None, str]:
    """Read the state of a run and its configuration as TOML; of a complete run, without a state.

    Raises
    ------
    InputError
        If the file is of no run that can be resumed.
    """
    from lasersampling.results.run_file import finished_run, read_checkpoint

    finished = finished_run(path)
    return read_checkpoint(path) if finished is None else (None, finished.config)


def resumed(path: Path, recipe: type[Recipe]) -> tuple[Recipe, State | None]:
    """Read the recipe of a run that was stopped, and the state of its training if it has one.

    Of a complete run, `ResumableRun.open` draws the figures that are missing, and nothing more.

    Raises
    ------
    InputError
        If the file holds no checkpoint, or one of another kind of run.
    """
    from lasersampling.config import parse, toml_of
    from lasersampling.results import read_results

    state, text = kept_by(path)
    try:
        return parse(toml_of(text, f"{path}: /config"), recipe, str(path)), state
    except InputError:
        command = read_results(path, groups=()).attrs.get("command", "unknown")
        got = f"a run of another command, or of another version ({command})"
        expected = "one of this command, written by the version that goes on with it"
        raise InputError.single(str(path), got, expected) from None


def with_full_paths(config: Recipe, *names: str) -> Recipe:
    """Return a configuration for a file, from which a run can go on in another folder.

    Parameters
    ----------
    config : dataclass
        The configuration.
    *names : str
        Fields that name files, or shipped ones.
    """
    full = {name: expanded(getattr(config, name)) for name in names if getattr(config, name)}
    files = {name: str(path.absolute()) for name, path in full.items() if path.is_file()}
    return dataclasses.replace(config, **files)  # type: ignore[type-var]


@dataclass(frozen=True)
class ResumableRun:
    """The files of a run that keeps what it has finished.

    Attributes
    ----------
    out : Path or None
        Results file, if there is to be one.
    figures : sequence of str
        Figures of the results.
    inputs : sequence of path-like or None
        Inputs of the run: files, names of shipped ones, or None.
    overwrite : bool
        Whether the results file and figures may be replaced.
    goes_on : bool
        Whether the run resumes from the results file.
    folders : sequence of Path
        Folders of which the run reads all files, and so writes none there.
    if_complete : callable, optional
        Called with the results if the run to be resumed came to its end before, and its figures
        are drawn.

    Raises
    ------
    InputError
        At once, if the results file or a figure cannot be written, or would stand in one of the
        folders.
    """

    out: Path | None
    figures: Sequence[str]
    inputs: Sequence[str | Path | None]
    overwrite: bool
    goes_on: bool
    folders: Sequence[Path] = ()
    if_complete: Callable[[Results], None] | None = None

    def __post_init__(self) -> None:
        if self.out is None or self._finished is not None:
            return
        from lasersampling.results.outputs import Outputs

        Outputs.checked(
            self.out, self.figures, inputs=[name for name in self.inputs if name is not None],
            overwrite=self.overwrite, goes_on=self.goes_on,
        )  # fmt: skip
        check_outputs([self.out], folders=self.folders, overwrite=True)

    @property
    def _finished(self) -> Results | None:
        """The results of the run to be resumed if it came to its end before."""
        if self.out is None or not self.goes_on:
            return None
        from lasersampling.results.run_file import finished_run

        return finished_run(self.out)

    @contextmanager
    def open(
        self, context: typer.Context, config: object, seed: int, reporter: Reporter
    ) -> Iterator[RunFile | None]:
        """Reserve the results file; None if there is to be none, of which `reporter` warns in time.

        A run that is stopped within the block says what it has kept and how it goes on.

        Raises
        ------
        InputError
            At once, if the file or a figure of it cannot be written.
        typer.Exit
            If the run to be resumed came to its end before, and its figures are drawn: with the
            code 0, or that of `if_complete`.
        """
        invocation: Invocation = context.obj
        invocation.begin()
        if (finished := self._finished) is not None:
            self._draw_missing(reporter)
            if self.if_complete is not None:
                self.if_complete(finished)
            raise typer.Exit
        if self.out is None:
            reporter.nothing_is_kept()
            try:
                yield None
            except KeyboardInterrupt as stop:
                stop.add_note(f"nothing was kept, as --out FILE.h5 was not given; {BEGINS_ANEW}")
                raise
            return
        from lasersampling.config import to_toml
        from lasersampling.results.run_file import RunFile
        from lasersampling.results.unfinished import figures_of, way_on

        with RunFile.open(
            self.out,
            command=invocation.command,
            seed=seed,
            config=to_toml(config),
            overwrite=self.overwrite,
            figures=self.figures if invocation.draws_figures else (),
            inputs=[name for name in self.inputs if name is not None],
            goes_on=self.goes_on,
        ) as file:
            file.started = invocation.started
            try:
                yield file
            except (KeyboardInterrupt, LaserSamplingError, OSError) as stop:
                goes_on = way_on(invocation.command, self.out)
                if file.is_complete:
                    stop.add_note(f"the results are complete; {figures_of(file.path)}")
                elif file.has_kept_steps:
                    stop.add_note(f"go on from the last checkpoint with: {goes_on}")
                elif file.has_checkpoint:
                    stop.add_note(f"no step was finished; begin again with: {goes_on}")
                elif isinstance(stop, KeyboardInterrupt):
                    stop.add_note(f"nothing is kept yet; {BEGINS_ANEW}")
                raise

    def _draw_missing(self, reporter: Reporter) -> None:
        """Draw the figures that a complete run lacks, and say that it was complete."""
        assert self.out is not None
        from rich.console import Group
        from rich.text import Text

        from lasersampling.results.outputs import Outputs

        outputs = Outputs.missing(self.out, self.figures, overwrite=self.overwrite)
        _, *files = _drawn_by(outputs.draw, self.out, reporter) if outputs.figures else [self.out]
        told = f"drawn: {', '.join(map(str, files))}" if files else "nothing is left to do"
        line = f"{self.out}: the results were complete already; {told}"
        reporter.result(
            {"complete": True, "files": [str(self.out), *map(str, files)]},
            Group(Text(line, no_wrap=True, overflow="ignore")),  # a text by itself would be wrapped
        )


def judged(file: RunFile | None, reporter: Reporter, what: str, evaluate: Callable[[], E]) -> E:
    """Evaluate what was trained, and write that in place of the checkpoints, if there is a file."""
    with reporter.working(f"judging {what}"):
        evaluation = evaluate()
        if file is not None:
            with file.finish() as results:
                evaluation.write(results)
    return evaluation


def drawn(file: RunFile | None, reporter: Reporter) -> list[Path]:
    """Draw the figures of a finished run, and report which files it wrote."""
    if file is None:
        return []
    files = _drawn_by(file.draw, file.path, reporter)
    for path in files:
        reporter.status(f"written: {path}")
    return files


def _drawn_by(draw: Callable[[], list[Path]], path: Path, reporter: Reporter) -> list[Path]:
    """Draw the figures of complete results; if that is stopped, say how to go on."""
    try:
        with reporter.working("drawing figures"):
            return draw()
    except (KeyboardInterrupt, LaserSamplingError, OSError) as stop:
        from lasersampling.results.unfinished import figures_of

        stop.add_note(f"the results are complete; {figures_of(path)}")
        raise
