"""Images of one trained machine by Gibbs, renewal and laser sampling, judged side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lasersampling.atomic import check_outputs
from lasersampling.boltzmann.partition import layered_log_partition
from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.judging.generation import generate_images, label_conditions
from lasersampling.judging.image_quality import ImageJudge, quality_over_time, ratios
from lasersampling.judging.images import write_generated
from lasersampling.judging.picture_records import write_neighbours, write_quality
from lasersampling.learning.pictures.label_reader import train_label_reader
from lasersampling.learning.pictures.models import PictureModel, load_picture_model
from lasersampling.results.animation import save_animation
from lasersampling.results.reading import Metric
from lasersampling.results.records import write_calibration, write_lines, write_neuron
from lasersampling.results.store import ResultsFile
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.adaptation import adapt
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import Progress, Sampler
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings
from lasersampling.sampling.renewal.sampler import Renewal

Stage = Callable[[str], AbstractContextManager[Progress]]
"""Begins a part of long work, told what it is, and gives what is called with its progress."""

_WINDOW_NS = 25.0
"""Images shown are means over so much of the end of the sampling [ns]."""
_SHOWN_TIMES, _FINAL_READS = 10, 5
_FIGURES = ("quality_over_time", "neighbours", "image_gallery", "filters")
_SEEDS = {"gibbs": 0, "lasers": 1, "animation": 2, "renewal": 3, "translated": 4, "adaptation": 5}
"""What is added to the seed for each part of the sampling."""


@dataclass(frozen=True)
class ImageSampling:
    """How much is drawn, of each sampler.

    Attributes
    ----------
    device : str
        The laser: a device file or the name of a shipped one.
    per_label, free : int
        Numbers of chains for each label, and without a label.
    duration_ns : float
        Laser time of a chain, from its start on [ns].
    animated_ns : float
        Laser time of further chains, one for each label, whose spikes are kept to be shown [ns].
    n_frames : int
        Of the animation of these.
    adaptation_rounds, adaptation_draws : int
        Rounds in which lasers are adapted to the machine, and draws per chain of each. Renewal
        neurons get the same lines.
    annealing_steps : int
        Of the estimate of the partition function.
    hazard : HazardSettings
        How the hazard of the renewal sampler is measured where it is not stored.
    """

    device: str = "D6"
    per_label: int = 40
    free: int = 100
    duration_ns: float = 400.0
    animated_ns: float = 80.0
    n_frames: int = 100
    adaptation_rounds: int = 4
    adaptation_draws: int = 300
    annealing_steps: int = 5000
    hazard: HazardSettings = field(default_factory=HazardSettings)

    def smallest(self) -> ImageSampling:
        """Of the same device, so little that it takes seconds, to see that all of it runs."""
        return replace(
            self, per_label=2, free=3, duration_ns=15.0, animated_ns=6.0, n_frames=3,
            adaptation_rounds=0, annealing_steps=50,
            hazard=HazardSettings(n_chains=4, duration_ns=500.0, response_duration_ns=60.0),
        )  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Final measures, all by name of the measure.

    Attributes
    ----------
    log_partition : Metric
        Of the machine [nats].
    held_out : dict of str to Metric
        Measures of held-out images.
    measured : dict of str to dict
        Measures of each sampler's images, by its name; "gibbs" is the reference.
    """

    log_partition: Metric
    held_out: dict[str, Metric]
    measured: dict[str, dict[str, Metric]]

    def lines(self) -> list[str]:
        """Say all of it, a line for each measure, with standard errors and ratios to Gibbs."""
        told = [f"log Z: {_text(self.log_partition, 2)} nats"]
        told += [f"{name}, held-out images: {_text(one)}" for name, one in self.held_out.items()]
        reference = self.measured["gibbs"]
        others = [name for name in self.measured if name != "gibbs"]
        over = {name: ratios(self.measured[name], reference) for name in others}
        for name, metric in reference.items():
            parts = [f"gibbs {_text(metric)}"]
            for other in others:
                part = f"{other} {_text(self.measured[other][name])}"
                if name in over[other]:
                    part += f" (ratio {_text(over[other][name], 3)})"
                parts.append(part)
            told.append(f"{name}: {'; '.join(parts)}")
        return told


def run_comparison(
    out: Path,
    model: str,
    sampling: ImageSampling,
    *,
    command: str,
    seed: int,
    overwrite: bool,
    stage: Stage,
) -> tuple[Comparison, list[Path]]:
    """Compare the samplers of a trained machine, and draw the figures: the whole experiment.

    Parameters
    ----------
    out : Path
        Results file to write; figures and the animation are put beside it.
    model : str
        Trained machine: a file, or the name of a shipped one.
    sampling : ImageSampling
        How much is drawn.
    command : str
        What was called, for the record.
    seed : int
        Of everything.
    overwrite : bool
        Replace the file if there is one.
    stage : callable
        Told of each part of the work; see `Stage`.

    Returns
    -------
    compared : Comparison
        The measures.
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        For files that cannot be written, machines that cannot be read, and as `compare_samplers`.
    """
    config = to_toml({"model": model, "sampling": sampling})
    moving = out.with_name(f"{out.stem}_animation.gif")
    inputs = [model, sampling.device]
    with ResultsFile.create(
        out, command=command, seed=seed, config=config, overwrite=overwrite,
        figures=_FIGURES, inputs=inputs,
    ) as file:  # fmt: skip
        check_outputs([moving], inputs=inputs, overwrite=overwrite)
        loaded = load_picture_model(model)
        compared = compare_samplers(file, loaded, sampling, seed=seed, stage=stage)
    with stage("drawing figures and the animation"):
        figures = file.draw()
        titles = [str(label) for label in range(loaded.machine.n_label)]
        save_animation(out, moving, n_frames=sampling.n_frames, titles=titles, overwrite=overwrite)
    return compared, [*figures, moving]


