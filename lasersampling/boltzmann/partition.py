"""Partition functions of layered machines, which give log-likelihoods of images.

Even layers are independent of one another given the odd ones, and vice versa, so one side is summed
out in closed form. The other side is enumerated if it is small. Otherwise annealed importance
sampling moves in many small steps from a machine without weights, whose partition function is
known, to the given one, and each chain ends with an unbiased estimate of the ratio of the two
partition functions.

References
----------
Neal, Statistics and Computing 11 (2001) 125; Salakhutdinov and Murray, ICML (2008) 872.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary, as_floats
from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.recognition import log_weight
from lasersampling.boltzmann.restricted import AnyMachine, as_machine, logistic
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS, all_states
from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError

_STATES_AT_ONCE = 4096


@dataclass(frozen=True)
class LogPartition:
    """log Z = log sum_z exp(-E(z)), in nats.

    Attributes
    ----------
    value : float
        The estimate, or the exact value.
    standard_error : float
        0 for an exact value. For an estimate it comes from the spread of the chains and can be
        trusted while it is well below 1, since rare chains with large weights may be missing.
    n_chains : int
        Number of chains of the estimate, 0 for an exact value.
    """

    value: float
    standard_error: float
    n_chains: int

    @property
    def is_exact(self) -> bool:
        """Whether all states of one side were enumerated."""
        return self.n_chains == 0


def layered_log_partition(
    machine: AnyMachine,
    *,
    base: ArrayLike | None = None,
    n_chains: int = 200,
    n_steps: int = 5000,
    seed: int = 0,
) -> LogPartition:
    """Partition function of a layered machine, exact if one side has at most 20 units.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        A layered machine (`Layers`).
    base : array_like, shape (visible,), optional
        As for `annealed_log_partition`.
    n_chains, n_steps, seed : int
        As for `annealed_log_partition`.

    Raises
    ------
    InputError
        For a machine without layers, and bad arguments.
    """
    machine = as_machine(machine)
    layers = Layers.of_machine(machine)
    if min(len(layers.even), len(layers.odd)) <= MAX_ENUMERATED_UNITS:
        return LogPartition(_listed(machine, layers), 0.0, 0)
    return annealed_log_partition(machine, base=base, n_chains=n_chains, n_steps=n_steps, seed=seed)


def annealed_log_partition(
    machine: AnyMachine,
    *,
    base: ArrayLike | None = None,
    n_chains: int = 200,
    n_steps: int = 5000,
    seed: int = 0,
) -> LogPartition:
    """Estimate the partition function of a layered machine by annealed importance sampling.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        A layered machine.
    base : array_like, shape (visible,), optional
        Means of the pixels in the data, between 0 and 1. The machine without weights at which the
        chains begin is given these means, which shortens the way. By default it has the biases of
        the machine.
    n_chains : int
        Independent chains, at least 2.
    n_steps : int
        Number of temperatures, evenly spaced, each with one sweep.
    seed : int
        The same seed gives the same bits.

    Raises
    ------
    InputError
        With all problems found.

    Notes
    -----
    Let e be the units of the even side. At inverse temperature b between 0 and 1
    log f_b(e) = ((1 - b) a0 + b a) e + sum_j log(1 + exp(b (c + W e)_j)). Chain k accumulates
    w_k = prod f_(b+1)(e) / f_b(e), and Z = Z_0 <w>. The error is that of log <w> to first order.
    """
    problems = [
        *integer_problems("n_chains", n_chains, 2),
        *integer_problems("n_steps", n_steps, 1),
        *integer_problems("seed", seed, 0),
    ]
    if problems:
        raise InputError(problems)
    n_chains, n_steps = int(n_chains), int(n_steps)
    machine = as_machine(machine)
    layers = Layers.of_machine(machine)
    weights, even_biases, odd_biases = layers.sides(machine)
    start = even_biases.copy()
    if base is not None:
        # Visible units stand first on the even side.
        start[: layers.n_visible] = _log_odds(base, layers.n_visible)
    generator = np.random.default_rng(seed)
    even = (generator.random((n_chains, start.size)) < logistic(start)).astype(np.float64)
    log_weights = np.zeros(n_chains)
    inverse_temperatures = np.linspace(0.0, 1.0, n_steps + 1)
    for k in range(n_steps):
        now, then = inverse_temperatures[k], inverse_temperatures[k + 1]
        field = even @ weights.T + odd_biases
        log_weights += (then - now) * (even @ (even_biases - start))
        log_weights += np.logaddexp(0.0, then * field).sum(axis=1)
        log_weights -= np.logaddexp(0.0, now * field).sum(axis=1)
        odd = (generator.random(field.shape) < logistic(then * field)).astype(np.float64)
        drive = (1 - then) * start + then * (odd @ weights + even_biases)
        even = (generator.random(even.shape) < logistic(drive)).astype(np.float64)
    first = float(np.logaddexp(0.0, start).sum()) + odd_biases.size * math.log(2.0)
    largest = log_weights.max()
    relative = np.exp(log_weights - largest)
    mean = relative.mean()
    error = relative.std(ddof=1) / math.sqrt(n_chains) / mean
    return LogPartition(first + float(largest + np.log(mean)), float(error), n_chains)


def log_probability(
    machine: AnyMachine, given: ArrayLike, partition: LogPartition
) -> NDArray[np.float64]:
    """Log probability of states of the visible and label units, in nats.

    Exact for machines with one hidden layer; for deep ones a lower bound from mean field.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        A layered machine.
    given : array_like of 0 and 1, shape (image, visible + label)
        Pixels, then label units.
    partition : LogPartition
        Partition function of this machine.

    Returns
    -------
    ndarray of float64, shape (image,)

    Raises
    ------
    InputError
        For states of another size, or other values than 0 and 1.
    """
    machine = as_machine(machine)
    layers = Layers.of_machine(machine)
    states = as_binary(given, "given").astype(np.float64, copy=False)
    if states.ndim != 2 or states.shape[1] != layers.n_given:
        expected = f"shape (image, {layers.n_given}), pixels and label units"
        raise InputError.single("given", f"shape {states.shape}", expected)
    return log_weight(machine, layers, states) - partition.value


def _listed(machine: BoltzmannMachine, layers: Layers) -> float:
    """Log Z with the states of the smaller side enumerated and the larger side summed out."""
    weights, listed_biases, summed_biases = layers.sides(machine)
    if len(layers.odd) < len(layers.even):
        weights, listed_biases, summed_biases = weights.T, summed_biases, listed_biases
    states = all_states(listed_biases.size)
    found = np.empty(len(states))
    for first in range(0, len(states), _STATES_AT_ONCE):
        part = slice(first, first + _STATES_AT_ONCE)
        some = states[part].astype(np.float64)
        summed = np.logaddexp(0.0, some @ weights.T + summed_biases).sum(axis=1)
        found[part] = some @ listed_biases + summed
    largest = found.max()
    return float(largest + np.log(np.exp(found - largest).sum()))


def _log_odds(means: ArrayLike, n_visible: int) -> NDArray[np.float64]:
    values = as_floats(means, "base")
    if values.shape != (n_visible,):
        raise InputError.single("base", f"shape {values.shape}", f"({n_visible},), one per pixel")
    problems = [
        problem
        for value in (values.min(), 1 - values.max())
        for problem in number_problems("base", float(value), 0.0, strict=False)
    ]
    if problems:
        raise InputError.single("base", "other values", "means in [0, 1]")
    # A pixel that is never on in the data may still be on in the machine.
    inside = np.clip(values, 0.01, 0.99)
    log_odds: NDArray[np.float64] = np.log(inside / (1 - inside))
    return log_odds
