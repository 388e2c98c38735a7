"""``lasersampling generate``: lasers draw images from a machine, trained now or before."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lasersampling.cli.certifying import (
    Strict,
    enforce,
    enforce_again,
    pictures_remarks,
    with_certificate,
)
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
from lasersampling.cli.preparing import Adapt
from lasersampling.cli.resuming import (
    ResumableRun,
    drawn,
    refuse_beside_resume,
    resumed,
    with_full_paths,
)
from lasersampling.commands.configuring import configured, device_table, files_named, recipe_table
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.paths import expanded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.commands.generate_configuration import GenerateConfig
    from lasersampling.datasets import Pictures
    from lasersampling.learning.history import History
    from lasersampling.learning.pictures.models import PictureModel
    from lasersampling.results import ResultsFile
    from lasersampling.sampling import Sampler
    from lasersampling.sampling.adapting import Adapted

_QUICK = {
    "images_per_label": 4,
    "free_images": 8,
    "burn_in_ns": 250.0,
    "duration_ns": 50.0,
    "interval_ns": 2.5,
    "window_ns": 25.0,
    "gibbs_burn_in": 500,
    "adaptation_rounds": 2,
}
"""How much is sampled with a trained machine and no recipe: seconds for a hundred lasers."""


def generate(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="Recipe file (TOML), or the name of a shipped one.",
            autocompletion=completed("recipes"),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Trained machine: a file, or the name of a shipped one.",
            autocompletion=completed("machines"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="NAME",
            help="Draw this class only, by its name or number, clamped; may be repeated.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--complete",
            parser=expanded,
            metavar="FILE.png",
            help="Complete this picture; clear pixels are unknown.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(
            parser=expanded,
            metavar="FILE.png",
            help="Picture that is bright where the picture to complete is known.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    occlude: Annotated[
        str | None,
        typer.Option(help="Half to hide: lower, upper, left or right.", rich_help_panel=SETTINGS),
    ] = None,
    adapt: Adapt = None,
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
    """Generate images with lasers and with Gibbs sampling, by a recipe or from a trained machine.

    With a recipe and --from, the recipe says how the trained machine is sampled. With --label there
    are no images without a label, unless --set free_images asks for them.
    """
    from lasersampling.boltzmann.unit_names import UnitNames
    from lasersampling.cli.complete import asked_of, check_request, complete_picture
    from lasersampling.cli.generated import closing_line, headline_of
    from lasersampling.cli.tables import MeasuresTable, metrics_values
    from lasersampling.commands.generate_configuration import GenerateConfig
    from lasersampling.datasets.sources import NAMES as SOURCE_NAMES
    from lasersampling.judging.generation import generate_images, label_conditions
    from lasersampling.judging.images import compare_images, write_generated
    from lasersampling.judging.label_collapse import REMEDY, collapsed_labels
    from lasersampling.learning.pictures.models import load_picture_model
    from lasersampling.results.records import (
        adaptation_values,
        write_adaptations,
        write_calibration,
        write_certificate,
        write_class_names,
        write_neuron,
    )
    from lasersampling.results.run_file import write_history
    from lasersampling.results.summary import summary_of

    reporter = Reporter(quiet=quiet, as_json=as_json)
    check_request(picture, mask, occlude, model, len(labels or ()))
    of_recipe = _recipe(recipe)
    model = model or of_recipe.get("model") or None
    if resume is not None:
        options = {"--from": model, "--label": labels, "--complete": picture, "--adapt": adapt}
        options |= {"a recipe": recipe, "--out": out, "--set": overrides, "--seed": seed}
        refuse_beside_resume(options)
        config, _ = resumed(resume, GenerateConfig)
        model = config.model or None
        if config.completion is not None:
            picture = Path(config.completion.picture)
            mask = Path(config.completion.mask) if config.completion.mask else None
    with reporter.working("loading the machine"):
        loaded = None if model is None else load_picture_model(model, "--from")
    if resume is None:
        given = {"seed": seed, "model": model, "labels": labels, "adaptation_rounds": adapt}
        if labels and picture is None:  # of a picture, so many are its completions
            given["free_images"] = 0
        named = "data" in of_recipe or any(text.startswith("data.") for text in overrides or ())
        table = _table(of_recipe, loaded) | {"needs_data": named}
        config = configured(GenerateConfig, given, overrides, recipe=table)
    if config.model != (model or ""):
        expected = "--from MODEL, or the key in a recipe"
        raise InputError.single("--set model", repr(config.model), expected)
    if resume is None:
        if config.completion is not None:
            got = repr(config.completion.picture)
            raise InputError.single("completion", got, "a picture named by --complete")
        config = dataclasses.replace(config, completion=asked_of(picture, mask, occlude))
    if loaded is not None:
        config.check_size(loaded.machine.n_units, loaded.machine.n_label)
        config.label_numbers(loaded.class_names)  # what is wrong is said before anything is done
    inputs = [*files_named(recipe, overrides), model, picture, mask]
    folders: list[Path] = []
    if config.data.source not in SOURCE_NAMES:
        source = expanded(config.data.source)
        (folders if source.is_dir() else inputs).append(source)
    files = ResumableRun(
        resume or out,
        ["image_gallery" if picture is None else "completions"],
        inputs,
        overwrite=overwrite,
        goes_on=resume is not None,
        folders=folders,
        if_complete=partial(enforce_again, strict=strict),
    )
    if picture is not None and loaded is not None:
        complete_picture(context, _from_anywhere(config), loaded, files, reporter)
        return
    with reporter.working("loading the images"):
        pictures = _pictures(config, loaded, reporter, named=config.needs_data)
    if loaded is None and pictures is not None:
        config.label_numbers(pictures.class_names)
        n_pixels, n_classes = pictures.train_images.shape[1], pictures.n_classes
        config.check_size(n_pixels + n_classes + sum(config.training.hidden), n_classes)
    with files.open(context, _from_anywhere(config), config.seed, reporter) as file:
        history: History | None = None
        if loaded is None:
            assert pictures is not None  # without a trained machine, images are there or an error
            names, shape = pictures.class_names, pictures.shape
            labels_asked = config.label_numbers(names)
            machine, history = _train(config, pictures, reporter)
        else:
            machine, shape, names = loaded.machine, loaded.shape, loaded.class_names
            labels_asked = config.label_numbers(names)
        found = {}
        wanted: dict[str, Any] = {
            "images_per_label": config.images_per_label,
            "free_images": config.free_images,
            "labels": labels_asked or None,
        }
        clamped, _ = label_conditions(machine, **wanted)
        samplers, adaptation, settling = _samplers(config, machine, clamped, reporter)
        for name, sampler in samplers.items():
            with reporter.progress(f"generating with {name}") as progress:
                found[name] = generate_images(
                    sampler,
                    machine,
                    config.n_draws,
                    **wanted,
                    seed=config.seed,
                    progress=progress,
                )
        with reporter.working("judging the images"):
            reader = _reader(pictures)
            metrics = compare_images(machine, found, reader)
            losses = collapsed_labels(machine, found, reader, names)
        with reporter.working("certifying the draws"):
            unit_names = UnitNames(label=names)
            certificate = found["lasers"].samples.certificate(
                machine, clamped, sampler=samplers["lasers"], names=unit_names.of_all(machine)
            )
        headline = headline_of(config, machine)
        if file is not None:
            with file.finish() as results:
                if history is not None:
                    write_history(results, history)
                write_neuron(results, adaptation.lasers.neuron)
                write_calibration(results, adaptation.lasers.calibration)
                write_adaptations(results, [adaptation])
                results.write_machine(machine, unit_names)
                results.attributes("provenance", _provenance(config, loaded, shape))
                write_generated(results, machine, found, shape, config.window_draws)
                if names:
                    write_class_names(results, names)
                if pictures is not None:
                    _write_data(results, pictures, labels_asked)
                results.write_samples(dataclasses.replace(found["lasers"].samples, spikes=None))
                told = {"headline": headline, "losses": " ".join(losses)}
                results.attributes("images", told | settling)
                results.metrics(metrics)
                write_certificate(results, certificate)
    written = drawn(file, reporter)
    summary = summary_of(metrics, "generate", whole=show_all)
    reporter.result(
        {
            "recipe": recipe,
            "model": model,
            "n_units": machine.n_units,
            "classes": list(names),
            "labels": [names[label] for label in labels_asked or range(len(names))],
            "device": config.device.name,
            "seed": config.seed,
            "metrics": metrics_values(metrics),
            "losses": losses,
            "adaptation": adaptation_values([adaptation]),
            "certificate": certificate.values(),
            "files": [str(path) for path in written],
        },
        with_certificate(
            MeasuresTable(headline, summary),
            certificate,
            remarks=[adaptation.sentence, *pictures_remarks(certificate, config.duration_ns)],
            whole=show_all,
            n_hidden=summary.n_hidden,
        ),
    )
    reporter.status(closing_line(config, machine, metrics, written))
    if losses:
        reporter.status(" ".join(["Beware.", *losses, REMEDY]))
    enforce(certificate, strict=strict)


def _recipe(recipe: str | None) -> dict[str, Any]:
    """Read the recipe, if there is one."""
    from lasersampling.commands.generate_configuration import GenerateConfig
    from lasersampling.config import resolve

    return {} if recipe is None else recipe_table(resolve("recipes", recipe), GenerateConfig)


def _from_anywhere(config: GenerateConfig) -> GenerateConfig:
    """Return the configuration with full paths of the machine, the images and pictures."""
    source = expanded(config.data.source)
    if source.exists():
        data = dataclasses.replace(config.data, source=str(source.absolute()))
        config = dataclasses.replace(config, data=data)
    if config.completion is not None:
        completion = with_full_paths(config.completion, "picture", "mask")
        config = dataclasses.replace(config, completion=completion)
    return with_full_paths(config, "model")


def _table(of_recipe: dict[str, Any], loaded: PictureModel | None) -> dict[str, Any]:
    """Configuration of a recipe, of a trained machine, or of both."""
    if not of_recipe and loaded is None:
        raise InputError.single("recipe", "nothing", "a recipe, or --from a trained machine")
    table = dict(of_recipe) or {"device": device_table("D6"), **_QUICK}
    if loaded is not None and loaded.data is not None:
        table["data"] = {
            key: value
            for key, value in dataclasses.asdict(loaded.data).items()
            if value is not None
        }
    return table


def _pictures(
    config: GenerateConfig, loaded: PictureModel | None, reporter: Reporter, *, named: bool
) -> Pictures | None:
    """Load the images that a machine learns from, or learned from if they are known and here."""
    if loaded is not None and loaded.data is None and not named:
        reporter.status(f"no judging: {loaded.absence}; --set data.source=... names them")
        return None
    try:
        pictures = config.data.load()
    except LaserSamplingError as error:
        if loaded is None or named:
            raise
        reporter.status(f"no judging by the images that the machine was trained on: {error}")
        return None
    for note in pictures.notes:
        reporter.status(note)
    if loaded is not None and pictures.shape != loaded.shape:
        got = f"images of {pictures.shape[0]} x {pictures.shape[1]} pixels"
        expected = f"{loaded.shape[0]} x {loaded.shape[1]}, as of the machine"
        raise InputError.single(f"data.source {config.data.source!r}", got, expected)
    if loaded is not None and not loaded.fits_classes(pictures.class_names):
        got = f"images of the classes {', '.join(pictures.class_names) or 'none'}"
        expected = f"{', '.join(loaded.class_names) or 'none'}, as of the machine"
        if named:
            raise InputError.single(f"data.source {config.data.source!r}", got, expected)
        reporter.status(f"no judging: {got} at {config.data.source}, expected {expected}")
        return None
    return pictures


def _provenance(
    config: GenerateConfig, loaded: PictureModel | None, shape: tuple[int, int]
) -> dict[str, Any]:
    """Say in the results what the machine was trained on, so that --from finds it again."""
    from lasersampling.learning.pictures.models import describe_data

    data = config.data if loaded is None else loaded.data
    return {"shape": list(shape)} if data is None else describe_data(data, shape)


def _train(
    config: GenerateConfig, pictures: Pictures, reporter: Reporter
) -> tuple[BoltzmannMachine, History | None]:
    """Train the machine digitally."""
    from lasersampling.learning.pictures.training import train_images

    hidden = " and ".join(str(size) for size in config.training.hidden)
    n_images, n_pixels = pictures.train_images.shape
    reporter.status(
        f"training {n_pixels} pixel, {pictures.n_classes} label and {hidden} hidden units on "
        f"{n_images} images"
    )
    with reporter.progress("training") as progress:
        trained = train_images(
            pictures, settings=config.training, seed=config.seed, progress=progress
        )
    return trained.machine, trained.history


def _samplers(
    config: GenerateConfig,
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    reporter: Reporter,
) -> tuple[dict[str, Sampler], Adapted, dict[str, Any]]:
    """Gibbs, the reference, first; then lasers, calibrated and adapted to units held so.

    Returned with what was done to them, and what is known of their settling.
    """
    from lasersampling.cli.preparing import adapted, calibrate_once, settled
    from lasersampling.sampling import Gibbs
    from lasersampling.sampling.neurons.configured import lasers_of

    lasers = lasers_of(config)
    calibrate_once(lasers, reporter)
    lasers, settling = settled(lasers, machine, config, reporter, clamped)
    plan = config.adaptation(len(clamped))
    adaptation = adapted(lasers, machine, clamped, plan, reporter)
    gibbs = Gibbs(burn_in=config.gibbs_burn_in, thin=config.gibbs_thin)
    return {"gibbs": gibbs, "lasers": adaptation.lasers}, adaptation, settling


def _reader(pictures: Pictures | None) -> Any:
    """Train the classifier that judges; None if there is nothing to judge by."""
    from lasersampling.learning.pictures.label_reader import train_label_reader

    return train_label_reader(pictures) if pictures is not None and pictures.n_classes else None


def _write_data(file: ResultsFile, pictures: Pictures, labels: tuple[int, ...]) -> None:
    """Write some training images, two of each label, for comparison with the generated ones."""
    import numpy as np

    from lasersampling.results.records import write_images

    known = sorted(set(pictures.train_labels.tolist()) & set(labels or pictures.train_labels))
    n_each = max(2, 20 // len(known))
    chosen = np.concatenate([np.flatnonzero(pictures.train_labels == y)[:n_each] for y in known])
    images = pictures.train_images[chosen].reshape(-1, *pictures.shape)
    write_images(file, "data", images, pictures.train_labels[chosen])
