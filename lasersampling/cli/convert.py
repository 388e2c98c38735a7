"""``lasersampling convert``: spiking networks between HDF5, NIR and plain arrays."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from lasersampling.cli.completing import completed
from lasersampling.cli.options import SETTINGS, Json, Overwrite, Quiet
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError
from lasersampling.paths import HDF5_SUFFIXES, expanded, suffix_of

if TYPE_CHECKING:
    from lasersampling.lif.exchange.nir_scales import Weights


def convert(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="Network (.h5, .nir, .npz), name of a shipped one, or results of classify.",
            autocompletion=completed("networks"),
        ),
    ],
    target: Annotated[
        Path, typer.Argument(parser=expanded, help="File to write: .h5, .nir or .npz.")
    ],
    member: Annotated[
        int | None,
        typer.Option(
            help="Member of an ensemble to write as NIR; the default is 0.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    tau_syn_s: Annotated[
        float | None,
        typer.Option(
            help="Synaptic time constant in seconds: the unit of time of a NIR file.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    step_s: Annotated[
        float | None,
        typer.Option(
            help="Time step in seconds, for NIR files of tools that simulate in steps.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Meaning of the weights in a NIR file: jumps (of the current, ignoring w_in), or "
            "nir (the jump is the weight times w_in / tau_syn).",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Convert a network of spiking neurons between HDF5, NIR and NumPy arrays."""
    from lasersampling.cli.describe import spiking_values
    from lasersampling.cli.tables import facts_table
    from lasersampling.config import resolve
    from lasersampling.lif.exchange.conversion import NirMeaning
    from lasersampling.lif.exchange.conversion import convert as convert_files
    from lasersampling.lif.exchange.network_file import is_network_file, load_network
    from lasersampling.results.trained_networks import trained_network

    reporter = Reporter(quiet=quiet, as_json=as_json)
    path = resolve("networks", source)
    is_results = suffix_of(path) in HDF5_SUFFIXES and not is_network_file(path)
    try:
        done = convert_files(
            path,
            target,
            command=context.obj.command,
            member=member,
            meaning=NirMeaning(tau_syn_s, step_s, cast("Weights | None", weights)),
            overwrite=overwrite,
            read=trained_network if is_results else load_network,
        )
    except InputError as error:
        names = ("member", "tau_syn_s", "step_s", "weights")
        options = {name: f"--{name.replace('_', '-')}" for name in names}
        raise InputError(p.at(options.get(p.where, p.where)) for p in error.problems) from None
    if done.jumps is not None and not all(math.isclose(j, 1.0, rel_tol=1e-3) for j in done.jumps):
        low, high = (f"{jump:.4g}" for jump in done.jumps)
        reporter.status(
            f"a weight of 1 in that file became a jump of the current by {low}"
            + ("" if low == high else f" to {high}")
            + "; if it should be 1, use --weights jumps (docs/exchange.md)"
        )
    for remark in done.remarks:
        reporter.status(remark)
    reporter.status(f"written: {target}")
    written = {"member": done.member, "tau_syn_s": done.tau_syn_s}
    values = spiking_values(done.network) | {k: v for k, v in written.items() if v is not None}
    told = {"source": source, "files": [str(target)]} | values
    reporter.result(told, facts_table(f"{source} as {target}", values))
