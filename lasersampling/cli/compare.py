"""``lasersampling compare``: ways to train networks, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.completing import completed
from lasersampling.cli.options import INPUT, OUTPUT, SETTINGS, All, Json, Overrides, Quiet
from lasersampling.cli.output import Output
from lasersampling.commands.configuring import configured, files_named, recipe_table
from lasersampling.commands.invocation import BEGINS_ANEW
from lasersampling.commands.reporting import Reporter
from lasersampling.commands.spreading import ProcessCount, Scheduler, SlurmJobs, workers_of
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.paths import expanded


def compare(
    context: typer.Context,
    recipe: Annotated[
        str,
        typer.Argument(
            help="Comparison (TOML; see docs/comparison.md), or the name of a shipped one.",
            autocompletion=completed("recipes"),
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            parser=expanded,
            metavar="FILE.h5",
            help="Results file (HDF5) to write. Each training has a file in a folder beside it.",
            rich_help_panel=OUTPUT,
        ),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this study; main is the one that varies nothing. May be repeated.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    workers: ProcessCount = None,
    scheduler: Scheduler = None,
    slurm: SlurmJobs = None,
    tuned: Annotated[
        Path | None,
        typer.Option(
            "--tuned",
            parser=expanded,
            metavar="FILE.h5",
            help="Take the settings that the search of an earlier comparison has found: its "
            "results file.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the trainings in the folder of an earlier run.",
            rich_help_panel=INPUT,
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace the results and trainings of an earlier run.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
    show_all: All = False,
) -> None:
    """Compare ways to train networks: search, train with paired seeds, and test differences."""
    from lasersampling.cli.compared import compared_tables
    from lasersampling.cli.tables import metrics_values
    from lasersampling.comparison.design import Design
    from lasersampling.comparison.records import (
        claim_values,
        metrics_of,
        study_values,
        write_compared,
    )
    from lasersampling.comparison.run import run_comparison
    from lasersampling.comparison.settings import MAIN, Comparison
    from lasersampling.comparison.tuning import check_searchable, tuned_before
    from lasersampling.config import resolve
    from lasersampling.results.unfinished import way_on

    reporter = Reporter(quiet=quiet, as_json=as_json)
    own = workers_of(workers, scheduler, slurm)
    path = resolve("recipes", recipe)
    if resume and overwrite:
        expected = "one of them: --resume keeps what --overwrite removes"
        raise InputError.single("--resume", "beside --overwrite", expected)
    config = configured(Comparison, {}, overrides, recipe=recipe_table(path, Comparison))
    design = Design(config)
    known = [MAIN, *config.studies]
    if unknown := sorted(set(only or ()) - set(known)):
        raise InputError.single("--only", ", ".join(unknown), f"of {', '.join(known)}")
    folder = out.with_suffix("")
    _check_folder(folder, design.file_names(), resume=resume, overwrite=overwrite)
    if resume and only and out.exists():
        _check_nothing_lost(out, only, known)
    found = None if tuned is None else tuned_before(tuned, design)
    inputs = [*files_named(recipe), *design.inputs(), *([] if tuned is None else [tuned])]
    replaces = overwrite or (resume and out.exists())  # a picture alone is not of an earlier run
    output = Output(context, out, ["comparison"], overwrite=replaces, inputs=inputs)
    if found is None:
        check_searchable(design)  # all before anything of an earlier run is removed
    design.check_trainings()
    folder.mkdir(parents=True, exist_ok=True)
    if overwrite:
        for name in design.file_names(only or ()):
            (folder / name).unlink(missing_ok=True)
    for remark in design.remarks():
        reporter.status(f"warning: {remark}")
    context.obj.begin()
    try:
        compared = run_comparison(
            design,
            folder,
            command=context.obj.command,
            workers=own,
            progress=reporter.progress,
            studies=tuple(only or ()),
            tuned=found,
        )
    except InputError:
        raise
    except (KeyboardInterrupt, LaserSamplingError, OSError) as stop:
        n_begun = sum((folder / name).exists() for name in design.file_names())
        told = f"go on from what is trained with: {way_on(context.obj.command, out)}"
        nothing = f"no training has kept anything yet; {BEGINS_ANEW}"
        stop.add_note(told if n_begun else nothing)
        raise
    with output.open(config, config.seed) as file:
        if file is not None:
            write_compared(file, compared)
    output.draw(reporter)
    metrics = metrics_of(compared)
    reporter.result(
        {
            "recipe": recipe,
            "seed": config.seed,
            "members": config.members,
            "metrics": metrics_values(metrics),
            "studies": study_values(compared),
            "claims": claim_values(compared),
            "remarks": design.remarks(),
            "failures": dict(compared.failures),
            "files": [str(file) for file in output.files],
        },
        compared_tables(f"{recipe}, {config.members} networks of each", compared, whole=show_all),
    )
    if compared.failures:
        told = "; ".join(f"{name}: {reason}" for name, reason in compared.failures.items())
        raise LaserSamplingError(f"trainings failed: {told}")


def _check_nothing_lost(out: Path, only: Sequence[str], known: Sequence[str]) -> None:
    """Refuse to write some studies into the place of a file that holds others too."""
    from lasersampling.results import read_results

    held = read_results(out, groups=()).attributes
    lost = [name for name in known if name in held and name not in only]
    if lost:
        expected = f"{' '.join(f'--only {name}' for name in lost)} too, which {out.name} holds"
        raise InputError.single("--only", ", ".join(only), expected)


def _check_folder(folder: Path, names: Sequence[str], *, resume: bool, overwrite: bool) -> None:
    """Refuse to go on from another run unasked."""
    if folder.exists() and not folder.is_dir():
        raise InputError.single(str(folder), "a file", "a folder for trainings, or nothing")
    if not (resume or overwrite) and folder.is_dir() and any((folder / n).exists() for n in names):
        got, expected = "trainings of an earlier run", "none, or --resume to go on from them"
        raise InputError.single(str(folder), got, expected)
