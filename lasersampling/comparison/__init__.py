"""Comparing ways to train networks: a design, its search, its trainings, and paired differences.

What is compared, and how it is kept fair, stands in docs/comparison.md. Training itself does not
belong here: it stands in `lasersampling.learning`.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.comparison.cells import Job as Job
    from lasersampling.comparison.cells import trained_cell as trained_cell
    from lasersampling.comparison.design import Comparison as Comparison
else:
    __all__, __getattr__ = on_demand(__name__)
