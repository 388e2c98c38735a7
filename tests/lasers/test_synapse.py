import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.synapse import Synapse


def test_rectangle_lasts_for_the_refractory_time_unless_it_has_a_length():
    time = np.array([-0.1, 0.0, 1.9, 2.1, 3.9, 4.1])
    assert Synapse().pump(time, 4.0).tolist() == [0, 1, 1, 1, 1, 0]
    assert Synapse(duration_ns=2.0).pump(time, 4.0).tolist() == [0, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "synapse",
    [
        Synapse(),
        Synapse(duration_ns=1.5),
        Synapse(kernel="shaped", kick=0.4, duration_ns=3.0),
        Synapse(kernel="exponential", time_constant_ns=2.5),
    ],
)
def test_mean_effect_is_the_mean_over_the_refractory_time(synapse):
    time = (np.arange(400_000) + 0.5) * 4.0 / 400_000
    assert synapse.mean_effect(4.0) == pytest.approx(synapse.pump(time, 4.0).mean(), abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel": "rectangular", "kick": 0.5}, "kick: got 0.5, expected 0 for"),
        ({"kernel": "exponential"}, "time_constant_ns: got nothing"),
        (
            {"kernel": "exponential", "time_constant_ns": 1.0, "duration_ns": 1.0},
            "duration_ns: got 1.0",
        ),
        ({"kernel": "shaped", "time_constant_ns": 1.0}, "time_constant_ns: got 1.0"),
        ({"kernel": "triangular"}, "kernel"),
        ({"kick": 1.5, "kernel": "shaped"}, "kick: got 1.5"),
        ({"duration_ns": 0.0}, "duration_ns: got 0.0"),
        ({"overlap": "sum"}, "overlap"),
    ],
)
def test_values_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Synapse(**arguments)
