"""What adaptation to the network does: log odds of lasers given their fields, round by round.

Unit k of a Boltzmann machine is 1 with the log odds u_k, its field. Draws of the shipped machine of
digits are sorted by field, and the log odds that they show are compared with it: for Gibbs
sampling, and for ideal and imperfect lasers that are translated, adapted by their activation curve,
and adapted in the network.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_lines, write_neuron
from lasersampling.sampling import Samples
from lasersampling.sampling.neurons.line_fits import ActivationLogit, lines_from_draws
from lasersampling.sampling.neurons.translation import Lines
from lasersampling.statistics import jackknife_error

EDGES = np.array([-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8.0])
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
FEWEST = 20
"""Draws with z = 0 and with z = 1 that a range of fields must have."""


def excess(machine: ls.BoltzmannMachine, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of z = 1 less what the fields ask for, and its error, by ranges of the field."""
    states = samples.states.astype(np.float64)
    fields = states @ machine.weights + machine.biases
    place = np.digitize(fields, EDGES) - 1
    sums = np.zeros((len(states), len(CENTRES), 3))  # draws, ones, and ones that are asked for
    for c, (where, z, u) in enumerate(zip(place, states, fields, strict=True)):
        inside = (where >= 0) & (where < len(CENTRES))
        for k, values in enumerate((np.ones_like(z), z, 1.0 / (1.0 + np.exp(-u)))):
            sums[c, :, k] = np.bincount(where[inside], values[inside], len(CENTRES))

    def found(total: np.ndarray) -> np.ndarray:
        n, ones, asked = total.T
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(ones / (n - ones)) - np.log(asked / (n - asked))

    total = sums.sum(axis=0)
    enough = np.minimum(total[:, 1], total[:, 0] - total[:, 1]) >= FEWEST
    parts = np.stack([np.where(enough, found(total - one), np.nan) for one in sums], axis=1)
    return np.where(enough, found(total), np.nan), jackknife_error(parts)


def misfit(machine: ls.BoltzmannMachine, samples: Samples) -> float:
    """Root mean square over units of what a line would still have to change at a typical field."""
    unit = Lines(np.zeros(machine.n_units), np.ones(machine.n_units))
    left = lines_from_draws(unit, machine, samples.states)
    fields = samples.states.reshape(-1, machine.n_units) @ machine.weights + machine.biases
    change = left.offset + (left.gain - 1.0) * fields
    odds = 1.0 / (1.0 + np.exp(-fields))
    weight = odds * (1.0 - odds)
    return float(np.sqrt((weight * change**2).sum() / weight.sum()))


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/adapted_lasers.h5"
    ),
    model: Annotated[str, typer.Option(help="Machine file, or name of a shipped one.")] = "digits",
    imperfections: Annotated[str, typer.Option(help="Of the other device.")] = "laboratory",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in the network.")] = 6,
    chains: Annotated[int, typer.Option(min=2, help="Chains of every run.")] = 40,
    draws: Annotated[int, typer.Option(min=2, help="Draws of a chain, tau apart.")] = 100,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    chip_seed: Annotated[int, typer.Option(min=0, help="Number of the imperfect chip.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything else.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Adapt ideal and imperfect lasers to a machine, and look at each round."""
    if smoke:
        rounds, chains, draws = 1, 8, 20
    reporter = Reporter(quiet=False, as_json=False)
    config = {
        "model": model, "imperfections": imperfections, "rounds": rounds, "chains": chains,
        "draws": draws, "device": device, "chip_seed": chip_seed,
    }  # fmt: skip
    with ResultsFile.create(
        out, command=shlex.join(["python", *sys.argv]), seed=seed, config=to_toml(config),
        overwrite=overwrite, inputs=[model, device], figures=["adaptation"],
    ) as file:  # fmt: skip
        machine = load_picture_model(model).machine
        tau = ls.Lasers(device).neuron.refractory_time_ns
        devices = {
            "ideal": ls.Lasers(device, interval_ns=tau),
            "chip": ls.Lasers(
                device, interval_ns=tau, imperfections=imperfections, chip_seed=chip_seed
            ),
        }
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = devices["ideal"].calibrated(progress)
        write_neuron(file, devices["ideal"].neuron)
        write_calibration(file, calibration)
        argument = np.linspace(-8.0, 8.0, 161)
        odds, _ = ActivationLogit.of(calibration)(argument)
        write(file, "argument", argument, "argument", "argument of an uncoupled laser")
        write(file, "curve", odds, "argument", "its log odds of z = 1")
        write(file, "field", CENTRES, "field", "middle of a range of fields")

        def look(name: str, samples: Samples) -> None:
            values, error = excess(machine, samples)
            about = f"log odds less the field: {name}"
            write(file, f"{name}_excess", values, "field", about)
            write(file, f"{name}_excess_se", error, "field", f"its standard error: {name}")

        gibbs = ls.Gibbs(burn_in=300).sample(machine, draws, n_chains=chains, seed=seed)
        look("gibbs", gibbs)
        file.metric("misfit_gibbs", misfit(machine, gibbs))
        print(f"gibbs: misfit {misfit(machine, gibbs):.3f}", flush=True)
        for name, lasers in devices.items():
            left = []
            for k in range(-1, rounds + 1):  # translated, by the curve, after each round
                if k >= 0:
                    lasers = ls.adapt(
                        lasers, machine, n_rounds=min(k, 1), n_draws=draws, n_chains=chains,
                        seed=seed + 100 + k,
                    )  # fmt: skip
                with reporter.progress(f"{name}, round {max(k, 0)} of {rounds}") as progress:
                    samples = lasers.sample(
                        machine, draws, n_chains=chains, seed=seed + 1 + k, progress=progress
                    )
                left.append(misfit(machine, samples))
                stage = {-1: "translated", 0: "by_curve"}.get(k, f"after {k}")
                file.metric(f"misfit_{name}_{stage.replace(' ', '_')}", left[-1])
                print(f"{name}, {stage}: misfit {left[-1]:.3f}", flush=True)
                if k in (-1, 0, rounds):
                    look(f"{name}_{'adapted' if k == rounds else stage}", samples)
            write(file, f"{name}_misfit", np.array(left), "stage", f"misfit of lines, {name}")
            if name == "chip" and lasers.lines is not None:
                write_lines(file, lasers.lines)
    for path in file.draw():
        print(f"written: {path}")


def write(file: ResultsFile, name: str, values: np.ndarray, dim: str, about: str) -> None:
    """Write a curve to ``/adaptation``."""
    file.write(f"adaptation/{name}", values, (dim,), units="1", description=about)


if __name__ == "__main__":
    run(main)
