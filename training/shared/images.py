"""Images of one trained machine by Gibbs, renewal and laser sampling, compared with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import numpy as np

import lasersampling as ls
from lasersampling.boltzmann import layered_log_partition
from lasersampling.experiments import Run, kept, option
from lasersampling.judging import (
    ImageJudge,
    generate_images,
    label_conditions,
    quality_over_time,
    ratios,
    write_generated,
    write_neighbours,
    write_quality,
)
from lasersampling.learning.pictures import PictureModel, train_label_reader
from lasersampling.results import Metric, save_animation, write_lines
from lasersampling.sampling import Sampler

WINDOW_NS = 25.0
"""Images shown are means over so much of the end of the sampling [ns]."""
SHOWN_TIMES, FINAL_READS = 10, 5
FIGURES = ("quality_over_time", "neighbours", "image_gallery", "filters")
SEEDS = {"gibbs": 0, "lasers": 1, "animation": 2, "renewal": 3, "translated": 4, "adaptation": 5}
"""What is added to the seed for each part of the sampling."""


@dataclass(frozen=True)
class ImageSampling:
    """Images with and without labels, by lasers, renewal and Gibbs sampling, judged over time."""

    model: str = option("digits", "Machine file, or name of a shipped one.")
    per_label: int = option(40, "Chains for each label.", min=2)
    free: int = option(100, "Chains without a label.", min=2)
    duration_ns: float = option(400.0, "Laser time of a chain.", min=5.0)
    device: str = option("D6", "Device file or name.")
    # Further chains, one for each label, whose spikes are kept to be shown.
    animated_ns: float = 80.0
    n_frames: int = 100
    # Lasers are adapted to the machine; renewal neurons get the same lines.
    adaptation_rounds: int = 4
    adaptation_draws: int = 300
    annealing_steps: int = 5000
    hazard: ls.HazardSettings = field(default_factory=ls.HazardSettings)

    def smallest(self) -> Self:
        return replace(
            self, per_label=2, free=3, duration_ns=15.0, animated_ns=6.0, n_frames=3,
            adaptation_rounds=0, annealing_steps=50,
            hazard=ls.HazardSettings(n_chains=4, duration_ns=500.0, response_duration_ns=60.0),
        )  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Final measures, by their names.

    Attributes
    ----------
    log_partition : Metric
        Logarithm of the partition function of the machine [nats].
    held_out : dict of str to Metric
        Measures of held-out images.
    measured : dict of str to dict
        Measures of each sampler's images, by its name; "gibbs" is the reference.
    """

    log_partition: Metric
    held_out: dict[str, Metric]
    measured: dict[str, dict[str, Metric]]

    def lines(self) -> list[str]:
        """Return a line for each measure, with standard errors and ratios to Gibbs."""
        told = [f"log Z: {text(self.log_partition, 2)} nats"]
        told += [f"{name}, held-out images: {text(one)}" for name, one in self.held_out.items()]
        reference = self.measured["gibbs"]
        others = [name for name in self.measured if name != "gibbs"]
        over = {name: ratios(self.measured[name], reference) for name in others}
        for name, metric in reference.items():
            parts = [f"gibbs {text(metric)}"]
            for other in others:
                part = f"{other} {text(self.measured[other][name])}"
                if name in over[other]:
                    part += f" (ratio {text(over[other][name], 3)})"
                parts.append(part)
            told.append(f"{name}: {'; '.join(parts)}")
        return told


def generate(settings: ImageSampling, run: Run) -> None:
    """Compare the samplers of a trained machine, draw the figures and the animation."""
    sampling = {key: value for key, value in vars(settings).items() if key != "model"}
    moving = run.output(run.out.with_name(f"{run.out.stem}_animation.gif"))
    with run.results({"model": settings.model, "sampling": sampling}) as file:
        model = ls.load_picture_model(settings.model)
        compared = compare_samplers(file, model, settings, run)
    print("\n".join(compared.lines()))
    with run.progress("drawing the animation"):
        titles = [str(label) for label in range(model.machine.n_label)]
        save_animation(
            run.out, moving, n_frames=settings.n_frames, titles=titles, overwrite=run.overwrite
        )
    print(f"written: {moving}")


