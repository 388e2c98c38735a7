"""Exact distributions and moments by listing every joint state of up to 20 units.

The units are split into a low and a high half. The exponent of a joint state is the sum of the
exponents of its two halves and of their coupling, and the couplings of all pairs of halves are one
matrix product: a million states take some ten milliseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array, as_floats
from lasersampling.boltzmann.clamping import FREE, clamped_vector
from lasersampling.boltzmann.restricted import AnyMachine, RestrictedMachine, as_machine
from lasersampling.boltzmann.states import (
    all_states,
    check_enumerable,
    state_index,
)
from lasersampling.errors import InputError

_CHUNK = 128
"""High halves handled at once: 128 x 1024 numbers, 1 MiB of working memory."""


class Moments(NamedTuple):
    """First and second moments of binary units.

    Attributes
    ----------
    mean : ndarray of float64, shape (unit,)
        <z_k>.
    second : ndarray of float64, shape (unit, unit)
        <z_j z_k>; its diagonal is the mean.
    """

    mean: NDArray[np.float64]
    second: NDArray[np.float64]


def exact_distribution(
    machine: AnyMachine, clamped: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Probabilities of all joint states of the free units, given the clamped ones.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        A machine with at most 20 free units.
    clamped : array_like of int, shape (unit,), optional
        -1 for a free unit, 0 or 1 for a clamped one.

    Returns
    -------
    ndarray of float64, shape (2**n_free,)
        Entry `sum_k z_k 2**k` over the free units in their order.

    Raises
    ------
    InputError
        For more than 20 free units or a malformed clamping.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> machine = BoltzmannMachine([[0, 2], [2, 0]], [-1, -1])
    >>> exact_distribution(machine).round(3), exact_distribution(machine, [1, -1]).round(3)
    (array([0.366, 0.134, 0.134, 0.366]), array([0.269, 0.731]))
    """
    machine = as_machine(machine)
    held = clamped_vector(clamped, machine.n_units)
    n_free = int((held == FREE).sum())
    check_enumerable(n_free, "machine")
    if n_free == 0:
        return np.ones(1)
    free_machine, _ = machine.conditioned(held)
    return np.exp(_log_probabilities(free_machine.weights, free_machine.biases))


def exact_moments(machine: AnyMachine, clamped: ArrayLike | None = None) -> Moments:
    """Means and second moments of all units, given the clamped ones.

    Arguments and errors are those of `exact_distribution`; the mean of a clamped unit is its value.

    Raises
    ------
    InputError
        As for `exact_distribution`.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> exact_moments(BoltzmannMachine([[0, 2], [2, 0]], [-1, -1])).mean.round(3)
    array([0.5, 0.5])
    """
    machine = as_machine(machine)
    held = clamped_vector(clamped, machine.n_units)
    free = np.flatnonzero(held == FREE)
    free_moments = table_moments(exact_distribution(machine, held))
    mean = held.astype(np.float64)
    mean[free] = free_moments.mean
    second = np.outer(mean, mean)
    second[np.ix_(free, free)] = free_moments.second
    np.fill_diagonal(second, mean)
    return Moments(mean, second)


def table_moments(probabilities: NDArray[np.float64]) -> Moments:
    """Moments of a distribution given as a table over all joint states, shape (2**n,)."""
    n_units = len(probabilities).bit_length() - 1
    n_low = n_units // 2
    low = all_states(n_low).astype(np.float64)
    high = all_states(n_units - n_low).astype(np.float64)
    table = probabilities.reshape(len(high), len(low))
    low_marginal, high_marginal = table.sum(axis=0), table.sum(axis=1)
    low_high = low.T @ table.T @ high
    second = np.block(
        [
            [low.T @ (low_marginal[:, None] * low), low_high],
            [low_high.T, high.T @ (high_marginal[:, None] * high)],
        ]
    )
    return Moments(np.diagonal(second).copy(), second)


