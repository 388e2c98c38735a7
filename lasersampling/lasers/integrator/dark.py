"""A dark laser through a whole window of time, compiled: the cheap part of the integrator.

Between spikes a laser has some ten photons and a net gain far below zero. Its field forgets within
some 10 ps, but its carriers change slowly, and with them all that is costly in a step: the
exponential, the roots and the weights of the bridge (`step`). So these are computed once for a
*window* of some *substeps*, for the carriers at its start; within the window, the carriers are
followed as deviations from there.

Scheme of a substep of length h, weakly of second order; numbers are those of `step`:

1. The deviation d of the net gain is predicted for the middle of the substep.
2. The growth of the field is that of the window times exp(d h / 2), its spread that of the window
   to first order in d.
3. Photons over the substep, 4. the work of the noise, with the weights of the window.
5. Carriers relax under these photons; their noise comes as one random sign for the absorber. The
   gain section receives what of its own noise goes with that of the absorber, since the photons
   that one section emits are absorbed by the other; rare spikes are 4 % too frequent without. The
   rest comes once a window.
6. Growth of the field for the mean of the carriers at both ends.

A laser that brightens *leaves* the window at the beginning of a substep: with more photons than
`dark_photons`, or with a net gain above `dark_gain`, pulses are near and it needs short steps. The
kernel takes them. In substeps of 8 ps the rates of spikes stay within 1 %
(`docs/performance.md`).
"""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.step import (
    bridge,
    exponential,
    normal,
    positive,
    random_word,
    signed,
    sinh_excess,
)
from lasersampling.lasers.integrator.wide_vectors import (
    arrays_are_apart,
    be_merged,
    use_wide_vectors,
)

__all__ = ["SUBSTEPS", "cross_window"]

SUBSTEPS = 4
"""Number of substeps of a window."""

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TWO = np.float32(2.0)
THREE = np.float32(3.0)
FOUR = np.float32(4.0)
HALF = np.float32(0.5)
QUARTER = np.float32(0.25)
SIXTH = np.float32(1 / 6)


@njit(nogil=True, cache=True, inline="always")
def _substep(limits, word, state, table):
    """One substep of a lane that is dark at its beginning; others keep their state.

    `state` has the field, the deviations of both carriers from the start of the window, and the
    variance that the gain section has yet to receive. `table` describes gain section, absorber and
    field at the start of the window. Carriers are given by what they add to the
    exponent h G of the growth, and the photon number by |E|^2.
    """
    x0, y0, n1, n2, variance = state
    gain, absorber, field = table
    spared1, bleach1, share1, still1, by_power1, by_sum1, follows, decay1 = gain
    spared2, bleach2, share2, still2, by_power2, by_sum2, own2, decay2, slope2 = absorber
    u, growth, spread, widens, by_ends, by_product, between, strength2 = field
    dark_power, dark_u = limits

    # 1. Carriers at the end of the substep if the light stays what it is.
    power0 = x0 * x0 + y0 * y0
    ahead1 = spared1 - bleach1 * power0 - decay1 * n1
    ahead2 = spared2 - bleach2 * power0 - (decay2 + slope2 * power0) * n2
    deviation = n1 + n2
    is_dark = (power0 < dark_power) & (u + deviation < dark_u)
    d = deviation + HALF * (ahead1 + ahead2)

    # 2. Field.
    e = HALF * d
    grown = growth * (ONE + e * (ONE + HALF * e))
    spread = spread * (ONE + widens * d)
    fx = grown * x0 + spread * normal(word, 4)
    fy = grown * y0 + spread * normal(word, 18)

    # 3. Photons, and 4. work of the noise.
    power1 = fx * fx + fy * fy
    ends, product = power0 + power1, x0 * fx + y0 * fy
    sum_squared = ends + TWO * product
    power = by_ends * ends + by_product * product + between
    work = power1 - power0 - (u + d) * power - (strength2 + e)

    # 5. Carriers. Light does not change the slow decay of the gain section.
    noise = still2 + by_power2 * power + by_sum2 * sum_squared + own2 * n2
    noise = signed(np.sqrt(positive(noise)), word, 3)
    change1 = spared1 - bleach1 * power - decay1 * n1 - share1 * work + follows * noise
    q2 = decay2 + slope2 * power
    weight2 = ONE - q2 * (HALF - q2 * SIXTH)
    change2 = weight2 * (spared2 - bleach2 * power - q2 * n2 - share2 * work + noise)
    more = still1 + by_power1 * power + by_sum1 * sum_squared

    # 6. The field again.
    w = QUARTER * ((change1 - ahead1) + (change2 - ahead2))
    w = ONE + w * (ONE + HALF * w)
    x = fx * w if is_dark else x0
    y = fy * w if is_dark else y0
    n1 = n1 + change1 if is_dark else n1
    n2 = n2 + change2 if is_dark else n2
    variance = variance + more if is_dark else variance
    return x, y, n1, n2, variance, np.int32(is_dark)


