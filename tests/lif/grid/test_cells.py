"""Neurons in compiled code, against those that go through torch step by step."""

import dataclasses

import pytest
import torch

from lasersampling.lif.grid.loop import run_spiking
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.step import Cells, Shown
from lasersampling.lif.grid.surrogates import Surrogate

SIZES = (2, 5, 6)
SETTINGS = GridSettings(0.1, 5.0, Surrogate("superspike", 5.0))


def nothing(step, spikes, fraction):
    """Connections that carry nothing, so that a group goes through torch."""
    return torch.zeros_like(spikes), torch.zeros_like(spikes)


def cells(refractory):
    generator = torch.Generator().manual_seed(1)

    def drawn(low, high):
        return low + (high - low) * torch.rand((2, 1, 6), generator=generator, dtype=torch.float64)

    own = Cells(
        drawn(0.4, 0.8), drawn(-0.2, 0.1), drawn(0.0, 0.3), drawn(1.0, 3.0), drawn(0.5, 1.5),
        refractory * drawn(0.5, 1.0),
    )  # fmt: skip
    return Cells(*(values.requires_grad_() for values in own))


def arriving():
    generator = torch.Generator().manual_seed(2)
    weights = torch.randn((SETTINGS.n_steps + 1, *SIZES), generator=generator, dtype=torch.float64)
    return weights.mul_(0.3).add_(0.1).requires_grad_()


def shown_by_a_device():
    """Spikes anywhere, also in refractory periods."""
    generator = torch.Generator().manual_seed(3)
    shape = (SETTINGS.n_steps, *SIZES)
    voltage, *others = (
        torch.rand(shape, generator=generator, dtype=torch.float64) for _ in range(3)
    )
    above = others[0] < 0.1
    return Shown(voltage, above, torch.where(above, others[1], 1.0))


def results(wiring, settings, refractory, shown):
    """Traces, and derivatives of a loss on all of them."""
    generator = torch.Generator().manual_seed(4)
    own, drive = cells(refractory), arriving()
    traces = run_spiking(own, drive, wiring, settings, shown)
    loss = torch.zeros((), dtype=torch.float64)
    parts = [traces.spikes, traces.fraction, traces.before, traces.after]
    for trace in parts:
        upstream = torch.randn(trace.shape, generator=generator, dtype=torch.float64)
        if trace.requires_grad:
            loss = loss + (trace * upstream).sum()
    slopes = torch.autograd.grad(loss, [drive, *own], allow_unused=True)
    values = [values.detach() for values in (*parts, traces.fixed) if values is not None]
    return [*values, *(torch.zeros(1) if slope is None else slope for slope in slopes)]


@pytest.mark.parametrize("refractory", [0.0, 0.15, 0.8])
@pytest.mark.parametrize("derivatives", ["surrogate", "times", "both"])
@pytest.mark.parametrize("detach_reset", [False, True])
@pytest.mark.parametrize("is_shown", [False, True])
def test_both_ways_give_the_same(refractory, derivatives, detach_reset, is_shown):
    settings = dataclasses.replace(SETTINGS, detach_reset=detach_reset, derivatives=derivatives)
    shown = shown_by_a_device() if is_shown else None
    expected = results(nothing, settings, refractory, shown)
    found = results(None, settings, refractory, shown)
    assert expected[0].sum() > 100
    for own, other in zip(found, expected, strict=True):
        assert torch.allclose(own.double(), other.double(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["superspike", "arctangent", "piecewise-linear", "sigmoid"])
def test_all_surrogates(kind):
    settings = dataclasses.replace(SETTINGS, surrogate=Surrogate(kind, 3.0))
    pairs = zip(
        results(None, settings, 0.2, None), results(nothing, settings, 0.2, None), strict=True
    )
    for own, other in pairs:
        assert torch.allclose(own.double(), other.double(), rtol=1e-9, atol=1e-9)


def test_any_number_of_threads_gives_the_same_bits():
    n_threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = results(None, SETTINGS, 0.2, None)
        torch.set_num_threads(3)
        together = results(None, SETTINGS, 0.2, None)
    finally:
        torch.set_num_threads(n_threads)
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize("sizes", [(3, 7, 5), (2, 12, 200), (1, 6, 1500)])
def test_bits_do_not_depend_on_the_runs_that_are_followed_together(sizes, monkeypatch):
    generator = torch.Generator().manual_seed(5)
    ones = torch.ones((sizes[0], 1, sizes[2]))
    own = Cells(*(value * ones for value in (0.5, 0.0, 0.0, 2.0, 1.0, 0.15)))
    drive = torch.randn((SETTINGS.n_steps + 1, *sizes), generator=generator).mul_(0.4)
    drive = drive.add_(0.1).requires_grad_()

    def found():
        traces = run_spiking(own, drive, None, SETTINGS)
        (slopes,) = torch.autograd.grad(traces.spikes.sum() + traces.after.sum(), [drive])
        return traces.spikes.detach(), traces.after.detach(), slopes

    together = found()
    monkeypatch.setattr("lasersampling.lif.grid.alone._WIDTH", 1)
    assert together[0].sum() > 20
    for one, other in zip(together, found(), strict=True):
        assert torch.equal(one, other)
