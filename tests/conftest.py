"""Settings that must stand before the first test module is imported."""

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

# One thread each for BLAS and torch: xdist already puts a worker on every core.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

# The same examples in every run, and no deadline, since workers share the cores.
settings.register_profile("lasersampling", deadline=None, derandomize=True, database=None)
settings.load_profile("lasersampling")


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        # Calibrations of a test run are shared by its workers and never meet those of the user.
        os.environ["LASERSAMPLING_CACHE"] = tempfile.mkdtemp(prefix="lasersampling-tests-")


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["LASERSAMPLING_CACHE"], ignore_errors=True)
