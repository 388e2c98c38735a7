"""Output of a command: progress and remarks on standard error, results on standard output."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lasersampling.commands.progress import Bar, Lines, console
from lasersampling.commands.stopping import raise_if_stopped

if TYPE_CHECKING:
    from rich.console import RenderableType


class Reporter:
    """Output of one run of a command.

    Parameters
    ----------
    quiet : bool
        Whether nothing but the result is shown.
    as_json : bool
        Whether the result is one line of JSON.
    """

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._quiet = quiet
        self._as_json = as_json

    def status(self, text: str) -> None:
        """Print a remark on the run to standard error."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[float], None]]:
        """Show the progress of long work, with an estimate of the time left.

        Parameters
        ----------
        what : str
            What is being done, such as "sampling".

        Yields
        ------
        callable
            To be called with the fraction done, 0 to 1.
        """
        if self._quiet:
            yield lambda fraction: raise_if_stopped()
            return
        from lasersampling.compile_clock import CompileClock  # which imports numba

        with CompileClock() as clock:
            if sys.stderr.isatty():
                with Bar(what, clock) as bar:
                    yield bar
            else:
                with Lines(what, self.status, clock) as lines:
                    yield lines

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that work is going on that reports no progress; see `progress`."""
        with self.progress(what):
            yield

    def result(self, values: Mapping[str, Any], table: RenderableType) -> None:
        """Print the result: `table` for people, or `values` as JSON.

        JSON has no infinities and no NaN; both become null.
        """
        if self._as_json:
            print(json.dumps(_finite(values), allow_nan=False), flush=True)
        else:
            console(sys.stdout).print(table, crop=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
