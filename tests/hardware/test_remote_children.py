"""A substrate in a child process behind its pipes, which may die, hang or stay."""

import os
import signal
import sys

import numpy as np
import pytest

from lasersampling.errors import SubstrateError
from lasersampling.hardware import RemoteSubstrate

# With nothing but the standard library, so that it starts at once.
CHILD = """
import json, os, signal, struct, sys, time, zlib

path, how = sys.argv[1:]

def send(kind, request, about, arrays=(), data=b""):
    head = json.dumps({"about": about, "arrays": list(arrays)}).encode()
    payload = struct.pack("<I", len(head)) + head + data
    checksum = zlib.crc32(payload)
    header = struct.pack("<4sHHQQI", b"LSUB", 1, kind, request, len(payload), checksum)
    sys.stdout.buffer.write(header + struct.pack("<I", zlib.crc32(header)) + payload)
    sys.stdout.buffer.flush()

while header := sys.stdin.buffer.read(32):
    kind, request, length = struct.unpack("<6xHQQ8x", header)
    payload = sys.stdin.buffer.read(length)
    if kind == 1:
        about = {"kind": "lif", "name": "child", "sizes": [2, 2], "n_members": 1, "facts": {}}
        send(2, request, about)
    if kind == 3:
        with open(path, "a") as file:
            file.write(f"{os.getpid()}\\n")
        n_runs = len(open(path).read().split())
        if how == "dies within" and n_runs == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "hangs" and n_runs == 2:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        spikes = {"name": "spikes_0", "type": "float64", "shape": [1, 3, 2]}
        send(4, request, {}, [spikes], struct.pack("<6d", *range(6)))
if how == "stays":
    time.sleep(60)
"""


def child(tmp_path, how):
    return [sys.executable, "-c", CHILD, str(tmp_path / "runs"), how]


def runs_of(tmp_path):
    return [int(word) for word in (tmp_path / "runs").read_text().split()]


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_child_process_ends_with_its_client(tmp_path, request_arrays):
    with RemoteSubstrate(child(tmp_path, "well")) as device:
        got = device.run(*request_arrays)
        assert "spikes_0" in device.run(*request_arrays)
    np.testing.assert_array_equal(got["spikes_0"], np.arange(6.0).reshape(1, 3, 2))
    pids = runs_of(tmp_path)
    assert len(set(pids)) == 1
    assert gone(pids[0])


def test_a_child_killed_between_runs_is_started_again(tmp_path, request_arrays):
    with RemoteSubstrate(child(tmp_path, "well"), pause_s=0.0) as device:
        device.run(*request_arrays)
        os.kill(runs_of(tmp_path)[0], signal.SIGKILL)
        assert "spikes_0" in device.run(*request_arrays)
    pids = runs_of(tmp_path)
    assert len(set(pids)) == 2
    assert all(map(gone, pids))


def test_a_child_killed_within_a_run_is_started_again(tmp_path, request_arrays):
    with RemoteSubstrate(child(tmp_path, "dies within"), pause_s=0.0) as device:
        for _ in range(3):
            assert "spikes_0" in device.run(*request_arrays)
    pids = runs_of(tmp_path)
    assert (len(pids), len(set(pids))) == (4, 2)


def test_it_is_told_how_a_child_ended(tmp_path, request_arrays):
    with RemoteSubstrate(child(tmp_path, "dies within"), retries=0) as device:
        device.run(*request_arrays)
        with pytest.raises(SubstrateError, match="the process of the device ended with signal 9"):
            device.run(*request_arrays)
    with pytest.raises(SubstrateError, match="process of the device ended with the exit code 3"):
        RemoteSubstrate([sys.executable, "-c", "raise SystemExit(3)"], retries=0)


def test_a_child_that_hangs_and_hears_no_signal_is_killed(
    tmp_path, request_arrays, monkeypatch, short
):
    monkeypatch.setattr("lasersampling.hardware.connection._TERM_GRACE_S", 0.2)
    with RemoteSubstrate(child(tmp_path, "hangs"), retries=0) as device:
        device.run(*request_arrays)
        with short(device), pytest.raises(SubstrateError, match="no answer within 1 s"):
            device.run(*request_arrays)
        assert all(map(gone, runs_of(tmp_path)))


def test_a_child_that_stays_is_ended(tmp_path, request_arrays, monkeypatch):
    monkeypatch.setattr("lasersampling.hardware.connection._GRACE_S", 0.2)
    with RemoteSubstrate(child(tmp_path, "stays")) as device:
        device.run(*request_arrays)
    assert all(map(gone, runs_of(tmp_path)))
