"""What both engines have to know of a network, wherever its numbers are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lasersampling.lif.populations.parameters import NeuronNumbers, Numbers, Rows
from lasersampling.lif.populations.population import INPUTS, Connection, Population


class _Layout(NamedTuple):
    rows: Rows
    order: NDArray[np.int64]


class NetworkDescription(ABC):
    """A network of populations for an ensemble: its parts, and its numbers as tensors.

    Attributes
    ----------
    n_inputs, n_members : int
        Numbers of inputs, and of networks in the ensemble.
    populations : tuple of Population
        Neurons and read-outs; the last population is the output.
    connections : tuple of Connection
        Synapses between them.
    """

    n_inputs: int
    n_members: int
    populations: tuple[Population, ...]
    connections: tuple[Connection, ...]

    @abstractmethod
    def connection_weights(self, number: int) -> Tensor:
        """Return the weights of a connection, (member, source neuron, target neuron) [1]."""

    @abstractmethod
    def synaptic_delays(self, number: int) -> Tensor | None:
        """Return the synaptic delays of a connection, shaped as its weights, or None [tau_syn]."""

    @abstractmethod
    def axonal_delays(self, source: int) -> Tensor | None:
        """Return the axonal delays of a population or of the inputs, (member, neuron) [tau_syn]."""

    @abstractmethod
    def dendritic_delays(self, population: int) -> Tensor | None:
        """Return the dendritic delays of a population, (member, neuron), or None [tau_syn]."""

    @abstractmethod
    def neuron_numbers(self, population: int) -> NeuronNumbers:
        """Return what the neurons of a population are made of."""

    def prepared(self, times: Tensor) -> Tensor:
        """Return what is sent into the network for given input times, (member, sample, input)."""
        return times

    def size(self, population: int) -> int:
        """Return the number of neurons of a population, or of inputs for `INPUTS`."""
        return self.n_inputs if population == INPUTS else self.populations[population].n_neurons

    def span(self, population: int) -> tuple[int, int]:
        """Return the first number of the neurons of a spiking population, and the one after all."""
        before = sum(p.n_neurons for p in self.populations[:population] if p.spiking)
        return before, before + self.populations[population].n_neurons

    def sent(self, source: int) -> Tensor:
        """Return the delays of all that a population sends, (member, neuron) [tau_syn]."""
        like = self.connection_weights(0)
        shape = self.n_members, self.size(source)
        total = torch.zeros(shape, dtype=like.dtype, device=like.device)
        dendritic = None if source == INPUTS else self.dendritic_delays(source)
        for own in (self.axonal_delays(source), dendritic):
            total = total if own is None else total + own
        return total

    def connection_delays(self, number: int) -> Tensor:
        """Return the delays of a connection, from a threshold crossing to its arrival.

        A neuron that receives everything later by its dendritic delay does the same, later by as
        much. So dendritic delays of spiking neurons are added to what they send.

        Returns
        -------
        Tensor, shape (member, source neuron), or (member, source neuron, target neuron)
            The second if synapses have delays of their own, or read-outs dendritic ones [tau_syn].
        """
        c = self.connections[number]
        total = self.sent(c.source)
        synaptic, dendritic = self.synaptic_delays(number), self.dendritic_delays(c.target)
        if synaptic is not None:
            total = total[..., None] + synaptic
        if dendritic is not None and not self.populations[c.target].spiking:
            total = total[..., None] if total.ndim == 2 else total
            total = total + dendritic[:, None, :]
        return total

    def numbers(self) -> Numbers:
        """Return all numbers of the spiking populations, in the order of rows and neurons."""
        weights, delays = [], []
        for k, c in enumerate(self.connections):
            if self.populations[c.target].spiking:
                weights.append(self.connection_weights(k).flatten(1))
                delays.append(self.connection_delays(k).flatten(1))
        own = [self.neuron_numbers(k)[:6] for k, p in enumerate(self.populations) if p.spiking]
        joined = [torch.cat(values, dim=1) for values in zip(*own, strict=True)]
        ordered = torch.cat(delays, dim=1)[:, torch.from_numpy(self._layout.order)]
        return Numbers(torch.cat(weights, dim=1), ordered, *joined)

    @property
    def rows(self) -> Rows:
        """Where spikes go."""
        return self._layout.rows

    @cached_property
    def _layout(self) -> _Layout:
        """Rows of all connections between spiking neurons, and their order by sources."""
        source, begin, low, high = [], [], [], []
        filled = 0
        for k, c in enumerate(self.connections):
            if not self.populations[c.target].spiking:
                continue
            pre, post = self.size(c.source), self.size(c.target)
            width = post if self.synaptic_delays(k) is None else 1
            first = 0 if c.source == INPUTS else self.n_inputs + self.span(c.source)[0]
            per_source = post // width
            source.append(np.repeat(first + np.arange(pre), per_source))
            begin.append(filled + width * np.arange(pre * per_source))
            low.append(self.span(c.target)[0] + width * np.tile(np.arange(per_source), pre))
            high.append(low[-1] + width)
            filled += pre * post
        sources = np.concatenate(source)
        order = np.argsort(sources, kind="stable")
        n_sources = self.n_inputs + sum(p.n_neurons for p in self.populations if p.spiking)
        rows = np.searchsorted(sources[order], np.arange(n_sources + 1))
        parts = [np.concatenate(part)[order] for part in (begin, low, high)]
        spans = np.cumsum([0, *(p.n_neurons for p in self.populations if p.spiking)])
        arrays = (rows, *parts, spans)
        return _Layout(Rows(*(np.ascontiguousarray(a, dtype=np.int64) for a in arrays)), order)
