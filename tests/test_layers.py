"""The layers of docs/architecture.md, by the import-linter contract in pyproject.toml."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERED = [
    *("experiments", "cli", "comparison", "export", "report", "sweeps", "commands"),
    *("judging", "results", "learning", "sampling", "lasers", "boltzmann", "lif"),
    *("hardware", "statistics", "datasets", "config", "workers", "plots"),
    *("arrays", "checks", "atomic", "compiling", "closure", "labelled", "parallel", "on_demand"),
    *("restoring", "compile_clock", "paths", "trust", "keeping", "seeds", "interrupts", "errors"),
]
CONTRACT = "[[tool.importlinter.contracts]]"
LINT = """
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True))
"""


def lint(folder):
    """Run import-linter on the package `lasersampling` that stands in `folder`."""
    # In a process of its own, where the folder comes first on the path.
    command = [sys.executable, "-c", LINT]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_point_downwards_only():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "6 kept, 0 broken." in result.stdout


@pytest.fixture
def package(tmp_path):
    """A package with the same layers and nothing in them."""
    # The first contract alone; those of the rooms are about modules that are not here.
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    head, first, *_ = text.split(CONTRACT)
    first = re.sub(r'^    "lasersampling\.sweeps\..*\n', "", first, flags=re.MULTILINE)
    (tmp_path / "pyproject.toml").write_text(head + CONTRACT + first, encoding="utf-8")
    folder = tmp_path / "lasersampling"
    folder.mkdir()
    for name in ["__init__", "__main__", *LAYERED]:
        (folder / f"{name}.py").touch()
    # As in the real package, where the table of public names reaches everywhere.
    (folder / "__init__.py").write_text("import lasersampling.cli")
    return folder


def test_imports_downwards_and_of_the_version_are_allowed(package):
    (package / "sampling.py").write_text("import lasersampling.boltzmann, lasersampling.lasers")
    (package / "lasers.py").write_text("import lasersampling.errors, lasersampling.statistics")
    (package / "errors.py").write_text("from lasersampling import __version__")
    result = lint(package.parent)
    assert result.returncode == 0, result.stdout + result.stderr


def test_imports_upwards_and_sideways_are_found(package):
    wrong = {
        "boltzmann": "lasers",
        "lasers": "boltzmann",
        "sampling": "learning",
        "learning": "results",
        "results": "judging",
        "judging": "commands",
        "commands": "comparison",
        "comparison": "cli",
        "experiments": "cli",
        "statistics": "plots",
        "datasets": "statistics",
        "errors": "checks",
        "hardware": "lif",
        "config": "datasets",
    }
    for importer, imported in wrong.items():
        (package / f"{importer}.py").write_text(f"import lasersampling.{imported}")
    result = lint(package.parent)
    assert result.returncode == 1, result.stderr
    for importer, imported in wrong.items():
        assert f"lasersampling.{importer} -> lasersampling.{imported}" in result.stdout


def test_an_import_for_type_checkers_counts(package):
    (package / "boltzmann.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lasersampling.lasers\n"
    )
    result = lint(package.parent)
    assert "lasersampling.boltzmann -> lasersampling.lasers" in result.stdout


def test_a_package_outside_the_layers_is_found(package):
    (package / "helpers.py").touch()
    result = lint(package.parent)
    assert result.returncode == 1
    assert "helpers" in result.stdout
