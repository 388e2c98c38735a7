"""Errors reach another process as they are."""

import pickle

import pytest

from lasersampling.atomic import FileInUseError
from lasersampling.errors import (
    InputError,
    LaserSamplingError,
    Problem,
    SimulationError,
    SubstrateError,
)
from lasersampling.lif.events.settings import RunawayActivityError

PROBLEMS = [Problem("a", "1", "2"), Problem("b", "3", "4")]


@pytest.mark.parametrize(
    "error",
    [
        InputError(PROBLEMS),
        FileInUseError(PROBLEMS),
        SimulationError("it diverged"),
        SubstrateError("no answer"),
        RunawayActivityError("neuron 3 spikes 1,000 times", "allow more"),
        LaserSamplingError("other"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_pickled_errors_are_the_same(error: LaserSamplingError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
