"""One small results file for each figure."""

import pytest

from lasersampling.results import ResultsFile
from tests.results.figures.files import lasers, machines, pictures, spiking

WRITERS = lasers.WRITERS | machines.WRITERS | pictures.WRITERS | spiking.WRITERS


@pytest.fixture
def make(tmp_path):
    """Return a function that writes the file of a figure, or what another writer says."""

    def write(name, writer=None):
        path = tmp_path / f"{name}.h5"
        with ResultsFile.create(path, command="", seed=0, config="") as file:
            (writer or WRITERS[name])(file)
        return path

    return write
