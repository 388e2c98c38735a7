"""Runs that are told to stop by a signal end as by Ctrl-C: what is half done is cleaned up.

An exception that is raised while compiled code calls back into Python can be swallowed there, so
that a stop has to be remembered: `raise_if_stopped` raises it again at the next step of the work.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = ("SIGTERM", "SIGHUP")
"""Sent by `kill`, by batch systems at the end of their time, and by a terminal that is closed."""


_asked: list[KeyboardInterrupt] = []
"""What was raised by the last signal of the present block."""


class Stopped(KeyboardInterrupt):
    """A signal asked the process to end; its name is the argument."""


def raise_if_stopped() -> None:
    """Raise again what a signal raised, if that was swallowed on the way.

    Raises
    ------
    KeyboardInterrupt
        Once for each time that a process was asked to end.
    """
    if _asked and threading.current_thread() is threading.main_thread():
        raise _asked.pop()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise `Stopped` where the program is when a signal to end arrives within the block.

    Signals that the caller of the process has set to be ignored, as `nohup` does, stay ignored.
    Once one has arrived others are ignored to the end of the block, so that nothing breaks into the
    cleaning up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's alone
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    # None is a handler that was not set by Python, which is not ours to replace.
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
        yield
    finally:
        _asked.clear()
        if keyboard is signal.default_int_handler:
            signal.signal(signal.SIGINT, keyboard)
        for number in own:
            signal.signal(number, before[number])
