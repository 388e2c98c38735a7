"""Recognition by lasers: pixels are clamped, label lasers are read; accuracy against time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.boltzmann import label_posterior
from lasersampling.experiments import Run, option
from lasersampling.sampling import Recognition, Sampler

Array = NDArray[np.float64]
DRAWS_IN_LOOP = 20


def write(
    file: ls.ResultsFile, name: str, found: Recognition, time_ns: Array, labels: NDArray[np.int64]
) -> None:
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
            print(f"{name}: {mean[k]:.3f} ± {error[k]:.3f} after {time_ns[k]:.1f} ns")
    print(f"{name}: {mean[-1]:.3f} ± {error[-1]:.3f} at the end")


@dataclass(frozen=True)
class Settings:
    """Recognition by lasers, by Gibbs sampling, and by the label posterior of the machine."""

    model: str = option("digits", "Machine file, or name of a shipped one.")
    images: int = option(200, "Held-out images.", min=2)
    duration_ns: float = option(400.0, "Time per image.", min=1.0)
    tune_epochs: int = option(0, "Epochs of learning with the lasers in the loop.", min=0)
    device: str = option("D6", "Device file or name.")

    def smallest(self) -> Settings:
        return replace(self, images=6, duration_ns=20.0)


def main(settings: Settings, run: Run) -> None:
    loaded = ls.load_picture_model(settings.model)
    pictures, machine = loaded.pictures(), loaded.machine
    order = np.random.default_rng(run.seed).permutation(len(pictures.test_labels))
    order = order[: settings.images]
    images = pictures.binarised("threshold").test_images[order]
    labels = pictures.test_labels[order]
    lasers = ls.Lasers(settings.device, burn_in_ns=0.0)
    with run.results(settings) as file:
        run.calibrate(file, lasers)
        exact = label_posterior(machine, images).argmax(axis=1) == labels
        error = float(exact.std(ddof=1) / np.sqrt(settings.images))
        file.metric(
            "accuracy_exact", float(exact.mean()), error,
            description="the same images by label posterior of the machine",
        )  # fmt: skip
        file.metric("n_classes", machine.n_label, description="classes")
        print(f"label posterior: {exact.mean():.3f} on {settings.images} images")
        tau = lasers.neuron.refractory_time_ns
        cases: dict[str, tuple[Sampler, ls.BoltzmannMachine, float]] = {
            "lasers": (lasers, machine, lasers.draw_interval_ns)
        }
        if settings.tune_epochs:
            with run.progress("learning with lasers in the loop") as progress:
                tuned = ls.fine_tune(
                    machine, pictures.train_images, pictures.train_labels,
                    ls.FineTuning(n_epochs=settings.tune_epochs, n_draws=DRAWS_IN_LOOP),
                    sampler=ls.Lasers(settings.device), seed=run.seed, progress=progress,
                )  # fmt: skip
            file.write_machine(tuned.machine)
            cases["tuned"] = lasers, tuned.machine, lasers.draw_interval_ns
        cases["gibbs"] = ls.Gibbs(burn_in=0), machine, tau
        for name, (sampler, of, interval_ns) in cases.items():
            # Lasers are read first when the spikes of one refractory time are there.
            n_draws = max(2, 1 + int((settings.duration_ns - tau) / interval_ns + 1e-9))
            with run.progress(f"showing images to {name}") as progress:
                found = ls.recognise(
                    sampler, of, images, n_draws=n_draws, seed=run.seed, progress=progress
                )
            time_ns = tau + interval_ns * np.arange(n_draws, dtype=np.float64)
            write(file, name, found, time_ns, labels)
        headline = (
            f"Recognition by {machine.n_label + machine.n_hidden} nanolasers ({settings.model})"
        )
        file.attributes("recognition", {"headline": headline})


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["recognition_over_time"])
