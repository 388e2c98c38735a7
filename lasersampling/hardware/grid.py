"""Grids of programmable values: a few values, within bounds."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from lasersampling.arrays import as_floats
from lasersampling.config import Finite, Positive, validated
from lasersampling.errors import InputError, Problem

__all__ = ["Grid"]

_EXACT = 2.0**53


@validated
class Grid:
    """Values are rounded to a grid and clipped.

    Attributes
    ----------
    bits : int or None
        The range is divided into 2**bits levels; a range that is symmetric about 0 into one level
        less, so that 0 is a level (sign and magnitude).
    step : float or None
        Programmable values are multiples of it [1].
    lowest, highest : float or None
        Range. Without it, the bits divide the range from -m to m, m being the largest modulus [1].
    """

    bits: Annotated[int, Field(ge=2, le=32)] | None = None
    step: Positive | None = None
    lowest: Finite | None = None
    highest: Finite | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.bits is not None and self.step is not None:
            problems.append(Problem("bits", f"{self.bits} and a step", "bits or a step"))
        if (self.lowest is None) != (self.highest is None):
            problems.append(Problem("lowest", "one end of the range", "both ends or none"))
        elif self.lowest is not None and self.highest is not None and self.lowest >= self.highest:
            problems.append(
                Problem("lowest", f"{self.lowest:g}", f"less than highest = {self.highest:g}")
            )
        if problems:
            raise InputError(problems)

    @property
    def is_none(self) -> bool:
        """Whether all values can be programmed."""
        return self.bits is None and self.step is None and self.lowest is None

    def levels(self, largest: float) -> tuple[float, float, float, float]:
        """Origin and step of the grid (0 for none), and range.

        Parameters
        ----------
        largest : float
            Largest modulus among the values [1].
        """
        lowest = -np.inf if self.lowest is None else self.lowest
        highest = np.inf if self.highest is None else self.highest
        if self.bits is None:
            return 0.0, self.step or 0.0, lowest, highest
        if self.lowest is None:
            lowest, highest = -largest, largest
        is_symmetric = lowest == -highest
        n_steps = 2**self.bits - (2 if is_symmetric else 1)
        return (
            0.0 if is_symmetric else lowest,
            self._step(lowest, highest, n_steps),
            lowest,
            highest,
        )

    @staticmethod
    def _step(lowest: float, highest: float, n_steps: int) -> float:
        with np.errstate(over="ignore"):
            width = np.float64(highest) - np.float64(lowest)
        # A range of more than 1.8e308 has a finite step nevertheless.
        return float(
            width / n_steps if np.isfinite(width) else highest / n_steps - lowest / n_steps
        )

    def rounded(self, values: ArrayLike) -> NDArray[np.float64]:
        """Values that are programmed for the requested ones.

        Parameters
        ----------
        values : array_like
            Requested values [1].

        Raises
        ------
        InputError
            If values are not finite numbers.
        """
        values = as_floats(values, "values")
        if not np.isfinite(values).all():
            n_bad = int((~np.isfinite(values)).sum())
            raise InputError.single("values", f"{n_bad} that are nan or infinite", "finite numbers")
        origin, step, lowest, highest = self.levels(float(np.abs(values).max(initial=0.0)))
        if step > 0.0:
            with np.errstate(over="ignore", invalid="ignore"):
                n_steps = (values - origin) / step
                rounded = origin + np.round(n_steps) * step
            # At this size, neighbouring floating-point numbers are farther apart than grid values.
            values = np.where(np.abs(n_steps) < _EXACT, rounded, values)
        return np.clip(values, lowest, highest)
