"""Cost of a step of learning by each gradient method, against size and duration.

Networks of one hidden layer learn random spikes in one batch, each method in a process of its own.
Memory is the growth of the largest resident memory over that of a small network, which has loaded
and compiled everything. Bytes are what a method needs to see of a chip in each step: spikes (time
and number of the neuron), or spikes and voltages of all neurons at the interval of the chip.

What the methods reach is compared by `lasersampling compare yin_yang_methods`; see
docs/comparison.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from shared.processes import alone, largest_memory_bytes

import lasersampling as ls
from lasersampling.config import parse
from lasersampling.datasets import SpikeData, SpikeSet
from lasersampling.experiments import Run, option
from lasersampling.learning.spikes import ClassifyRecipe

METHODS = ("closed-form", "eventprop", "surrogate")
BATCH, INPUTS_PER_TAU = 100, 10
TAIL = 6
"""Time after the last input in which spikes that it causes come [tau_syn]."""


@dataclass(frozen=True)
class Settings:
    """Measure processor time, memory and observed bytes of a step of learning."""

    hidden: tuple[int, ...] = option((), "Hidden neurons; 32, 64, ... 512 if none.", min=1)
    duration: tuple[int, ...] = option((), "Durations [tau_syn]; 4, 8, ... 64 if none.", min=1)
    steps: int = option(5, "Steps of learning, of which the fastest counts.", min=2)

    def smallest(self) -> Settings:
        return replace(self, hidden=(8,), duration=(4,), steps=2)


def recipe_of(method: str, hidden: int, duration: int, steps: int) -> ClassifyRecipe:
    """A network on an ideal chip that tells its voltages."""
    end = duration + TAIL
    table = {
        "data": "random",
        "method": method,
        "network": {"hidden": [hidden], "weight_mean": 1.0, "weight_std": 1.0},
        "chip": {"model": {"sample_period": end, "voltages": {"interval": 0.25, "grid": {
            "bits": 8, "lowest": -4.0, "highest": 4.0}}}},
        "loss": {"kind": "cross_entropy", "absent_time": end},
        "learning": {"n_epochs": steps, "batch_size": BATCH, "recruitment": "none",
                     "evaluate_every": steps},
    }  # fmt: skip
    if method != "closed-form":
        table["network"]["after_spike"] = {"refractory": 1.0}  # type: ignore[index]
    if method == "surrogate":
        table["grid"] = {"step": 0.1, "end": end, "single": True}
    return parse(table, ClassifyRecipe, "")


def random_data(duration: int, seed: int) -> SpikeData:
    """Two classes of random spikes, which nothing can tell apart."""
    rng = np.random.default_rng(seed)

    def part(n: int) -> SpikeSet:
        times = duration * rng.random((n, INPUTS_PER_TAU * duration))
        return SpikeSet(times, np.arange(n) % 2)

    return SpikeData(part(BATCH), part(4), part(4))


def cost(job: tuple[str, int, int, int, int]) -> dict[str, float]:
    """Cost of a step for each sample, in a process that does nothing else."""
    method, hidden, duration, steps, seed = job
    data = random_data(duration, seed)
    ls.train_spikes(random_data(1, seed), settings=recipe_of(method, 4, 1, 2))
    before = largest_memory_bytes()
    trained = ls.train_spikes(data, settings=recipe_of(method, hidden, duration, steps))
    grown = largest_memory_bytes() - before
    history = trained.history.arrays()
    return {
        "processor_time_s": float(history["epoch_processor_time_s"].min()) / BATCH,
        "memory_bytes": grown / BATCH,
        "spike_bytes": _last(history, "observed_spike_bytes") / BATCH,
        "voltage_bytes": _last(history, "observed_voltage_bytes") / BATCH,
        "hidden_spikes": _last(history, "hidden_spikes"),
    }


def _last(history: dict[str, np.ndarray], name: str) -> float:
    return float(np.mean(history[name][-1])) if name in history else float("nan")


ABOUT = {
    "processor_time_s": ("s", "processor time of a step for each sample, the fastest step"),
    "memory_bytes": ("byte", "growth of the largest memory for each sample"),
    "spike_bytes": ("byte", "spikes observed of the chip for each sample"),
    "voltage_bytes": ("byte", "voltages observed of the chip for each sample"),
    "hidden_spikes": ("1", "hidden spikes of a sample"),
}


def main(settings: Settings, run: Run) -> None:
    hidden = sorted(set(settings.hidden or (32, 64, 128, 256, 512)))
    durations = sorted(set(settings.duration or (4, 8, 16, 32, 64)))
    places = [(n, durations[0]) for n in hidden] + [(hidden[0], d) for d in durations[1:]]
    jobs = [(m, n, d, settings.steps, run.seed) for m in METHODS for n, d in places]
    found = []
    with (
        run.results({"hidden": hidden, "durations": durations, "steps": settings.steps}) as file,
        run.progress("measuring") as progress,
    ):
        for job in jobs:
            measured = run.step("cost", partial(alone, cost, job, of_memory=True))
            found.append(measured)
            progress(len(found) / len(jobs))
            shown = ", ".join(f"{name} {value:.3g}" for name, value in measured.items())
            print(f"{job[0]}, {job[1]} hidden, {job[2]} tau_syn: {shown}")
        for k, name in enumerate(("hidden", "duration")):
            units = "1" if name == "hidden" else "tau_syn"
            file.write(
                f"cost/{name}", [place[k] for place in places], ("place",), units=units,
                description=name,
            )  # fmt: skip
        for name, (units, description) in ABOUT.items():
            values = np.array([one[name] for one in found]).reshape(len(METHODS), len(places))
            file.write(
                f"cost/{name}", values, ("method", "place"), units=units, description=description
            )
            for method, own in zip(METHODS, values, strict=True):
                n, duration = places[len(hidden) - 1]
                if np.isfinite(own[len(hidden) - 1]):
                    file.metric(
                        f"{name}_{method.replace('-', '_')}", float(own[len(hidden) - 1]),
                        units=units,
                        description=f"{method}, {n} hidden, {duration} tau_syn: {description}",
                    )  # fmt: skip
        file.attributes("cost", {"methods": list(METHODS), "batch": BATCH})


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["gradient_costs"])
