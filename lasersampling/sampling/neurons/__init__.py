"""Lasers as sampling neurons: calibration, translation, adaptation, imperfections, power.

The laser by itself is `lasersampling.lasers`; nothing here knows what is learned or judged.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.sampling.neurons.activation import measure_activation as measure_activation
    from lasersampling.sampling.neurons.adaptation import adapt as adapt
    from lasersampling.sampling.neurons.calibration import (
        CalibrationSettings as CalibrationSettings,
    )
    from lasersampling.sampling.neurons.calibration import LaserNeuron as LaserNeuron
    from lasersampling.sampling.neurons.calibration import (
        measure_calibration as measure_calibration,
    )
    from lasersampling.sampling.neurons.line_fits import ActivationLogit as ActivationLogit
    from lasersampling.sampling.neurons.line_fits import lines_from_draws as lines_from_draws
    from lasersampling.sampling.neurons.performance import (
        PerformanceSettings as PerformanceSettings,
    )
    from lasersampling.sampling.neurons.performance import WallPlug as WallPlug
    from lasersampling.sampling.neurons.performance import (
        longest_correlation as longest_correlation,
    )
    from lasersampling.sampling.neurons.performance import (
        measure_performance as measure_performance,
    )
    from lasersampling.sampling.neurons.sampler import Lasers as Lasers
    from lasersampling.sampling.neurons.tempering import Tempering as Tempering
    from lasersampling.sampling.neurons.translation import Lines as Lines
else:
    __all__, __getattr__ = on_demand(__name__)
