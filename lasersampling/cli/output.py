"""Results files and figures of commands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lasersampling.commands.invocation import Invocation
from lasersampling.commands.reporting import Reporter

if TYPE_CHECKING:
    from lasersampling.results import ResultsFile


class Output:
    """Files that a command writes, if ``--out`` was given.

    Parameters
    ----------
    context : typer.Context
        Context of the command, which has the command line.
    path : Path or None
        Results file.
    figures : sequence of str
        Figures of the results. A single figure gets the name of the results file.
    overwrite : bool
        Whether the results file and its figures may be replaced.
    inputs : sequence of path-like or None
        Inputs of the command, which are never replaced: files, names of shipped ones, or None.
    folders : sequence of path-like
        Folders of which the command reads all files, and so writes none there.

    Raises
    ------
    InputError
        At once, if the results file or a figure of it cannot be written.
    """

    def __init__(
        self,
        context: typer.Context,
        path: Path | None,
        figures: Sequence[str] = (),
        *,
        overwrite: bool,
        inputs: Sequence[str | os.PathLike[str] | None] = (),
        folders: Sequence[str | os.PathLike[str]] = (),
    ) -> None:
        self._invocation: Invocation = context.obj
        self._path = path
        self._overwrite = overwrite
        self._inputs = [name for name in inputs if name is not None]
        self._figures = figures if self._invocation.draws_figures else ()
        self._file: ResultsFile | None = None
        self.files: list[Path] = []
        if path is not None:
            from lasersampling.atomic import check_outputs
            from lasersampling.results.outputs import Outputs

            Outputs.checked(path, self._figures, inputs=self._inputs, overwrite=overwrite)
            check_outputs([path], folders=folders, overwrite=True)

    @contextmanager
    def open(self, config: object, seed: int) -> Iterator[ResultsFile | None]:
        """Open the results file; None if there is to be none.

        Raises
        ------
        InputError
            At once, if the file or a figure of it can no longer be written.
        """
        self._invocation.begin()
        if self._path is None:
            yield None
            return
        from lasersampling.config import to_toml
        from lasersampling.results import ResultsFile

        with ResultsFile.create(
            self._path,
            command=self._invocation.command,
            seed=seed,
            config=to_toml(config),
            overwrite=self._overwrite,
            figures=self._figures,
            inputs=self._inputs,
        ) as file:
            file.started = self._invocation.started
            yield file
        self._file = file

    def draw(self, reporter: Reporter) -> None:
        """Draw the figures of the results file beside it, and report what was written."""
        if self._file is None:
            return
        with reporter.working("drawing figures"):
            self.files += self._file.draw()
        for file in self.files:
            reporter.status(f"written: {file}")
