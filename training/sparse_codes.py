"""Number of spikes and time of a decision, and the resulting energy on a chip.

Networks on the Yin-Yang data are trained with an increasing reward for early correct spikes (the
second term of `lif.losses.first_spike_cross_entropy`). The hidden spikes before the decision are
counted, since a chip may stop there.

The energy is an assumed power of the chip times the time to the decision; transfer and reset
between samples are left out. The assumptions represent BrainScaleS-2: 175 mW, that is 8.4 uJ
for each of 20,800 classifications a second, as is often quoted from J. Göltz et al., Nature Machine
Intelligence 3 (2021) 823, and a synaptic time constant of 6 us. Neither was checked against that
paper; energies scale with both, and `--power-mw` and `--tau-syn-us` set others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.config import load, resolve
from lasersampling.datasets import FEW, SIZES, yin_yang_spikes
from lasersampling.experiments import Run, option
from lasersampling.learning.spikes import ClassifyRecipe, Decisions, judge

Array = NDArray[np.float64]


def spent(judged: Decisions, earliest: float) -> tuple[Array, Array]:
    """Hidden spikes before the decision, and time from the first possible input to it."""
    first = judged.spikes[-1].min(axis=2)
    decided = np.isfinite(first)
    before = sum((s < first[..., None]).sum(axis=2) for s in judged.spikes[:-1])
    used = [row[ok].mean() for row, ok in zip(before, decided, strict=True)]
    taken = [(row[ok] - earliest).mean() for row, ok in zip(first, decided, strict=True)]
    return np.array(used), np.array(taken)


@dataclass(frozen=True)
class Settings:
    """Train networks that decide earlier and earlier; count spikes, time and energy."""

    recipe: str = option("yin_yang_axonal", "Recipe file or name.")
    members: int = option(5, "Networks for each reward.", min=2)
    epochs: int = option(150, "Epochs.", min=1)
    tau_syn_us: float = option(6.0, "Assumed synaptic time constant of the chip.")
    power_mw: float = option(175.0, "Assumed power of the chip.")

    rewards: tuple[float, ...] = (0.0, 0.01, 0.03, 0.1, 0.3)
    few_data: bool = False

    def smallest(self) -> Settings:
        return replace(self, rewards=(0.0, 0.1), members=2, epochs=2, few_data=True)


class Judged(NamedTuple):
    """Accuracy, hidden spikes and time of a decision [tau_syn], each of shape (member,)."""

    accuracy: Array
    hidden_spikes: Array
    decision_time: Array


def trained(piece: tuple[ClassifyRecipe, bool]) -> Judged:
    """Train networks, and count what their decisions take."""
    recipe, few_data = piece
    data = yin_yang_spikes(FEW if few_data else SIZES)
    judged = judge(ls.train_spikes(data, settings=recipe).network, data.test)
    return Judged(judged.accuracy.value, *spent(judged, float(data.test.times.min())))


def main(settings: Settings, run: Run) -> None:
    rewards = settings.rewards
    start = load(resolve("recipes", settings.recipe), ClassifyRecipe)
    config = {
        "recipe": settings.recipe, "rewards": rewards, "members": settings.members,
        "epochs": settings.epochs, "tau_syn_us": settings.tau_syn_us,
        "power_mw": settings.power_mw,
    }  # fmt: skip
    columns: dict[str, list[Array]] = {
        name: [] for name in ("accuracy", "hidden_spikes", "decision_time", "energy_uj")
    }
    learning = replace(start.learning, n_epochs=settings.epochs)
    start = replace(start, learning=learning, members=settings.members, seed=run.seed)
    losses = [replace(start.loss, kind="cross_entropy", late_weight=one) for one in rewards]
    pieces = [(replace(start, loss=loss), settings.few_data) for loss in losses]
    with run.results(config) as file:
        each = run.each(trained, pieces, "training")
        for reward, judged in zip(rewards, each, strict=True):
            energy = judged.decision_time * settings.tau_syn_us * settings.power_mw * 1e-3
            found = (*judged, energy)
            for (name, rows), values in zip(columns.items(), found, strict=True):
                rows.append(values)
                file.metric(
                    f"{name}_reward_{reward:g}", values.mean(),
                    values.std(ddof=1) / settings.members**0.5,
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


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["sparse_codes"])
