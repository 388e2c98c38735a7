"""Malformed inputs and the message that each gets: exit code 2, no traceback, nothing written.

Each row says what stands in the folder, how the command is called, and what the message must say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

from lasersampling.results import ResultsFile

GOOD = "biases = [0.1, 0.2]\nweights = [[0.0, 0.5], [0.5, 0.0]]\n"


@dataclass(frozen=True)
class Row:
    """One malformed input.

    `file` is written as ``input.toml`` if it is text, else it is a function that writes files.
    """

    name: str
    call: str
    says: tuple[str, ...]
    file: str | Callable[[], object] = GOOD


def h5_machine(weights: object, biases: object, **attributes: object) -> Callable[[], None]:
    def write() -> None:
        with h5py.File("input.h5", "w") as file:
            if weights is not None:
                file["machine/weights"] = weights
            if biases is not None:
                file["machine/biases"] = biases
            file.require_group("machine").attrs.update(attributes)

    return write


def h5_bytes(content: bytes) -> Callable[[], object]:
    return lambda: Path("input.h5").write_bytes(content)


def results(change: Callable[[Path], None]) -> Callable[[], None]:
    def write() -> None:
        with ResultsFile.create("input.h5", command="", seed=0, config="") as file:
            noise = np.random.default_rng(0).normal(size=10_000)
            file.write("a/x", noise, ("x",), units="1", description="")
        change(Path("input.h5"))

    return write


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def from_the_future(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["schema_version"] = 99


def device(**lines: str) -> Callable[[], None]:
    """Write a shipped device with some lines replaced."""

    def write() -> None:
        from lasersampling.config import shipped_path

        text = shipped_path("devices", "D2").read_text(encoding="utf-8").splitlines()
        for key, line in lines.items():
            place = next(i for i, old in enumerate(text) if old.startswith(f"{key} "))
            text[place] = line
        Path("device.toml").write_text("\n".join(text), encoding="utf-8")

    return write


SAMPLE = "sample input.toml --sampler gibbs --draws 10 --out out.h5"
SAMPLE_H5 = "sample input.h5 --sampler gibbs --draws 10 --out out.h5"
LASERS = "sample input.toml --out out.h5"
SIMULATE = "simulate D2 --out out.h5"

ROWS = [
    # Machine files, TOML.
    Row("no file", "sample no.toml --out out.h5", ("'no.toml'", "existing file")),
    Row("not TOML", SAMPLE, ("input.toml, line 2", "TOML"), "biases = [1]\nweights = = [[0]]"),
    Row("not text", SAMPLE, ("input.toml, line 1", "0xff", "UTF-8"),
        lambda: Path("input.toml").write_bytes(b"\xff\xfe")),
    Row("empty file", SAMPLE, ("input.toml: biases", "input.toml: weights"), ""),
    Row("directory", SAMPLE, ("input.toml", "existing file"), lambda: Path("input.toml").mkdir()),
    Row("unknown suffix", "sample input.txt --sampler gibbs", (".txt", ".toml"),
        lambda: Path("input.txt").write_text(GOOD)),
    Row("unknown key", SAMPLE, ("input.toml: bias:", "an unknown key"), GOOD + "bias = 1\n"),
    Row("asymmetric", SAMPLE, ("input.toml: weights[0][1]", "0.4 as in weights[1][0]"),
        "biases = [0, 0]\nweights = [[0, 0.5], [0.4, 0]]"),
    Row("diagonal", SAMPLE, ("input.toml: weights[1][1]", "got 2, expected 0"),
        "biases = [0, 0]\nweights = [[0, 1], [1, 2]]"),
    Row("wrong shape", SAMPLE, ("input.toml: weights", "2 x 2", "3 x 3"),
        "biases = [0, 0, 0]\nweights = [[0, 1], [1, 0]]"),
    Row("ragged", SAMPLE, ("input.toml: weights[1]", "1 numbers, expected 2"),
        "biases = [0, 0]\nweights = [[0, 1], [1]]"),
    Row("not a number", SAMPLE, ("input.toml: biases[1]", "nan", "finite"),
        "biases = [0, nan]\nweights = [[0, 1], [1, 0]]"),
    Row("infinite", SAMPLE, ("input.toml: weights[0][1]", "inf", "finite"),
        "biases = [0, 0]\nweights = [[0, inf], [inf, 0]]"),
    Row("text for numbers", SAMPLE, ("input.toml: biases", "'strong'"),
        "biases = 'strong'\nweights = [[0]]"),
    Row("flag for a number", SAMPLE, ("input.toml: biases[0]", "True", "a number"),
        "biases = [true]\nweights = [[0]]"),
    Row("too many hidden", SAMPLE, ("n_label + n_hidden", "5"), GOOD + "n_hidden = 5\n"),
    Row("negative count", SAMPLE, ("n_label", "-1"), GOOD + "n_label = -1\n"),
    Row("several at once", SAMPLE, ("biases[0]", "weights[0][0]", "n_hidden"),
        "biases = ['x', 0]\nweights = [['y', 1], [1, 0]]\nn_hidden = 0.5"),
    # Machine files, HDF5.
    Row("empty HDF5", SAMPLE_H5, ("input.h5", "an empty file"), h5_bytes(b"")),
    Row("foreign HDF5", SAMPLE_H5, ("input.h5", "begins with"), h5_bytes(b"GIF89a")),
    Row("HDF5 without weights", SAMPLE_H5, ("input.h5: weights", "no such dataset"),
        h5_machine(None, [0.0])),
    Row("HDF5 with text", SAMPLE_H5, ("input.h5: biases",), h5_machine([[0.0]], "x")),
    Row("HDF5 asymmetric", SAMPLE_H5, ("input.h5: weights[0][1]", "symmetric"),
        h5_machine([[0.0, 1.0], [2.0, 0.0]], [0.0, 0.0])),
    Row("HDF5 bad count", SAMPLE_H5, ("input.h5: n_label", "1.5"),
        h5_machine([[0.0]], [0.0], n_label=1.5)),
    # Options.
    Row("no draws", SAMPLE + " --draws 0", ("--draws: got 0", "at least 4")),
    Row("no chains", SAMPLE + " --chains 0", ("--chains: got 0", "at least 1")),
    Row("negative seed", SAMPLE + " --seed -1", ("--seed: got -1", "at least 0")),
    Row("huge seed", SAMPLE + " --seed 99999999999999999999", ("--seed: got", "at most")),
    Row("unknown sampler", LASERS + " --sampler dice", ("--sampler: got 'dice'", "'lasers'")),
    Row("draws for lasers", LASERS + " --draws 5", ("--draws: got 5", "--duration-ns")),
    Row("duration for Gibbs", SAMPLE + " --duration-ns 5", ("--duration-ns: got 5", "--draws")),
    Row("device for Gibbs", SAMPLE + " --device D2", ("--device: got 'D2'", "--draws")),
    Row("unknown device", LASERS + " --device D99", ("'D99'", "D1, D2")),
    Row("no time", LASERS + " --duration-ns 0", ("--duration-ns: got 0", "above 0")),
    Row("endless time", LASERS + " --duration-ns inf", ("--duration-ns: got inf", "finite")),
    Row("time for no draw", LASERS + " --duration-ns 0.1", ("--duration-ns: got 0.1", "4 draws")),
    Row("clamp not a pair", SAMPLE + " --clamp 1", ("--clamp: got '1'", "unit=value")),
    Row("clamp value", SAMPLE + " --clamp 0=2", ("--clamp: got 0=2", "0 or 1")),
    Row("clamp unit", SAMPLE + " --clamp 2=1", ("--clamp: got unit '2'", "0 to 1")),
    Row("clamp twice", SAMPLE + " --clamp 0=1,0=1", ("--clamp: got unit '0' twice",)),
    Row("clamp all", SAMPLE + " --clamp 0=1,1=1", ("--clamp: got all units", "left free")),
    # Where results go.
    Row("existing output", "sample input.toml --sampler gibbs --out input.toml",
        ("input.toml: got a file that this run reads",)),
    Row("missing folder", "sample input.toml --sampler gibbs --out no/out.h5", ("no directory",)),
    Row("folder as output", "simulate D2 --out .", ("a directory", "regular file")),
    Row("device as output", "sample input.toml --sampler gibbs --out /dev/null --overwrite",
        ("/dev/null", "regular file")),
    # Overrides.
    Row("override without value", SAMPLE + " --set thin", ("--set: got 'thin'", "key=value")),
    Row("unknown override", SAMPLE + " --set thinn=2", ("--set thinn", "unknown key", "thin")),
    Row("override out of range", SAMPLE + " --set thin=0", ("--set thin: got 0", "at least 1")),
    Row("override of wrong type", SAMPLE + " --set thin=two", ("--set thin: got 'two'",)),
    Row("scan of another machine", SAMPLE + " --quiet --set scan=block",
        ("weights within a layer",)),
    Row("nested unknown override", SIMULATE + " --set device.gain.oops=1",
        ("--set device.gain.oops", "unknown key", "carrier_lifetime_ns")),
    Row("override of a plain value", SAMPLE + " --set seed=1 --set seed.x=1", ("--set seed.x",)),
    Row("bad override of a device", SIMULATE + " --set device.gain.carrier_lifetime_ns=-1",
        ("--set device.gain.carrier_lifetime_ns: got -1", "above 0")),
    Row("calibration too short", LASERS + " --set calibration.n_chains=1",
        ("--set calibration.n_chains: got 1", "at least 2")),
    Row("calibrate with no time", "calibrate D2 --out out.h5 --set pair_duration_ns=0",
        ("--set pair_duration_ns: got 0",)),
    # Simulation.
    Row("negative pump", SIMULATE + " --pump -0.5",
        ("--pump: got '-0.5'", "numbers from 0 to 100")),
    Row("no laser", SIMULATE + " --set pump=[]", ("--set pump", "one number for each laser")),
    Row("too many points", SIMULATE + " --set trace_interval_ps=1e-6", ("points of traces",)),
    # Device files.
    Row("missing device", "simulate no.toml", ("'no.toml'", "no such file")),
    Row("device key missing", "simulate device.toml", ("device.toml: refractory_time_ns",),
        device(refractory_time_ns="")),
    Row("device of text", "calibrate device.toml", ("device.toml: step_ps: got 'fast'",),
        device(step_ps="step_ps = 'fast'")),
    Row("device not finite", "info device.toml", ("device.toml: refractory_time_ns: got nan",),
        device(refractory_time_ns="refractory_time_ns = nan")),
    Row("unknown device key", "sample input.toml --device device.toml",
        ("device.toml: stepps", "unknown key"), device(step_ps="stepps = 5")),
    # What `info` is given.
    Row("info on nothing", "info no.h5", ("no.h5", "no such file")),
    Row("info on a folder", "info .", (".: got a directory", "results file")),
    Row("info on other TOML", "info input.toml", ("with colour", "or a Bayesian network"),
        "colour = 1\n"),
    Row("info on a bad machine", "info input.toml", ("weights[0][0]", "expected 0"),
        "biases = [0]\nweights = [[1]]"),
    Row("info on an empty file", "info input.h5", ("input.h5: got an empty file",), h5_bytes(b"")),
    Row("info on text", "info input.h5", ("begins with b'hello'",), h5_bytes(b"hello")),
    Row("info on a truncated file", "info input.h5", ("damaged or truncated",), results(truncate)),
    Row("info on a new file", "info input.h5", ("schema_version: got 99", "newer lasersampling"),
        results(from_the_future)),
    Row("info on other HDF5", "info input.h5", ("without the attribute 'schema_version'",),
        h5_machine(None, None)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_one_clear_message_and_nothing_written(row, run):
    if isinstance(row.file, str):
        Path("input.toml").write_text(row.file, encoding="utf-8")
    else:
        row.file()
    before = sorted(Path().iterdir())
    ran = run(*row.call.split())
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert all(line.startswith("lasersampling: bad input: ") for line in ran.err.splitlines())
    for text in row.says:
        assert text in ran.err
    assert sorted(Path().iterdir()) == before


def test_rows_have_names_of_their_own():
    assert len({row.name for row in ROWS}) == len(ROWS) >= 25


TOO_MANY = [
    ("generate --from digits --set images_per_label=900000000", "images_per_label, free_images"),
    ("generate --from digits --set free_images=900000000", "images_per_label, free_images"),
    ("generate --from digits --set images_per_label=100000000000", "a number of at most 1e+09"),
    ("generate --from digits --set gibbs_thin=99999999999999999999", "a number of at most 1e+09"),
    ("generate digits --set training.n_hidden=900000000", "images_per_label, free_images"),
    ("generate digits --set training.n_chains=900000000", "n_chains: got 900000000 x 134"),
    ("fit distribution --hidden 900000000", "n_hidden: got 900000004 x 900000004 numbers"),
    ("fit distribution --set judging.n_draws=900000000", "judging.n_chains x judging.n_draws"),
    ("fit distribution --set judging.n_chains=900000000", "judging.n_chains x judging.n_draws"),
    ("fit distribution --set learning.n_chains=900000000", "learning.n_chains x learning.n_draws"),
    ("infer explaining_away --sampler gibbs --chains 900000000", "n_chains x n_draws"),
    ("sample random_five --sampler gibbs --set thin=99999999999999999999", "at most 1e+09"),
    ("sample random_five --sampler gibbs --draws 900000000 --chains 900", "n_chains x n_draws"),
    ("sample random_five --sampler gibbs --draws 900000000 --chains 900", "; or --out FILE.h5, "),
    ("classify yin_yang_small --members 900000000", "network (members, weights)"),
    ("classify yin_yang_small --set learning.n_epochs=99999999999999999999", "at most 1e+09"),
]


@pytest.mark.parametrize(("command", "message"), TOO_MANY)
def test_counts_that_no_memory_holds_are_refused_by_their_names(run, command, message):
    ran = run(*command.split())
    assert ran.code == 2
    assert message in ran.err
    assert "Unable to allocate" not in ran.err
    assert "calibrating" not in ran.err


def test_trained_machines_of_pictures_are_named(run):
    ran = run("generate", "--from", "nope")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "--from: got 'nope', expected a file of a trained machine, or one of" in ran.err
    assert "mnist16" in ran.err
    assert "random_five" not in ran.err
    ran = run("generate", "digits", "--set", "model=mnist16")
    assert "--set model: got 'mnist16', expected --from MODEL" in ran.err


@pytest.mark.parametrize("command", ["sample random_five --sampler gibbs", "simulate D6"])
def test_one_missing_folder_is_one_problem(run, command):
    ran = run(*command.split(), "--out", "nowhere/run.h5")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "nowhere/run.h5: got no directory" in ran.err
