"""The equations of `lasersampling.lasers.rate_equations` for the Euler-Maruyama scheme.

Drift and noise are written once, by arithmetic alone, for NumPy, numba, torch and jax alike. Eight
Wiener increments drive a laser: real and imaginary parts of the fields of cavity, gain section and
absorber, and one for the carriers of each section. A section's field noise enters field and
carriers, so the noise is not diagonal. Linewidth enhancement, which only turns the field, is left
out. Times are in ns.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from lasersampling.lasers.device import Device
from lasersampling.lasers.rate_equations import Coefficients, quiescent_state

N_INCREMENTS = 8
_CONTINUITY = 0.5826


class Laser(NamedTuple):
    """Constants of a laser and its pump, with the detection levels of a step."""

    loss: float
    slope1: float
    transparency1: float
    decay1: float
    slope2: float
    transparency2: float
    decay2: float
    pump1: float
    pump2: float
    threshold: float
    rearm: float

    @classmethod
    def of(cls, device: Device, pump: float, step: float) -> Laser:
        """The laser, its levels moved by what a path does between two looks, on average.

        The correction is that of M. Broadie, P. Glasserman, S. Kou, "A continuity correction for
        discrete barrier options", Mathematical Finance 7 (1997) 325.
        """
        c = Coefficients.of(device)
        g1, t1 = c.gain_slope_per_ns, c.gain_transparency_electrons
        g2, t2 = c.absorber_slope_per_ns, c.absorber_transparency_electrons
        unseen = _CONTINUITY * math.sqrt(2.0 * (c.loss_per_ns + g1 * t1 + g2 * t2) * step)
        upper, lower = device.detection.threshold_photons, device.detection.rearm_photons
        upper -= unseen * math.sqrt(upper)
        lower = min(lower + unseen * math.sqrt(lower), upper)
        rates = (g1, t1, c.gain_decay_per_ns, g2, t2, c.absorber_decay_per_ns)
        pump1 = pump * device.threshold_pump_electrons_per_ns
        return cls(c.loss_per_ns, *rates, pump1, c.absorber_pump_electrons_per_ns, upper, lower)


def drift(laser, x, y, n1, n2):
    """Change of (x, y, N1, N2) per ns without noise."""
    s = x * x + y * y - 0.5
    excess1 = laser.slope1 * (n1 - laser.transparency1)
    excess2 = laser.slope2 * (n2 - laser.transparency2)
    growth = 0.5 * (excess1 + excess2 - laser.loss)
    d1 = laser.pump1 - laser.decay1 * n1 - excess1 * s
    d2 = laser.pump2 - laser.decay2 * n2 - excess2 * s
    return growth * x, growth * y, d1, d2


def noise(laser, x, y, n1, n2, w, root):
    """Change of (x, y, N1, N2) by eight increments; `root` takes negative rates for zero."""
    a0 = 0.5 * root(laser.loss)
    a1 = 0.5 * root(laser.slope1 * (n1 + laser.transparency1))
    a2 = 0.5 * root(laser.slope2 * (n2 + laser.transparency2))
    x1, y1, x2, y2 = a1 * w[2], a1 * w[3], a2 * w[4], a2 * w[5]
    d1 = root(laser.pump1 + laser.decay1 * n1) * w[6] - 2.0 * (x * x1 + y * y1)
    d2 = root(laser.pump2 + laser.decay2 * n2) * w[7] - 2.0 * (x * x2 + y * y2)
    return a0 * w[0] + x1 + x2, a0 * w[1] + y1 + y2, d1, d2


def resting(device: Device, pump: float, n_lasers: int) -> np.ndarray:
    """Quiescent lasers with thermal light, as rows x, y, N1, N2."""
    rest = quiescent_state(device, pump)
    field = np.random.default_rng(0).normal(0, np.sqrt((rest.photons + 0.5) / 2), (2, n_lasers))
    carriers = np.array([[rest.gain_electrons], [rest.absorber_electrons]])
    return np.concatenate([field, np.repeat(carriers, n_lasers, axis=1)])


_drift, _noise = njit(inline="always")(drift), njit(inline="always")(noise)


@njit(inline="always")
def _root(rate):
    return math.sqrt(max(0.0, rate))


@njit(nogil=True)
def scalar_loop(laser, state, armed, generator, step, n_steps):
    """Move each laser by `n_steps`, one after another, in double precision; count spikes."""
    count = 0
    w = np.empty(8)
    for i in range(state.shape[1]):
        x, y, n1, n2 = state[0, i], state[1, i], state[2, i], state[3, i]
        is_armed = armed[i]
        for _ in range(n_steps):
            for j in range(8):
                w[j] = math.sqrt(step) * generator.standard_normal()
            f = _drift(laser, x, y, n1, n2)
            g = _noise(laser, x, y, n1, n2, w, _root)
            x, y = x + f[0] * step + g[0], y + f[1] * step + g[1]
            n1, n2 = n1 + f[2] * step + g[2], n2 + f[3] * step + g[3]
            s = x * x + y * y - 0.5
            if is_armed and s >= laser.threshold:
                is_armed = False
                count += 1
            elif s < laser.rearm:
                is_armed = True
        state[0, i], state[1, i], state[2, i], state[3, i] = x, y, n1, n2
        armed[i] = is_armed
    return count
