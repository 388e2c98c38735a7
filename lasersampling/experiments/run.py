"""One run of an experiment, and the command that starts it."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from lasersampling.atomic import check_outputs
from lasersampling.checks import refuse, sequence_problems, shown
from lasersampling.commands.configuring import files_named
from lasersampling.commands.exit_codes import exit_codes, say
from lasersampling.commands.invocation import BEGINS_ANEW
from lasersampling.commands.reporting import Reporter
from lasersampling.commands.spreading import ProcessCount, Scheduler, SlurmJobs, workers_of
from lasersampling.commands.terminal import prepare_streams
from lasersampling.config import to_toml
from lasersampling.errors import InputError, LaserSamplingError, Problem
from lasersampling.experiments.options import Settings, made_from, parameters_of, texts_of
from lasersampling.experiments.publishing import Publication
from lasersampling.keeping import Keeper, KeptState, keeping, kept, kept_state
from lasersampling.paths import expanded
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.kept_steps import State
from lasersampling.results.outputs import Outputs
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.results.run_file import RunFile, finished_run, read_checkpoint
from lasersampling.results.unfinished import figures_of, way_on
from lasersampling.trust import untrusted_files
from lasersampling.workers import Lost, Processes, Workers

if TYPE_CHECKING:
    from lasersampling.results import Results
    from lasersampling.sampling.neurons.sampler import Lasers

S = TypeVar("S", bound=Settings)
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Run:
    """One run of an experiment: its seed, its files, and its output.

    Attributes
    ----------
    out : Path
        Results file; whether it may be written has been checked.
    seed : int
        Seed of all random numbers.
    overwrite : bool
        Whether existing files may be replaced.
    command : str
        Command line, for the record.
    figures : tuple of str
        Figures of the results file; see `results.figures.NAMES`.
    inputs : tuple of path-like
        Files that may be read, which are never replaced.
    started : float
        Moment on the clock of `time.monotonic` from which the stored wall time counts [s].
    publication : Publication, optional
        The file that is published from the results file; None for none.
    workers : Workers
        Who does the pieces of `each`.
    file : RunFile, optional
        Where the run keeps what it has finished until its results are written; None for a run that
        keeps nothing.
    """

    out: Path
    seed: int
    overwrite: bool
    command: str
    figures: tuple[str, ...]
    inputs: tuple[str | os.PathLike[str], ...]
    started: float = field(default_factory=time.monotonic)
    publication: Publication | None = None
    workers: Workers = field(default_factory=lambda: Processes(1))
    file: RunFile | None = None

    def step(self, name: str, compute: Callable[[], T], *, of: object = None) -> T:
        """Run a part of the experiment whose result is kept, should the run be stopped.

        Parameters
        ----------
        name : str
            What the part is, in lower-case letters, digits and hyphens. Parts of one name are told
            apart by their order.
        compute : callable
            Computes the result: numbers, text, arrays, and lists, mappings and dataclasses of
            these.
        of : object, optional
            On what the result depends besides the settings.
        """
        return kept(name, compute, of)

    @contextmanager
    def results(self, config: object) -> Iterator[ResultsFile]:
        """Write the results file within the block; its figures are drawn at the end of the block.

        Parameters
        ----------
        config : dataclass or mapping
            Recorded configuration: the settings, or what follows from them.

        Raises
        ------
        InputError
            If a file has appeared in between.
        """
        if self.file is None:
            with ResultsFile.create(self.out, **self._about(config)) as file:
                file.started = self.started
                yield file
            self._written(file.draw())
            return
        # Steps within the block cannot begin the file, which is being written then.
        self.file.begin()
        with self.file.finish(to_toml(config)) as file:
            yield file
        self._written(self.file.draw())

    @contextmanager
    def training(self, config: object) -> Iterator[RunFile]:
        """Like `results`, for a training that keeps checkpoints in its results file."""
        if self.file is not None:
            self.file.configured(to_toml(config))
            yield self.file
            self._written(self.file.draw())
            return
        with RunFile.open(self.out, **self._about(config)) as file:
            file.started = self.started
            yield file
        self._written(file.draw())

    def progress(self, what: str) -> AbstractContextManager[Callable[[float], None]]:
        """Show the progress of long work; the block gets a function for the fraction done."""
        return Reporter(quiet=False, as_json=False).progress(what)

    def each(self, work: Callable[[T], R], pieces: Sequence[T], what: str) -> list[R]:
        """Do independent pieces of the experiment, by the workers of ``--workers`` and the like.

        Pieces that are done are kept, should the run be stopped; of the others, what `kept` and
        trainings keep, if they are done on this machine.

        Parameters
        ----------
        work : callable
            Does a piece; a function of the script, which gets all that it needs in the piece.
        pieces : sequence
            The pieces.
        what : str
            What is being done, for the progress.

        Returns
        -------
        list
            What `work` returned, in the order of the pieces.

        Raises
        ------
        LaserSamplingError
            If a piece has cost several workers.
        """
        states = [kept_state("piece") for _ in pieces]
        before = [None if state is None else state.load() for state in states]
        found: dict[int, R] = {k: one["result"] for k, one in enumerate(before) if one is not None}
        left = [place for place in range(len(pieces)) if place not in found]
        with self.progress(what) as progress, keeping(None):
            for number, result in self._done(work, [(pieces[k], states[k]) for k in left]):
                place = left[number]
                if isinstance(result, Lost):
                    raise LaserSamplingError(f"piece {place + 1} of {what}: {result.reason}")
                found[place] = result
                if (state := states[place]) is not None:
                    state.save({"result": result})
                progress(len(found) / len(pieces))
        return [found[place] for place in range(len(pieces))]

    def _done(
        self, work: Callable[[T], R], pieces: Sequence[tuple[T, KeptState | None]]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces, of which each keeps its own steps if it is done on this machine."""
        workers = self.workers.of if isinstance(self.workers, _Watched) else self.workers
        if not isinstance(workers, Processes):
            return self.workers.results(work, [piece for piece, _ in pieces])
        jobs = [
            (work, piece, state.within() if isinstance(state, State) else None)
            for piece, state in pieces
        ]
        return self.workers.results(_with_own_steps, jobs)

    def output(self, path: Path) -> Path:
        """Check a further file that the run will write, before any long work.

        Raises
        ------
        InputError
            If it cannot be written, is an input, or exists and `overwrite` is false.
        """
        check_outputs([path], inputs=[*self.inputs, self.out], overwrite=self.overwrite)
        return path

    def kept(self, name: str) -> Path:
        """Name a file that is kept when a run is stopped, in a folder beside the results file.

        Files that an earlier run left there are removed if `overwrite` is true, unless the run goes
        on from that one.
        """
        folder = self.out.with_suffix("")
        folder.mkdir(exist_ok=True)
        if self.overwrite and not (self.file is not None and self.file.goes_on):
            (folder / name).unlink(missing_ok=True)
        if self.file is not None:
            self.file.beside.append(folder / name)
        return folder / name

    def calibrate(self, file: ResultsFile | None, lasers: Lasers) -> None:
        """Calibrate lasers if necessary, and write device and calibration to `file`."""
        with self.progress(f"calibrating {lasers.neuron.device.name} (once)") as progress:
            calibration = lasers.calibrated(progress)
        if file is not None:
            write_neuron(file, lasers.neuron)
            write_calibration(file, calibration)

    def _about(self, config: object) -> dict[str, Any]:
        return {
            "command": self.command, "seed": self.seed, "config": to_toml(config),
            "overwrite": self.overwrite, "figures": self.figures, "inputs": self.inputs,
        }  # fmt: skip

    def _written(self, files: Sequence[Path]) -> None:
        for path in files:
            print(f"written: {path}")
        if self.publication is not None:
            self.publication.publish(self.out)


