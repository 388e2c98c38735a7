"""HDF5 files made to deceive: links elsewhere, sizes that are not there, types that are no numbers.

Each is refused at the command line with the exit code 2, one message that names the file, and
without the time and memory that it asks for.
"""

import os
import resource
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lasersampling.boltzmann import load_machine
from lasersampling.boltzmann.target_files import read_target
from lasersampling.cli.main import app
from lasersampling.errors import InputError
from lasersampling.lif.exchange.network_file import FORM, load_network
from lasersampling.lif.exchange.nir import from_nir
from lasersampling.lif.exchange.nir_file import read_nir
from lasersampling.results import ResultsFile, read_results

MOST_MEMORY = 2**25
"""What a refusal may take [bytes]; the files below declare 1 GB and more."""

BIG = 20_000
GZIP = {"chunks": (100, 1000), "compression": "gzip"}


def declared(group, name, shape, **options):
    group.create_dataset(name, shape, dtype="f8", **options)


def external_link(group, name):
    with h5py.File("other.h5", "w") as other:
        other["x"] = np.zeros((2, 2))
    group[name] = h5py.ExternalLink("other.h5", "/x")


def soft_loop(group, name):
    group["a"], group["b"] = h5py.SoftLink("b"), h5py.SoftLink("a")
    group[name] = h5py.SoftLink("a")


def soft_to_external(group, name):
    external_link(group, "elsewhere")
    group[name] = h5py.SoftLink("elsewhere")


