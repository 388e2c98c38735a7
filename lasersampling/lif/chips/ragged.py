"""Spikes of networks of populations as the arrays that devices exchange, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray

from lasersampling.checks import refuse
from lasersampling.hardware.ragged import (
    RaggedSpikes,
    ragged_arrays,
    ragged_of,
    ragged_problems,
)
from lasersampling.lif.populations.spikes import SpikeEvents


def spike_arrays(name: str, spikes: SpikeEvents) -> dict[str, NDArray[Any]]:
    """Return spikes as named arrays; see `hardware.ragged`.

    Examples
    --------
    >>> from lasersampling.lif.chips.ragged import spike_arrays
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> spikes = SpikeEvents.from_trains([[(0.4, 1), (0.1, 0)], []], 2)
    >>> spike_arrays("events", spikes)["events_time"]
    array([0.1, 0.4])
    """
    parts = (spikes.offsets, spikes.neuron, spikes.time)
    return ragged_arrays(name, RaggedSpikes(*(part.detach().cpu().numpy() for part in parts)))


def spike_events(
    arrays: Mapping[str, NDArray[Any]], name: str, sizes: tuple[int, int, int]
) -> SpikeEvents:
    """Return the spikes that stand in named arrays; see `hardware.ragged`.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The arrays, others among them.
    name : str
        Name of the list of spikes.
    sizes : (int, int, int)
        Numbers of members, samples and neurons.

    Raises
    ------
    InputError
        If there is no such list of spikes.

    Examples
    --------
    >>> from lasersampling.lif.chips.ragged import spike_arrays, spike_events
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> spikes = SpikeEvents.from_trains([[(0.4, 1), (0.1, 0)], []], 2)
    >>> spike_events(spike_arrays("events", spikes), "events", (1, 2, 2)).neuron
    tensor([0, 1])
    """
    n_members, n_samples, n_neurons = sizes
    refuse(ragged_problems(name, arrays, n_members * n_samples, n_neurons))
    # Copies, since arrays that were received cannot be written to, and torch asks for that.
    offsets, neuron, time = (torch.from_numpy(part.copy()) for part in ragged_of(arrays, name))
    return SpikeEvents(offsets, neuron, time, n_members, n_samples, n_neurons)
