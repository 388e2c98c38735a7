"""What the state of chains consists of, so that a run can go on from another.

Each effect that has to be remembered declares its arrays here or beside its equations, once:
`NetworkState`, the arrays that samplers hand on and checkpoints keep, and the checks of what comes
back are all made from these declarations.
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
        Of its entries.
    per : "unit", "spike" or "run"
        Whether there is an entry for each unit of each chain, for each recent spike, or one alone.
    at_rest : float or None
        Value with which chains start anew; None where it is drawn or follows from other things.
    """

    name: str
    dtype: type[np.generic]
    per: Literal["unit", "spike", "run"]
    at_rest: float | None = None

    def shape(self, chains_and_units: tuple[int, ...]) -> tuple[int | None, ...]:
        """Shape for so many chains and units; None stands for any length."""
        shapes: dict[str, tuple[int | None, ...]] = {
            "unit": chains_and_units, "spike": (None,), "run": (1,)
        }  # fmt: skip
        return shapes[self.per]

    def started(self, n: int) -> Any:
        """So many entries of chains that start anew."""
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
