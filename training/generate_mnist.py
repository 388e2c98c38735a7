"""Quality of MNIST digits that lasers draw: the experiment of `generate_digits.py`, larger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from shared.images import FIGURES, ImageSampling, generate

import lasersampling as ls
from lasersampling.experiments import option


@dataclass(frozen=True)
class Settings(ImageSampling):
    """Images with and without labels, by lasers, renewal and Gibbs sampling, judged over time."""

    model: str = option("mnist16", "Machine file, or name of a shipped one.")
    per_label: int = option(20, "Chains for each label.", min=2)
    free: int = option(40, "Chains without a label.", min=2)

    def smallest(self) -> Self:
        return replace(super().smallest(), model="digits")  # whose images need no extra


if __name__ == "__main__":
    ls.experiment(generate, Settings, figures=FIGURES)
