"""Lines by which the arguments of lasers are adapted to the network that they are in.

Unit k of a Boltzmann machine is 1 with log odds u_k = b_k + sum_j W_kj z_j. A laser in its place
comes near to this where its activation curve is logistic, between P(z = 1) of about 0.02 and 0.98;
beyond, the curve is steeper: at an argument of -5 a laser of D6 has log odds of -7.2. Machines of
images have fields with standard deviations of five, so that their lasers draw as if at a lower
temperature. What pulses do in time, and what is wrong with a chip, comes on top.

So laser k is driven by a_k + g_k u_k. Offset and gain come from two sources:

- the measured curve: with f(x) the log odds at argument x, the line of least mean
  KL( sigma(u) || sigma(f(a + g u)) ) over the fields that a unit meets in the machine's own
  distribution (`lines_from_curve`);
- the network itself: where its draws show unit k to be 1 with log odds o + s u_k, the line
  (u - o) / s in place of u puts that right (`lines_from_draws`). This is maximum pseudo-likelihood,
  and needs nothing but draws, from an imperfect chip too.

Gains differ between units, so what lasers are driven by is not symmetric.

References
----------
J. Besag, The Statistician 24 (1975) 179 (pseudo-likelihood).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError
from lasersampling.sampling.calibration import Calibration
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.laser_sampler import Lasers
from lasersampling.sampling.protocol import Progress
from lasersampling.sampling.translation import Lines

_DEGREE = 5
"""Of the polynomial through the measured log odds; beyond them it goes on as a line."""

_N_CHAINS, _N_DRAWS = 40, 100
_GIBBS = Gibbs(burn_in=100, thin=2)
_GIBBS_SEED = 0

_N_GROUPS = 64
_N_ITERATIONS = 40
_STEP_OF_OFFSET, _STEP_OF_GAIN = 4.0, 0.25
"""No iteration goes further."""

_PRIOR_NATS = 1e-4, 1e-4
"""Strength of a quadratic penalty on a and g - 1, for units that hardly ever change."""

_NETWORK_PRIOR_NATS = 1e-3, 1e-2
_STUCK_PRIOR_NATS, _STUCK = 1e3, 0.02
"""The same in the network. Of a laser that is stuck, nearly always 0 or 1, the offset must move."""

_STEEPEST, _LARGEST_OFFSET = 1.5, 4.0
"""What one round in the network may change; a unit that is stuck tells no more than a sign."""

_GAINS = 0.5, 2.0
"""Least and largest gain that rounds lead to; lasers do not bear couplings of any size."""

Curve = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class ActivationLogit:
    """Log odds of z = 1 of an uncoupled laser against the argument of its pump.

    Attributes
    ----------
    coefficients : ndarray
        Of a polynomial in the argument, lowest order first.
    lowest, highest : float
        Measured arguments [1]; beyond, the curve is a straight line.
    """

    coefficients: NDArray[np.float64]
    lowest: float
    highest: float

    @classmethod
    def of(cls, calibration: Calibration) -> ActivationLogit:
        """Fit the points of a calibration's activation curve by their errors."""
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


