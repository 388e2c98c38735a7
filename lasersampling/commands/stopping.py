"""Runs that are stopped by a signal end as by Ctrl-C, and remove unfinished files.

An exception that is raised while compiled code calls back into Python can be lost there. So a stop
is remembered, and `raise_if_stopped` raises it again at the next step of the work.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lasersampling.interrupts import signals_wait

_SIGNALS = ("SIGTERM", "SIGHUP")
"""Sent by `kill`, by batch systems at the end of their time, and by a terminal that closes."""


_asked: list[KeyboardInterrupt] = []
"""Exception that the last signal of the present block raised."""


class Stopped(KeyboardInterrupt):
    """A signal asked the process to end; its name is the argument."""


def raise_if_stopped() -> None:
    """Raise again what a signal raised, if it was lost on the way.

    Raises
    ------
    KeyboardInterrupt
        Once for each time that the process was asked to end.
    """
    if _asked and threading.current_thread() is threading.main_thread():
        raise _asked.pop()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise `Stopped` in the running code when a signal to end arrives within the block.

    Signals that the parent of the process has set to be ignored, as `nohup` does, stay ignored.
    After the first signal others are ignored until the end of the block, so that nothing interrupts
    the cleaning up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives signals
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    # None is a handler that was not set by Python, which we must not replace.
    before = {number: signal.getsignal(number) for number in numbers}
    own = [number for number in numbers if before[number] not in (signal.SIG_IGN, None)]

    keyboard = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: object) -> None:
        for other in own:
            signal.signal(other, signal.SIG_IGN)
        _asked[:] = [Stopped(signal.Signals(number).name)]
        raise _asked[0]

    def stop_by_keyboard(number: int, frame: object) -> None:
        _asked[:] = [KeyboardInterrupt()]
        raise _asked[0]

    for number in own:
        signal.signal(number, stop)
    if keyboard is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop_by_keyboard)
    try:
        with signals_wait():
            yield
    finally:
        _asked.clear()
        if keyboard is signal.default_int_handler:
            signal.signal(signal.SIGINT, keyboard)
        for number in own:
            signal.signal(number, before[number])
