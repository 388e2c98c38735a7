"""What a terminal cannot show never ends a command: not by its results, not by its messages."""

import io
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.cli import main
from lasersampling.cli.tables import rows_table
from lasersampling.commands.invocation import Invocation
from lasersampling.commands.reporting import Reporter
from lasersampling.commands.terminal import prepare_streams
from lasersampling.config.toml import toml_of
from lasersampling.lif import network_from_arrays, save_network
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.names import MEASURES

NAMES = [c.callback.__name__ for c in main.app.registered_commands if c.callback is not None]

GIBBS = ("--sampler", "gibbs", "--draws", 200)

RUNS: dict[str, tuple[Any, ...]] = {
    "info": ("info", "D2"),
    "simulate": ("simulate", "D2", "--pump", 1.0, "--duration-ns", 5),
    "sample": ("sample", "machine.toml", *GIBBS),
    "infer": ("infer", "machine.toml", "--clamp", "0=1", *GIBBS),
    "convert": ("convert", "network.h5", "network.npz"),
    "fit": (
        "fit", "table.csv", "--set=sampler.kind=gibbs", "--set=learning.n_updates=2",
        "--set=judging.n_draws=100", "--set=judging.n_chains=4", "--set=pretraining.n_updates=2",
    ),
    "classify": (
        "classify", "yin_yang_small", "--set=network.hidden=[4]", "--set=learning.n_epochs=1",
    ),
    "sweep": (
        "sweep", "sample", "machine.toml", *GIBBS, "--over", "chains=2,4", "--seeds", 2,
        "--out", "sweep.h5", "--workers", 1,
    ),
    "report": ("report", "results.h5"),
    "plot": ("plot", "results.h5"),
    "export": ("export", "results.h5", "--to", "csv"),
    "compare": ("compare", "ways.toml", "--out", "ways.h5"),
    "generate": (
        "generate", "digits", "--set=images_per_label=2", "--set=duration_ns=10",
        "--set=window_ns=5", "--set=burn_in_ns=5", "--set=training.n_hidden=4",
        "--set=training.n_epochs=1", "--set=adaptation_rounds=0", "--set=most_burn_in_ns=0",
        "--set=gibbs_burn_in=5",
    ),
    "calibrate": (
        "calibrate", "D2", "--set=n_chains=8", "--set=activation_duration_ns=200",
        "--set=pair_duration_ns=400", "--set=performance.n_copies=16",
        "--set=performance.emission_duration_ns=40", "--set=performance.n_chains=4",
        "--set=performance.machine_duration_ns=400",
    ),
}  # fmt: skip

WAYS = """
base = "yin_yang_small"
members = 2
fresh_points = 0
reference = "one"
settings = { "network.hidden" = [4], "learning.n_epochs" = 1, train_samples = 90 }
arms.one.settings = { "learning.learning_rate" = 0.01 }
arms.two.settings = { "learning.learning_rate" = 0.02 }
"""

LONG = ("fit", "classify", "compare", "generate", "calibrate")


@pytest.fixture
def inputs(run):
    save_machine("machine.toml", BoltzmannMachine.random(3, seed=4))
    weights = np.ones((1, 2, 2))
    save_network(
        "network.h5",
        network_from_arrays({"weights_0": weights, "weights_1": weights}),
        command="by hand",
    )
    Path("table.csv").write_text("state,probability\n0,0.3\n1,0.7\n")
    Path("ways.toml").write_text(WAYS)
    with ResultsFile.create("results.h5", command="by hand", seed=0, config="") as file:
        file.write("history/loss", [0.5, 0.2], ("step",), units="1", description="loss")
        file.metric("kl_sample_target", 0.1, 0.01)


def test_every_command_stands_here():
    assert set(RUNS) == set(NAMES)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in RUNS]
)
def test_every_command_ends_well_on_a_terminal_of_ascii(run, inputs, name, monkeypatch):
    """A pipe of ASCII gets tables of 80 columns in words, and the file the time since the call."""
    written = {"compare": "ways.h5", "sweep": "sweep.h5"} | dict.fromkeys(
        ("sample", *LONG[:2], *LONG[3:]), "run.h5"
    )
    out = ("--out", "run.h5") if written.get(name) == "run.h5" else ()
    begun = time.monotonic()
    monkeypatch.setattr(main, "Invocation", lambda line: Invocation(line, started=begun - 1000.0))
    ran = run(*RUNS[name], *out, encoding="ascii")
    assert ran.code == 0, ran.err
    assert ran.out.strip()
    assert (ran.out + ran.err).isascii()
    assert_readable(ran.out)
    if name in written:
        spent = read_results(written[name]).attrs["wall_time_s"]
        assert 1000.0 < spent < 1000.0 + time.monotonic() - begun
        for more in ((), ("--all",)):
            assert_readable(run("info", written[name], *more).out)
    technical = {name for name in MEASURES if "_" in name}
    assert not technical & set(re.findall(r"\w+", ran.out))  # measures have words


def assert_readable(text):
    """No line is broken by a terminal of 80 columns, and none steers it."""
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text


@pytest.mark.parametrize("arguments", [[], *([name] for name in NAMES), ["serve", "lasers"]])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_help(run, arguments, encoding):
    ran = run(*arguments, "--help", encoding=encoding)
    assert ran.code == 0
    assert "Usage" in ran.out


def test_plus_or_minus_is_written_with_what_there_is(run, inputs):
    for encoding, sign in (("ascii", "+/-"), ("cp1252", "±"), ("utf-8", "±")):
        ran = run(*RUNS["sample"], encoding=encoding)
        assert f" {sign} 0.0" in ran.out


def test_names_that_cannot_be_shown_are_refused_with_exit_code_2(run):
    for name, shown in (("жар.toml", r"\u0436\u0430\u0440.toml"), ("\udcff.toml", r"\udcff.toml")):
        ran = run("info", name, encoding="ascii")
        assert ran.code == 2
        assert shown in ran.err


def test_a_file_name_that_is_no_utf_8_keeps_its_results(run, inputs):
    ran = run(*RUNS["sample"], "--out", "\udcff.h5", "--quiet")
    assert ran.code == 0
    command = read_results("\udcff.h5").attrs["command"]
    assert command.endswith(r"--out '\udcff.h5' --quiet")
    # Inputs of such names stand in the configuration, and folders of such names are classes.
    Path(RUNS["sample"][1]).rename("\udcfe.toml")
    ran = run("sample", "\udcfe.toml", *RUNS["sample"][2:], "--out", "run.h5", "--json")
    assert ran.code == 0
    # With its folder, so that a run that was stopped can be resumed from anywhere.
    machine = toml_of(read_results("run.h5").config, "config")["machine"]
    assert machine == str(Path.cwd() / r"\udcfe.toml")


def stream_of(encoding, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    prepare_streams()

    def text():
        stream.flush()
        return stream.buffer.getvalue().decode(encoding)

    return text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8", "gbk"])
def test_columns_stay_aligned(encoding, monkeypatch):
    text = stream_of(encoding, monkeypatch)
    rows = [("τ", "1 ± 2"), ("次 → 2", "10 ± 20")]
    Reporter(quiet=False, as_json=False).result({}, rows_table("µ", ("a", "ü"), rows))
    assert len({cell_len(line) for line in text().splitlines()}) == 1
    assert ("±" in text()) == (encoding != "ascii")


def test_every_character_is_taken(monkeypatch):
    text = stream_of("ascii", monkeypatch)
    print("é ± \udcff 漢 \N{GRINNING FACE}")
    assert text() == "\\xe9 +/- \\udcff \\u6f22 \\U0001f600\n"
