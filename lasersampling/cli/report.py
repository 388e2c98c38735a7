"""``lasersampling report``: one page of HTML on results files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.options import OUTPUT, Json, Overwrite, Quiet
from lasersampling.commands.reporting import Reporter
from lasersampling.paths import expanded


def report(
    results: Annotated[
        list[str],
        typer.Argument(help="Results files (HDF5); several are compared.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=expanded,
            metavar="PAGE.html",
            help="Page to write; by default beside the first file, with its name.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write one page of HTML on results: verdict, figures, measures, how to repeat them.

    The page holds all that it shows, and can be sent and opened anywhere.
    """
    from rich.text import Text

    from lasersampling.report.page import checked_names, write_report

    reporter = Reporter(quiet=quiet, as_json=as_json)
    page = expanded(results[0]).with_suffix(".html") if out is None else out
    checked_names(results, page, overwrite=overwrite)
    with reporter.working("drawing the page"):
        written = write_report(results, page, overwrite=overwrite)
    size = written.stat().st_size
    told = {"page": str(written), "results": [str(expanded(name)) for name in results]}
    reporter.result(
        {**told, "bytes": size}, Text(f"written: {written} ({size / 1e6:.2g} MB, self-contained)")
    )
