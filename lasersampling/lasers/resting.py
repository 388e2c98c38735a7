"""Quiescent states of many lasers at once, from which simulations start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.lasers.device import AnyDevice, as_device
from lasersampling.lasers.rate_equations import states_at

__all__ = ["RestingStates"]

_RESTING_LEVELS = 33


class RestingStates:
    """Quiescent states over a range of pumps, by interpolation: good enough to start from.

    Parameters
    ----------
    device : Device
        The laser.
    pump : ndarray
        Pumps between which to interpolate [electrons/ns].
    """

    def __init__(self, device: AnyDevice, pump: NDArray[np.float64]) -> None:
        device = as_device(device)
        self._pump = np.unique(np.linspace(pump.min(), pump.max(), _RESTING_LEVELS))
        states = [states_at(device, float(level))[0] for level in self._pump]
        self._columns = (
            [state.photons for state in states],
            [state.gain_electrons for state in states],
            [state.absorber_electrons for state in states],
        )

    def at(self, pump: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Photons, gain electrons and absorber electrons at these pumps [electrons/ns]."""
        return [np.interp(pump, self._pump, column) for column in self._columns]
