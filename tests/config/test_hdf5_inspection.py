"""Untrusted files: loops, bombs, crashes and exchanged files are refused within limits."""

import json
import math
import os
import shutil
import subprocess
import sys
import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lasersampling import ResultsFile, read_results, untrusted_files
from lasersampling.cli.main import app
from lasersampling.config import hdf5, hdf5_inspection, hdf5_inspector
from lasersampling.config.hdf5_seal import _SEAL, _SEAL_TEXT
from lasersampling.errors import InputError, LaserSamplingError

EXPECTED = "a file for a test"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def short(monkeypatch):
    """Little processor time, as loops use up what they get; sound files here need far less."""
    monkeypatch.setattr(hdf5_inspection, "SECONDS", 0.2)


@pytest.fixture
def no_child():
    """Another child than that of other tests."""
    hdf5_inspection._child.stop()
    yield
    hdf5_inspection._child.stop()


def inspected(path):
    with untrusted_files():
        return hdf5_inspection.inspected(path, EXPECTED)


def write_sound(path, rows=50):
    with ResultsFile.create(path, command="test", seed=1, config="a = 1", overwrite=True) as file:
        rng = np.random.default_rng(0)
        file.write("a/x", rng.normal(size=(rows, 100)), ("m", "n"), units="1", description="")
        file.write("a/names", ["b", "c"], ("k",), units="1", description="")
        file.attributes("a", {"text": "some", "list": ["d", "e"]})
        file.metric("kl", 0.1, 0.01)


def write_endless(path):
    """A file with a seal that fits, and text that HDF5 2.0 reads for ever: an entry of no length.

    It has what readers of each kind of file look for first.
    """
    with h5py.File(path, "w") as file:
        file.attrs["schema_version"] = 1
        file["names"] = ["a", "b"]
        for group in (file, file.create_group("machine")):
            group["weights"], group["biases"] = np.zeros((2, 2)), np.zeros(2)
    content = bytearray(Path(path).read_bytes())
    start = content.index(b"GCOL") + 16
    content[start : start + 16] = bytes(16)
    seal = _SEAL.pack(_SEAL_TEXT, len(content), zlib.crc32(content))
    Path(path).write_bytes(bytes(content) + seal)


