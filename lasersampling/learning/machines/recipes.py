"""Recipes for learning a distribution."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lasersampling.checks import refuse
from lasersampling.config import Count, NonNegative, Positive, validated
from lasersampling.errors import InputError
from lasersampling.hardware import Imperfections
from lasersampling.lasers.device import Device
from lasersampling.learning.machines.parameters import Connectivity
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.learning.machines.symmetry import WEIGHT_STD, spread_problems
from lasersampling.sampling.neurons.adaptation import Rounds
from lasersampling.sampling.neurons.calibration import CalibrationSettings

_JUDGED_DRAWS = 1000, 8000
"""Fewest and most draws per chain, if a recipe does not give their number."""


@validated
class SamplerSettings:
    """The sampler in the loop.

    Attributes
    ----------
    kind : "lasers" or "gibbs"
        Simulated lasers, or digital Gibbs sampling.
    interval_ns, burn_in_ns, delay_ns : float
        Times of lasers; see `sampling.neurons.settings.NeuronSettings` [ns].
    chip_seed : int
        Number of the chip with these imperfections.
    thin : int
        Gibbs sampling: sweeps per draw.
    """

    kind: Literal["lasers", "gibbs"] = "lasers"
    interval_ns: Positive | None = None
    burn_in_ns: NonNegative | None = None
    delay_ns: NonNegative = 0.0
    chip_seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    thin: Count = 1


@validated
class JudgingSettings:
    """Settings of the judgement of the learned machine.

    Attributes
    ----------
    n_chains : int
        Number of new chains.
    n_draws : int or None
        Draws per chain; by default as many as learning took, between 1,000 and 8,000, so that the
        judgement of a short learning does not take longer than the learning.
    """

    n_chains: Annotated[int, Field(ge=2)] = 32
    n_draws: Annotated[int, Field(ge=4)] | None = None


@validated
class FitRecipe:
    """Recipe of ``lasersampling fit``.

    Attributes
    ----------
    target : str
        File of the distribution; see `boltzmann.read_target`.
    device : Device
        The laser; in a recipe also the name of one.
    pseudocount : float
        Added to the count of each state, for a target given by samples [1].
    n_hidden : int
        Number of hidden units.
    connectivity : "full", "semirestricted" or "restricted"
        Units that are connected: all; all but hidden with hidden ones; hidden with visible ones.
    initial_weight_std : float
        Standard deviation of the initial weights of hidden units [1].
    imperfections : Imperfections
        Imperfections of the lasers; in a recipe also the name of a shipped set.
    sampler : SamplerSettings
        Sampler in the loop.
    calibration : CalibrationSettings
        How the device is calibrated if no calibration is stored.
    pretraining : DistributionLearning or None
        Learning of the ideal machine beforehand, without the device.
    adaptation_rounds : int
        Rounds in which lasers are adapted to the machine from which learning in the loop starts; 0
        for none, since learning corrects the same errors.
    learning : DistributionLearning
        Learning with the sampler in the loop.
    judging : JudgingSettings
        How the result is judged.
    seed : int
        Seed of everything.
    checkpoint_interval_s : float
        Time between checkpoints [s].
    """

    target: str
    device: Device
    pseudocount: NonNegative = 0.0
    n_hidden: Annotated[int, Field(ge=0)] = 0
    connectivity: Connectivity = "semirestricted"
    initial_weight_std: NonNegative = WEIGHT_STD
    imperfections: Imperfections = Imperfections()
    sampler: SamplerSettings = SamplerSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    pretraining: DistributionLearning | None = None
    adaptation_rounds: Rounds = 0
    learning: DistributionLearning = DistributionLearning()
    judging: JudgingSettings = JudgingSettings()
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    checkpoint_interval_s: NonNegative = 20.0

    @property
    def judged_draws(self) -> int:
        """Number of draws per chain by which the result is judged."""
        if self.judging.n_draws is not None:
            return self.judging.n_draws
        learned = self.learning.n_updates * self.learning.n_chains * self.learning.n_draws
        least, most = _JUDGED_DRAWS
        return min(most, max(least, learned // self.judging.n_chains))

    def __post_init__(self) -> None:
        if self.pretraining is not None and self.pretraining.gradient != "exact":
            got = f"gradient {self.pretraining.gradient!r}"
            raise InputError.single("pretraining", got, "gradient 'exact', as no device takes part")
        refuse(spread_problems("initial_weight_std", self.initial_weight_std, self.n_hidden))
