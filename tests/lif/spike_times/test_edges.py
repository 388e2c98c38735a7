"""First spikes at the edges: ties, touches, inhibition just in time, absent inputs, large times."""

import math

import numpy as np
import pytest
import torch

from lasersampling.lif import Neuron, first_spike_times
from tests.lif.spike_times.layers_at_random import PATHS, spikes


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("tau_mem", [1.0, 2.0, 0.5])
def test_simultaneous_inputs_act_as_one(path, tau_mem):
    neuron = Neuron(tau_mem=tau_mem)
    options = {"neuron": neuron, "path": path}
    together = spikes([0.5, 0.5, 0.5], [3.0, 4.0, -2.0], **options)
    assert together == pytest.approx(spikes([0.5], [5.0], **options), abs=1e-14)
    # Excitation and inhibition at the same time cancel, in either order.
    assert np.isinf(spikes([0.5, 0.5], [9.0, -9.0], **options))
    assert np.isinf(spikes([0.5, 0.5], [-9.0, 9.0], **options))


@pytest.mark.parametrize("path", PATHS)
def test_inhibition_removes_a_spike_if_it_comes_before(path):
    (alone,) = spikes([0.0], [4.0], path=path)
    assert np.isinf(spikes([0.0, alone - 0.05], [4.0, -50.0], path=path))
    assert spikes([0.0, alone + 1e-6], [4.0, -50.0], path=path) == alone
    # A later excitation is then the one that counts.
    (second,) = spikes([0.0, alone - 0.05, 9.0], [4.0, -50.0, 80.0], path=path)
    assert 9.0 < second < 9.5


@pytest.mark.parametrize("path", PATHS)
def test_a_touch_is_no_spike_and_a_hair_more_is_one(path):
    """The voltage w t exp(-t) has its peak w / e at t = 1."""
    touch = np.nextafter(math.e, 0)
    assert np.isinf(spikes([0.0], [touch], path=path))
    assert spikes([0.0], [math.e * (1 + 1e-12)], path=path) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("path", PATHS)
def test_absent_inputs_and_none_at_all(path):
    absent = [np.inf, np.inf]
    assert np.isinf(spikes(absent, [9.0, 9.0], path=path))
    assert spikes([0.0, np.inf], [4.0, 99.0], path=path) == spikes([0.0], [4.0], path=path)
    times = torch.full((2, 3), torch.inf, dtype=torch.float64, requires_grad=True)
    weights = torch.ones(4, 3, dtype=torch.float64, requires_grad=True)
    out = first_spike_times(times, weights, path=path)
    out.sum().backward()
    assert times.grad is not None and weights.grad is not None
    assert not times.grad.any()
    assert not weights.grad.any()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("tau_mem", [1.0, 2.0, 1.0001, 0.5])
@pytest.mark.parametrize("origin", [-1e4, 1e5])
def test_no_overflow_far_from_zero(path, tau_mem, origin):
    neuron = Neuron(tau_mem=tau_mem)
    near = spikes([0.0, 0.4], [3.0, 4.0], neuron=neuron, path=path)
    far = spikes([origin, origin + 0.4], [3.0, 4.0], neuron=neuron, path=path)
    assert far - origin == pytest.approx(near, abs=1e-10)
    gap = spikes([origin, -origin], [2.0, 8.0], neuron=neuron, path=path)
    assert np.isfinite(gap).all()
    assert np.isfinite(spikes([0.0, 0.0, 3.0], [-1e6, 1.0, 3e6], neuron=neuron, path=path)).all()


def test_grazing_spikes_have_bounded_derivatives():
    times = torch.zeros(1, 1, dtype=torch.float64)
    weights = torch.tensor([[math.e * (1 + 1e-14)]], dtype=torch.float64, requires_grad=True)
    first_spike_times(times, weights, smallest_slope=1e-2).sum().backward()
    assert weights.grad is not None
    assert weights.grad.item() == pytest.approx(-np.exp(-1) / 1e-2, rel=1e-6)
