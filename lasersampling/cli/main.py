"""The command's entry point and its subcommands."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import lasersampling
from lasersampling.cli.calibrate import calibrate
from lasersampling.cli.classify import classify
from lasersampling.cli.compare import compare
from lasersampling.cli.convert import convert
from lasersampling.cli.examples import epilog_of, help_of
from lasersampling.cli.export import export
from lasersampling.cli.fit import fit
from lasersampling.cli.generate import generate
from lasersampling.cli.infer import infer
from lasersampling.cli.info import info
from lasersampling.cli.plot import plot
from lasersampling.cli.preparing import with_rounds
from lasersampling.cli.report import report
from lasersampling.cli.sample import sample
from lasersampling.cli.serve import serve
from lasersampling.cli.simulate import simulate
from lasersampling.cli.sweep import sweep
from lasersampling.commands.exit_codes import INTERRUPTED, exit_codes, say
from lasersampling.commands.invocation import Invocation
from lasersampling.commands.stopping import Stopped, stopped_by_signals
from lasersampling.commands.terminal import prepare_streams
from lasersampling.trust import untrusted_files


class _ExitCodes(TyperGroup):
    """Group of commands that turns errors into a message and an exit code."""

    def main(self, *args: Any, **options: Any) -> Any:
        prepare_streams()
        return super().main(*args, **options)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # Commands record in their results how they were called.
        ctx.obj = Invocation(shlex.join(["lasersampling", *args]))
        return super().parse_args(ctx, with_rounds(args))

    def invoke(self, ctx: Any) -> Any:
        with exit_codes(), _told_if_not_begun(ctx.obj), untrusted_files():
            return super().invoke(ctx)


@contextmanager
def _told_if_not_begun(invocation: Invocation) -> Iterator[None]:
    """Say of a command that is stopped before it computes anything that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt as stop:
        words = shlex.split(invocation.command)
        if not invocation.has_begun and words[1:2] and words[1] in _COMPUTING:
            same = "goes on" if "--resume" in words else "begins anew"
            stop.add_note(f"nothing was begun; the same command {same}")
        raise


app = typer.Typer(
    cls=_ExitCodes,
    name="lasersampling",
    help="Simulated spiking nanolasers that sample Boltzmann machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_LASERS = simulate, calibrate, sample, fit, infer, generate
_FILES = report, plot, export, convert, info
_COMPUTING = {one.__name__ for one in (*_LASERS, classify, compare, sweep)}
for _command in (*_LASERS, classify, compare, *_FILES):
    app.command(help=help_of(_command), epilog=epilog_of(_command.__name__))(_command)
# Its own options may stand between those of the command that is swept.
app.command(
    help=help_of(sweep), epilog=epilog_of("sweep"),
    context_settings={"ignore_unknown_options": True},
)(sweep)  # fmt: skip
app.add_typer(serve, name="serve")


def main() -> None:
    """Run the command with the arguments of the process, and exit with its code."""
    with _exit_codes_of_process():
        app(prog_name="lasersampling")


@contextmanager
def _exit_codes_of_process() -> Iterator[None]:
    """End by a signal as by Ctrl-C also while options are read and libraries are loaded."""
    try:
        with stopped_by_signals():
            yield
    except Stopped as stop:
        say("interrupted", f"stopped by {stop}")
        sys.exit(INTERRUPTED)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(lasersampling.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass
