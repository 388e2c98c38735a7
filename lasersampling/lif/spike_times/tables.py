"""Data of the compiled loops over spikes: plain tuples of numbers and arrays.

Arrivals are *shared* where an input spike reaches all neurons of a layer at the same time and they
have the same time constants; see `shared_arrivals`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

NO_SPIKE = -1
"""Index of the last causal input if there is no spike."""


class Inputs(NamedTuple):
    """Inputs of a layer, or derivatives with respect to them.

    Attributes
    ----------
    times : array (member, sample, pre)
        Input spikes, inf for absent spikes [tau_syn].
    weights : array (member, pre, post) if arrivals are shared, else (member, post, pre)
        Weights over the conductance's unit [1].
    delays : array (member, post, pre), or None if arrivals are shared
        Delays of the synapses [tau_syn].
    """

    times: np.ndarray
    weights: np.ndarray
    delays: np.ndarray | None


class Neurons(NamedTuple):
    """Parameters of the neurons of a layer; see `first_spike.Layout`.

    Attributes
    ----------
    gap : array (member, post)
        Threshold current c [1].
    tau_mem, tau_syn : float if arrivals are shared, else arrays (member, post)
        Time constants [tau_syn].
    method : int
        `EQUAL`, `DOUBLE` or `GENERAL`.
    smallest_slope : float
        Lower limit for dV/dt at a spike in derivatives [1/tau_syn].
    """

    gap: np.ndarray
    tau_mem: np.ndarray | float
    tau_syn: np.ndarray | float
    method: int
    smallest_slope: float


class Found(NamedTuple):
    """First spikes, and the data that their derivatives need, if arrivals are shared.

    Attributes
    ----------
    out : array (member, sample, post)
        Spike times, inf where there is none [tau_syn].
    order : array (member, sample, pre)
        The inputs in the order of their arrival.
    last : array (member, sample, post)
        Index in that order of the last causal input, `NO_SPIKE` if there is no spike.
    current : array (member, sample, post)
        Current at the spike, 0 if there is none [1].
    """

    out: np.ndarray
    order: np.ndarray
    last: np.ndarray
    current: np.ndarray


class OwnFound(NamedTuple):
    """`Found` if arrivals are not shared: each array has the shape (member, sample, post).

    Attributes
    ----------
    out : array
        Spike times, inf where there is none [tau_syn].
    until : array
        The last causal arrival: inputs that arrive later are no causes [tau_syn].
    current : array
        Current at the spike, 0 if there is none [1].
    """

    out: np.ndarray
    until: np.ndarray
    current: np.ndarray
