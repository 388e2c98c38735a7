"""What a command says: progress and remarks on standard error, results on standard output."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

from lasersampling.cli.terminal import printable

_SECONDS_BETWEEN_LINES = 10.0
_WIDTH_OF_PIPES = 120


class Reporter:
    """Speaks for one run of a command.

    Parameters
    ----------
    quiet : bool
        Say nothing but the result.
    as_json : bool
        Give the result as one line of JSON.
    """

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._quiet = quiet
        self._as_json = as_json

    def status(self, text: str) -> None:
        """Remark on the run, on standard error."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[float], None]]:
        """Show how far long work is, with an estimate of the time left.

        Parameters
        ----------
        what : str
            What is being done, "sampling".

        Yields
        ------
        callable
            To be called with the fraction done, 0 to 1.
        """
        if self._quiet:
            yield lambda fraction: None
        elif sys.stderr.isatty():
            bar = _Bar(what)
            try:
                yield bar
            finally:
                bar.stop()
        else:
            yield _Lines(what, self.status)

    def result(self, values: Mapping[str, Any], table: RenderableType) -> None:
        """Give the result: `table` for people, or `values` as JSON.

        JSON knows no infinities and no NaN; both become null.
        """
        if self._as_json:
            print(json.dumps(_finite(values), allow_nan=False), flush=True)
        else:
            _console(sys.stdout).print(table)


class _Bar:
    """Progress on a terminal; it appears with the first call, so not for work already done."""

    def __init__(self, what: str) -> None:
        from rich import progress as bars

        self._bar = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TaskProgressColumn(),
            bars.TimeRemainingColumn(),
            console=_console(sys.stderr),
        )
        self._task = self._bar.add_task(what, total=1.0)

    def __call__(self, fraction: float) -> None:
        self._bar.start()
        self._bar.update(self._task, completed=fraction)

    def stop(self) -> None:
        self._bar.stop()


class _Lines:
    """Progress where there is no terminal: a plain line now and then."""

    def __init__(self, what: str, say: Callable[[str], None]) -> None:
        self._what = what
        self._say = say
        self._started = self._last = time.monotonic()

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if fraction <= 0 or now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        left = (now - self._started) * (1 - fraction) / fraction
        self._say(f"{self._what}: {fraction:.0%}, {left:.0f} s left")


def _console(stream: Any) -> Console:
    from rich.console import Console

    class Plain(Console):
        """Replaces what the stream lacks before columns are measured, so that they stay aligned."""

        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text, stream), **options)

    width = None if stream.isatty() else _WIDTH_OF_PIPES
    return Plain(file=stream, width=width, highlight=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
