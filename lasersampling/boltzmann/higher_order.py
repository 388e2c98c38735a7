"""Exact representation of interactions of three and more units by pairs and auxiliary units.

Any positive distribution of binary units is p(z) ~ exp(sum_S c_S prod_{i in S} z_i). A Boltzmann
machine has the terms of one and two units only. Terms of more units come from auxiliary units h
that are summed out: a unit of bias a and couplings w_i to the units of S adds

    log(1 + exp(a + sum_i w_i z_i))

to the exponent, which is a polynomial in z over the subsets of S. With w_i = ±w, the coefficient of
the product of all m units of S is plus or minus the m-th difference of log(1 + exp(a + w n)) at n =
0. The bias a and the weight w are chosen so that this coefficient is c_S with the smallest w, and
what the unit adds to smaller subsets is subtracted from their terms. Starting with the largest
terms, this leaves only pairs and biases in the end. Nothing is approximated, whatever the strength
of the weights.

A term for which a single unit would need strong couplings is shared by several units; their signs
are chosen such that what they add to the pairs cancels as far as possible.

References
----------
Probst et al., Front. Comput. Neurosci. 9 (2015) 13, and Pecevski, Buesing, Maass, PLoS Comput.
Biol. 7 (2011) e1002294, implementation 1, use one auxiliary unit per state of the factor; their
result is exact only in the limit of infinitely strong couplings. For units that are summed out of a
Boltzmann machine: Freund and Haussler, report UCSC-CRL-94-25 (1994).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.states import all_states
from lasersampling.checks import number_problems
from lasersampling.errors import InputError

Terms = Mapping[tuple[int, ...], float]
"""Coefficient c_S of each product of units; units in rising order, () for the constant."""

_LARGEST_ORDER = 8
_WIDEST = 200.0
_NEGLIGIBLE = 1e-12


def log_polynomial(log_probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients c_S of a function of binary units given as a table, shape (2**n,).

    Entry `sum_{k in S} 2**k` belongs to the subset S: the Möbius transform
    c_S = sum_{T in S} (-1)**(|S| - |T|) log p(T).
    """
    terms = np.array(log_probabilities, dtype=np.float64)
    n_units = len(terms).bit_length() - 1
    for unit in range(n_units):
        halves = terms.reshape(-1, 2, 2**unit)
        halves[:, 1] -= halves[:, 0]
    return terms


def machine_from_terms(
    terms: Terms, n_units: int, *, max_auxiliary_weight: float = 3.0
) -> BoltzmannMachine:
    """Make the machine whose visible units have p(z) ~ exp(sum_S c_S prod_{i in S} z_i).

    Parameters
    ----------
    terms : mapping of tuple of int to float
        c_S by the units of S in rising order, of at most eight units.
    n_units : int
        Visible units.
    max_auxiliary_weight : float
        Largest coupling of an auxiliary unit: a term that needs a stronger one gets more units [1].

    Returns
    -------
    BoltzmannMachine
        The visible units are those of the terms, the hidden ones are the auxiliary units.

    Raises
    ------
    InputError
        For terms of more than eight units, or a bound that is not above zero.
    """
    problems = number_problems("max_auxiliary_weight", max_auxiliary_weight, 0, strict=True)
    if problems:
        raise InputError(problems)
    left = {units: float(value) for units, value in terms.items()}
    order = max((len(units) for units in left), default=0)
    if order > _LARGEST_ORDER:
        expected = f"at most {_LARGEST_ORDER}"
        raise InputError.single("terms", f"an interaction of {order} units", expected)
    auxiliaries: list[tuple[tuple[int, ...], float, NDArray[np.float64]]] = []
    for size in range(order, 2, -1):
        for units in sorted(key for key in left if len(key) == size):
            for bias, weights in _auxiliaries(left.pop(units), units, left, max_auxiliary_weight):
                auxiliaries.append((units, bias, weights))
    total = n_units + len(auxiliaries)
    biases, couplings = np.zeros(total), np.zeros((total, total))
    for units, value in left.items():
        if len(units) == 1:
            biases[units[0]] = value
        elif len(units) == 2:
            couplings[units] = couplings[units[::-1]] = value
    for place, (units, bias, weights) in enumerate(auxiliaries, start=n_units):
        biases[place] = bias
        couplings[place, list(units)] = couplings[list(units), place] = weights
    return BoltzmannMachine(couplings, biases, n_hidden=len(auxiliaries))


