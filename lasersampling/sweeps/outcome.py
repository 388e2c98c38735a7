"""What became of a piece of a sweep."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lasersampling.results import Metric
from lasersampling.sweeps.grid import Cell


@dataclass(frozen=True)
class Outcome:
    """What became of a piece.

    Attributes
    ----------
    cell : Cell
        Values and seed of the piece.
    command : str
        Command line that does the same piece again.
    metrics : mapping of str to Metric
        Figures of merit; none if it failed.
    wall_time_s : float
        How long it took; nan if that is unknown [s].
    commit : str
        Commit of the library that did it.
    failure : str or None
        Why it has no results.
    warnings : tuple of str
        What the command warned of.
    """

    cell: Cell
    command: str
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    wall_time_s: float = math.nan
    commit: str = ""
    failure: str | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Write the outcome on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Outcome:
        """Read an outcome.

        Raises
        ------
        ValueError, TypeError, LookupError
            If the line holds none, such as one of which a part is missing.
        """
        held: dict[str, Any] = json.loads(line)
        cell, metrics = held.pop("cell"), held.pop("metrics")
        known = {
            name: Metric(**{**one, "interval": tuple(one["interval"]) if one["interval"] else None})
            for name, one in metrics.items()
        }
        warnings = tuple(held.pop("warnings"))
        return cls(
            Cell(tuple(cell["values"]), int(cell["seed"])), metrics=known, warnings=warnings, **held
        )
