"""Quality of digits that lasers draw, over sampling time, beside renewal and Gibbs sampling."""

from __future__ import annotations

from shared.images import FIGURES, ImageSampling, generate

import lasersampling as ls

if __name__ == "__main__":
    ls.experiment(generate, ImageSampling, figures=FIGURES)
