"""Spikes to and from NIR's event data: tables of one for each neuron, or as many as there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lasersampling.checks import (
    absent_problems,
    integer_problems,
    kind_problems,
    number_problems,
    refuse,
)
from lasersampling.errors import InputError, Problem
from lasersampling.lif.exchange.nir_file import nir_package
from lasersampling.lif.populations.spikes import SpikeEvents

if TYPE_CHECKING:
    import nir


def events_of(times: Tensor, *, tau_syn_s: float, t_max: float) -> nir.EventData:
    """Write spike times as NIR events, sorted by time within each sample.

    Parameters
    ----------
    times : Tensor, shape (sample, neuron)
        Spike times from 0 to `t_max`, inf for absent spikes [tau_syn].
    tau_syn_s : float
        Unit of these times [s].
    t_max : float
        Length of the recording of each sample [tau_syn].

    Returns
    -------
    nir.EventData
        Times in seconds; shape (sample, event) with as many events as the busiest sample has,
        padded with neuron -1 and time inf.

    Raises
    ------
    InputError
        With all problems found: nan, times outside the recording, other shapes.
    """
    nir = nir_package()
    problems = number_problems("tau_syn_s", tau_syn_s, 0.0, strict=True)
    problems += number_problems("t_max", t_max, 0.0, strict=True)
    if times.ndim != 2:
        problems.append(Problem("times", f"shape {tuple(times.shape)}", "(sample, neuron)"))
    if problems:
        raise InputError(problems)
    table = times.detach().cpu().to(torch.float64).numpy()
    present = np.isfinite(table)
    problems = absent_problems("times", table)
    if problems:
        raise InputError(problems)
    if present.any() and not 0 <= table[present].min() <= table[present].max() <= t_max:
        got = f"{table[present].min():g} to {table[present].max():g}"
        raise InputError.single("times", got, f"0 to t_max = {t_max:g}")
    n_events = int(present.sum(axis=1).max(initial=0))
    order = np.argsort(table, axis=1, kind="stable")[:, :n_events]
    sorted_times = np.take_along_axis(table, order, axis=1)
    index = np.where(np.isfinite(sorted_times), order, -1)
    return nir.EventData(index, sorted_times * tau_syn_s, table.shape[1], t_max * tau_syn_s)


def spikes_of_events(events: nir.EventData, *, tau_syn_s: float) -> Tensor:
    """Read NIR events as a table of spike times.

    Parameters
    ----------
    events : nir.EventData
        At most one event for each neuron of a sample, in any order.
    tau_syn_s : float
        Unit of the returned times [s].

    Returns
    -------
    Tensor, shape (sample, neuron)
        Spike times, inf for absent spikes [tau_syn].

    Raises
    ------
    InputError
        If a neuron spikes more than once, which such a table cannot represent, if neurons or times
        are impossible, or events have values.
    """
    index, times = _checked(events, tau_syn_s)
    present = index != -1
    sample = np.nonzero(present)[0]
    cells = sample * events.n_neurons + index[present]
    busy, counts = np.unique(cells, return_counts=True)
    if (counts > 1).any():
        first = int(busy[counts > 1][0])
        got = f"{int(counts.max())} spikes of one neuron (sample {first // events.n_neurons}, "
        got += f"neuron {first % events.n_neurons}, ...)"
        raise InputError.single("events", got, "one at most; keep the first where those are meant")
    table = np.full(len(index) * events.n_neurons, np.inf)
    table[cells] = times[present] / tau_syn_s
    return torch.from_numpy(table.reshape(len(index), events.n_neurons))


def events_of_spikes(
    spikes: SpikeEvents, *, tau_syn_s: float, t_max: float, member: int = 0
) -> nir.EventData:
    """Write the spikes of one member as NIR events, sorted by time within each sample.

    Parameters
    ----------
    spikes : SpikeEvents
        Spikes from 0 to `t_max` [tau_syn].
    tau_syn_s : float
        Unit of their times [s].
    t_max : float
        Length of the recording of each sample [tau_syn].
    member : int
        Which network of the ensemble.

    Returns
    -------
    nir.EventData
        As that of `events_of`.

    Raises
    ------
    InputError
        For spikes outside the recording, and a member that is not there.

    Examples
    --------
    >>> from lasersampling.lif.exchange.nir_events import events_of_spikes
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> spikes = SpikeEvents.from_trains([[(0.5, 1), (1.5, 1)], [(0.2, 0)]], 2)
    >>> events_of_spikes(spikes, tau_syn_s=1e-3, t_max=2.0).idx.tolist()
    [[1, 1], [0, -1]]
    """
    nir = nir_package()
    refuse(
        kind_problems("spikes", spikes, SpikeEvents, "SpikeEvents, as from run_events"),
        number_problems("tau_syn_s", tau_syn_s, 0.0, strict=True),
        number_problems("t_max", t_max, 0.0, strict=True),
    )
    refuse(integer_problems("member", member, 0, spikes.n_members - 1))
    runs = slice(member * spikes.n_samples, (member + 1) * spikes.n_samples + 1)
    offsets = spikes.offsets[runs].cpu().numpy()
    own = slice(int(offsets[0]), int(offsets[-1]))
    when = spikes.time[own].detach().cpu().to(torch.float64).numpy()
    if when.size and not 0 <= when.min() <= when.max() <= t_max:
        got = f"{when.min():g} to {when.max():g}"
        raise InputError.single("spikes", got, f"0 to t_max = {t_max:g}")
    counts = np.diff(offsets)
    sample = np.repeat(np.arange(spikes.n_samples), counts)
    place = np.arange(len(when)) - np.repeat(offsets[:-1] - offsets[0], counts)
    shape = spikes.n_samples, int(counts.max(initial=0))
    index, times = np.full(shape, -1), np.full(shape, np.inf)
    index[sample, place] = spikes.neuron[own].cpu().numpy()
    times[sample, place] = when * tau_syn_s
    return nir.EventData(index, times, spikes.n_neurons, t_max * tau_syn_s)


def all_spikes_of_events(events: nir.EventData, *, tau_syn_s: float) -> SpikeEvents:
    """Read NIR events as spikes, as many of each neuron as there are.

    Parameters
    ----------
    events : nir.EventData
        Events in any order.
    tau_syn_s : float
        Unit of the returned times [s].

    Raises
    ------
    InputError
        If neurons or times are impossible, or events have values.
    """
    index, times = _checked(events, tau_syn_s)
    trains = [
        [(float(at) / tau_syn_s, int(n)) for at, n in zip(*row, strict=True) if n != -1]
        for row in zip(times, index, strict=True)
    ]
    return SpikeEvents.from_trains(trains, int(events.n_neurons))


def _checked(events: nir.EventData, tau_syn_s: float) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return neurons, -1 where there is none, and times, both (sample, event)."""
    nir = nir_package()
    problems = number_problems("tau_syn_s", tau_syn_s, 0.0, strict=True)
    index, times = np.asarray(events.idx), np.asarray(events.time, dtype=np.float64)
    if isinstance(events, nir.ValuedEventData):
        problems.append(Problem("events", "events with values", "spikes without"))
    if index.ndim != 2 or index.shape != times.shape or index.dtype.kind not in "iu":
        got = f"idx {index.dtype} of shape {index.shape}, time of shape {times.shape}"
        problems.append(Problem("events", got, "whole numbers and times, both (sample, event)"))
    if problems:
        raise InputError(problems)
    present = index != -1
    if present.any() and not 0 <= index[present].min() <= index[present].max() < events.n_neurons:
        got = f"{index[present].min()} to {index[present].max()}"
        problems.append(Problem("events (idx)", got, f"0 to {events.n_neurons - 1}, -1 for none"))
    wrong = present & ~((times >= 0) & np.isfinite(times))
    if wrong.any():
        place = "events (time)" + "".join(f"[{k}]" for k in np.argwhere(wrong)[0])
        expected = "finite times from 0; an absent event has the neuron -1"
        problems.append(Problem(place, f"{times[wrong][0]:g}", expected))
    if problems:
        raise InputError(problems)
    return index, times