@njit(nogil=True, cache=True, inline="always")
def _prepared(c, carriers, pumps, fields, slope1, transparency1):
    """What a lane needs for all substeps: gain section, absorber and field as in `_substep`."""
    (n1, n2), (pump1, pump2), (x0, y0), g1, nt1 = carriers, pumps, fields, slope1, transparency1
    g2, nt2, h, k1, k2 = (
        c.absorber_slope, c.absorber_transparency, c.substep, c.gain_decay, c.absorber_decay,
    )  # fmt: skip
    absorption1, absorption2 = g1 * nt1, g2 * nt2
    slope2, per_h = h * g2, ONE / h
    per_slope2, weight1 = ONE / slope2, ONE - HALF * h * k1
    loss = c.cavity_loss + absorption1 + absorption2

    # Field and bridge for the carriers as they are.
    emission1, emission2 = positive(g1 * n1), positive(g2 * n2)
    emission = emission1 + emission2
    u, total = h * (emission - loss), emission + loss
    root = exponential(QUARTER * u)
    v2 = QUARTER * u * u
    excess = sinh_excess(v2)
    strength = QUARTER * h * total
    spread = root * np.sqrt(strength * (ONE + v2 * excess))
    plus, minus, between, mixed, pure, inverse = bridge(v2, excess, total)
    # d log(spread) / du, with coth(v) - 1/v = u between for the shape of the noise.
    widens = QUARTER * (ONE + u * between) + HALF * inverse * per_h

    # Variances of the carriers' noise as linear functions of the light, and their covariance.
    share1, share2 = (emission1 + absorption1) * inverse, (emission2 + absorption2) * inverse
    bleach1, bleach2 = h * (emission1 - absorption1), h * (emission2 - absorption2)
    open1, open2 = share1 * u - bleach1, share2 * u - bleach2
    square1, square2 = open1 * open1 * strength, open2 * open2 * strength
    both, exchange = open1 * open2 * strength, FOUR * strength
    by_power1 = exchange * share1 * (ONE - share1)
    by_power2 = exchange * share2 * (ONE - share2)
    by_sum1, by_sum2 = square1 * mixed, square2 * mixed
    lost1, lost2 = h * k1 * n1, h * k2 * n2
    supply1, supply2 = h * pump1, h * pump2
    still1 = supply1 + lost1 + square1 * pure * strength
    still2 = supply2 + lost2 + square2 * pure * strength
    # Their ratio varies little with the light: it is that of a typical power.
    power = HALF * (x0 * x0 + y0 * y0) + TWO * strength
    covariance = both * (THREE * mixed * power + pure * strength)
    covariance -= exchange * share1 * share2 * power
    follows = covariance / positive(still2 + (by_power2 + THREE * by_sum2) * power)
    square = follows * follows

    slope1 = weight1 * h * g1
    one = (
        slope1 * (supply1 - lost1 + bleach1 * c.vacuum),
        slope1 * bleach1,
        slope1 * share1,
        still1 - square * still2,
        by_power1 - square * by_power2,
        by_sum1 - square * by_sum2,
        follows * slope1 * per_slope2,
        weight1 * h * k1,
    )
    two = (
        slope2 * (supply2 - lost2 + bleach2 * c.vacuum),
        slope2 * bleach2,
        slope2 * share2,
        slope2 * slope2 * still2,
        slope2 * slope2 * by_power2,
        slope2 * slope2 * by_sum2,
        slope2 * h * k2,
        h * k2 - slope2 * c.vacuum,
        slope2,
    )
    field = (
        u,
        root * root,
        spread,
        widens,
        plus + minus,
        TWO * (plus - minus),
        TWO * strength * between,
        TWO * strength,
    )
    return one, two, field


