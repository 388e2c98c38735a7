"""``lasersampling export``: arrays of a results file in formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.options import OUTPUT, SETTINGS, Json, Overwrite, Quiet
from lasersampling.commands.reporting import Reporter
from lasersampling.paths import expanded


def export(
    file: Annotated[str, typer.Argument(help="Results file (HDF5).")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="csv, parquet, netcdf or nwb-like.",
            rich_help_panel=SETTINGS,
        ),
    ],
    group: Annotated[
        list[str] | None,
        typer.Option(
            help="Group to export, may be repeated; by default samples, spikes, traces, "
            "history, pieces (of a sweep).",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=expanded,
            metavar="FOLDER",
            help="Folder of the files, which are named after the results; by default the same.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write samples, spikes, traces, histories and pieces of sweeps for other tools."""
    from rich.text import Text

    from lasersampling.export.writing import export as write
    from lasersampling.export.writing import planned

    reporter = Reporter(quiet=quiet, as_json=as_json)
    groups = group or []
    planned(file, to, groups, out, overwrite=overwrite)
    with reporter.working(f"writing {to}"):
        files = write(file, to, groups, out, overwrite=overwrite)
    reporter.result(
        {"file": str(expanded(file)), "to": to, "written": [str(one) for one in files]},
        Text("\n".join(f"written: {one}" for one in files)),
    )
