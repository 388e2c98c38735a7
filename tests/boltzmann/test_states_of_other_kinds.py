"""Every function that takes states refuses what is not 0 or 1, and says how -1 and +1 become so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    RestrictedMachine,
    label_posterior,
    layered_log_partition,
    log_probability,
    state_index,
    target_from_samples,
)
from lasersampling.errors import InputError
from lasersampling.sampling.neurons.line_fits import lines_from_draws
from lasersampling.sampling.neurons.translation import Lines
from lasersampling.statistics import (
    block_length,
    bootstrap_intervals,
    distribution_ess,
    goodness_of_fit,
    moment_errors,
)

RESTRICTED = RestrictedMachine([[1.0, -1.0, 0.5], [0.2, 0.4, -0.3]], [0.1, 0.2, -0.5], [0.3, -0.2])
GENERAL = RESTRICTED.to_machine()
THREE = BoltzmannMachine.random(3, seed=1)
HALF = np.full(3, 0.5)
UNIFORM = np.full(8, 1 / 8)
STATES = np.random.default_rng(2).integers(0, 2, (2, 40, 3)).astype(np.int8)

TAKING_STATES: dict[str, Callable[[Any], Any]] = {
    "energy": THREE.energy,
    "local_field": THREE.local_field,
    "free_energy": RESTRICTED.free_energy,
    "hidden_probability": RESTRICTED.hidden_probability,
    "visible_probability": lambda z: RESTRICTED.visible_probability(z[..., :2]),
    "log_probability": lambda z: log_probability(
        GENERAL, z.reshape(-1, 3), layered_log_partition(GENERAL)
    ),
    "state_index": state_index,
    "target_from_samples": lambda z: target_from_samples(z).probabilities,
    "moment_errors": lambda z: moment_errors(z, HALF, np.full((3, 3), 0.25)).mean.sampled,
    "distribution_ess": distribution_ess,
    "goodness_of_fit": lambda z: goodness_of_fit(z, UNIFORM).statistic,
    "block_length": block_length,
    "bootstrap_intervals": lambda z: (
        bootstrap_intervals(z, {"first": lambda p: p[0]}, n_replicates=10)["first"].estimate
    ),
    "lines_from_draws": lambda z: lines_from_draws(Lines(np.zeros(3), np.ones(3)), THREE, z).gain,
}


@pytest.mark.parametrize("name", TAKING_STATES)
def test_spins_are_refused_with_the_way_out(name):
    spins = 2 * STATES - 1
    for states in (spins, spins.astype(float)):
        with pytest.raises(InputError, match=r"-1 and \+1.*\(s \+ 1\) / 2"):
            TAKING_STATES[name](states)


@pytest.mark.parametrize("name", TAKING_STATES)
@pytest.mark.parametrize("wrong", [2, 0.5, np.nan, -1])
def test_other_values_are_refused(name, wrong):
    states = STATES.astype(float)
    states[1, 7, 0] = wrong
    with pytest.raises(InputError, match=rf"got {wrong}, expected 0 "):
        TAKING_STATES[name](states)


@pytest.mark.parametrize("name", TAKING_STATES)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_zeros_and_ones_of_any_type_give_the_same(name, dtype):
    function = TAKING_STATES[name]
    np.testing.assert_array_equal(function(STATES.astype(dtype)), function(STATES))


@pytest.mark.parametrize("wrong", [-1, 2, np.nan])
def test_pixels_are_values_from_0_to_1(wrong):
    machine = RestrictedMachine([[1.0, -1.0, 0.5]], [0.1, 0.2, -0.5], [0.3], n_label=1).to_machine()
    assert label_posterior(machine, [[0.5, 1]]).shape == (1, 1)
    with pytest.raises(InputError, match=r"images: got values from .* expected values from 0"):
        label_posterior(machine, [[wrong, 1]])
