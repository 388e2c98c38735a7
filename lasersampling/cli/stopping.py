"""Runs that are told to stop by a signal end as by Ctrl-C: what is half done is cleaned up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = ("SIGTERM", "SIGHUP")
"""Sent by `kill`, by batch systems at the end of their time, and by a terminal that is closed."""


class Stopped(KeyboardInterrupt):
    """A signal asked the process to end; its name is the argument."""


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

    def stop(number: int, frame: object) -> None:
        for other in own:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for number in own:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in own:
            signal.signal(number, before[number])
