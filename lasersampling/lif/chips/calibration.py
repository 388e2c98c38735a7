"""Calibration of a chip: measures each neuron, corrects programmable values, reports the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import ChipModel, Substrate
from lasersampling.hardware.chip_model import chip_of
from lasersampling.hardware.substrate import substrate_problems
from lasersampling.lif.chips.measurement import LayerMeasurement, measure_chip, nominal_value

Array = NDArray[np.float64]

QUANTITIES = ("gap", "tau_mem", "tau_syn", "strengths")
_SIGNIFICANT = 2.0
_FARTHEST = 2.0
_FEWEST_BATCHES = 8


@dataclass(frozen=True)
class Spread:
    """Deviations of the values of many neurons from their nominal values.

    Attributes
    ----------
    mean, mean_se : float
        Mean deviation, relative to the nominal value, and standard error [1].
    std, std_se : float
        Standard deviation of the deviations, including errors of measurement, and standard error
        [1].
    error : float
        Typical standard error of one measured value, as root of the mean square [1].
    number : int
        Number of measured values.
    """

    mean: float
    mean_se: float
    std: float
    std_se: float
    error: float
    number: int


@dataclass(frozen=True, eq=False)
class ChipCalibration:
    """Chips before and after calibration.

    Attributes
    ----------
    model : ChipModel
        The nominal chip.
    before, after : tuple of LayerMeasurement
        Measurements of each layer.
    settings : mapping of str to ndarray, shape (member, post)
        Values to be programmed: ``threshold_0``, ``tau_mem_0``, ...; for `InTheLoop(settings=...)`;
        voltages [1], time constants [tau_syn].
    """

    model: ChipModel
    before: tuple[LayerMeasurement, ...]
    after: tuple[LayerMeasurement, ...]
    settings: Mapping[str, Array]

    def nominal(self, name: str) -> float:
        """Nominal values of neurons [1].

        Parameters
        ----------
        name : str
            ``"gap"``, ``"tau_mem"``, ``"tau_syn"`` or ``"strengths"``.

        Raises
        ------
        InputError
            For another name.
        """
        if name not in QUANTITIES:
            raise InputError.single("name", repr(name), " or ".join(map(repr, QUANTITIES)))
        return nominal_value(self.model, name)

    def spread(self, name: str, *, calibrated: bool) -> Spread:
        """Deviations of all neurons of all layers and chips.

        Parameters
        ----------
        name : str
            ``"gap"``, ``"tau_mem"``, ``"tau_syn"`` or ``"strengths"``, of live synapses.
        calibrated : bool
            Whether after calibration, or before.

        Raises
        ------
        InputError
            For another name.
        """
        nominal = self.nominal(name)
        layers = self.after if calibrated else self.before
        values = np.concatenate([getattr(layer, name).ravel() for layer in layers])
        errors = np.concatenate([getattr(layer, f"{name}_se").ravel() for layer in layers])
        measured = np.isfinite(values) & np.isfinite(errors)
        deviations, errors = values[measured] / nominal - 1.0, errors[measured] / nominal
        n = len(deviations)
        if n < 2:
            nan = float("nan")
            return Spread(nan, nan, nan, nan, nan, n)
        std = float(deviations.std(ddof=1))
        typical = float(np.sqrt(np.mean(errors**2)))
        return Spread(
            float(deviations.mean()), std / n**0.5, std, std / (2.0 * (n - 1)) ** 0.5, typical, n
        )


def calibrate_chip(
    substrate: Substrate,
    model: ChipModel | str | Path,
    *,
    seed: int,
    rounds: int = 2,
    n_batches: int = 20,
    n_samples: int = 64,
) -> ChipCalibration:
    """Calibrate chips through their spikes alone.

    Only `Substrate.run` is used, so this also works for a device behind a socket. In each round all
    neurons are measured and their programmed values are corrected: thresholds (or leaks, if only
    these can be programmed) by a difference, time constants by a factor. After the first round only
    deviations of more than two standard errors are corrected, since otherwise the errors of
    measurement would be programmed. A last measurement shows what remains. Spikes determine
    thresholds only relative to the leak and to the mean strength of a neuron's synapses, so this
    relative threshold is brought to its nominal value; `lif.chips.fit` says why and how.

    Parameters
    ----------
    substrate : Substrate
        Device of the kind "lif".
    model : ChipModel, str or Path
        Nominal neurons, programmable values and their grids; as text, the name of a shipped model
        or a path. Its deviations and noise are not used,
        since they are unknown for a real chip.
    seed : int
        Seed of the stimuli.
    rounds : int
        Number of rounds of correction.
    n_batches, n_samples : int
        Number of batches of each measurement, which is even, and of samples of each batch. Only
        more batches reduce the effect of noise from batch to batch.

    Raises
    ------
    InputError
        With all problems found; also if inputs of a layer are too few to make neurons spike, or if
        the observed spikes would not fit into the memory.
    SubstrateError
        If the device fails.
    """
    refuse(substrate_problems(substrate, "lif"))
    model = chip_of(model)
    problems = [
        *integer_problems("seed", seed, 0),
        *integer_problems("rounds", rounds, 1),
        *integer_problems("n_batches", n_batches, _FEWEST_BATCHES),
        *integer_problems("n_samples", n_samples, 16),
    ]
    if not problems and n_batches % 2:
        problems.append(Problem("n_batches", str(n_batches), "an even number"))
    refuse(problems)
    about = substrate.description
    settings = {
        f"{name}_{k}": np.full((about.n_members, post), nominal_value(model, name))
        for k, post in enumerate(about.sizes[1:])
        for name in model.programmable
    }
    generator = np.random.default_rng(seed)
    measured = []
    for turn in range(rounds + 1):
        layers = measure_chip(
            substrate, model, settings, n_batches=n_batches, n_samples=n_samples,
            generator=generator,
        )  # fmt: skip
        measured.append(layers)
        if turn < rounds:
            least = 0.0 if turn == 0 else _SIGNIFICANT
            for k, layer in enumerate(layers):
                settings |= _corrected(model, k, layer, settings, least)
    return ChipCalibration(model, measured[0], measured[-1], settings)


def _corrected(
    model: ChipModel, k: int, layer: LayerMeasurement, settings: Mapping[str, Array], least: float
) -> dict[str, Array]:
    """Programmed values for layer k, where deviations exceed `least` standard errors."""
    values: dict[str, Array] = {}
    for name in ("tau_mem", "tau_syn"):
        if name in model.programmable:
            nominal, found = nominal_value(model, name), getattr(layer, name)
            wrong = np.abs(found - nominal) > least * getattr(layer, f"{name}_se")
            factor = np.where(wrong, nominal / np.nan_to_num(found, nan=nominal), 1.0)
            values[name] = settings[f"{name}_{k}"] * np.clip(factor, 1.0 / _FARTHEST, _FARTHEST)
    excess = layer.gap - model.neuron.gap
    excess = np.where(np.abs(excess) > least * layer.gap_se, excess, 0.0)
    excess /= model.neuron.conductance
    if "threshold" in model.programmable:
        values["threshold"] = settings[f"threshold_{k}"] - excess
    elif "leak" in model.programmable:
        values["leak"] = settings[f"leak_{k}"] + excess
    grids = model.imperfections
    return {
        f"{name}_{k}": np.stack([getattr(grids, name).grid.rounded(own) for own in array])
        for name, array in values.items()
    }
