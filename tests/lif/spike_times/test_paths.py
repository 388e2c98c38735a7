"""Compiled loops and tensor operations: they agree, leave nothing behind, and stop in time."""

import weakref
from typing import Any

import pytest
import torch

from lasersampling.lif import Neuron, first_spike_times
from lasersampling.lif.spike_times import vectorised
from tests.lif.spike_times.layers_at_random import (
    PATHS,
    RATIOS,
    random_case,
)


@pytest.mark.parametrize("tau_mem", RATIOS)
@pytest.mark.parametrize("delayed", [False, True])
def test_compiled_loops_and_tensor_operations_agree(tau_mem, delayed):
    times, weights, delays = random_case(3, scale=max(1.0, tau_mem / 2))
    neuron = Neuron(tau_mem=tau_mem)
    found = {}
    for path in PATHS:
        leaves = [p.clone().requires_grad_() for p in (times, weights, delays)]
        late = leaves[2] if delayed else None
        out = first_spike_times(leaves[0], leaves[1], neuron, delays=late, path=path)
        out[torch.isfinite(out)].sum().backward()
        found[path] = [out.detach()] + [leaf.grad for leaf in leaves[: 2 + delayed]]
    for one, other in zip(*found.values(), strict=True):
        assert torch.allclose(one, other, rtol=1e-8, atol=1e-9)
    assert torch.isinf(found["compiled"][0]).any()


@pytest.mark.parametrize("tau_mem", RATIOS)
@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_made_where_the_inputs_are_not(path, tau_mem):
    # With another device as default, what is made without a device cannot meet the inputs.
    case = random_case(4, scale=max(1.0, tau_mem / 2))
    neuron = Neuron(tau_mem=tau_mem)

    def results():
        times, weights, delays = (p.clone().requires_grad_() for p in case)
        out = first_spike_times(times, weights, neuron, delays=delays, path=path)
        out[torch.isfinite(out)].sum().backward()
        return [out.detach(), times.grad, weights.grad, delays.grad]

    expected = results()
    with torch.device("meta"):
        found = results()
    for own, other in zip(found, expected, strict=True):
        assert own is not None
        assert torch.equal(own, other)


@pytest.mark.parametrize("path", PATHS)
def test_a_pass_leaves_nothing_in_memory(path):
    """An output that its own graph holds on to would stay until the process ends."""
    times, weights, _ = (tensor[None] for tensor in random_case(5))
    found = first_spike_times(times, weights.requires_grad_(), path=path)
    node: Any = found.grad_fn
    kept = weakref.ref(node.run)
    del node
    found[torch.isfinite(found)].sum().backward()
    assert kept() is not None
    del found
    assert kept() is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("tau_mem", [1.0, 1.4])
def test_tensor_operations_stop_when_all_spikes_have_converged(monkeypatch, tau_mem, dtype):
    """Newton's iteration needs a few rounds, not as many as it may have."""
    rounds = []

    def counted(voltage, *rest):
        rounds.append(1)
        return original(voltage, *rest)

    original = vectorised._voltage
    generator = torch.Generator().manual_seed(0)
    times = 2 * torch.rand(50, 12, generator=generator, dtype=dtype)
    weights = torch.randn(20, 12, generator=generator, dtype=dtype) + 0.5
    monkeypatch.setattr(vectorised, "_voltage", counted)
    spikes = first_spike_times(times, weights, Neuron(tau_mem=tau_mem), path="vectorised")
    assert torch.isfinite(spikes).float().mean() > 0.5
    assert len(rounds) - 2 * 12 - 1 < 15  # two for each input and one for the peaks