def compare_samplers(
    file: ls.ResultsFile, model: PictureModel, sampling: ImageSampling, run: Run
) -> Comparison:
    """Draw images of a machine by Gibbs, renewal and laser sampling, and judge them over time.

    Lasers draw twice: as they are translated, and after adaptation to the machine. All chains start
    from random states, and give one draw per refractory time, or per sweep. The results file gets
    the machine, device and calibration, the metrics, ``/quality``, ``/neighbours``, ``/images``,
    and ``/spikes`` of lasers that draw one image of each label.

    Raises
    ------
    InputError
        If the machine has no labels, or its images are not installed.
    """
    if model.machine.n_label == 0:
        got = "a machine without labels"
        raise ls.InputError.single("model", got, "one that says what it was trained on")
    machine, pictures, seed = model.machine, model.pictures().binarised("threshold"), run.seed
    tau = ls.Lasers(sampling.device).neuron.refractory_time_ns
    translated = ls.Lasers(sampling.device, burn_in_ns=0.0, interval_ns=tau)
    renewal = ls.Renewal(translated, sampling.hazard, record_spikes=False)
    run.calibrate(file, translated)
    with run.progress(
        f"measuring the hazard of {translated.neuron.device.name} (once)"
    ) as progress:
        renewal.measured(progress)
    clamped, _ = label_conditions(
        machine, images_per_label=sampling.per_label, free_images=sampling.free
    )
    with run.progress("adapting the lasers to the machine") as progress:
        lasers = ls.adapt(
            translated, machine, n_rounds=sampling.adaptation_rounds,
            n_draws=sampling.adaptation_draws, clamped=clamped,
            seed=seed + SEEDS["adaptation"], progress=progress,
        )  # fmt: skip
    assert lasers.lines is not None
    write_lines(file, lasers.lines)
    # Lasers last: it is their images that neighbours are shown of.
    samplers: Mapping[str, Sampler] = {
        "gibbs": ls.Gibbs(burn_in=0),
        "renewal": replace(renewal, lasers=lasers),
        "translated": translated,
        "lasers": lasers,
    }
    file.write_machine(machine)
    partition = kept("partition", lambda: layered_log_partition(
        machine,
        base=pictures.train_images.mean(axis=0),
        n_steps=sampling.annealing_steps,
        seed=seed,
    ))  # fmt: skip
    log_partition = Metric(partition.value, partition.standard_error, "1", "log Z, nats")
    judge = ImageJudge(machine, pictures, train_label_reader(pictures), partition)
    n_draws = max(2, lasers.draws_in(sampling.duration_ns))
    over_time, final = read_at(n_draws)
    found, measured, curves = {}, {}, {}
    for name, sampler in samplers.items():
        with run.progress(f"generating with {name}") as progress:
            found[name] = generate_images(
                sampler, machine, n_draws, images_per_label=sampling.per_label,
                free_images=sampling.free, seed=seed + SEEDS[name], progress=progress,
            )  # fmt: skip
        measured[name] = kept("measures", partial(judge.measures, found[name], final))
        curves[name] = kept("quality", partial(quality_over_time, judge, found[name], over_time))
    compared = Comparison(log_partition, judge.held_out(), measured)
    file.metrics({"log_partition": log_partition})
    write_quality(file, tau * (np.array(over_time) + 1), curves, measured, compared.held_out)
    window = max(1, int(WINDOW_NS / tau))
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
        free_images=0, seed=seed + SEEDS["animation"],
    )  # fmt: skip
    assert moving.samples.spikes is not None  # lasers always give them
    file.write_spikes(moving.samples.spikes)
    return compared


def read_at(n_draws: int) -> tuple[list[int], list[int]]:
    """Return the draws judged over time, and those of the final measures (the second half)."""
    over_time = np.unique(np.geomspace(1, n_draws, SHOWN_TIMES).astype(int)) - 1
    final = np.unique(np.linspace(n_draws // 2, n_draws - 1, FINAL_READS).astype(int))
    return over_time.tolist(), final.tolist()


def text(metric: Metric, digits: int = 4) -> str:
    return f"{metric.value:.{digits}f} ± {metric.standard_error or 0:.{digits}f}"
