"""Settings that must stand before the first test module is imported."""

import functools
import os
import shutil
import tempfile

import pytest
from hypothesis import settings

from lasersampling import closure
from tests.workers.local_cluster import local_cluster

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
    # Each command asks anew for the digest of the sources, which takes most of a second. Here many
    # commands run in one process, and the same text has the same code.
    closure.code_of = functools.cache(closure.code_of)


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["LASERSAMPLING_CACHE"], ignore_errors=True)


@pytest.fixture
def cluster():
    """Return a cluster on this machine that is not started yet; all of it ends with the test."""
    with local_cluster() as made:
        yield made
