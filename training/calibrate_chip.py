"""Results of the calibration of a chip, compared with the true values, and what remains.

Several chips are calibrated through their spikes alone. Estimates of the threshold above rest, of
both time constants and of the strength of synapses are compared with the true values, which are
known for an emulated chip; standardised errors show whether the stated standard errors are correct.
The same parameters are compared after calibration, and so are the spikes of a random network on the
chip with the ideal ones, before and after.

Spikes determine a neuron's threshold in units of the mean strength of its synapses, so it is
compared in these units. Thresholds of `harsh` drift: the true values before calibration are those
at the start of the run, those after it at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, option
from lasersampling.hardware import ChipModel, Deviation
from lasersampling.lif.chips import QUANTITIES, ChipCalibration

Array = NDArray[np.float64]
EXACT = 1e-9
"""Errors below are of rounding: nothing on the chip disturbs such a value."""


class Truth:
    """What an emulated chip is, with values programmed."""

    def __init__(
        self, chip: ls.EmulatedChip, settings: dict[str, Array], drift: Array | float
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
            relative: Array = strengths / mean[..., None]
            return relative

        def value(part: str) -> Array:
            nominal = 1.0 if part == "tau_syn" else getattr(self.chip.model.neuron, part)
            given = self.settings.get(f"{part}_{k}", nominal)
            deviation: Deviation = getattr(about, part).mismatch
            return deviation.applied(given, patterns[part][:, own])

        if name != "gap":
            return value(name)
        drift = self.drift if isinstance(self.drift, float) else self.drift[:, own]
        gap = value("threshold") + drift - value("leak")
        return gap * self.chip.model.neuron.conductance / mean


def drift_of(chip: ls.EmulatedChip) -> Array | float:
    """Where the thresholds are on their way [1]."""
    about = chip.model.imperfections.threshold.drift
    return 0.0 if about is None else about.std * chip.state()["drift"]["threshold"]


def distance(chip: ls.EmulatedChip, settings: dict[str, Array], seed: int) -> Array:
    """Median distance of output spikes on each chip from the ideal ones [tau_syn]."""
    sizes, n_members = chip.description.sizes, chip.description.n_members
    generator = np.random.default_rng(seed)
    ideal = ls.EmulatedChip(ChipModel(neuron=chip.model.neuron), sizes, chip.seeds)
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


@dataclass(frozen=True)
class Settings:
    """Calibrate emulated chips and compare what is found with what they are."""

    chips: int = option(5, "Chips of each model.", min=2)
    hidden: int = option(30, "Neurons of the hidden layer.", min=2)
    batches: int = option(20, "Batches of each measurement.", min=8)

    models: tuple[str, ...] = ("brainscales2", "harsh")
    rounds: int = 2

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of the layers; no hidden ones in the smallest run."""
        return (20, self.hidden, 3) if self.hidden else (20, 3)

    def smallest(self) -> Settings:
        return replace(self, models=("harsh",), chips=2, hidden=0, rounds=1)


def main(settings: Settings, run: Run) -> None:
    config = {
        "models": settings.models, "chips": settings.chips, "sizes": settings.sizes,
        "batches": settings.batches, "rounds": settings.rounds,
    }  # fmt: skip
    with run.results(config) as file:
        pieces = [(name, run.seed, settings) for name in settings.models]
        each = run.each(calibrated, pieces, "calibrating")
        for name, found in zip(settings.models, each, strict=True):
            write(file, name, chips_of(name, run.seed, settings), found, settings)


def chips_of(name: str, seed: int, settings: Settings) -> ls.EmulatedChip:
    """The chips of a model, as they are at first."""
    seeds = range(seed, seed + settings.chips)
    return ls.EmulatedChip(ls.load_chip(name), settings.sizes, seeds)


class Calibrated(NamedTuple):
    """What calibration found, and drift and distance of spikes before and after it."""

    calibration: ChipCalibration
    drift: list[Array | float]
    distance: list[Array]


def calibrated(piece: tuple[str, int, Settings]) -> Calibrated:
    """Calibrate the chips of one model."""
    name, seed, settings = piece
    chip = chips_of(name, seed, settings)
    start, apart = drift_of(chip), [distance(chip, {}, seed)]
    calibration = ls.calibrate_chip(
        chip, chip.model, seed=seed, rounds=settings.rounds, n_batches=settings.batches
    )
    end = drift_of(chip)
    apart.append(distance(chip, dict(calibration.settings), seed))
    return Calibrated(calibration, [start, end], apart)


def write(
    file: ls.ResultsFile, name: str, chip: ls.EmulatedChip, found: Calibrated, settings: Settings
) -> None:
    """Write and print what was found of the chips of one model."""
    calibration, (start, end), apart = found
    programmed = dict(calibration.settings)
    truths = {"before": Truth(chip, {}, start), "after": Truth(chip, programmed, end)}
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
            spread = deviation.std(ddof=1)
            spread_se = spread / (2.0 * (n - 1)) ** 0.5
            mean, mean_se = deviation.mean(), spread / n**0.5
            usual = np.sqrt((relative[1] ** 2).mean())
            ratio, ratio_se = standardised(values, settings.batches)
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
        print(f"{name}, {quantity}: " + "; ".join(shown))
    for part, own in zip(truths, apart, strict=True):
        mean, mean_se = own.mean(), own.std(ddof=1) / len(own) ** 0.5
        file.metric(
            f"distance_{name}_{part}", mean, mean_se, "tau_syn",
            f"distance of output spikes from ideal ones, {name}, {part} calibration",
        )  # fmt: skip
        print(f"{name}, distance of spikes {part}: {mean:.4f} ± {mean_se:.4f} tau_syn")
    for k, layer in enumerate(calibration.after):
        for what in ("lost", "spurious_rate"):
            each, errors = getattr(layer, what), getattr(layer, f"{what}_se")
            value, error_of_mean = each.mean(), np.sqrt((errors**2).sum()) / len(each)
            file.metric(f"{what}_{name}_layer_{k}", value, error_of_mean, description=what)
            print(f"{name}, layer {k}, {what}: {value:.5f} ± {error_of_mean:.5f}")
        pre = slice(*np.cumsum((0, *chip.description.sizes))[k : k + 2])
        post = slice(*np.cumsum((0, *chip.description.sizes))[k + 1 : k + 3])
        dead = chip.patterns["dead"][:, post]
        synapses = chip.patterns["dead_coupling"][:, post, pre]
        measured = np.isfinite(layer.strengths)
        print(
            f"{name}, layer {k}: dead neurons {dead.sum()}, found {(dead & layer.dead).sum()}, "
            f"wrongly {(~dead & layer.dead).sum()}; dead synapses among those measured "
            f"{(synapses & measured).sum()}, found {(synapses & layer.dead_synapses).sum()}, "
            f"wrongly {(~synapses & layer.dead_synapses).sum()}; threshold noise of batches "
            f"{np.nanmean(layer.gap_noise):.4f}, residual {np.nanmean(layer.residual):.4f} tau_syn"
        )


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["chip_calibration"])
