"""First spikes in buckets of time are those of sorted arrivals, however the arrivals lie."""

import numpy as np
import pytest
import torch

from lasersampling.lif import Neuron, first_spike_times

KINDS = ("even", "absent", "on a lattice", "together", "crowded", "far apart", "strong")


def case(kind, n_pre):
    """Times, weights and delays of 60 samples and 20 neurons."""
    generator = np.random.default_rng(n_pre)
    times = generator.uniform(0.0, 2.0, (60, n_pre))
    delays = generator.uniform(0.0, 1.0, (20, n_pre))
    weights = generator.normal(4.0 / n_pre, 3.0 / np.sqrt(n_pre), delays.shape)
    if kind == "absent":
        times[generator.random(times.shape) < 0.3] = np.inf
        times[7] = np.inf
    elif kind == "on a lattice":  # on which ends of buckets lie too
        times, delays = np.round(times * n_pre) / n_pre, np.round(delays * 4.0) / 4.0
        times[:, 0], times[:, 1], delays[:, 0], delays[:, 1] = 0.0, 2.0, 0.0, 1.0
    elif kind == "together":
        times, delays = np.full_like(times, 0.3), np.full_like(delays, 0.7)
    elif kind == "crowded":
        times[:, 0], times[:, 1:] = 90.0, 1e-3 * times[:, 1:]
        delays *= 1e-3
    elif kind == "far apart":
        times *= 30.0
        weights *= 3.0
    elif kind == "strong":
        weights = 1e6 * (weights - weights.mean())
    return [torch.tensor(array) for array in (times, weights, delays)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tau_mem", [1.0, 2.0])
@pytest.mark.parametrize("n_pre", [13, 60, 600])
def test_spikes_and_derivatives_are_those_of_sorted_arrivals(n_pre, tau_mem, kind):
    """Newton's iteration knows no buckets, and sorts."""
    found = {}
    for method in ("auto", "newton"):
        leaves = [values.clone().requires_grad_() for values in case(kind, n_pre)]
        times, weights, delays = leaves
        # A limit of the slope, since derivatives of grazing spikes have few digits.
        out = first_spike_times(
            times, weights, Neuron(tau_mem=tau_mem), delays=delays, method=method,
            smallest_slope=0.1,
        )  # fmt: skip
        torch.where(torch.isfinite(out), out * torch.cos(out.detach()), 0.0).sum().backward()
        found[method] = [out.detach()] + [leaf.grad for leaf in leaves]
    spiking = torch.isfinite(found["auto"][0])
    assert torch.equal(spiking, torch.isfinite(found["newton"][0]))
    assert 0.05 < spiking.double().mean() < 0.98
    for name, own, other in zip(
        ("spikes", "times", "weights", "delays"), found["auto"], found["newton"], strict=True
    ):
        scale = other[torch.isfinite(other)].abs().max()
        assert scale > 0.0, name
        assert torch.allclose(own, other, rtol=1e-7, atol=1e-8 * float(scale)), name


def test_an_input_that_comes_after_the_last_bucket_began_still_counts():
    """Rounding of times may put the last arrival behind the end of the span."""
    times = torch.linspace(0.0, 1.0, 16, dtype=torch.float64)[None] + 1e5
    weights = torch.zeros(1, 16, dtype=torch.float64)
    weights[0, -1] = 4.0
    neuron = Neuron(tau_mem=1.0)
    for shift in (0.0, -1e5):  # far out, arrivals are sorted
        delays = torch.full((1, 16), 1.0 / 3.0, dtype=torch.float64)
        spike = first_spike_times(times + shift, weights, neuron, delays=delays)
        alone = first_spike_times(times[:, -1:] + shift, weights[:, -1:], neuron)
        assert float(spike) == pytest.approx(float(alone) + 1.0 / 3.0, abs=1e-9)
