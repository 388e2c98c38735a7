"""One run of an experiment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lasersampling.atomic import check_outputs
from lasersampling.commands.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.errors import LaserSamplingError
from lasersampling.experiments.pieces import done
from lasersampling.experiments.publishing import Publication
from lasersampling.keeping import keeping, kept, kept_state
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.results.run_file import RunFile
from lasersampling.workers import Lost, Processes, Workers

if TYPE_CHECKING:
    from lasersampling.sampling.neurons.sampler import Lasers

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
            with ResultsFile.create(self.out, **self.about(config)) as file:
                file.started = self.started
                yield file
            self.written(file.draw())
            return
        # Steps within the block cannot begin the file, which is being written then.
        self.file.begin()
        with self.file.finish(to_toml(config)) as file:
            yield file
        self.written(self.file.draw())

    @contextmanager
    def training(self, config: object) -> Iterator[RunFile]:
        """Like `results`, for a training that keeps checkpoints in its results file."""
        if self.file is not None:
            self.file.configured(to_toml(config))
            yield self.file
            self.written(self.file.draw())
            return
        with RunFile.open(self.out, **self.about(config)) as file:
            file.started = self.started
            yield file
        self.written(file.draw())

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
            for number, result in done(self.workers, work, [(pieces[k], states[k]) for k in left]):
                place = left[number]
                if isinstance(result, Lost):
                    raise LaserSamplingError(f"piece {place + 1} of {what}: {result.reason}")
                found[place] = result
                if (state := states[place]) is not None:
                    state.save({"result": result})
                progress(len(found) / len(pieces))
        return [found[place] for place in range(len(pieces))]

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

    def about(self, config: object) -> dict[str, Any]:
        """Return what a results file of the run is created with; see `ResultsFile.create`."""
        return {
            "command": self.command, "seed": self.seed, "config": to_toml(config),
            "overwrite": self.overwrite, "figures": self.figures, "inputs": self.inputs,
        }  # fmt: skip

    def written(self, files: Sequence[Path]) -> None:
        """Tell which files were written, and publish what is to be published of the results."""
        for path in files:
            print(f"written: {path}")
        if self.publication is not None:
            self.publication.publish(self.out)
