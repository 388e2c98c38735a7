"""Settings that must stand before the first test module is imported."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# One thread each for BLAS and torch: xdist already puts a worker on every core.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

# The same examples in every run, and no deadline, since workers share the cores.
settings.register_profile("lasersampling", deadline=None, derandomize=True, database=None)
settings.load_profile("lasersampling")


def compiled_sources() -> str:
    """Digest of all sources that numba compiles, and of the processor if it is told of another."""
    digest = hashlib.sha256()
    for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"):
        digest.update(os.environ.get(name, "").encode())
    for path in sorted((ROOT / "lasersampling").rglob("*.py")):
        content = path.read_bytes()
        if b"numba" in content or b"njit" in content:
            digest.update(content)
    return digest.hexdigest()[:16]


def pytest_configure(config: pytest.Config) -> None:
    # numba's cache does not notice a change in a function that lives in another file, so a test
    # could run old code; a folder per state of the sources cannot be stale. Set before numba is
    # imported, and inherited by the workers of xdist.
    numba_cache = config.rootpath / ".pytest_cache" / "numba" / compiled_sources()
    os.environ.setdefault("NUMBA_CACHE_DIR", str(numba_cache))
    if "PYTEST_XDIST_WORKER" not in os.environ:
        # Calibrations of a test run are shared by its workers and never meet those of the user.
        os.environ["LASERSAMPLING_CACHE"] = tempfile.mkdtemp(prefix="lasersampling-tests-")


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["LASERSAMPLING_CACHE"], ignore_errors=True)
