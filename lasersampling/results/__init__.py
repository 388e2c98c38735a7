"""Results files: writing, reading, their layout, and the figures made from them.

What is written is computed elsewhere, by `lasersampling.judging` for instance; nothing here judges.
"""

from __future__ import annotations

from lasersampling.labelled import Variable
from lasersampling.results.reading import Metric, Results, read_results
from lasersampling.results.store import ResultsFile

__all__ = ["Metric", "Results", "ResultsFile", "Variable", "read_results"]
