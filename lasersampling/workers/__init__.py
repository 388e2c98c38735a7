"""Pieces of work, done side by side by processes, which know nothing of what the work is.

Nothing of lasers, networks or files enters here. A piece that a worker has lost is given to another
one, and after some such losses given up, so that one worker never costs more than its piece.
"""

from lasersampling.workers.pieces import Lost, Workers, finished
from lasersampling.workers.processes import Processes

__all__ = ["Lost", "Processes", "Workers", "finished"]
