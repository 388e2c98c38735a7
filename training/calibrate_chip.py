"""What calibration finds on a chip, against what was drawn for it, and what it leaves.

Chips of several numbers are calibrated through their spikes alone. Estimates of the threshold above
rest, of both time constants and of the strength of synapses are compared with the truth, which an
emulated chip can tell; standardised errors say whether the stated standard errors are right. Then
the same parameters after calibration, measured and true; and a random network whose spikes on the
chip are compared with the ideal ones, before and after.

A neuron's threshold shows in units of the mean strength of its synapses, so this is the truth that
it is compared with. Thresholds of `harsh` drift: the truth before is that of the start, the truth
after that of the end of the run.
"""

from __future__ import annotations

import shlex
import sys
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lasersampling.cli.main import run
from lasersampling.config import to_toml
from lasersampling.hardware import ChipModel, load_chip
from lasersampling.lif.chips.calibration import QUANTITIES, ChipCalibration, calibrate_chip
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.results import ResultsFile

Array = NDArray[np.float64]
MODELS = ("brainscales2", "harsh")
EXACT = 1e-9
"""Errors below are of rounding: nothing on the chip disturbs such a value."""


class Truth:
    """What an emulated chip is, with values programmed."""

    def __init__(
        self, chip: EmulatedChip, settings: dict[str, Array], drift: Array | float
    ) -> None:
        self.chip, self.settings, self.drift = chip, settings, drift

    def of(self, name: str, k: int, live: NDArray[np.bool_]) -> Array:
        """True values of layer k, in the units of the calibration."""
        sizes = self.chip.description.sizes
        first = np.cumsum((0, *sizes))
        own, pre = slice(first[k + 1], first[k + 2]), slice(first[k], first[k + 1])
        about, patterns = self.chip.model.imperfections, self.chip.patterns
        drawn = about.coupling.mismatch.applied(1.0, patterns["coupling"][:, own, pre])
        strengths = np.where(live, drawn, np.nan)
        mean = np.nansum(strengths, axis=2) / np.isfinite(strengths).sum(axis=2).clip(1)
        mean = np.where(mean > 0.0, mean, np.nan)
        if name == "strengths":
            return strengths / mean[..., None]

        def value(part: str) -> Array:
            nominal = 1.0 if part == "tau_syn" else getattr(self.chip.model.neuron, part)
            given = self.settings.get(f"{part}_{k}", nominal)
            return getattr(about, part).mismatch.applied(given, patterns[part][:, own])

        if name != "gap":
            return value(name)
        drift = self.drift if isinstance(self.drift, float) else self.drift[:, own]
        gap = value("threshold") + drift - value("leak")
        return gap * self.chip.model.neuron.conductance / mean


def drift_of(chip: EmulatedChip) -> Array | float:
    """Where the thresholds are on their way [1]."""
    about = chip.model.imperfections.threshold.drift
    return 0.0 if about is None else about.std * chip.state()["drift"]["threshold"]


def distance(chip: EmulatedChip, settings: dict[str, Array], seed: int) -> Array:
    """Median distance of output spikes on each chip from the ideal ones [tau_syn]."""
    sizes, n_members = chip.description.sizes, chip.description.n_members
    generator = np.random.default_rng(seed)
    ideal = EmulatedChip(ChipModel(neuron=chip.model.neuron), sizes, chip.seeds)
    parameters: dict[str, Any] = {}
    for k, (pre, post) in enumerate(pairwise(sizes)):
        weights = generator.normal(18.0 / pre, 9.0 / pre, (post, pre))
        parameters[f"weights_{k}"] = np.repeat(weights[None], n_members, axis=0)
    times = np.repeat(generator.uniform(0.0, 1.5, (1, 400, sizes[0])), n_members, axis=0)
    grid = chip.model.imperfections.coupling.grid
    rounded = {name: np.stack([grid.rounded(own) for own in w]) for name, w in parameters.items()}
    wanted = ideal.run(rounded, {"times": times})
    seen = chip.run(parameters | settings, {"times": times})
    last = f"spikes_{len(sizes) - 2}"
    both = np.isfinite(wanted[last]) & np.isfinite(seen[last])
    pairs = zip(seen[last], wanted[last], both, strict=True)
    return np.array([np.median(np.abs(one[k] - other[k])) for one, other, k in pairs])


def compared(
    calibration: ChipCalibration, name: str, truth: Truth, *, after: bool
) -> tuple[Array, Array, Array]:
    """Estimates, standard errors and true values of all layers, where measured."""
    layers = calibration.after if after else calibration.before
    found = []
    for k, layer in enumerate(layers):
        true = truth.of(name, k, np.isfinite(layer.strengths_se))
        values, errors = getattr(layer, name), getattr(layer, f"{name}_se")
        measured = np.isfinite(values) & np.isfinite(errors)
        found.append(np.stack([values[measured], errors[measured], true[measured]]))
    estimate, error, true = np.concatenate(found, axis=1)
    return estimate, error, true


