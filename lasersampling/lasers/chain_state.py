"""Declarations of the arrays that make up the state of chains.

A run can continue another one from this state. Each effect that has a state of its own declares
its arrays once, here or in the module of its equations. `NetworkState`, the arrays that samplers
return and checkpoints store, and the checks of arrays that are read again are all made from these
declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["LASER_ARRAYS", "StateArray"]


@dataclass(frozen=True)
class StateArray:
    """An array in the state of chains.

    Attributes
    ----------
    name : str
        Name in the state.
    dtype : type
        Type of its entries.
    per : "unit", "spike" or "run"
        Whether it has an entry for each unit of each chain, one for each recent spike, or a single
        entry.
    at_rest : float or None
        Value in chains that start from rest [1]; None if it is drawn or follows from other values.
    """

    name: str
    dtype: type[np.generic]
    per: Literal["unit", "spike", "run"]
    at_rest: float | None = None

    def shape(self, chains_and_units: tuple[int, ...]) -> tuple[int | None, ...]:
        """Shape for these numbers of chains and units; None stands for any length."""
        shapes: dict[str, tuple[int | None, ...]] = {
            "unit": chains_and_units, "spike": (None,), "run": (1,)
        }  # fmt: skip
        return shapes[self.per]

    def started(self, n: int) -> Any:
        """Return `n` entries for chains that start from rest."""
        assert self.at_rest is not None
        return np.full(n, self.at_rest, dtype=self.dtype)


LASER_ARRAYS = (
    StateArray("field", np.complex64, "unit"),
    StateArray("gain_electrons", np.float32, "unit"),
    StateArray("absorber_electrons", np.float32, "unit"),
    StateArray("armed", np.int8, "unit"),
    StateArray("spike_chain", np.int32, "spike"),
    StateArray("spike_laser", np.int32, "spike"),
    StateArray("spike_time_ns", np.float64, "spike"),
)
"""Light, carriers and recent spikes, which every network of lasers has."""
