"""One step of neurons that spike, and its derivatives.

Voltages U (from the leak, times the conductance) and currents I are carried from point to point in
closed form,

    U(t + h) = U(t) exp(-h / tau_mem) + I(t) k(h),    I(t + h) = I(t) exp(-h / tau_syn),

with the response k of `Neuron`. A neuron whose voltage is above its threshold at the end of a step
has spiked, at the time t + theta h at which a straight line between the two voltages crosses the
threshold. At the end of its refractory period, t + w h, the voltage is set to the reset: what it
differs by there decays until the end of the step. Until then nothing depends on the voltage, which
therefore goes on as it would have without the spike. In a step a neuron spikes at most once.

On the CPU `cells` does the same for neurons that do not reach each other.

The backward pass is written out, since that needs a third of the memory and time of what torch
would record.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.readouts import response

SMALLEST_SLOPE = 1e-6
"""Least slope by which times of crossings are found [1/tau_syn]."""


class Cells(NamedTuple):
    """Neurons of a group, each tensor (member, 1, neuron).

    Attributes
    ----------
    gap, reset, initial : Tensor
        Voltages at the threshold, after a spike and at time 0, from the leak, times the
        conductance [1].
    tau_mem, tau_syn, refractory : Tensor
        Time constants and refractory period [tau_syn].
    """

    gap: Tensor
    reset: Tensor
    initial: Tensor
    tau_mem: Tensor
    tau_syn: Tensor
    refractory: Tensor


class Rates(NamedTuple):
    """What a step needs to know of neurons, each tensor (member, 1, neuron).

    Attributes
    ----------
    kept, left, gained : Tensor
        What is left of voltages and currents behind a step, and k of the step [1].
    decay : Tensor
        The step over tau_mem [1].
    gap, reset : Tensor
        U at the threshold and after a spike [1].
    refractory : Tensor or None
        Refractory period in steps, None if there is none [1].
    """

    kept: Tensor
    left: Tensor
    gained: Tensor
    decay: Tensor
    gap: Tensor
    reset: Tensor
    refractory: Tensor | None

    @classmethod
    def of(cls, cells: Cells, length: float) -> Rates:
        """Return those of neurons for a length of steps."""
        decay = length / cells.tau_mem
        s = torch.full_like(cells.tau_mem, length)
        gained = response(s, cells.tau_mem, cells.tau_syn)
        refractory = cells.refractory / length
        none = not refractory.is_meta and not bool(refractory.any())
        return cls(
            torch.exp(-decay), torch.exp(-length / cells.tau_syn), gained, decay, cells.gap,
            cells.reset, None if none else refractory,
        )  # fmt: skip


class State(NamedTuple):
    """State of neurons at a point of the grid, each tensor (member, sample, neuron).

    Attributes
    ----------
    voltage, current : Tensor
        U and I [1].
    silent : Tensor of bool, or None
        Which are refractory.
    release : Tensor or None
        Steps until these are released [1].
    """

    voltage: Tensor
    current: Tensor
    silent: Tensor | None
    release: Tensor | None


class Stepped(NamedTuple):
    """What happened in a step, each tensor (member, sample, neuron).

    Attributes
    ----------
    spikes : Tensor
        1 where a neuron spikes, otherwise 0.
    fraction : Tensor
        theta, 1 without a spike [1].
    after : Tensor
        U at the end of the step, before it is reset [1].
    """

    spikes: Tensor
    fraction: Tensor
    after: Tensor


class Shown(NamedTuple):
    """What a device has shown of a step, each tensor (member, sample, neuron).

    Attributes
    ----------
    voltage : Tensor
        U at its begin [1].
    above : Tensor of bool
        Which neurons spike.
    fraction : Tensor
        theta, 1 without a spike [1].
    """

    voltage: Tensor
    above: Tensor
    fraction: Tensor


def advance(
    state: State, arriving: Tensor, rates: Rates, settings: GridSettings, shown: Shown | None = None
) -> tuple[State, Stepped]:
    """Carry neurons over a step.

    Parameters
    ----------
    state : State
        At the begin of the step.
    arriving : Tensor, shape (member, sample, neuron)
        Weights that arrive at its end [1].
    rates : Rates
        The neurons.
    settings : GridSettings
        The grid, and which derivatives are wanted.
    shown : Shown, optional
        Spikes that take the place of those that the neurons would have.
    """
    voltage, current, spikes, fraction, after, silent, release = _Step.apply(
        settings, shown, *state, arriving, *rates
    )
    return State(voltage, current, silent, release), Stepped(spikes, fraction, after)


def crossing(before: Tensor, after: Tensor, gap: Tensor, length: float) -> Tensor:
    """Return when a straight line between voltages crosses the threshold, as a share of the step.

    Parameters
    ----------
    before, after, gap : Tensor
        U at the begin and the end of a step, and at the threshold [1].
    length : float
        Length of the step [tau_syn].
    """
    rise = (after - before).clamp_min(SMALLEST_SLOPE * length)
    return ((gap - before) / rise).clamp(-1.0, 1.0)


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, settings: GridSettings, shown: Shown | None, *tensors: Any
    ) -> tuple[Tensor | None, ...]:
        state, arriving, rates = State(*tensors[:4]), tensors[4], Rates(*tensors[5:])
        after = (state.voltage * rates.kept).addcmul_(state.current, rates.gained)
        current = torch.addcmul(arriving, state.current, rates.left)
        if shown is None:
            above = after >= rates.gap
            if state.silent is not None:
                above &= ~state.silent
            fraction = crossing(state.voltage, after, rates.gap, settings.length)
            fraction.masked_fill_(~above, 1.0)
        else:
            above, fraction = shown.above, shown.fraction.clone()
        spikes = above.to(after.dtype)
        silent, release, when, is_reset = None, None, fraction, spikes
        if rates.refractory is not None:
            release = fraction + rates.refractory
            silent = above
            if state.silent is not None and state.release is not None:
                release = torch.where(above, release, state.release - 1.0)
                silent = above | state.silent
            is_over = silent & (release <= 1.0)
            silent = silent & ~is_over
            when, is_reset = torch.where(is_over, release, 1.0), is_over.to(after.dtype)
        dropped = torch.lerp(state.voltage, after, when).sub_(rates.reset)
        dropped.mul_((when - 1.0).mul_(rates.decay).exp_())
        voltage = torch.addcmul(after, is_reset, dropped, value=-1.0)
        ctx.set_materialize_grads(False)
        ctx.settings = settings
        ctx.save_for_backward(
            state.voltage, state.current, state.silent, after, spikes, fraction, when, is_reset,
            dropped, *rates,
        )  # fmt: skip
        fixed = [silent]
        if settings.derivatives == "times":
            fixed.append(spikes)
        if settings.derivatives == "surrogate":
            fixed.append(fraction)
            if rates.refractory is not None and not rates.refractory.requires_grad:
                fixed.append(release)
        ctx.mark_non_differentiable(*(tensor for tensor in fixed if tensor is not None))
        return voltage, current, spikes, fraction, after, silent, release

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        wanted = ctx.needs_input_grad[7:]
        return None, None, *_Backward(ctx.settings, ctx.saved_tensors, wanted)(upstream)


class _Backward:
    """The derivatives of a step, by what was kept of it.

    Much is done in place, since memory that is fresh costs more than the arithmetic.
    """

    def __init__(
        self, settings: GridSettings, saved: tuple[Any, ...], wanted: tuple[bool, ...]
    ) -> None:
        self.settings = settings
        self.voltage, self.current, self.silent, self.after, *rest = saved
        self.spikes, self.fraction, self.when, self.is_reset, self.dropped = rest[:5]
        self.rates = Rates(*rest[5:])
        self.wanted = dict(zip(Rates._fields, wanted, strict=True))
        self.found: dict[str, Tensor] = {}

    def __call__(self, upstream: tuple[Tensor | None, ...]) -> list[Tensor | None]:
        """Return the derivatives by state, arrivals and rates."""
        rates = self.rates
        by_voltage, by_current, by_spikes, by_fraction, by_after, _, by_release = upstream
        if by_voltage is None:
            by_voltage = torch.zeros_like(self.after)
        at_begin, at_end, by_when = self._through_reset(by_voltage)
        if by_after is not None:
            at_end.add_(by_after)
        by_fraction, by_release = self._through_release(by_when, by_fraction, by_release)
        if self.settings.derivatives != "times":
            if not self.settings.detach_reset:
                lost = by_voltage * self.dropped
                by_spikes = lost.neg_() if by_spikes is None else by_spikes - lost
            if by_spikes is not None:
                by_excess = self._surrogate().mul_(by_spikes)
                at_end.add_(by_excess)
                self._add("gap", by_excess, -1.0)
        if by_fraction is not None and self.settings.derivatives != "surrogate":
            by_start, by_rise = self._through_crossing(by_fraction)
            at_begin.sub_(by_start).sub_(by_rise)
            at_end.add_(by_rise)
            self._add("gap", by_start)
        by_state = at_end * rates.gained
        self._add("kept", at_end, self.voltage)
        self._add("gained", at_end, self.current)
        if by_current is not None:
            by_state.addcmul_(by_current, rates.left)
            self._add("left", by_current, self.current)
        begin = at_end.mul_(rates.kept).add_(at_begin)
        of_rates = [self.found.get(name) for name in Rates._fields]
        return [begin, by_state, None, by_release, by_current, *of_rates]

    def _add(self, name: str, a: Tensor, b: Tensor | float = 1.0) -> None:
        """Add the sum of a b over samples to the derivative by one of the rates, if wanted."""
        if self.wanted[name]:
            total = (a * b).sum(dim=1, keepdim=True)
            self.found[name] = total + self.found[name] if name in self.found else total

    def _through_reset(self, by_voltage: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Derivatives by the voltages at begin and end, and by the time of the reset."""
        rates, by_when = self.rates, None
        by_dropped = (by_voltage * self.is_reset).neg_()
        at_reset = (self.when - 1.0).mul_(rates.decay).exp_().mul_(by_dropped)
        self._add("reset", at_reset, -1.0)
        has_time = self.settings.derivatives != "surrogate" or self.wanted["refractory"]
        if has_time or self.wanted["decay"]:
            by_exponent = by_dropped.mul_(self.dropped)
            self._add("decay", by_exponent, self.when - 1.0)
            if has_time:
                by_when = (self.after - self.voltage).mul_(at_reset)
                by_when.addcmul_(by_exponent, rates.decay)
        moved = at_reset * self.when
        return at_reset.sub_(moved), moved.add_(by_voltage), by_when

    def _surrogate(self) -> Tensor:
        excess = self.after - self.rates.gap
        if self.silent is not None:
            excess.masked_fill_(self.silent, -torch.inf)
        return self.settings.surrogate.derivative(excess)

    def _through_release(
        self, by_when: Tensor | None, by_fraction: Tensor | None, by_release: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """Derivatives by theta, and by the release that was known before."""
        if by_when is None:  # and so nothing depends on times
            return by_fraction, None
        if self.rates.refractory is None:
            by_own, of_spike, before = by_when, by_when, None
        else:
            by_own = by_when * self.is_reset
            by_own = by_own if by_release is None else by_own.add_(by_release)
            of_spike = by_own * self.spikes
            before = None if self.silent is None else by_own - of_spike
            self._add("refractory", of_spike)
        if self.settings.detach_reset:
            return by_fraction, before
        return of_spike if by_fraction is None else by_fraction + of_spike, before

    def _through_crossing(self, by_fraction: Tensor) -> tuple[Tensor, Tensor]:
        """Derivatives by the distance to the threshold at the begin, and by the rise."""
        floor = self.settings.smallest_slope * self.settings.length
        rise = self.after - self.voltage
        is_free = (self.fraction.abs() < 1.0) & (self.spikes > 0)
        if self.silent is not None:  # where a device spikes all the same
            is_free &= ~self.silent
        by_start = (by_fraction / rise.clamp_min(floor)).mul_(is_free)
        return by_start, (by_start * self.fraction).mul_(rise > floor).neg_()
