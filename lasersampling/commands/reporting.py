"""Output of a command: progress and remarks on standard error, results on standard output."""

from __future__ import annotations

import json
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lasersampling.commands.progress import Bar, Lines, Pace, console
from lasersampling.commands.stopping import raise_if_stopped
from lasersampling.errors import LaserSamplingWarning
from lasersampling.results.numbers import duration

if TYPE_CHECKING:
    from rich.console import RenderableType


_LONG_S = 600.0
"""Work that will take longer than this should be kept [s]."""


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
        self._is_lost = False

    def nothing_is_kept(self) -> None:
        """Warn once, as soon as it is known, if work will take longer than ten minutes.

        For runs without a results file, of which nothing remains if they are stopped.
        """
        self._is_lost = True

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
            yield self._foreseen(lambda fraction: raise_if_stopped())
            return
        from lasersampling.compile_clock import CompileClock  # which imports numba

        with CompileClock() as clock:
            if sys.stderr.isatty():
                with Bar(what, clock) as bar:
                    yield self._foreseen(bar)
            else:
                with Lines(what, self.status, clock) as lines:
                    yield self._foreseen(lines)

    def _foreseen(self, tell: Callable[[float], None]) -> Callable[[float], None]:
        """Let progress warn of long work of which nothing is kept."""
        if not self._is_lost:
            return tell
        pace = Pace()

        def told(fraction: float) -> None:
            tell(fraction)
            if not self._is_lost or fraction <= 0:
                return
            now = time.monotonic()
            pace.add(now, fraction)
            left = pace.left_s(now)
            if left is not None and left > _LONG_S:
                self._is_lost = False
                warnings.warn(
                    f"about {duration(left)} are left, and nothing of this run is kept if it is "
                    "stopped; with --out FILE.h5 it keeps what it has finished, and goes on with "
                    "--resume",
                    LaserSamplingWarning,
                    stacklevel=2,
                )

        return told

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
