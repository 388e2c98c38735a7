"""One time step of the stochastic rate equations for every lane of a bundle, compiled.

The lanes form a structure of arrays, so that LLVM turns the loop over them into vector
instructions.

Scheme
------
One step of length h, weakly of second order (`rate_equations` states the equations, in symmetric
order, S = |E|^2 - 1/2):

1. Carriers are predicted for the middle of the step.
2. Field: the exact Ornstein-Uhlenbeck transition for these carriers.
3. Photons seen by the carriers: the mean of |E|^2 over the Ornstein-Uhlenbeck bridge between the
   two ends, and its spread for given ends, which comes back as noise.
4. Noise shared with the field, *exactly*, from the energy balance: what |E|^2 has gained beyond
   growth is the work of the noise, 2 int Re(E* dzeta) = |E'|^2 - |E|^2 - u mean|E|^2 - V h.
   Each section supplies it in proportion to its share of the strength V; with the ends given,
   the share of a section fluctuates, at the cost of the other and of the cavity.
5. Carriers: exact relaxation under the mean photon number, with the noise of 3 and 4, of pump
   and recombination.
6. Field again: growth for the mean of the carriers at both ends instead of those predicted.

The strengths of the noise are square roots of event rates. In a dark laser a section holds so few
electrons that Gaussian noise takes their number below zero; the rate then counts as zero and the
drift brings the number back, the "full truncation" of square-root processes [3]_. The numbers
themselves are not clipped.

Random numbers
--------------
One xoshiro128+ generator per lane [1]_; a 32-bit word a step serves the lane. Each quadrature
of the field takes two 7-bit fields, whose difference has a triangular law; a polynomial of it
has the first nine moments of a standard normal. A weakly second-order scheme asks for five [2]_,
but a dark laser leaves the dark by the tails of few steps: with five, a step of 16 ps loses 6 % of
the rare spikes. The carriers take a random sign for each source; normal variates change nothing.

References
----------
.. [1] D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators",
   ACM Trans. Math. Softw. 47 (2021).
.. [2] P. E. Kloeden, E. Platen, "Numerical Solution of Stochastic Differential Equations",
   Springer (1992), section 14.2.
.. [3] R. Lord, R. Koekkoek, D. van Dijk, "A comparison of biased simulation schemes for stochastic
   volatility models", Quantitative Finance 10 (2010) 177.
"""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.wide_vectors import (
    arrays_are_apart,
    be_merged,
    use_wide_vectors,
)

__all__ = [
    "bridge",
    "exponential",
    "normal",
    "positive",
    "random_word",
    "signed",
    "sinh_excess",
    "step",
]

# The difference t of two independent integers uniform on 0..127, over 127, has a triangular law.
# The odd polynomial with these coefficients gives it the even moments 1, 3, 15 and 105 of a
# standard normal (tests/lasers/integrator/test_kernel.py recomputes them from the full table of
# 2**14 values).
NORMAL = (
    np.float32(2.02974992 / 127),
    np.float32(2.78325944 / 127**3),
    np.float32(-7.26978703 / 127**5),
    np.float32(6.21068143 / 127**7),
)

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TWO = np.float32(2.0)
HALF = np.float32(0.5)
QUARTER = np.float32(0.25)


@njit(nogil=True, cache=True, inline="always")
def exponential(v):
    """exp(v) by (Taylor polynomial of degree 5 at v/2) squared, for |v| < 1."""
    h = v * HALF
    c2, c3, c4, c5 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24), np.float32(1 / 120)
    p = ONE + h * (ONE + h * (c2 + h * (c3 + h * (c4 + h * c5))))
    return p * p


@njit(nogil=True, cache=True, inline="always")
def _mean_exponential(q):
    """(exp(q) - 1) / q to third order, so that 1 / (1 + q times it) decays for all q >= 0."""
    return ONE + q * (np.float32(1 / 2) + q * (np.float32(1 / 6) + q * np.float32(1 / 24)))


@njit(nogil=True, cache=True, inline="always")
def positive(value):
    """The value, or zero if it is below."""
    # The comparison keeps NaN, which must surface, and LLVM can vectorise it, unlike max().
    return ZERO if value < ZERO else value


@njit(nogil=True, cache=True, inline="always")
def random_word(state):
    """The next word of a lane's generator, xoshiro128+ [1]_, and the state after it."""
    s0, s1, s2, s3 = state
    word = np.uint32(s0 + s3)
    t = np.uint32(s1 << np.uint32(9))
    s2 = np.uint32(s2 ^ s0)
    s3 = np.uint32(s3 ^ s1)
    turned = np.uint32(np.uint32(s3 << np.uint32(11)) | np.uint32(s3 >> np.uint32(21)))
    return word, np.uint32(s0 ^ s3), np.uint32(s1 ^ s2), np.uint32(s2 ^ t), turned