def adapt(
    lasers: Lasers,
    machine: AnyMachine,
    *,
    n_rounds: int = 0,
    n_draws: int = 100,
    n_chains: int = 24,
    seed: int = 0,
    progress: Progress | None = None,
) -> Lasers:
    """Give lasers that are adapted to a machine: by their curve, then in the network.

    Parameters
    ----------
    lasers : Lasers
        Lines of their own, if they have any, are where rounds in the network begin.
    machine : BoltzmannMachine
        What they shall sample; lines hold for machines near to it too, as in learning.
    n_rounds : int
        Rounds in the network; each draws from the lasers and corrects what it sees.
    n_draws, n_chains : int
        Draws, a refractory time apart, and chains of a round; chains go on from round to round.
    seed : int
        Of the rounds.
    progress : callable, optional
        Called with the fraction of the rounds done.

    Returns
    -------
    Lasers
        The same with `lines`.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    problems = [
        *integer_problems("n_rounds", n_rounds, 0),
        *integer_problems("n_draws", n_draws, 1),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("seed", seed, 0),
    ]
    if problems:
        raise InputError(problems)
    machine = as_machine(machine)
    lines = lasers.lines
    if lines is None:
        states = _GIBBS.sample(machine, _N_DRAWS, n_chains=_N_CHAINS, seed=_GIBBS_SEED).states
        lines = lines_from_curve(_fields(machine, states), ActivationLogit.of(lasers.calibration))
    drawing = replace(
        lasers, interval_ns=lasers.neuron.refractory_time_ns, burn_in_ns=None, tempering=None
    )
    start = None
    for k in range(n_rounds):

        def report(fraction: float, k: int = k) -> None:
            if progress is not None:
                progress((k + fraction) / n_rounds)

        samples = replace(drawing, lines=lines).sample(
            machine, n_draws, n_chains=n_chains, seed=seed + k, start=start, progress=report
        )
        lines, start = lines_from_draws(lines, machine, samples.states), samples.end
    return replace(lasers, lines=lines)


def lines_from_curve(fields: NDArray[np.float64], curve: Curve) -> Lines:
    """Lines with which a curve comes nearest to the logistic function over given fields.

    Parameters
    ----------
    fields : ndarray, shape (sample, unit)
        Fields u in the distribution that is wanted [1].
    curve : callable
        Gives log odds and their derivative at arguments.
    """
    from scipy.special import expit

    u = _group_means(np.sort(fields, axis=0))
    return Lines(*_least_divergence(u, expit(u), curve, _PRIOR_NATS))


def lines_from_draws(lines: Lines, machine: AnyMachine, states: ArrayLike) -> Lines:
    """Correct lines by draws of the network that has them.

    Parameters
    ----------
    lines : Lines
        With which these were drawn.
    machine : BoltzmannMachine
        What the network shall sample.
    states : array_like, shape (..., unit)
        Draws of 0 and 1 with all units free.

    Raises
    ------
    InputError
        For draws of another size, or other values.
    """
    machine, z = as_machine(machine), as_binary(states, "states")
    if z.ndim == 0 or z.size == 0 or z.shape[-1] != machine.n_units:
        expected = f"shape (..., {machine.n_units}), not empty"
        raise InputError.single("states", f"shape {z.shape}", expected)
    z = z.reshape(-1, machine.n_units)
    fields = _fields(machine, z)
    order = np.argsort(fields, axis=0)
    u = _group_means(np.take_along_axis(fields, order, axis=0))
    share = _group_means(np.take_along_axis(z, order, axis=0).astype(np.float64))

    def logistic(argument: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return argument, np.ones_like(argument)

    mean = share.mean(axis=0)
    of_offset, of_gain = _NETWORK_PRIOR_NATS
    is_stuck = np.minimum(mean, 1.0 - mean) < _STUCK
    prior = of_offset, np.where(is_stuck, _STUCK_PRIOR_NATS, of_gain)
    offset, slope = _least_divergence(u, share, logistic, prior)
    slope = np.clip(slope, 1.0 / _STEEPEST, _STEEPEST)
    offset = np.clip(offset, -_LARGEST_OFFSET, _LARGEST_OFFSET)
    gain = np.clip(lines.gain / slope, *_GAINS)
    return Lines(lines.offset - gain * offset, gain)


def _fields(machine: BoltzmannMachine, states: ArrayLike) -> NDArray[np.float64]:
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
    """Offset a and gain g of least mean KL( wanted || sigma(curve(a + g u)) ), by Fisher scoring.

    `u` and `wanted` are (group, unit); the results are (unit,). `prior` is the strength of
    quadratic penalties on a and g - 1.
    """
    from scipy.special import expit

    offset, gain = np.zeros(u.shape[1]), np.ones(u.shape[1])
    for _ in range(_N_ITERATIONS):
        odds, slope = curve(offset + gain * u)
        given = expit(odds)
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
