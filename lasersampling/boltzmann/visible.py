"""Exact distributions of the visible units: hidden units are summed out, or put back in.

If no hidden units are coupled to one another, they are independent given the visible ones, and
their sums have a closed form; then only the states of the visible units are enumerated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.enumeration import Moments, exact_distribution, table_moments
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine, logistic
from lasersampling.boltzmann.states import all_states, check_enumerable


def visible_distribution(machine: AnyMachine) -> NDArray[np.float64]:
    """Probabilities of the states of all units but the hidden ones.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        At most 20 units are enumerated: all units, or all but the hidden ones if no two of these
        are coupled.

    Returns
    -------
    ndarray of float64, shape (2**outer,)
        Entry ``sum_k z_k 2**k`` belongs to the state z of the outer (visible and label) units.

    Raises
    ------
    InputError
        For more units.
    """
    machine = as_machine(machine)
    n_outer = machine.n_units - machine.n_hidden
    if _hidden_are_connected(machine):
        return np.asarray(exact_distribution(machine).reshape(-1, 2**n_outer).sum(axis=0))
    check_enumerable(n_outer, "machine")
    states, field = _outer_states(machine)
    within = machine.weights[:n_outer, :n_outer]
    exponent = 0.5 * np.einsum("si,si->s", states @ within, states)
    exponent += states @ machine.biases[:n_outer] + np.logaddexp(0.0, field).sum(axis=1)
    weights = np.exp(exponent - exponent.max())
    table: NDArray[np.float64] = weights / weights.sum()
    return table


def completed_moments(machine: AnyMachine, table: NDArray[np.float64]) -> Moments:
    """Moments of all units for a given distribution of the outer ones.

    They are those of p(v) p(h | v), with p(v) from the table and p(h | v) from the machine.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        As for `visible_distribution`.
    table : ndarray of float64, shape (2**outer,)
        Distribution of the outer (visible and label) units.

    Raises
    ------
    InputError
        For too many units.
    """
    machine = as_machine(machine)
    n_outer = machine.n_units - machine.n_hidden
    outer = slice(0, n_outer)
    if _hidden_are_connected(machine):
        joint = exact_distribution(machine).reshape(-1, 2**n_outer)
        return table_moments((joint * (table / joint.sum(axis=0))).ravel())
    check_enumerable(n_outer, "machine")
    states, field = _outer_states(machine)
    hidden = logistic(field)
    weighted = table[:, None] * hidden
    second = np.empty((machine.n_units, machine.n_units))
    second[outer, outer] = table_moments(table).second
    second[machine.hidden, outer] = weighted.T @ states
    second[outer, machine.hidden] = second[machine.hidden, outer].T
    second[machine.hidden, machine.hidden] = weighted.T @ hidden
    mean = np.concatenate([np.diagonal(second)[outer], weighted.sum(axis=0)])
    np.fill_diagonal(second, mean)
    return Moments(mean, second)


def _hidden_are_connected(machine: BoltzmannMachine) -> bool:
    return bool(machine.weights[machine.hidden, machine.hidden].any())


def _outer_states(machine: BoltzmannMachine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """States of the outer units, (state, outer), and fields of the hidden ones, (state, hidden)."""
    n_outer = machine.n_units - machine.n_hidden
    states = all_states(n_outer).astype(np.float64)
    field = states @ machine.weights[:n_outer, machine.hidden] + machine.biases[machine.hidden]
    return states, field
