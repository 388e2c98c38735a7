"""Restricted machines: hidden units on one side, visible and label units on the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.parameters import count_problems, float_array
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
        Label units among the outer ones.

    References
    ----------
    Hinton, Neural Computation 14 (2002) 1771; Fischer and Igel, Pattern Recognition 47 (2014)
    25. Label units as in Larochelle and Bengio, ICML 2008, but each an ordinary
    binary unit, since a sampler made of lasers has no softmax groups.
    """

    weights: NDArray[np.float64]
    visible_biases: NDArray[np.float64]
    hidden_biases: NDArray[np.float64]
    n_label: int = 0

    def __post_init__(self) -> None:
        weights, problems = float_array(self.weights, 2, "weights")
        outer, outer_problems = float_array(self.visible_biases, 1, "visible_biases")
        hidden, hidden_problems = float_array(self.hidden_biases, 1, "hidden_biases")
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
    def from_machine(cls, machine: BoltzmannMachine) -> RestrictedMachine:
        """Take a general machine whose weights have the restricted form."""
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
        """Give the same distribution as a general machine; units visible, label, hidden."""
        n_outer = len(self.visible_biases)
        n_units = n_outer + self.n_hidden
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
        """p(h = 1 | v) for outer states of shape (..., visible + label), shape (..., hidden)."""
        return logistic(np.asarray(outer, dtype=np.float64) @ self.weights.T + self.hidden_biases)

    def visible_probability(self, hidden: ArrayLike) -> NDArray[np.float64]:
        """p(v = 1 | h) for hidden states (..., hidden), shape (..., visible + label)."""
        return logistic(np.asarray(hidden, dtype=np.float64) @ self.weights + self.visible_biases)

    def free_energy(self, outer: ArrayLike) -> NDArray[np.float64]:
        """F(v) = -log sum_h exp(-E(v, h)) = -bᵀ v - sum_j log(1 + exp(c_j + W_j v)).

        `outer` has the shape (..., visible + label), the result the shape (...).
        """
        v = np.asarray(outer, dtype=np.float64)
        field = v @ self.weights.T + self.hidden_biases
        summed_out: NDArray[np.float64] = np.logaddexp(0.0, field).sum(axis=-1)
        return -(v @ self.visible_biases) - summed_out


def logistic(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-u)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * field))
