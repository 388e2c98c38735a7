"""Single lasers with little or no noise: pulses, thresholds, stability, first passages, emission.

Networks of lasers do not belong here; `lasersampling.lasers.simulation` simulates them.
"""

from lasersampling.lasers.analysis.deterministic import pulse_response
from lasersampling.lasers.analysis.excitability import Excitability, excitability, refractory_curve
from lasersampling.lasers.analysis.first_passage import fit_intervals
from lasersampling.lasers.analysis.stability import bifurcations, fixed_points, nullclines, regimes

__all__ = [
    "Excitability",
    "bifurcations",
    "excitability",
    "fit_intervals",
    "fixed_points",
    "nullclines",
    "pulse_response",
    "refractory_curve",
    "regimes",
]
