"""Certificates at the command line: how they are shown, and the option ``--strict``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from lasersampling.sampling.certificate import Judgement

NOT_CERTIFIED = 3
"""Exit code with ``--strict`` for draws that do not agree with their law within their error."""

Strict = Annotated[
    bool,
    typer.Option("--strict", help="Exit with code 3 unless the draws agree within their error."),
]


def with_certificate(table: RenderableType, found: Judgement, remarks: Sequence[str] = ()) -> Group:
    """Put the certificate, as sentences and as a table, below the result of a command.

    Remarks on what was done before the draws follow its sentences.
    """
    from rich.console import Group
    from rich.markup import escape
    from rich.padding import Padding

    from lasersampling.cli.tables import printable, rows_table

    verdict, *others = (escape(printable(line)) for line in [*found.sentences(), *remarks])
    told = "\n".join([f"[bold]{verdict}[/bold]", *others])
    rows = rows_table("Certificate", ("about", "what", "found"), found.rows())
    return Group(table, rows, Padding(told, (0, 2, 1, 2)))


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
