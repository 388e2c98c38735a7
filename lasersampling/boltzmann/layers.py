"""Layered machines: visible units, hidden layers above them, label units at the top.

Weights run between neighbouring layers only. So the even layers are independent of one another
given the odd ones, and vice versa, however many layers there are: for sampling and training any
such machine has two sides. With one hidden layer it is a restricted machine, whose label units
stand beside the visible ones; with more it is a deep Boltzmann machine.

References
----------
Salakhutdinov and Hinton, AISTATS (2009) 448: deep Boltzmann machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array, as_floats
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.parameters import check_n_units
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem


@dataclass(frozen=True)
class Layers:
    """Sizes of the layers, and where their units stand in a machine.

    Attributes
    ----------
    n_visible : int
        Number of visible units, which are the lowest layer.
    hidden : tuple of int
        Number of units of each hidden layer, from below.
    n_label : int
        Number of label units; they are coupled to the last hidden layer.
    """

    n_visible: int
    hidden: tuple[int, ...]
    n_label: int = 0

    def __post_init__(self) -> None:
        problems = [
            *integer_problems("n_visible", self.n_visible, 1),
            *integer_problems("n_label", self.n_label, 0),
        ]
        if not self.hidden:
            problems.append(Problem("hidden", "no layer", "units of at least one hidden layer"))
        for k, size in enumerate(self.hidden):
            problems += integer_problems(f"hidden[{k}]", size, 1)
        if problems:
            raise InputError(problems)
        object.__setattr__(self, "hidden", tuple(int(size) for size in self.hidden))
        object.__setattr__(self, "n_visible", int(self.n_visible))
        object.__setattr__(self, "n_label", int(self.n_label))

    @classmethod
    def of_machine(cls, machine: AnyMachine) -> Layers:
        """Find the layers of a machine from its weights.

        Hidden units that are coupled to visible ones are the first hidden layer, further units that
        are coupled to these are the second, and so on; units without any weight belong to the
        first.

        Raises
        ------
        InputError
            If the machine has no such layers, or they do not stand in this order.
        """
        machine = as_machine(machine)
        first = machine.n_visible + machine.n_label
        depth = _depths(machine)[first:]
        sizes = np.bincount(depth, minlength=1)[1:]
        if len(depth) and (np.diff(depth) >= 0).all() and sizes.all():
            layers = cls(machine.n_visible, tuple(int(size) for size in sizes), machine.n_label)
            allowed = layers.connectivity()
            even, odd = layers.even, layers.odd
            among = machine.weights.copy()
            among[np.ix_(odd, even)] = among[np.ix_(even, odd)] = 0.0
            if not among.any() and not machine.weights[np.ix_(odd, even)][~allowed].any():
                return layers
        expected = "weights between neighbouring layers only: visible, hidden ones, label"
        raise InputError.single("machine", "a machine without such layers", expected)

    @property
    def n_given(self) -> int:
        """Visible and label units, which the data give; they are the first units of the machine."""
        return self.n_visible + self.n_label

    @property
    def n_units(self) -> int:
        """All units."""
        return self.n_given + sum(self.hidden)

    @property
    def even(self) -> NDArray[np.intp]:
        """Units of the even layers, the visible one being layer 0."""
        return self._side(0)

    @property
    def odd(self) -> NDArray[np.intp]:
        """Units of the odd layers; the label units are above the last hidden layer."""
        return self._side(1)

    def connectivity(self, first: ArrayLike | None = None) -> NDArray[np.bool_]:
        """Which weights exist, shape (odd unit, even unit).

        Parameters
        ----------
        first : array_like of bool, shape (hidden[0], visible), optional
            Which weights exist between visible units and first hidden layer; all by default.

        Raises
        ------
        InputError
            If `first` has another shape.
        """
        stack = self._stack()
        layer = np.empty(self.n_units, dtype=np.intp)
        for k, units in enumerate(stack):
            layer[units] = k
        allowed: NDArray[np.bool_] = np.abs(layer[self.odd][:, None] - layer[self.even]) == 1
        if first is not None:
            given = as_array(first, "connectivity")
            shape = self.hidden[0], self.n_visible
            if given.dtype != np.bool_ or given.shape != shape:
                got = f"{given.dtype} of shape {given.shape}"
                expected = f"bool of shape {shape} (first hidden layer, visible)"
                raise InputError.single("connectivity", got, expected)
            # Both stand first on their sides.
            allowed[: shape[0], : shape[1]] = given
        return allowed

    def machine(
        self, weights: ArrayLike, even_biases: ArrayLike, odd_biases: ArrayLike
    ) -> BoltzmannMachine:
        """Make a machine from weights (odd unit, even unit) and the biases of both sides.

        Raises
        ------
        InputError
            For arrays of other shapes, or entries that a machine cannot have.
        """
        even, odd = self.even, self.odd
        check_n_units(self.n_units, "layers")
        parts = [
            (as_floats(weights, "weights"), (len(odd), len(even)), "weights"),
            (as_floats(even_biases, "even_biases"), (len(even),), "even_biases"),
            (as_floats(odd_biases, "odd_biases"), (len(odd),), "odd_biases"),
        ]
        problems = [
            Problem(name, f"shape {array.shape}", f"shape {shape}")
            for array, shape, name in parts
            if array.shape != shape
        ]
        if problems:
            raise InputError(problems)
        full = np.zeros((self.n_units, self.n_units))
        full[np.ix_(odd, even)] = parts[0][0]
        full[np.ix_(even, odd)] = parts[0][0].T
        biases = np.empty(self.n_units)
        biases[even], biases[odd] = parts[1][0], parts[2][0]
        return BoltzmannMachine(full, biases, self.n_label, sum(self.hidden))

    def sides(
        self, machine: AnyMachine
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Weights (odd unit, even unit), biases of the even and of the odd side of a machine."""
        machine = as_machine(machine)
        even, odd = self.even, self.odd
        return machine.weights[np.ix_(odd, even)], machine.biases[even], machine.biases[odd]

    def _stack(self) -> list[NDArray[np.intp]]:
        """Units of each layer, from below."""
        ends = np.cumsum([self.n_given, *self.hidden])
        stack = [np.arange(self.n_visible)]
        stack += [np.arange(a, b) for a, b in pairwise(ends)]
        return [*stack, np.arange(self.n_visible, self.n_given)]

    def _side(self, first: int) -> NDArray[np.intp]:
        return np.concatenate(self._stack()[first::2])


