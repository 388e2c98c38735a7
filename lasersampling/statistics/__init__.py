"""How good samples are: divergences with their floor, chain diagnostics, moments."""

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
    total_variation,
)
from lasersampling.statistics.jackknife import jackknife_error
from lasersampling.statistics.moments import MomentComparison, MomentErrors, moment_errors

__all__ = [
    "Divergences",
    "MomentComparison",
    "MomentErrors",
    "autocorrelation_time",
    "compare",
    "distribution_ess",
    "effective_sample_size",
    "jackknife_error",
    "kl_divergence",
    "kl_floor",
    "moment_errors",
    "r_hat",
    "total_variation",
]
