"""The step that a device file states, against published rates of short steps, in either mode."""

import numpy as np
import pytest

from lasersampling.lasers.device import load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate

# Pump over threshold, spikes per ns at a common step of 1 ps, standard error; RESULTS.md,
# "Integrator".
SHORT_STEPS = {
    "D1": [(1.0932, 0.030231, 0.000064)],
    "D2": [(0.8898, 0.010152, 0.000024)],
    "D4": [(0.9752, 0.017324, 0.000035)],
    "D5": [(0.9055, 0.024586, 0.000057)],
    "D6": [(0.8189, 0.022446, 0.000045), (0.8265, 0.042814, 0.000081)],
}
CHAINS, SPIKES = 256, 40_000


@pytest.mark.slow
@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("name", SHORT_STEPS)
def test_stated_step_is_right_to_a_per_cent_where_spikes_are_rare(name, common):
    """The mean over the pumps to 1 % and three standard errors, the errors together below 0.6 %."""
    device = load_device(name)
    differences, variances = [], []
    for seed, (ratio, rate, rate_se) in enumerate(SHORT_STEPS[name]):
        found = simulate(
            LaserNetwork(device, 1),
            ratio,
            SPIKES / CHAINS / rate,
            n_chains=CHAINS,
            seed=seed,
            settings=SimulationSettings(common_step=common),
        ).spikes.rate_per_ns()[:, 0]
        differences.append(found.mean() / rate - 1.0)
        variances.append((found.var(ddof=1) / CHAINS + rate_se**2) / rate**2)
    error = np.sqrt(sum(variances)) / len(variances)
    assert error < 0.006
    assert abs(np.mean(differences)) < 0.01 + 3.0 * error
