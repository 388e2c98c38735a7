"""Numbers that the spikes of a network depend on, as tensors that can carry derivatives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lasersampling.errors import InputError
from lasersampling.lif.populations.population import POSITIVE, Population


class Rows(NamedTuple):
    """Where spikes go.

    A *source* is an input or a spiking neuron: inputs have the numbers 0 to n_inputs - 1, neurons
    follow. A *row* is what one spike does at one time: it reaches all neurons from `low` to
    `high` - 1, each through a weight. A source has one row for each connection, or one for each
    synapse of it if these have delays of their own.

    Attributes
    ----------
    rows : array of int64 (source + 1,)
        Where the rows of each source begin.
    begin : array of int64 (row,)
        Where the weights of each row begin.
    low, high : array of int64 (row,)
        The first target of each row, and the one after its last.
    first : array of int64 (population + 1,)
        Where the neurons of each spiking population begin.
    """

    rows: NDArray[np.int64]
    begin: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    first: NDArray[np.int64]


class Numbers(NamedTuple):
    """Weights, delays and neurons of a network.

    Attributes
    ----------
    weights : Tensor, shape (member, weight)
        Weights of the rows, one row after the other [1].
    delays : Tensor, shape (member, row)
        From a spike to its arrival, at least 0 [tau_syn].
    gap, reset, initial : Tensor, shape (member, neuron)
        Voltages at the threshold, after a spike and at time 0, from the leak, times the
        conductance [1].
    tau_mem, tau_syn, refractory : Tensor, shape (member, neuron)
        Time constants and refractory period, inf for neurons that spike once [tau_syn].
    """

    weights: Tensor
    delays: Tensor
    gap: Tensor
    reset: Tensor
    initial: Tensor
    tau_mem: Tensor
    tau_syn: Tensor
    refractory: Tensor


class NeuronNumbers(NamedTuple):
    """What the neurons of a population are made of; the first six as in `Numbers`.

    Attributes
    ----------
    gap, reset, initial : Tensor, shape (member, neuron)
        Voltages at the threshold, after a spike and at time 0, from the leak, times the
        conductance [1].
    tau_mem, tau_syn, refractory : Tensor, shape (member, neuron)
        Time constants and refractory period [tau_syn].
    conductance, leak : Tensor, shape (member, neuron)
        Leak conductance and voltage of the leak [1].
    """

    gap: Tensor
    reset: Tensor
    initial: Tensor
    tau_mem: Tensor
    tau_syn: Tensor
    refractory: Tensor
    conductance: Tensor
    leak: Tensor


class NeuronParameters(nn.Module):
    """Parameters of the neurons of a population for an ensemble, those that are learned among them.

    Parameters
    ----------
    population : Population
        Holds their values.
    n_members : int
        Number of networks.
    """

    def __init__(self, population: Population, n_members: int) -> None:
        super().__init__()
        neuron = population.neuron
        values = {
            "threshold": neuron.threshold, "leak": neuron.leak, "conductance": neuron.conductance,
            "tau_mem": neuron.tau_mem, "tau_syn": neuron.tau_syn, "reset": population.reset,
            "refractory": population.refractory, "initial": population.initial,
        }  # fmt: skip
        self._logarithms = set(POSITIVE) & set(population.learned)
        self.initially_at_leak = "initial" not in population.learned and np.array_equal(
            np.asarray(population.initial), np.asarray(neuron.leak)
        )
        shape = (n_members, population.n_neurons)
        for name, value in values.items():
            given = np.asarray(value, float)
            if given.ndim == 2 and len(given) not in (1, n_members):
                got = f"values for {len(given)} members"
                raise InputError.single(f"neuron.{name}", got, f"for {n_members}")
            full = torch.from_numpy(np.broadcast_to(given, shape).copy())
            # Other names for other meanings, so that one state is not loaded as another.
            if name in self._logarithms:
                self.register_parameter(f"log_{name}", nn.Parameter(full.log()))
            elif name in population.learned:
                self.register_parameter(name, nn.Parameter(full))
            elif name != "initial" or not self.initially_at_leak:
                self.register_buffer(name, full)

    def value(self, name: str) -> Tensor:
        """Return a parameter in its unit, shape (member, neuron)."""
        is_logarithm = name in self._logarithms
        own: Tensor = getattr(self, f"log_{name}" if is_logarithm else name)
        return own.exp() if is_logarithm else own

    def numbers(self) -> NeuronNumbers:
        """Return what the engines need."""
        leak, conductance = self.value("leak"), self.value("conductance")
        initial = leak if self.initially_at_leak else self.value("initial")
        threshold, reset, tau_mem, tau_syn, refractory = (
            self.value(name) for name in ("threshold", "reset", "tau_mem", "tau_syn", "refractory")
        )
        return NeuronNumbers(
            gap=(threshold - leak) * conductance,
            reset=(reset - leak) * conductance,
            initial=(initial - leak) * conductance,
            tau_mem=tau_mem,
            tau_syn=tau_syn,
            refractory=refractory,
            conductance=conductance,
            leak=leak,
        )
