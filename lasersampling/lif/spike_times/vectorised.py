"""First spikes and their derivatives as tensor operations, for any device.

These are the recursions of `shared_arrivals`, for all samples and neurons at once, one input after
the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lasersampling.lif.spike_times.crossing import MAX_ITERATIONS


@dataclass(frozen=True)
class Crossings:
    """Results of the search that the derivatives need.

    Attributes
    ----------
    current : Tensor, shape (member, sample, post)
        Current at the spike [1].
    order : Tensor of int64, shape (member, sample, pre, 1 or post)
        Order of the arrivals.
    last : Tensor of int64, shape (member, sample, post)
        Index in that order of the last causal input, -1 if there is no spike.
    """

    current: Tensor
    order: Tensor
    last: Tensor


def search(
    arrivals: Tensor, weights: Tensor, gap: Tensor, tau_mem: Tensor, tau_syn: Tensor
) -> tuple[Tensor, Crossings]:
    """Find the first spikes.

    Parameters
    ----------
    arrivals : Tensor, shape (member, sample, pre, 1 or post)
        Arrival times, inf for absent inputs [tau_syn].
    weights : Tensor, shape (member, pre, post)
        Weights [1].
    gap, tau_mem, tau_syn : Tensor, shape (member or 1, 1, post or 1)
        Threshold current [1] and time constants [tau_syn].

    Returns
    -------
    times : Tensor, shape (member, sample, post)
        First spikes, inf where there is none [tau_syn].
    found : Crossings
        Data for the derivatives.
    """
    arrivals, order = torch.sort(arrivals, dim=2, stable=True)
    n_members, n_samples, n_pre, _ = arrivals.shape
    shape = (n_members, n_samples, weights.shape[2])
    voltage, current = arrivals.new_zeros(shape), arrivals.new_zeros(shape)
    # State at the start of the interval in which the neuron spikes.
    at_voltage, at_current = arrivals.new_zeros(shape), arrivals.new_ones(shape)
    start, length = arrivals.new_full(shape, torch.inf), arrivals.new_zeros(shape)
    last = torch.full(shape, -1, dtype=torch.int64, device=arrivals.device)
    for k in range(n_pre):
        now = arrivals[:, :, k]
        following = arrivals[:, :, k + 1] if k + 1 < n_pre else torch.full_like(now, torch.inf)
        present = torch.isfinite(now)
        step = torch.where(present, following - now, 0.0)
        current = current + torch.where(present, sorted_weights(weights, order, k), 0.0)
        upper = torch.minimum(peak_after(voltage, current, tau_mem, tau_syn), step)
        highest = _voltage(voltage, current, upper, tau_mem, tau_syn)
        found = (last < 0) & present & (current > gap) & (highest > gap) & torch.isfinite(upper)
        last = torch.where(found, k, last)
        start = torch.where(found, now, start)
        length = torch.where(found, upper, length)
        at_voltage = torch.where(found, voltage, at_voltage)
        at_current = torch.where(found, current, at_current)
        voltage = _voltage(voltage, current, step, tau_mem, tau_syn)
        current = current * torch.exp(-step / tau_syn)
    s = _newton(at_voltage, at_current, gap, length, tau_mem, tau_syn)
    spiked = last >= 0
    times = torch.where(spiked, start + s, torch.inf)
    current = torch.where(spiked, at_current * torch.exp(-s / tau_syn), 0.0)
    return times, Crossings(current, order, last)


def causes(arrivals: Tensor, weights: Tensor, tau_syn: Tensor, observed: Tensor) -> Crossings:
    """Find the last causal input of each observed spike and the current at it; see `causal`.

    Parameters
    ----------
    arrivals, weights, tau_syn : Tensor
        As given to `search`.
    observed : Tensor, shape (member, sample, post)
        Spike times, inf where there is none [tau_syn].
    """
    arrivals, order = torch.sort(arrivals, dim=2, stable=True)
    current = torch.zeros_like(observed)
    last = torch.full_like(observed, -1, dtype=torch.int64)
    present = torch.isfinite(observed)
    ends = torch.where(present, observed, 0.0)
    for k in range(arrivals.shape[2]):
        now = arrivals[:, :, k]
        causal = present & (now <= ends)
        decay = torch.exp((torch.where(causal, now, ends) - ends) / tau_syn)
        current = current + torch.where(causal, sorted_weights(weights, order, k) * decay, 0.0)
        last = torch.where(causal, k, last)
    return Crossings(current, order, last)


def derivatives(
    arrivals: Tensor,
    weights: Tensor,
    tau_mem: Tensor,
    tau_syn: Tensor,
    times: Tensor,
    found: Crossings,
    pull: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the derivatives with respect to arrivals and weights.

    Parameters
    ----------
    arrivals, weights, tau_mem, tau_syn : Tensor
        As given to `search`.
    times, found
        Results of `search`.
    pull : Tensor, shape (member, sample, post)
        Derivative of the loss with respect to each spike time over dV/dt there; 0 without a spike.

    Returns
    -------
    to_arrivals : Tensor, shape of `arrivals`
    to_weights : Tensor, shape of `weights`
    """
    n_members, n_samples, n_pre, width = arrivals.shape
    ordered = torch.gather(arrivals, 2, found.order)
    ends = torch.where(torch.isfinite(times), times, 0.0)
    to_arrivals = torch.zeros_like(arrivals)
    to_weights = torch.zeros_like(weights)
    members = torch.arange(n_members, device=weights.device)[:, None, None]
    for k in range(n_pre - 1, -1, -1):
        causal = found.last >= k
        s = torch.where(causal, ends - ordered[:, :, k], 0.0)
        rise = response(s, tau_mem, tau_syn)
        fall = torch.exp(-s / tau_syn)
        force = torch.where(causal, pull, 0.0)
        row = sorted_weights(weights, found.order, k)
        by_arrival = force * row * (fall - rise) / tau_mem
        if width == 1:
            by_arrival = by_arrival.sum(2, keepdim=True)
        to_arrivals.scatter_(2, found.order[:, :, k : k + 1], by_arrival[:, :, None])
        place = found.order[:, :, k].expand(n_members, n_samples, weights.shape[2])
        neurons = torch.arange(weights.shape[2], device=weights.device)
        to_weights.index_put_((members, place, neurons), -force * rise, accumulate=True)
    return to_arrivals, to_weights


