"""Options that commands share.

Each command has a configuration class made by `config.validated`. Its fields are named like the
command's options (``duration_ns`` and ``--duration-ns``); `commands.configuring` makes one of the
other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.completing import completed
from lasersampling.paths import expanded
from lasersampling.results.names import SHOWN

INPUT, SETTINGS, OUTPUT = "Input", "Settings", "Output"
"""Groups of options in the help of commands."""

Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", help="Seed of all random numbers; the default is 0.", rich_help_panel=SETTINGS
    ),
]
Device = Annotated[
    str | None,
    typer.Argument(
        help="Device file (TOML), or the name of a shipped device.",
        autocompletion=completed("devices"),
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        parser=expanded,
        metavar="FILE.h5",
        help="Results file (HDF5) to write; figures are put beside it. A run that is stopped goes "
        "on from it (--resume).",
        rich_help_panel=OUTPUT,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the results file and its figures if they exist.",
        rich_help_panel=OUTPUT,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set any key of the configuration, such as device.synapse.kick=0.5; may be repeated.",
        rich_help_panel=SETTINGS,
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        parser=expanded,
        metavar="FILE.h5",
        help="Go on with a run that was stopped, from its results file, which also says with what "
        "arguments and options.",
        rich_help_panel=INPUT,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="Show no progress and no remarks.", rich_help_panel=OUTPUT),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one line of JSON on standard output, not a table.",
        rich_help_panel=OUTPUT,
    ),
]
All = Annotated[
    bool,
    typer.Option(
        "--all",
        help=f"Show all measures, not the {SHOWN} most important, and what a verdict rests on.",
        rich_help_panel=OUTPUT,
    ),
]