def layered_machine(
    weights: Sequence[ArrayLike], biases: Sequence[ArrayLike], *, n_label: int = 0
) -> BoltzmannMachine:
    """Make a layered machine from trained weights and biases.

    Parameters
    ----------
    weights : sequence of array_like, each of shape (layer below, layer above)
        Weights between visible units and first hidden layer, and so on; with label units, the last
        array stands between the last hidden layer and them.
    biases : sequence of array_like
        Biases of each layer in the same order, those of the label units (if any) at the end.
    n_label : int
        Label units.

    Raises
    ------
    InputError
        With all problems found.
    """
    arrays = [as_floats(values, f"weights[{k}]") for k, values in enumerate(weights)]
    levels = [as_floats(values, f"biases[{k}]") for k, values in enumerate(biases)]
    problems = integer_problems("n_label", n_label, 0)
    problems += [
        Problem(f"biases[{k}]", f"shape {values.shape}", "one number for each unit of the layer")
        for k, values in enumerate(levels)
        if values.ndim != 1
    ]
    if len(arrays) != len(levels) - 1 or len(levels) < 2 + bool(n_label):
        got = f"{len(arrays)} for {len(levels)} layers"
        problems.append(Problem("weights", got, "one array between any two neighbouring layers"))
    if not problems:
        shapes = [(len(a), len(b)) for a, b in pairwise(levels)]
        problems = [
            Problem(f"weights[{k}]", f"shape {values.shape}", f"{shape} (layer below, above)")
            for k, (values, shape) in enumerate(zip(arrays, shapes, strict=True))
            if values.shape != shape
        ]
        if n_label and len(levels[-1]) != n_label:
            problems.append(Problem("n_label", str(n_label), f"{len(levels[-1])}, the last biases"))
    if problems:
        raise InputError(problems)
    hidden = [len(values) for values in (levels[1:-1] if n_label else levels[1:])]
    layers = Layers(len(levels[0]), tuple(hidden), n_label)
    check_n_units(layers.n_units, "layers")
    stack = layers._stack()
    full, flat = np.zeros((layers.n_units, layers.n_units)), np.zeros(layers.n_units)
    for (below, above), values in zip(pairwise(stack), arrays, strict=False):
        full[np.ix_(below, above)], full[np.ix_(above, below)] = values, values.T
    for units, values in zip(stack, levels, strict=False):
        flat[units] = values
    return BoltzmannMachine(full, flat, n_label, sum(hidden))


def _depths(machine: BoltzmannMachine) -> NDArray[np.intp]:
    """Number of weights between the visible units and each hidden unit; 1 for unreached ones."""
    n_units, first = machine.n_units, machine.n_visible + machine.n_label
    depth = np.full(n_units, -1)
    reached = np.zeros(n_units, dtype=bool)
    reached[: machine.n_visible] = True
    depth[: machine.n_visible] = 0
    hidden = np.arange(n_units) >= first
    step = 0
    while True:
        step += 1
        new = hidden & (depth < 0) & (machine.weights[reached] != 0).any(axis=0)
        if not new.any():
            break
        depth[new] = step
        reached = new
    depth[hidden & (depth < 0)] = 1
    return depth
