"""How few spikes and how little time a decision takes, and what that means for a chip.

Networks on the Yin-Yang data are trained with more and more reward for early right spikes (the
second term of `lif.losses.first_spike_cross_entropy`). Counted are the hidden spikes that come
before the decision, since a chip may stop there.

The energy is an assumed power of the chip times the time to the decision; what transfer and reset
between samples take is left out. The assumptions stand in for BrainScaleS-2: 175 mW, that is 8.4 uJ
for each of 20,800 classifications a second, as is often quoted from J. Göltz et al., Nature Machine
Intelligence 3 (2021) 823, and a synaptic time constant of 6 us. Neither was checked against that
paper; energies scale with both, and `--power-mw` and `--tau-syn-us` set others.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lasersampling.cli.main import run
from lasersampling.cli.options import files_named
from lasersampling.cli.reporting import Reporter
from lasersampling.config import load, resolve, to_toml
from lasersampling.datasets import yin_yang_spikes
from lasersampling.datasets.yin_yang import FEW, SIZES
from lasersampling.learning.spikes.classification import Decisions, judge, train_spikes
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.results import ResultsFile

REWARDS = (0.0, 0.01, 0.03, 0.1, 0.3)


def spent(judged: Decisions, earliest: float) -> tuple[np.ndarray, np.ndarray]:
    """Hidden spikes before the decision, and time from the first possible input to it."""
    first = judged.spikes[-1].min(axis=2)
    decided = np.isfinite(first)
    before = sum((s < first[..., None]).sum(axis=2) for s in judged.spikes[:-1])
    used = [row[ok].mean() for row, ok in zip(before, decided, strict=True)]
    taken = [(row[ok] - earliest).mean() for row, ok in zip(first, decided, strict=True)]
    return np.array(used), np.array(taken)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/sparse_codes.h5"
    ),
    recipe: Annotated[str, typer.Option(help="Recipe file or name.")] = "yin_yang_axonal",
    members: Annotated[int, typer.Option(min=2, help="Networks for each reward.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs.")] = 150,
    tau_syn_us: Annotated[
        float, typer.Option(help="Assumed synaptic time constant of the chip.")
    ] = 6.0,
    power_mw: Annotated[float, typer.Option(help="Assumed power of the chip.")] = 175.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first network.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Train networks that decide earlier and earlier; count spikes, time and energy."""
    rewards = REWARDS
    if smoke:
        rewards, members, epochs = (0.0, 0.1), 2, 2
    start = load(resolve("recipes", recipe), ClassifyRecipe)
    config = to_toml(
        {"recipe": recipe, "rewards": rewards, "members": members, "epochs": epochs,
         "tau_syn_us": tau_syn_us, "power_mw": power_mw}
    )  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    reporter = Reporter(quiet=False, as_json=False)
    data = yin_yang_spikes(FEW if smoke else SIZES)
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("accuracy", "hidden_spikes", "decision_time", "energy_uj")
    }
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        inputs=files_named(recipe),
        figures=["sparse_codes"],
    ) as file:
        for reward in rewards:
            loss = dataclasses.replace(start.loss, kind="cross_entropy", late_weight=reward)
            learning = dataclasses.replace(start.learning, n_epochs=epochs)
            chosen = dataclasses.replace(
                start, loss=loss, learning=learning, members=members, seed=seed
            )
            with reporter.progress(f"reward {reward:g}") as progress:
                trained = train_spikes(data, settings=chosen, progress=progress)
            judged = judge(trained.network, data.test)
            used, taken = spent(judged, float(data.test.times.min()))
            energy = taken * tau_syn_us * power_mw * 1e-3
            found = (judged.accuracy.value, used, taken, energy)
            for (name, rows), values in zip(columns.items(), found, strict=True):
                rows.append(values)
                file.metric(
                    f"{name}_reward_{reward:g}", values.mean(), values.std(ddof=1) / members**0.5,
                    description=f"{name.replace('_', ' ')}, mean over networks",
                )  # fmt: skip
            shown = ", ".join(
                f"{name.replace('_', ' ')} {values.mean():.4g} ± {values.std(ddof=1):.2g}"
                for name, values in zip(columns, found, strict=True)
            )
            print(f"reward {reward:g}: {shown}")
        file.write("sparse/reward", rewards, ("reward",), units="1", description="late_weight")
        for name, units in zip(columns, ("1", "1", "tau_syn", "uJ"), strict=True):
            file.write(
                f"sparse/{name}", np.stack(columns[name]), ("reward", "member"),
                units=units, description=name.replace("_", " "),
            )  # fmt: skip
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
