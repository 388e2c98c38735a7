"""First spike times and their derivatives, against independent ways to them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lasersampling.lif import Neuron, first_spike_times
from tests.lif.spike_times.layers_at_random import (
    PATHS,
    RATIOS,
    random_case,
    spikes,
    times_and_weights,
)

REFERENCE = Path(__file__).parent / "spike_times_tau1.npz"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["auto", "newton"])
def test_reference_values(path, method):
    """Times and derivatives of 16 layers; the file says how they were made."""
    known = np.load(REFERENCE)
    n_spikes = 0
    for b in range(len(known["input_times"])):
        times = torch.tensor(known["input_times"][b : b + 1], requires_grad=True)
        weights = torch.tensor(known["weights"][b].T.copy(), requires_grad=True)
        out = first_spike_times(times, weights, path=path, method=method)[0]
        assert np.allclose(out.detach(), known["exact_output_times"][b], rtol=0, atol=1e-10)
        for o in torch.isfinite(out).nonzero():
            by_time, by_weight = torch.autograd.grad(out[o], (times, weights), retain_graph=True)
            assert np.allclose(by_weight[o[0]], known["dw"][b, :, o[0]], rtol=1e-4, atol=1e-4)
            assert np.allclose(by_time[0], known["dt"][b, :, o[0]], rtol=1e-4, atol=1e-4)
            n_spikes += 1
    assert n_spikes > 40


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("tau_mem", RATIOS)
@pytest.mark.parametrize("delayed", [False, True])
def test_times_are_those_of_root_finding(path, tau_mem, delayed, root_finding):
    times, weights, delays = random_case(1, n_samples=6, scale=max(1.0, tau_mem / 2))
    neuron = Neuron(threshold=0.6, leak=0.1, conductance=0.8, tau_mem=tau_mem)
    found = first_spike_times(times, weights, neuron, delays=delays if delayed else None, path=path)
    late = delays.numpy() if delayed else np.zeros(weights.shape)
    expected = [
        [
            root_finding(t + late[o], weights[o].numpy(), 0.4, tau_mem, 1.0)
            for o in range(len(weights))
        ]
        for t in times.numpy()
    ]
    # Plain sums lose digits where the time constants nearly agree.
    tolerance = 1e-7 if 0 < abs(tau_mem - 1) < 1e-3 else 1e-10
    assert np.isfinite(expected).sum() > 10
    assert np.isinf(expected).any() or tau_mem < 1
    assert np.allclose(found, expected, rtol=0, atol=tolerance)


def gradients(parameters, neuron, **options):
    leaves = [p.clone().requires_grad_() for p in parameters]
    out = first_spike_times(leaves[0], leaves[1], neuron, delays=leaves[2], **options)
    out[torch.isfinite(out)].cos().sum().backward()
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("tau_mem", [1.0, 2.0, 0.7])
def test_derivatives_are_those_of_finite_differences(tau_mem):
    neuron = Neuron(threshold=0.8, tau_mem=tau_mem)
    parameters = random_case(2, n_samples=5)
    exact = gradients(parameters, neuron)
    step = 1e-5
    n_checked = 0
    for which, kind in enumerate(parameters):
        for index in np.ndindex(*kind.shape):
            if not torch.isfinite(kind[index]):
                assert exact[which][index] == 0.0
                continue
            values = []
            for shift in (-2, -1, 1, 2):
                moved = [p.clone() for p in parameters]
                moved[which][index] += shift * step
                out = first_spike_times(moved[0], moved[1], neuron, delays=moved[2])
                values.append(out)
            if len({tuple(torch.isfinite(v).flatten().tolist()) for v in values}) > 1:
                continue  # a spike appears or goes just here
            a, b, c, d = (float(v[torch.isfinite(v)].cos().sum()) for v in values)
            numeric = (a - 8 * b + 8 * c - d) / (12 * step)
            assert exact[which][index] == pytest.approx(numeric, rel=1e-7, abs=1e-7)
            n_checked += numeric != 0
    assert n_checked > 80


@pytest.mark.parametrize("path", PATHS)
def test_parameters_of_each_neuron_and_ensembles(path):
    """Each neuron of each member is as if it were alone."""
    times, weights, _ = random_case(4, n_samples=12)
    times = torch.stack([times, times + 0.3, times.flip(0)])
    weights = torch.stack([weights, 1.2 * weights, weights.flip(0)])
    generator = np.random.default_rng(0)
    values = {
        name: generator.uniform(0.6, 1.4, (3, 7))
        for name in ("threshold", "conductance", "tau_mem", "tau_syn")
    }
    together = first_spike_times(times, weights, Neuron(**values), path=path)
    for e in range(3):
        for o in range(7):
            neuron = Neuron(**{name: value[e, o] for name, value in values.items()})
            alone = first_spike_times(times[e], weights[e, o : o + 1], neuron, path=path)[:, 0]
            assert torch.allclose(together[e, :, o], alone, rtol=0, atol=1e-11)


@settings(max_examples=150)
@given(times_and_weights, st.sampled_from(RATIOS))
@example((np.array([0.0, 0.0]), np.array([3.0, -3.0])), 1.0)
def test_voltage_reaches_the_threshold_there_and_not_before(case, tau_mem):
    times, weights = case
    present = np.isfinite(times)
    (spike,) = spikes(times, weights, neuron=Neuron(tau_mem=tau_mem))
    last = times[present].max(initial=0.0)
    grid = np.linspace(0.0, min(spike, last + 30 * tau_mem), 3001)
    slower = max(tau_mem, 1.0)

    def voltage(t):
        s = np.maximum(np.asarray(t)[..., None] - times[present], 0.0)
        x = s * abs(tau_mem - 1) / tau_mem
        shape = np.where(x < 1e-9, 1.0, -np.expm1(-x) / np.maximum(x, 1e-9))
        return (weights[present] * s / tau_mem * np.exp(-s / slower) * shape).sum(-1)

    scale = 1e-12 * (1 + np.abs(weights[present]).sum())
    assert (voltage(grid) <= 1.0 + scale).all()
    if np.isfinite(spike):
        assert abs(voltage(spike) - 1.0) <= 10 * scale


@settings(max_examples=60)
@given(times_and_weights, st.sampled_from(RATIOS), st.randoms(use_true_random=False))
def test_order_and_origin_of_time_do_not_matter(case, tau_mem, random):
    times, weights = case
    neuron = Neuron(tau_mem=tau_mem)
    (spike,) = spikes(times, weights, neuron=neuron)
    order = random.sample(range(len(times)), len(times))
    (shuffled,) = spikes(times[order], weights[order], neuron=neuron)
    (later,) = spikes(times + 2.0, weights, neuron=neuron)
    # Near a grazing crossing rounding decides whether there is a spike, and when.
    (easier,) = spikes(times, weights, neuron=Neuron(tau_mem=tau_mem, threshold=1 - 1e-6))
    (harder,) = spikes(times, weights, neuron=Neuron(tau_mem=tau_mem, threshold=1 + 1e-6))
    assume(np.isclose(easier, harder, rtol=0, atol=1e-3))
    assert np.isclose(shuffled, spike, rtol=0, atol=1e-10)
    assert np.isclose(later, spike + 2.0, rtol=0, atol=1e-10)


def test_torchdiffeq_finds_the_same_events():
    """The differential equations, integrated with event handling, have the same first spikes."""
    from torchdiffeq import odeint, odeint_event

    times = torch.tensor([[0.0, 0.3, 0.9]], dtype=torch.float64)
    weights = torch.tensor([[1.0, 1.5, 2.0], [4.0, -9.0, 8.0]], dtype=torch.float64)
    for tau_mem in (1.0, 2.0, 0.6):
        expected = []
        for row in weights:
            state = (torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64))
            for k, start in enumerate(times[0]):
                state = (state[0], state[1] + row[k])
                stop = times[0, k + 1] if k < 2 else times[0, k] + 50.0

                def field(t, y, tau_mem=tau_mem):
                    return (y[1] - y[0]) / tau_mem, -y[1]

                def event(t, y, stop=stop):
                    return (y[0] - 1.0) * (stop - t)

                when, path = odeint_event(
                    field, state, start, event_fn=event, odeint_interface=odeint,
                    rtol=1e-11, atol=1e-12,
                )  # fmt: skip
                state = (path[0][-1], path[1][-1])
                if when < stop - 1e-9:
                    break
            expected.append(float(when) if when < stop - 1e-9 else np.inf)
        found = first_spike_times(times, weights, Neuron(tau_mem=tau_mem))
        assert np.allclose(found[0], expected, rtol=0, atol=1e-8)
