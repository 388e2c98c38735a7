"""Progress of long work, on terminals and elsewhere, and the time left as soon as it is known."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lasersampling.commands.stopping import raise_if_stopped
from lasersampling.commands.terminal import printable
from lasersampling.results.numbers import duration

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from lasersampling.compile_clock import CompileClock

_WIDTH_OF_PIPES = 80
_SECONDS_BETWEEN_LINES = 10.0
_SILENT_S = 3.0
"""Work that reports no fraction, or is already finishing, is shown after this time [s]."""
_BAR_AFTER_S = 1.0
_RECENT_S = 30.0
_KNOWN_AFTER_S = 5.0
_COMPILING = "compiling, the first time only"


class Pace:
    """Speed of the work in the last while, and the time left that follows from it.

    Work is seldom even: at first code is compiled, and parts differ. So the time left follows from
    the last half minute, and is unknown until five seconds of it have been seen.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, now: float, fraction: float) -> None:
        """Record the fraction done at a moment [s]."""
        if self._seen and fraction < self._seen[-1][1]:
            self._seen.clear()  # the work has begun anew
        self._seen.append((now, fraction))
        # One entry older than the window is kept, so that slow work has two.
        while len(self._seen) > 2 and now - self._seen[1][0] >= _RECENT_S:
            self._seen.popleft()

    def left_s(self, now: float) -> float | None:
        """Time left at a moment, None while it is unknown [s]."""
        if len(self._seen) < 2:
            return None
        (first, begun), (last, done) = self._seen[0], self._seen[-1]
        if last - first < _KNOWN_AFTER_S or now - last > _RECENT_S or done <= begun or done >= 1:
            return None
        # Up to now, and not up to the last step: the speed of stalled work decreases.
        return (1 - done) * (now - first) / (done - begun)


class Lines:
    """Progress without a terminal: a plain line from time to time; used in a ``with`` block.

    Parameters
    ----------
    what : str
        What is being done.
    say : callable
        Called with each line.
    clock : CompileClock
        Says whether code is compiled.
    """

    def __init__(self, what: str, say: Callable[[str], None], clock: CompileClock) -> None:
        self._what, self._say, self._clock = what, say, clock
        self._pace = Pace()
        self._fraction: float | None = None
        self._started = time.monotonic()
        self._due = self._started + _SILENT_S
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Lines:
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._watch.join()

    def __call__(self, fraction: float) -> None:
        """Record the fraction done, 0 to 1; ends here if the process was asked to stop."""
        raise_if_stopped()
        now = time.monotonic()
        with self._lock:
            if fraction > 0:
                self._pace.add(now, fraction)
                if self._fraction is None:  # there will soon be more to report
                    self._due = max(self._due, self._started + _SECONDS_BETWEEN_LINES)
                if fraction >= 1 and (self._fraction or 0) < 1:
                    self._due = now + _SILENT_S
                self._fraction = fraction
        self.tick(now)

    def tick(self, now: float) -> None:
        """Print a line if it is time for one."""
        with self._lock:
            if now < self._due:
                return
            self._due = now + _SECONDS_BETWEEN_LINES
            line = self._line(now)
        self._say(line)

    def _line(self, now: float) -> str:
        so_far = f"{duration(now - self._started, whole_seconds=True)} so far"
        if self._clock.is_running:
            return f"{self._what}: {_COMPILING}, {so_far}"
        if self._fraction is None:
            return f"{self._what}: {so_far}"
        if self._fraction >= 1:
            return f"{self._what}: finishing, {so_far}"
        left = self._pace.left_s(now)
        rest = so_far if left is None else f"{duration(left, whole_seconds=True)} left"
        return f"{self._what}: {self._fraction:.0%}, {rest}"

    def _tell(self) -> None:
        while not self._over.wait(0.5):
            self.tick(time.monotonic())


class Bar:
    """Progress on a terminal; used in a ``with`` block.

    It appears with the first fraction, or after a second, so not for work that is quickly done.

    Parameters
    ----------
    what : str
        What is being done.
    clock : CompileClock
        Says whether code is compiled.
    """

    def __init__(self, what: str, clock: CompileClock) -> None:
        from rich import progress as bars
        from rich.text import Text

        class Remark(bars.ProgressColumn):
            """Says at each refresh whether code is compiled, and otherwise the time left."""

            def render(self, task: bars.Task) -> Text:
                return Text(_COMPILING if clock.is_running else task.fields["left"])

        self._bar = bars.Progress(
            bars.SpinnerColumn(spinner_name="line"),
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            Remark(),
            bars.TimeElapsedColumn(),
            console=console(sys.stderr),
        )
        self._task = self._bar.add_task(what, total=None, left="")
        self._pace = Pace()
        self._later = threading.Timer(_BAR_AFTER_S, self._bar.start)
        self._later.daemon = True

    def __enter__(self) -> Bar:
        self._later.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._later.cancel()
        self._later.join()
        self._bar.stop()

    def __call__(self, fraction: float) -> None:
        """Record the fraction done, 0 to 1; ends here if the process was asked to stop."""
        raise_if_stopped()
        now = time.monotonic()
        self._pace.add(now, fraction)
        left = self._pace.left_s(now)
        shown = f"{fraction:4.0%}" + (
            "" if left is None else f", {duration(left, whole_seconds=True)} left"
        )
        self._bar.start()
        self._bar.update(self._task, total=1.0, completed=fraction, left=shown)


def console(stream: Any) -> Console:
    """Make a console of rich that writes to a stream, wide enough for tables in pipes."""
    from rich.console import Console

    class Plain(Console):
        """Replaces characters that the stream lacks before columns are measured, to align them."""

        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text, stream), **options)

    width = None if stream.isatty() else _WIDTH_OF_PIPES
    return Plain(file=stream, width=width, highlight=False)
