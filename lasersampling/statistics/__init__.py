"""How good samples are: divergences and their floor, intervals, tests, diagnostics, moments.

All functions work on arrays. Nothing here knows machines, samplers or files.
"""

from lasersampling.statistics.bootstrap import Interval, block_length, bootstrap_intervals
from lasersampling.statistics.chains import (
    autocorrelation_time,
    distribution_ess,
    effective_sample_size,
    r_hat,
)
from lasersampling.statistics.divergences import (
    Divergences,
    compare,
    compared,
    described,
    kl_divergence,
    kl_floor,
    kl_floor_quantile,
    total_variation,
)
from lasersampling.statistics.goodness_of_fit import GoodnessOfFit, goodness_of_fit
from lasersampling.statistics.jackknife import jackknife_error
from lasersampling.statistics.mixing import coverage, draws_per_independent, held_modes, switches
from lasersampling.statistics.modes import ModeVisits, mode_visits
from lasersampling.statistics.moments import MomentComparison, MomentErrors, moment_errors
from lasersampling.statistics.neighbours import (
    AdversarialAccuracy,
    Neighbours,
    adversarial_accuracy,
    nearest,
)
from lasersampling.statistics.paired import (
    PairedDifference,
    holm,
    median_interval,
    paired_difference,
    smallest_p_value,
)

__all__ = [
    "AdversarialAccuracy",
    "Divergences",
    "GoodnessOfFit",
    "Interval",
    "ModeVisits",
    "MomentComparison",
    "MomentErrors",
    "Neighbours",
    "PairedDifference",
    "adversarial_accuracy",
    "autocorrelation_time",
    "block_length",
    "bootstrap_intervals",
    "compare",
    "compared",
    "coverage",
    "described",
    "distribution_ess",
    "draws_per_independent",
    "effective_sample_size",
    "goodness_of_fit",
    "held_modes",
    "holm",
    "jackknife_error",
    "kl_divergence",
    "kl_floor",
    "kl_floor_quantile",
    "median_interval",
    "mode_visits",
    "moment_errors",
    "nearest",
    "paired_difference",
    "r_hat",
    "smallest_p_value",
    "switches",
    "total_variation",
]
