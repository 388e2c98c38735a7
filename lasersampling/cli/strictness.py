"""How ``--strict`` ends a run that was complete already; without the code of samplers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lasersampling.commands.exit_codes import say

if TYPE_CHECKING:
    from lasersampling.results import Results

NOT_CERTIFIED = 3
"""Exit code with ``--strict`` for draws that do not agree with their law within their error."""

AGREES = "agrees within its error"
"""The verdict in files of draws that do, `sampling.certificate.Verdict.AGREES`."""


def enforce_again(finished: Results, *, strict: bool) -> None:
    """Exit as `certifying.enforce` did at the end of a run, by the verdict in its file."""
    verdict = finished.attributes.get("certificate", {}).get("verdict")
    if strict and verdict is not None and verdict != AGREES:
        say("failed", f"{finished.path}: the verdict on the draws: {verdict}")
        raise typer.Exit(NOT_CERTIFIED)
