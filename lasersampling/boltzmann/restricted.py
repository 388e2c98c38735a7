"""Restricted machines: hidden units on one side, visible and label units on the other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.parameters import check_n_units, count_problems, parameter_array
from lasersampling.errors import InputError, Problem


@dataclass(frozen=True, eq=False)
class RestrictedMachine:
    """A Boltzmann machine whose weights all run between hidden and outer units.

    "Outer" are the visible units followed by the label units:
    E(v, h) = -hᵀ W v - bᵀ v - cᵀ h.

    Attributes
    ----------
    weights : ndarray of float64, shape (hidden, visible + label)
        W; dimensionless, like the biases. All arrays are read-only copies of what was given.
    visible_biases : ndarray of float64, shape (visible + label,)
        b.
    hidden_biases : ndarray of float64, shape (hidden,)
        c.
    n_label : int
        Number of label units among the outer ones.

    Raises
    ------
    InputError
        With all problems found: shapes, entries that are not finite, impossible numbers of units.

    References
    ----------
    Hinton, Neural Computation 14 (2002) 1771; Fischer and Igel, Pattern Recognition 47 (2014)
    25. Label units as in Larochelle and Bengio, ICML 2008, but each an ordinary
    binary unit, since a sampler made of lasers has no softmax groups.

    Examples
    --------
    >>> machine = RestrictedMachine([[0.5, -1.0]], [0.0, 0.2], [0.1])
    >>> machine.n_hidden, machine.n_visible
    (1, 2)
    """

    weights: NDArray[np.float64]
    visible_biases: NDArray[np.float64]
    hidden_biases: NDArray[np.float64]
    n_label: int = 0

    if TYPE_CHECKING:  # whatever NumPy takes for an array is copied into one

        def __init__(
            self,
            weights: ArrayLike,
            visible_biases: ArrayLike,
            hidden_biases: ArrayLike,
            n_label: int = 0,
        ) -> None: ...

    def __post_init__(self) -> None:
        weights, problems = parameter_array(self.weights, 2, "weights")
        outer, outer_problems = parameter_array(self.visible_biases, 1, "visible_biases")
        hidden, hidden_problems = parameter_array(self.hidden_biases, 1, "hidden_biases")
        problems += outer_problems + hidden_problems
        n_outer = None if outer is None else len(outer)
        problems += count_problems(self.n_label, 0, n_outer, "", most=n_outer)
        if weights is None or outer is None or hidden is None:
            raise InputError(problems)
        if weights.shape != (len(hidden), len(outer)):
            got = f"{weights.shape[0]} x {weights.shape[1]}"
            expected = f"{len(hidden)} x {len(outer)} (hidden x visible and label)"
            problems.append(Problem("weights", got, expected))
        if problems:
            raise InputError(problems)
        for name, array in (
            ("weights", weights),
            ("visible_biases", outer),
            ("hidden_biases", hidden),
        ):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "n_label", int(self.n_label))

    @classmethod
    def from_machine(cls, machine: AnyMachine) -> RestrictedMachine:
        """Convert a general machine whose weights have the restricted form.

        Raises
        ------
        InputError
            For weights within a layer, or no hidden units.
        """
        if not isinstance(machine, BoltzmannMachine):
            return machine if isinstance(machine, cls) else cls.from_machine(as_machine(machine))
        if not machine.is_restricted:
            expected = "hidden units, and weights between them and the others only"
            raise InputError.single("machine", "a machine that is not restricted", expected)
        first_hidden = machine.n_units - machine.n_hidden
        return cls(
            machine.weights[first_hidden:, :first_hidden],
            machine.biases[:first_hidden],
            machine.biases[first_hidden:],
            machine.n_label,
        )

    def to_machine(self) -> BoltzmannMachine:
        """Give the same distribution as a general machine, with the units visible, label, hidden.

        Raises
        ------
        InputError
            For more than 10,000 units.
        """
        n_outer = len(self.visible_biases)
        n_units = n_outer + self.n_hidden
        check_n_units(n_units, "machine")
        weights = np.zeros((n_units, n_units))
        weights[n_outer:, :n_outer] = self.weights
        weights[:n_outer, n_outer:] = self.weights.T
        biases = np.concatenate([self.visible_biases, self.hidden_biases])
        return BoltzmannMachine(weights, biases, self.n_label, self.n_hidden)

    @property
    def n_hidden(self) -> int:
        """Hidden units."""
        return len(self.hidden_biases)

    @property
    def n_visible(self) -> int:
        """Visible units, without the label units."""
        return len(self.visible_biases) - self.n_label

    def hidden_probability(self, outer: ArrayLike) -> NDArray[np.float64]:
        """p(h = 1 | v) for outer states of shape (..., visible + label), shape (..., hidden).

        Raises
        ------
        InputError
            For states of another size, or values other than 0 and 1.
        """
        v = _states_of_layer(outer, len(self.visible_biases), "outer")
        return logistic(v @ self.weights.T + self.hidden_biases)

    def visible_probability(self, hidden: ArrayLike) -> NDArray[np.float64]:
        """p(v = 1 | h) for hidden states (..., hidden), shape (..., visible + label).

        Raises
        ------
        InputError
            For states of another size, or values other than 0 and 1.
        """
        h = _states_of_layer(hidden, self.n_hidden, "hidden")
        return logistic(h @ self.weights + self.visible_biases)

    def free_energy(self, outer: ArrayLike) -> NDArray[np.float64]:
        """F(v) = -log sum_h exp(-E(v, h)) = -bᵀ v - sum_j log(1 + exp(c_j + W_j v)).

        `outer` has the shape (..., visible + label), the result the shape (...).

        Raises
        ------
        InputError
            For states of another size, or values other than 0 and 1.
        """
        v = _states_of_layer(outer, len(self.visible_biases), "outer")
        field = v @ self.weights.T + self.hidden_biases
        summed_out: NDArray[np.float64] = np.logaddexp(0.0, field).sum(axis=-1)
        return -(v @ self.visible_biases) - summed_out


AnyMachine = BoltzmannMachine | RestrictedMachine
"""The machines that functions accept."""


def as_machine(machine: object, where: str = "machine") -> BoltzmannMachine:
    """Give a machine of either kind as a general one; `where` names the argument.

    Raises
    ------
    InputError
        If it is anything else.

    Examples
    --------
    >>> as_machine(RestrictedMachine([[1.0, -1.0]], [0.0, 0.0], [0.5])).n_units
    3
    """
    if isinstance(machine, BoltzmannMachine):
        return machine
    if isinstance(machine, RestrictedMachine):
        return machine.to_machine()
    expected = "a BoltzmannMachine or a RestrictedMachine"
    if isinstance(machine, str | os.PathLike):
        expected += " (load_machine reads files)"
    elif hasattr(machine, "intercept_visible_"):
        expected += " (from_bernoulli_rbm makes one of scikit-learn's)"
    raise InputError.single(where, type(machine).__name__, expected)


def _states_of_layer(states: ArrayLike, n_units: int, where: str) -> NDArray[np.float64]:
    array = as_binary(states, where)
    if array.ndim == 0 or array.shape[-1] != n_units:
        raise InputError.single(where, f"shape {array.shape}", f"shape (..., {n_units})")
    return array.astype(np.float64, copy=False)


def logistic(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-u)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * field))
