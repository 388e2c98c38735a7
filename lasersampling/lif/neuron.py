"""The neuron: a leaky integrator with exponential synaptic currents and a threshold."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array
from lasersampling.errors import InputError, Problem


@dataclass(frozen=True, eq=False)
class Neuron:
    """Current-based leaky integrate-and-fire neurons with exponential synapses.

    Input spikes at times t_i, each through a weight w_i, give the voltage

        tau_mem dV/dt = (leak - V) + I / conductance,
        I(t) = sum_i w_i exp(-(t - t_i) / tau_syn)   over t_i <= t,

    that is V(t) = leak + sum_i w_i k(t - t_i) / conductance with the response

        k(s) = tau_syn / (tau_mem - tau_syn) (exp(-s / tau_mem) - exp(-s / tau_syn)),

    for equal time constants k(s) = (s / tau) exp(-s / tau). The neuron spikes when V first rises
    above the threshold, once. Each parameter is one number, or an array of one for each neuron,
    shape (neuron,), or for each neuron of each network of an ensemble, (member, neuron).

    Attributes
    ----------
    threshold : float or ndarray of float64
        Voltage at which it spikes [1].
    leak : float or ndarray of float64
        Voltage at rest, below the threshold [1].
    conductance : float or ndarray of float64
        Leak conductance, above 0 [1].
    tau_mem : float or ndarray of float64
        Membrane time constant, above 0 [tau_syn].
    tau_syn : float or ndarray of float64
        Synaptic time constant, above 0; the nominal one is the unit of time [tau_syn].

    Raises
    ------
    InputError
        With all problems found.

    References
    ----------
    Göltz et al., Nature Machine Intelligence 3 (2021) 823.

    Examples
    --------
    >>> from lasersampling.lif import Neuron
    >>> Neuron(threshold=1.2, leak=0.2).gap
    1.0
    """

    threshold: float | NDArray[np.float64] = 1.0
    leak: float | NDArray[np.float64] = 0.0
    conductance: float | NDArray[np.float64] = 1.0
    tau_mem: float | NDArray[np.float64] = 1.0
    tau_syn: float | NDArray[np.float64] = 1.0

    def __post_init__(self) -> None:
        problems = []
        for field in fields(self):
            value, problem = _parameter(field.name, getattr(self, field.name))
            problems += problem
            object.__setattr__(self, field.name, value)
        if not problems:
            for name in ("conductance", "tau_mem", "tau_syn"):
                if np.min(getattr(self, name)) <= 0:
                    lowest = f"{np.min(getattr(self, name)):g}"
                    problems.append(Problem(name, lowest, "values above 0"))
            try:
                shape = np.broadcast_shapes(
                    *(np.shape(getattr(self, f.name)) for f in fields(self))
                )
            except ValueError:
                shapes = [np.shape(getattr(self, field.name)) for field in fields(self)]
                problems.append(Problem("shapes", str(shapes), "shapes that fit together"))
            else:
                if len(shape) > 2:
                    problems.append(Problem("shapes", str(shape), "(neuron,) or (member, neuron)"))
                elif np.min(np.asarray(self.threshold) - self.leak) <= 0:
                    problems.append(
                        Problem("threshold", "one that is not above the leak", "a value above it")
                    )
        if problems:
            raise InputError(problems)

    @property
    def gap(self) -> float | NDArray[np.float64]:
        """Current that holds the neuron at its threshold, (threshold - leak) conductance [1]."""
        gap = (np.asarray(self.threshold) - self.leak) * self.conductance
        return float(gap) if gap.ndim == 0 else gap


def _parameter(name: str, value: ArrayLike) -> tuple[float | NDArray[np.float64], list[Problem]]:
    """Copy a number or an array of numbers, and list its problems."""
    try:
        given = as_array(value, name)
    except InputError as error:
        return 0.0, list(error.problems)
    if given.dtype.kind not in "iuf" or not np.isfinite(given).all() or given.size == 0:
        return 0.0, [Problem(name, repr(value), "a finite number, or an array of such")]
    if given.ndim == 0:
        return float(given), []
    array = given.astype(np.float64)
    array.flags.writeable = False
    return array, []
