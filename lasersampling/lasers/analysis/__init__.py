"""Single lasers with little or no noise: pulses, thresholds, stability, first passages, emission.

Networks of lasers do not belong here; `lasersampling.lasers.simulation` simulates them.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.lasers.analysis.deterministic import pulse_response as pulse_response
    from lasersampling.lasers.analysis.excitability import Excitability as Excitability
    from lasersampling.lasers.analysis.excitability import refractory_curve as refractory_curve
    from lasersampling.lasers.analysis.first_passage import fit_intervals as fit_intervals
    from lasersampling.lasers.analysis.stability import fixed_points as fixed_points
    from lasersampling.lasers.analysis.stability import nullclines as nullclines
    from lasersampling.lasers.analysis.stability import regimes as regimes
else:
    __all__, __getattr__ = on_demand(__name__)