def _with_own_steps(job: tuple[Callable[[T], R], T, Keeper | None]) -> R:
    """Do a piece whose steps are kept, in this process or another one of this machine."""
    work, piece, keeper = job
    with keeping(keeper):
        return work(piece)


class _Watched:
    """Workers that know whether they were asked to do anything."""

    def __init__(self, workers: Workers) -> None:
        self.of, self.is_asked = workers, False

    @property
    def count(self) -> int:
        """How many pieces they do side by side."""
        return self.of.count

    def results(
        self, work: Callable[[T], R], pieces: Sequence[T]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces of work; see `Workers.results`."""
        self.is_asked = True
        return self.of.results(work, pieces)


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
            workers = _Watched(workers_of(*named))
            given = made_from(settings, options)
            inputs = tuple(_read_by(given))
            if resume and not out.exists() and _kept_beside(out):
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
                _draw_missing(run, chosen, finished)
                return
            with _kept_run(run, chosen, goes_on=resume) as file:
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


def _kept_beside(out: Path) -> bool:
    """Whether trainings of a run are kept in the folder beside its results file; see `Run.kept`."""
    folder = out.with_suffix("")
    return folder.is_dir() and any(folder.iterdir())


@contextmanager
def _kept_run(run: Run, settings: Settings, *, goes_on: bool) -> Iterator[RunFile]:
    """Keep what a run has finished, and say how it goes on if it is stopped."""
    about, state = run._about(settings), None
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


def _draw_missing(run: Run, settings: Settings, finished: Results) -> None:
    """Draw the figures that a complete run lacks, and say that it was complete."""

    def words(command: str) -> list[str]:
        return [word for word in shlex.split(command) if word != "--resume"]

    # The results record the settings, or what followed from them.
    is_same = finished.config == run._about(settings)["config"]
    is_same = is_same or words(str(finished.attrs.get("command", ""))) == words(run.command)
    if finished.attrs.get("seed") != run.seed or not is_same:
        raise _other_options()
    print(f"{run.out}: the results were complete already")
    outputs = Outputs.missing(run.out, run.figures, overwrite=run.overwrite)
    try:
        run._written(outputs.draw()[1:])
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
