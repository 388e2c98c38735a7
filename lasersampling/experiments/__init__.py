"""Experiments as commands of their own: options, results file, figures, progress, exit codes.

Code of a single experiment is in the folder `training`, and may not enter here.
"""

from lasersampling.experiments.command import experiment
from lasersampling.experiments.options import Settings, chosen_of, option
from lasersampling.experiments.recipes import picture_recipe
from lasersampling.experiments.run import Run
from lasersampling.keeping import keeping, kept

__all__ = [
    "Run",
    "Settings",
    "chosen_of",
    "experiment",
    "keeping",
    "kept",
    "option",
    "picture_recipe",
]
