"""A cluster on this machine: scheduler and workers are processes, connected by TCP."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class LocalCluster:
    """Starts and kills the scheduler and workers."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self):
        self.scheduler = self._started(
            "scheduler", "--host", "127.0.0.1", "--port", self.port, "--no-dashboard"
        )
        end = time.monotonic() + 120
        while time.monotonic() < end:  # a busy machine takes long to start it
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.1)

    def start_worker(self):
        """Start a worker without a nanny, so that it is one process that can be killed."""
        worker = self._started(
            "worker", self.address, "--nthreads", 1, "--no-nanny", "--no-dashboard"
        )
        self.workers.append(worker)
        return worker

    def restart(self):
        """Start another scheduler in place of one that was killed, and a worker."""
        self.start_scheduler()
        self.start_worker()

    def end(self):
        for process in (*self.workers, self.scheduler):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def _started(self, role, *arguments):
        words = [sys.executable, "-m", f"distributed.cli.dask_{role}", *map(str, arguments)]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            words, env={**os.environ, "PYTHONPATH": path}, stdout=quiet, stderr=quiet
        )


@contextlib.contextmanager
def local_cluster():
    """Give a cluster that is not started yet, and end all of it."""
    pytest.importorskip("distributed")
    made = LocalCluster()
    try:
        yield made
    finally:
        made.end()
