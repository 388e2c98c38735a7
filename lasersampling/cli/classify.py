"""``lasersampling classify``: trains networks that decide by which neuron spikes first."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.completing import completed
from lasersampling.cli.options import (
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
from lasersampling.commands.configuring import configured, files_named, recipe_table
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError
from lasersampling.paths import suffix_of

if TYPE_CHECKING:
    from lasersampling.learning.spikes.recipes import ClassifyRecipe
    from lasersampling.learning.task import State


def classify(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="Recipe file (TOML), or the name of a shipped one.",
            autocompletion=completed("recipes"),
        ),
    ] = None,
    seed: Seed = None,
    members: Annotated[
        int | None,
        typer.Option(
            help="Number of networks to train, with successive seeds.", rich_help_panel=SETTINGS
        ),
    ] = None,
    substrate: Address = None,
    timeout_s: Timeout = None,
    torch_device: Annotated[
        str,
        typer.Option(
            help="Device on which torch computes: cpu, cuda, cuda:1. It pays for the method "
            "surrogate; exact events are followed on the CPU.",
            rich_help_panel=SETTINGS,
        ),
    ] = "cpu",
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
    show_all: All = False,
) -> None:
    """Train networks of spiking LIF neurons by exact or surrogate gradients, and test them."""
    from lasersampling.cli.tables import measures_table, metrics_values
    from lasersampling.judging.spikes import FIGURES, evaluate_classifier
    from lasersampling.learning.checkpoints import Checkpoints
    from lasersampling.learning.devices import usable_device
    from lasersampling.learning.spikes.baselines import baselines
    from lasersampling.learning.spikes.classification import train_spikes
    from lasersampling.learning.spikes.data import data_of, files_of
    from lasersampling.learning.spikes.recipes import ClassifyRecipe

    reporter = Reporter(quiet=quiet, as_json=as_json)
    usable_device(torch_device)
    refuse_timeout(substrate, timeout_s)
    options = {"seed": seed, "members": members}
    if resume is None:
        config: ClassifyRecipe = _configured(recipe, options, overrides)
        state: State | None = None
    else:
        given = {"a recipe": recipe, "--seed": seed, "--members": members, "--out": out}
        refuse_beside_resume({**given, "--set": overrides})
        config, state = resumed(resume, ClassifyRecipe)
    data = data_of(config)
    names = [name for name in FIGURES if name != "yin_yang_plane" or config.data == "yin_yang"]
    training = ResumableRun(
        resume or out,
        names,
        [*files_named(recipe, overrides), *files_of(config.data)],
        overwrite=overwrite,
        goes_on=resume is not None,
    )

    with (
        training.open(context, config, config.seed, reporter) as file,
        device_at(substrate, timeout_s) as device,
    ):
        reporter.status(
            f"training {config.members} networks, hidden neurons {list(config.network.hidden)}, "
            f"delays {config.network.delays}, on {config.data}"
        )
        with reporter.progress("training") as progress:
            classifier = train_spikes(
                data,
                settings=config,
                substrate=device,
                torch_device=torch_device,
                progress=progress,
                checkpoints=Checkpoints(file, config.checkpoint_interval_s, state),
            )
        with reporter.progress("training other classifiers for comparison") as progress:
            beside = baselines(classifier.data, progress)
        evaluation = judged(
            file, reporter, "the networks", lambda: evaluate_classifier(classifier, beside)
        )
    metrics, files = evaluation.metrics, drawn(file, reporter)
    reporter.result(
        {
            "recipe": recipe or str(resume),
            "members": config.members,
            "seed": config.seed,
            "metrics": metrics_values(metrics),
            "files": [str(path) for path in files],
        },
        measures_table(
            f"{recipe or resume}, {config.members} network{'s' * (config.members > 1)}",
            metrics,
            "classify",
            whole=show_all,
        ),
    )


def _configured(
    recipe: str | None, options: Mapping[str, object], overrides: list[str] | None
) -> ClassifyRecipe:
    from lasersampling.config import resolve, shipped_names
    from lasersampling.learning.spikes.data import whole_name
    from lasersampling.learning.spikes.recipes import ClassifyRecipe

    if recipe is None:
        shipped = ", ".join(shipped_names("recipes"))
        raise InputError.single("RECIPE", "nothing", f"a recipe file, or one of {shipped}")
    if suffix_of(recipe) == ".npz":
        expected = "a recipe (TOML); spikes to learn are named by one, or by --set data=FILE.npz"
        raise InputError.single(recipe, "an archive of NumPy", expected)
    table = recipe_table(resolve("recipes", recipe), ClassifyRecipe)
    config = configured(ClassifyRecipe, options, overrides, recipe=table)
    # So that the run can be resumed from another directory.
    return dataclasses.replace(config, data=whole_name(config.data))
