"""Classification by spike times: task, recipes, emulated chips in the loop, baselines beside it.

The networks themselves do not belong here: they stand in `lasersampling.lif`.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.learning.spikes.chips import on_chip as on_chip
    from lasersampling.learning.spikes.classification import Classifier as Classifier
    from lasersampling.learning.spikes.classification import train_spikes as train_spikes
    from lasersampling.learning.spikes.data import data_of as data_of
    from lasersampling.learning.spikes.data import load_data as load_data
    from lasersampling.learning.spikes.decisions import Decisions as Decisions
    from lasersampling.learning.spikes.decisions import judge as judge
    from lasersampling.learning.spikes.networks import build_network as build_network
    from lasersampling.learning.spikes.recipes import ChipSettings as ChipSettings
    from lasersampling.learning.spikes.recipes import ClassifyRecipe as ClassifyRecipe
else:
    __all__, __getattr__ = on_demand(__name__)
