"""A results file says on which computer, and with which libraries, it was made."""

import platform

import numpy
import pytest

from lasersampling.results import ResultsFile, read_results
from lasersampling.results.computer import about_computer

XEON = """processor\t: 0
model name\t: Intel(R) Xeon(R)  Processor
flags\t\t: fpu sse4_2 avx fma avx2 avx512f avx512dq avx512vl

processor\t: 1
model name\t: another one
"""


@pytest.fixture(autouse=True)
def _as_it_is(monkeypatch):
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)


def of(tmp_path, text):
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    return about_computer(path)


def test_the_first_processor_is_described_by_its_widest_instructions(tmp_path):
    found = of(tmp_path, XEON)
    assert (found["processor"], found["instruction_set"]) == ("Intel Xeon Processor", "AVX-512")
    zen = of(tmp_path, XEON.replace(" avx512f avx512dq avx512vl", ""))
    assert zen["instruction_set"] == "AVX2 with FMA"
    arm = of(tmp_path, "processor\t: 0\nFeatures\t: fp asimd\n")
    assert arm["instruction_set"] == "NEON"


def test_an_emulated_old_processor_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert of(tmp_path, XEON)["instruction_set"].endswith("numba told to compile for generic")


def test_a_system_that_tells_nothing_is_unknown(tmp_path):
    found = about_computer(tmp_path / "none")
    assert found["instruction_set"] == "unknown"
    assert found["processor"]


def test_a_results_file_holds_it(tmp_path):
    with ResultsFile.create(tmp_path / "run.h5", command="c", seed=0, config="") as file:
        file.metric("one", 1.0)
    attrs = read_results(tmp_path / "run.h5").attrs
    assert attrs["processor"] == about_computer()["processor"]
    assert f"numpy {numpy.__version__}" in attrs["library_versions"].splitlines()
    assert platform.python_version() in attrs["system"]
