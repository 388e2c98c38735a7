import math

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

from lasersampling.lif import network_from_arrays
from lasersampling.lif.latest import latest_spikes

RNG = np.random.default_rng(3)
WEIGHTS: dict[str, ArrayLike] = {
    "weights_0": RNG.normal(1.0, 1.5, (2, 6, 4)),
    "weights_1": RNG.normal(1.0, 1.5, (2, 3, 6)),
    "tau_mem_0": RNG.uniform(0.5, 4.0, (2, 6)),
    "tau_syn_0": RNG.uniform(0.5, 1.5, (2, 6)),
    "tau_mem_1": 8.0,
    "leak_1": 0.2,
    "conductance_1": 0.3,
}
KINDS: dict[str, dict[str, ArrayLike]] = {
    "none": {},
    "axonal": {f"axonal_delays_{k}": RNG.uniform(0, 2, (2, n)) for k, n in ((0, 4), (1, 6))},
    "dendritic": {f"dendritic_delays_{k}": RNG.uniform(0, 2, (2, n)) for k, n in ((0, 6), (1, 3))},
    "synaptic": {
        "synaptic_delays_0": RNG.uniform(0, 2, (2, 6, 4)),
        "synaptic_delays_1": RNG.uniform(0, 2, (2, 3, 6)),
    },
}


def samples(n):
    times = 3.0 * torch.rand(n, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return torch.where(times > 2.6, torch.inf, times)


@pytest.mark.parametrize("kind", KINDS)
def test_no_spike_is_later_and_some_come_near(kind):
    network, times = network_from_arrays(WEIGHTS | KINDS[kind]), samples(5000)
    with torch.no_grad():
        spikes = network(times)
    latest = torch.where(torch.isfinite(spikes), spikes, -torch.inf).amax(1)
    bound = latest_spikes(network, times)
    assert (latest <= bound).all()
    assert torch.isfinite(latest).any()
    # Each layer allows for all inputs at their latest: some time constants.
    assert ((bound - latest)[torch.isfinite(latest)] < 8.0).all()


def test_a_lone_slow_neuron_spikes_just_before_the_bound():
    """Of a membrane far slower than the synapse the voltage is still below the falling current."""
    for weight, tau_mem in ((30.0, 8.0), (200.0, 50.0)):
        network = network_from_arrays({"weights_0": [[weight]], "tau_mem_0": tau_mem})
        spike = float(network(torch.full((1, 1), 0.5, dtype=torch.float64)).detach())
        bound = float(latest_spikes(network, torch.full((1, 1), 0.5, dtype=torch.float64)))
        assert bound == pytest.approx(0.5 + math.log(weight))
        assert 0.5 < spike < bound


def test_neurons_that_cannot_spike():
    network = network_from_arrays({"weights_0": [[0.5, 0.4], [2.0, -5.0], [5.0, 0.0]]})
    times = torch.tensor([[1.0, torch.inf], [0.0, torch.inf]], dtype=torch.float64)
    bound = latest_spikes(network, times)[0].tolist()
    assert bound == [-math.inf, pytest.approx(1 + math.log(2)), pytest.approx(1 + math.log(5))]
    nothing = torch.full((1, 2), torch.inf, dtype=torch.float64)
    assert latest_spikes(network, nothing).tolist() == [[-math.inf] * 3]
