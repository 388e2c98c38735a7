"""Threshold crossings of the voltage between two input spikes; compiled, for single neurons.

Between inputs, with time s since the last of them, voltage and current over the conductance obey

    tau_mem V' = I - V,   I(s) = I0 exp(-s / tau_syn),   so   V(s) = V0 exp(-s / tau_mem) + I0 k(s)

with `response` k. From V0 <= c the voltage rises above c > 0 only where I > V, and there it is
concave (V'' < 0). So it has at most one peak, where V = I, and Newton's iteration from the left
approaches the crossing without passing it.

All exponents are of the form -s / tau, so nothing overflows, however long the times.
"""

from __future__ import annotations

import math

from lasersampling.compiling import njit

EQUAL, DOUBLE, GENERAL = 0, 1, 2
"""Method for a crossing: Lambert's W for tau_mem = tau_syn, a quadratic equation for
tau_mem = 2 tau_syn, Newton's iteration for any ratio."""

MAX_ITERATIONS = 60
BRANCH_POINT = -math.exp(-1.0)

_LAST_STEP = 1e-6
"""A relative step of Halley's iteration after which only rounding is left."""


@njit(cache=True, nogil=True, inline="always")
def response(s, tau_mem, tau_syn):
    """k(s): the voltage a time s after a unit input, precise near equal time constants."""
    if s == math.inf:
        return 0.0 * tau_mem
    slower = max(tau_mem, tau_syn)
    x = s * abs(tau_mem - tau_syn) / (tau_mem * tau_syn)
    shape = 1.0 - 0.5 * x if x < 1e-9 else -math.expm1(-x) / x
    return s / tau_mem * math.exp(-s / slower) * shape


@njit(cache=True, nogil=True, inline="always")
def from_membrane(to_mem, length_over_tau, method):
    """Return exp(-length / tau_syn) and k(length) for `EQUAL` or `DOUBLE` time constants."""
    if method == EQUAL:
        return to_mem, length_over_tau * to_mem
    to_syn = to_mem * to_mem
    return to_syn, to_mem - to_syn


@njit(cache=True, nogil=True)
def lambert_w(x):
    """Principal branch of Lambert's W for -1/e <= x < 0, by Halley's iteration.

    R. M. Corless et al., Advances in Computational Mathematics 5 (1996) 329, section 4 (series at
    the branch point, its eq. 4.22) and eq. 5.9 (iteration).
    """
    if x < -0.25:
        p = math.sqrt(max(0.0, 2.0 * (math.e * x + 1.0)))
        w = -1.0 + p * (1.0 + p * (-1 / 3 + p * (11 / 72 + p * (-43 / 540 + p * (769 / 17280)))))
    else:
        w = x * (1.0 - x * (1.0 - x * (1.5 - x * (8 / 3))))
    for _ in range(MAX_ITERATIONS):
        above = w + 1.0
        if above <= 1e-8:
            break
        error = w - x * math.exp(-w)
        step = error / (above - 0.5 * (w + 2.0) * error / above)
        w -= step
        # The error that is left is of third order in the step.
        if abs(step) <= _LAST_STEP * min(above, -w):
            break
    return w


@njit(cache=True, nogil=True)
def peak_after(voltage, current, tau_mem, tau_syn):
    """Time from now to the peak of the voltage, where it equals the current; inf if there is none.

    The current must be above 0 and above the voltage.
    """
    z = (current - voltage) / current
    q = z * (tau_mem - tau_syn) / tau_mem
    if q >= 1.0:
        return math.inf
    stretch = 1.0 + 0.5 * q if abs(q) < 1e-9 else -math.log1p(-q) / q
    return tau_syn * z * stretch


@njit(cache=True, nogil=True)
def time_to_threshold(voltage, current, gap, length, tau_mem, tau_syn, method):
    """Time from now until the voltage rises above `gap`, within `length`; inf if it does not.

    `voltage` <= `gap` and `current` are those at the start, over the conductance and above rest.
    """
    if not current > gap:
        return math.inf
    if method == EQUAL:
        level = voltage / current
        argument = -gap / current * math.exp(-level)
        if not argument > BRANCH_POINT:
            return math.inf
        return within(-level - lambert_w(argument), tau_mem, length)
    if method == DOUBLE:
        total = voltage + current
        square = total * total - 4.0 * current * gap
        if not (square > 0.0 and total > 0.0):
            return math.inf
        return within(-math.log((total + math.sqrt(square)) / (2.0 * current)), tau_mem, length)
    return newton(voltage, current, gap, length, tau_mem, tau_syn)


@njit(cache=True, nogil=True, inline="always")
def within(s_over_tau, tau, length):
    """Return s if it lies within `length`, else inf; rounding may have put it just below 0."""
    s = max(s_over_tau, 0.0) * tau
    return s if s <= length else math.inf


@njit(cache=True, nogil=True)
def newton(voltage, current, gap, length, tau_mem, tau_syn):
    """`time_to_threshold` for any ratio of time constants."""
    peak = peak_after(voltage, current, tau_mem, tau_syn)
    upper = min(peak, length)
    if upper == math.inf:
        return math.inf
    highest = voltage * math.exp(-upper / tau_mem) + current * response(upper, tau_mem, tau_syn)
    if not highest > gap:
        return math.inf
    lower = 0.0 * tau_mem
    # A parabola through the peak is the start for grazing crossings, which converge slowly from
    # afar.
    s = lower
    if upper == peak:
        s = max(lower, peak - math.sqrt(2.0 * (highest - gap) / highest * tau_mem * tau_syn))
    for _ in range(MAX_ITERATIONS):
        now = current * math.exp(-s / tau_syn)
        value = voltage * math.exp(-s / tau_mem) + current * response(s, tau_mem, tau_syn)
        if value > gap:
            upper = s
        else:
            lower = s
        slope = (now - value) / tau_mem
        following = s - (value - gap) / slope if slope > 0.0 else upper
        if not lower <= following <= upper:
            following = 0.5 * (lower + upper)
        if following == s or abs(following - s) <= 1e-16 * tau_mem:
            break
        s = following
    return s


@njit(cache=True, nogil=True, inline="always")
def decay(length, tau_mem, tau_syn, method):
    """Return exp(-length / tau_mem), exp(-length / tau_syn) and k(length)."""
    if length == math.inf:
        return 0.0, 0.0, 0.0
    to_mem = math.exp(-length / tau_mem)
    if method != GENERAL:
        to_syn, gain = from_membrane(to_mem, length / tau_mem, method)
        return to_mem, to_syn, gain
    return to_mem, math.exp(-length / tau_syn), response(length, tau_mem, tau_syn)