@njit(nogil=True, cache=True, inline="always")
def _kept(c, gain, absorber, slope1, state, word):
    """Both carriers at the end of a window."""
    per_h = ONE / c.substep
    gain += state[2] * (per_h / slope1) + signed(np.sqrt(positive(state[4])), word, 2)
    return gain, absorber + state[3] * (per_h / c.absorber_slope)


@njit(nogil=True, cache=True, inline="always")
def _two_substeps(limits, streams, first, second, tables, other_tables):
    """A substep of a lane of each half; random words, streams, states, and whether it is dark."""
    word, s0, s1, s2, s3 = random_word(streams[0])
    other_word, t0, t1, t2, t3 = random_word(streams[1])
    x, y, d1, d2, variance, is_dark = _substep(limits, word, first, tables)
    other = _substep(limits, other_word, second, other_tables)
    return (
        (word, other_word),
        ((s0, s1, s2, s3), (t0, t1, t2, t3)),
        (x, y, d1, d2, variance),
        (other[0], other[1], other[2], other[3], other[4]),
        (is_dark, other[5]),
    )


@njit(nogil=True, cache=True, _nrt=False, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
def cross_window(c, own, lanes, other_own, others):
    """Move every lane through a window as far as it is dark.

    The lanes come in two halves of the same size, which go side by side: the operations of one fill
    the time for which those of the other wait for their arguments. `lanes.left` gets the number of
    substeps that a lane has taken; it has crossed the window if that is `SUBSTEPS`. `own` has the
    gain sections of the lanes, None if all are equal. The random numbers of all substeps are drawn
    in any case.
    """
    be_merged()
    use_wide_vectors()
    arrays_are_apart()
    x, y, gain, absorber = lanes.field_x, lanes.field_y, lanes.gain, lanes.absorber
    pump, absorber_pump, armed, left = lanes.pump, lanes.absorber_pump, lanes.armed, lanes.left
    rng0, rng1, rng2, rng3 = lanes.rng0, lanes.rng1, lanes.rng2, lanes.rng3
    x_, y_, gain_, absorber_ = others.field_x, others.field_y, others.gain, others.absorber
    pump_, absorber_pump_, armed_ = others.pump, others.absorber_pump, others.armed
    left_ = others.left
    rng0_, rng1_, rng2_, rng3_ = others.rng0, others.rng1, others.rng2, others.rng3
    g, nt = c.gain_slope, c.gain_transparency
    g_, nt_ = g, nt
    limits = c.dark_photons + c.vacuum, c.substep * c.dark_gain
    for i in range(x.size):
        if own is not None:  # compiled away for None
            g, nt = own.gain_slope[i], own.gain_transparency[i]
            g_, nt_ = other_own.gain_slope[i], other_own.gain_transparency[i]
        n1, n2, n1_, n2_ = gain[i], absorber[i], gain_[i], absorber_[i]
        one = x[i], y[i], ZERO, ZERO, ZERO
        two = x_[i], y_[i], ZERO, ZERO, ZERO
        pumps, pumps_ = (pump[i], absorber_pump[i]), (pump_[i], absorber_pump_[i])
        table = _prepared(c, (n1, n2), pumps, (one[0], one[1]), g, nt)
        table_ = _prepared(c, (n1_, n2_), pumps_, (two[0], two[1]), g_, nt_)
        stream = rng0[i], rng1[i], rng2[i], rng3[i]
        streams = stream, (rng0_[i], rng1_[i], rng2_[i], rng3_[i])
        words, streams, one, two, first = _two_substeps(limits, streams, one, two, table, table_)
        words, streams, one, two, second = _two_substeps(limits, streams, one, two, table, table_)
        words, streams, one, two, third = _two_substeps(limits, streams, one, two, table, table_)
        words, streams, one, two, fourth = _two_substeps(limits, streams, one, two, table, table_)
        rng0[i], rng1[i], rng2[i], rng3[i] = streams[0]
        rng0_[i], rng1_[i], rng2_[i], rng3_[i] = streams[1]
        x[i], y[i], x_[i], y_[i] = one[0], one[1], two[0], two[1]
        gain[i], absorber[i] = _kept(c, n1, n2, g, one, words[0])
        gain_[i], absorber_[i] = _kept(c, n1_, n2_, g_, two, words[1])
        armed[i] = np.int32(armed[i] | first[0])
        armed_[i] = np.int32(armed_[i] | first[1])
        left[i] = np.int32(first[0] + second[0] + third[0] + fourth[0])
        left_[i] = np.int32(first[1] + second[1] + third[1] + fourth[1])
