import pytest

from lasersampling.learning.packing import pack, unpack


class Kept:
    """Checkpoints in memory, packed and unpacked as by way of a file."""

    def __init__(self):
        self.states = []

    def save(self, state, history):
        self.states.append(unpack(*pack(state)))


@pytest.fixture
def kept():
    """Where a training keeps its checkpoints."""
    return Kept()
