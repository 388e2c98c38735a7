"""Compiled code is kept apart for each state of the sources that it was compiled with."""

import importlib
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from lasersampling import compiling
from lasersampling.lasers.integrator import kernel

PACKAGE = Path(compiling.__file__).parent
SOURCES = {
    "__init__": "",
    "constants": "SCALE = 2.0\n",
    "called": """
        from lasersampling.compiling import njit
        from lasersampling.toy.constants import (
            SCALE,
        )

        @njit(cache=True)
        def scaled(x):
            return SCALE * x
        """,
    "given": """
        from typing import NamedTuple

        class Pair(NamedTuple):
            first: float
            second: float
        """,
    "calling": """
        from lasersampling.compiling import njit
        from lasersampling.toy.called import scaled

        @njit(cache=True)
        def difference(pair):
            return scaled(pair.first) - pair.second
        """,
}
RUN = """
from lasersampling.toy.calling import difference
from lasersampling.toy.given import Pair
print(difference(Pair(3.0, 1.0)), sum(difference.stats.cache_hits.values()))
"""


@pytest.fixture
def package(tmp_path):
    """The package with a room of its own, whose functions compile in no time."""
    for name in ("__init__", "closure", "compiling", "errors", "paths"):
        target = tmp_path / "lasersampling" / f"{name}.py"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(PACKAGE / f"{name}.py", target)
    room = tmp_path / "lasersampling" / "toy"
    room.mkdir()
    for name, source in SOURCES.items():
        (room / f"{name}.py").write_text(textwrap.dedent(source))
    return tmp_path


def run(package):
    """What the function gives, and how often compiled code was found that had been kept."""
    environment = {**os.environ, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["NUMBA_CACHE_DIR"] = str(package / "kept")
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        cwd=package, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    value, hits = ran.stdout.split()
    return float(value), int(hits)


@pytest.mark.parametrize(
    ("file", "old", "new", "value"),
    [
        ("called", "SCALE * x", "SCALE * x + 1.0", 6.0),
        ("constants", "2.0", "5.0", 14.0),
        ("given", "first: float\n    second: float", "second: float\n    first: float", -1.0),
    ],
    ids=["function called", "constant", "fields of a tuple"],
)
def test_a_change_in_another_file_is_noticed(package, file, old, new, value):
    assert run(package) == (5.0, 0)
    assert run(package) == (5.0, 1)  # kept
    path = package / "lasersampling" / "toy" / f"{file}.py"
    before = path.read_text()
    path.write_text(before.replace(old, new))
    assert path.read_text() != before
    assert run(package) == (value, 0)
    path.write_text(before)
    assert run(package) == (5.0, 1)


def test_every_compiled_function_of_the_package_is_kept_in_such_a_folder():
    folder = compiling.compiled_code_folder(kernel.__name__)
    assert folder is not None
    assert Path(kernel.advance.stats.cache_path).is_relative_to(folder)
    uses = [path for path in PACKAGE.rglob("*.py") if "numba" in path.read_text(encoding="utf-8")]
    direct = [
        path.relative_to(PACKAGE).as_posix()
        for path in uses
        if "njit" in path.read_text(encoding="utf-8")
        and "from lasersampling.compiling import njit" not in path.read_text(encoding="utf-8")
    ]
    assert direct == ["compiling.py"]


def test_what_was_not_used_for_a_month_is_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    old, recent = tmp_path / f"kernel-{'0' * 16}", tmp_path / f"kernel-{'1' * 16}"
    foreign = tmp_path / "kernel-of-somebody"
    for folder in (old, recent, foreign):
        folder.mkdir()
    month_ago = time.time() - 31 * 86_400
    for folder in (old, foreign):
        os.utime(folder, (month_ago, month_ago))
    spec = compiling.__spec__
    assert spec is not None and spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)  # with no folder known yet
    made = fresh.compiled_code_folder(kernel.__name__)
    assert set(tmp_path.iterdir()) == {recent, foreign, made}


def test_other_functions_of_numba_stay_where_they_were():
    import numba

    config: Any = numba.config  # whose names are made when it is imported
    before = config.CACHE_DIR
    compiling.njit(cache=True)(lambda x: x)
    assert before == config.CACHE_DIR
