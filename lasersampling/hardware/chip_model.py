"""A model of a neuromorphic chip: its neurons, its units and its imperfections."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.checks import kind_problems, refuse
from lasersampling.config import NonNegative, Positive, load, resolve, shipped_names, validated
from lasersampling.config.ranges import Level, Scale
from lasersampling.errors import InputError
from lasersampling.hardware.grid import Grid
from lasersampling.hardware.imperfections import Imperfections

__all__ = ["ChipModel", "NominalNeuron", "VoltageSampling", "as_chip", "chip_names", "load_chip"]

Programmable = Literal["threshold", "leak", "tau_mem", "tau_syn"]


@validated
class NominalNeuron:
    """Nominal values of all neurons; see `lif.Neuron`.

    Attributes
    ----------
    threshold, leak, conductance : float
        Voltages of threshold and rest, and leak conductance [1].
    tau_mem : float
        Membrane time constant [tau_syn].
    """

    threshold: Level = 1.0
    leak: Level = 0.0
    conductance: Scale = 1.0
    tau_mem: Scale = 1.0

    def __post_init__(self) -> None:
        if self.threshold <= self.leak:
            expected = f"a number above leak ({self.leak:g})"
            raise InputError.single("threshold", f"{self.threshold:g}", expected)

    @property
    def gap(self) -> float:
        """Current that holds a neuron at its threshold, (threshold - leak) conductance [1]."""
        return (self.threshold - self.leak) * self.conductance


@validated
class VoltageSampling:
    """How a chip tells the voltages of its membranes.

    Attributes
    ----------
    interval : float
        Shortest interval between two samples of all neurons [tau_syn].
    noise_std : float
        Standard deviation of the noise of each sample [1].
    grid : Grid
        Voltages that can be told; bits need a range.

    Raises
    ------
    InputError
        For bits without a range.
    """

    interval: Positive = 0.1
    noise_std: NonNegative = 0.0
    grid: Grid = Grid()

    def __post_init__(self) -> None:
        if self.grid.bits is not None and self.grid.lowest is None:
            got, expected = f"{self.grid.bits} bits without a range", "lowest and highest as well"
            raise InputError.single("grid", got, expected)

    @property
    def bits(self) -> int | None:
        """Bits that tell one voltage, None for a number of full precision."""
        grid = self.grid
        if grid.bits is not None or grid.step is None or grid.lowest is None:
            return grid.bits
        assert grid.highest is not None
        return max(1, math.ceil(math.log2((grid.highest - grid.lowest) / grid.step + 1.0)))


@validated
class ChipModel:
    """A chip: what its users know of it, and what they do not know.

    Attributes
    ----------
    description : str
        The chip, and the sources of its values.
    neuron : NominalNeuron
        Nominal neurons.
    imperfections : Imperfections
        Deviations, noise, and the grids of what can be programmed.
    programmable : tuple of str
        Values that can be programmed for each neuron, and so be corrected by calibration.
    tau_syn_us : float
        Synaptic time constant, the unit of time [us].
    sample_period : float
        Duration of each sample; later spikes are not seen [tau_syn].
    weight_unit : float
        Weight of one step of the digital weights [1].
    delay_unit : float
        Delay of one step of the digital delays [tau_syn].
    voltages : VoltageSampling or None
        How voltages of membranes are told, None if they are not.
    """

    description: str = ""
    neuron: NominalNeuron = NominalNeuron()
    imperfections: Imperfections = Imperfections()
    programmable: tuple[Programmable, ...] = ()
    tau_syn_us: Positive = 1.0
    sample_period: Positive = 20.0
    weight_unit: Positive = 1.0
    delay_unit: Positive = 1.0
    voltages: VoltageSampling | None = None

    @property
    def sample_period_ns(self) -> float:
        """Duration of each sample [ns]."""
        return self.sample_period * self.tau_syn_us * 1e3

    def times_us(self, times: ArrayLike) -> NDArray[np.float64]:
        """Times in microseconds; absent spikes stay inf.

        Parameters
        ----------
        times : array_like
            Times [tau_syn].
        """
        return as_floats(times, "times") * self.tau_syn_us

    def from_times_us(self, times_us: ArrayLike) -> NDArray[np.float64]:
        """Times in units of tau_syn.

        Parameters
        ----------
        times_us : array_like
            Times [us].
        """
        return as_floats(times_us, "times_us") / self.tau_syn_us

    def digital_weights(self, weights: ArrayLike) -> NDArray[np.int32]:
        """Weights as the signed whole numbers that are written into the chip.

        Parameters
        ----------
        weights : array_like
            Weights [1].
        """
        return _codes(self.imperfections.coupling.grid.rounded(_array(weights)), self.weight_unit)

    def from_digital_weights(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Weights for whole numbers that are written into the chip.

        Parameters
        ----------
        codes : array_like of int
            Steps [1].
        """
        return _array(codes) * self.weight_unit

    def digital_delays(self, delays: ArrayLike) -> NDArray[np.int32]:
        """Delays as the whole numbers that are written into the chip.

        Parameters
        ----------
        delays : array_like
            Delays [tau_syn].
        """
        return _codes(self.imperfections.delay.grid.rounded(_array(delays)), self.delay_unit)

    def from_digital_delays(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Delays for whole numbers that are written into the chip [tau_syn].

        Parameters
        ----------
        codes : array_like of int
            Steps [1].
        """
        return _array(codes) * self.delay_unit


def chip_names() -> list[str]:
    """Names of the shipped chip models."""
    return shipped_names("chips")


def load_chip(name_or_path: str | Path) -> ChipModel:
    """Read a chip model from a TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped file (`chip_names`) or a path.

    Raises
    ------
    InputError
        With all problems of the file.

    Examples
    --------
    >>> from lasersampling.hardware import load_chip
    >>> load_chip("brainscales2").tau_syn_us
    6.0
    """
    return load(resolve("chips", name_or_path), ChipModel)


def as_chip(given: object) -> object:
    """Read the chip model with a name or path; anything else is left to the checks.

    Raises
    ------
    ValueError
        If there is no such chip: the validation names the key.
    InputError
        With all problems of the file.
    """
    if not isinstance(given, str | Path):
        return given
    try:
        path = resolve("chips", given)
    except InputError as error:
        (problem,) = error.problems
        meant = problem.got.removeprefix(repr(str(given)))
        raise ValueError(problem.expected + meant) from None
    return load(path, ChipModel)


def chip_of(given: object, where: str = "model") -> ChipModel:
    """Give a chip model as it is, or read it by its name or path.

    Raises
    ------
    InputError
        For anything else, and as `load_chip`.

    Examples
    --------
    >>> from lasersampling.hardware.chip_model import chip_of
    >>> chip_of("brainscales2").tau_syn_us
    6.0
    """
    try:
        found = as_chip(given)
    except InputError:
        raise
    except ValueError as error:
        raise InputError.single(where, repr(given), str(error)) from None
    expected = "ChipModel(...), the name of a shipped chip, or a path"
    refuse(kind_problems(where, found, ChipModel, expected))
    assert isinstance(found, ChipModel)
    return found


def _array(values: ArrayLike) -> NDArray[np.float64]:
    return as_floats(values, "values")


def _codes(values: NDArray[np.float64], unit: float) -> NDArray[np.int32]:
    with np.errstate(over="ignore"):
        codes = np.rint(values / unit)
    largest = float(np.abs(codes).max(initial=0.0))
    if largest > np.iinfo(np.int32).max:
        got = f"a value of {largest:g} steps of {unit:g}"
        raise InputError.single("values", got, "at most 2^31 - 1 steps")
    return codes.astype(np.int32)
