"""Signals that arrive where an exception would be forgotten act a moment later."""

import ctypes
import signal
import threading
import time
import weakref

import pytest

from lasersampling.interrupts import called_back, signals_wait

NUMBERS = [signal.SIGINT, signal.SIGTERM]


class Asked(Exception):
    """What the handler of a test raises."""


@pytest.fixture(autouse=True, params=NUMBERS, ids=lambda number: number.name)
def number(request):
    """A signal whose handler raises `Asked`."""

    def ask(number, frame):
        raise Asked

    before = signal.signal(request.param, ask)
    yield request.param
    assert signal.getsignal(request.param) is ask
    signal.signal(request.param, before)


def endless():
    end = time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.001)
    pytest.fail("the signal was forgotten")


def test_elsewhere_a_signal_acts_at_once(number):
    with pytest.raises(Asked), signals_wait():
        signal.raise_signal(number)
        pytest.fail("it waited")


def test_a_signal_in_a_callback_acts_after_it(number):
    ended = []

    @called_back
    def callback():
        signal.raise_signal(number)
        ended.append(True)

    with pytest.raises(Asked), signals_wait():
        ctypes.CFUNCTYPE(None)(callback)()  # ctypes forgets what a callback raises
        endless()
    assert ended == [True]


def test_a_signal_in_a_finalizer_acts_after_it(number):
    ended = []

    class Thing:
        def __del__(self):
            signal.raise_signal(number)
            ended.append(True)

    thing = Thing()
    with pytest.raises(Asked), signals_wait():
        del thing
        endless()
    assert ended == [True]


def test_a_signal_in_a_callback_of_a_weak_reference_acts_after_it(number):
    ended: list[bool] = []
    armed: list[bool] = []

    class Key:
        def __hash__(self):  # asked for when the entry of a value that is gone is removed
            if armed:
                signal.raise_signal(number)
                ended.append(True)
            return 1

    class Value:
        pass

    value = Value()
    held = weakref.WeakValueDictionary({Key(): value})
    armed.append(True)
    with pytest.raises(Asked), signals_wait():
        del value
        endless()
    armed.clear()
    assert ended == [True]
    assert not held


def test_a_signal_that_still_waits_at_the_end_acts_there(number):
    @called_back
    def callback():
        signal.raise_signal(number)

    with pytest.raises(Asked), signals_wait():
        callback()


def test_other_threads_change_nothing(number):
    before = signal.getsignal(number)

    def work():
        with signals_wait():
            found.append(signal.getsignal(number))

    found: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]
