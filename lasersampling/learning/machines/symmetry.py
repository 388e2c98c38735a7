"""Hidden units that are all alike, and therefore stay so while they learn."""

from __future__ import annotations

import warnings

import numpy as np

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import LaserSamplingWarning, Problem

WEIGHT_STD = 0.5
"""Standard deviation of the initial weights of hidden units, where none is given [1]."""


def spread_problems(where: str, weight_std: float, n_hidden: int) -> list[Problem]:
    """Check that initial weights of several hidden units are not all 0.

    Parameters
    ----------
    where : str
        Name of the standard deviation, for the message.
    weight_std : float
        Standard deviation of the initial weights [1].
    n_hidden : int
        Number of hidden units.

    Returns
    -------
    list of Problem
    """
    if n_hidden > 1 and weight_std == 0.0:
        return [Problem(where, "0", "a number above 0, else all hidden units stay equal")]
    return []


def are_alike(machine: BoltzmannMachine) -> bool:
    """Say whether the hidden units of a machine are all alike, or are all coupled to nothing.

    The likelihood is then stationary in the directions that would make them different: alike units
    have equal gradients, and the gradient of the weights of units without any coupling is 0.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> from lasersampling.learning.machines.symmetry import are_alike
    >>> are_alike(BoltzmannMachine([[0, 1, 1], [1, 0, 0], [1, 0, 0]], [0, 0, 0], n_hidden=2))
    True
    """
    if machine.n_hidden == 0:
        return False
    of_hidden = machine.weights[machine.hidden]
    if not of_hidden.any():
        return True
    if machine.n_hidden == 1:
        return False
    outside, among = np.split(of_hidden, [machine.n_units - machine.n_hidden], axis=1)
    pairs = among[np.triu_indices(machine.n_hidden, 1)]
    biases = machine.biases[machine.hidden]
    return all(bool((part == part[0]).all()) for part in (outside, pairs, biases))


def warn_if_alike(machine: BoltzmannMachine) -> None:
    """Warn if hidden units are all alike at the beginning of learning."""
    if are_alike(machine):
        warnings.warn(
            f"The {machine.n_hidden} hidden units of the initial machine have no couplings or are "
            "all alike, so they get equal gradients and learn nothing that one of them would not. "
            "Begin with different weights, such as those of initial_machine(target, "
            f"{machine.n_hidden}, seed=1, weight_std={WEIGHT_STD}).",
            LaserSamplingWarning,
            stacklevel=3,
        )
