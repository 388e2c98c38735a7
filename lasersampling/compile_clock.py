"""How long numba compiles, and whether it does so now."""

from __future__ import annotations

import time
from types import TracebackType

from numba.core import event


class CompileClock(event.Listener):  # type: ignore[misc]
    """Counts the time for which code is compiled; used in a ``with`` block.

    Code that was compiled before and is read from a file does not count.

    Examples
    --------
    >>> import numba
    >>> with CompileClock() as clock:
    ...     numba.jit(lambda x: x + 1)(1)
    2
    >>> clock.is_running, clock.seconds > 0
    (False, True)
    """

    def __init__(self) -> None:
        self._depth, self._began, self._sums = 0, (0.0, 0.0), (0.0, 0.0)

    @property
    def is_running(self) -> bool:
        """Whether code is compiled now."""
        return self._depth > 0

    @property
    def seconds(self) -> float:
        """Time for which code was compiled, until now [s]."""
        return self._until_now()[0]

    @property
    def processor_seconds(self) -> float:
        """Processor time of the process in that time [s]."""
        return self._until_now()[1]

    def on_start(self, event: event.Event) -> None:
        """Note that numba begins to compile a function, perhaps within another one."""
        if self._depth == 0:
            self._began = _now()
        self._depth += 1

    def on_end(self, event: event.Event) -> None:
        """Note that numba has compiled it, or failed to do so."""
        if self._depth == 1:
            self._sums = self._until_now()
        self._depth -= 1

    def _until_now(self) -> tuple[float, float]:
        """Wall and processor time."""
        if not self.is_running:
            return self._sums
        (wall, computed), (first, begun), (total, used) = _now(), self._began, self._sums
        return total + wall - first, used + computed - begun

    def __enter__(self) -> CompileClock:
        event.register("numba:compile", self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        event.unregister("numba:compile", self)


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()
