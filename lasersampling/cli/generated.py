"""Report of ``lasersampling generate`` on its images, in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.commands.generate_configuration import GenerateConfig
    from lasersampling.results.contents import Metric

_HEADLINES = {"digits": "Digits", "mnist": "Handwritten digits (MNIST)"}


def headline_of(config: GenerateConfig, machine: BoltzmannMachine) -> str:
    """Say what the figure shows."""
    what = _HEADLINES.get(config.data.source, "Images")
    return f"{what} from a network of {machine.n_units} nanolasers ({config.device.name})"


def closing_line(
    config: GenerateConfig, machine: BoltzmannMachine, metrics: dict[str, Metric], files: list[Path]
) -> str:
    """Say in plain words what was done, how good it is and where the files are."""
    origin = f"trained before ({config.model})" if config.model else "trained on images"
    told = [
        f"A Boltzmann machine of {machine.n_units} units, {origin}, was sampled by as many "
        "simulated nanolasers."
    ]
    if "label_accuracy_lasers" in metrics:
        lasers, gibbs = metrics["label_accuracy_lasers"], metrics["label_accuracy_gibbs"]
        told.append(
            "A classifier that never saw generated images reads the requested label in "
            f"{lasers.value:.0%} (+-{lasers.standard_error or 0:.0%}) of the lasers' images and in "
            f"{gibbs.value:.0%} (+-{gibbs.standard_error or 0:.0%}) of those of Gibbs sampling."
        )
    error = metrics.get("pixel_mean_error_lasers", metrics.get("pixel_mean_error_free_lasers"))
    if error is not None:
        told.append(
            "The mean brightness of a pixel differs between the lasers' images and those of Gibbs "
            f"sampling by {error.value:.3f} on average."
        )
    if files:
        told.append(f"Files: {', '.join(str(path) for path in files)}.")
    return " ".join(told)