def virtual(group, name):
    layout = h5py.VirtualLayout((2, 2), dtype="f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, 2))
    group.create_virtual_dataset(name, layout)


def reference(group, name):
    group.create_dataset(name, (2, 2), dtype=h5py.ref_dtype)


def ragged(group, name):
    group.create_dataset(name, (2, 2), dtype=h5py.vlen_dtype(np.float64))


def unknown_filter(group, name):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((2, 2))
    plist.set_filter(h5py.h5z.FILTER_NBIT, 0)
    plist.set_filter(40_000, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((2, 2))
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.NATIVE_DOUBLE, space, plist)


def huge_chunk(group, name):
    data = group.create_dataset(
        name, (2, 2), maxshape=(None, None), chunks=(2**14, 2**14), compression="gzip", dtype="f8"
    )
    data.id.write_direct_chunk((0, 0), b"x" * 100)


def bomb(group, name):
    """Two gigabytes of zeros: each chunk is the same few bytes, written as they are packed."""
    data = group.create_dataset(
        name, (2**14, 2**14), chunks=(2**5, 2**12), dtype="f8", compression="gzip"
    )
    packed = zlib.compress(bytes(2**20))
    for row, column in np.ndindex(2**9, 4):
        data.id.write_direct_chunk((row * 2**5, column * 2**12), packed)


WEIGHTS = {
    "declared": lambda g, n: declared(g, n, (BIG, BIG)),
    "declared in chunks": lambda g, n: declared(g, n, (BIG, BIG), **GZIP),
    "declared in a row": lambda g, n: declared(g, n, (4 * 10**8,)),
    "a million units": lambda g, n: declared(g, n, (10**6, 10**6), chunks=(100, 100)),
    "filled": lambda g, n: declared(g, n, (BIG, BIG), fillvalue=0.5, **GZIP),
    "small and never written": lambda g, n: declared(g, n, (2, 2)),
    "small chunks and never written": lambda g, n: declared(g, n, (4, 4), chunks=(2, 2)),
    "huge chunk": huge_chunk,
    "bomb": bomb,
    "external link": external_link,
    "soft loop": soft_loop,
    "dangling": lambda g, n: g.__setitem__(n, h5py.SoftLink("nowhere")),
    "soft to external": soft_to_external,
    "virtual": virtual,
    "external storage": lambda g, n: declared(g, n, (2, 2), external=[("raw.bin", 0, 32)]),
    "references": reference,
    "ragged": ragged,
    "compound": lambda g, n: g.create_dataset(n, (2, 2), dtype=[("x", "f8"), ("y", "i4")]),
    "opaque": lambda g, n: g.create_dataset(n, data=np.zeros((2, 2), dtype="V8")),
    "text": lambda g, n: g.create_dataset(n, data=[["a", "b"]] * 2, dtype=h5py.string_dtype()),
    "null": lambda g, n: g.create_dataset(n, data=h5py.Empty("f8")),
    "unknown filter": unknown_filter,
    "named type": lambda g, n: g.__setitem__(n, np.dtype("f8")),
}


def machine(make):
    with h5py.File("file.h5", "w") as file:
        group = file.create_group("machine")
        group["biases"] = np.zeros(2)
        make(group, "weights")


def target(make):
    with h5py.File("file.h5", "w") as file:
        make(file, "probabilities")


def network(make):
    with h5py.File("file.h5", "w") as file:
        file.attrs.update({"form": FORM, "form_version": 1, "time_unit": "tau_syn"})
        make(file.create_group("network"), "weights_0")


def results(make):
    with ResultsFile.create("file.h5", command="", seed=0, config="", overwrite=True) as file:
        file.write("parameters/weights_1", np.zeros(3), ("x",), units="1", description="")
        file.write("test/accuracy", np.zeros(3), ("x",), units="1", description="")
        file.write("checkpoint/structure", "{}", units="1", description="")
    with h5py.File("file.h5", "a") as file:
        make(file["parameters"], "weights_0")


def graph(make):
    with h5py.File("file.nir", "w") as file:
        make(file.create_group("node"), "weights")


FILES: dict[str, tuple[Callable[..., None], Callable[[str], object], str]] = {
    "machine": (machine, load_machine, "sample file.h5 --sampler gibbs --out out.h5"),
    "target": (target, read_target, "fit file.h5 --out out.h5"),
    "network": (network, load_network, "convert file.h5 out.npz"),
    "results": (results, read_results, "convert file.h5 out.npz"),
    "graph": (graph, lambda path: from_nir(read_nir(path)), "convert file.nir out.h5"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("trick", WEIGHTS)
@pytest.mark.parametrize("kind", FILES)
def test_refused_by_the_reader_without_memory(folder, kind, trick):
    write, read, command = FILES[kind]
    write(WEIGHTS[trick])
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read(command.split()[1])
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    assert command.split()[1] in str(caught.value)


@pytest.mark.parametrize("trick", ["declared", "external link", "soft loop", "ragged", "bomb"])
@pytest.mark.parametrize("kind", FILES)
def test_refused_at_the_command_line(folder, kind, trick):
    write, _, command = FILES[kind]
    write(WEIGHTS[trick])
    name = command.split()[1]
    for call in (command, f"info {name}"):
        ran = CliRunner().invoke(app, call.split())
        if kind in ("target", "graph") and call.startswith("info"):
            continue  # it looks for results there
        assert isinstance(ran.exception, SystemExit), call
        assert ran.exit_code == 2, (call, ran.stderr)
        assert name in ran.stderr
    assert not Path(command.split()[-1]).exists()


BOTH = ["info file.h5", "sample file.h5 --sampler gibbs"]
COMMANDS = [
    *BOTH,
    "infer file.h5",
    "generate --from file.h5",
    "fit file.h5",
    "fit --resume file.h5",
    "classify --resume file.h5",
    "convert file.h5 out.npz",
]


def held_by_another(path):
    code = (
        "import h5py, sys; f = h5py.File(sys.argv[1], 'w'); f['x'] = 1; f.flush();"
        "print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


@pytest.mark.parametrize(
    ("what", "command"),
    [
        *((what, command) for what in ("empty", "picture", "folder") for command in COMMANDS),
        *((what, command) for what in ("pipe", "deep", "within itself") for command in BOTH),
        ("locked", BOTH[0]),
    ],
)
def test_no_sound_file_at_all(folder, what, command):
    path, process = Path("file.h5"), None
    if what == "empty":
        path.touch()
    elif what == "picture":
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    elif what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "locked":
        process = held_by_another(path)
    else:
        with h5py.File(path, "w") as file:
            file.attrs["schema_version"] = 1
            group = file.create_group("machine")
            for _ in range(100 if what == "deep" else 0):
                group = group.create_group("machine")
            if what == "within itself":
                group["machine"] = file["machine"]
    try:
        ran = CliRunner().invoke(app, command.split())
    finally:
        if process is not None:
            process.communicate()
    assert isinstance(ran.exception, SystemExit), ran.exception
    assert ran.exit_code == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "file.h5" in ran.stderr


def test_text_cannot_steer_the_terminal(folder):
    with ResultsFile.create("file.h5", command="", seed=0, config="a = 1 # \x1b[2J") as file:
        file.write("a/x", 1.0, units="\x1b[31m", description="[/red] \x07")
        file.attributes("a", {"name": "\x1b]0;title\x07"})
    ran = CliRunner().invoke(app, ["info", "file.h5", "--all"])
    assert ran.exit_code == 0, ran.stderr
    assert "\x1b" not in ran.stdout
    assert "\x07" not in ran.stdout
    assert "\\x1b[2J" in ran.stdout


@pytest.mark.parametrize("where", ["attribute", "group attribute", "config", "name"])
def test_text_that_is_no_text(folder, where):
    with ResultsFile.create("file.h5", command="xxxx", seed=0, config="a = 'yyyy'") as file:
        file.write("group/zzzz", 1.0, units="vvvv", description="")
        file.attributes("group", {"name": "wwww"})
    mark = {"attribute": b"xxxx", "group attribute": b"wwww", "config": b"yyyy", "name": b"zzzz"}
    content = bytearray(Path("file.h5").read_bytes())
    content = content[: int.from_bytes(content[40:48], "little")]  # without checksums
    at = content.index(mark[where])
    content[at : at + 4] = b"\xff\xfe\xff\xfe"
    Path("file.h5").write_bytes(bytes(content))
    with pytest.raises(InputError, match="file.h5"):
        read_results("file.h5")


def test_a_million_biases_are_told_at_once(folder):
    with h5py.File("file.h5", "w") as file:
        file["biases"] = np.zeros(10**6)
        file.create_dataset("weights", (10**6, 10**6), dtype="f8")
    with pytest.raises(InputError, match="at most 10000") as caught:
        load_machine("file.h5")
    assert len(caught.value.problems) == 2


@pytest.mark.slow
def test_within_a_limit_on_memory(folder):
    """A process that may have 1.5 GB says in a moment what is wrong with a bomb."""
    machine(bomb)
    limit = (3 * 2**29, 3 * 2**29)
    ran = subprocess.run(
        [sys.executable, "-m", "lasersampling", "info", "file.h5"],
        capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit),
    )  # fmt: skip
    assert ran.returncode == 2, ran.stderr
    assert "declared" in ran.stderr or "at most" in ran.stderr
