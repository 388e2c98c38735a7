"""``lasersampling info``: describes a results, machine, network or device file."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.completing import completed
from lasersampling.cli.options import All, Json
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError
from lasersampling.paths import expanded, is_file_name, no_such_file

SHIPPED_KINDS = ("devices", "machines", "bayesian_networks", "networks")


def info(
    file: Annotated[
        str,
        typer.Argument(
            help="Results, machine, device, network or NumPy file, or the name of a shipped model.",
            autocompletion=completed(*SHIPPED_KINDS),
        ),
    ],
    as_json: Json = False,
    show_all: All = False,
) -> None:
    """Describe a file of results or of a model: machine, device, network."""
    from lasersampling.cli.describe import describe

    path = _find(file)
    values, shown = describe(path, whole=show_all)
    Reporter(quiet=False, as_json=as_json).result({"file": str(path)} | values, shown)


def _find(name: str) -> Path:
    """Return an existing path, or the path of the shipped model of this name."""
    from lasersampling.config import shipped_names, shipped_path

    path = expanded(name)
    if path.exists():
        return path
    if is_file_name(name):
        raise InputError.single(name, no_such_file(path), "an existing file")
    shipped = {model: kind for kind in SHIPPED_KINDS for model in shipped_names(kind)}
    if name in shipped:
        return shipped_path(shipped[name], name)
    models = f", or a shipped model: {', '.join(shipped)}" if shipped else ""
    near = difflib.get_close_matches(name, shipped, n=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    raise InputError.single(name, f"no such file or model{meant}", f"an existing file{models}")
