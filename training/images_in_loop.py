"""Images from ideal and imperfect devices: translated, adapted to the network, after learning.

The shipped machine of digits was trained digitally. Ideal and imperfect lasers draw from it as they
are translated, then with gains and offsets from their own draws (`sampling.neurons.adaptation`);
from there each device goes on learning with its draws in the gradient, and draws again. The measure
of all is what Gibbs sampling of the digital machine gives.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import BoltzmannMachine, layered_log_partition
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.judging.generation import generate_images, label_conditions
from lasersampling.judging.image_quality import ImageJudge, ratios
from lasersampling.learning.pictures.in_the_loop import fine_tune
from lasersampling.learning.pictures.label_reader import train_label_reader
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.learning.pictures.settings import FineTuning
from lasersampling.results import ResultsFile
from lasersampling.results.reading import Metric
from lasersampling.sampling import Sampler


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/images_in_loop.h5"
    ),
    model: Annotated[str, typer.Option(help="Machine file, or name of a shipped one.")] = "digits",
    imperfections: Annotated[
        list[str] | None, typer.Option(help="Device to compare; ideal and laboratory if none.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of adaptation.")] = 6,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs in the loop.")] = 20,
    per_label: Annotated[int, typer.Option(min=2, help="Chains for each label.")] = 20,
    free: Annotated[int, typer.Option(min=2, help="Chains without a label.")] = 60,
    duration_ns: Annotated[float, typer.Option(min=5.0, help="Laser time of a chain.")] = 250.0,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    chip_seed: Annotated[int, typer.Option(min=0, help="Number of the imperfect chip.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything else.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Draw, adapt, draw, learn in the loop, and draw again, on ideal and imperfect lasers."""
    devices = imperfections or ["ideal", "laboratory"]
    n_steps, n_chains, batch_size = 5000, 64, 200
    if smoke:
        devices, rounds, epochs, per_label, free = ["laboratory"], 1, 1, 2, 3
        duration_ns = 10.0
        n_steps, n_chains, batch_size = 50, 4, 1000
    tuning = FineTuning(
        n_epochs=epochs, both_halves=True, batch_size=batch_size, n_chains=n_chains, n_draws=5
    )
    reporter = Reporter(quiet=False, as_json=False)
    config = {
        "model": model, "devices": devices, "rounds": rounds, "epochs": epochs,
        "per_label": per_label, "free": free, "duration_ns": duration_ns,
        "device": device, "chip_seed": chip_seed,
    }  # fmt: skip
    with ResultsFile.create(
        out, command=shlex.join(["python", *sys.argv]), seed=seed, config=to_toml(config),
        overwrite=overwrite, inputs=[model, device],
    ) as file:  # fmt: skip
        loaded = load_picture_model(model)
        assert loaded.data is not None, "a machine that says what it was trained on"
        pictures = loaded.data.load().binarised("threshold")
        partition = layered_log_partition(
            loaded.machine, base=pictures.train_images.mean(axis=0), n_steps=n_steps, seed=seed
        )
        judge = ImageJudge(loaded.machine, pictures, train_label_reader(pictures), partition)

        def measured(sampler: Sampler, machine: BoltzmannMachine, label: str) -> dict[str, Metric]:
            with reporter.progress(f"generating, {label}") as progress:
                found = generate_images(
                    sampler, machine, max(2, round(duration_ns / tau)), images_per_label=per_label,
                    free_images=free, seed=seed + 1, progress=progress,
                )  # fmt: skip
            n = found.samples.n_draws
            reads = np.unique(np.linspace(n // 2, n - 1, 5).astype(int))
            return dict(judge.measures(found, reads))

        conditions, _ = label_conditions(
            loaded.machine, images_per_label=per_label, free_images=free
        )
        tau = ls.Lasers(device).neuron.refractory_time_ns
        by_gibbs = measured(ls.Gibbs(), loaded.machine, "gibbs")
        tell(file, "gibbs", by_gibbs, by_gibbs)
        for name in devices:
            lasers = ls.Lasers(
                device, interval_ns=tau, imperfections=name, chip_seed=chip_seed, clamping="pump"
            )
            with reporter.progress(f"calibrating {device} (once)") as progress:
                lasers.calibrated(progress)
            found = measured(lasers, loaded.machine, f"{name}, translated")
            tell(file, f"{name}_translated", found, by_gibbs)
            with reporter.progress(f"adapting to the network, {name}") as progress:
                lasers = ls.adapt(
                    lasers, loaded.machine, n_rounds=rounds, clamped=conditions, seed=seed + 10,
                    progress=progress,
                )  # fmt: skip
            found = measured(lasers, loaded.machine, f"{name}, adapted")
            tell(file, f"{name}_adapted", found, by_gibbs)
            with reporter.progress(f"learning in the loop, {name}") as progress:
                tuned = fine_tune(
                    loaded.machine, pictures.train_images, pictures.train_labels, tuning,
                    sampler=lasers, seed=seed, progress=progress,
                )  # fmt: skip
            found = measured(lasers, tuned.machine, f"{name}, learned")
            tell(file, f"{name}_learned", found, by_gibbs)
    print(f"written: {out}")


def tell(
    file: ResultsFile, label: str, found: dict[str, Metric], reference: dict[str, Metric]
) -> None:
    """Write and print all measures, and what part of the reference's they are."""
    over = ratios(found, reference)
    for name, metric in found.items():
        file.metric(f"{label}_{name}", metric.value, metric.standard_error)
        text = f"{label}, {name}: {metric.value:.4f} ± {metric.standard_error or 0:.4f}"
        if name in over:
            ratio = over[name]
            text += f"; over Gibbs {ratio.value:.3f} ± {ratio.standard_error or 0:.3f}"
        print(text, flush=True)


if __name__ == "__main__":
    run(main)
