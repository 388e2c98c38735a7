"""Effect of adaptation to the network: log odds of lasers given their fields, round by round.

Unit k of a Boltzmann machine is 1 with the log odds u_k, its field. Draws of the shipped machine of
digits are sorted by field, and their log odds are compared with the field: for Gibbs
sampling, and for ideal and imperfect lasers that are translated, adapted by their activation curve,
and adapted in the network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, kept, option
from lasersampling.results import write_lines
from lasersampling.sampling.neurons import ActivationLogit, Lines, lines_from_draws
from lasersampling.statistics import jackknife_error

Array = NDArray[np.float64]
EDGES = np.array([-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8.0])
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
FEWEST = 20
"""Draws with z = 0 and with z = 1 that a range of fields must have."""


def excess(machine: ls.BoltzmannMachine, samples: ls.Samples) -> tuple[Array, Array]:
    """Log odds of z = 1 less what the fields ask for, and its error, by ranges of the field."""
    states = samples.states.astype(np.float64)
    fields = states @ machine.weights + machine.biases
    place = np.digitize(fields, EDGES) - 1
    sums = np.zeros((len(states), len(CENTRES), 3))  # draws, ones, and ones that are asked for
    for c, (where, z, u) in enumerate(zip(place, states, fields, strict=True)):
        inside = (where >= 0) & (where < len(CENTRES))
        for k, values in enumerate((np.ones_like(z), z, 1.0 / (1.0 + np.exp(-u)))):
            sums[c, :, k] = np.bincount(where[inside], values[inside], len(CENTRES))

    def found(total: Array) -> Array:
        n, ones, asked = total.T
        with np.errstate(divide="ignore", invalid="ignore"):
            odds: Array = np.log(ones / (n - ones)) - np.log(asked / (n - asked))
        return odds

    total = sums.sum(axis=0)
    enough = np.minimum(total[:, 1], total[:, 0] - total[:, 1]) >= FEWEST
    parts = np.stack([np.where(enough, found(total - one), np.nan) for one in sums], axis=1)
    return np.where(enough, found(total), np.nan), jackknife_error(parts)


def misfit(machine: ls.BoltzmannMachine, samples: ls.Samples) -> float:
    """Root mean square over units of what a line would still have to change at a typical field."""
    unit = Lines(np.zeros(machine.n_units), np.ones(machine.n_units))
    left = lines_from_draws(unit, machine, samples.states)
    fields = samples.states.reshape(-1, machine.n_units) @ machine.weights + machine.biases
    change = left.offset + (left.gain - 1.0) * fields
    odds = 1.0 / (1.0 + np.exp(-fields))
    weight = odds * (1.0 - odds)
    return float(np.sqrt((weight * change**2).sum() / weight.sum()))


@dataclass(frozen=True)
class Settings:
    """Adapt ideal and imperfect lasers to a machine, and look at each round."""

    model: str = option("digits", "Machine file, or name of a shipped one.")
    imperfections: str = option("laboratory", "Of the other device.")
    rounds: int = option(6, "Rounds in the network.", min=1)
    chains: int = option(40, "Chains of every run.", min=2)
    draws: int = option(100, "Draws of a chain, tau apart.", min=2)
    device: str = option("D6", "Device file or name.")
    chip_seed: int = option(0, "Number of the imperfect chip.", min=0)

    def smallest(self) -> Settings:
        return replace(self, rounds=1, chains=8, draws=20)


def main(settings: Settings, run: Run) -> None:
    with run.results(settings) as file:
        machine = ls.load_picture_model(settings.model).machine
        tau = ls.Lasers(settings.device).neuron.refractory_time_ns
        devices = {
            "ideal": ls.Lasers(settings.device, interval_ns=tau),
            "chip": ls.Lasers(
                settings.device,
                interval_ns=tau,
                imperfections=settings.imperfections,
                chip_seed=settings.chip_seed,
            ),
        }
        run.calibrate(file, devices["ideal"])
        argument = np.linspace(-8.0, 8.0, 161)
        odds, _ = ActivationLogit.of(devices["ideal"].calibration)(argument)
        write(file, "argument", argument, "argument", "argument of an uncoupled laser")
        write(file, "curve", odds, "argument", "its log odds of z = 1")
        write(file, "field", CENTRES, "field", "middle of a range of fields")

        def look(name: str, samples: ls.Samples) -> None:
            values, error = excess(machine, samples)
            about = f"log odds less the field: {name}"
            write(file, f"{name}_excess", values, "field", about)
            write(file, f"{name}_excess_se", error, "field", f"its standard error: {name}")

        gibbs = kept(
            "samples",
            partial(
                ls.Gibbs(burn_in=300).sample,
                machine,
                settings.draws,
                n_chains=settings.chains,
                seed=run.seed,
            ),
        )
        look("gibbs", gibbs)
        file.metric("misfit_gibbs", misfit(machine, gibbs))
        print(f"gibbs: misfit {misfit(machine, gibbs):.3f}")
        for name, lasers in devices.items():
            left = []
            for k in range(-1, settings.rounds + 1):  # translated, by the curve, after each round
                if k >= 0:
                    lasers = ls.adapt(
                        lasers, machine, n_rounds=min(k, 1), n_draws=settings.draws,
                        n_chains=settings.chains, seed=run.seed + 100 + k,
                    )  # fmt: skip
                with run.progress(f"{name}, round {max(k, 0)} of {settings.rounds}") as progress:
                    samples = kept(
                        "samples",
                        partial(
                            lasers.sample,
                            machine,
                            settings.draws,
                            n_chains=settings.chains,
                            seed=run.seed + 1 + k,
                            progress=progress,
                        ),
                    )
                left.append(misfit(machine, samples))
                stage = {-1: "translated", 0: "by_curve"}.get(k, f"after {k}")
                file.metric(f"misfit_{name}_{stage.replace(' ', '_')}", left[-1])
                print(f"{name}, {stage}: misfit {left[-1]:.3f}")
                if k in (-1, 0, settings.rounds):
                    look(f"{name}_{'adapted' if k == settings.rounds else stage}", samples)
            write(file, f"{name}_misfit", np.array(left), "stage", f"misfit of lines, {name}")
            if name == "chip" and lasers.lines is not None:
                write_lines(file, lasers.lines)


def write(file: ls.ResultsFile, name: str, values: Array, dim: str, about: str) -> None:
    """Write a curve to ``/adaptation``."""
    file.write(f"adaptation/{name}", values, (dim,), units="1", description=about)


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["adaptation"])
