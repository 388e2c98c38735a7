"""Pumps: ratios to the threshold pump in all interfaces, electrons per ns inside.

A pump is given as r = P/P_th, in the library as at the command line and in files. Kernels count
electrons, and this is the only place where a ratio becomes P.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.errors import InputError, Problem
from lasersampling.lasers.device import AnyDevice, Device, as_device

__all__ = ["LARGEST_PUMP_RATIO", "pump_electrons_per_ns", "pump_ratios", "ratio_problems"]

LARGEST_PUMP_RATIO = 100.0
"""Far above all pumps at which a laser spikes; a larger value is meant in electrons/ns [1]."""


def ratio_problems(where: str, lowest: float, highest: float, device: Device) -> list[Problem]:
    """Problems of pumps, given the lowest and the highest; NaN is one.

    Parameters
    ----------
    where : str
        Name of the pump in the message.
    lowest, highest : float
        The smallest and the largest pump over the threshold pump [1].
    device : Device
        The laser, for the threshold pump that a message names.

    Returns
    -------
    list of Problem
    """
    if lowest >= 0.0 and highest <= LARGEST_PUMP_RATIO:
        return []
    expected = f"finite ratios to the threshold pump, from 0 to {LARGEST_PUMP_RATIO:g}"
    if LARGEST_PUMP_RATIO < highest < np.inf:
        threshold = device.threshold_pump_electrons_per_ns
        expected += f"; a pump in electrons/ns is divided by the threshold, {threshold:.6g}"
    got = f"{highest:g}" if not highest <= LARGEST_PUMP_RATIO else f"{lowest:g}"
    return [Problem(where, got, expected)]


def pump_ratios(
    device: AnyDevice, pump_ratio: ArrayLike, where: str = "pump_ratio"
) -> NDArray[np.float64]:
    """Pumps over the threshold pump, checked.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : array_like
        r = P/P_th of the gain section [1].
    where : str
        Name of the pump in the message.

    Returns
    -------
    ndarray
        The same pumps [1].

    Raises
    ------
    InputError
        Unless all are finite numbers from 0 to `LARGEST_PUMP_RATIO`.
    """
    device = as_device(device)
    try:
        ratio = as_floats(pump_ratio, "pump_ratio")
    except (TypeError, ValueError):
        raise InputError.single(where, f"{pump_ratio!r:.60}", "numbers") from None
    if ratio.size:
        problems = ratio_problems(where, float(ratio.min()), float(ratio.max()), device)
        if problems:
            raise InputError(problems)
    return ratio


def pump_electrons_per_ns(
    device: AnyDevice, pump_ratio: ArrayLike, where: str = "pump_ratio"
) -> NDArray[np.float64]:
    """Pump P of a laser [electrons/ns], for pumps over its threshold pump.

    Parameters
    ----------
    device, pump_ratio, where
        As in `pump_ratios`.

    Returns
    -------
    ndarray
        P [electrons/ns], of the same shape.

    Raises
    ------
    InputError
        As for `pump_ratios`.

    Examples
    --------
    >>> from lasersampling.lasers.device import load_device
    >>> device = load_device("D2")
    >>> pump_electrons_per_ns(device, [0.5, 1.0])
    array([12187.5, 24375. ])
    """
    device = as_device(device)
    ratio = pump_ratios(device, pump_ratio, where)
    return np.asarray(ratio * device.threshold_pump_electrons_per_ns)
