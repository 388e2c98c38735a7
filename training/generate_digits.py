"""Quality of digits drawn by lasers, renewal neurons and Gibbs sampling, over sampling time."""

from __future__ import annotations

from shared.images import FIGURES, ImageSampling, generate

import lasersampling as ls

if __name__ == "__main__":
    ls.experiment(generate, ImageSampling, figures=FIGURES)