@njit(nogil=True, cache=True, inline="always")
def normal(word, shift):
    """One normal variate out of 14 bits of a random word."""
    low = np.uint32(np.uint32(word >> np.uint32(shift)) & np.uint32(127))
    high = np.uint32(np.uint32(word >> np.uint32(shift + 7)) & np.uint32(127))
    t = np.float32(np.int32(np.int32(low) - np.int32(high)))
    t2 = t * t
    return t * (NORMAL[0] + t2 * (NORMAL[1] + t2 * (NORMAL[2] + t2 * NORMAL[3])))


@njit(nogil=True, cache=True, inline="always")
def signed(value, word, bit):
    """The value with a sign out of one bit of a random word."""
    return value if np.uint32(word & np.uint32(1 << bit)) != np.uint32(0) else -value


@njit(nogil=True, cache=True, inline="always")
def sinh_excess(v2):
    """(sinh(v)/v - 1) / v**2, given v squared: Taylor series; sinh(v)/v to 1e-3 for |v| < 4."""
    return np.float32(1 / 6) + v2 * (
        np.float32(1 / 120) + v2 * (np.float32(1 / 5040) + v2 * np.float32(1 / 362880))
    )


@njit(nogil=True, cache=True, inline="always")
def bridge(v2, excess, other):
    """Weights of an Ornstein-Uhlenbeck bridge with exponent v over the step, and 1 / other.

    Between ends a and b, with s the variance that the noise alone gives a quadrature,
    mean |E|^2 = plus |a + b|^2 + minus |b - a|^2 + 2 s between, and its variance is
    s (mixed |a + b|^2 + pure s), up to a small term in |b - a|^2: with c the covariance of the
    bridge, 4 times the integrals of m c m and of c**2. Their dependence on v is fitted within 1 %
    for |v| < 3. One division serves all.
    """
    half_cosh = np.float32(1 / 2) + v2 * (np.float32(1 / 24) + v2 * np.float32(1 / 720))
    cosh_1 = TWO + v2 * half_cosh
    coth = np.float32(105.0) + np.float32(10.0) * v2
    first = np.float32(48.0) + v2 * (np.float32(13.728) + v2 * np.float32(1.7525))
    second = np.float32(90.0) + v2 * (np.float32(17.4) + v2 * np.float32(0.5816))
    ends, middle = cosh_1 * half_cosh, coth * first * second
    inverse = ONE / (ends * middle * other)
    per_ends, per_middle = QUARTER * middle * other * inverse, ends * other * inverse
    plus = (TWO + v2 * excess) * half_cosh * per_ends
    minus = excess * cosh_1 * per_ends
    # (v coth v - 1) / (2 v**2) by its continued fraction.
    between = HALF * (np.float32(35.0) + v2) * first * second * per_middle
    mixed = np.float32(4.0) * second * coth * per_middle
    pure = np.float32(4.0) * first * coth * per_middle
    return plus, minus, between, mixed, pure, ends * middle * inverse


