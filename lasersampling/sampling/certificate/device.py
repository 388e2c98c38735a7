"""Reasons in lasers, their calibration and their machine why draws may be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.certificate.findings import Finding
from lasersampling.sampling.certificate.naming import listed, named
from lasersampling.sampling.neurons.calibration import (
    LARGEST_RMS,
    PAIR_WEIGHTS,
    Calibration,
    LaserNeuron,
)

if TYPE_CHECKING:
    from lasersampling.sampling.neurons.sampler import Lasers

FARTHEST_STRENGTH = 2.0
"""A unit synapse stronger than this, or weaker than its inverse, does not fit the device."""

_BEYOND_SHARE = 0.05
"""Fraction of the draws in which an argument may lie beyond the calibrated curve."""


def findings_of(
    lasers: Lasers,
    machine: BoltzmannMachine,
    states: NDArray[np.int8],
    free: NDArray[np.intp],
    names: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """List reasons why lasers may sample a machine wrongly.

    Parameters
    ----------
    lasers : Lasers
        The sampler.
    machine : BoltzmannMachine
        The machine that was to be sampled.
    states : ndarray of int8, shape (chain, draw, unit)
        Numbers of the free units.
    free : ndarray of int, shape (free unit,)
        Units that were free.
    names : sequence of str
        Names of all units; numbers if there are none.

    Returns
    -------
    tuple of Finding
        Findings on the device first, then on units, then on couplings.
    """
    return (
        *_of_the_neuron(lasers.neuron, lasers.calibration),
        *_of_the_chip(lasers, machine, free, names),
        *_of_the_fields(lasers, machine, states, free, names),
        *_of_the_couplings(lasers, machine, free, names),
    )


def _of_the_neuron(neuron: LaserNeuron, calibration: Calibration) -> list[Finding]:
    found = []
    device = neuron.device
    if calibration.fit_rms > LARGEST_RMS:
        found.append(
            Finding(
                f"The activation curve of {device.name} is not logistic: its rms deviation is "
                f"{calibration.fit_rms:.3f}, and should be at most {LARGEST_RMS}.",
                "Choose a longer refractory time or another device, or adapt the lasers.",
            )
        )
    if calibration.midpoint > 1.0:
        found.append(
            Finding(
                f"{device.name} is half active only at {calibration.midpoint:.2f} of its threshold "
                "pump, where it lases by itself: it is not an excitable neuron.",
                "Choose a device with more absorption.",
            )
        )
    strength = calibration.synapse_strength
    if not 1.0 / FARTHEST_STRENGTH <= strength <= FARTHEST_STRENGTH:
        found.append(
            Finding(
                f"A synapse of unit weight acts like one of weight {strength:.2f}; translation "
                "corrects that to first order only.",
                "Use the synapse that belongs to the device.",
            )
        )
    if neuron.step_ps > device.step_ps * (1.0 + 1e-9):
        found.append(
            Finding(
                f"The integration step of {neuron.step_ps:g} ps is longer than the "
                f"{device.step_ps:g} ps at which {device.name} has been checked: spikes are lost.",
                f"Leave the step to the device, or choose at most {device.step_ps:g} ps.",
            )
        )
    return found


def _of_the_chip(
    lasers: Lasers, machine: BoltzmannMachine, free: NDArray[np.intp], names: Sequence[str]
) -> list[Finding]:
    dead = free[lasers.chip(machine.n_units).dead[free]]
    if not dead.size:
        return []
    return [
        Finding(
            f"{dead.size} of {free.size} lasers of this chip are dead: {listed(dead, names)}.",
            "Choose another chip, or learn with the chip in the loop, which works around them.",
            tuple(int(unit) for unit in dead),
        )
    ]


def _of_the_fields(
    lasers: Lasers,
    machine: BoltzmannMachine,
    states: NDArray[np.int8],
    free: NDArray[np.intp],
    names: Sequence[str],
) -> list[Finding]:
    """Arguments beyond the measured part of the activation curve, and pumps below zero."""
    calibration = lasers.calibration
    programme = lasers.programme(machine)
    used = states.reshape(-1, machine.n_units)
    used = used[:: max(1, len(used) // 2000)].astype(np.float64)
    argument = used @ programme.weights[free].T + programme.biases[free]
    low, high = (
        calibration.slope * (pump - calibration.midpoint)
        for pump in (calibration.pump[0], calibration.pump[-1])
    )
    share = ((argument < low) | (argument > high)).mean(axis=0)
    found = []
    beyond = np.flatnonzero(share > _BEYOND_SHARE)
    if beyond.size:
        order = beyond[np.argsort(-share[beyond], kind="stable")]
        found.append(
            Finding(
                f"{beyond.size} of {free.size} lasers are driven beyond the calibrated curve (log "
                f"odds {low:.1f} to {high:.1f}) in more than {_BEYOND_SHARE:.0%} of the draws: "
                f"{listed(free[order], names)}.",
                f"{_adapt(lasers)}ake weights and biases smaller.",
                tuple(int(unit) for unit in free[order]),
                explains=True,
            )
        )
    dark = np.flatnonzero((calibration.midpoint + argument / calibration.slope < 0.0).any(axis=0))
    if dark.size:
        found.append(
            Finding(
                f"The pump of {dark.size} lasers would have to be below zero for inhibition: "
                f"{listed(free[dark], names)}.",
                "Make negative weights smaller; a pump cannot be negative in a real device.",
                tuple(int(unit) for unit in free[dark]),
                explains=True,
            )
        )
    return found


def _of_the_couplings(
    lasers: Lasers, machine: BoltzmannMachine, free: NDArray[np.intp], names: Sequence[str]
) -> list[Finding]:
    """Weights beyond the range in which a pair of lasers was measured."""
    largest = max(abs(weight) for weight in PAIR_WEIGHTS)
    among = np.abs(lasers.programme(machine).weights[np.ix_(free, free)])
    beyond = np.flatnonzero((among > largest).any(axis=1))
    if not beyond.size:
        return []
    post, pre = np.unravel_index(int(among.argmax()), among.shape)
    return [
        Finding(
            f"The largest weight, between {named(int(free[post]), names)} and "
            f"{named(int(free[pre]), names)}, is "
            f"{among[post, pre]:.2f}; pulses were measured for weights up to {largest:g}.",
            f"{_adapt(lasers)}ake the weights smaller.",
            tuple(int(unit) for unit in free[beyond]),
            explains=True,
        )
    ]


def _adapt(lasers: Lasers) -> str:
    """Begin a remedy, with adaptation unless that was done."""
    return "Adapt the lasers, or m" if lasers.lines is None else "M"
