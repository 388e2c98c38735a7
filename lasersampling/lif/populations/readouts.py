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
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from lasersampling.checks import number_problems, refuse
from lasersampling.errors import InputError
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.peaks import (
    Arriving,
    ReadoutSlopes,
    largest_back,
    largest_voltages,
)
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.spikes import SpikeEvents


@dataclass(frozen=True, eq=False)
class LeakyReadout:
    """Voltages of a population of leaky integrators, from time 0 to the end.

    Attributes
    ----------
    times : Tensor, shape (arrival, neuron or 1)
        When spikes arrive, at each neuron or at all of them; those of a run together [tau_syn].
    row : Tensor of int64, shape (arrival,)
        Which row of the weights each of them has.
    offsets : Tensor of int64, shape (member * sample + 1,)
        Where the arrivals of each run begin.
    weights : Tensor, shape (member, row, neuron)
        Weights, the sources of all connections one after the other [1].
    neurons : tuple of Tensor, each (member, neuron)
        Initial voltage times the conductance [1], time constants tau_mem and tau_syn [tau_syn],
        conductance [1].
    end : float
        When voltages are no longer read out [tau_syn].
    """

    times: Tensor
    row: Tensor
    offsets: Tensor
    weights: Tensor
    neurons: tuple[Tensor, Tensor, Tensor, Tensor]
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
        times, weights, rows, runs, filled = [], [], [], [], 0
        for k, c in enumerate(network.connections):
            sent = inputs if c.source == INPUTS else spikes[c.source]
            if c.target != population or sent is None:
                continue
            delays = network.connection_delays(k)[sent.run // sent.n_samples, sent.neuron]
            times.append(sent.time[:, None] + (delays if delays.ndim == 2 else delays[:, None]))
            weights.append(network.connection_weights(k))
            rows.append(filled + sent.neuron)
            runs.append(sent.run)
            filled += network.size(c.source)
        width = max(own.shape[1] for own in times)
        time, row = torch.cat([own.expand(-1, width) for own in times]), torch.cat(rows)
        run = torch.cat(runs)
        if len(runs) > 1:
            order = torch.argsort(run, stable=True)
            time, row, run = time[order], row[order], run[order]
        n_runs = network.n_members * inputs.n_samples
        offsets = torch.searchsorted(run, torch.arange(n_runs + 1, device=run.device))
        own = network.neuron_numbers(population)
        neurons = (own.initial, own.tau_mem, own.tau_syn, own.conductance)
        return cls(time, row, offsets, torch.cat(weights, dim=1), neurons, end)

    @property
    def run(self) -> Tensor:
        """Run of each arrival: member * n_samples + sample."""
        runs = torch.arange(len(self.offsets) - 1, device=self.offsets.device)
        return torch.repeat_interleave(runs, self.offsets.diff(), output_size=len(self.times))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of members, samples and neurons."""
        n_members, _, n_neurons = self.weights.shape
        return n_members, (len(self.offsets) - 1) // n_members, n_neurons

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
        current = charge(self.times, left, self._spread(1.0 / tau_syn) + rate, rate)
        by_current = self._added(torch.where(left > 0, current, 0.0))
        change = math.exp(-rate * self.end) * self._voltage(self.end) - initial[:, None]
        value = (by_current - tau_mem[:, None] * change) / (1.0 + rate * tau_mem[:, None])
        return value / conductance[:, None]

    def maximum(self, of: Tensor | None = None) -> Tensor:
        """Return the largest voltages, shape (member, sample, neuron) [1].

        Parameters
        ----------
        of : Tensor of bool, shape (member, sample, neuron), optional
            Neurons of which it is asked, all by default; the value of others has no meaning. Time
            goes by how many they are.

        Raises
        ------
        InputError
            If they are of another shape, or no flags.
        """
        initial, tau_mem, tau_syn, conductance = self.neurons
        asked = of
        if asked is None:
            asked = torch.ones(self.shape, dtype=torch.bool, device=self.weights.device)
        elif not isinstance(asked, Tensor) or asked.dtype != torch.bool:
            got = asked.dtype if isinstance(asked, Tensor) else type(asked).__name__
            raise InputError.single("of", str(got), "a tensor of bool")
        elif asked.shape != self.shape:
            raise InputError.single("of", f"shape {tuple(asked.shape)}", f"shape {self.shape}")
        largest: Tensor = _Largest.apply(
            self.times, self.weights, initial, tau_mem, tau_syn,
            (self.row, self.offsets, self.end, asked.flatten(0, 1)),
        )  # fmt: skip
        return largest.reshape(self.shape) / conductance[:, None]

    def voltages(self, times: Tensor) -> Tensor:
        """Return the voltages at given times, (time,), as (member, sample, neuron, time) [1].

        Raises
        ------
        InputError
            For times before 0 or after the end.
        """
        if not bool(((times >= 0) & (times <= self.end)).all()):  # nan too
            raise InputError.single("times", "some outside", f"times from 0 to {self.end:g}")
        rows = [self._voltage(float(t)) / self.neurons[3][:, None] for t in times]
        return torch.stack(rows, dim=-1)

    def _spread(self, values: Tensor) -> Tensor:
        """Values (member, neuron) for each arrival; once where all neurons have the same."""
        if not values.requires_grad and bool((values == values[:, :1]).all()):
            values = values[:, :1]
        return values[self.run // self.shape[1]]

    def _added(self, values: Tensor) -> Tensor:
        """Sum of weights * values (arrival, neuron or 1) over the arrivals of each run."""
        n_members, n_samples, n_neurons = self.shape
        if values.shape[1] == 1:
            n_rows = self.weights.shape[1]
            place = self.run * n_rows + self.row
            by_row = values.new_zeros(n_members * n_samples * n_rows)
            by_row = by_row.index_add(0, place, values[:, 0])
            return by_row.reshape(n_members, n_samples, n_rows) @ self.weights
        weighted = self.weights[self.run // n_samples, self.row] * values
        total = values.new_zeros(n_members * n_samples, n_neurons)
        return total.index_add(0, self.run, weighted).reshape(self.shape)

    def _voltage(self, when: float) -> Tensor:
        """U at a time, (member, sample, neuron)."""
        initial, tau_mem, tau_syn, _ = self.neurons
        since = when - self.times
        past = since > 0
        safe = torch.where(past, since, 1.0)
        values = response(safe, self._spread(tau_mem), self._spread(tau_syn))
        start = initial * torch.exp(-when / tau_mem)
        return start[:, None] + self._added(torch.where(past, values, 0.0))


class _Largest(torch.autograd.Function):
    """Largest voltages U, (run, neuron); see `peaks`."""

    @staticmethod
    def forward(ctx: Any, times: Tensor, weights: Tensor, *rest: Any) -> Tensor:
        initial, tau_mem, tau_syn, (row, offsets, end, asked) = rest
        ctx.arriving = Arriving(
            _array(times), _array(row), _array(offsets), _array(weights),
            _array(initial), _array(tau_mem), _array(tau_syn), float(end),
        )  # fmt: skip
        ctx.maxima = largest_voltages(ctx.arriving, asked.cpu().numpy())
        return torch.from_numpy(ctx.maxima.value).to(weights)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        a = ctx.arriving
        shapes = (a.time, a.weights, a.initial, a.tau_mem, a.tau_syn)
        slopes = ReadoutSlopes(*(np.zeros(array.shape) for array in shapes))
        with_taus = any(ctx.needs_input_grad[3:5])
        largest_back(a, ctx.maxima, _array(upstream), with_taus, slopes)
        return *(torch.from_numpy(array).to(upstream) for array in slopes), None


def _array(tensor: Tensor) -> NDArray[Any]:
    """Values in double precision, or whole numbers, in one piece of memory."""
    values = tensor.detach().cpu()
    values = values.double() if values.is_floating_point() else values
    return np.ascontiguousarray(values.numpy())


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
