"""A step of the grid engine and its written-out derivatives, against plain torch."""

from typing import Any, get_args

import pytest
import torch

from lasersampling.lif.grid.settings import Derivatives, GridSettings
from lasersampling.lif.grid.step import Rates, State, advance, crossing
from lasersampling.lif.grid.surrogates import Kind, Surrogate

LENGTH = 0.2
MODES: tuple[Any, ...] = get_args(Derivatives)
KINDS: tuple[Any, ...] = get_args(Kind)


def plain_step(state, arriving, rates, settings):
    """The same step, as torch records it; spikes are 0 plus what has the right derivative."""
    after = state.voltage * rates.kept + state.current * rates.gained
    current = arriving + state.current * rates.left
    silent = torch.zeros_like(after, dtype=torch.bool) if state.silent is None else state.silent
    excess = after - rates.gap
    above = (excess >= 0) & ~silent
    spikes = above.to(after.dtype)
    if settings.derivatives != "times":
        slope = settings.surrogate.derivative(excess.detach()) * ~silent
        spikes = spikes + slope * (excess - excess.detach())
    theta = torch.where(above, crossing(state.voltage, after, rates.gap, settings.length), 1.0)
    if settings.derivatives == "surrogate":
        theta = theta.detach()
    attached = theta.detach() if settings.detach_reset else theta
    if rates.refractory is None:
        when, hard, release = attached, above, None
    else:
        release = torch.where(above, attached + rates.refractory, torch.inf)
        if state.release is not None:
            release = torch.where(above, release, state.release - 1.0)
        silent = silent | above
        hard = silent & (release <= 1.0)
        when = torch.where(hard, release, 1.0)
        silent = silent & ~hard
    soft = spikes - spikes.detach()
    is_reset = hard.to(after.dtype) + (soft.detach() if settings.detach_reset else soft)
    at_reset = (1.0 - when) * state.voltage + when * after
    dropped = (at_reset - rates.reset) * torch.exp((when - 1.0) * rates.decay)
    voltage = after - is_reset * dropped
    return State(voltage, current, silent, release), (spikes, theta, after)


def drawn(refractory):
    """Random neurons, of which about a third spike in the first step and some are released."""
    generator = torch.Generator().manual_seed(5)

    def uniform(low, high, *shape):
        values = low + (high - low) * torch.rand(shape, generator=generator).double()
        return values.requires_grad_()

    size, own = (2, 30, 4), (2, 1, 4)
    rates = Rates(
        uniform(0.7, 0.9, *own), uniform(0.6, 0.8, *own), uniform(0.1, 0.2, *own),
        uniform(0.1, 0.3, *own), uniform(0.8, 1.0, *own), uniform(-0.3, 0.0, *own),
        uniform(0.3, 1.6, *own) if refractory else None,
    )  # fmt: skip
    arriving = [uniform(-1.0, 4.0, *size) for _ in range(4)]
    return State(uniform(0.2, 1.1, *size), uniform(0.0, 4.0, *size), None, None), arriving, rates


@pytest.mark.parametrize("refractory", [False, True])
@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("derivatives", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_of_some_steps(kind, derivatives, detached, refractory):
    settings = GridSettings(LENGTH, 4 * LENGTH, Surrogate(kind, 4.0), detached, derivatives)
    begin, arriving, rates = drawn(refractory)
    tensors = [begin.voltage, begin.current, *arriving, *(r for r in rates if r is not None)]
    results = []
    for do in (advance, plain_step):
        state, total, counts = begin, torch.zeros((), dtype=torch.float64), []
        for k, more in enumerate(arriving):
            state, (spikes, fraction, after) = do(state, more, rates, settings)
            total = total + (k + 1) * (spikes.sin() * (1.0 + fraction)).sum() + after.cos().sum()
            counts.append(spikes.detach())
        total = total + state.voltage.square().sum() + state.current.sin().sum()
        found = torch.autograd.grad(total, tensors, allow_unused=True)
        results.append((state.voltage, torch.stack(counts), *found))
    n_spikes = int(results[0][1].sum())
    assert 100 < n_spikes < 900  # of 960 steps of neurons
    for own, plain in zip(*results, strict=True):
        if own is None or plain is None:
            assert (own is None or not own.any()) and (plain is None or not plain.any())
        else:
            torch.testing.assert_close(own, plain, rtol=1e-9, atol=1e-9)