def marginal(probabilities: ArrayLike, units: ArrayLike) -> NDArray[np.float64]:
    """Distribution of some units, from the table of all units.

    Parameters
    ----------
    probabilities : array_like, shape (2**n,)
        Probabilities of the joint states of n units.
    units : array_like of int
        Which units to keep; they become units 0, 1, ... of the result, in this order.

    Returns
    -------
    ndarray of float64, shape (2**len(units),)

    Raises
    ------
    InputError
        For a table of another length, or units that do not exist.

    Examples
    --------
    >>> marginal([0.1, 0.2, 0.3, 0.4], [0])
    array([0.4, 0.6])
    """
    table, kept_units = as_floats(probabilities, "probabilities"), as_array(units, "units")
    n_units = len(table).bit_length() - 1 if table.ndim == 1 else 0
    if table.ndim != 1 or len(table) != 2**n_units:
        expected = "shape (2**n,), a table of all joint states"
        raise InputError.single("probabilities", f"shape {table.shape}", expected)
    states = all_states(n_units)
    if kept_units.size == 0:  # of no type in particular
        kept_units = kept_units.astype(np.intp)
    is_known = kept_units.ndim == 1 and kept_units.dtype.kind in "iu"
    if not (is_known and ((kept_units >= -n_units) & (kept_units < n_units)).all()):
        expected = f"whole numbers of units, 0 to {n_units - 1}"
        raise InputError.single("units", f"{kept_units.tolist()}", expected)
    kept = states[:, kept_units]
    summed = np.bincount(state_index(kept), weights=table, minlength=2 ** kept.shape[1])
    return np.asarray(summed, dtype=np.float64)


def log_partition(machine: AnyMachine) -> float:
    """Give log Z of a restricted machine with at most 20 hidden units.

    The outer units are summed out analytically for every hidden state:
    Z = sum_h exp(cᵀ h) prod_i (1 + exp(b_i + (Wᵀ h)_i)).

    Raises
    ------
    InputError
        For more than 20 hidden units, or weights within a layer.

    References
    ----------
    Fischer and Igel, Pattern Recognition 47 (2014) 25, with the roles of the layers exchanged.
    """
    machine = RestrictedMachine.from_machine(machine)
    check_enumerable(machine.n_hidden, "hidden units")
    chunk = 4096
    parts = []
    numbers = np.arange(2**machine.n_hidden)
    for start in range(0, len(numbers), chunk):
        bits = numbers[start : start + chunk, None] >> np.arange(machine.n_hidden)
        hidden = (bits & 1).astype(np.float64)
        field = hidden @ machine.weights + machine.visible_biases
        exponents = hidden @ machine.hidden_biases + np.logaddexp(0.0, field).sum(axis=1)
        parts.append(np.logaddexp.reduce(exponents))
    return float(np.logaddexp.reduce(parts))


def _log_probabilities(
    weights: NDArray[np.float64], biases: NDArray[np.float64]
) -> NDArray[np.float64]:
    n_low = len(biases) // 2
    low = all_states(n_low).astype(np.float64)
    high = all_states(len(biases) - n_low).astype(np.float64)
    low_exponent = _exponent(low, weights[:n_low, :n_low], biases[:n_low])
    high_exponent = _exponent(high, weights[n_low:, n_low:], biases[n_low:])
    coupling = high @ weights[n_low:, :n_low]
    table = np.empty((len(high), len(low)))
    for start in range(0, len(high), _CHUNK):
        rows = slice(start, start + _CHUNK)
        np.matmul(coupling[rows], low.T, out=table[rows])
        table[rows] += high_exponent[rows, None] + low_exponent
    # log-sum-exp in place: the table may be the largest thing in memory.
    largest = table.max()
    total = sum(np.exp(row - largest).sum() for row in table)
    table -= largest + np.log(total)
    return table.ravel()


def _exponent(
    states: NDArray[np.float64], weights: NDArray[np.float64], biases: NDArray[np.float64]
) -> NDArray[np.float64]:
    pairs: NDArray[np.float64] = np.einsum("si,si->s", states @ weights, states)
    return 0.5 * pairs + states @ biases
