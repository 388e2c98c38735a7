"""Handwritten digits by the first spike: 5,000 images of MNIST, latency encoded.

3,500 images are used for training, 500 for validation and 1,000 for the test, by which nothing is
chosen; the networks are compared with a linear classifier (logistic regression) and a kernel
machine (support vectors) of the same images. This needs the extra `mnist`; `--smoke` uses
scikit-learn's 8 x 8 digits instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import lasersampling as ls
from lasersampling.config import load, resolve
from lasersampling.experiments import Run, option
from lasersampling.judging import evaluate_classifier
from lasersampling.learning import Checkpoints
from lasersampling.learning.spikes import ClassifyRecipe, data_of, load_data


@dataclass(frozen=True)
class Settings:
    """Train networks on digits, and report accuracy, spikes and time of decisions."""

    recipe: str = option("mnist16", "Recipe file or name.")
    hidden: int | None = option(None, "Hidden neurons, if not those of the recipe.", min=1)
    epochs: int | None = option(None, "Epochs, if not those of the recipe.", min=1)
    members: int = option(1, "Networks.", min=1)

    small_images: bool = False

    def smallest(self) -> Settings:
        return replace(self, hidden=20, epochs=2, small_images=True)

    def chosen(self, seed: int) -> ClassifyRecipe:
        """The recipe with these settings in place of its own."""
        chosen = load(resolve("recipes", self.recipe), ClassifyRecipe)
        network, learning = chosen.network, chosen.learning
        if self.hidden is not None:
            network = replace(network, hidden=(self.hidden,))
        if self.epochs is not None:
            learning = replace(learning, n_epochs=self.epochs)
        return replace(chosen, network=network, learning=learning, members=self.members, seed=seed)


def main(settings: Settings, run: Run) -> None:
    chosen = settings.chosen(run.seed)
    with run.training(chosen) as file:
        data = load_data("digits") if settings.small_images else data_of(chosen)
        with run.progress("training") as progress:
            trained = ls.train_spikes(
                data,
                settings=chosen,
                progress=progress,
                checkpoints=Checkpoints(file, resume=file.state),
            )
        evaluation = evaluate_classifier(trained)
        with file.finish() as results:
            evaluation.write(results)
    for name, metric in evaluation.metrics.items():
        print(f"{name}: {metric.value:.4g} {metric.units}")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["spike_learning", "spike_times"])
