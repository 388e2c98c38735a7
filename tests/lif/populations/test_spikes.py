"""Ragged spikes: what they are made of, their views, and what is refused."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lasersampling.errors import InputError
from lasersampling.lif.populations.spikes import SpikeEvents


def times_of(values, shape):
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


@given(
    st.lists(
        st.one_of(st.just(float("inf")), st.floats(0, 10)), min_size=12, max_size=12
    )
)  # fmt: skip
def test_one_time_per_neuron_goes_through_events_and_back(values):
    times = times_of(values, (2, 2, 3))
    spikes = SpikeEvents.from_times(times)
    assert torch.equal(spikes.first(), times)
    assert torch.equal(spikes.counts(), torch.isfinite(times).long())
    for k in range(4):
        own = spikes.time[spikes.offsets[k] : spikes.offsets[k + 1]]
        assert bool((own.diff() >= 0).all())


def ragged():
    """Two members of two samples: 3, 0, 1 and 2 spikes."""
    return SpikeEvents(
        torch.tensor([0, 3, 3, 4, 6]), torch.tensor([1, 0, 1, 2, 0, 0]),
        torch.tensor([0.1, 0.2, 0.4, 0.3, 0.5, 0.9], dtype=torch.float64), 2, 2, 3,
    )  # fmt: skip


def test_views():
    spikes = ragged()
    inf = float("inf")
    assert spikes.run.tolist() == [0, 0, 0, 2, 3, 3]
    assert spikes.first().tolist() == [
        [[0.2, 0.1, inf], [inf, inf, inf]], [[inf, inf, 0.3], [0.5, inf, inf]],
    ]  # fmt: skip
    assert spikes.counts().tolist() == [[[1, 2, 0], [0, 0, 0]], [[0, 0, 1], [2, 0, 0]]]
    part = spikes.of(1, 3)
    assert part.neuron.tolist() == [0, 0, 1]
    assert part.offsets.tolist() == [0, 2, 2, 3, 3]


def test_later_spikes_are_sorted_anew_within_their_runs():
    delays = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.0, 2.0]], dtype=torch.float64)
    later = ragged().later(delays)
    assert later.time.tolist() == pytest.approx([0.2, 1.1, 1.4, 2.3, 1.0, 1.4])
    assert later.neuron.tolist() == [0, 1, 1, 2, 0, 0]


def test_the_first_spike_carries_the_derivative():
    spikes = ragged()
    spikes.time.requires_grad_()
    first = spikes.first()
    (slopes,) = torch.autograd.grad(first[torch.isfinite(first)].sum(), spikes.time)
    assert slopes.tolist() == [1, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offsets", [0, 3, 3, 4]), ("offsets", [0, 3, 2, 4, 6]), ("offsets", [1, 3, 3, 4, 6]),
        ("offsets", [0, 3, 3, 4, 5]), ("neuron", [1, 0, 1, 2, 0]), ("neuron", [1, 0, 1, 3, 0, 0]),
        ("neuron", [1, 0, -1, 2, 0, 0]), ("time", [0.1, 0.2, 0.15, 0.3, 0.5, 0.9]),
        ("time", [0.1, 0.2, float("nan"), 0.3, 0.5, 0.9]),
        ("time", [0.1, 0.2, float("inf"), 0.3, 0.5, 0.9]),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(name, value):
    good = ragged()
    parts = {"offsets": good.offsets, "neuron": good.neuron, "time": good.time}
    parts[name] = torch.tensor(value, dtype=parts[name].dtype)
    with pytest.raises(InputError, match=name):
        SpikeEvents(parts["offsets"], parts["neuron"], parts["time"], 2, 2, 3)


def test_trains_are_sorted_and_repeated_for_each_member():
    spikes = SpikeEvents.from_trains([[(0.4, 1), (0.1, 2)], [], [(0.3, 0)]], 3, n_members=2)
    assert spikes.offsets.tolist() == [0, 2, 2, 3, 5, 5, 6]
    assert spikes.neuron.tolist() == [2, 1, 0] * 2
    assert spikes.time.tolist() == [0.1, 0.4, 0.3] * 2


@pytest.mark.parametrize(
    ("trains", "n_neurons", "match"),
    [
        (3, 2, "trains"), ("ab", 2, "trains"), ([3], 2, r"trains\[0\]"),
        ([[(0.1,)]], 2, r"trains\[0\]\[0\]"), ([[0.1]], 2, r"trains\[0\]\[0\]"),
        ([[("a", 0)]], 2, r"trains\[0\]\[0\]\[0\]"), ([[(0.1, 0.5)]], 2, r"\[0\]\[1\]"),
        ([[(float("inf"), 0)]], 2, r"\[0\]\[0\]"), ([[(0.1, 2)]], 2, "neuron"),
        ([[(0.1, 0)]], 0, "n_neurons"),
    ],
)  # fmt: skip
def test_trains_of_other_kinds_are_refused(trains, n_neurons, match):
    with pytest.raises(InputError, match=match):
        SpikeEvents.from_trains(trains, n_neurons)


def test_later_spikes_end_where_the_run_does():
    delays = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.0, 2.0]], dtype=torch.float64)
    assert ragged().later(delays, 1.2).time.tolist() == pytest.approx([0.2, 1.1, 1.0])
    assert ragged().later(delays, 1.2).offsets.tolist() == [0, 2, 2, 2, 3]


@pytest.mark.parametrize(
    "times",
    [
        torch.tensor([[[float("nan"), 0.3]]]), torch.tensor([[[-float("inf"), 0.3]]]),
        torch.zeros(2, 3), torch.zeros(1, 2, 3, dtype=torch.int64), [[[0.1]]], None,
    ],
)  # fmt: skip
def test_times_of_other_kinds_are_refused(times):
    with pytest.raises(InputError, match="times"):
        SpikeEvents.from_times(times)


@pytest.mark.parametrize("name", ["offsets", "neuron", "time"])
@pytest.mark.parametrize("value", [None, [0], torch.zeros(2, 2), torch.zeros(6).bool()])
def test_parts_of_other_kinds_are_refused(name, value):
    good = ragged()
    parts = {"offsets": good.offsets, "neuron": good.neuron, "time": good.time, name: value}
    with pytest.raises(InputError, match=name):
        SpikeEvents(parts["offsets"], parts["neuron"], parts["time"], 2, 2, 3)


def test_presence_of_another_length_or_kind_is_refused():
    good = ragged()
    for wrong in (torch.ones(5), torch.ones(6).long(), [1.0] * 6):
        with pytest.raises(InputError, match="presence"):
            SpikeEvents(good.offsets, good.neuron, good.time, 2, 2, 3, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high"), [(1, 0), (1, 1), (-3, 2), (0, 9), (0.5, 2)])
def test_neurons_that_there_are_not_are_refused(low, high):
    with pytest.raises(InputError):
        ragged().of(low, high)


def test_delays_of_another_shape_are_refused():
    with pytest.raises(InputError, match="delays"):
        ragged().later(torch.zeros(3, dtype=torch.float64))


@pytest.mark.parametrize("delay", [float("nan"), float("inf")])
def test_delays_that_would_lose_spikes_are_refused(delay):
    spikes = ragged()
    delays = torch.zeros(spikes.n_members, spikes.n_neurons, dtype=torch.float64)
    delays[0, 0] = delay
    with pytest.raises(InputError, match="delays: got nan or inf"):
        spikes.later(delays)
