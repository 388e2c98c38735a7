"""Spikes of neurons that have run, at the points at which they arrive."""

import pytest
import torch

from lasersampling.lif.grid.arrivals import SentSpikes, placed
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.traces import Traces

SETTINGS = GridSettings(0.25, 5.0)
SIZES = (SETTINGS.n_steps, 2, 3, 4)


def everywhere(spikes, fraction, delays):
    """The same as `SentSpikes.arriving`, for each neuron and step whether it spikes or not."""
    step = torch.arange(SIZES[0])[:, None, None, None]
    point, share = placed(fraction + delays[:, None] / SETTINGS.length)
    total = torch.zeros((SIZES[0] + 2, *SIZES[1:]), dtype=spikes.dtype)
    for later, part in ((0, 1.0 - share), (1, share)):
        place = (step + point + later).clamp_max(SIZES[0] + 1)
        total = total.scatter_add(0, place, spikes * part)
    return total[:-1]


# Spikes may arrive in the step in which they are sent, before it ("late" ones), and after the end.
@pytest.mark.parametrize("longest_delay", [0.2, 1.3, 20.0])
def test_delayed_spikes_and_their_derivatives(longest_delay):
    generator = torch.Generator().manual_seed(3)
    there = torch.rand(SIZES, generator=generator, dtype=torch.float64) < 0.2
    fraction = 2.0 * torch.rand(SIZES, generator=generator, dtype=torch.float64) - 1.0
    fraction = torch.where(there, fraction, 1.0).requires_grad_()
    spikes = there.double().requires_grad_()
    delays = longest_delay * torch.rand((2, 4), generator=generator, dtype=torch.float64)
    delays.requires_grad_()
    weights = torch.eye(4, dtype=torch.float64).expand(2, 4, 4)
    upstream = torch.randn((SIZES[0] + 1, *SIZES[1:]), generator=generator, dtype=torch.float64)
    traces = Traces(spikes, fraction, spikes, spikes, None)
    found = SentSpikes(traces, SETTINGS).arriving(weights, delays)
    expected = everywhere(spikes, fraction, delays)
    assert torch.allclose(found, expected, rtol=0, atol=1e-14)
    slopes = [
        torch.autograd.grad((arriving * upstream).sum(), [spikes, fraction, delays])
        for arriving in (found, expected)
    ]
    # Where there is no spike, the derivative by its time is zero.
    for own, other in zip(*slopes, strict=True):
        assert torch.allclose(own, other, rtol=0, atol=1e-12)
