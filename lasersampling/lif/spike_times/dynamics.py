"""Voltage and current between events, forward, and their derivatives, backward; compiled.

The derivation stands in `docs/eventprop.md`.
"""

from __future__ import annotations

import math
from typing import Any

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.crossing import response

PLAIN: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
"""How loops are compiled that make arrays."""

BARE: dict[str, Any] = {**PLAIN, "_nrt": False}
"""How those are that make none. They do not count the references to arrays that they are given,
which takes numba more time than small functions do, and most when threads share an array."""


@njit(**BARE)
def decays(length, mem, syn):
    """Factors of voltage and current after some time, and the response to a unit current."""
    if mem == syn:
        left = math.exp(-length / syn)
        return left, left, length / syn * left if left > 0.0 else 0.0
    return math.exp(-length / mem), math.exp(-length / syn), response(length, mem, syn)


@njit(**BARE, fastmath={"reassoc"})
def carry_and_add(by_voltage, by_current, weights, by_weights, factors):
    """Carry neurons back to an arrival, and pass this on.

    All in one pass of vector instructions, since reading and writing takes most of the time.

    Parameters
    ----------
    by_voltage, by_current : array (neuron,)
        Derivatives p_U and p_I of the loss by their states, which are carried back.
    weights : array (neuron,)
        Weights with which the spike arrives.
    by_weights : array (neuron,)
        Derivatives by these, added to.
    factors : (float, float, float)
        `decays` since the event before.

    Returns
    -------
    by_current, by_voltage : float
        Sums of weights * p_I and of weights * p_U.
    """
    kept, left, gained = factors
    one, two = 0.0, 0.0
    for n in range(len(weights)):
        current = by_current[n] * left + by_voltage[n] * gained
        voltage = by_voltage[n] * kept
        by_current[n], by_voltage[n] = current, voltage
        by_weights[n] += current
        one += weights[n] * current
        two += weights[n] * voltage
    return one, two


@njit(**BARE)
def taus_back(by_state, sums, length, mem, syn):
    """Carry back, before p_U and p_I are, what becomes the derivatives by time constants.

    For tau_syn that is u, the derivative by a change of tau_syn to come of the current:
    du/ds = (p_I / tau_syn - u) / tau_syn. For tau_mem it is the adjoint (a_U, a_I) of the integral
    of -p_U (I - U) / tau_mem^2.

    Parameters
    ----------
    by_state : (float, float)
        p_U and p_I.
    sums : (float, float, float)
        u, a_U and a_I.
    length : float
        How far back [tau_syn].

    Returns
    -------
    u, a_U, a_I : float
    """
    p_u, p_i = by_state
    u, a_u, a_i = sums
    square = length * length
    slow, fast, gained = decays(length, mem, syn)
    one, two = shapes(length, mem, syn)
    gain = p_i * length * fast + p_u * square / mem * one
    return (
        u * fast + gain / (syn * syn),
        (a_u + p_u * length / (mem * mem)) * slow,
        a_i * fast + (a_u - p_u / mem) * gained + p_u * square / mem**3 * two,
    )


@njit(**BARE, inline="always")
def shapes(s, mem, syn):
    """e^(-s / syn) times (e^x - 1 - x) / x^2 and (e^x (x - 1) + 1) / x^2, x = s / syn - s / mem."""
    x = s / syn - s / mem
    fast = math.exp(-s / syn)
    if abs(x) < 0.02:  # six terms of both series leave less than rounding does
        one = 0.5 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x * (1 / 720 + x / 5040))))
        two = 0.5 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x * (1 / 144 + x / 840))))
        return fast * one, fast * two
    slow = math.exp(-s / mem)
    return (slow - fast * (1.0 + x)) / (x * x), (slow * (x - 1.0) + fast) / (x * x)
