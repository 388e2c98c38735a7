"""Time and memory per epoch of event data of the size of the Spiking Heidelberg Digits.

    python benchmarks/bench_shd_size.py --batches 8
    python benchmarks/bench_shd_size.py --train 128 --test 32 --spikes 2000 --batches 2

A set of the same form and size is made up, written to a temporary folder and read from there batch
by batch, as `lasersampling classify shd` does. So many batches are timed; an epoch is the time of a
batch times their number, and that of the validation part. Without `--batches` an epoch is run.
"""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np
import torch
import typer
from bench_event_networks import forget_peak, machine, peak_mib
from numpy.typing import NDArray

from lasersampling.config import load, resolve
from lasersampling.datasets import StoredEventData, load_event_files
from lasersampling.learning.spikes import ClassifyRecipe, judge, train_spikes

CHANNELS, CLASSES, SPEAKERS, RIDGES = 700, 20, 10, 12
DURATION_S = 0.9


def write_part(path: Path, n_samples: int, n_spikes: int, generator: np.random.Generator) -> None:
    """Write samples of made-up words: each class has ridges of its own in time and channel."""
    shape = np.random.default_rng(0)  # the same classes in all parts
    place = shape.random((CLASSES, RIDGES, 2)) * [DURATION_S, CHANNELS]
    slope = shape.normal(0.0, 300.0, (CLASSES, RIDGES))
    labels = np.arange(n_samples) % CLASSES
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", n_samples, h5py.vlen_dtype("float16"))
        units = file.create_dataset("spikes/units", n_samples, h5py.vlen_dtype("uint16"))
        for k, label in enumerate(labels.tolist()):
            size = generator.poisson(n_spikes)
            ridge = generator.integers(0, RIDGES, size)
            own = place[label] + generator.normal(0.0, [0.02, 15.0], (RIDGES, 2))
            away = generator.normal(0.0, 0.06, size)
            t = np.clip(own[ridge, 0] + away, 0.0, 1.2 * DURATION_S)
            channel = own[ridge, 1] + slope[label][ridge] * away + generator.normal(0.0, 20.0, size)
            times[k] = t.astype(np.float16)
            units[k] = np.clip(channel, 0, CHANNELS - 1).astype(np.uint16)
        file["labels"] = labels.astype(np.uint16)
        file["extra/speaker"] = generator.integers(0, SPEAKERS, n_samples).astype(np.uint16)
        file["extra/keys"] = np.array([f"word {k}" for k in range(CLASSES)], dtype="S")


def part_of(data: StoredEventData, n_train: int, n_validation: int) -> StoredEventData:
    """The first samples of each part, still in the files."""

    def some(n: int, n_all: int) -> NDArray[np.int64]:
        return np.arange(min(n, n_all))

    return StoredEventData(
        data.train.chosen(some(n_train, len(data.train))),
        data.validation.chosen(some(n_validation, len(data.validation))),
        data.test.chosen(some(1, len(data.test))),
        data.class_names,
    )


def main(
    train: Annotated[int, typer.Option(help="Training samples, of whom some validate.")] = 8156,
    test: Annotated[int, typer.Option(help="Test samples.")] = 2264,
    spikes: Annotated[int, typer.Option(help="Mean number of spikes of a sample.")] = 8000,
    batches: Annotated[int, typer.Option(help="Batches that are timed; 0 for an epoch.")] = 0,
    hidden: Annotated[int, typer.Option(help="Hidden neurons.")] = 512,
    repeats: Annotated[int, typer.Option(help="How often they are timed.")] = 3,
) -> None:
    """Measure an epoch."""
    torch.set_num_threads(1)
    recipe = load(resolve("recipes", "shd"), ClassifyRecipe)
    network = dataclasses.replace(recipe.network, hidden=(hidden,))
    recipe = dataclasses.replace(recipe, network=network)
    size = recipe.learning.batch_size
    assert recipe.event_files is not None
    with tempfile.TemporaryDirectory() as folder:
        path, generator = Path(folder) / "made_up_train.h5", np.random.default_rng(1)
        begun = time.perf_counter()
        write_part(path, train, spikes, generator)
        write_part(path.with_name("made_up_test.h5"), test, spikes, generator)
        mib = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
        typer.echo(f"written: {mib:.0f} MiB in {time.perf_counter() - begun:.1f} s; {machine()}")

        forget_peak()
        begun, cpu = time.perf_counter(), time.process_time()
        data = load_event_files(path, recipe.event_files.reading)
        typer.echo(
            f"opened, every row checked: {time.perf_counter() - begun:.1f} s, processor "
            f"{time.process_time() - cpu:.1f} s, memory up to {peak_mib():.0f} MiB; "
            f"{len(data.train)}, {len(data.validation)} and {len(data.test)} samples, "
            f"{data.train.n_spikes.mean():.0f} spikes each"
        )
        learning = dataclasses.replace(recipe.learning, n_epochs=1)
        recipe = dataclasses.replace(recipe, learning=learning)
        n_batches = -(-len(data.train) // size)
        measured = min(batches or n_batches, n_batches)
        train_spikes(part_of(data, 4 * CLASSES, 1), settings=recipe)  # compiles

        forget_peak()
        some = part_of(data, measured * size, 1)
        walls, cpus = [], []
        for _ in range(repeats if batches else 1):
            trained = train_spikes(some, settings=recipe)
            rows = trained.history.arrays()
            cpus.append(float(rows["epoch_processor_time_s"][0].max()) / measured)
            walls.append(float(rows["epoch_time_s"][0].max()) / measured)
        learns = peak_mib()
        forget_peak()
        n_judged = min(max(size, measured * size // 4), len(data.validation))
        begun = time.perf_counter()
        judge(
            trained.network, data.validation.chosen(np.arange(n_judged)),
            trained.runner, trained.answer,
        )  # fmt: skip
        judging = (time.perf_counter() - begun) / n_judged
        hidden_spikes = float(trained.test.counts[0].sum())
    wall = statistics.median(walls)
    typer.echo(
        f"batch of {size}: {wall:.2f} s (median of {len(walls)} times {measured} batches, "
        f"{min(walls):.2f} to {max(walls):.2f}), processor {statistics.median(cpus):.2f} s; "
        f"{hidden} hidden neurons with {hidden_spikes:.0f} spikes in a sample; {machine()}"
    )
    typer.echo(f"memory while learning: up to {learns:.0f} MiB; while judged {peak_mib():.0f} MiB")
    epoch = wall * n_batches + judging * len(data.validation)
    typer.echo(
        f"an epoch: {epoch / 60:.1f} min ({n_batches} batches, {wall * n_batches / 60:.1f} min, "
        f"and {len(data.validation)} samples to validate, {1e3 * judging:.0f} ms each)"
        + (", from the batches that were timed" if measured < n_batches else "")
    )


if __name__ == "__main__":
    typer.run(main)
