"""``lasersampling plot``: one figure of a results file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.options import OUTPUT, Json, Overwrite, Quiet
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError
from lasersampling.paths import expanded


def plot(
    file: Annotated[str, typer.Argument(help="Results file (HDF5).")],
    figure: Annotated[
        str | None, typer.Argument(help="Figure to draw; without it, those that fit are listed.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=expanded,
            metavar="NAME.png|svg|pdf",
            help="File to write; by default FILE_FIGURE.png beside the results, or for a run that "
            "has not come to its end FILE_FIGURE_so_far.png.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw one figure of a results file, as PNG, SVG or PDF."""
    from rich.text import Text

    from lasersampling.cli.tables import rows_table
    from lasersampling.results.figures import candidates, save_figure, title_of
    from lasersampling.results.unfinished import unfinished

    reporter = Reporter(quiet=quiet, as_json=as_json)
    path = expanded(file)
    fitting = candidates(path)
    left = unfinished(path)
    lacks = not fitting if figure is None else figure not in fitting
    if left is not None and lacks:
        expected = f"one that has; {left.kept}{left.way}"
        raise InputError.single(str(path), "a run that has not come to its end", expected)
    if figure is None:
        if out is not None:
            if not fitting:
                expected = "a results file with what a figure shows"
                raise InputError.single(str(path), "nothing that a figure shows", expected)
            listed = ", ".join(fitting)
            raise InputError.single("FIGURE", "nothing", f"the figure for --out: {listed}")
        shown = [{"figure": name, "shows": title_of(name)} for name in fitting]
        title = f"figures of {path}" if fitting else f"{path} holds nothing that a figure shows"
        rows = [(one["figure"], one["shows"]) for one in shown]
        if left is not None:
            reporter.status(str(left))
        table = rows_table(title, ("figure", "what it shows"), rows)
        reporter.result({"file": str(path), "figures": shown}, table)
        return
    if figure not in fitting:
        expected = f"one that {path} can show: {', '.join(fitting) or 'none'}"
        raise InputError.single("FIGURE", repr(figure), expected)
    # The name without that belongs to the figure that the run draws at its end.
    end = "" if left is None else "_so_far"
    target = path.with_name(f"{path.stem}_{figure}{end}.png") if out is None else out
    if left is not None:
        reporter.status(str(left))
    with reporter.working(f"drawing {figure}"):
        save_figure(path, figure, target, overwrite=overwrite)
    reporter.result(
        {"file": str(path), "figure": figure, "written": str(target)}, Text(f"written: {target}")
    )
