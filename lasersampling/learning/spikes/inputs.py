"""Input spikes of samples as tensors: one time for each input, or ragged events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from lasersampling.checks import refuse
from lasersampling.datasets.spikes import AnyEvents, AnyPart, SpikeSet
from lasersampling.errors import Problem
from lasersampling.lif.populations.spikes import SpikeEvents

AnyInputs = Tensor | SpikeEvents
"""Times of (member, sample, input) or (sample, input) [tau_syn], or events."""


_MOST_SPIKES = 2_000_000
"""Number of input spikes that are run at once where networks are judged, which limits memory."""


class Samples(Protocol):
    """Input spikes of a part of a data set."""

    def of(self, chosen: Tensor) -> AnyInputs:
        """Return the spikes of some samples.

        Parameters
        ----------
        chosen : Tensor of int64, shape (member, sample)
            Numbers of the samples.
        """
        ...

    def in_chunks(self, size: int, n_members: int) -> Iterator[AnyInputs]:
        """Yield the spikes of all samples, so many at a time, the same for all members."""
        ...


class Times:
    """Samples with one time for each input.

    Parameters
    ----------
    part : SpikeSet
        The samples.
    like : Tensor
        Has the device and the precision that are wanted.
    """

    def __init__(self, part: SpikeSet, like: Tensor) -> None:
        self._times = torch.from_numpy(part.times).to(like)

    def of(self, chosen: Tensor) -> Tensor:
        """Return the times of some samples; see `Samples`."""
        return self._times[chosen]

    def in_chunks(self, size: int, n_members: int) -> Iterator[Tensor]:
        """Yield the times of all samples; see `Samples`."""
        yield from self._times.split(size)


class Events:
    """Samples with any number of spikes for each input.

    Parameters
    ----------
    part : EventSet or StoredEvents
        The samples; of those in a file, only what is asked for is in memory.
    like : Tensor
        Has the device and the precision that are wanted.
    """

    def __init__(self, part: AnyEvents, like: Tensor) -> None:
        self._part, self._device, self._dtype = part, like.device, like.dtype

    def of(self, chosen: Tensor) -> SpikeEvents:
        """Return the spikes of some samples; see `Samples`."""
        n_members, n_samples = chosen.shape
        own = self._part.read(chosen.cpu().numpy().ravel())
        events = SpikeEvents(
            torch.from_numpy(own.offsets), torch.from_numpy(own.neuron),
            torch.from_numpy(own.time), n_members, n_samples, own.n_inputs,
        )  # fmt: skip
        return events.to(self._device, self._dtype)

    def in_chunks(self, size: int, n_members: int) -> Iterator[SpikeEvents]:
        """Yield the spikes of all samples; see `Samples`."""
        spikes = self._part.n_spikes.sum() * n_members / len(self._part)
        size = min(size, max(1, int(_MOST_SPIKES / max(spikes, 1.0))))
        edges = [*range(0, len(self._part), size), len(self._part)]
        for first, behind in itertools.pairwise(edges):
            places = torch.arange(first, behind, device="cpu")
            yield self.of(places.expand(n_members, -1))


def samples_of(part: AnyPart, like: Tensor) -> Times | Events:
    """Return the input spikes of a part of a data set.

    Parameters
    ----------
    part : SpikeSet, EventSet or StoredEvents
        The samples.
    like : Tensor
        Has the device and the precision that are wanted.
    """
    return Times(part, like) if isinstance(part, SpikeSet) else Events(part, like)


def once(inputs: AnyInputs) -> Tensor:
    """Return one time for each input, as networks of neurons that spike once need it.

    Raises
    ------
    InputError
        For events.
    """
    if isinstance(inputs, SpikeEvents):
        got, expected = "inputs that spike more than once", "one time for each; see after_spike"
        refuse([Problem("inputs", got, expected)])
    assert isinstance(inputs, Tensor)
    return inputs
