"""What a network did on a time grid."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lasersampling.lif.grid.step import Cells
from lasersampling.lif.grid.traces import Chosen, Traces
from lasersampling.lif.populations.activity import Activity
from lasersampling.lif.populations.readouts import charge, weight_rate
from lasersampling.lif.populations.spikes import SpikeEvents


@dataclass(frozen=True, eq=False)
class GridSpikes:
    """Spikes of a population.

    Attributes
    ----------
    traces : Traces
        What happened in each step.
    gap : Tensor, shape (member, 1, neuron)
        U at the threshold [1].
    delays : Tensor or None, shape (member, 1, neuron)
        Dendritic delays, by which spikes are later [tau_syn].
    length : float
        Length of a step [tau_syn].
    smallest_slope : float
        Least slope of U in derivatives [1/tau_syn].
    """

    traces: Traces
    gap: Tensor
    delays: Tensor | None
    length: float
    smallest_slope: float

    @property
    def end(self) -> float:
        """When the run ends [tau_syn]."""
        return len(self.traces.spikes) * self.length

    @property
    def times(self) -> Tensor:
        """When neurons spike in each step, inf where not, (step, member, sample, neuron) [tau_syn].

        Derivatives are those of the crossing of the threshold.
        """
        spikes = self.traces.spikes.detach()
        step = torch.arange(len(spikes), dtype=spikes.dtype, device=spikes.device)
        chosen = Chosen(lambda values: values, step[:, None, None, None], self.gap)
        return torch.where(spikes > 0, self._sent(chosen, self.delays), torch.inf)

    def first(self) -> Tensor:
        """Return the first spike of each neuron, (member, sample, neuron), inf for none."""
        is_any, step = self.traces.spikes.detach().max(dim=0, keepdim=True)
        chosen = Chosen(lambda values: values.gather(0, step)[0], step[0], self.gap)
        return torch.where(is_any[0] > 0, self._sent(chosen, self.delays), torch.inf)

    def counts(self) -> Tensor:
        """Return the number of spikes of each neuron, (member, sample, neuron).

        They have the derivatives of the surrogate, and are floating-point numbers therefore.
        """
        spikes = self.traces.spikes
        if self.delays is not None:  # some come after the end
            with torch.no_grad():
                is_in = torch.isfinite(self.times)
            spikes = torch.where(is_in, spikes, 0.0)
        return spikes.sum(dim=0)

    def events(self) -> SpikeEvents:
        """Return the spikes as events, whose times have the derivatives of `times`."""
        spikes = self.traces.spikes.detach()
        _, n_members, n_samples, n_neurons = spikes.shape
        n_runs = n_members * n_samples
        where = self.traces.where
        cell = where % (n_runs * n_neurons)
        run, neuron = cell // n_neurons, cell % n_neurons
        own = run // n_samples, torch.zeros_like(run), neuron
        step = where // (n_runs * n_neurons)
        chosen = Chosen(lambda values: values.flatten()[where], step, self.gap[own])
        delays = None if self.delays is None else self.delays[own]
        times = self._sent(chosen, delays)
        in_order = times.detach().argsort(stable=True)
        in_order = in_order[torch.isfinite(times.detach()[in_order])]
        in_order = in_order[run[in_order].argsort(stable=True)]
        counts = torch.bincount(run[in_order], minlength=n_runs)
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        return SpikeEvents(
            offsets, neuron[in_order], times[in_order], n_members, n_samples, n_neurons
        )

    def _sent(self, chosen: Chosen, delays: Tensor | None) -> Tensor:
        """When spikes leave their neurons, inf for those after the end."""
        times = self.traces.times(chosen, self.length, self.smallest_slope)
        if delays is None:
            return times
        later = times + delays
        return torch.where(later <= self.end, later, torch.inf)


@dataclass(frozen=True, eq=False)
class GridVoltages:
    """Voltages of a population of leaky integrators, as `populations.readouts.LeakyReadout`.

    Attributes
    ----------
    scaled : Tensor, shape (point, member, sample, neuron)
        U, the voltage from the leak times the conductance, at each point of the grid [1].
    arriving : Tensor, of the same shape
        Weights that arrive there [1].
    cells : Cells
        The neurons.
    conductance : Tensor, shape (member, 1, neuron)
        Leak conductance [1].
    length : float
        Length of a step [tau_syn].
    """

    scaled: Tensor
    arriving: Tensor
    cells: Cells
    conductance: Tensor
    length: float

    def maximum(self) -> Tensor:
        """Return the largest voltages at points of the grid, (member, sample, neuron) [1]."""
        return self.scaled.max(dim=0).values / self.conductance

    def integral(self, decay: float | None = None) -> Tensor:
        """Return the integrals of the voltages; see `LeakyReadout.integral`.

        Parameters
        ----------
        decay : float, optional
            Time constant of the weight [tau_syn].
        """
        rate = weight_rate(decay)
        n_points = len(self.scaled)
        points = torch.arange(n_points, dtype=self.scaled.dtype, device=self.scaled.device)
        times = (points * self.length)[:, None, None, None]
        # Of tau_mem dU/dt = I - U, times exp(-rate t) and integrated, as for exact read-outs.
        total_rate = 1.0 / self.cells.tau_syn + rate
        by_arrival = charge(times, times[-1] - times, total_rate, rate)
        by_current = (self.arriving * by_arrival).sum(dim=0)
        change = self.scaled[-1] * torch.exp(-rate * times[-1]) - self.scaled[0]
        tau_mem = self.cells.tau_mem
        return (by_current - tau_mem * change) / (1.0 + rate * tau_mem) / self.conductance

    def voltages(self) -> Tensor:
        """Return the voltages at the points of the grid, (member, sample, neuron, point) [1]."""
        return (self.scaled / self.conductance).permute(1, 2, 3, 0)


@dataclass(frozen=True, eq=False)
class GridActivity(Activity[GridSpikes]):
    """Spikes and voltages of a network that has run on a time grid.

    Attributes
    ----------
    parts : tuple of GridSpikes or GridVoltages
        Spikes of each population, or its voltages if it does not spike.
    """