def compare_samplers(
    file: ResultsFile, model: PictureModel, sampling: ImageSampling, *, seed: int, stage: Stage
) -> Comparison:
    """Draw images of a machine by Gibbs, renewal and laser sampling, and judge them over time.

    Lasers draw twice: as they are translated, and adapted to the machine.
    Chains begin unprepared, at states drawn at random: one draw per refractory time, or per sweep.
    Written are the machine, device and calibration, ``/quality``, ``/neighbours``, ``/images``, the
    metrics, and ``/spikes`` of lasers that draw one image of each label.

    Parameters
    ----------
    file : ResultsFile
        Where to.
    model : PictureModel
        A trained machine.
    sampling : ImageSampling
        How much is drawn.
    seed : int
        Of everything.
    stage : callable
        Told of each part of the work; see `Stage`.

    Raises
    ------
    InputError
        If the machine has no labels, or its images are not here.
    """
    if model.data is None or model.machine.n_label == 0:
        got = "a machine without labels, or without its images"
        raise InputError.single("model", got, "one that says what it was trained on")
    machine, pictures = model.machine, model.data.load().binarised("threshold")
    tau = Lasers(sampling.device).neuron.refractory_time_ns
    translated = Lasers(sampling.device, burn_in_ns=0.0, interval_ns=tau)
    renewal = Renewal(translated, sampling.hazard, record_spikes=False)
    with stage(f"calibrating {translated.neuron.device.name} (once)") as progress:
        write_calibration(file, translated.calibrated(progress))
    with stage(f"measuring the hazard of {translated.neuron.device.name} (once)") as progress:
        renewal.measured(progress)
    clamped, _ = label_conditions(
        machine, images_per_label=sampling.per_label, free_images=sampling.free
    )
    with stage("adapting the lasers to the machine") as progress:
        lasers = adapt(
            translated, machine, n_rounds=sampling.adaptation_rounds,
            n_draws=sampling.adaptation_draws, clamped=clamped,
            seed=seed + _SEEDS["adaptation"], progress=progress,
        )  # fmt: skip
    assert lasers.lines is not None
    write_lines(file, lasers.lines)
    # Lasers last: it is their images that neighbours are shown of.
    samplers: Mapping[str, Sampler] = {
        "gibbs": Gibbs(burn_in=0),
        "renewal": replace(renewal, lasers=lasers),
        "translated": translated,
        "lasers": lasers,
    }
    write_neuron(file, lasers.neuron)
    file.write_machine(machine)
    partition = layered_log_partition(
        machine,
        base=pictures.train_images.mean(axis=0),
        n_steps=sampling.annealing_steps,
        seed=seed,
    )
    log_partition = Metric(partition.value, partition.standard_error, "1", "log Z, nats")
    judge = ImageJudge(machine, pictures, train_label_reader(pictures), partition)
    n_draws = max(2, lasers.draws_in(sampling.duration_ns))
    over_time, final = _read_at(n_draws)
    found, measured, curves = {}, {}, {}
    for name, sampler in samplers.items():
        with stage(f"generating with {name}") as progress:
            found[name] = generate_images(
                sampler, machine, n_draws, images_per_label=sampling.per_label,
                free_images=sampling.free, seed=seed + _SEEDS[name], progress=progress,
            )  # fmt: skip
        measured[name] = judge.measures(found[name], final)
        curves[name] = quality_over_time(judge, found[name], over_time)
    compared = Comparison(log_partition, judge.held_out(), measured)
    file.metrics({"log_partition": log_partition})
    write_quality(file, tau * (np.array(over_time) + 1), curves, measured, compared.held_out)
    window = max(1, int(_WINDOW_NS / tau))
    shown = {name: images for name, images in found.items() if name != "translated"}
    write_generated(file, machine, shown, pictures.shape, window)
    write_neighbours(file, judge, shown, final[-1])
    headline = (
        f"{machine.n_units} nanolasers ({lasers.neuron.device.name}) draw from the machine "
        f"“{model.name}”"
    )
    for group in ("images", "quality", "neighbours"):
        file.attributes(group, {"headline": headline})
    moving = generate_images(
        lasers, machine, max(2, lasers.draws_in(sampling.animated_ns)), images_per_label=1,
        free_images=0, seed=seed + _SEEDS["animation"],
    )  # fmt: skip
    assert moving.samples.spikes is not None  # lasers always give them
    file.write_spikes(moving.samples.spikes)
    return compared


def _read_at(n_draws: int) -> tuple[list[int], list[int]]:
    """Draws that are looked at over time, and those of the final measures (second half)."""
    over_time = np.unique(np.geomspace(1, n_draws, _SHOWN_TIMES).astype(int)) - 1
    final = np.unique(np.linspace(n_draws // 2, n_draws - 1, _FINAL_READS).astype(int))
    return over_time.tolist(), final.tolist()


def _text(metric: Metric, digits: int = 4) -> str:
    return f"{metric.value:.{digits}f} ± {metric.standard_error or 0:.{digits}f}"
