"""Jackknife: standard errors of estimates that are not means."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats


def jackknife_error(left_out: ArrayLike) -> NDArray[np.float64]:
    """Standard error of an estimate from its values with one of n equal parts left out.

    Parameters
    ----------
    left_out : array_like, shape (..., n)
        The estimate from all parts but one, for each part.

    Returns
    -------
    ndarray of float64, shape (...)
        nan if there is only one part, or an estimate is infinite.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), eq. 11.5.
    """
    values = as_floats(left_out, "left_out")
    n = values.shape[-1]
    if n < 2:
        return np.full(values.shape[:-1], np.nan)
    with np.errstate(invalid="ignore"):  # infinite minus infinite
        deviation = values - values.mean(axis=-1, keepdims=True)
        return np.asarray(np.sqrt((n - 1) / n * (deviation**2).sum(axis=-1)))
