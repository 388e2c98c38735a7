"""Weights and biases of a Boltzmann machine as torch parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import Parameter

from lasersampling.boltzmann import BoltzmannMachine, Moments, Target
from lasersampling.checks import kind_problems
from lasersampling.errors import InputError, Problem

Connectivity = Literal["full", "semirestricted", "restricted"]
"""Which units are connected: all; all but hidden with hidden ones; hidden with other ones only."""


def target_problems(target: object) -> list[Problem]:
    """Check that an argument is a target, and not a plain table for example."""
    return kind_problems("target", target, Target, "a Target (target_from_table makes one)")


class MachineParameters:
    """Couplings and biases that learning changes.

    They belong to centred units: E = -sum_{i<j} W_ij (z_i - mu_i) (z_j - mu_j) - sum_i a_i z_i with
    fixed centres mu. The couplings are those of the plain machine, whose biases are a - W mu. In
    these coordinates a coupling can change without changing the means of its units, so plain
    gradient descent works well (Montavon and Mueller, in Neural Networks: Tricks of the Trade
    (2012) 621; Melchior, Fischer, Wiskott, JMLR 17 (2016) 1).

    Parameters
    ----------
    machine : BoltzmannMachine
        Initial machine.
    centre : array_like, shape (unit,)
        mu, close to the means of the units [1].
    connectivity : "full", "semirestricted" or "restricted"
        Couplings that exist; see `Connectivity`.

    Attributes
    ----------
    couplings : Parameter of float64, shape (pair,)
        W_ij for the connected pairs i < j [1].
    biases : Parameter of float64, shape (unit,)
        a [1].
    pairs : pair of ndarray of int, each of shape (pair,)
        i and j.

    Raises
    ------
    InputError
        For another connectivity, or if the machine has weights that it does not allow.
    """

    def __init__(
        self, machine: BoltzmannMachine, centre: ArrayLike, connectivity: Connectivity = "full"
    ) -> None:
        self.pairs = connected_pairs(machine, connectivity)
        self._counts = machine.n_label, machine.n_hidden
        self._centre = np.asarray(centre, dtype=np.float64)
        allowed = np.zeros_like(machine.weights, dtype=bool)
        allowed[self.pairs] = allowed.T[self.pairs] = True
        if machine.weights[~allowed].any():
            got = "weights between units that it does not connect"
            raise InputError.single("machine", got, f"a machine with {connectivity} connections")
        centred = machine.biases + machine.weights @ self._centre
        self.couplings = Parameter(torch.tensor(machine.weights[self.pairs]), requires_grad=False)
        self.biases = Parameter(torch.tensor(centred), requires_grad=False)

    @classmethod
    def for_target(
        cls, target: Target, machine: BoltzmannMachine, connectivity: Connectivity = "full"
    ) -> MachineParameters:
        """Centre visible units at the target's means, hidden ones at 1/2.

        Raises
        ------
        InputError
            If the visible units of the machine are not those of the target.
        """
        if machine.n_visible != target.n_units or machine.n_label:
            got = f"{machine.n_visible} visible and {machine.n_label} label units"
            expected = f"{target.n_units} visible units, as the target has"
            raise InputError.single("initial", got, expected)
        centre = np.concatenate([target.moments().mean, np.full(machine.n_hidden, 0.5)])
        return cls(machine, centre, connectivity)

    @property
    def resting(self) -> Moments:
        """Moments of independent units whose means are their centres."""
        second = np.outer(self._centre, self._centre)
        np.fill_diagonal(second, self._centre)
        return Moments(self._centre, second)

    def named(self) -> Mapping[str, Parameter]:
        """Return the parameters by name."""
        return {"couplings": self.couplings, "biases": self.biases}

    def machine(self) -> BoltzmannMachine:
        """Return the machine of the present parameters."""
        return self.machine_of(self.couplings, self.biases)

    def machine_of(self, couplings: Tensor, biases: Tensor) -> BoltzmannMachine:
        """Return the machine of other values of these parameters."""
        weights = self._weights(couplings)
        plain = biases.detach().numpy() - weights @ self._centre
        return BoltzmannMachine(weights, plain, *self._counts)

    def write_gradient(self, data: Moments, model: Moments) -> None:
        """Write the gradient of the negative log-likelihood to `.grad`.

        For the log-likelihood L of the centred parameters (Ackley, Hinton, Sejnowski, Cognitive
        Science 9 (1985) 147, eq. 6, and Melchior et al., section 3)

            dL/dW_ij = <(z_i - mu_i)(z_j - mu_j)>_data - <(z_i - mu_i)(z_j - mu_j)>_model,
            dL/da_i = <z_i>_data - <z_i>_model.

        Parameters
        ----------
        data, model : Moments
            Moments with the visible units held by the data, and without.
        """
        i, j = self.pairs
        mean = data.mean - model.mean
        second = data.second[i, j] - model.second[i, j]
        second = second - self._centre[i] * mean[j] - mean[i] * self._centre[j]
        self.couplings.grad = torch.tensor(-second)
        self.biases.grad = torch.tensor(-mean)

    def limit(self, weight_limit: float | None, bias_limit: float | None) -> None:
        """Clip weights and biases of the plain machine to what a device can realise."""
        with torch.no_grad():
            if weight_limit is not None:
                self.couplings.clamp_(-weight_limit, weight_limit)
            if bias_limit is not None:
                shift = torch.tensor(self._weights(self.couplings) @ self._centre)
                self.biases.copy_((self.biases - shift).clamp(-bias_limit, bias_limit) + shift)

    def _weights(self, couplings: Tensor) -> NDArray[np.float64]:
        weights = np.zeros((len(self._centre), len(self._centre)))
        weights[self.pairs] = couplings.detach().numpy()
        return weights + weights.T


def connected_pairs(
    machine: BoltzmannMachine, connectivity: Connectivity
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs i < j of units that a connectivity connects, each of shape (pair,).

    Raises
    ------
    InputError
        For any other connectivity than those of `Connectivity`.
    """
    known = get_args(Connectivity)
    if not isinstance(connectivity, str) or connectivity not in known:
        expected = "one of " + ", ".join(map(repr, known))
        raise InputError.single("connectivity", repr(connectivity), expected)
    first, second = np.triu_indices(machine.n_units, 1)
    first_hidden = machine.n_units - machine.n_hidden
    kept = np.ones(len(first), dtype=bool)
    if connectivity != "full":
        kept &= first < first_hidden
    if connectivity == "restricted":
        kept &= second >= first_hidden
    return first[kept], second[kept]
