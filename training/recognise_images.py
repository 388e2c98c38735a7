"""Recognition by lasers: pixels are clamped, label lasers are read; accuracy against time."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import label_posterior
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.learning.pictures.in_the_loop import fine_tune
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.learning.pictures.settings import FineTuning
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.sampling.recognition import Recognition, recognise

DRAWS_IN_LOOP = 20


@dataclass(frozen=True)
class Plan:
    """What is shown, and for how long."""

    images: np.ndarray
    labels: np.ndarray
    duration_ns: float
    seed: int
    reporter: Reporter

    def shown(self, name, sampler, machine, interval_ns, tau) -> tuple[Recognition, np.ndarray]:
        """What label units did, and the time after each draw [ns]."""
        # Lasers are read first when the spikes of one refractory time are there.
        n_draws = max(2, 1 + int((self.duration_ns - tau) / interval_ns + 1e-9))
        with self.reporter.progress(f"showing images to {name}") as progress:
            found = recognise(
                sampler,
                machine,
                self.images,
                n_draws=n_draws,
                seed=self.seed,
                progress=progress,
            )
        return found, tau + interval_ns * np.arange(n_draws)


def chosen(pictures, n_images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Held-out images, binary, as many as wanted."""
    order = np.random.default_rng(seed).permutation(len(pictures.test_labels))[:n_images]
    return pictures.binarised("threshold").test_images[order], pictures.test_labels[order]


def write(file, name: str, found: Recognition, time_ns, labels) -> None:
    """Write a curve, and what it came to."""
    mean, error = found.accuracy(labels)
    dims = (f"time_ns_{name}",)
    for key, values, units, description in (
        (f"time_ns_{name}", time_ns, "ns", "time for which images were shown"),
        (f"accuracy_{name}", mean, "1", f"images recognised, {name}"),
        (f"accuracy_se_{name}", error, "1", "its standard error over images"),
    ):
        file.write(f"recognition/{key}", values, dims, units=units, description=description)
    file.metric(
        f"accuracy_{name}", float(mean[-1]), float(error[-1]),
        description=f"images recognised in {time_ns[-1]:g} ns, {name}",
    )  # fmt: skip
    for when in (10.0, 25.0, 50.0, 100.0, 200.0):
        if time_ns[0] <= when <= time_ns[-1]:
            k = np.searchsorted(time_ns, when + 1e-9) - 1
            print(f"{name}: {mean[k]:.3f} ± {error[k]:.3f} after {time_ns[k]:.1f} ns", flush=True)
    print(f"{name}: {mean[-1]:.3f} ± {error[-1]:.3f} at the end", flush=True)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/recognise_images.h5"
    ),
    model: Annotated[str, typer.Option(help="Machine file, or name of a shipped one.")] = "digits",
    images: Annotated[int, typer.Option(min=2, help="Held-out images.")] = 200,
    duration_ns: Annotated[float, typer.Option(min=1.0, help="Time per image.")] = 400.0,
    tune_epochs: Annotated[
        int, typer.Option(min=0, help="Epochs of learning with the lasers in the loop.")
    ] = 0,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Recognition by lasers, by Gibbs sampling, and by the label posterior of the machine."""
    if smoke:
        images, duration_ns = 6, 20.0
    reporter = Reporter(quiet=False, as_json=False)
    loaded = load_picture_model(model)
    if loaded.data is None:
        got = "a machine without its images"
        raise InputError.single("model", got, "one that says what it was trained on")
    lasers = ls.Lasers(device, burn_in_ns=0.0)
    config = {
        "model": model,
        "images": images,
        "duration_ns": duration_ns,
        "tune_epochs": tune_epochs,
        "device": device,
    }
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=to_toml(config),
        overwrite=overwrite,
        inputs=[model, device],
        figures=["recognition_over_time"],
    ) as file:
        pictures = loaded.data.load()
        machine = loaded.machine
        plan = Plan(*chosen(pictures, images, seed), duration_ns, seed, reporter)
        with reporter.progress(f"calibrating {device} (once)") as progress:
            write_calibration(file, lasers.calibrated(progress))
        write_neuron(file, lasers.neuron)
        exact = label_posterior(machine, plan.images).argmax(axis=1) == plan.labels
        file.metric(
            "accuracy_exact", float(exact.mean()), float(exact.std(ddof=1) / np.sqrt(images)),
            description="the same images by label posterior of the machine",
        )  # fmt: skip
        file.metric("n_classes", machine.n_label, description="classes")
        print(f"label posterior: {exact.mean():.3f} on {images} images", flush=True)
        tau = lasers.neuron.refractory_time_ns
        cases = [("lasers", lasers, machine, lasers.draw_interval_ns)]
        if tune_epochs:
            with reporter.progress("learning with lasers in the loop") as progress:
                tuned = fine_tune(
                    machine, pictures.train_images, pictures.train_labels,
                    FineTuning(n_epochs=tune_epochs, n_draws=DRAWS_IN_LOOP),
                    sampler=ls.Lasers(device), seed=seed, progress=progress,
                )  # fmt: skip
            file.write_machine(tuned.machine)
            cases.append(("tuned", lasers, tuned.machine, lasers.draw_interval_ns))
        cases.append(("gibbs", ls.Gibbs(burn_in=0), machine, tau))
        for name, sampler, of, interval_ns in cases:
            found, time_ns = plan.shown(name, sampler, of, interval_ns, tau)
            write(file, name, found, time_ns, plan.labels)
        headline = f"Recognition by {machine.n_label + machine.n_hidden} nanolasers ({model})"
        file.attributes("recognition", {"headline": headline})
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
