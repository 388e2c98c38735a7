"""A distribution given as a table, with its energies and conditional log odds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann import state_index

_LEAST_PROBABILITY = 1e-300


class TableLaw:
    """Energies and fields of a table of probabilities over joint states.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (state,)
        Entry `sum_k z_k 2**k` belongs to the state `z`.
    """

    def __init__(self, probabilities: NDArray[np.float64]) -> None:
        self._log = np.log(np.maximum(probabilities, _LEAST_PROBABILITY))

    def energy(self, states: NDArray[np.int8]) -> NDArray[np.float64]:
        """Energy -log p(z) of states, in nats, shape (...)."""
        return np.asarray(-self._log[state_index(states)])

    def local_field(self, states: NDArray[np.int8]) -> NDArray[np.float64]:
        """Log odds of each unit given the others, shape (..., unit)."""
        numbers = state_index(states)
        fields = [
            self._log[numbers | (1 << k)] - self._log[numbers & ~(1 << k)]
            for k in range(states.shape[-1])
        ]
        return np.stack(fields, axis=-1)
