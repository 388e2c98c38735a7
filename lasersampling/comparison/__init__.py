"""Comparing ways to train networks: a design, its search, its trainings, and paired differences.

What is compared, and how it is kept fair, stands in docs/comparison.md. Training itself does not
belong here: it stands in `lasersampling.learning`.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.comparison.cells import Job as Job
    from lasersampling.comparison.cells import run_job as run_job
    from lasersampling.comparison.cells import trained_cell as trained_cell
    from lasersampling.comparison.settings import Comparison as Comparison
    from lasersampling.comparison.timing import TIMING_ARCHITECTURES as TIMING_ARCHITECTURES
    from lasersampling.comparison.timing import TIMING_JITTER as TIMING_JITTER
    from lasersampling.comparison.timing import TIMING_TASKS as TIMING_TASKS
    from lasersampling.comparison.timing import timing_accuracies as timing_accuracies
    from lasersampling.comparison.timing import timing_controls as timing_controls
    from lasersampling.comparison.timing import timing_pairs as timing_pairs
    from lasersampling.comparison.timing import timing_parts as timing_parts
    from lasersampling.comparison.timing import timing_recipe as timing_recipe
else:
    __all__, __getattr__ = on_demand(__name__)
