"""A plain loop for the stochastic rate equations: slow, short, and correct for short steps.

The Euler-Maruyama scheme in double precision, one laser and one step after the other. It is a
reference for the integrator that everything else uses, and shares no code with it.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import boolean_problems, integer_problems, number_problems
from lasersampling.compiling import njit
from lasersampling.errors import AccuracyWarning, InputError, Problem
from lasersampling.lasers.device import AnyDevice, as_device
from lasersampling.lasers.integrator.monitoring import monitored_levels
from lasersampling.lasers.pumps import pump_electrons_per_ns
from lasersampling.lasers.rate_equations import Coefficients, quiescent_state

__all__ = ["euler_rates"]

ACCURATE_STEP_PS = 0.25
LONGEST_STEP_PS = 2.0


@njit(nogil=True, cache=True)
def _spikes(c, pump, levels, rest, times, random):
    """Spikes of one laser after the burn-in, given detection levels, quiescent state and times."""
    threshold, rearm = levels
    step, burn_in, duration = times
    kappa, g1, t1, c1, g2, t2, c2, pump2, _ = c
    root = np.sqrt(step)
    x = np.sqrt(0.5 * (rest[0] + 0.5)) * random.standard_normal()
    y = np.sqrt(0.5 * (rest[0] + 0.5)) * random.standard_normal()
    n1, n2 = rest[1], rest[2]
    armed, count = True, 0
    z0 = 0.5 * root * np.sqrt(kappa)
    for k in range(int((burn_in + duration) / step)):
        s = x * x + y * y - 0.5
        growth = 0.5 * step * (g1 * (n1 - t1) + g2 * (n2 - t2) - kappa)
        z1 = 0.5 * root * np.sqrt(g1 * (max(n1, 0.0) + t1))
        z2 = 0.5 * root * np.sqrt(g2 * (max(n2, 0.0) + t2))
        x1, y1 = z1 * random.standard_normal(), z1 * random.standard_normal()
        x2, y2 = z2 * random.standard_normal(), z2 * random.standard_normal()
        d1 = root * np.sqrt(max(pump + n1 * c1, 0.0)) * random.standard_normal()
        d2 = root * np.sqrt(max(pump2 + n2 * c2, 0.0)) * random.standard_normal()
        n1 += (pump - n1 * c1 - g1 * (n1 - t1) * s) * step + d1 - 2.0 * (x * x1 + y * y1)
        n2 += (pump2 - n2 * c2 - g2 * (n2 - t2) * s) * step + d2 - 2.0 * (x * x2 + y * y2)
        x += growth * x + x1 + x2 + z0 * random.standard_normal()
        y += growth * y + y1 + y2 + z0 * random.standard_normal()
        s = x * x + y * y - 0.5
        if armed and s >= threshold:
            armed = False
            count += k * step >= burn_in
        elif s < rearm:
            armed = True
    return count


def euler_rates(
    device: AnyDevice,
    pump_ratio: float,
    duration_ns: float,
    *,
    n_lasers: int,
    step_ps: float,
    seed: int,
    shifted: bool = True,
    burn_in_ns: float = 30.0,
) -> NDArray[np.float64]:
    """Spike rates of independent lasers with the same pump.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file; its linewidth enhancement is left out,
        since rates do not depend on it.
    pump_ratio : float
        Pump r = P/P_th of all [1].
    duration_ns : float
        Time recorded per laser.
    n_lasers : int
        Number of lasers.
    step_ps : float
        Integration step, at most 2 ps, where this scheme is off by 4 to 10 %. Its bias is about
        5 % per ps, so beyond 0.25 ps there is a warning.
    seed : int
        Seed; each laser has its own random stream.
    shifted : bool
        Whether thresholds compensate for what an observation once per step misses (`monitoring`).
    burn_in_ns : float
        Time simulated before the recording.

    Returns
    -------
    ndarray, shape (n_lasers,)
        Spikes per ns.

    Raises
    ------
    InputError
        With all problems of the arguments.

    Warns
    -----
    AccuracyWarning
        When the step is longer than 0.25 ps.
    """
    device = as_device(device)
    problems = [
        *number_problems("duration_ns", duration_ns, 0.0, strict=True),
        *number_problems("burn_in_ns", burn_in_ns, 0.0, strict=False),
        *number_problems("step_ps", step_ps, 0.0, strict=True),
        *integer_problems("n_lasers", n_lasers, 1),
        *integer_problems("seed", seed, 0),
        *boolean_problems("shifted", shifted),
    ]
    if not problems and step_ps > LONGEST_STEP_PS:
        expected = f"at most {LONGEST_STEP_PS:g} ps: the plain scheme is wrong at longer steps"
        problems.append(Problem("step_ps", f"{step_ps:g}", expected))
    if problems:
        raise InputError(problems)
    if step_ps > ACCURATE_STEP_PS:
        warnings.warn(
            f"a step of {step_ps:g} ps is longer than the {ACCURATE_STEP_PS:g} ps at which the "
            "plain Euler scheme is right to about 1 %: it is off by about 5 % per ps",
            AccuracyWarning,
            stacklevel=2,
        )
    coefficients = Coefficients.of(device)
    step, pump = 1e-3 * step_ps, float(pump_electrons_per_ns(device, pump_ratio))
    threshold, rearm = device.detection.threshold_photons, device.detection.rearm_photons
    if shifted:
        threshold, rearm = monitored_levels(device.detection, coefficients, step)
    state = quiescent_state(device, pump_ratio)
    rest = (state.photons, state.gain_electrons, state.absorber_electrons)
    constants = tuple(float(value) for value in coefficients)
    levels, times = (float(threshold), float(rearm)), (step, burn_in_ns, duration_ns)
    counts = [
        _spikes(constants, pump, levels, rest, times, np.random.default_rng(stream))
        for stream in np.random.SeedSequence(seed).spawn(n_lasers)
    ]
    return np.array(counts, dtype=np.float64) / duration_ns
