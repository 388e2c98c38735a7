import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import losses

SPIKES = torch.tensor([[[1.0, 1.5, 2.0], [0.5, torch.inf, 0.2]]], dtype=torch.float64)
LABELS = torch.tensor([0, 2])


def test_time_difference_by_hand():
    """First sample: differences .5 and 1 from 0; second: .3 and (4 - .2), wanted .2."""
    expected = (0.5 * (0.3**2 + 0.8**2) + 0.5 * (0.1**2 + 3.6**2)) / 2
    loss = losses.time_difference(SPIKES, LABELS, separation=0.2, absent_time=4.0)
    assert loss.tolist() == [pytest.approx(expected)]
    shifted = losses.time_difference(SPIKES + 7, LABELS, separation=0.2, absent_time=11.0)
    assert shifted.tolist() == [pytest.approx(expected)]


def test_cross_entropy_by_hand():
    first = np.exp(-np.array([1.0, 1.5, 2.0]) / 0.5)
    second = np.exp(-np.array([0.5, 4.0, 0.2]) / 0.5)
    expected = -np.log(first[0] / first.sum()) - np.log(second[2] / second.sum())
    loss = losses.first_spike_cross_entropy(SPIKES, LABELS, 0.5, absent_time=4.0)
    assert loss.item() == pytest.approx(expected / 2)
    more = losses.first_spike_cross_entropy(SPIKES, LABELS, 0.5, 4.0, late_weight=0.1)
    late = 0.1 * (np.exp(1.0) - 1 + np.exp(0.2) - 1) / 2
    assert more.item() - loss.item() == pytest.approx(late)


def test_target_times_and_penalties_by_hand():
    loss = losses.target_times(SPIKES, LABELS, right_time=0.5, wrong_time=1.0, absent_time=1.0)
    assert loss.item() == pytest.approx(0.5 * (0.25 + 0.25 + 1.0 + 0.25 + 0.0 + 0.09) / 2)
    assert losses.late_spikes(SPIKES, 1.5).item() == pytest.approx(0.25 / 6)
    assert losses.long_delays(torch.tensor([[1.0, 3.0]])).tolist() == [2.0]


def test_absent_spikes_have_no_derivative_and_spoil_no_other():
    for loss in (
        lambda t: losses.time_difference(t, LABELS, 0.2, 4.0),
        lambda t: losses.first_spike_cross_entropy(t, LABELS, 0.5, 4.0, 0.1),
        lambda t: losses.target_times(t, LABELS, 0.5, 1.0, 4.0),
        lambda t: losses.late_spikes(t, 0.1),
    ):
        times = SPIKES.clone().requires_grad_()
        loss(times).sum().backward()
        assert times.grad is not None
        assert times.grad[0, 1, 1] == 0.0
        assert torch.isfinite(times.grad).all()
        assert torch.count_nonzero(times.grad) >= 4


@pytest.mark.parametrize("label", [0, 1])
def test_absent_spikes_draw_no_other_after_them(label):
    """Where the label's neuron is silent nothing moves; where another is, the rest goes on."""
    for loss in (
        lambda t, y: losses.time_difference(t, y, 0.2, 4.0),
        lambda t, y: losses.first_spike_cross_entropy(t, y, 0.5, 4.0),
    ):
        times = torch.tensor([[[0.5, torch.inf, 0.6]]], requires_grad=True)
        loss(times, torch.tensor([label])).sum().backward()
        assert times.grad is not None
        if label == 1:
            assert not times.grad.any()
        else:
            # The third is too close behind the first: they are driven apart.
            assert times.grad[0, 0, 0] > 0 > times.grad[0, 0, 2]
            assert times.grad[0, 0, 0] == pytest.approx(-times.grad[0, 0, 2].item(), rel=1e-2)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="labels"):
        losses.time_difference(SPIKES, torch.zeros(3), 0.2, 4.0)


@pytest.mark.parametrize(
    "loss",
    [
        lambda labels: losses.time_difference(SPIKES, labels, 0.2, 4.0),
        lambda labels: losses.first_spike_cross_entropy(SPIKES, labels, 0.5, 4.0),
        lambda labels: losses.target_times(SPIKES, labels, 0.5, 1.0, 4.0),
    ],
)
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.tensor([0, 3]), "got 1 of 2 outside, values from 0 to 3, .* from 0 to 2"),
        (torch.tensor([[-1, 1]]), "got 1 of 2 outside, values from -1 to 1"),
        (torch.tensor([0.0, 1.5]), r"floating-point numbers \(float64\)|\(float32\)"),
        (torch.tensor([True, False]), "booleans"),
    ],
)
def test_labels_without_a_neuron_are_refused(loss, labels, message):
    """They were right for no neuron, and gave a loss of 0 without a gradient."""
    with pytest.raises(InputError, match=message):
        loss(labels)


@pytest.mark.parametrize("absent_time", [1.9, 0.0, -1.0])
def test_silence_is_never_earlier_than_a_spike(absent_time):
    for loss in (
        lambda t, a: losses.time_difference(t, LABELS, 0.2, a),
        lambda t, a: losses.first_spike_cross_entropy(t, LABELS, 0.5, a),
    ):
        with pytest.raises(InputError, match=r"absent_time: got .* expected .*until 2"):
            loss(SPIKES, absent_time)
        moved = losses.absent_after(SPIKES, absent_time)
        second = max(0.5, absent_time)
        assert moved.flatten().tolist() == [2.0, second]  # the latest spike of each sample
        one = loss(SPIKES, moved)
        # No spike of the first sample is absent, so only the second sees the time.
        expected = loss(SPIKES, torch.tensor([[[9.0], [second]]], dtype=torch.float64))
        assert one.tolist() == expected.tolist()


@pytest.mark.parametrize("absent_time", [np.nan, np.inf, torch.tensor([[[9.0], [np.nan]]])])
def test_an_absent_time_that_is_none(absent_time):
    """It would make the loss nan."""
    with pytest.raises(InputError, match="absent_time: got inf or nan"):
        losses.time_difference(SPIKES, LABELS, 0.2, absent_time)


def test_absent_time_after_all_spikes_is_kept():
    assert losses.absent_after(SPIKES, 6.0).flatten().tolist() == [6.0, 6.0]
    silent = torch.full((1, 1, 3), torch.inf)
    assert losses.absent_after(silent, 6.0).tolist() == [[[6.0]]]


@pytest.mark.parametrize("late_weight", [0.0, 0.3])
def test_compiled_losses_are_those_of_tensor_operations(monkeypatch, late_weight):
    generator = torch.Generator().manual_seed(1)
    spikes = 1.0 + 2.0 * torch.rand(3, 40, 4, generator=generator, dtype=torch.float64)
    spikes[torch.rand(spikes.shape, generator=generator) < 0.2] = torch.inf
    labels = torch.randint(4, (3, 40), generator=generator)

    def found():
        results = []
        for loss in (
            lambda t: losses.time_difference(t, labels, 0.2, losses.absent_after(t, 2.0)),
            lambda t: losses.first_spike_cross_entropy(t, labels, 0.1, 3.5, late_weight),
            lambda t: losses.first_spike_cross_entropy(t, labels[0], 0.1, 3.5, late_weight),
        ):
            times = spikes.clone().requires_grad_()
            value = loss(times)
            (value * torch.tensor([1.0, 2.0, -1.0])).sum().backward()
            results += [value.detach(), times.grad]
        return results

    compiled = found()
    monkeypatch.setattr(losses, "loss_of", lambda *given: None)
    for one, other in zip(compiled, found(), strict=True):
        assert torch.allclose(one, other, rtol=1e-12, atol=1e-13)
