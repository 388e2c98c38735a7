"""Work for the workers of a cluster, which find this file on their path."""

import os
import signal
import time
from pathlib import Path


def slow_square(number):
    time.sleep(0.2)
    return number * number


def recorded(piece):
    """Note in a file that a piece was begun, and who does it."""
    number, folder = piece
    with (Path(folder) / str(number)).open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(0.2)
    return number


def die(number):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
