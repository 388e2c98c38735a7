"""Certificates at the command line: how they are shown, and the option ``--strict``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.options import OUTPUT
from lasersampling.commands.exit_codes import say

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from lasersampling.results import Results
    from lasersampling.sampling.certificate import Judgement

NOT_CERTIFIED = 3
"""Exit code with ``--strict`` for draws that do not agree with their law within their error."""

Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Exit with code 3 unless the draws agree within their error.",
        rich_help_panel=OUTPUT,
    ),
]


def with_certificate(
    table: RenderableType,
    found: Judgement,
    remarks: Sequence[str] = (),
    *,
    whole: bool,
    n_hidden: int = 0,
) -> Group:
    """Put the verdict before the result of a command, and what it rests on after it.

    Parameters
    ----------
    table : renderable
        Result of the command.
    found : Judgement
        The certificate, whose sentences come first.
    remarks : sequence of str
        What was done before the draws, which is said below the table.
    whole : bool
        Whether to show the findings that the verdict rests on.
    n_hidden : int
        Measures that are missing from the table.
    """
    from rich.console import Group

    from lasersampling.cli.tables import hints, paragraph, rows_table

    verdict, *others = found.sentences()
    parts = [paragraph([verdict, *others], bold=verdict), table]
    if whole:
        parts.append(rows_table("Certificate", ("about", "what", "found"), found.rows()))
    if remarks:
        parts.append(paragraph(remarks))
    return Group(*parts, *hints(n_hidden, "" if whole else "what the verdict rests on"))


def pictures_remarks(found: Judgement, duration_ns: float) -> list[str]:
    """Say what a certificate means for pictures, of which each chain draws one."""
    from lasersampling.sampling.certificate import Verdict

    if found.verdict not in (Verdict.UNMIXED, Verdict.UNKNOWN):
        return []
    return [
        f"Each chain drew one picture for {duration_ns:g} ns, and need not change to another in "
        "this time. So the certificate says that averages over these draws may not be those of the "
        "machine; single pictures are judged by the table above, compared with Gibbs sampling."
    ]


def enforce(found: Judgement, *, strict: bool) -> None:
    """Exit with code 3 if that was asked for and the draws cannot be trusted."""
    if strict and not found.holds:
        raise typer.Exit(NOT_CERTIFIED)


def enforce_again(finished: Results, *, strict: bool) -> None:
    """Exit as `enforce` did at the end of a run that is complete, by the verdict in its file."""
    from lasersampling.sampling.certificate import Verdict

    verdict = finished.attributes.get("certificate", {}).get("verdict")
    if strict and verdict is not None and verdict != Verdict.AGREES:
        say("failed", f"{finished.path}: the verdict on the draws: {verdict}")
        raise typer.Exit(NOT_CERTIFIED)
