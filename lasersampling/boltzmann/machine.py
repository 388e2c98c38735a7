"""Boltzmann machines: energies over binary units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary
from lasersampling.boltzmann.clamping import FREE, clamped_vector
from lasersampling.boltzmann.parameters import (
    check_n_units,
    count_problems,
    machine_problems,
    parameter_array,
)
from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError


@dataclass(frozen=True, eq=False)
class BoltzmannMachine:
    """A distribution over K binary units with pairwise weights.

    p(z) = exp(-E(z)) / Z with E(z) = -1/2 zᵀ W z - bᵀ z and z in {0, 1}ᴷ. Units stand in the
    order visible, label, hidden.

    Attributes
    ----------
    weights : ndarray of float64, shape (unit, unit)
        W, symmetric with zero diagonal; dimensionless. A read-only copy of what was given.
    biases : ndarray of float64, shape (unit,)
        b, dimensionless. A read-only copy.
    n_label, n_hidden : int
        Label and hidden units among the K; all others are visible.

    Raises
    ------
    InputError
        With all problems found: shapes, entries that are not finite, asymmetry (entries and
        their mirror images may differ by 1e-6 of the larger of 1 and their size, and are
        then averaged), a diagonal that is not zero, impossible numbers of units, more than
        10,000 units, entries larger than 1e6.

    References
    ----------
    Ackley, Hinton, Sejnowski, Cognitive Science 9 (1985) 147, eq. 1, here with z = 0 or 1, the
    bias in place of the negative threshold, and temperature 1.

    Examples
    --------
    >>> machine = BoltzmannMachine([[0.0, 1.5], [1.5, 0.0]], [-0.5, 0.2])
    >>> machine.n_units, machine.n_visible
    (2, 2)
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    n_label: int = 0
    n_hidden: int = 0

    if TYPE_CHECKING:  # whatever NumPy takes for an array is copied into one

        def __init__(
            self, weights: ArrayLike, biases: ArrayLike, n_label: int = 0, n_hidden: int = 0
        ) -> None: ...

    def __post_init__(self) -> None:
        weights, problems = parameter_array(self.weights, 2, "weights")
        biases, bias_problems = parameter_array(self.biases, 1, "biases")
        problems += bias_problems
        n_units = None if biases is None else len(biases)
        problems += count_problems(self.n_label, self.n_hidden, n_units, "", most=n_units)
        if weights is not None and biases is not None and np.isfinite(weights).all():
            problems += machine_problems(weights, biases, "weights", "biases")
        if problems or weights is None or biases is None:
            raise InputError(problems)
        weights = (weights + weights.T) / 2
        for array in (weights, biases):
            array.flags.writeable = False
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)
        object.__setattr__(self, "n_label", int(self.n_label))
        object.__setattr__(self, "n_hidden", int(self.n_hidden))

    @classmethod
    def random(
        cls, n_units: int, *, weight_std: float = 0.6, bias_std: float = 0.6, seed: int
    ) -> BoltzmannMachine:
        """Draw a fully connected machine with normal weights and biases of mean zero.

        Parameters
        ----------
        n_units : int
            K.
        weight_std, bias_std : float
            Standard deviations of the weights (drawn for the upper triangle and mirrored) and of
            the biases.
        seed : int
            The same seed gives the same machine.

        Raises
        ------
        InputError
            For numbers out of range, more than 10,000 units, and parameters beyond 1e6.

        Examples
        --------
        >>> BoltzmannMachine.random(3, seed=1).weights.shape
        (3, 3)
        """
        problems = [
            *integer_problems("n_units", n_units, 1),
            *number_problems("weight_std", weight_std, 0, strict=False),
            *number_problems("bias_std", bias_std, 0, strict=False),
            *integer_problems("seed", seed, 0),
        ]
        if problems:
            raise InputError(problems)
        check_n_units(n_units, "n_units")
        generator = np.random.default_rng(seed)
        upper = np.triu(generator.normal(0.0, weight_std, (n_units, n_units)), k=1)
        return cls(upper + upper.T, generator.normal(0.0, bias_std, n_units))

    @property
    def n_units(self) -> int:
        """All units, K."""
        return len(self.biases)

    @property
    def n_visible(self) -> int:
        """Units that are neither label nor hidden."""
        return self.n_units - self.n_label - self.n_hidden

    @property
    def visible(self) -> slice:
        """Slice of the visible units."""
        return slice(0, self.n_visible)

    @property
    def label(self) -> slice:
        """Slice of the label units."""
        return slice(self.n_visible, self.n_visible + self.n_label)

    @property
    def hidden(self) -> slice:
        """Slice of the hidden units."""
        return slice(self.n_visible + self.n_label, self.n_units)

    @property
    def is_restricted(self) -> bool:
        """Whether all weights run between hidden units and the others."""
        first_hidden = self.n_units - self.n_hidden
        within_outer = self.weights[:first_hidden, :first_hidden]
        within_hidden = self.weights[first_hidden:, first_hidden:]
        return self.n_hidden > 0 and not within_outer.any() and not within_hidden.any()

    def energy(self, states: ArrayLike) -> NDArray[np.float64]:
        """Give the energy E(z) of states of shape (..., unit), in shape (...).

        Raises
        ------
        InputError
            For states of another size, or values other than 0 and 1.

        Examples
        --------
        >>> machine = BoltzmannMachine([[0, 2], [2, 0]], [0.5, -1])
        >>> machine.energy([[0, 0], [1, 1]]) + 0.0
        array([ 0. , -1.5])
        """
        z = self._as_states(states)
        pairs: NDArray[np.float64] = np.einsum("...i,...i->...", z @ self.weights, z)
        return -0.5 * pairs - z @ self.biases

    def local_field(self, states: ArrayLike) -> NDArray[np.float64]:
        """Give the field u = W z + b of states of shape (..., unit), in that shape.

        Given all other units, unit k is 1 with probability 1 / (1 + exp(-u_k)).

        Raises
        ------
        InputError
            For states of another size, or values other than 0 and 1.
        """
        return self._as_states(states) @ self.weights + self.biases

    def conditioned(self, clamped: ArrayLike) -> tuple[BoltzmannMachine, NDArray[np.intp]]:
        """Make the machine of the free units whose distribution is exactly p(free | clamped).

        Parameters
        ----------
        clamped : array_like of int, shape (unit,)
            -1 for a free unit, 0 or 1 for a clamped one; at least one is free.

        Returns
        -------
        machine : BoltzmannMachine
            The free units in their order and kind: its weights are those among them, and its biases
            are b_free + W_free,clamped z_clamped.
        free_index : ndarray of int, shape (free unit,)
            Numbers of these units in this machine.
        """
        held = clamped_vector(clamped, self.n_units)
        free = np.flatnonzero(held == FREE)
        if len(free) == 0:
            raise InputError.single("clamped", "all units clamped", "at least one free (-1)")
        biases = self.biases[free] + self.weights[free] @ np.where(held == FREE, 0, held)
        n_label, n_hidden = (
            int(np.isin(free, np.arange(self.n_units)[kind]).sum())
            for kind in (self.label, self.hidden)
        )
        machine = BoltzmannMachine(self.weights[np.ix_(free, free)], biases, n_label, n_hidden)
        return machine, free

    def _as_states(self, states: ArrayLike) -> NDArray[np.float64]:
        z = as_binary(states, "states").astype(np.float64, copy=False)
        if z.ndim == 0 or z.shape[-1] != self.n_units:
            expected = f"shape (..., {self.n_units})"
            raise InputError.single("states", f"shape {z.shape}", expected)
        return z