@njit(nogil=True, cache=True, _nrt=False, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
def step(c, rotation, own, lanes, n_lanes):
    """One step of the first `n_lanes` lanes; return how many rose through the threshold.

    `rotation` is the angle by which the field turns per net gain and step, None for no rotation.
    `own` has the gain sections of the lanes, None if all are equal.
    """
    be_merged()
    use_wide_vectors()
    arrays_are_apart()
    x, y, gain, absorber = lanes.field_x, lanes.field_y, lanes.gain, lanes.absorber
    pump, absorber_pump, photons = lanes.pump, lanes.absorber_pump, lanes.photons
    armed, crossed = lanes.armed, lanes.crossed
    rng0, rng1, rng2, rng3 = lanes.rng0, lanes.rng1, lanes.rng2, lanes.rng3
    g1, nt1, g2, nt2 = c.gain_slope, c.gain_transparency, c.absorber_slope, c.absorber_transparency
    absorption1, absorption2 = g1 * nt1, g2 * nt2
    loss = c.cavity_loss + absorption1 + absorption2
    h, n_crossed = c.step, np.int32(0)
    for i in range(n_lanes):
        if own is not None:  # compiled away for None, as for `rotation`
            g1, nt1 = own.gain_slope[i], own.gain_transparency[i]
            absorption1 = g1 * nt1
            loss = c.cavity_loss + absorption1 + absorption2
        state = rng0[i], rng1[i], rng2[i], rng3[i]
        word, rng0[i], rng1[i], rng2[i], rng3[i] = random_word(state)

        n1, n2, x0, y0 = gain[i], absorber[i], x[i], y[i]
        spared1, spared2 = pump[i] - c.gain_decay * n1, absorber_pump[i] - c.absorber_decay * n2
        bleach1, bleach2 = g1 * (n1 - nt1), g2 * (n2 - nt2)

        # 1. Carriers half a step on, by the implicit midpoint rule: it does not overshoot.
        power0 = x0 * x0 + y0 * y0
        s = power0 - c.vacuum
        bottom1 = TWO + h * (c.gain_decay + g1 * s)
        bottom2 = TWO + h * (c.absorber_decay + g2 * s)
        inverse = h / (bottom1 * bottom2)
        ahead1 = (spared1 - bleach1 * s) * bottom2 * inverse
        ahead2 = (spared2 - bleach2 * s) * bottom1 * inverse
        emission1, emission2 = positive(g1 * (n1 + ahead1)), positive(g2 * (n2 + ahead2))

        # 2. Field. `strength` is V h / 2, the variance of a quadrature without growth.
        emission = emission1 + emission2
        u = h * (emission - loss)
        root = exponential(QUARTER * u)
        growth = root * root
        v2 = QUARTER * u * u
        excess = sinh_excess(v2)
        strength = c.noise * QUARTER * h * (emission + loss)
        spread = root * np.sqrt(strength * (ONE + v2 * excess))
        fx = growth * x0 + spread * normal(word, 4)
        fy = growth * y0 + spread * normal(word, 18)

        # 3. Photons over the step.
        plus, minus, between, mixed, pure, inverse = bridge(v2, excess, emission + loss)
        sum_x, sum_y, rise_x, rise_y = x0 + fx, y0 + fy, fx - x0, fy - y0
        sum_squared = sum_x * sum_x + sum_y * sum_y
        power = (
            plus * sum_squared
            + minus * (rise_x * rise_x + rise_y * rise_y)
            + TWO * strength * between
        )
        left_open = signed(np.sqrt(strength * (mixed * sum_squared + pure * strength)), word, 0)

        # 4. Work of the noise on |E|^2, and its sources.
        work = c.noise * (fx * fx + fy * fy - power0 - u * power - TWO * strength)
        share1, share2 = (emission1 + absorption1) * inverse, (emission2 + absorption2) * inverse
        exchange = np.float32(4.0) * strength * power
        share0 = ONE - share1 - share2
        exchanged = signed(np.sqrt(exchange * share1 * share2), word, 1)

        # 5. Carriers. With q the rate times the step, decay = exp(-q) = 1 / (1 + q mean) and
        # weight = (1 - decay) / q.
        s = power - c.vacuum
        q1, q2 = h * (c.gain_decay + g1 * s), h * (c.absorber_decay + g2 * s)
        mean1, mean2 = _mean_exponential(q1), _mean_exponential(q2)
        bottom1, bottom2 = ONE + q1 * mean1, ONE + q2 * mean2
        inverse = ONE / (bottom1 * bottom2)  # one division for both sections
        decay1, decay2 = bottom2 * inverse, bottom1 * inverse
        weight1, weight2 = mean1 * decay1, mean2 * decay2
        alone1 = h * c.noise * (pump[i] + c.gain_decay * n1) + exchange * share1 * share0
        alone2 = (
            h * c.noise * (absorber_pump[i] + c.absorber_decay * n2) + exchange * share2 * share0
        )
        noise1 = np.sqrt(positive(alone1) * weight1 * HALF * (ONE + decay1))
        noise2 = np.sqrt(positive(alone2) * weight2 * HALF * (ONE + decay2))
        # As increments: n1 * decay would lose the digits of a short step to rounding.
        change1 = signed(noise1, word, 2) + weight1 * (
            h * (spared1 - bleach1 * s)
            - share1 * work
            + exchanged
            + (share1 * u - h * bleach1) * left_open
        )
        change2 = signed(noise2, word, 3) + weight2 * (
            h * (spared2 - bleach2 * s)
            - share2 * work
            - exchanged
            + (share2 * u - h * bleach2) * left_open
        )
        gain[i] = n1 + change1
        absorber[i] = n2 + change2

        # 6. The field has grown with the mean of the carriers at both ends.
        w = QUARTER * h * (g1 * (change1 - TWO * ahead1) + g2 * (change2 - TWO * ahead2))
        correction = exponential(w)
        fx *= correction
        fy *= correction
        if rotation is not None:  # compiled away for None
            angle = rotation * (u + TWO * w)
            cosine, sine = np.cos(angle), np.sin(angle)
            fx, fy = fx * cosine - fy * sine, fx * sine + fy * cosine
        x[i] = fx
        y[i] = fy
        s = fx * fx + fy * fy - c.vacuum

        is_armed = armed[i] != np.int32(0)
        rose = is_armed & (s >= c.threshold)
        armed[i] = np.int32((is_armed | (s < c.rearm)) & (not rose))
        crossed[i] = photons[i] if rose else -ONE
        photons[i] = s
        n_crossed = np.int32(n_crossed + np.int32(rose))
    return n_crossed
