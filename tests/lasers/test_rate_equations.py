import dataclasses

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.device import load_device
from lasersampling.lasers.rate_equations import (
    drift,
    net_gain,
    quiescent_state,
    spontaneous_emission,
    steady_states,
)

DEVICE = load_device("D2")


@pytest.mark.parametrize("ratio", [0.2, 0.9, 0.99, 1.05, 1.5])
def test_steady_states_have_no_drift(ratio):
    for state in steady_states(DEVICE, ratio):
        vector = [state.photons, state.gain_electrons, state.absorber_electrons]
        change = drift(DEVICE, vector, ratio)
        scale = [
            spontaneous_emission(DEVICE, vector[1], vector[2]),
            ratio,
            max(1.0, state.absorber_electrons / DEVICE.absorber.carrier_lifetime_ns),
        ]
        assert np.all(np.abs(change) < 1e-6 * np.array(scale))


def test_laser_below_threshold_is_off_and_above_on():
    assert quiescent_state(DEVICE, 0.7).photons < 10.0
    assert steady_states(DEVICE, 3.0)[-1].photons > 100.0


def test_off_and_on_coexist_where_the_absorber_bleaches_easily():
    # Yamada form: they do for s > 1 + 1/mu2, between the fold and the threshold pump.
    micropillar = load_device("micropillar_selmi")
    counts = [len(steady_states(micropillar, ratio)) for ratio in (0.5, 0.85, 1.1)]
    assert counts == [1, 3, 1]


def test_a_laser_without_pump_is_dark():
    (state,) = steady_states(DEVICE, 0.0)
    assert (state.photons, state.gain_electrons, state.absorber_electrons) == (0.0, 0.0, 0.0)


def test_threshold_pump_is_where_the_unsaturated_gain_vanishes():
    electrons = DEVICE.threshold_pump_electrons_per_ns * DEVICE.gain.carrier_lifetime_ns
    assert abs(net_gain(DEVICE, electrons, 0.0)) < 1e-9


def test_a_pump_without_steady_state_is_refused():
    device = load_device("D2")
    dark = dataclasses.replace(
        device, gain=dataclasses.replace(device.gain, differential_gain_per_ns=1e-12)
    )
    with pytest.raises(InputError, match="at which D2 has no steady state"):
        quiescent_state(dark, 20.0)
