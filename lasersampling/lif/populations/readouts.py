"""Leaky integrators without threshold, in closed form: the voltages that spikes cause, exactly.

Between arrivals the voltage U (from the leak, times the conductance) obeys

    tau_mem dU/dt = I - U,    I(t) = sum_a w_a exp(-(t - t_a) / tau_syn)    over t_a <= t,

so U(t) = U_0 exp(-t / tau_mem) + sum_a w_a k(t - t_a) with the response k of `Neuron`. Multiplied
by exp(-t / decay) and integrated over the run, the same equation gives the integral. The largest
voltage is at a peak between arrivals, where its time has no influence, or at an arrival or end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lasersampling.checks import number_problems, refuse
from lasersampling.errors import InputError
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.peaks import largest_voltages
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.spikes import SpikeEvents


@dataclass(frozen=True, eq=False)
class LeakyReadout:
    """Voltages of a population of leaky integrators, from time 0 to the end.

    Attributes
    ----------
    times : Tensor, shape (arrival, neuron or 1)
        When spikes arrive, at each neuron or at all of them [tau_syn].
    weights : Tensor, shape (arrival, neuron)
        Their weights [1].
    run : Tensor of int64, shape (arrival,)
        Run of each: member * n_samples + sample.
    neurons : tuple of Tensor, each (member, neuron)
        Initial voltage times the conductance [1], time constants tau_mem and tau_syn [tau_syn],
        conductance [1].
    shape : (int, int, int)
        Numbers of members, samples and neurons.
    end : float
        When voltages are no longer read out [tau_syn].
    """

    times: Tensor
    weights: Tensor
    run: Tensor
    neurons: tuple[Tensor, Tensor, Tensor, Tensor]
    shape: tuple[int, int, int]
    end: float

    @classmethod
    def of(
        cls,
        network: NetworkDescription,
        population: int,
        inputs: SpikeEvents,
        spikes: Sequence[SpikeEvents | None],
        end: float,
    ) -> LeakyReadout:
        """Collect what arrives at a population.

        Parameters
        ----------
        network : NetworkDescription
            The network.
        population : int
            Number of the population that reads out.
        inputs : SpikeEvents
            Input spikes.
        spikes : sequence of SpikeEvents or None
            Threshold crossings of each population, before delays; None for read-outs.
        end : float
            When voltages are no longer read out [tau_syn].
        """
        times, weights, runs = [], [], []
        for k, c in enumerate(network.connections):
            sent = inputs if c.source == INPUTS else spikes[c.source]
            if c.target != population or sent is None:
                continue
            member = sent.run // sent.n_samples
            delays = network.connection_delays(k)[member, sent.neuron]
            own = network.connection_weights(k)[member, sent.neuron]
            times.append(sent.time[:, None] + (delays if delays.ndim == 2 else delays[:, None]))
            weights.append(own)
            runs.append(sent.run)
        neurons = network.neuron_numbers(population)
        width = max(own.shape[1] for own in times)
        times = [own.expand(-1, width) for own in times]
        return cls(
            torch.cat(times), torch.cat(weights), torch.cat(runs),
            (neurons.initial, neurons.tau_mem, neurons.tau_syn, neurons.conductance),
            (network.n_members, inputs.n_samples, network.size(population)), end,
        )  # fmt: skip

    def integral(self, decay: float | None = None) -> Tensor:
        """Return the integrals of the voltages, weighted by exp(-t / decay) if asked.

        Parameters
        ----------
        decay : float, optional
            Time constant of the weight [tau_syn].

        Returns
        -------
        Tensor, shape (member, sample, neuron)
            [tau_syn]

        Raises
        ------
        InputError
            If the time constant is not a finite number above 0.
        """
        rate = weight_rate(decay)
        initial, tau_mem, tau_syn, conductance = self.neurons
        left = (self.end - self.times).clamp_min(0.0)
        total_rate = self._spread(1.0 / tau_syn) + rate
        current = charge(self.times, left, total_rate, rate)
        by_current = self._added(torch.where(left > 0, self.weights * current, 0.0))
        last = self._voltage(self.times.new_full(self._runs_shape, self.end)).reshape(self.shape)
        change = math.exp(-rate * self.end) * last - initial[:, None]
        value = (by_current - tau_mem[:, None] * change) / (1.0 + rate * tau_mem[:, None])
        return value / conductance[:, None]

    def maximum(self) -> Tensor:
        """Return the largest voltages, shape (member, sample, neuron) [1]."""
        fixed, arrival = self._peaks()
        column = torch.arange(self.shape[2]).expand_as(arrival) % self.times.shape[1]
        at_arrival = self.times[arrival.clamp_min(0), column] if len(self.times) else fixed
        when = torch.where(arrival >= 0, at_arrival, fixed)
        return self._voltage(when).reshape(self.shape) / self.neurons[3][:, None]

    def voltages(self, times: Tensor) -> Tensor:
        """Return the voltages at given times, (time,), as (member, sample, neuron, time) [1].

        Raises
        ------
        InputError
            For times before 0 or after the end.
        """
        if not bool(((times >= 0) & (times <= self.end)).all()):  # nan too
            raise InputError.single("times", "some outside", f"times from 0 to {self.end:g}")
        rows = [
            self._voltage(self.times.new_full(self._runs_shape, float(t))).reshape(self.shape)
            / self.neurons[3][:, None]
            for t in times
        ]
        return torch.stack(rows, dim=-1)

    @property
    def _runs_shape(self) -> tuple[int, int]:
        return self.shape[0] * self.shape[1], self.shape[2]

    def _spread(self, values: Tensor) -> Tensor:
        """Values (member, neuron) for each arrival; once where all neurons have the same."""
        if not values.requires_grad and bool((values == values[:, :1]).all()):
            values = values[:, :1]
        return values[self.run // self.shape[1]]

    def _added(self, values: Tensor) -> Tensor:
        """Sum of values (arrival, neuron) over the arrivals of each run."""
        total = values.new_zeros(self._runs_shape).index_add(0, self.run, values)
        return total.reshape(self.shape)

    def _voltage(self, when: Tensor) -> Tensor:
        """U at one time for each run and neuron, (run, neuron)."""
        initial, tau_mem, tau_syn, _ = self.neurons
        member = torch.arange(self._runs_shape[0]) // self.shape[1]
        start = initial[member] * torch.exp(-when / tau_mem[member])
        alike = not when.requires_grad and bool((when == when[:, :1]).all())
        since = (when[:, :1] if alike else when)[self.run] - self.times
        past = since > 0
        safe = torch.where(past, since, 1.0)
        values = self.weights * response(safe, self._spread(tau_mem), self._spread(tau_syn))
        return start + self._added(torch.where(past, values, 0.0)).reshape(self._runs_shape)

    def _peaks(self) -> tuple[Tensor, Tensor]:
        """Where each voltage is largest: a time, or the number of the arrival at which it is."""
        order = torch.argsort(self.run, stable=True)
        counts = torch.bincount(self.run, minlength=self._runs_shape[0])
        offsets = np.concatenate([[0], np.cumsum(counts.numpy())])
        weights = self.weights[order]
        times = self.times[order].expand_as(weights)
        arrays = (np.ascontiguousarray(t.detach().numpy()) for t in (times, weights))
        initial, tau_mem, tau_syn, _ = (n.detach().numpy() for n in self.neurons)
        found = largest_voltages(
            *arrays, offsets, (initial, tau_mem, tau_syn), (self.shape[1], self.end)
        )
        fixed, place = (torch.from_numpy(array) for array in found)
        here = order[place.clamp_min(0)] if len(order) else place
        return fixed, torch.where(place >= 0, here, -1)


def weight_rate(decay: float | None) -> float:
    """Check the time constant of a weight exp(-t / decay), and return its rate.

    Parameters
    ----------
    decay : float or None
        Time constant; None for no weight [tau_syn].

    Returns
    -------
    float
        1 / decay, 0 without a weight [1/tau_syn].

    Raises
    ------
    InputError
        If the time constant is not a finite number above 0.
    """
    if decay is None:
        return 0.0
    refuse(number_problems("decay", decay, 0.0, strict=True))
    return 1.0 / decay


def charge(times: Tensor, left: Tensor, total_rate: Tensor, rate: float) -> Tensor:
    """Return integrals of the currents of unit arrivals, weighted by exp(-rate t).

    Parameters
    ----------
    times, left : Tensor
        When they arrive, and how much later the integral ends [tau_syn].
    total_rate : Tensor
        1 / tau_syn + rate of the neurons [1/tau_syn].
    rate : float
        Rate of the weight [1/tau_syn].
    """
    return -torch.expm1(-total_rate * left) / total_rate * torch.exp(-rate * times)


def response(s: Tensor, tau_mem: Tensor, tau_syn: Tensor) -> Tensor:
    """k(s) for s >= 0, precise and with precise derivatives where the time constants are equal."""
    x = s * (tau_mem - tau_syn).abs() / (tau_mem * tau_syn)
    small = x < 0.1
    safe = torch.where(small, 1.0, x)
    series = torch.ones_like(x)
    for n in range(10, 1, -1):  # (1 - exp(-x)) / x = 1 - x / 2 (1 - x / 3 (1 - ...))
        series = 1.0 - torch.where(small, x, 0.0) / n * series
    shape = torch.where(small, series, -torch.expm1(-safe) / safe)
    return s / tau_mem * torch.exp(-s / torch.maximum(tau_mem, tau_syn)) * shape
