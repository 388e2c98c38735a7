"""Time steps: which are short enough, and how they change times that are not multiples of them.

A device file states the step at which its spike rate is known to be correct. A longer one makes
spikes too rare or too frequent without any other sign, so there is a warning; and coupled lasers
take whole steps, so there are also warnings for delays and pulses that are short compared with a
step.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import memory_problems, number_problems
from lasersampling.errors import AccuracyWarning, Problem
from lasersampling.lasers.device import Device
from lasersampling.lasers.synapse import Synapse

__all__ = [
    "LONGEST_STEP",
    "LONGEST_WAIT",
    "ROUNDING",
    "length_problems",
    "step_problems",
    "timing_problems",
]

LONGEST_STEP = 2.0
"""Longest step over the one that the device states [1].

At this step the spike rates of the shipped devices are off by up to 4 %, where P(z = 1) is .05 or
more; at four times theirs D4 and D5 lose 8 and 12 % (RESULTS.md, "Integrator").
"""

ROUNDING = 0.05
"""Relative change of a delay or pulse by the step above which there is a warning [1]."""


LONGEST_WAIT = 2**22
"""Longest delay and pulse in steps, which the integrator keeps in 32 MiB; 8 microseconds for D6."""

_LONGEST_RUN = 2**50
"""Number of steps for which a time in nanoseconds is exact to a fraction of a step."""

_BYTES_PER_SPIKE = 24
"""Memory of a spike: time, laser and order [B]."""


def length_problems(
    times_ns: Mapping[str, float], shape: tuple[int, int], refractory_time_ns: float, step_ps: float
) -> list[Problem]:
    """Problems of the length of a simulation: more steps or spikes than a computer can hold.

    Parameters
    ----------
    times_ns : mapping
        Durations by name; spikes of the first are kept.
    shape : tuple of int
        Numbers of chains and lasers.
    refractory_time_ns : float
        Shortest time between two spikes, roughly.
    step_ps : float
        Integration step.

    Returns
    -------
    list of Problem
    """
    longest = 1e-3 * step_ps * _LONGEST_RUN
    problems = [
        Problem(name, f"{time:g}", f"at most {longest:.3g} ns, 2^50 steps")
        for name, time in times_ns.items()
        if time > longest
    ]
    if problems:
        return problems
    name, recorded = next(iter(times_ns.items()))
    n_spikes = int(min(recorded / refractory_time_ns, _LONGEST_RUN)) + 1
    return memory_problems(f"{name}, spikes in it", (*shape, n_spikes), _BYTES_PER_SPIKE)


def step_problems(device: Device, step_ps: object) -> list[Problem]:
    """Problems of an integration step; a step beyond the device's own gives a warning.

    Parameters
    ----------
    device : Device
        The laser.
    step_ps : object
        The step that was given.

    Returns
    -------
    list of Problem
    """
    problems = number_problems("step_ps", step_ps, 0.0, strict=True)
    if problems:
        return problems
    step, own = float(step_ps), device.step_ps  # type: ignore[arg-type]
    if step > LONGEST_STEP * own:
        expected = (
            f"at most {LONGEST_STEP * own:g} ps: device {device.name} states {own:g} ps, and rates "
            "of spikes are wrong at steps that are much longer"
        )
        return [Problem("step_ps", f"{step:g}", expected)]
    if step > own:
        warnings.warn(
            f"a step of {step:g} ps is longer than the {own:g} ps that device {device.name} "
            "states: spike rates can be off by several per cent; leave step_ps out to be safe",
            AccuracyWarning,
            stacklevel=3,
        )
    return []


def timing_problems(
    delay_ns: ArrayLike, synapse: Synapse, refractory_time_ns: float, step_ps: float
) -> list[Problem]:
    """Problems of delays and pulses in a network whose lasers take whole steps.

    Delays and rectangular pulses are rounded to whole steps. One that would vanish is a problem;
    one that changes by more than `ROUNDING` gives a warning with the time that is used. An
    exponential pulse decays step by step and so delivers more charge than it should, by about half
    a step over its time constant, which is treated in the same way.

    Parameters
    ----------
    delay_ns : array_like
        Transmission delays of the connections [ns].
    synapse : Synapse
        Shape of the pulses.
    refractory_time_ns : float
        Length of the rectangles if the synapse does not fix it.
    step_ps : float
        Step that all lasers take.

    Returns
    -------
    list of Problem
    """
    step = 1e-3 * step_ps
    problems = _too_long(delay_ns, synapse.length_ns(refractory_time_ns), step)
    if problems:
        return problems
    delays = np.unique(np.asarray(delay_ns, dtype=np.float64))
    delays = delays[delays > 0.0]
    rounded = np.rint(delays / step) * step
    if delays.size and rounded[0] == 0.0:
        problems.append(_too_short("delay_ns", delays[0], "delay", step_ps))
    else:
        _say_rounding("delay", delays, rounded, step_ps)
    if synapse.time_constant_ns is None:
        length = np.array([synapse.length_ns(refractory_time_ns)])
        pulse = np.maximum(np.rint(length / step), 1.0) * step
        if length[0] < 0.5 * step:
            problems.append(_too_short("duration_ns", length[0], "pulse", step_ps))
        else:
            _say_rounding("pulse", length, pulse, step_ps)
    else:
        constant = np.array([synapse.time_constant_ns])
        acting = step / -np.expm1(-step / constant)
        if constant[0] < 0.5 * step:
            problems.append(_too_short("time_constant_ns", constant[0], "pulse", step_ps))
        else:
            _say_rounding("time constant", constant, acting, step_ps)
    return problems


def _too_short(where: str, value_ns: float, what: str, step_ps: float) -> Problem:
    half = 0.5e-3 * step_ps
    least = "0, or more than" if what == "delay" else "at least"
    expected = f"{least} half a step, {half:g} ns"
    return Problem(where, f"{value_ns:g}", expected + "; or a shorter step_ps")


def _too_long(delay_ns: ArrayLike, pulse_ns: float, step_ns: float) -> list[Problem]:
    """Times that are too long for the timing wheel, which has a slot for each step."""
    longest = LONGEST_WAIT * step_ns
    times = {"delay_ns": float(np.max(delay_ns)), "duration_ns": float(pulse_ns)}
    expected = f"at most {longest:g} ns, {LONGEST_WAIT} steps"
    return [Problem(name, f"{time:g}", expected) for name, time in times.items() if time > longest]


def _say_rounding(
    what: str, asked: NDArray[np.float64], acting: NDArray[np.float64], step_ps: float
) -> None:
    """Warn of times that the step changes considerably."""
    change = np.abs(acting / asked - 1.0) if asked.size else np.zeros(0)
    changed = change > ROUNDING
    if not changed.any():
        return
    worst = int(change.argmax())
    more = f" and {changed.sum() - 1} others like it" if changed.sum() > 1 else ""
    warnings.warn(
        f"a {what} of {asked[worst]:g} ns acts as {acting[worst]:.4g} ns{more}, since all lasers "
        f"move in steps of {step_ps:g} ps; a shorter step_ps comes closer",
        AccuracyWarning,
        stacklevel=4,
    )
