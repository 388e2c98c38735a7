"""What travels in the wheel, and that models are found from a clone and from an installed wheel."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import lasersampling
from lasersampling.config import shipped_names

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

FIND = """
import lasersampling
from lasersampling.config import resolve, shipped_names, shipped_path
print(lasersampling.__file__)
for name in shipped_names("devices"):
    path = shipped_path("devices", name)
    assert path.is_file() and resolve("devices", name) == path
    print(path)
"""


def build(source, target, kind):
    """Build a wheel or an sdist of the tree in `source` and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def find_devices(library, folder):
    """Run `FIND` in `folder` with the package of `library`: its file, and those of the devices."""
    result = subprocess.run(
        [sys.executable, "-c", FIND],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    package, *devices = (Path(line) for line in result.stdout.splitlines())
    return package, devices


def files_below(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("dist"), "wheel")


def test_the_wheel_holds_package_models_and_data(wheel):
    names = {
        name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("lasersampling/")
    }
    expected = {f"lasersampling/_models/{name}" for name in files_below(ROOT / "models")}
    expected |= {f"lasersampling/_data/{name}" for name in files_below(ROOT / "data")}
    package = files_below(ROOT / "lasersampling")
    expected |= {
        f"lasersampling/{name}"
        for name in package
        if name.endswith((".py", ".typed", ".css", ".j2", ".js"))
    }
    assert names == expected


def test_devices_are_found_from_an_installed_wheel(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    package, devices = find_devices(site, tmp_path)
    assert package == site / "lasersampling" / "__init__.py"
    folder = site / "lasersampling" / "_models" / "devices"
    assert devices == [folder / f"{name}.toml" for name in shipped_names("devices")]
    assert devices


def test_devices_are_found_from_a_clone(tmp_path):
    package, devices = find_devices(ROOT, tmp_path)
    assert package == ROOT / "lasersampling" / "__init__.py"
    assert devices == sorted((ROOT / "models" / "devices").glob("*.toml"))
    assert devices


def test_the_sdist_builds_the_same_wheel(wheel, tmp_path):
    with tarfile.open(build(ROOT, tmp_path / "sdist", "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("lasersampling-*")
    again = build(source, tmp_path / "dist", "wheel")
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


def test_the_version_is_the_same_everywhere():
    version = PROJECT["version"]
    assert lasersampling.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_dependency_has_a_reason():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    reasons = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^\| ([\w, -]+) \|", page, re.M))))
    extras = PROJECT["optional-dependencies"]
    peers = extras["peers"] + extras["exchange-peers"]
    wanted = PROJECT["dependencies"] + extras["dev"] + extras["docs"] + peers
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in wanted}
    assert names == reasons - {"library", "tool"}
