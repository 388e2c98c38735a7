"""Quality of images that lasers draw, over sampling time, beside Gibbs sampling of the machine."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import layered_log_partition
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.results import ResultsFile
from lasersampling.results.animation import save_animation
from lasersampling.results.figures import save_figures
from lasersampling.results.image_evaluation import write_generated
from lasersampling.results.image_generation import generate_images
from lasersampling.results.image_quality import ImageJudge, quality_over_time, ratios
from lasersampling.results.picture_records import write_neighbours, write_quality
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.training.label_reader import train_label_reader
from lasersampling.training.picture_models import load_picture_model

WINDOW_NS, ANIMATED_NS = 25.0, 80.0
SHOWN_TIMES, FINAL_READS = 10, 5
FIGURES = ("quality_over_time", "neighbours", "image_gallery", "filters")


def read_at(n_draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws that are looked at over time, and those of the final measures (second half)."""
    over_time = np.unique(np.geomspace(1, n_draws, SHOWN_TIMES).astype(int)) - 1
    return over_time, np.unique(np.linspace(n_draws // 2, n_draws - 1, FINAL_READS).astype(int))


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/generate_digits.h5"
    ),
    model: Annotated[str, typer.Option(help="Machine file, or name of a shipped one.")] = "digits",
    per_label: Annotated[int, typer.Option(min=2, help="Chains for each label.")] = 40,
    free: Annotated[int, typer.Option(min=2, help="Chains without a label.")] = 100,
    duration_ns: Annotated[float, typer.Option(min=5.0, help="Laser time of a chain.")] = 400.0,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Images with and without labels, by lasers and by Gibbs sampling, judged over time."""
    n_steps, animated_ns, n_frames = 5000, ANIMATED_NS, 100
    if smoke:
        per_label, free, duration_ns, n_steps, animated_ns = 2, 3, 15.0, 50, 6.0
        n_frames = 3
    reporter = Reporter(quiet=False, as_json=False)
    lasers = ls.Lasers(device, burn_in_ns=0.0)
    tau = lasers.neuron.refractory_time_ns
    lasers = ls.Lasers(device, burn_in_ns=0.0, interval_ns=tau)
    # Chains begin unprepared, lasers dark: one draw per refractory time, or per sweep.
    samplers = {"gibbs": ls.Gibbs(burn_in=0), "lasers": lasers}
    n_draws = max(2, lasers.draws_in(duration_ns))
    config = {
        "model": model, "per_label": per_label, "free": free, "duration_ns": duration_ns,
        "device": device,
    }  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out, command=command, seed=seed, config=to_toml(config), overwrite=overwrite
    ) as file:
        loaded = load_picture_model(model)
        if loaded.data is None or loaded.machine.n_label == 0:
            got = "a machine without labels, or without its images"
            raise InputError.single("model", got, "one that says what it was trained on")
        machine, pictures = loaded.machine, loaded.data.load().binarised("threshold")
        with reporter.progress(f"calibrating {device} (once)") as progress:
            write_calibration(file, lasers.calibrated(progress))
        write_neuron(file, lasers.neuron)
        file.write_machine(machine)
        partition = layered_log_partition(
            machine, base=pictures.train_images.mean(axis=0), n_steps=n_steps, seed=seed
        )
        print(f"log Z: {partition.value:.2f} ± {partition.standard_error:.2f} nats", flush=True)
        file.metric("log_partition", partition.value, partition.standard_error)
        judge = ImageJudge(machine, pictures, train_label_reader(pictures), partition)
        best = judge.held_out()
        over_time, final = read_at(n_draws)
        found, measured, curves = {}, {}, {}
        for k, (name, sampler) in enumerate(samplers.items()):
            with reporter.progress(f"generating with {name}") as progress:
                found[name] = generate_images(
                    sampler, machine, n_draws, images_per_label=per_label, free_images=free,
                    seed=seed + k, progress=progress,
                )  # fmt: skip
            measured[name] = judge.measures(found[name], final)
            curves[name] = quality_over_time(judge, found[name], over_time)
        write_quality(file, tau * (over_time + 1), curves, measured, best)
        window = max(1, int(WINDOW_NS / tau))
        write_generated(file, machine, found, pictures.shape, window)
        headline = f"{machine.n_units} nanolasers ({device}) draw from the machine “{model}”"
        for group in ("images", "quality", "neighbours"):
            file.attributes(group, {"headline": headline})
        write_neighbours(file, judge, found, int(final[-1]))
        moving = generate_images(
            lasers, machine, max(2, lasers.draws_in(animated_ns)), images_per_label=1,
            free_images=0, seed=seed + 2,
        )  # fmt: skip
        file.write_spikes(moving.samples.spikes)
    for name, metric in best.items():
        print(f"{name}, held-out images: {metric.value:.4f} ± {metric.standard_error:.4f}")
    over = ratios(measured["lasers"], measured["gibbs"])
    for name, metric in over.items():
        values = "; ".join(
            f"{sampler} {one[name].value:.4f} ± {one[name].standard_error:.4f}"
            for sampler, one in measured.items()
        )
        print(f"{name}: {values}; ratio {metric.value:.3f} ± {metric.standard_error:.3f}")
    animation = out.with_name(f"{out.stem}_animation.gif")
    save_animation(
        out, animation, n_frames=n_frames, titles=[str(k) for k in range(machine.n_label)]
    )
    for path in [out, *save_figures(out, FIGURES), animation]:
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
