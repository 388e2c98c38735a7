"""What happens to the spikes of a population, as often as its neurons spike, on their way.

The same as `events.seen` does to first spikes, with the same random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lasersampling.checks import memory_problems, refuse
from lasersampling.hardware import Spikes
from lasersampling.lif.chips.events import FURTHEST_JITTER, carry
from lasersampling.lif.chips.imperfect import word
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.lif.streams import Streams

Array = NDArray[np.float64]

SOONEST = 1e-9
"""Time from a spike in a loop to its earliest effect, so that rounding does not let what a neuron
sends to itself prevent that it is sent [tau_syn]."""

_NORMAL, _UNIFORM = "normal", "uniform"


class _Draws:
    """Random numbers of each neuron in each run, as many as are asked for.

    The first ones come from the streams of the chips, as those of first spikes do, all others from
    streams of their own. So it makes no difference to later runs how many are asked for.
    """

    def __init__(
        self, kind: str, streams: Streams, seeds: Sequence[int], shape: tuple[int, int]
    ) -> None:
        self._kind, self._seeds, self._shape = kind, seeds, shape
        self._drawn = [getattr(streams, kind)(*shape).numpy()]
        self._more: Streams | None = None

    def first(self, number: int) -> Array:
        """Return so many for each neuron, (member, sample, neuron, number)."""
        if self._more is None and number > 1:
            self._more = Streams(self._seeds)
        while len(self._drawn) < number:
            self._drawn.append(getattr(self._more, self._kind)(*self._shape).numpy())
        if number == 0:
            return np.empty((*self._drawn[0].shape, 0))
        return np.stack(self._drawn[:number], axis=-1)


class Sent(NamedTuple):
    """Spikes of a population.

    Attributes
    ----------
    seen : SpikeEvents
        As they are told.
    acting : SpikeEvents
        As they act on other neurons.
    """

    seen: SpikeEvents
    acting: SpikeEvents


class Transmission:
    """The way of the spikes of one population in one run, on which they are disturbed.

    Parameters
    ----------
    about : Spikes
        Imperfections of spikes.
    streams : Streams
        Noise of the chips, from which what first spikes need is drawn at once.
    seeds : sequence of int
        Of the noise of all later spikes, one for each chip.
    shape : (int, int)
        Numbers of samples and of neurons.
    """

    def __init__(
        self, about: Spikes, streams: Streams, seeds: Sequence[int], shape: tuple[int, int]
    ) -> None:
        self._about = about

        def draws(kind: str, purpose: int) -> _Draws:
            return _Draws(kind, streams, [word(seed, purpose) for seed in seeds], shape)

        # In the order of `events.seen`.
        self._waiting = draws(_UNIFORM, 0) if about.spurious_rate > 0.0 else None
        self._jitter = draws(_NORMAL, 1) if about.jitter_std > 0.0 else None
        self._lost = draws(_UNIFORM, 2) if about.lost > 0.0 else None

    def sent(
        self, spikes: SpikeEvents, refractory: Array, period: float, is_recurrent: bool
    ) -> Sent:
        """Let spikes go their way.

        Spurious spikes come first; then, as before, two spikes of a neuron are at least its
        refractory period apart. Jitter, loss, and the bus follow, which carries one spike after the
        other.

        Parameters
        ----------
        spikes : SpikeEvents
            Spikes of the neurons, (member, sample, neuron).
        refractory : ndarray, shape (member, sample, neuron)
            Refractory periods [tau_syn].
        period : float
            Duration of a sample; later spikes are not seen [tau_syn].
        is_recurrent : bool
            Whether the population acts on itself, maybe through others. Its spikes then act
            `SOONEST` after they have happened at the earliest, whatever their jitter.
        """
        times, about = _table(spikes), self._about
        if self._waiting is not None:
            times = _apart(np.sort(np.concatenate([times, self._spurious(period)], -1)), refractory)
        happened, n = times, times.shape[-1]
        if self._jitter is not None:
            normal = self._jitter.first(n).clip(-FURTHEST_JITTER, FURTHEST_JITTER)
            times = np.maximum(times + about.jitter_std * normal, 0.0)
        if self._lost is not None:
            times = np.where(self._lost.first(n) < about.lost, np.inf, times)
        if about.highest_rate is not None and n:
            flat = times.reshape(*times.shape[:2], -1).copy()
            order = np.argsort(flat, axis=2, kind="stable")
            carry(flat, order, 1.0 / about.highest_rate, about.longest_wait)
            times = flat.reshape(times.shape)
        times = np.where(times > period, np.inf, times)
        seen = _events(times)
        return Sent(seen, _events(np.maximum(times, happened + SOONEST)) if is_recurrent else seen)

    def _spurious(self, period: float) -> Array:
        """Times of spikes without cause, until the period has ended."""
        assert self._waiting is not None
        number = 1
        while True:
            uniform = self._waiting.first(number)
            times = np.cumsum(-np.log1p(-uniform), axis=-1) / self._about.spurious_rate
            if times[..., -1].min(initial=np.inf) > period:
                return np.where(times > period, np.inf, times)
            number *= 2


def _table(spikes: SpikeEvents) -> Array:
    """Times of spikes as (member, sample, neuron, spike), inf behind the last."""
    n_places = spikes.n_members * spikes.n_samples * spikes.n_neurons
    place = (spikes.run * spikes.n_neurons + spikes.neuron).numpy()
    counts = np.bincount(place, minlength=n_places)
    most = int(counts.max(initial=0))
    refuse(memory_problems("spikes (samples x neurons, spikes of one)", (n_places, most), 64))
    order = np.argsort(place, kind="stable")
    times = np.full((n_places, most), np.inf)
    first = np.cumsum(counts) - counts
    times[place[order], np.arange(len(place)) - first[place[order]]] = spikes.time.numpy()[order]
    return times.reshape(spikes.n_members, spikes.n_samples, spikes.n_neurons, most)


def _events(times: Array) -> SpikeEvents:
    """Spikes of a table (member, sample, neuron, spike), as events."""
    n_members, n_samples, n_neurons, most = times.shape
    flat = np.ascontiguousarray(times).reshape(n_members, n_samples, n_neurons * most)
    found = SpikeEvents.from_times(torch.from_numpy(flat))
    neuron = found.neuron // max(most, 1)
    return SpikeEvents(found.offsets, neuron, found.time, n_members, n_samples, n_neurons)


def _apart(times: Array, refractory: Array) -> Array:
    """Leave out spikes that come within the refractory period of one that is not left out."""
    kept, last = np.full(times.shape, np.inf), np.full(times.shape[:-1], -np.inf)
    for k in range(times.shape[-1]):
        stays = np.isfinite(times[..., k]) & (times[..., k] - last >= refractory)
        kept[..., k] = np.where(stays, times[..., k], np.inf)
        last = np.where(stays, times[..., k], last)
    return np.sort(kept, axis=-1)