def _auxiliaries(
    coefficient: float, units: tuple[int, ...], left: dict[tuple[int, ...], float], bound: float
) -> list[tuple[float, NDArray[np.float64]]]:
    """Choose the auxiliary units of one term; subtract what they add to others from `left`."""
    if abs(coefficient) < _NEGLIGIBLE:
        return []
    n_auxiliary = 1
    while True:
        share = coefficient / n_auxiliary
        choices = [_unit(share, signs) for signs in itertools.product((1, -1), repeat=len(units))]
        if abs(choices[0][1]).max() <= bound:
            break
        n_auxiliary += 1
    chosen = []
    for _ in range(n_auxiliary):
        options = [_without(left, units, bias, weights) for bias, weights in choices]
        best = min(range(len(options)), key=lambda k: _roughness(options[k], units))
        left.update(options[best])
        chosen.append(choices[best])
    return chosen


def _without(
    left: Mapping[tuple[int, ...], float],
    units: tuple[int, ...],
    bias: float,
    weights: NDArray[np.float64],
) -> dict[tuple[int, ...], float]:
    """Terms of the proper subsets of `units`, less what an auxiliary unit adds to them."""
    states = all_states(len(units))
    added = log_polynomial(np.logaddexp(0.0, bias + states @ weights))
    subsets = [tuple(units[k] for k in np.flatnonzero(state)) for state in states[:-1]]
    return {
        subset: left.get(subset, 0.0) - float(value)
        for subset, value in zip(subsets, added[:-1], strict=True)
    }


def _roughness(terms: Terms, units: tuple[int, ...]) -> float:
    """Measure the interactions by order, the highest first, since they cost most."""
    return sum(value**2 for subset, value in terms.items() if 2 <= len(subset) < len(units))


def _unit(share: float, signs: tuple[int, ...]) -> tuple[float, NDArray[np.float64]]:
    """Bias and couplings, with these signs, of a unit that adds `share` to the highest term."""
    n_negative = signs.count(-1)
    bias, weight = _weakest(len(signs), share * (-1) ** n_negative)
    # A unit that couples to 1 - z is one that couples to z, with the couplings added to its bias.
    return bias + weight * n_negative, weight * np.array(signs, dtype=np.float64)


@lru_cache(maxsize=1024)
def _weakest(order: int, wanted: float) -> tuple[float, float]:
    """Bias and smallest w whose `order`-th difference of log(1 + exp(bias + w n)) is `wanted`."""
    sign = math.copysign(1.0, wanted)

    def excess(weight: float) -> float:
        return float(sign * _difference(order, _best_bias(order, weight, sign), weight)) - abs(
            wanted
        )

    if excess(_WIDEST) < 0:
        expected = "a weaker interaction"
        raise InputError.single("terms", f"an interaction of strength {wanted:.3g}", expected)
    weight = float(brentq(excess, 1e-6, _WIDEST, xtol=1e-14, rtol=1e-14))
    bias = _best_bias(order, weight, sign)
    # The maximum over the bias is flat: the weight at a fixed bias settles the last digits.
    low, high = weight * (1 - 1e-4), weight * (1 + 1e-4)

    def miss(trial: float) -> float:
        return float(sign * _difference(order, bias, trial)) - abs(wanted)

    if miss(low) < 0 < miss(high):
        weight = float(brentq(miss, low, high, xtol=1e-15, rtol=1e-14))
    return bias, weight


def _best_bias(order: int, weight: float, sign: float) -> float:
    grid = np.linspace(-(order + 1) * weight - 3, weight + 3, 201)
    values = sign * _difference(order, grid, weight)
    best = int(np.argmax(values))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        lambda bias: -sign * _difference(order, bias, weight),
        bounds=around,
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(found.x)


def _difference(order: int, bias: Any, weight: float) -> Any:
    return sum(
        (-1) ** (order - n) * math.comb(order, n) * np.logaddexp(0.0, bias + weight * n)
        for n in range(order + 1)
    )
