"""Results files and figures of commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lasersampling.cli.reporting import Reporter

if TYPE_CHECKING:
    from lasersampling.results import ResultsFile


class Output:
    """What a command leaves behind, if ``--out`` was given.

    Parameters
    ----------
    context : typer.Context
        Of the command; knows the command line.
    path : Path or None
        Results file.
    overwrite : bool
        Whether it may be replaced.
    """

    def __init__(self, context: typer.Context, path: Path | None, *, overwrite: bool) -> None:
        self._command = str(context.obj)
        self._path = path
        self._overwrite = overwrite
        self.files: list[Path] = []

    @contextmanager
    def open(self, config: object, seed: int) -> Iterator[ResultsFile | None]:
        """Open the results file; None if there shall be none.

        Raises
        ------
        InputError
            At once, if the file cannot be written.
        """
        if self._path is None:
            yield None
            return
        from lasersampling.config import to_toml
        from lasersampling.results import ResultsFile

        with ResultsFile.create(
            self._path,
            command=self._command,
            seed=seed,
            config=to_toml(config),
            overwrite=self._overwrite,
        ) as file:
            yield file
        self.files.append(self._path)

    def draw(self, figures: Sequence[str], reporter: Reporter) -> None:
        """Draw figures of the results file beside it, and say what was written.

        A figure that is all there is to see has the name of the results file.
        """
        if self._path is None:
            return
        from lasersampling.results.figures import save_figure, save_figures

        if len(figures) == 1:
            only = self._path.with_suffix(".png")
            self.files.append(save_figure(self._path, figures[0], only))
        else:
            self.files += save_figures(self._path, figures)
        for file in self.files:
            reporter.status(f"written: {file}")
