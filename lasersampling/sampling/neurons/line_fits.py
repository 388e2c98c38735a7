"""Lines from curves and draws, by maximum likelihood of each unit given its field.

Let f(x) be the log odds of a laser at argument x, the measured curve. The line for this curve
minimises the mean of KL( sigma(u) || sigma(f(a + g u)) ) over fields u. Draws in which a unit is 1
with log odds o + s u require (u - o) / s in place of u (maximum pseudo-likelihood: J. Besag, The
Statistician 24 (1975) 179); the error of this estimate follows from its curvature, and from the
scatter between blocks of draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.errors import InputError
from lasersampling.sampling.neurons.calibration import Calibration
from lasersampling.sampling.neurons.line_estimates import MeasuredLines
from lasersampling.sampling.neurons.translation import Lines

_DEGREE = 5
"""Degree of the polynomial through the measured log odds; beyond them it continues as a line."""

_N_GROUPS = 64
_N_ITERATIONS = 40
_STEP_OF_OFFSET, _STEP_OF_GAIN = 4.0, 0.25
"""Largest changes of offset and gain in one iteration."""

_BLOCKS = 24
"""Least number of blocks of draws whose scatter shows the error of a measurement."""

_PRIOR_NATS = 1e-4, 1e-4
"""Strength of the quadratic penalty on a and g - 1, which matters for units that rarely change."""

_NETWORK_PRIOR_NATS = 1e-3, 1e-2
_STUCK_PRIOR_NATS, _STUCK = 1e3, 0.02
"""The same in the network. For a laser that is stuck at 0 or 1 the offset must change."""

_STEEPEST, _LARGEST_OFFSET = 1.5, 4.0
"""Largest change in one round in the network; a stuck unit tells only the sign."""

GAINS = 0.5, 2.0
"""Least and largest gain after rounds; lasers do not tolerate couplings of any size."""

Curve = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class ActivationLogit:
    """Log odds of z = 1 of an uncoupled laser against the argument of its pump.

    Attributes
    ----------
    coefficients : ndarray
        Coefficients of a polynomial in the argument, lowest order first.
    lowest, highest : float
        Range of the measured arguments, beyond which the curve is a straight line [1].
    """

    coefficients: NDArray[np.float64]
    lowest: float
    highest: float

    @classmethod
    def of(cls, calibration: Calibration) -> ActivationLogit:
        """Fit the points of a calibration's activation curve, weighted by their errors."""
        pump, activation, error = (
            np.array(values)
            for values in (calibration.pump, calibration.activation, calibration.activation_se)
        )
        used = (activation > 0.0) & (activation < 1.0) & (error > 0.0)
        argument = calibration.slope * (pump[used] - calibration.midpoint)
        variance = activation[used] * (1.0 - activation[used])
        coefficients = np.polynomial.polynomial.polyfit(
            argument,
            np.log(activation[used] / (1.0 - activation[used])),
            _DEGREE,
            w=variance / error[used],
        )
        return cls(
            np.asarray(coefficients, dtype=np.float64), float(argument.min()), float(argument.max())
        )

    def __call__(
        self, argument: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log odds and their derivative at arguments of any shape."""
        polynomial = np.polynomial.polynomial
        inside = np.clip(argument, self.lowest, self.highest)
        derivative = polynomial.polyder(self.coefficients)
        slope = np.asarray(polynomial.polyval(inside, derivative), dtype=np.float64)
        value: NDArray[np.float64] = polynomial.polyval(inside, self.coefficients) + slope * (
            argument - inside
        )
        return value, slope


def lines_from_curve(fields: NDArray[np.float64], curve: Curve) -> Lines:
    """Lines for which a curve comes closest to the logistic function over given fields.

    Parameters
    ----------
    fields : ndarray, shape (sample, unit)
        Fields u in the wanted distribution [1].
    curve : callable
        Returns log odds and their derivative at arguments.
    """
    u = _group_means(np.sort(fields, axis=0))
    return Lines(*_least_divergence(u, _expit(u), curve, _PRIOR_NATS))


def lines_from_draws(lines: Lines, machine: AnyMachine, states: ArrayLike) -> Lines:
    """Correct lines by draws of the network in which they are used, taken as free of error.

    Parameters
    ----------
    lines : Lines
        Lines with which these were drawn.
    machine : BoltzmannMachine
        The machine that the network should sample.
    states : array_like, shape (..., unit)
        Draws of 0 and 1 with all units free.

    Raises
    ------
    InputError
        For draws of another size, or with values other than 0 and 1.
    """
    measured = measured_lines(lines, machine, states)
    return Lines(measured.value - measured.gain * measured.field, measured.gain)


def measured_lines(
    lines: Lines,
    machine: AnyMachine,
    states: ArrayLike,
    *,
    is_free: ArrayLike | None = None,
    fields: NDArray[np.float64] | None = None,
) -> MeasuredLines:
    """Measure the lines for which a network would be conditionally correct, with errors.

    Parameters
    ----------
    lines : Lines
        Lines with which the draws were made.
    machine : BoltzmannMachine
        The machine that the network should sample.
    states : array_like, shape (..., unit)
        Draws of 0 and 1; of several dimensions the first is that of chains.
    is_free : array_like of bool, shape (chain, unit), optional
        Units that were not clamped; all by default.
    fields : ndarray, shape (unit,), optional
        Fields at which the values of lines are given; by default where they are best known.

    Raises
    ------
    InputError
        For draws of another size, or with values other than 0 and 1.
    """
    machine, drawn = as_machine(machine), as_binary(states, "states")
    if drawn.size == 0 or drawn.ndim == 0 or drawn.shape[-1] != machine.n_units:
        expected = f"shape (..., {machine.n_units}), not empty"
        raise InputError.single("states", f"shape {drawn.shape}", expected)
    z = np.asarray(drawn, dtype=np.float64)
    z = z.reshape(len(z) if z.ndim > 2 else 1, -1, machine.n_units)
    n_chains, n_draws, n_units = z.shape
    free = np.ones((n_chains, n_units), bool) if is_free is None else np.asarray(is_free)
    free = np.broadcast_to(free[:, None], z.shape).reshape(-1, n_units)
    flat = z.reshape(-1, n_units)
    met = fields_of(machine, flat)
    u, share = _grouped(met, flat, free)
    mean = share.mean(axis=0)
    of_offset, of_gain = _NETWORK_PRIOR_NATS
    is_stuck = np.minimum(mean, 1.0 - mean) < _STUCK
    prior = of_offset, np.where(is_stuck, _STUCK_PRIOR_NATS, of_gain)
    offset, slope = _least_divergence(u, share, _logistic, prior)
    # The errors of the fit: curvature, and how much chains scatter beyond it.
    given = _expit(offset + slope * u)
    h_00, h_01, h_11 = (np.mean(given * (1 - given) * u**power, axis=0) for power in range(3))
    h_00, h_11 = h_00 + prior[0], h_11 + prior[1]
    n_seen = free.sum(axis=0)
    residual = np.where(free, flat - _expit(offset + slope * met), 0.0)
    excess = _excess_scatter(residual, n_chains, n_draws, float((h_00 * n_seen).sum()))
    scale = excess / np.maximum(n_seen, 1) / (h_00 * h_11 - h_01**2)
    typical = h_01 / h_00 if fields is None else fields
    slope = np.clip(slope, 1.0 / _STEEPEST, _STEEPEST)
    offset = np.clip(offset, -_LARGEST_OFFSET, _LARGEST_OFFSET)
    gain = np.clip(lines.gain / slope, *GAINS)
    return MeasuredLines(
        typical,
        lines.offset - gain * offset + gain * typical,
        gain,
        np.where(
            n_seen == 0,
            np.inf,
            gain**2 * scale * (h_11 - 2 * typical * h_01 + typical**2 * h_00),
        ),
        np.where(is_stuck | (n_seen == 0), np.inf, gain**2 * scale * h_00),
    )


def _excess_scatter(
    residual: NDArray[np.float64], n_chains: int, n_draws: int, expected: float
) -> float:
    """How much more sums of z - p over blocks of draws scatter than for independent draws."""
    per_chain = min(n_draws, -(-_BLOCKS // n_chains))
    length = n_draws // per_chain
    blocks = residual.reshape(n_chains, n_draws, -1)[:, n_draws - per_chain * length :]
    sums = blocks.reshape(n_chains * per_chain, length, -1).sum(axis=1)
    return max(1.0, float((sums**2).sum()) / max(expected, 1e-300))


def _grouped(
    fields: NDArray[np.float64], z: NDArray[np.float64], free: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean field and fraction of ones in groups of free draws of a unit, (group, unit)."""
    n_groups = min(_N_GROUPS, len(z))
    u, share = np.zeros((n_groups, z.shape[1])), np.full((n_groups, z.shape[1]), 0.5)
    always = free.all(axis=0)
    order = np.argsort(fields[:, always], axis=0)
    u[:, always] = _group_means(np.take_along_axis(fields[:, always], order, axis=0))
    share[:, always] = _group_means(np.take_along_axis(z[:, always], order, axis=0))
    for unit in np.flatnonzero(~always & free.any(axis=0)):
        own = np.flatnonzero(free[:, unit])
        own = own[np.argsort(fields[own, unit])]
        if len(own) < n_groups:
            own = own[np.arange(n_groups) * len(own) // n_groups]
        u[:, unit] = _group_means(fields[own, unit][:, None])[:, 0]
        share[:, unit] = _group_means(z[own, unit][:, None])[:, 0]
    return u, share


def _logistic(
    argument: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return argument, np.ones_like(argument)


def _expit(argument: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(expit(argument))


def fields_of(machine: BoltzmannMachine, states: ArrayLike) -> NDArray[np.float64]:
    """Fields u_k = b_k + sum_j W_kj z_j of draws, shape (sample, unit)."""
    z = np.asarray(states, dtype=np.float64).reshape(-1, machine.n_units)
    fields: NDArray[np.float64] = z @ machine.weights + machine.biases
    return fields


def _group_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of neighbouring samples in groups of about the same size, shape (group, unit)."""
    groups = np.array_split(values, min(_N_GROUPS, len(values)))
    return np.stack([group.mean(axis=0) for group in groups])


def _least_divergence(
    u: NDArray[np.float64],
    wanted: NDArray[np.float64],
    curve: Curve,
    prior: tuple[float, float | NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offset a and gain g that minimise mean KL( wanted || sigma(curve(a + g u)) ).

    Found by Fisher scoring. `u` and `wanted` are (group, unit); the results are (unit,). `prior` is
    the strength of quadratic penalties on a and g - 1.
    """
    offset, gain = np.zeros(u.shape[1]), np.ones(u.shape[1])
    for _ in range(_N_ITERATIONS):
        odds, slope = curve(offset + gain * u)
        given = _expit(odds)
        force = (given - wanted) * slope
        curvature = given * (1.0 - given) * slope**2
        force_0 = force.mean(axis=0) + prior[0] * offset
        force_1 = (force * u).mean(axis=0) + prior[1] * (gain - 1.0)
        h_00 = curvature.mean(axis=0) + prior[0]
        h_01 = (curvature * u).mean(axis=0)
        h_11 = (curvature * u**2).mean(axis=0) + prior[1]
        determinant = h_00 * h_11 - h_01**2
        step_0 = (h_11 * force_0 - h_01 * force_1) / determinant
        step_1 = (h_00 * force_1 - h_01 * force_0) / determinant
        longest = np.maximum(np.abs(step_0) / _STEP_OF_OFFSET, np.abs(step_1) / _STEP_OF_GAIN)
        shortened = np.maximum(longest, 1.0)
        offset, gain = offset - step_0 / shortened, gain - step_1 / shortened
    return offset, gain
