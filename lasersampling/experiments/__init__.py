"""Experiments as commands of their own: options, results file, figures, progress, exit codes.

What is particular to one experiment stands in the folder `training`, not here.
"""

from lasersampling.experiments.options import Settings, chosen_of, option
from lasersampling.experiments.recipes import picture_recipe
from lasersampling.experiments.run import Run, experiment

__all__ = ["Run", "Settings", "chosen_of", "experiment", "option", "picture_recipe"]
