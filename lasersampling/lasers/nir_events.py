"""Conversion of spike trains of lasers to and from NIR events: a chain is a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lasersampling.arrays import as_floats
from lasersampling.checks import class_of, kind_problems, refuse
from lasersampling.errors import InputError, LaserSamplingError, Problem
from lasersampling.lasers.spikes import SpikeTrains

if TYPE_CHECKING:
    import nir

_S_PER_NS = 1e-9


def events_of_trains(trains: SpikeTrains) -> nir.EventData:
    """Write spike trains as NIR events, times in seconds.

    Returns
    -------
    nir.EventData
        Shape (chain, event) with as many events as the busiest chain has, padded with unit -1 and
        time inf; its `t_max` is the length of the recording.

    Raises
    ------
    InputError
        For anything else than spike trains.
    LaserSamplingError
        If the package `nir` is not installed.

    Examples
    --------
    >>> from lasersampling.lasers.simulation import simulate
    >>> trains = simulate("D2", [0.95, 1.0], 100.0, seed=1).spikes
    >>> trains_of_events(events_of_trains(trains)).n_spikes == trains.n_spikes
    True
    """
    refuse(kind_problems("trains", trains, SpikeTrains))
    try:
        import nir
    except ImportError:
        message = "NIR needs the package nir; install it with: pip install 'lasersampling[nir]'"
        raise LaserSamplingError(message) from None
    counts = np.diff(trains.chain_offset)
    shape = trains.n_chains, int(counts.max())
    chain = np.repeat(np.arange(trains.n_chains), counts)
    place = np.arange(trains.n_spikes) - trains.chain_offset[chain]
    unit, time = np.full(shape, -1, dtype=np.int64), np.full(shape, np.inf)
    unit[chain, place] = trains.unit
    time[chain, place] = trains.time_ns * _S_PER_NS
    events: nir.EventData = nir.EventData(
        unit, time, trains.n_units, trains.duration_ns * _S_PER_NS
    )
    return events


def trains_of_events(events: nir.EventData) -> SpikeTrains:
    """Read NIR events as spike trains; they need not be sorted.

    Raises
    ------
    InputError
        For anything else than events, events with values, and for what `SpikeTrains` refuses: units
        and times outside the recording.

    Examples
    --------
    >>> import nir
    >>> unit, time = np.array([[0, 1, -1]]), np.array([[2e-9, 1e-9, np.inf]])
    >>> trains_of_events(nir.EventData(unit, time, 2, 5e-9)).unit
    array([1, 0], dtype=int32)
    """
    if not all(hasattr(events, name) for name in ("idx", "time", "n_neurons", "t_max")):
        raise InputError.single("events", class_of(events), "nir.EventData(idx, time, ...)")
    unit, time = np.asarray(events.idx), as_floats(events.time, "events (time)")
    problems = []
    if hasattr(events, "value"):
        problems.append(Problem("events", "events with values", "spikes without"))
    if unit.ndim != 2 or unit.shape != time.shape or unit.dtype.kind not in "iu":
        got = f"idx {unit.dtype} of shape {unit.shape}, time of shape {time.shape}"
        problems.append(Problem("events", got, "whole numbers and times, both (chain, event)"))
    if problems:
        raise InputError(problems)
    present = unit != -1
    wrong = present & ~((time >= 0) & np.isfinite(time))
    if wrong.any():
        place = "events (time)" + "".join(f"[{k}]" for k in np.argwhere(wrong)[0])
        expected = "finite times from 0; an absent event has the unit -1"
        raise InputError.single(place, f"{time[wrong][0]:g}", expected)
    chain = np.nonzero(present)[0]
    time_ns = time[present] / _S_PER_NS
    order = np.lexsort((time_ns, chain))
    return SpikeTrains(
        time_ns=time_ns[order],
        unit=unit[present][order].astype(np.int32),
        chain_offset=np.append(0, np.cumsum(present.sum(axis=1))).astype(np.int64),
        n_units=int(events.n_neurons),
        duration_ns=float(events.t_max) / _S_PER_NS,
    )
