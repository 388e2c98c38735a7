"""Sweeps: one command for all combinations of values, and several seeds, side by side.

Nothing is computed here, and no command is known by more than its options: a piece of a sweep is a
call of a command, and what it found is read from its results file.
"""

from lasersampling.sweeps.averages import Average, averages_of
from lasersampling.sweeps.grid import Axis, Cell, Grid, axis_of
from lasersampling.sweeps.outcome import Outcome
from lasersampling.sweeps.run import sweep
from lasersampling.sweeps.swept import Swept, read_swept

__all__ = [
    "Average",
    "Axis",
    "Cell",
    "Grid",
    "Outcome",
    "Swept",
    "averages_of",
    "axis_of",
    "read_swept",
    "sweep",
]
