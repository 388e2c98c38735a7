"""Validated configurations of the commands, from their options and ``--set``.

The commands import this module when they run, since pydantic takes a while to load.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pydantic import Field

from lasersampling.config import Count, NonNegative, Positive, Seed, validated
from lasersampling.errors import InputError
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import Device
from lasersampling.lasers.pumps import LARGEST_PUMP_RATIO
from lasersampling.sampling.neurons.adaptation import Rounds
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.performance import PerformanceSettings, WallPlug
from lasersampling.sampling.neurons.settings import (
    ChipSettings,
    Clamping,
    LineSettings,
    NeuronSettings,
)
from lasersampling.sampling.neurons.tempering import Tempering
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings

_MAX_TRACE_POINTS = 20_000_000

PumpRatio = Annotated[float, Field(ge=0, le=LARGEST_PUMP_RATIO)]


@validated
class GibbsConfig:
    """Configuration of ``lasersampling sample --sampler gibbs``.

    Attributes
    ----------
    machine : str
        File of the machine, or name of a shipped one.
    sampler : "gibbs"
        Name of the sampler.
    draws : int
        Draws per chain.
    chains : int
        Number of independent chains.
    clamp : str
        Clamped units as ``unit=value``, separated by commas.
    seed : int
        Seed of all random numbers.
    scan : "auto", "random" or "block"
        Order of updates; see `sampling.gibbs.Gibbs`.
    burn_in : int
        Sweeps before the first draw.
    thin : int
        Sweeps per draw.
    """

    machine: str
    sampler: Literal["gibbs"]
    draws: Annotated[int, Field(ge=4)] = 10_000
    chains: Count = 4
    clamp: str = ""
    seed: Seed = 0
    scan: Literal["auto", "random", "block"] = "auto"
    burn_in: Annotated[int, Field(ge=0)] = 100
    thin: Count = 1


@validated
class LaserTimeRun:
    """Settings of ``lasersampling sample`` for samplers that run in laser time.

    Attributes
    ----------
    machine : str
        File of the machine, or name of a shipped one.
    sampler : str
        Name of the sampler: "lasers" or "renewal".
    duration_ns : float
        Laser time per chain [ns].
    chains : int
        Number of independent chains.
    clamp : str
        Clamped units as ``unit=value``, separated by commas.
    seed : int
        Seed of all random numbers of the sampling.
    """

    machine: str
    sampler: str
    duration_ns: Positive = 25_000.0
    chains: Count = 4
    clamp: str = ""
    seed: Seed = 0


@validated
class LasersConfig(ChipSettings, LaserTimeRun):
    """Configuration of ``lasersampling sample --sampler lasers``.

    Attributes
    ----------
    tempering : Tempering or None
        Periodic modulation of pumps and couplings; given by ``--set tempering.period_ns=100``, say.
    depression : Depression or None
        Short-term depression of synapses; given by ``--set depression.utilisation=0.1``, say.
    adaptation_rounds : int or None
        Rounds in which lasers are adapted to the machine; they are used adapted if they then draw
        better. 0 for no adaptation; with None lasers are adapted where that helps
        (`sampling.adapting`).
    adaptation_draws : int
        Draws of each round and chain, one refractory time apart.
    """

    sampler: Literal["lasers"]
    tempering: Tempering | None = None
    depression: Depression | None = None
    adaptation_rounds: Rounds | None = None
    adaptation_draws: Annotated[int, Field(ge=4)] = 200


@validated
class RenewalConfig(NeuronSettings, LaserTimeRun):
    """Configuration of ``lasersampling sample --sampler renewal``.

    Attributes
    ----------
    hazard : HazardSettings
        How the hazard of the device is measured if none is stored.
    """

    sampler: Literal["renewal"]
    hazard: HazardSettings = HazardSettings()


@validated
class ServeLasersConfig(ChipSettings):
    """Configuration of ``lasersampling serve lasers``.

    Attributes
    ----------
    units : int
        Number of lasers in the network.
    clamping : "drive" or "pump"
        See `sampling.neurons.sampler.Lasers`.
    """

    units: Count = dataclasses.field(kw_only=True)
    clamping: Clamping = "drive"


@validated
class InferenceRun:
    """Settings of ``lasersampling infer`` for any sampler.

    Attributes
    ----------
    machine : str
        File of a machine or of a Bayesian network, or name of a shipped one.
    sampler : "lasers" or "gibbs"
        Name of the sampler; lasers are always compared with Gibbs sampling.
    clamp, soft : str
        Hard and soft evidence of one case, as ``unit=value`` and ``unit=probability``.
    evidence : str
        CSV file of evidence, one row for each case; replaces `clamp` and `soft`.
    hidden : bool
        Whether hidden units are listed too.
    chains : int
        Number of chains per case.
    duration_ns : float
        Laser time per chain [ns].
    draws : int
        Gibbs sampling: draws per chain.
    seed : int
        Seed of all random numbers of the sampling.
    adaptation_rounds : int or None
        Rounds in which lasers are adapted to the machine under the evidence, 0 for none; with None
        where it helps and costs no more laser time than the run (`sampling.adapting`).
    adaptation_draws : int
        Draws of each round and chain, one refractory time apart; more if the number of rounds is
        not given and the run is long.
    max_auxiliary_weight : float
        Largest coupling of the auxiliary units that represent a Bayesian network [1].
    """

    machine: str
    sampler: Literal["lasers", "gibbs"]
    clamp: str = ""
    soft: str = ""
    evidence: str = ""
    hidden: bool = False
    chains: Count = 16
    duration_ns: Positive = 15_000.0
    draws: Annotated[int, Field(ge=4)] = 5_000
    seed: Seed = 0
    adaptation_rounds: Rounds | None = None
    adaptation_draws: Annotated[int, Field(ge=4)] = 200
    max_auxiliary_weight: Positive = 3.0

    def __post_init__(self) -> None:
        if self.evidence and (self.clamp or self.soft):
            raise InputError.single("evidence", "a file and clamp or soft", "one of the two")


@validated
class InferConfig(ChipSettings, InferenceRun):
    """Configuration of ``lasersampling infer``.

    Attributes
    ----------
    lines : LineSettings or None
        Offsets and gains of the lasers, such as those with which a machine was learned.
    """

    lines: LineSettings | None = None


@validated
class CalibratedLaser:
    """The laser of ``lasersampling calibrate``.

    Attributes
    ----------
    device : Device
        The laser, with its synapse and refractory time.
    delay_ns : float
        Transmission delay between two lasers [ns].
    """

    device: Device
    delay_ns: NonNegative = 0.0


@validated
class CalibrateConfig(CalibrationSettings, CalibratedLaser):
    """Configuration of ``lasersampling calibrate``, with the defaults of `sample`.

    Attributes
    ----------
    performance : PerformanceSettings
        How speed and power are measured.
    wall_plug : WallPlug
        Assumptions about the electrical power.
    """

    performance: PerformanceSettings = PerformanceSettings()
    wall_plug: WallPlug = WallPlug()

    @property
    def measured(self) -> CalibrationSettings:
        """Settings of the calibration alone, by which a stored one is found."""
        names = (field.name for field in dataclasses.fields(CalibrationSettings))
        return CalibrationSettings(**{name: getattr(self, name) for name in names})


@validated
class SimulateConfig:
    """Configuration of ``lasersampling simulate``.

    Attributes
    ----------
    device : Device
        The laser.
    pump : tuple of float or None
        Pump of each of the uncoupled lasers over the threshold pump; by default those at which the
        device is active 5, 25, 50, 75 and 95 % of the time [1].
    duration_ns : float
        Time simulated after the burn-in [ns].
    seed : int
        Seed of all random numbers.
    burn_in_ns : float
        Time before the recording [ns].
    trace_ns : float
        Time from the start for which traces are recorded [ns].
    trace_interval_ps : float
        Time between two points of the traces [ps].
    """

    device: Device
    pump: tuple[PumpRatio, ...] | None = None
    duration_ns: Positive = 100.0
    seed: Seed = 0
    burn_in_ns: NonNegative = 50.0
    trace_ns: Positive = 100.0
    trace_interval_ps: Positive = 20.0

    def __post_init__(self) -> None:
        if self.pump is not None and not self.pump:
            raise InputError.single("pump", "nothing", "one number for each laser")
        n_lasers = 1 if self.pump is None else len(self.pump)
        traced_ps = 1e3 * min(self.trace_ns, self.duration_ns)
        points = n_lasers * traced_ps / self.trace_interval_ps
        if points > _MAX_TRACE_POINTS:
            raise InputError.single(
                "trace_ns",
                f"{points:.2g} points of traces",
                f"at most {_MAX_TRACE_POINTS:.0e}; a shorter trace_ns or longer trace_interval_ps",
            )
