"""How good samples are: divergences and their floor, intervals, tests, diagnostics, moments."""

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
    kl_divergence,
    kl_floor,
    kl_floor_quantile,
    total_variation,
)
from lasersampling.statistics.goodness_of_fit import GoodnessOfFit, goodness_of_fit
from lasersampling.statistics.jackknife import jackknife_error
from lasersampling.statistics.moments import MomentComparison, MomentErrors, moment_errors

__all__ = [
    "Divergences",
    "GoodnessOfFit",
    "Interval",
    "MomentComparison",
    "MomentErrors",
    "autocorrelation_time",
    "block_length",
    "bootstrap_intervals",
    "compare",
    "distribution_ess",
    "effective_sample_size",
    "goodness_of_fit",
    "jackknife_error",
    "kl_divergence",
    "kl_floor",
    "kl_floor_quantile",
    "moment_errors",
    "r_hat",
    "total_variation",
]
