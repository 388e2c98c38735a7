"""``lasersampling generate``: train a machine on images, and let lasers draw new ones."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.options import (
    Json,
    Out,
    Overrides,
    Overwrite,
    Quiet,
    Seed,
    configured,
    recipe_table,
)
from lasersampling.cli.output import Output
from lasersampling.cli.reporting import Reporter

if TYPE_CHECKING:
    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.cli.configurations import GenerateConfig
    from lasersampling.datasets.pictures import Pictures
    from lasersampling.results import ResultsFile
    from lasersampling.results.image_evaluation import GeneratedImages
    from lasersampling.results.reading import Metric
    from lasersampling.sampling import Sampler


def generate(
    context: typer.Context,
    recipe: Annotated[
        str, typer.Argument(help="Recipe file (TOML), or the name of a shipped one.")
    ],
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a machine on images and generate new ones with lasers, beside Gibbs sampling."""
    from lasersampling.cli.configurations import GenerateConfig
    from lasersampling.cli.tables import metrics_table, metrics_values
    from lasersampling.config import resolve
    from lasersampling.datasets import load_digits
    from lasersampling.results.image_evaluation import compare_images, write_generated
    from lasersampling.training.label_reader import train_label_reader

    reporter = Reporter(quiet=quiet, as_json=as_json)
    table = recipe_table(resolve("recipes", recipe), GenerateConfig)
    config = configured(GenerateConfig, table | _given(seed=seed), overrides)
    output = Output(context, out, overwrite=overwrite)
    with output.open(config, config.seed) as file:
        digits = load_digits()
        machine = _train(config, digits, reporter, file)
        found = {
            name: _generate(config, sampler, machine, reporter)
            for name, sampler in _samplers(config, reporter, file).items()
        }
        metrics = compare_images(machine, found, train_label_reader(digits))
        if file is not None:
            file.write_machine(machine)
            write_generated(file, machine, found, digits.shape, config.window_draws)
            _write_data(file, digits)
            file.write_samples(dataclasses.replace(found["lasers"].samples, spikes=None))
            file.attributes("images", {"headline": _headline(config, machine)})
            file.metrics(metrics)
    output.draw(["image_gallery"], reporter)
    reporter.result(
        {
            "recipe": recipe,
            "n_units": machine.n_units,
            "device": config.device.name,
            "seed": config.seed,
            "metrics": metrics_values(metrics),
            "files": [str(path) for path in output.files],
        },
        metrics_table(_headline(config, machine), metrics),
    )
    reporter.status(_closing_line(config, machine, metrics, [str(path) for path in output.files]))


def _given(**options: object) -> dict[str, object]:
    return {key: value for key, value in options.items() if value is not None}


def _train(
    config: GenerateConfig, digits: Pictures, reporter: Reporter, file: ResultsFile | None
) -> BoltzmannMachine:
    """Train the restricted machine digitally."""
    from lasersampling.results.run_file import write_history
    from lasersampling.training.persistent_cd import train

    settings = config.training
    reporter.status(
        f"training {digits.train_images.shape[1]} pixel, 10 label and {settings.n_hidden} hidden "
        f"units on {len(digits.train_labels)} handwritten digits"
    )
    with reporter.progress("training") as progress:
        trained = train(
            digits.train_images,
            digits.train_labels,
            seed=config.seed,
            progress=progress,
            **dataclasses.asdict(settings),
        )
    if file is not None:
        write_history(file, trained.history)
    return trained.machine


def _samplers(
    config: GenerateConfig, reporter: Reporter, file: ResultsFile | None
) -> dict[str, Sampler]:
    """Gibbs, the reference, first; then lasers, calibrated."""
    from lasersampling.results.records import write_calibration, write_neuron
    from lasersampling.sampling import Gibbs
    from lasersampling.sampling.laser_sampler import Lasers

    lasers = Lasers(config.device, interval_ns=config.interval_ns, burn_in_ns=config.burn_in_ns)
    with reporter.progress(f"calibrating {config.device.name} (once)") as progress:
        calibration = lasers.calibrated(progress)
    if file is not None:
        write_neuron(file, lasers.neuron)
        write_calibration(file, calibration)
    return {"gibbs": Gibbs(burn_in=config.gibbs_burn_in, thin=config.gibbs_thin), "lasers": lasers}


def _generate(
    config: GenerateConfig, sampler: Sampler, machine: BoltzmannMachine, reporter: Reporter
) -> GeneratedImages:
    """Draw images: as many chains for each label, and free ones."""
    import numpy as np

    from lasersampling.boltzmann.clamping import FREE
    from lasersampling.datasets.digits import label_units
    from lasersampling.results.image_evaluation import GeneratedImages

    given = np.repeat(np.arange(machine.n_label), config.images_per_label)
    clamped = np.full((given.size + config.free_images, machine.n_units), FREE, dtype=np.int8)
    clamped[: given.size, machine.label] = label_units(given, machine.n_label)
    with reporter.progress(f"generating with {sampler.name}") as progress:
        samples = sampler.sample(
            machine,
            config.n_draws,
            n_chains=len(clamped),
            clamped=clamped,
            seed=config.seed,
            progress=progress,
        )
    labels = np.append(given, np.full(config.free_images, FREE))
    return GeneratedImages(samples, labels)


def _write_data(file: ResultsFile, digits: Pictures) -> None:
    """Write two training images of each label, to look at beside the generated ones."""
    import numpy as np

    from lasersampling.results.records import write_images

    chosen = np.concatenate([np.flatnonzero(digits.train_labels == y)[:2] for y in range(10)])
    images = digits.train_images[chosen].reshape(-1, *digits.shape)
    write_images(file, "data", images, digits.train_labels[chosen])


def _headline(config: GenerateConfig, machine: BoltzmannMachine) -> str:
    return f"Digits from a network of {machine.n_units} nanolasers ({config.device.name})"


def _closing_line(
    config: GenerateConfig, machine: BoltzmannMachine, metrics: dict[str, Metric], files: list[str]
) -> str:
    """Say in plain words what was done, how good it is and where the files are."""
    lasers, gibbs = metrics["label_accuracy_lasers"], metrics["label_accuracy_gibbs"]
    where = f" Files: {', '.join(files)}." if files else ""
    return (
        f"A Boltzmann machine of {machine.n_units} units was trained on handwritten digits and "
        f"sampled by as many simulated nanolasers. A classifier that never saw generated images "
        f"reads the requested digit in {lasers.value:.0%} (+-{lasers.standard_error or 0:.0%}) of "
        f"the lasers' images and in {gibbs.value:.0%} (+-{gibbs.standard_error or 0:.0%}) of those "
        f"of Gibbs sampling; pixel means of the two differ by "
        f"{metrics['pixel_mean_error_lasers'].value:.3f} on average.{where}"
    )
