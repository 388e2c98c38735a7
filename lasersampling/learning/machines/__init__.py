"""Learning distributions with Boltzmann machines: gradients, samplers in the loop, the local rule.

Nothing here knows what a picture is: `lasersampling.learning.pictures` has a room of its own.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.learning.machines.contrastive import distribution_task as distribution_task
    from lasersampling.learning.machines.contrastive import initial_machine as initial_machine
    from lasersampling.learning.machines.contrastive import learn as learn
    from lasersampling.learning.machines.fitting import fit as fit
    from lasersampling.learning.machines.fitting import sampler_of as sampler_of
    from lasersampling.learning.machines.local_rule import LocalSettings as LocalSettings
    from lasersampling.learning.machines.local_rule import learn_locally as learn_locally
    from lasersampling.learning.machines.recipes import FitRecipe as FitRecipe
    from lasersampling.learning.machines.settings import (
        DistributionLearning as DistributionLearning,
    )
else:
    __all__, __getattr__ = on_demand(__name__)
