"""Entry point of the command: its subcommands, and exit codes for errors.

Exit codes: 0 done, 1 failed, 2 bad input, 3 draws that ``--strict`` rejects, 130 interrupted.
"""

from __future__ import annotations

import functools
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import lasersampling
from lasersampling.cli.adapting import with_rounds
from lasersampling.cli.calibrate import calibrate
from lasersampling.cli.classify import classify
from lasersampling.cli.convert import convert
from lasersampling.cli.fit import fit
from lasersampling.cli.generate import generate
from lasersampling.cli.infer import infer
from lasersampling.cli.info import info
from lasersampling.cli.output import Invocation
from lasersampling.cli.sample import sample
from lasersampling.cli.serve import serve
from lasersampling.cli.simulate import simulate
from lasersampling.cli.stopping import Stopped, stopped_by_signals
from lasersampling.cli.terminal import prepare_streams
from lasersampling.errors import InputError, LaserSamplingError, LaserSamplingWarning

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


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
        with _exit_codes():
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Turn errors within the block into a message and an exit code."""
    try:
        with stopped_by_signals(), _warnings_as_lines():
            yield
        return
    except InputError as error:
        _say("bad input", str(error))
        code = BAD_INPUT
    except BrokenPipeError:
        raise  # the reader of our output has gone; typer ends the process without a message
    except MemoryError as error:
        said = f" ({error})" if str(error) else ""
        _say("bad input", f"more was asked for than fits into memory{said}; ask for less at a time")
        code = BAD_INPUT
    except (LaserSamplingError, OSError) as error:
        _say("failed", str(error))
        code = FAILED
    except KeyboardInterrupt as stop:
        by = stop.args[0] if isinstance(stop, Stopped) else "the keyboard"
        _say("interrupted", f"stopped by {by}")
        code = INTERRUPTED
    raise typer.Exit(code)


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Report each `LaserSamplingWarning` within the block once, as a line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", LaserSamplingWarning)
        show, said = warnings.showwarning, set[str]()

        def say(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, LaserSamplingWarning):
                show(message, category, *where, **more)
            elif str(message) not in said:
                said.add(str(message))
                _say("warning", str(message))

        warnings.showwarning = say
        yield


app = typer.Typer(
    cls=_ExitCodes,
    name="lasersampling",
    help="Simulated spiking nanolasers that sample Boltzmann machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _command in (simulate, calibrate, sample, fit, infer, generate, classify, convert, info):
    app.command()(_command)
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
        _say("interrupted", f"stopped by {stop}")
        sys.exit(INTERRUPTED)


def run(script: Callable[..., None]) -> None:
    """Run a function as a command of its own, with the same exit codes: for experiments."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @app.command(help=script.__doc__)
    @functools.wraps(script)
    def guarded(**options: Any) -> None:
        with _exit_codes():
            script(**options)

    prepare_streams()
    app()


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


def _say(kind: str, text: str) -> None:
    """Write a message to standard error, one line for each problem."""
    for line in text.splitlines():
        print(f"lasersampling: {kind}: {line}", file=sys.stderr)
