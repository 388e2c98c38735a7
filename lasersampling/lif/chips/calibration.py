"""Calibration of a chip: measures each neuron, corrects programmable values, reports the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import boolean_problems, integer_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import ChipModel, Substrate
from lasersampling.hardware.chip_model import chip_of
from lasersampling.hardware.substrate import substrate_problems
from lasersampling.labelled import Variable, as_dataset, numbered
from lasersampling.lif.chips.measurement import (
    MEASURED,
    LayerMeasurement,
    measure_chip,
    nominal_value,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

QUANTITIES = ("gap", "tau_mem", "tau_syn", "strengths")
_SIGNIFICANT = 2.0
_FARTHEST = 2.0
_FEWEST_BATCHES = 8
_EXACT = 1e-9
"""Deviations below this are of rounding [1]."""


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

    Examples
    --------
    >>> import lasersampling as ls
    >>> chip = ls.EmulatedChip("brainscales2", (20, 2), [1])
    >>> found = ls.calibrate_chip(chip, "brainscales2", seed=1, rounds=1, n_batches=8, n_samples=16)
    >>> found.to_xarray().gap_0.dims
    ('part', 'member', 'neuron_0')
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
        if not isinstance(name, str) or name not in QUANTITIES:
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
        refuse(boolean_problems("calibrated", calibrated))
        relative, errors = self._measured(name, calibrated=calibrated)
        deviations = relative - 1.0
        n = len(deviations)
        if n < 2:
            nan = float("nan")
            return Spread(nan, nan, nan, nan, nan, n)
        std = float(deviations.std(ddof=1))
        typical = float(np.sqrt(np.mean(errors**2)))
        return Spread(
            float(deviations.mean()), std / n**0.5, std, std / (2.0 * (n - 1)) ** 0.5, typical, n
        )

    def variables(self) -> dict[str, Variable]:
        """All measurements and settings, by names that end in the number of the layer."""
        found: dict[str, Variable] = {
            "part": Variable(np.array(["before", "after"]), ("part",), "1", "before or after it")
        }
        sizes: dict[str, int] = {"member": self.before[0].gap.shape[0]}
        for k, parts in enumerate(zip(self.before, self.after, strict=True)):
            post, pre = f"neuron_{k}", f"neuron_{k - 1}" if k else "input"
            sizes |= dict(zip((post, pre), parts[0].strengths.shape[1:], strict=True))
            for name, (units, description) in MEASURED.items():
                values = np.stack([getattr(part, name) for part in parts])
                dims = ("part", "member", post, pre)[: values.ndim]
                about = f"{description}, layer {k}"
                found[f"{name}_{k}"] = Variable(_storable(values), dims, units, about)
        for name, values in self.settings.items():
            kind, _, layer = name.rpartition("_")
            units = "tau_syn" if kind.startswith("tau") else "1"
            about = f"programmed {kind}, layer {layer}"
            found[f"programmed_{name}"] = Variable(
                values, ("member", f"neuron_{layer}"), units, about
            )
        return numbered(sizes) | found

    def to_xarray(self) -> xr.Dataset:
        """Give all measurements before and after (`part`), and the programmed values.

        Names end in the number of the layer: ``gap_0``, ``gap_se_0``, ``programmed_threshold_0``.
        """
        return as_dataset(self.variables(), {"model": self.model.description})

    def plot(self, name: str | None = None, *, axes: Axes | None = None) -> Figure:
        """Draw how much neurons and synapses deviate from nominal values, before and after.

        Parameters
        ----------
        name : str, optional
            ``"gap"``, ``"tau_mem"``, ``"tau_syn"`` or ``"strengths"``; by default all of them that
            deviate, each in a panel of its own, or on given axes the first of them.
        axes : matplotlib axes, optional
            Axes to draw on; by default those of a new figure.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            For another name, if nothing was measured, and for axes that are none.
        """
        from lasersampling.plots import deviations, style

        values = {
            key: {
                "before": self._measured(key, calibrated=False)[0],
                "after": self._measured(key, calibrated=True)[0],
            }
            for key in (QUANTITIES if name is None else (name,))
        }
        shown = [key for key, parts in values.items() if all(map(len, parts.values()))]
        if not shown:
            raise InputError.single("name", "values that were not measured", "measured ones")
        varied = [key for key in shown if np.ptp(values[key]["before"]) > _EXACT]
        shown = varied or shown  # what does not deviate needs no panel
        if axes is not None:
            style.check_axes(axes)
            deviations.draw_spread(axes, values[shown[0]])
            axes.set_ylabel(f"number ({deviations.NAMES[shown[0]]})")
            axes.legend()
            return style.figure_of(axes)
        with style.style():
            figure = style.new_figure(4.0)
            panels = figure.subplots(1, len(shown), squeeze=False)[0]
            for panel, key in zip(panels, shown, strict=True):
                deviations.draw_spread(panel, values[key])
                panel.set_title(f"{deviations.NAMES[key]}\n{panel.get_title('left')}", fontsize=12)
            panels[0].set_ylabel("number")
            handles, labels = panels[0].get_legend_handles_labels()
            names = [text.partition(":")[0] + " calibration" for text in labels]
            figure.legend(handles, names, loc="outside lower center", ncols=2)
        return figure

    def _measured(self, name: str, *, calibrated: bool) -> tuple[Array, Array]:
        """Measured values of all layers over the nominal one, and their standard errors."""
        nominal = self.nominal(name)
        layers = self.after if calibrated else self.before
        values = np.concatenate([getattr(layer, name).ravel() for layer in layers])
        errors = np.concatenate([getattr(layer, f"{name}_se").ravel() for layer in layers])
        measured = np.isfinite(values) & np.isfinite(errors)
        return values[measured] / nominal, errors[measured] / nominal


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
        or a path. Its deviations and noise are not used, since they are unknown for a real chip.
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

    Examples
    --------
    >>> import lasersampling as ls
    >>> chip = ls.EmulatedChip("brainscales2", (20, 2), [1])
    >>> found = ls.calibrate_chip(chip, "brainscales2", seed=1, rounds=1, n_batches=8)
    >>> found.spread("gap", calibrated=True).number, sorted(found.settings)
    (2, ['tau_mem_0', 'tau_syn_0', 'threshold_0'])
    """
    refuse(substrate_problems(substrate, "lif", "first"))
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


def _storable(values: NDArray[Any]) -> NDArray[Any]:
    """Flags as int8, which netCDF can store."""
    return values.astype(np.int8) if values.dtype == bool else values


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