def standardised(
    compared_values: tuple[Array, Array, Array], n_batches: int
) -> tuple[float, float]:
    """Mean square error over its expectation, and the standard error of that.

    Errors over standard errors of a jackknife over g groups follow Student's t with g - 1 degrees
    of freedom, whose square has the mean (g - 1) / (g - 3).
    """
    estimate, error, true = compared_values
    estimate, error, true = (v[error > EXACT] for v in (estimate, error, true))
    if len(error) < 2:
        return float("nan"), float("nan")
    freedom = n_batches // 2 - 1
    squares = ((estimate - true) / error) ** 2 * (freedom - 2) / freedom
    return float(squares.mean()), float(squares.std(ddof=1) / len(squares) ** 0.5)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/calibrate_chip.h5"
    ),
    chips: Annotated[int, typer.Option(min=2, help="Chips of each model.")] = 5,
    hidden: Annotated[int, typer.Option(min=2, help="Neurons of the hidden layer.")] = 30,
    batches: Annotated[int, typer.Option(min=8, help="Batches of each measurement.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of stimuli, and number of the first chip.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Calibrate emulated chips and compare what is found with what they are."""
    names, sizes, rounds = MODELS, (20, hidden, 3), 2
    if smoke:
        names, chips, sizes, rounds = ("harsh",), 2, (20, 3), 1
    config = to_toml(
        {"models": names, "chips": chips, "sizes": sizes, "batches": batches, "rounds": rounds}
    )
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        figures=["chip_calibration"],
    ) as file:
        for name in names:
            chip = EmulatedChip(load_chip(name), sizes, range(seed, seed + chips))
            calibrate(file, name, chip, seed, batches, rounds)
    for path in file.draw():
        print(f"written: {path}")


def calibrate(
    file: ResultsFile, name: str, chip: EmulatedChip, seed: int, batches: int, rounds: int
) -> None:
    """Calibrate the chips of one model, and write and print what was found."""
    start, apart = drift_of(chip), [distance(chip, {}, seed)]
    calibration = calibrate_chip(chip, chip.model, seed=seed, rounds=rounds, n_batches=batches)
    end = drift_of(chip)
    settings = dict(calibration.settings)
    apart.append(distance(chip, settings, seed))
    truths = {"before": Truth(chip, {}, start), "after": Truth(chip, settings, end)}
    for quantity in QUANTITIES:
        nominal = calibration.nominal(quantity)
        shown = []
        for part, truth in truths.items():
            values = compared(calibration, quantity, truth, after=part == "after")
            relative = np.stack(values) / nominal
            file.write(
                f"calibration_{name}/{quantity}_{part}", relative,
                ("column", f"{quantity}_{part}_value"), units="1",
                description="estimate, standard error, true value, over the nominal value",
            )  # fmt: skip
            deviation, n = relative[2] - 1.0, relative.shape[1]
            spread, spread_se = (
                deviation.std(ddof=1),
                deviation.std(ddof=1) / (2.0 * (n - 1)) ** 0.5,
            )
            mean, mean_se = deviation.mean(), deviation.std(ddof=1) / n**0.5
            usual = np.sqrt((relative[1] ** 2).mean())
            ratio, ratio_se = standardised(values, batches)
            label = f"{quantity} of {name}, {part} calibration"
            for what, value, error in (
                ("mean", mean, mean_se), ("spread", spread, spread_se), ("square", ratio, ratio_se),
            ):  # fmt: skip
                key = f"{what}_{name}_{quantity}_{part}"
                file.metric(key, value, error, description=f"{what} of deviations: {label}")
            shown.append(
                f"{part}: mean {100 * mean:.2f} ± {100 * mean_se:.2f} %, "
                f"spread {100 * spread:.2f} ± {100 * spread_se:.2f} %, error {100 * usual:.2f} %, "
                f"z^2 {ratio:.2f} ± {ratio_se:.2f} (n = {n})"
            )
        print(f"{name}, {quantity}: " + "; ".join(shown), flush=True)
    error = [part.std(ddof=1) / len(part) ** 0.5 for part in apart]
    for part, values, spread in zip(truths, apart, error, strict=True):
        file.metric(
            f"distance_{name}_{part}", values.mean(), spread, "tau_syn",
            f"distance of output spikes from ideal ones, {name}, {part} calibration",
        )  # fmt: skip
        print(f"{name}, distance of spikes {part}: {values.mean():.4f} ± {spread:.4f} tau_syn")
    for k, layer in enumerate(calibration.after):
        for what in ("lost", "spurious_rate"):
            values, errors = getattr(layer, what), getattr(layer, f"{what}_se")
            value, error_of_mean = values.mean(), np.sqrt((errors**2).sum()) / len(values)
            file.metric(f"{what}_{name}_layer_{k}", value, error_of_mean, description=what)
            print(f"{name}, layer {k}, {what}: {value:.5f} ± {error_of_mean:.5f}")
        pre = slice(*np.cumsum((0, *chip.description.sizes))[k : k + 2])
        own = slice(*np.cumsum((0, *chip.description.sizes))[k + 1 : k + 3])
        dead = chip.patterns["dead"][:, own]
        synapses = chip.patterns["dead_coupling"][:, own, pre]
        measured = np.isfinite(layer.strengths)
        print(
            f"{name}, layer {k}: dead neurons {dead.sum()}, found {(dead & layer.dead).sum()}, "
            f"wrongly {(~dead & layer.dead).sum()}; dead synapses among those measured "
            f"{(synapses & measured).sum()}, found {(synapses & layer.dead_synapses).sum()}, "
            f"wrongly {(~synapses & layer.dead_synapses).sum()}; threshold noise of batches "
            f"{np.nanmean(layer.gap_noise):.4f}, residual {np.nanmean(layer.residual):.4f} tau_syn"
        )


if __name__ == "__main__":
    run(main)