def sorted_weights(weights: Tensor, order: Tensor, k: int) -> Tensor:
    """Return the weights of the k-th inputs, shape (member, sample, post)."""
    n_members, n_pre, n_post = weights.shape
    n_samples = order.shape[1]
    index = order[:, :, k : k + 1].expand(n_members, n_samples, 1, n_post)
    return weights[:, None].expand(n_members, n_samples, n_pre, n_post).gather(2, index)[:, :, 0]


def response(s: Tensor, tau_mem: Tensor, tau_syn: Tensor) -> Tensor:
    """k(s) of `crossing.response`."""
    finite = torch.where(torch.isfinite(s), s, 0.0)
    x = finite * (tau_mem - tau_syn).abs() / (tau_mem * tau_syn)
    shape = torch.where(x < 1e-9, 1.0 - 0.5 * x, -torch.expm1(-x) / x.clamp_min(1e-9))
    slower = torch.maximum(tau_mem, tau_syn)
    return finite / tau_mem * torch.exp(-finite / slower) * shape


def peak_after(voltage: Tensor, current: Tensor, tau_mem: Tensor, tau_syn: Tensor) -> Tensor:
    """Time to the peak of the voltage as in `crossing.peak_after`; 0 where it does not rise."""
    rising = (current > 0) & (current > voltage)
    z = torch.where(rising, (current - voltage) / torch.where(rising, current, 1.0), 0.0)
    q = z * (tau_mem - tau_syn) / tau_mem
    tiny = q.abs() < 1e-9
    inside = torch.where(tiny | (q >= 1.0), 0.5, q)
    stretch = torch.where(tiny, 1.0 + 0.5 * q, -torch.log1p(-inside) / inside)
    return torch.where(q >= 1.0, torch.inf, tau_syn * z * stretch)


def _voltage(
    voltage: Tensor, current: Tensor, s: Tensor, tau_mem: Tensor, tau_syn: Tensor
) -> Tensor:
    return voltage * torch.exp(-s / tau_mem) + current * response(s, tau_mem, tau_syn)


def _newton(
    voltage: Tensor, current: Tensor, gap: Tensor, length: Tensor, tau_mem: Tensor, tau_syn: Tensor
) -> Tensor:
    """Solve for the crossing within `length`, up to which the voltage rises; see `crossing`."""
    lower, upper = torch.zeros_like(length), length
    highest = _voltage(voltage, current, length, tau_mem, tau_syn)
    at_peak = (highest - current * torch.exp(-length / tau_syn)).abs() <= 1e-9 * highest.abs()
    excess = ((highest - gap) / highest.clamp_min(1e-30)).clamp_min(0.0)
    parabola = (length - torch.sqrt(2.0 * excess * tau_mem * tau_syn)).clamp_min(0.0)
    s = torch.where(at_peak, parabola, 0.0)
    rounding = 4.0 * torch.finfo(s.dtype).eps
    for _ in range(MAX_ITERATIONS):
        value = _voltage(voltage, current, s, tau_mem, tau_syn)
        above = value > gap
        upper, lower = torch.where(above, s, upper), torch.where(above, lower, s)
        slope = (current * torch.exp(-s / tau_syn) - value) / tau_mem
        following = torch.where(slope > 0.0, s - (value - gap) / slope, upper)
        outside = (following < lower) | (following > upper) | torch.isnan(following)
        following = torch.where(outside, 0.5 * (lower + upper), following)
        # Beyond rounding of the time or of the voltage there is nothing to gain.
        settled = ((following - s).abs() <= rounding * s) | ((value - gap).abs() <= rounding * gap)
        s = torch.where(settled, s, following)
        if bool(settled.all()):
            break
    return s
