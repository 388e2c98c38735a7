"""Samples drawn beside a reference of any kind that is taken."""

import pytest

from lasersampling.boltzmann import RestrictedMachine
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs

RESTRICTED = RestrictedMachine([[1.0, -1.0]], [0.0, 0.0], [0.5])
SAMPLES = Gibbs().sample(RESTRICTED, 50, seed=1)


@pytest.mark.parametrize("beside", [None, RESTRICTED, RESTRICTED.to_machine(), SAMPLES])
def test_samples_are_drawn_beside_machines_and_samples(beside):
    figure = SAMPLES.plot(beside)
    assert figure.axes[0].get_ylabel() == "probability"


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        (3, "beside: got int, expected a BoltzmannMachine or a RestrictedMachine"),
        (RestrictedMachine([[1.0]], [0.0], [0.5]), "beside: got 2 units, expected 3"),
    ],
)
def test_other_references_are_refused(beside, message):
    with pytest.raises(InputError, match=message):
        SAMPLES.plot(beside)