def write_bomb(path, n_bytes):
    """A dataset of 1 kB, whose only chunk unpacks to `n_bytes`."""
    piece = 2**22
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = packer.compress(bytes(piece)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = b"\x78\xda" + zeros * (n_bytes // piece) + packer.flush()
    with h5py.File(path, "w") as file:
        made = file.create_dataset("x", (128,), chunks=(128,), dtype="f8", compression="gzip")
        made.id.write_direct_chunk((0,), packed)
    return len(packed)


def test_a_sound_file_is_read_and_identified(folder):
    write_sound("file.h5")
    assert hdf5_inspection.inspected("file.h5", EXPECTED) is None  # it is trusted
    held = Path("file.h5").stat()
    assert inspected("file.h5")[:3] == (held.st_dev, held.st_ino, held.st_size)
    found = read_results("file.h5", untrusted=True)
    assert found.array("a/x").shape == (50, 100)
    assert list(found.array("a/names")) == ["b", "c"]


def test_the_option_is_a_flag(folder):
    write_sound("file.h5")
    with pytest.raises(InputError, match="untrusted"):
        read_results("file.h5", untrusted="yes")  # type: ignore[arg-type]


def test_text_without_end_is_told_with_its_place(folder, short):
    write_endless("file.h5")
    for read in (lambda: inspected("file.h5"), lambda: read_results("file.h5", untrusted=True)):
        with pytest.raises(InputError, match="does not come to an end") as caught:
            read()
        assert caught.value.problems[0].where == "file.h5: /names"


COMMANDS = [
    "info file.h5",
    "report file.h5 --out page.html",
    "plot file.h5 fit",
    "export file.h5 --to csv",
    "convert file.h5 out.npz",
    "convert file.nir out.h5",
    "sample file.h5 --sampler gibbs",
    "infer file.h5",
    "generate --from file.h5",
    "fit file.h5",
    "fit --resume file.h5",
    "classify --resume file.h5",
    "compare yin_yang_methods --tuned file.h5 --out folder",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_text_without_end(folder, short, command):
    write_endless("file.h5")
    shutil.copy("file.h5", "file.nir")
    ran = CliRunner().invoke(app, command.split())
    assert isinstance(ran.exception, SystemExit), ran.exception
    assert ran.exit_code == 2, (ran.stdout, ran.stderr)
    assert "does not come to an end" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert {path.name for path in folder.iterdir()} == {"file.h5", "file.nir"}


@pytest.mark.slow
def test_a_process_by_itself_refuses_it(folder):
    """With the true limits, and without the processor time of this process."""
    write_endless("file.h5")
    ran = subprocess.run(
        [sys.executable, "-m", "lasersampling", "info", "file.h5"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert "file.h5: /names" in ran.stderr


def test_a_small_chunk_that_unpacks_to_a_gigabyte(folder, monkeypatch):
    stored = write_bomb("file.h5", 2**30)
    monkeypatch.setattr(hdf5_inspection, "MOST_MEMORY", 2**27)
    with pytest.raises(InputError, match="file.h5: /x") as caught:
        inspected("file.h5")
    assert "does not come to an end" not in str(caught.value)
    # Trusted files are not unpacked either, since no packed chunk is so much larger than its data.
    with hdf5.opened("file.h5", EXPECTED) as root:
        dataset = root.dataset("x")
        assert dataset is not None
        with pytest.raises(InputError, match="for 1.02 kB of data"):
            dataset.numbers()
    assert stored > 10**6


def test_more_data_than_the_file_justifies(folder):
    with h5py.File("file.h5", "w") as file:
        made = file.create_dataset(
            "x", (2**10, 2**15), chunks=(4, 2**15), compression="gzip", dtype="f4"
        )
        packed = zlib.compress(bytes(4 * 4 * 2**15))
        for row in range(0, 2**10, 4):
            made.id.write_direct_chunk((row, 0), packed)
        file["y"], file["z"] = file["x"], file["x"]
    with pytest.raises(InputError, match="of data in a file of"):
        inspected("file.h5")


@pytest.mark.parametrize("what", ["declared", "in part", "pieces"])
def test_declared_sizes_are_checked_before_anything_is_read(folder, what):
    with h5py.File("file.h5", "w") as file:
        if what == "declared":
            made = file.create_dataset(
                "x", (2**14, 2**14), chunks=(2**5, 2**12), compression="gzip", dtype="f4"
            )
            for row, column in np.ndindex(2**9, 4):
                made.id.write_direct_chunk((row * 2**5, column * 2**12), b"x")
        elif what == "in part":
            made = file.create_dataset("x", (2**20, 2**20), chunks=(2, 2), dtype="f4")
            made[0, 0] = 1.0
        else:
            made = file.create_dataset(
                "x", (2**14, 2**14), chunks=(2**14, 2**14), compression="gzip", dtype="f4"
            )
            made.id.write_direct_chunk((0, 0), b"x" * 100)
    with pytest.raises(InputError, match=what) as caught:
        inspected("file.h5")
    assert caught.value.problems[0].where == "file.h5: /x"


def test_links_are_not_followed(folder):
    os.mkfifo("pipe")  # opening it would wait for another program
    with h5py.File("file.h5", "w") as file:
        file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
        file["elsewhere"] = h5py.ExternalLink("pipe", "/x")
        file["raw"] = np.zeros(3)
        file.create_dataset("data", (10,), dtype="f8", external=[("pipe", 0, 80)])
        layout = h5py.VirtualLayout((2, 2), dtype="f8")
        layout[:] = h5py.VirtualSource("pipe", "x", (2, 2))
        file.create_virtual_dataset("virtual", layout)
        file.create_group("loop")["root"] = file["/"]
    assert inspected("file.h5") is not None
    with pytest.raises(InputError):
        read_results("file.h5", untrusted=True)


@pytest.mark.parametrize("what", ["deep", "many"])
def test_trees_have_limits(folder, what):
    with h5py.File("file.h5", "w") as file:
        group = file
        for k in range(100 if what == "deep" else 0):
            group = group.create_group(f"g{k}")
        for k in range(20_001 if what == "many" else 0):
            file[f"l{k}"] = h5py.SoftLink("x")
    with pytest.raises(InputError, match="nested deeper" if what == "deep" else "20001 entries"):
        inspected("file.h5")


def test_a_crash_and_a_child_that_cannot_run(folder, monkeypatch, no_child):
    write_sound("file.h5")
    true = Path(hdf5_inspector.__file__).read_text(encoding="utf-8")
    script = Path("script.py")
    monkeypatch.setattr(hdf5_inspection, "_INSPECTOR", script)
    crash = "os.kill(os.getpid(), signal.SIGSEGV)"
    script.write_text(true.replace("_allow_memory(request[", f"{crash}; ([", 1), encoding="utf-8")
    with pytest.raises(InputError, match="reading it crashes: Segmentation fault"):
        inspected("file.h5")
    hdf5_inspection._child.stop()
    script.write_text("raise ImportError('no h5py')")
    with pytest.raises(LaserSamplingError, match="does not run script.py"):
        inspected("file.h5")


def test_a_child_that_was_idle_for_too_long_is_replaced(folder, no_child):
    write_sound("file.h5")
    assert inspected("file.h5")
    hdf5_inspection._sound.clear()
    first = hdf5_inspection._child._process
    assert first is not None
    first.kill()
    first.wait()
    assert inspected("file.h5")
    assert hdf5_inspection._child._process is not first


def test_one_child_serves_all_files(folder, no_child):
    write_sound("a.h5")
    write_sound("b.h5")
    Path("c.h5").write_bytes(Path("a.h5").read_bytes()[:3000])
    inspected("a.h5")
    first = hdf5_inspection._child._process
    with pytest.raises(InputError, match="damaged or truncated"):
        inspected("c.h5")
    inspected("b.h5")
    assert hdf5_inspection._child._process is first


def test_an_interrupt_leaves_no_answer_behind(folder, monkeypatch, no_child):
    write_sound("file.h5")

    def interrupted(text):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(json, "loads", interrupted)
        with pytest.raises(KeyboardInterrupt):
            inspected("file.h5")
    assert hdf5_inspection._child._process is None
    assert inspected("file.h5")


def test_a_file_that_is_exchanged_after_its_inspection(folder, monkeypatch):
    write_sound("file.h5")
    write_sound("other.h5")
    true = hdf5_inspection.inspected

    def exchanged(path, expected):
        found = true(path, expected)
        shutil.copy("other.h5", "next.h5")
        os.replace("next.h5", path)  # noqa: PTH105
        return found

    monkeypatch.setattr(hdf5, "inspected", exchanged)
    with pytest.raises(InputError, match="changed or exchanged"):
        read_results("file.h5", untrusted=True)


@pytest.mark.parametrize("untrusted", [False, True])
@pytest.mark.parametrize(("owner", "name"), [(Path, "stat"), (hdf5, "inspected")])
def test_a_file_exchanged_by_a_run_that_goes_on_is_read(
    folder, monkeypatch, owner, name, untrusted
):
    write_sound("file.h5")
    write_sound("next.h5", rows=3)
    assert Path("file.h5").stat().st_size != Path("next.h5").stat().st_size
    true = getattr(owner, name)

    def exchanged(path, *given, **more):
        found = true(path, *given, **more)
        if str(path) == "file.h5" and Path("next.h5").exists():
            os.replace("next.h5", path)  # noqa: PTH105
        return found

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, exchanged)
        assert read_results("file.h5", untrusted=untrusted).group("a")["x"].data.shape == (3, 100)
    assert not Path("next.h5").exists()


def test_a_file_that_changes_is_inspected_again(folder, short):
    write_sound("file.h5")
    time.sleep(2 * hdf5_inspection._OLD_ENOUGH_S)
    known = inspected("file.h5")
    assert known in hdf5_inspection._sound
    write_endless("file.h5")
    with pytest.raises(InputError, match="does not come to an end"):
        inspected("file.h5")


def test_blocks_cover_an_array_once():
    for shape, chunk, most in (
        ((7, 5, 3), (2, 2, 2), 12), ((7, 5, 3), None, 4), ((100,), (9,), 20), ((), None, 5),
        ((4, 6), (4, 6), 1),
    ):  # fmt: skip
        counts = np.zeros(shape, int)
        for piece in hdf5_inspector._pieces(shape, chunk, most):
            counts[piece] += 1
            largest = max(most, math.prod(chunk or (1,)))
            assert counts[piece].size <= largest
        assert (counts == 1).all()


FLIPPED = {"results": write_sound, "machine": lambda path: write_flat(path)}


def write_flat(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("machine")
        group["weights"], group["biases"] = np.zeros((3, 3)), np.zeros(3)
        group.create_dataset("names", data=["a", "b", "c"], dtype=h5py.string_dtype())
        group.attrs["texts"] = ["d", "e"]


def flips(path, places, rng):
    """Flip a byte at each place, without checksums; count what was refused, and by a limit."""
    content = path.read_bytes()
    content = content[: int.from_bytes(content[40:48], "little")]
    refused, endless = 0, 0
    for place in places(len(content)):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        try:
            inspected(path)
        except InputError as error:
            refused += 1
            endless += "does not come to an end" in str(error)
    return refused, endless


@pytest.mark.parametrize("kind", FLIPPED)
def test_flipped_bytes_of_files_without_checksums(folder, short, kind):
    path, rng = folder / "file.h5", np.random.default_rng(21)
    FLIPPED[kind](path)
    refused, _ = flips(path, lambda size: rng.integers(0, size, 150), rng)
    assert 0 < refused < 150


@pytest.mark.slow
@pytest.mark.parametrize("kind", FLIPPED)
def test_every_byte_flipped_of_files_without_checksums(folder, short, kind):
    path, rng = folder / "file.h5", np.random.default_rng(22)
    FLIPPED[kind](path)
    size = path.stat().st_size
    refused, endless = flips(path, range, rng)
    print(f"{kind}: {refused} of {size} flips refused, {endless} of them without end")
    assert endless < refused < size
