"""Errors become a message and an exit code, for commands and experiments alike.

Exit codes: 0 done, 1 failed, 2 bad input, 3 draws that ``--strict`` rejects, 130 interrupted.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from lasersampling.commands.stopping import Stopped, stopped_by_signals
from lasersampling.errors import InputError, LaserSamplingError, LaserSamplingWarning

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors within the block into a message and an exit code.

    Raises
    ------
    typer.Exit
        With the code, after the message.
    """
    try:
        with stopped_by_signals(), _warnings_as_lines():
            yield
        return
    except InputError as error:
        say("bad input", str(error))
        code = BAD_INPUT
    except BrokenPipeError:
        raise  # the reader of our output has gone; typer ends the process without a message
    except MemoryError as error:
        said = f" ({error})" if str(error) else ""
        say("bad input", f"more was asked for than fits into memory{said}; ask for less at a time")
        code = BAD_INPUT
    except (LaserSamplingError, OSError) as error:
        # Notes of whom it passed on its way say how to go on.
        say("failed", "\n".join([str(error), *getattr(error, "__notes__", ())]))
        code = FAILED
    except KeyboardInterrupt as stop:
        by = stop.args[0] if isinstance(stop, Stopped) else "the keyboard"
        say("interrupted", "; ".join([f"stopped by {by}", *getattr(stop, "__notes__", ())]))
        code = INTERRUPTED
    raise typer.Exit(code)


def say(kind: str, text: str) -> None:
    """Write a message to standard error, one line for each problem."""
    for line in text.splitlines():
        print(f"lasersampling: {kind}: {line}", file=sys.stderr)


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Report each `LaserSamplingWarning` within the block once, as a line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", LaserSamplingWarning)
        show, said = warnings.showwarning, set[str]()

        def told(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, LaserSamplingWarning):
                show(message, category, *where, **more)
            elif str(message) not in said:
                said.add(str(message))
                say("warning", str(message))

        warnings.showwarning = told
        yield
