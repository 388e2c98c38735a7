"""An experiment as a command."""

from __future__ import annotations

import contextlib
import inspect
import io
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from lasersampling.checks import refuse, sequence_problems, shown
from lasersampling.commands.configuring import files_named
from lasersampling.commands.exit_codes import exit_codes, say
from lasersampling.commands.spreading import ProcessCount, Scheduler, SlurmJobs, workers_of
from lasersampling.commands.terminal import prepare_streams
from lasersampling.errors import InputError, Problem
from lasersampling.experiments.going_on import draw_missing, is_kept_beside, kept_run
from lasersampling.experiments.options import Settings, made_from, parameters_of, texts_of
from lasersampling.experiments.pieces import WatchedWorkers
from lasersampling.experiments.publishing import Publication
from lasersampling.experiments.run import Run
from lasersampling.paths import expanded
from lasersampling.results.outputs import Outputs
from lasersampling.results.run_file import finished_run
from lasersampling.trust import untrusted_files

S = TypeVar("S", bound=Settings)


def experiment(
    work: Callable[[S, Run], None], settings: type[S], *, figures: Sequence[str] = ()
) -> None:
    """Run an experiment as a command, and leave with the exit codes of ``lasersampling``.

    The command has the options of the settings, and ``--out``, ``--seed``, ``--smoke``,
    ``--overwrite``, ``--publish``, and for experiments that have independent pieces (`Run.each`)
    ``--workers``, ``--scheduler`` or ``--slurm``. That all files can be written, and replace
    nothing that is read, is checked before the work begins.

    Parameters
    ----------
    work : callable
        The experiment: gets the settings and the `Run`, and writes what it finds to
        `Run.results`.
    settings : type
        A frozen dataclass; see `Settings` and `option`.
    figures : sequence of str
        Figures of the results file; see `results.figures.NAMES`.

    Raises
    ------
    InputError
        If `work` is no function, or `settings` no such class.
    SystemExit
        Otherwise, with the exit code: 0 done, 1 failed, 2 bad input, 130 interrupted.

    Examples
    --------
    >>> from dataclasses import dataclass, replace
    >>> import lasersampling as ls
    >>> @dataclass(frozen=True)
    ... class Coins:
    ...     '''How often a fair coin shows heads.'''
    ...
    ...     throws: int = ls.experiments.option(1000, "Throws of the coin.", min=1)
    ...
    ...     def smallest(self):
    ...         return replace(self, throws=10)
    >>> def main(settings: Coins, run: ls.experiments.Run) -> None:
    ...     import numpy as np
    ...     with run.results(settings) as file:
    ...         heads = np.random.default_rng(run.seed).binomial(settings.throws, 0.5)
    ...         file.metric("heads", heads / settings.throws, description="share of heads")
    >>> # at the end of the script: if __name__ == "__main__": ls.experiment(main, Coins)
    """
    expected = "a frozen dataclass with the method `smallest`, not an object of it"
    is_settings = isinstance(settings, type) and is_dataclass(settings)
    problems = [] if callable(work) else [Problem("work", shown(work), "a function")]
    if not is_settings or not callable(getattr(settings, "smallest", None)):
        problems.append(Problem("settings", shown(settings)[:80], expected))
    refuse(problems, sequence_problems("figures", figures, "a list of names of figures"))
    usual = Path("results") / f"{Path(sys.argv[0]).stem}.h5"

    def command(
        out: Path,
        seed: int,
        smoke: bool,
        overwrite: bool,
        resume: bool,
        publish: str,
        **options: Any,
    ) -> None:
        with exit_codes(), untrusted_files():
            named = [options.pop(name) for name in ("workers", "scheduler", "slurm")]
            workers = WatchedWorkers(workers_of(*named))
            given = made_from(settings, options)
            inputs = tuple(_read_by(given))
            if resume and not out.exists() and is_kept_beside(out):
                resume = False  # all that is kept is in files of their own, which are found anyway
            finished = finished_run(out) if resume else None
            if out == usual:
                out.parent.mkdir(exist_ok=True)  # a folder that nobody has named
            if finished is None:
                Outputs.checked(out, figures, inputs=inputs, overwrite=overwrite, goes_on=resume)
            words = shlex.join(["python", *sys.argv])
            publication = None
            if publish:
                if smoke:
                    expected = "a full run: what --smoke finds is not published"
                    raise InputError.single("--publish", publish, expected)
                publication = Publication.planned(publish, words, overwrite=overwrite)
            chosen = given.smallest() if smoke else given
            run = Run(out, seed, overwrite, words, tuple(figures), inputs, publication=publication,
                      workers=workers)  # fmt: skip
            if finished is not None:
                draw_missing(run, chosen, finished)
                return
            with kept_run(run, chosen, goes_on=resume) as file:
                work(chosen, replace(run, file=file))
            if named != [None, None, None] and not workers.is_asked:
                say("warning", "this experiment has no pieces that workers could do side by side")

    common = inspect.signature(_common, eval_str=True).parameters
    parameters = [
        common["out"].replace(default=usual),
        *parameters_of(settings),
        *(one for name, one in common.items() if name != "out"),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(help=settings.__doc__)(command)
    prepare_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # results are told as they are found
    app()


def _read_by(settings: Settings) -> Iterator[str | Path]:
    """Give all texts among settings, and those in the recipes that they name."""
    texts = list(texts_of(settings))
    yield from [*texts, *files_named(None, texts)]
    for text in texts:
        with contextlib.suppress(OSError, ValueError):  # of texts that can be no path
            path = expanded(text)
            if path.suffix == ".toml" and path.is_file():
                yield from files_named(path)


def _common(
    *,
    out: Annotated[Path, typer.Option(parser=expanded, help="Results file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds, to see that it runs.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what an earlier run wrote and kept.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from what a run that was stopped has kept.")
    ] = False,
    workers: ProcessCount = None,
    scheduler: Scheduler = None,
    slurm: SlurmJobs = None,
    publish: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Also keep what is small in data/results/NAME.h5 of the clone."
        ),
    ] = "",
) -> None:
    """Options that all experiments have."""
