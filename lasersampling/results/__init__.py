"""Results files, and the figures made from them."""

from __future__ import annotations

from lasersampling.results.reading import Metric, Results, Variable, read_results
from lasersampling.results.store import ResultsFile

__all__ = ["Metric", "Results", "ResultsFile", "Variable", "read_results"]
