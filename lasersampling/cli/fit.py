"""``lasersampling fit``: learns a distribution with lasers in the loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.certifying import Strict, enforce, enforce_again, with_certificate
from lasersampling.cli.completing import completed
from lasersampling.cli.options import (
    INPUT,
    SETTINGS,
    All,
    Json,
    Out,
    Overrides,
    Overwrite,
    Quiet,
    Resume,
    Seed,
)
from lasersampling.cli.remote import Address, Timeout, device_at, refuse_timeout
from lasersampling.cli.resuming import ResumableRun, drawn, judged, refuse_beside_resume, resumed
from lasersampling.commands.configuring import (
    configured,
    device_table,
    files_named,
    flag,
    imperfections_table,
    recipe_table,
)
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError
from lasersampling.paths import expanded, suffix_of

if TYPE_CHECKING:
    from lasersampling.boltzmann import Target
    from lasersampling.learning.machines.recipes import FitRecipe
    from lasersampling.learning.task import State

_DEFAULT_RECIPE = "distribution"


def fit(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="Recipe file (TOML), the name of a shipped one, or a file of probabilities or "
            "samples (CSV, NPY, HDF5), which is fitted by the recipe 'distribution'.",
            autocompletion=completed("recipes"),
        ),
    ] = None,
    hidden: Annotated[
        int | None, typer.Option(help="Number of hidden lasers.", rich_help_panel=SETTINGS)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Device file, or name.", autocompletion=completed("devices"), rich_help_panel=INPUT
        ),
    ] = None,
    imperfections: Annotated[
        str | None,
        typer.Option(
            help="Imperfections of the lasers: file, or name.",
            autocompletion=completed("imperfections"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    adapt: Annotated[
        int | None,
        typer.Option(
            metavar="[ROUNDS]",
            help="Rounds in which the lasers are adapted to the machine before learning; 4 if no "
            "number follows, 0 by default, since learning with them corrects the same errors.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    substrate: Address = None,
    timeout_s: Timeout = None,
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
    strict: Strict = False,
    show_all: All = False,
) -> None:
    """Learn a distribution with simulated lasers in the loop."""
    from lasersampling.boltzmann import read_target
    from lasersampling.cli.preparing import calibrate_once
    from lasersampling.cli.tables import MeasuresTable, metrics_values
    from lasersampling.judging.fits import evaluate_fit
    from lasersampling.learning.checkpoints import Checkpoints
    from lasersampling.learning.machines.fitting import check_size, sampler_of
    from lasersampling.learning.machines.fitting import fit as learn
    from lasersampling.learning.machines.recipes import FitRecipe
    from lasersampling.results.records import adaptation_values
    from lasersampling.results.summary import summary_of
    from lasersampling.sampling.neurons.sampler import Lasers
    from lasersampling.sampling.substrate_sampler import SubstrateSampler

    reporter = Reporter(quiet=quiet, as_json=as_json)
    refuse_timeout(substrate, timeout_s)
    given = {
        "n_hidden": hidden,
        "device": None if device is None else device_table(device),
        "imperfections": None if imperfections is None else imperfections_table(imperfections),
        "adaptation_rounds": adapt,
        "seed": seed,
    }
    if resume is None:
        config: FitRecipe = _configured(recipe, given, overrides)
        state: State | None = None
    else:
        options = {flag(key): value for key, value in given.items()}
        refuse_beside_resume({"a recipe": recipe, "--out": out, "--set": overrides, **options})
        config, state = resumed(resume, FitRecipe)
    target = read_target(config.target, pseudocount=config.pseudocount)
    check_size(config, target)
    training = ResumableRun(
        resume or out,
        ["fit"],
        [*files_named(recipe, overrides), device, imperfections, config.target],
        overwrite=overwrite,
        goes_on=resume is not None,
        if_complete=partial(enforce_again, strict=strict),
    )
    if remark := _told_of_zeros(target):
        reporter.status(remark)
    with (
        training.open(context, config, config.seed, reporter) as file,
        device_at(substrate, timeout_s) as connected,
    ):
        sampler = sampler_of(config) if connected is None else SubstrateSampler(connected)
        reporter.status(
            f"fitting {target.n_units} visible with {config.n_hidden} hidden units, {sampler.name} "
            f"in the loop ({config.learning.gradient})"
        )
        if isinstance(sampler, Lasers):
            calibrate_once(sampler, reporter)

        found = learn(
            config,
            target,
            sampler=sampler,
            checkpoints=Checkpoints(file, config.checkpoint_interval_s, state),
            stage=reporter.progress,
        )
        evaluation = judged(file, reporter, "what was learned", lambda: evaluate_fit(found))
    metrics, files = evaluation.metrics, drawn(file, reporter)
    summary = summary_of(metrics, "fit", whole=show_all)
    reporter.result(
        {
            "recipe": recipe or str(resume),
            "target": config.target,
            "n_visible": target.n_units,
            "n_hidden": config.n_hidden,
            "units": list(target.unit_names) or [str(k) for k in range(target.n_units)],
            "seed": config.seed,
            "metrics": metrics_values(metrics),
            "adaptation": None
            if found.adaptation is None
            else adaptation_values([found.adaptation]),
            "certificate": evaluation.certificate.values(),
            "files": [str(path) for path in files],
        },
        with_certificate(
            MeasuresTable(
                f"{Path(config.target).name}, learned with {sampler.name} in the loop", summary
            ),
            evaluation.certificate,
            remarks=[] if found.adaptation is None else [found.adaptation.sentence],
            whole=show_all,
            n_hidden=summary.n_hidden,
        ),
    )
    enforce(evaluation.certificate, strict=strict)


def _told_of_zeros(target: Target) -> str:
    """Describe the consequence of states that the target excludes; empty if there are none."""
    excluded = int((target.probabilities == 0).sum())
    if not excluded:
        return ""
    return (
        f"the target gives {excluded} of {target.probabilities.size} states the probability 0, "
        "which no finite weights can: D_KL(sample || target) is infinite once one is drawn. For a "
        "file of samples, --set pseudocount=0.5 gives all states a probability"
    )


def _configured(
    recipe: str | None, given: Mapping[str, object], overrides: list[str] | None
) -> FitRecipe:
    from lasersampling.boltzmann.target_files import TARGET_SUFFIXES
    from lasersampling.config import resolve
    from lasersampling.learning.machines.recipes import FitRecipe

    if recipe is None:
        expected = "a recipe, or a file of probabilities or samples"
        raise InputError.single("RECIPE", "nothing", expected)
    if suffix_of(recipe) in set(TARGET_SUFFIXES) - {".toml"}:
        table = recipe_table(resolve("recipes", _DEFAULT_RECIPE), FitRecipe, target=recipe)
    else:
        table = recipe_table(resolve("recipes", recipe), FitRecipe)
    config = configured(FitRecipe, given, overrides, recipe=table)
    # So that the run can be resumed from another directory.
    return dataclasses.replace(config, target=str(expanded(config.target).absolute()))
