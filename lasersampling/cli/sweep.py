"""``lasersampling sweep``: a command with all combinations of values, and several seeds."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lasersampling.cli.options import INPUT, OUTPUT, SETTINGS, All, Json, Quiet
from lasersampling.commands.invocation import BEGINS_ANEW
from lasersampling.commands.reporting import Reporter
from lasersampling.commands.spreading import ProcessCount, Scheduler, SlurmJobs, workers_of
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.paths import expanded

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lasersampling.sweeps import Average, Swept
    from lasersampling.sweeps.record import Existing

_MOST_COLUMNS = 40
_MOST_TOLD = 5


def sweep(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="COMMAND",
            help="The command to call, with its arguments and options: simulate, calibrate, "
            "sample, fit, infer, generate or classify. A recipe stands for the command that it is "
            "for.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            parser=expanded,
            metavar="FILE.h5",
            help="Results file (HDF5) of the sweep, which gets each piece when it is done.",
            rich_help_panel=OUTPUT,
        ),
    ],
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES",
            help="Values of an option, an argument, or a key of the configuration: a,b,c, or a "
            "range start:stop:count of numbers. With several of them, all combinations are done.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Number of seeds for each combination.", rich_help_panel=SETTINGS),
    ] = 1,
    seed: Annotated[
        int,
        typer.Option(min=0, help="The first seed; the others follow it.", rich_help_panel=SETTINGS),
    ] = 0,
    workers: ProcessCount = None,
    scheduler: Scheduler = None,
    slurm: SlurmJobs = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the results file, if there is one: only the pieces that are not in "
            "it, or have failed, are done. Values and seeds may be added.",
            rich_help_panel=INPUT,
        ),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Keep the results file of each piece, in a folder beside the file of the sweep.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace the results and the pieces of an earlier sweep.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    show_all: All = False,
) -> None:
    """Call a command with all combinations of values and several seeds, side by side.

    Each call is a piece of the sweep. At the end a table shows means over the seeds, with their
    standard errors. A piece that fails is reported with its command, and the rest goes on.
    """
    from lasersampling.parallel import available_cores
    from lasersampling.sweeps.grid import Grid, axis_of
    from lasersampling.sweeps.run import plan

    reporter = Reporter(quiet=quiet, as_json=as_json)
    if resume and overwrite:
        expected = "one of them: --resume keeps what --overwrite removes"
        raise InputError.single("--resume", "beside --overwrite", expected)
    own = workers_of(workers, scheduler, slurm, otherwise=available_cores())
    grid = Grid(tuple(map(axis_of, over or ())), tuple(range(seed, seed + seeds)))
    existing: Existing = "resume" if resume else "overwrite" if overwrite else "refuse"
    # The command that makes these results anew, not the one that went on with them.
    command = shlex.join(word for word in shlex.split(context.obj.command) if word != "--resume")
    planned = replace(plan(words, grid, out, existing, command), started=context.obj.started)
    with reporter.progress("checking all combinations") as progress:
        planned.call.check(grid, progress)
    reporter.status(
        f"sweeping {planned.call.command}: {_counted(len(grid.combinations), 'combination')} of "
        f"values, {_counted(len(grid.seeds), 'seed')}"
    )
    context.obj.begin()
    try:
        with reporter.progress(f"sweeping {len(grid)} pieces") as progress:
            swept = planned.run(own, keep=keep, progress=progress)
        files = [out]
        if len(swept.failures) < len(swept.outcomes):
            with reporter.working("drawing the figure"):
                files = planned.outputs.draw()
    except (KeyboardInterrupt, LaserSamplingError, OSError) as stop:
        stop.add_note(_way_on(out))
        raise
    for file in files:
        reporter.status(f"written: {file}")
    reporter.result(_values(swept, files), _table(swept, whole=show_all))
    if swept.failures:
        raise LaserSamplingError(_told(swept))


def _way_on(path: Path) -> str:
    """Say what a sweep that ends too early has kept, and how it goes on."""
    from lasersampling.results.unfinished import figures_of, unfinished

    if not path.exists():
        return f"no piece is finished yet; {BEGINS_ANEW}"
    left = unfinished(path)
    if left is None:
        return f"the results are complete; {figures_of(path)}"
    return f"{left.kept}{left.way}"


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _values(swept: Swept, files: list[Path]) -> dict[str, Any]:
    """Give a sweep as values for JSON."""
    from lasersampling.cli.tables import metrics_values

    def named(values: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(swept.grid.keys, values, strict=True))

    return {
        "command": list(swept.words),
        "over": {axis.key: list(axis.values) for axis in swept.grid.axes},
        "seeds": list(swept.grid.seeds),
        "combinations": [
            {
                "values": named(one.values),
                "seeds": one.n_seeds,
                "failed": one.n_failed,
                "metrics": metrics_values(one.metrics),
            }
            for one in swept.averages
        ],
        "failures": [
            {
                "values": named(one.cell.values),
                "seed": one.cell.seed,
                "command": one.command,
                "reason": one.failure,
            }
            for one in swept.failures
        ],
        "files": [str(file) for file in files],
    }


def _table(swept: Swept, *, whole: bool) -> RenderableType:
    """Show means over seeds, a column for each combination of values."""
    from rich.console import Group

    from lasersampling.cli.tables import MeasuresTable, hints, paragraph
    from lasersampling.results.names import at
    from lasersampling.results.summary import summary_of

    averages = [one for one in swept.averages if one.n_seeds]
    shown = averages[:_MOST_COLUMNS]
    metrics = {
        at(name, place): metric
        for place, one in enumerate(shown)
        for name, metric in one.metrics.items()
    }
    heads = {at("", place): swept.label(one.values) for place, one in enumerate(shown)}
    summary = summary_of(metrics, swept.words[0], whole=whole, heads=heads)
    remarks = [_of_seeds(averages)] if averages else []
    if len(shown) < len(averages):
        remarks.append(
            f"{len(averages) - len(shown)} more combinations are in the file: lasersampling export "
            f"{swept.path} --to csv"
        )
    if warned := list(dict.fromkeys(w for one in swept.in_order for w in one.warnings)):
        remarks += [f"Warned: {warning}" for warning in warned[:_MOST_TOLD]]
    remarks += swept.failed[:1]
    title = f"{' '.join(swept.words)}, {_counted(len(swept.outcomes), 'piece')}"
    if not averages:
        return paragraph([f"{title}.", *remarks])
    return Group(MeasuresTable(title, summary), *hints(summary.n_hidden), paragraph(remarks))


def _of_seeds(averages: list[Average]) -> str:
    """Say over how many seeds the means are, and from what their errors are."""
    counts = sorted({one.n_seeds for one in averages})
    if counts == [1]:
        return "One seed for each combination: errors are those of each measurement."
    told = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"Means over {told} seeds, with standard errors from the scatter over seeds."


def _told(swept: Swept) -> str:
    """Say which pieces failed, and why."""
    failures = swept.failures
    lines = [f"{one.command}: {one.failure}" for one in failures[:_MOST_TOLD]]
    more = len(failures) - len(lines)
    lines += [f"and {more} more, which are in {swept.path}"] if more > 0 else []
    n = len(failures)
    pieces = _counted(len(swept.outcomes), "piece")
    head = f"{n} of {pieces} failed; the same command with --resume does them again"
    return "\n".join([head, *lines])
