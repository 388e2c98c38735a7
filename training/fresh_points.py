"""Shipped Yin-Yang networks on freshly drawn points.

The published test part has 1,000 points, all networks see the same ones, and choices of the
project may have leaked into it. On 20,000 points that nobody has seen before, drawn by another seed
than the published parts, the standard error of an accuracy of 98.5 % is 0.09 %. Networks that were
trained on chips run on the chips of the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.config import resolve
from lasersampling.datasets import fresh_yin_yang, yin_yang_spikes
from lasersampling.experiments import Run, option
from lasersampling.learning.spikes import ChipSettings, judge, on_chip

PARTS = "fresh", "published"


@dataclass(frozen=True)
class Settings:
    """Judge shipped networks on fresh Yin-Yang points, beside the published test part."""

    points: int = option(20_000, "Fresh points.", min=1)
    networks: tuple[str, ...] = option((), "Shipped networks; all by default.")

    def smallest(self) -> Settings:
        return replace(self, points=200, networks=("yin_yang_small", "chip"))


def accuracies(piece: tuple[str, int, int]) -> dict[str, NDArray[np.float64]]:
    """Share of right decisions of each network of a name, on so many fresh points of a seed."""
    name, points, seed = piece
    stored = ls.load_network(resolve("networks", name))
    accuracy = {}
    for part in PARTS:
        samples = yin_yang_spikes().test if part == "published" else fresh_yin_yang(points, seed)
        runner = None
        if name.startswith("chip"):
            assert isinstance(stored.network, ls.SpikingNetwork)
            model = ls.load_chip("brainscales2")
            runner = on_chip(stored.network, ChipSettings(model=model))
        accuracy[part] = judge(stored.network, samples, runner, stored.answer).accuracy.value
    return accuracy


def main(settings: Settings, run: Run) -> None:
    names = settings.networks or tuple(ls.shipped_names("networks"))
    with run.results({"points": settings.points, "networks": names}) as file:
        pieces = [(name, settings.points, run.seed) for name in names]
        for name, accuracy in zip(names, run.each(accuracies, pieces, "judging"), strict=True):
            for part, values in accuracy.items():
                file.write(
                    f"accuracy/{name}_{part}", values, (f"member_{name}",),
                    units="1", description=f"share of right decisions on {part} points",
                )  # fmt: skip
                spread = float(values.std(ddof=1))
                error = spread / len(values) ** 0.5
                file.metric(
                    f"{name}_{part}", float(values.mean()), error,
                    description=f"{part} points: mean over networks, error by their spread",
                )  # fmt: skip
            shown = ", ".join(
                f"{part} {100 * own.mean():.2f} ± {100 * own.std(ddof=1):.2f} %"
                for part, own in accuracy.items()
            )
            print(f"{name}: {shown}, worst {100 * np.min(accuracy['fresh']):.2f} %")


if __name__ == "__main__":
    ls.experiment(main, Settings)
