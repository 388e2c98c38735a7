"""Rows of a table of speeds, what is kept of them, and what has become slower since."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lasersampling.atomic import atomic_path
from lasersampling.errors import InputError

WORSE_BY = 0.15
"""A ratio that is worse than the accepted one by this fraction is called worse."""


@dataclass(frozen=True)
class Row:
    """A speed or a time, and its ratio to something that was measured in the same run.

    Attributes
    ----------
    name : str
        What was measured.
    value : float
        Its measure; nan if it could not be measured.
    unit : str
        The unit of `value`.
    ratio : float
        Ratio to `of`, which hardly depends on the machine.
    of : str
        What the ratio is to.
    better : "higher" or "lower"
        Which ratios are better.
    """

    name: str
    value: float
    unit: str
    ratio: float
    of: str
    better: Literal["higher", "lower"] = "higher"

    @classmethod
    def missing(cls, name: str, reason: str) -> Row:
        """What could not be measured, and why."""
        return cls(name, math.nan, "", math.nan, reason)

    def over(self, accepted: float) -> float:
        """How many times as good as the accepted ratio this one is."""
        quotient = self.ratio / accepted
        return quotient if self.better == "higher" else 1.0 / quotient


def table(rows: list[Row], accepted: dict[str, float]) -> str:
    """Columns for a terminal; ratios that are accepted stand beside."""
    lines = [f"{'':44s} {'value':>8s} {'':16s} {'ratio':>7s} {'before':>7s}  to"]
    for row in rows:
        if math.isnan(row.value):
            lines.append(f"{row.name:44s} not measured: {row.of}")
            continue
        before = accepted.get(row.name)
        shown = "" if before is None else f"{before:.2f}"
        sign = "!" if before is not None and row.over(before) < 1.0 - WORSE_BY else " "
        lines.append(
            f"{row.name:44s} {row.value:8.3g} {row.unit:16s} {row.ratio:7.2f} {shown:>7s}{sign} "
            f"{row.of}"
        )
    return "\n".join(lines)


def worse(rows: list[Row], accepted: dict[str, float]) -> list[str]:
    """Sentences on ratios that are clearly worse than the accepted ones."""
    found = []
    for row in rows:
        before = accepted.get(row.name)
        if before is not None and not math.isnan(row.ratio) and row.over(before) < 1.0 - WORSE_BY:
            found.append(
                f"{row.name}: ratio {row.ratio:.2f} to {row.of}, where {before:.2f} was accepted"
            )
    return found


def write(path: Path, rows: list[Row], about: dict[str, Any], *, overwrite: bool) -> None:
    """Keep rows and what they were measured on as JSON."""
    text = json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read(path: Path) -> tuple[list[Row], dict[str, Any]]:
    """Return rows that were kept, and what they were measured on."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        rows = [Row(**row) for row in kept.pop("rows")]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError.single(str(path), repr(error)[:80], "what bench.py has kept") from None
    return rows, kept
