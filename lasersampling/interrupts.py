"""Signals that arrive where an exception would be lost wait a moment.

The handler of a signal raises an exception in whatever Python code runs at that moment. In code
that compiled code calls, such as the file that HDF5 writes through, in finalizers and in callbacks
of weak references, exceptions are reported and then forgotten: what called goes on as if its work
were done. There a signal is sent again after a moment, until it meets other code.
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C; what is sent by `kill`, by batch systems, and by a terminal that closes."""

_MOMENT_S = 0.01

_called_back: set[CodeType] = set()


def called_back(function: F) -> F:
    """Mark a function that compiled code calls, which forgets the exceptions of the function.

    Examples
    --------
    >>> @called_back
    ... def compare(one: int, other: int) -> int:
    ...     return one - other
    >>> compare(3, 2)
    1
    """
    _called_back.add(function.__code__)
    return function


def forgets_exceptions(frame: FrameType | None) -> bool:
    """Return whether an exception that is raised in a frame would be forgotten on its way out."""
    while frame is not None:
        code = frame.f_code
        if (
            code in _called_back
            or code.co_name == "__del__"
            or code.co_filename == weakref.__file__
        ):
            return True
        frame = frame.f_back
    return False


class _Waiting:
    """Handlers of signals, each in front of the one that was there before."""

    def __init__(self) -> None:
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._asked: set[int] = set()
        self._lock = _thread.allocate_lock()

    def install(self) -> None:
        for number in [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]:
            before = signal.getsignal(number)
            if callable(before):  # not ignored, and not the default of the system
                self._before[number] = before
                signal.signal(number, self._handle)

    def remove(self) -> None:
        with self._lock:
            left, self._asked = self._asked, set()
        for number, before in self._before.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, before)
        for number in left:
            self._before[number](number, None)

    def _handle(self, number: int, frame: FrameType | None) -> Any:
        if not forgets_exceptions(frame):
            self._asked.discard(number)
            return self._before[number](number, frame)
        self._asked.add(number)
        # `threading` takes locks that the code may hold in which the signal arrived.
        _thread.start_new_thread(self._send_again, (number,))
        return None

    def _send_again(self, number: int) -> None:
        time.sleep(_MOMENT_S)
        with self._lock:
            if number in self._asked:
                signal.raise_signal(number)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Let signals wait, within the block, as long as their exceptions would be forgotten.

    Handlers that Python code has set act as before, but for that. Signals that still wait at the
    end of the block act there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread runs handlers
        return
    waiting = _Waiting()
    waiting.install()
    try:
        yield
    finally:
        waiting.remove()
