"""The equations against published rates of the jump process, which took hours.

`test_gillespie` draws jumps of its own, but can pay for so few that it would not see ten per cent.
"""

import numpy as np
import pytest

from lasersampling.lasers.device import load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate

# Pump over threshold, spikes per ns, standard error, P(z = 1), standard error; RESULTS.md, "Rate
# equations against the exact jump process".
JUMPS = {
    "D6": [
        (0.8178, 0.02032, 0.00013, 0.0508, 0.0003),
        (0.8265, 0.04300, 0.00028, 0.1074, 0.0007),
        (0.8392, 0.09990, 0.00064, 0.2490, 0.0016),
        (0.8189, 0.0222, 0.0006, 0.0553, 0.0014),
        (0.8393, 0.1036, 0.0015, 0.2583, 0.0038),
        (0.8554, 0.2033, 0.0025, 0.5025, 0.0064),
        (0.8724, 0.3160, 0.0026, 0.7569, 0.0057),
        (0.8981, 0.4438, 0.0024, 0.9539, 0.0032),
    ],
    "D5": [
        (0.9055, 0.0243, 0.0015, 0.0482, 0.0031),
        (0.9381, 0.1172, 0.0030, 0.2340, 0.0061),
        (0.9649, 0.2440, 0.0039, 0.4850, 0.0081),
        (0.9967, 0.3902, 0.0049, 0.7530, 0.0093),
        (1.0492, 0.5608, 0.0021, 0.9516, 0.0026),
    ],
    "D4": [
        (0.9716, 0.0136, 0.0016, 0.0408, 0.0048),
        (1.0092, 0.0760, 0.0030, 0.2277, 0.0090),
        (1.0425, 0.1784, 0.0040, 0.5075, 0.0102),
        (1.0766, 0.3026, 0.0038, 0.7693, 0.0085),
        (1.1385, 0.4638, 0.0044, 0.9516, 0.0042),
    ],
    "D1": [
        (1.0931, 0.0302, 0.0021, 0.0483, 0.0032),
        (1.1519, 0.1454, 0.0020, 0.2310, 0.0030),
        (1.2074, 0.3100, 0.0048, 0.4885, 0.0077),
        (1.2654, 0.4984, 0.0043, 0.7514, 0.0060),
        (1.3603, 0.7038, 0.0033, 0.9447, 0.0029),
    ],
}
CHAINS, SPIKES = 256, 20_000


@pytest.mark.slow
@pytest.mark.parametrize("name", JUMPS)
def test_equations_give_the_published_rates_of_the_jump_process(name):
    """Each number to 2 % or 3.5 standard errors (there are over forty), and the mean to 1 %."""
    device = load_device(name)
    network = LaserNetwork(device, 1)
    differences, errors = [], []
    for seed, (ratio, rate, rate_se, active, active_se) in enumerate(JUMPS[name]):
        duration = max(100.0, SPIKES / CHAINS / rate)
        spikes = simulate(
            network,
            ratio,
            duration,
            n_chains=CHAINS,
            seed=seed,
            settings=SimulationSettings(step_ps=min(1.0, device.step_ps)),
        ).spikes
        for values, jumps, jumps_se in (
            (spikes.rate_per_ns()[:, 0], rate, rate_se),
            (spikes.active_fraction(device.refractory_time_ns)[:, 0], active, active_se),
        ):
            own_se = values.std(ddof=1) / CHAINS**0.5
            assert own_se < 0.01 * jumps
            differences.append(values.mean() / jumps - 1.0)
            errors.append(np.hypot(own_se, jumps_se) / jumps)
    difference, error = np.array(differences), np.array(errors)
    assert np.all((np.abs(difference) < 0.02) | (np.abs(difference) < 3.5 * error))
    for quantity in (slice(0, None, 2), slice(1, None, 2)):
        weight = error[quantity] ** -2
        mean, mean_se = (weight * difference[quantity]).sum() / weight.sum(), weight.sum() ** -0.5
        assert mean_se < 0.008
        assert abs(mean) < max(0.01, 3.0 * mean_se)
