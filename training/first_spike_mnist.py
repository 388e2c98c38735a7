"""Handwritten digits by the first spike: 5,000 images of MNIST, latency encoded.

3,500 images train, 500 are watched meanwhile and 1,000 judged once; beside the networks stands what
a linear classifier, logistic regression, makes of the same images. Needs the extra `mnist`;
`--smoke` takes scikit-learn's 8 x 8 digits in their place.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.main import run
from lasersampling.cli.options import files_named
from lasersampling.cli.reporting import Reporter
from lasersampling.config import load, resolve, to_toml
from lasersampling.datasets import SpikeData, SpikeSet, as_spike_times, load_digits
from lasersampling.datasets.spikes import held_out
from lasersampling.judging.spikes import evaluate_classifier
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.spikes.classification import load_data, train_spikes
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.results.run_file import RunFile


def small_digits() -> SpikeData:
    """8 x 8 digits as spikes, the darker the earlier."""
    digits = load_digits(binarise="none")
    train, test = (
        SpikeSet(as_spike_times(1.0 - images, absent_from=0.9), labels)
        for images, labels in (
            (digits.train_images, digits.train_labels),
            (digits.test_images, digits.test_labels),
        )
    )
    train, validation = held_out(train, 150, seed=0)
    return SpikeData(train, validation, test)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/first_spike_mnist.h5"
    ),
    recipe: Annotated[str, typer.Option(help="Recipe file or name.")] = "mnist16",
    hidden: Annotated[
        int | None, typer.Option(min=1, help="Hidden neurons, if not those of the recipe.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs, if not those of the recipe.")
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Networks.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first network.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Train networks on digits, and report accuracy, spikes and time of decisions."""
    chosen = load(resolve("recipes", recipe), ClassifyRecipe)
    if smoke:
        hidden, epochs = 20, 2
    network, learning = chosen.network, chosen.learning
    if hidden is not None:
        network = dataclasses.replace(network, hidden=(hidden,))
    if epochs is not None:
        learning = dataclasses.replace(learning, n_epochs=epochs)
    chosen = dataclasses.replace(
        chosen, network=network, learning=learning, members=members, seed=seed
    )
    command = shlex.join(["python", *sys.argv])
    reporter = Reporter(quiet=False, as_json=False)
    with RunFile.open(
        out,
        command=command,
        seed=seed,
        config=to_toml(chosen),
        overwrite=overwrite,
        inputs=files_named(recipe),
        figures=["spike_learning", "spike_times"],
    ) as file:
        data = small_digits() if smoke else load_data(chosen.data)
        with reporter.progress("training") as progress:
            trained = train_spikes(
                data, settings=chosen, progress=progress, checkpoints=Checkpoints(file)
            )
        evaluation = evaluate_classifier(trained)
        with file.finish() as results:
            evaluation.write(results)
    for name, metric in evaluation.metrics.items():
        print(f"{name}: {metric.value:.4g} {metric.units}")
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
