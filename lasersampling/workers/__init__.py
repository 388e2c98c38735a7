"""Pieces of work, done side by side by processes, which know nothing of what the work is.

Nothing of lasers, networks or files enters here. A piece that a worker has lost is given to another
one, and after some such losses given up, so that one worker never costs more than its piece.
"""

from lasersampling.workers.cluster import Cluster
from lasersampling.workers.pieces import Lost, Workers, finished
from lasersampling.workers.processes import Processes
from lasersampling.workers.slurm import Slurm

__all__ = ["Cluster", "Lost", "Processes", "Slurm", "Workers", "finished"]
