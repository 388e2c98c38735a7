import weakref
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lasersampling.errors import InputError
from lasersampling.lif import Neuron, first_spike_times
from lasersampling.lif.spike_times import vectorised
from lasersampling.lif.spike_times.arrivals import new_sorting, sort_arrivals

REFERENCE = Path(__file__).parent / "spike_times_tau1.npz"
RATIOS = (1.0, 2.0, 0.4, 1.0 + 1e-7, 1.7, 20.0)
PATHS: tuple[Literal["compiled", "vectorised"], ...] = ("compiled", "vectorised")


def spikes(times, weights, **options):
    """Spike times of one sample, as an array."""
    given_, through = (
        torch.tensor(np.atleast_2d(x), dtype=torch.float64) for x in (times, weights)
    )
    return first_spike_times(given_, through, **options)[0].numpy()


def random_case(seed, n_samples=20, n_pre=9, n_post=7, scale=1.0):
    generator = np.random.default_rng(seed)
    times = generator.uniform(0.0, 3.0, (n_samples, n_pre))
    times[generator.random(times.shape) < 0.1] = np.inf
    weights = scale * generator.normal(0.7, 1.2, (n_post, n_pre))
    delays = generator.uniform(0.0, 1.0, weights.shape)
    return [torch.tensor(array) for array in (times, weights, delays)]


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


times_and_weights = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(0, 5) | st.just(np.inf)),
        arrays(np.float64, n, elements=st.floats(-4, 8)),
    )
)


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
    touch = np.nextafter(np.e, 0)
    assert np.isinf(spikes([0.0], [touch], path=path))
    assert spikes([0.0], [np.e * (1 + 1e-12)], path=path) == pytest.approx(1.0, abs=1e-5)


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
    weights = torch.tensor([[np.e * (1 + 1e-14)]], dtype=torch.float64, requires_grad=True)
    first_spike_times(times, weights, smallest_slope=1e-2).sum().backward()
    assert weights.grad is not None
    assert weights.grad.item() == pytest.approx(-np.exp(-1) / 1e-2, rel=1e-6)


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


def test_single_precision_is_that_of_its_inputs():
    """Inputs of 24 bits, computed in double precision: errors stay at the rounding of results."""
    times, weights, delays = random_case(5, n_samples=200)
    single = [p.float() for p in (times, weights, delays)]
    double = [p.double() for p in single]
    neuron = Neuron(tau_mem=1.3)
    one, other = (first_spike_times(p[0], p[1], neuron, delays=p[2]) for p in (single, double))
    assert one.dtype == torch.float32
    assert (one.isinf() == other.isinf()).all()
    both = torch.isfinite(other)
    assert ((one.double() - other) / other)[both].abs().max() < 6.1e-8
    tensor = first_spike_times(single[0], single[1], neuron, delays=single[2], path="vectorised")
    both &= torch.isfinite(tensor)
    assert (tensor.double() - other)[both].abs().median() < 1e-6


@pytest.mark.parametrize(
    ("changes", "where", "got"),
    [
        ({"times": [[np.nan, 1.0]]}, "times", "nan"),
        ({"times": [[-np.inf, 1.0]]}, "times", "infinite"),
        ({"times": [1.0, 2.0]}, "times", r"\(2,\)"),
        ({"weights": [[1.0, np.inf]]}, "weights", "infinite"),
        ({"weights": [[1.0]]}, "weights", r"\(1, 1\)"),
        ({"delays": [[1.0]]}, "delays", r"\(1, 1\)"),
        ({"delays": [[1.0, np.inf]]}, "delays", "infinite"),
        ({"method": "guess"}, "method", "'guess'"),
        ({"path": "magic"}, "path", "'magic'"),
        ({"smallest_slope": 0.0}, "smallest_slope", "0.0"),
        ({"neuron": Neuron(threshold=np.ones(3))}, r"neuron \(gap\)", r"\(1, 3\)"),
    ],
)
def test_bad_input_is_refused(changes, where, got):
    given_ = {"times": [[0.0, 1.0]], "weights": [[1.0, 2.0]]} | changes
    arguments: dict[str, Any] = {
        name: torch.tensor(value, dtype=torch.float64) if isinstance(value, list) else value
        for name, value in given_.items()
    }
    with pytest.raises(InputError, match=f"{where}: got .*{got}"):
        first_spike_times(**arguments)


def test_types_that_do_not_fit_are_refused():
    times = torch.zeros(1, 2)
    with pytest.raises(InputError, match=r"weights: got torch.float64"):
        first_spike_times(times, torch.zeros(1, 2, dtype=torch.float64))
    with pytest.raises(InputError, match=r"times: got list"):
        first_spike_times([[0.0]], times)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="members"):
        first_spike_times(torch.zeros(2, 1, 1), torch.zeros(3, 1, 1))


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


@pytest.mark.parametrize("kind", ["even", "ties", "crowded", "outlier", "absent", "tiny", "huge"])
@pytest.mark.parametrize("n_pre", [3, 13, 60])
def test_arrivals_are_sorted_whatever_their_distribution(n_pre, kind):
    """By intervals of time, by insertion or by merging: always the stable order."""
    generator = np.random.default_rng(n_pre)
    times = generator.random(n_pre)
    if kind == "ties":
        times = np.round(4 * times) / 4
    elif kind == "crowded":
        times = times**40
    elif kind == "outlier":
        times[n_pre // 2] = 1e6
    elif kind == "absent":
        times[generator.random(n_pre) < 0.5] = np.inf
    elif kind == "tiny":
        times *= 1e-310
    elif kind == "huge":
        times = 3.0 * (times - 0.5) * 1e308
    sorting = new_sorting(n_pre)
    size = sort_arrivals(times, np.zeros(n_pre), sorting)
    arrival, who = sorting.arrival, sorting.who
    order = np.argsort(times, kind="stable")[: np.isfinite(times).sum()]
    assert size == len(order)
    assert np.array_equal(who[:size], order)
    assert np.array_equal(arrival[:size], times[order])


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
