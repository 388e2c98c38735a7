"""Derivatives on a time grid; where surrogates point: `test_agreement`."""

import pytest
import torch

from lasersampling.lif.grid.settings import GridSettings
from tests.lif.grid.tasks import KINDS, by_events, given, loop, on_grid


def loss_of(activity):
    """A loss on first spikes and on voltages."""
    first = activity.spikes(1).first()
    early = torch.where(torch.isfinite(first), first, 0.0)
    readout = activity.voltages(2)
    upstream = torch.tensor([1.0, -0.5, 0.3], dtype=torch.float64)
    return (
        early.square().sum()
        + (readout.integral(3.0) * upstream).sum()
        + readout.maximum().square().sum()
    )


def learned(network):
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def slopes(network, activity, loss=loss_of):
    found = torch.autograd.grad(loss(activity), learned(network), allow_unused=True)
    return [
        torch.zeros_like(parameter) if slope is None else slope
        for slope, parameter in zip(found, learned(network), strict=True)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_of_times_are_those_of_the_program(kind):
    # No spike appears or vanishes within the difference, and all else on the grid is smooth there.
    network, inputs = loop(kind, (0,)), given(1, 2)
    settings = GridSettings(0.2, 4.0, derivatives="times")
    generator = torch.Generator().manual_seed(1)
    found = slopes(network, on_grid(network, inputs, settings))
    small = 1e-6
    with torch.no_grad():
        for parameter, slope in zip(learned(network), found, strict=True):
            direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            values = []
            for sign in (1.0, -1.0):
                parameter.add_(sign * small * direction)
                values.append(float(loss_of(on_grid(network, inputs, settings))))
                parameter.sub_(sign * small * direction)
            expected = (values[0] - values[1]) / (2.0 * small)
            assert float((slope * direction).sum()) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("kind", ["refractory", "both", "once"])
def test_derivatives_of_times_are_those_of_the_event_engine(kind):
    network, inputs = loop(kind, (0,)), given(1, 15)
    exact = slopes(network, by_events(network, inputs, 4.0))
    found = slopes(network, on_grid(network, inputs, GridSettings(0.01, 4.0, derivatives="times")))
    cosines = [
        float(torch.cosine_similarity(a.flatten(), b.flatten(), dim=0))
        for a, b in zip(found, exact, strict=True)
        if float(b.norm()) > 0
    ]
    assert min(cosines) > 0.98
    assert sorted(cosines)[len(cosines) // 2] > 0.999


@pytest.mark.parametrize("derivatives", ["surrogate", "times", "both"])
def test_detached_resets_change_derivatives_and_no_spikes(derivatives):
    network, inputs = loop("refractory", (0,)), given(1, 4)
    plain, detached = (
        on_grid(network, inputs, GridSettings(0.1, 4.0, detach_reset=d, derivatives=derivatives))
        for d in (False, True)
    )
    assert torch.equal(plain.spikes(0).times, detached.spikes(0).times)
    assert torch.equal(plain.voltages().scaled, detached.voltages().scaled)
    pairs = zip(slopes(network, plain), slopes(network, detached), strict=True)
    assert not all(torch.allclose(a, b) for a, b in pairs)


def test_counts_have_the_derivatives_of_the_surrogate():
    network, inputs = loop("plain", (0,)), given(1, 4)
    by_surrogate = GridSettings(0.1, 4.0)
    counts = on_grid(network, inputs, by_surrogate).spikes(1).counts()
    (slope,) = torch.autograd.grad(counts.sum(), [network.weights[2]])
    assert bool((slope > 0).any())
    counts = (
        on_grid(network, inputs, GridSettings(0.1, 4.0, derivatives="times")).spikes(1).counts()
    )
    assert not counts.requires_grad
