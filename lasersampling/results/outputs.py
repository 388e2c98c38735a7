"""All files that a run writes, its results file and its figures, known beforehand."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lasersampling.atomic import A_FILE_THAT_EXISTS, in_use, is_reserved, output_problems
from lasersampling.checks import boolean_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.paths import HDF5_SUFFIXES, expanded, suffix_problems
from lasersampling.results.figures import figure_paths, save_figure
from lasersampling.results.reading import read_results


@dataclass(frozen=True)
class Outputs:
    """The files of a run.

    Attributes
    ----------
    results : Path
        Results file.
    figures : mapping of str to Path
        Figures that are drawn from it, and their files.
    overwrite : bool
        Whether existing figures may be replaced.
    """

    results: Path
    figures: dict[str, Path]
    overwrite: bool

    @classmethod
    def checked(
        cls,
        results: str | os.PathLike[str],
        figures: Sequence[str] = (),
        *,
        inputs: Iterable[str | os.PathLike[str]] = (),
        overwrite: bool = False,
        goes_on: bool = False,
    ) -> Outputs:
        """Check the names of all files before a run begins.

        Parameters
        ----------
        results : path-like
            Results file, ending in .h5, .hdf5 or .nc; ``~`` is the home directory.
        figures : sequence of str
            Names from `results.figures.NAMES`; see `results.figures.figure_paths` for their files.
        inputs : iterable of path-like
            Files that the run reads, which are never replaced; names that are not files do no harm.
        overwrite : bool
            Whether existing files may be replaced.
        goes_on : bool
            Whether the run resumes from its results file, which is then replaced in any case.

        Raises
        ------
        InputError
            With all problems: another ending, and those of `atomic.output_problems`.
        """
        refuse(boolean_problems("overwrite", overwrite), boolean_problems("goes_on", goes_on))
        path = expanded(results)
        problems = suffix_problems(path, HDF5_SUFFIXES)
        # A name without a last part, such as "..", has no figures beside it.
        drawn = {} if problems else figure_paths(path, figures)
        read = [expanded(name) for name in inputs if name]
        if goes_on:
            problems += output_problems([path], overwrite=True)
            figures_there = output_problems(drawn.values(), inputs=read, overwrite=overwrite)
            problems += map(_of_a_figure, figures_there)
        else:
            files = [path, *drawn.values()]
            problems += output_problems(files, inputs=read, overwrite=overwrite)
        if problems:
            raise InputError(_with_way_on(problems, path))
        return cls(path, drawn, overwrite)

    @classmethod
    def missing(cls, results: Path, figures: Sequence[str], *, overwrite: bool = False) -> Outputs:
        """Give the outputs of a run that is complete, of whose figures some may be missing.

        Parameters
        ----------
        results : Path
            Its results file.
        figures : sequence of str
            All its figures; those that exist are left out.
        overwrite : bool
            Whether figures that exist are drawn again.
        """
        files = figure_paths(results, figures)
        left = {name: file for name, file in files.items() if overwrite or not file.exists()}
        return cls(results, left, overwrite)

    def draw(self) -> list[Path]:
        """Draw the figures of the complete results file; return the names of all files.

        Raises
        ------
        InputError
            If the results file lacks what a figure shows, or a file of that name exists now.
        """
        drawn = [
            save_figure(self.results, name, file, overwrite=self.overwrite)
            for name, file in self.figures.items()
        ]
        return [self.results, *drawn]


def _of_a_figure(problem: Problem) -> Problem:
    """Say of a figure that stands in the way of a run that goes on what it costs to replace it."""
    if problem.got != A_FILE_THAT_EXISTS:
        return problem
    expected = (
        "none where the run will draw its figure: another name for it, or leave to overwrite it "
        "(--overwrite), which keeps what the run has finished"
    )
    return Problem(problem.where, "a figure that exists", expected)


def _with_way_on(problems: list[Problem], path: Path) -> list[Problem]:
    """Say of a results file that is there already whether its run can go on."""
    if not any(one.where == str(path) and one.got == A_FILE_THAT_EXISTS for one in problems):
        return problems
    try:
        unfinished = not read_results(path, groups=()).attrs.get("complete", True)
    except InputError:  # a file of another kind
        return problems
    if not unfinished:
        return problems
    got = "a run that was stopped"
    expected = "--resume, to go on with it; a new file name; or leave to overwrite it (--overwrite)"
    told = in_use(path) if is_reserved(path) else Problem(str(path), got, expected)
    return [told if one.where == str(path) else one for one in problems]
