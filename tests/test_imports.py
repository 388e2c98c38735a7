"""What an import loads and leaves behind, each seen in a fresh process."""

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lasersampling

PACKAGE = Path(lasersampling.__file__).parent
HEAVY = {
    "arviz_stats",
    "h5netcdf",
    "h5py",
    "matplotlib",
    "nir",
    "numba",
    "numpy",
    "pandas",
    "platformdirs",
    "pydantic",
    "rich",
    "scipy",
    "sklearn",
    "torch",
    "typer",
    "xarray",
}

LOADED = "import sys, json, lasersampling; print(json.dumps(sorted(sys.modules)))"

# The libraries are loaded first, so that what they do themselves does not count.
SIDE_EFFECTS = """
import importlib, os, pathlib, pkgutil, random, warnings
import h5py, matplotlib, matplotlib.pyplot, numba, numpy, sklearn, torch
import arviz_stats, pydantic, rich, scipy.stats, typer

# rich draws numbers for its styles, so the state of `random` may move, but nobody may seed it.
seeded = []
random.seed = lambda *arguments: seeded.append(arguments)

def state():
    return {
        # Before torch's, which numba sets too when it starts its threads.
        "numba threads": numba.get_num_threads(),
        "rcParams": dict(matplotlib.rcParams),
        "random": list(seeded),
        "numpy": repr(numpy.random.get_state()),
        "numpy printing": numpy.get_printoptions(),
        "numpy errors": numpy.geterr(),
        "torch": torch.get_rng_state().tolist(),
        "torch dtype": torch.get_default_dtype(),
        "torch threads": torch.get_num_threads(),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "warnings": list(warnings.filters),
        "files": sorted(pathlib.Path.home().rglob("*")),
    }

before = state()
import lasersampling
for module in pkgutil.walk_packages(lasersampling.__path__, "lasersampling."):
    importlib.import_module(module.name)
after = state()
print([name for name in before if before[name] != after[name]])
"""


def run(code, folder):
    """Run `code` with `folder` as the home, temporary and current folder."""
    places = dict.fromkeys(
        ["HOME", "TMPDIR", "XDG_CACHE_HOME", "LASERSAMPLING_CACHE", "MPLCONFIGDIR"], str(folder)
    )
    result = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=folder,
        env=os.environ | places,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_of_the_package_loads_nothing_heavy_and_writes_nothing(tmp_path):
    loaded = json.loads(run(LOADED, tmp_path))
    assert HEAVY.isdisjoint(loaded)
    assert [name for name in loaded if name.startswith("lasersampling.")] == []
    assert list(tmp_path.iterdir()) == []


ON_DEMAND = sorted(
    f"lasersampling.{path.parent.relative_to(PACKAGE).as_posix().replace('/', '.')}"
    for path in PACKAGE.glob("*/**/__init__.py")
    if "on_demand(__name__)" in path.read_text(encoding="utf-8")
)


def test_packages_that_import_their_names_on_demand_stay_light(tmp_path):
    packages = [name for name in ON_DEMAND if not name.startswith("lasersampling.lif")]
    code = LOADED.replace("lasersampling;", f"{', '.join(packages)};")
    assert len(packages) > 5
    assert HEAVY.isdisjoint(json.loads(run(code, tmp_path)))


@pytest.mark.parametrize("name", ON_DEMAND)
def test_packages_give_the_names_that_they_export_and_no_others(name):
    package = importlib.import_module(name)
    for exported in package.__all__:
        assert not inspect.ismodule(getattr(package, exported)), exported
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        _ = package.nothing


def test_import_of_every_module_changes_no_global_state(tmp_path):
    assert run(SIDE_EFFECTS, tmp_path) == "[]\n"


def test_every_public_name_resolves_and_is_listed():
    for name in lasersampling.__all__:
        assert getattr(lasersampling, name) is not None
    assert set(lasersampling.__all__) <= set(dir(lasersampling))
    assert len(set(lasersampling.__all__)) == len(lasersampling.__all__)


def test_the_lazy_table_and_the_names_for_type_checkers_agree():
    tree = ast.parse(inspect.getsource(lasersampling))
    imported = [
        (str(node.module), alias.name, alias.asname)
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert all(name == again for _, name, again in imported)
    seen = {name: module.partition(".")[2] for module, name, _ in imported}
    assert seen == lasersampling._MODULE_OF


def test_the_docstring_lists_every_public_name_once():
    listed = re.findall(r"^    (\w+) +\S", lasersampling.__doc__, flags=re.MULTILINE)
    assert sorted(listed) == sorted(lasersampling._MODULE_OF)


def test_dir_lists_the_public_names_alone():
    listed = [name for name in dir(lasersampling) if not name.startswith("__")]
    assert listed == sorted(set(lasersampling.__all__) - {"__version__"})


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'lasersampling' has no attribute 'nothing'"):
        getattr(lasersampling, "nothing")  # noqa: B009
