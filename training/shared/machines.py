"""Divergences of many small machines or targets, one for each seed, and their medians."""

from __future__ import annotations

import numpy as np

import lasersampling as ls
from lasersampling.judging import evaluate_target


class Divergences:
    """D_KL of samples from their targets, and its floor, one for each seed.

    Names of columns say how the samples were made and, at the end, the kind of the target.
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}

    def add(self, label: str, target: ls.Target, samples: ls.Samples) -> float:
        """Judge the samples of the next seed, and return their D_KL [nats]."""
        found = evaluate_target(target, samples).metrics()
        for metric in ("kl_sample_target", "kl_floor"):
            self.columns.setdefault(f"{metric}_{label}", []).append(found[metric].value)
        return found["kl_sample_target"].value

    def write(self, file: ls.ResultsFile, about_seeds: str, kind: str = "") -> None:
        """Write the columns to ``/machines``; write and print medians and worst values.

        All labels end in `kind`; this ending is left out of the names of medians and worst values.
        """
        n = len(next(iter(self.columns.values())))
        file.write("machines/seed", np.arange(n), ("seed",), units="1", description=about_seeds)
        for name, values in self.columns.items():
            about = name.replace("_", " ")
            file.write(f"machines/{name}", values, ("seed",), units="1", description=about)
            if not name.startswith("kl_sample_target_"):
                continue
            which = name.removeprefix("kl_sample_target_").removesuffix(kind)
            error = float(np.std(values, ddof=1) / np.sqrt(n))
            median, worst = float(np.median(values)), float(np.max(values))
            file.metric(f"kl_median_{which}", median, error, description="median D_KL, nats")
            file.metric(f"kl_worst_{which}", worst, description="largest D_KL, nats")
            print(f"{which}: median D_KL(sample || target) {median:.5f}, worst {worst:.5f}")
