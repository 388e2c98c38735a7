"""Losses of spike times, and penalties; each gives one number per member.

Output spikes have the shape (member, sample, class) and labels (member, sample) or (sample,).
An absent spike counts as one at `absent_time`. It has no derivative, and gives none to the spikes
with which it is compared, which it would only move out of reach; `recruitment` makes such neurons
spike. Labels other than whole numbers from 0 to the last class raise `InputError`.

If neurons are compared with one another, an `absent_time` before a real spike is refused: silence
would count as the earlier answer, and be learned. `latest.latest_spikes` gives the latest possible
spikes; `absent_after` moves the time behind those that occurred.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lasersampling.datasets.labels import label_problems
from lasersampling.errors import InputError
from lasersampling.lif.compiled_losses import loss_of
from lasersampling.lif.loss_kernel import cross_entropy, difference


def time_difference(
    spikes: Tensor, labels: Tensor, separation: float, absent_time: float | Tensor
) -> Tensor:
    """Shift-invariant loss: other neurons should spike `separation` after the correct one.

    L = 1/2 sum_n [(t_n - t_label) - separation (1 - delta_n,label)]^2, mean over samples.

    Parameters
    ----------
    spikes, labels : Tensor
        See above [tau_syn].
    separation : float
        Wanted distance [tau_syn].
    absent_time : float or Tensor
        See above; as a tensor, one that fits the spikes [tau_syn].

    Returns
    -------
    Tensor, shape (member,)

    Raises
    ------
    InputError
        For labels that no neuron stands for, and an `absent_time` before real spikes.

    References
    ----------
    Göltz, Weber, Kriener et al. (2025), https://arxiv.org/abs/2404.19165, Methods.
    """
    found = loss_of(difference, spikes, labels, absent_time, (float(separation),))
    if found is not None:
        return found
    _check_compared(spikes, labels, absent_time)
    times, right = _prepared(spikes, labels, absent_time)
    own = (times * right).sum(-1, keepdim=True)
    error = (times - own) - separation * (1.0 - right)
    compared = (spikes < torch.inf) & _label_spiked(spikes, right)
    error = torch.where(compared, error, error.detach())
    return 0.5 * (error * error).sum(-1).mean(-1)


def first_spike_cross_entropy(
    spikes: Tensor,
    labels: Tensor,
    temperature: float,
    absent_time: float | Tensor,
    late_weight: float = 0.0,
) -> Tensor:
    """Cross-entropy of the label with classes of probability softmax(-t / temperature).

    With `late_weight` a, a [exp(t_label) - 1] is added, which favours early decisions.

    Parameters
    ----------
    spikes, labels : Tensor
        See above [tau_syn].
    temperature : float
        Time over which a lead becomes certain [tau_syn].
    absent_time : float or Tensor
        See above; as a tensor, one that fits the spikes [tau_syn].
    late_weight : float
        Strength of the second term [1].

    Returns
    -------
    Tensor, shape (member,)

    Raises
    ------
    InputError
        For labels that no neuron stands for, and an `absent_time` before real spikes.

    References
    ----------
    Göltz et al., Nature Machine Intelligence 3 (2021) 823.
    """
    settings = float(temperature), float(late_weight)
    found = loss_of(cross_entropy, spikes, labels, absent_time, settings)
    if found is not None:
        return found
    _check_compared(spikes, labels, absent_time)
    times, right = _prepared(spikes, labels, absent_time)
    loss = -(functional.log_softmax(-times / temperature, dim=-1) * right).sum(-1)
    if late_weight:
        loss = loss + late_weight * torch.expm1((times * right).sum(-1))
    loss = torch.where(_label_spiked(spikes, right)[..., 0], loss, loss.detach())
    return loss.mean(-1)


def target_times(
    spikes: Tensor, labels: Tensor, right_time: float, wrong_time: float, absent_time: float
) -> Tensor:
    """Half the squared distance from target times, mean over samples.

    Parameters
    ----------
    spikes, labels : Tensor
        See above [tau_syn].
    right_time, wrong_time : float
        Times at which the neuron of the label and all others should spike [tau_syn].
    absent_time : float
        See above [tau_syn].

    Returns
    -------
    Tensor, shape (member,)
    """
    _check(spikes, labels, absent_time)
    times, right = _prepared(spikes, labels, absent_time)
    error = times - (wrong_time + (right_time - wrong_time) * right)
    return 0.5 * (error * error).sum(-1).mean(-1)


def late_spikes(spikes: Tensor, latest: float) -> Tensor:
    """Mean square of the time by which spikes come after `latest`; absent ones do not count.

    Parameters
    ----------
    spikes : Tensor, shape (member, sample, neuron)
        Spike times [tau_syn].
    latest : float
        Time from which they are late [tau_syn].

    Returns
    -------
    Tensor, shape (member,)
    """
    late = torch.where(spikes < torch.inf, spikes - latest, 0.0).clamp_min(0.0)
    return (late * late).mean((-2, -1))


def long_delays(delays: Tensor) -> Tensor:
    """Mean delay, shape (member,), of delays (member, ...) [tau_syn]."""
    return delays.flatten(1).mean(1)


def absent_after(spikes: Tensor, absent_time: float) -> Tensor:
    """Return a time for the absent spikes of each sample that is before none of its real ones.

    Parameters
    ----------
    spikes : Tensor, shape (member, sample, class)
        Output spikes [tau_syn].
    absent_time : float
        The earliest such time [tau_syn].

    Returns
    -------
    Tensor, shape (member, sample, 1)
    """
    times = spikes.detach()
    present = torch.where(times < torch.inf, times, -torch.inf)
    return present.amax(-1, keepdim=True).clamp_min(absent_time)


def _label_spiked(spikes: Tensor, right: Tensor) -> Tensor:
    """Whether the neuron of the label spikes, shape (member, sample, 1)."""
    return ((spikes < torch.inf) & (right > 0)).any(-1, keepdim=True)


def _check_compared(spikes: Tensor, labels: Tensor, absent_time: float | Tensor) -> None:
    """Refuse what losses cannot have that compare neurons with one another."""
    late = (spikes < torch.inf) & (spikes > absent_time)
    if bool(late.any()):
        limit = absent_time if isinstance(absent_time, int | float) else float(absent_time.min())
        got = f"{limit:g}, with {int(late.sum())} spikes after it"
        latest = float(spikes.detach()[late].max())
        expected = f"a time after all spikes (here until {latest:.4g}; see lif.latest), or silence "
        raise InputError.single("absent_time", got, f"{expected}would be learned")
    _check(spikes, labels, absent_time)


def _check(spikes: Tensor, labels: Tensor, absent_time: float | Tensor) -> None:
    """Refuse labels and times of absent spikes that do not fit the spikes."""
    if spikes.ndim != 3 or labels.shape not in (spikes.shape[:2], spikes.shape[1:2]):
        got = f"shape {tuple(labels.shape)} for spikes of shape {tuple(spikes.shape)}"
        raise InputError.single("labels", got, "(member, sample) or (sample,)")
    # A label beyond the output neurons would fit none of them: no loss, and nothing learned.
    problems = label_problems(labels, spikes.shape[-1])
    if problems:
        raise InputError(problems)
    absent = torch.as_tensor(absent_time, device=spikes.device)
    if not bool((absent.abs() < torch.inf).all()):
        expected = "a finite time, for spikes that are absent"
        raise InputError.single("absent_time", "inf or nan", expected)


def _prepared(spikes: Tensor, labels: Tensor, absent_time: float | Tensor) -> tuple[Tensor, Tensor]:
    """Return times without inf, and 1 for the neuron of the label, 0 for the others."""
    times = torch.where(spikes < torch.inf, spikes, absent_time)
    classes = torch.arange(spikes.shape[-1], device=spikes.device)
    right = (labels[..., None] == classes).to(times.dtype)
    return times, right.expand_as(times)
