"""Comparison of sampled means and pair moments with exact ones, by their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary, as_floats
from lasersampling.errors import InputError, Problem
from lasersampling.statistics.chains import effective_sample_size


@dataclass(frozen=True, eq=False)
class MomentComparison:
    """Sampled moments of one kind, and the exact ones.

    All arrays have one entry per moment: shape (unit,) for means; for pair moments shape
    (pair,), in the order of `numpy.triu_indices(n_units, k=1)`.

    Attributes
    ----------
    sampled, exact : ndarray of float64
        <z_k> or <z_j z_k>.
    standard_error : ndarray of float64
        Standard error of the sampled moment, if the exact value is the true one; nan if the samples
        cannot tell, since the moment never changed though it should have.
    z_score : ndarray of float64
        (sampled - exact) / standard_error; 0 for a moment that cannot vary and agrees.
    """

    sampled: NDArray[np.float64]
    exact: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    z_score: NDArray[np.float64]

    @property
    def error(self) -> NDArray[np.float64]:
        """Sampled minus exact."""
        return self.sampled - self.exact


@dataclass(frozen=True)
class MomentErrors:
    """Errors of the means and of the pair moments of binary units."""

    mean: MomentComparison
    pair: MomentComparison


def moment_errors(
    states: ArrayLike, exact_mean: ArrayLike, exact_second: ArrayLike
) -> MomentErrors:
    """Compare sampled moments with exact ones.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (chain, draw, unit)
        At least four draws per chain.
    exact_mean : array_like, shape (unit,)
        <z_k>.
    exact_second : array_like, shape (unit, unit)
        <z_j z_k>.

    Returns
    -------
    MomentErrors

    Raises
    ------
    InputError
        For shapes that do not fit, states with values other than 0 and 1, or exact moments below 0
        or above 1.

    Notes
    -----
    A moment m of binary units is the mean of a binary variable, so its standard error is
    sqrt(m (1 - m) / ESS) with the exact m and the effective sample size of that variable.
    """
    array = as_binary(states, "states").astype(np.int8, copy=False)
    if array.ndim != 3:
        raise InputError.single("states", f"shape {array.shape}", "shape (chain, draw, unit)")
    n_units = array.shape[2]
    mean = as_floats(exact_mean, "exact_mean")
    second = as_floats(exact_second, "exact_second")
    problems = [
        Problem(name, f"shape {moment.shape}", f"{shape} as there are {n_units} units")
        for name, moment, shape in (
            ("exact_mean", mean, (n_units,)),
            ("exact_second", second, (n_units, n_units)),
        )
        if moment.shape != shape
    ]
    # Rounding may move an exact moment outside by 1e-16, and that of a long sum by more.
    problems += [
        Problem(name, f"values from {moment.min():g} to {moment.max():g}", "from 0 to 1")
        for name, moment in (("exact_mean", mean), ("exact_second", second))
        if moment.size and not (moment.min() >= -1e-9 and moment.max() <= 1 + 1e-9)
    ]
    if problems:
        raise InputError(problems)
    pairs = [_compare_pairs_of(unit, array, second) for unit in range(n_units - 1)]
    return MomentErrors(_compare(array, mean), _joined(pairs))


def _compare_pairs_of(
    unit: int, states: NDArray[np.int8], second: NDArray[np.float64]
) -> MomentComparison:
    products = states[:, :, unit + 1 :] & states[:, :, unit, None]
    return _compare(products, second[unit, unit + 1 :])


def _compare(states: NDArray[np.int8], exact: NDArray[np.float64]) -> MomentComparison:
    sampled = states.mean(axis=(0, 1), dtype=np.float64)
    error = sampled - exact
    # Rounding may move an exact moment outside [0, 1] by 1e-16.
    variance = np.clip(exact * (1 - exact), 0, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        standard_error = np.where(
            variance > 0, np.sqrt(variance / effective_sample_size(states)), 0.0
        )
        z_score = np.where((standard_error == 0) & (error == 0), 0.0, error / standard_error)
    return MomentComparison(sampled, exact, standard_error, z_score)


def _joined(parts: list[MomentComparison]) -> MomentComparison:
    def all_of(name: str) -> NDArray[np.float64]:
        return np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)])

    return MomentComparison(
        all_of("sampled"), all_of("exact"), all_of("standard_error"), all_of("z_score")
    )
