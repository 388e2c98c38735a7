"""Images from ideal and imperfect devices: translated, adapted to the network, after learning.

The shipped machine of digits was trained digitally. Ideal and imperfect lasers draw from it as they
are translated, then with gains and offsets from their own draws (`sampling.neurons.adaptation`);
from there each device continues learning with its draws in the gradient, and draws again. All are
compared with Gibbs sampling of the digital machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import lasersampling as ls
from lasersampling.boltzmann import layered_log_partition
from lasersampling.experiments import Run, kept, option
from lasersampling.judging import ImageJudge, generate_images, label_conditions, ratios
from lasersampling.learning.pictures import train_label_reader
from lasersampling.results import Metric
from lasersampling.sampling import Sampler


@dataclass(frozen=True)
class Settings:
    """Draw, adapt, draw, learn in the loop, and draw again, on ideal and imperfect lasers."""

    model: str = option("digits", "Machine file, or name of a shipped one.")
    imperfections: tuple[str, ...] = option((), "Device to compare; ideal and laboratory if none.")
    rounds: int = option(6, "Rounds of adaptation.", min=0)
    epochs: int = option(20, "Epochs in the loop.", min=1)
    per_label: int = option(20, "Chains for each label.", min=2)
    free: int = option(60, "Chains without a label.", min=2)
    duration_ns: float = option(250.0, "Laser time of a chain.", min=5.0)
    device: str = option("D6", "Device file or name.")
    chip_seed: int = option(0, "Number of the imperfect chip.", min=0)

    n_steps: int = 5000
    n_chains: int = 64
    batch_size: int = 200

    def smallest(self) -> Settings:
        return replace(
            self, imperfections=("laboratory",), rounds=1, epochs=1, per_label=2, free=3,
            duration_ns=10.0, n_steps=50, n_chains=4, batch_size=1000,
        )  # fmt: skip


def main(settings: Settings, run: Run) -> None:
    devices = settings.imperfections or ("ideal", "laboratory")
    tuning = ls.FineTuning(
        n_epochs=settings.epochs, both_halves=True, batch_size=settings.batch_size,
        n_chains=settings.n_chains, n_draws=5,
    )  # fmt: skip
    config = {
        "model": settings.model, "devices": devices, "rounds": settings.rounds,
        "epochs": settings.epochs, "per_label": settings.per_label, "free": settings.free,
        "duration_ns": settings.duration_ns, "device": settings.device,
        "chip_seed": settings.chip_seed,
    }  # fmt: skip
    with run.results(config) as file:
        loaded = ls.load_picture_model(settings.model)
        pictures = loaded.pictures().binarised("threshold")
        partition = kept("partition", lambda: layered_log_partition(
            loaded.machine, base=pictures.train_images.mean(axis=0), n_steps=settings.n_steps,
            seed=run.seed,
        ))  # fmt: skip
        judge = ImageJudge(loaded.machine, pictures, train_label_reader(pictures), partition)

        def measured(
            sampler: Sampler, machine: ls.BoltzmannMachine, label: str
        ) -> dict[str, Metric]:
            with run.progress(f"generating, {label}") as progress:
                found = generate_images(
                    sampler, machine, max(2, round(settings.duration_ns / tau)),
                    images_per_label=settings.per_label, free_images=settings.free,
                    seed=run.seed + 1, progress=progress,
                )  # fmt: skip
            n = found.samples.n_draws
            reads = np.unique(np.linspace(n // 2, n - 1, 5).astype(int)).tolist()
            return kept("measures", lambda: dict(judge.measures(found, reads)))

        conditions, _ = label_conditions(
            loaded.machine, images_per_label=settings.per_label, free_images=settings.free
        )
        tau = ls.Lasers(settings.device).neuron.refractory_time_ns
        by_gibbs = measured(ls.Gibbs(), loaded.machine, "gibbs")
        tell(file, "gibbs", by_gibbs, by_gibbs)
        for name in devices:
            lasers = ls.Lasers(
                settings.device, interval_ns=tau, imperfections=name,
                chip_seed=settings.chip_seed, clamping="pump",
            )  # fmt: skip
            run.calibrate(None, lasers)
            found = measured(lasers, loaded.machine, f"{name}, translated")
            tell(file, f"{name}_translated", found, by_gibbs)
            with run.progress(f"adapting to the network, {name}") as progress:
                lasers = ls.adapt(
                    lasers, loaded.machine, n_rounds=settings.rounds, clamped=conditions,
                    seed=run.seed + 10, progress=progress,
                )  # fmt: skip
            found = measured(lasers, loaded.machine, f"{name}, adapted")
            tell(file, f"{name}_adapted", found, by_gibbs)
            with run.progress(f"learning in the loop, {name}") as progress:
                tuned = ls.fine_tune(
                    loaded.machine, pictures.train_images, pictures.train_labels, tuning,
                    sampler=lasers, seed=run.seed, progress=progress,
                )  # fmt: skip
            found = measured(lasers, tuned.machine, f"{name}, learned")
            tell(file, f"{name}_learned", found, by_gibbs)


def tell(
    file: ls.ResultsFile, label: str, found: dict[str, Metric], reference: dict[str, Metric]
) -> None:
    """Write and print all measures, and what part of the reference's they are."""
    over = ratios(found, reference)
    for name, metric in found.items():
        file.metric(f"{label}_{name}", metric.value, metric.standard_error)
        text = f"{label}, {name}: {metric.value:.4f} ± {metric.standard_error or 0:.4f}"
        if name in over:
            ratio = over[name]
            text += f"; over Gibbs {ratio.value:.3f} ± {ratio.standard_error or 0:.3f}"
        print(text)


if __name__ == "__main__":
    ls.experiment(main, Settings)
