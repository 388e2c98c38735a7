"""A network with its numbers on another device, or in another precision."""

from __future__ import annotations

import torch
from torch import Tensor

from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.parameters import NeuronNumbers


class MovedNetwork(NetworkDescription):
    """A view of a network whose numbers are moved when they are asked for.

    Derivatives go back to the parameters where these are. So a network that is kept on an
    accelerator can run on the CPU, and one in double precision can run in single.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    dtype : torch.dtype
        Precision.
    device : torch.device or str, optional
        Device; that of the network by default.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.populations.moved import MovedNetwork
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> network = PopulationNetwork(2, [Population(3)], [Connection(INPUTS, 0)], [0])
    >>> MovedNetwork(network, torch.float32).connection_weights(0).dtype
    torch.float32
    """

    def __init__(
        self,
        network: NetworkDescription,
        dtype: torch.dtype,
        device: torch.device | str | None = None,
    ) -> None:
        self._network, self._dtype, self._device = network, dtype, device
        self.n_inputs, self.n_members = network.n_inputs, network.n_members
        self.populations, self.connections = network.populations, network.connections

    def prepared(self, times: Tensor) -> Tensor:
        """Return what is sent into the network for given input times, (member, sample, input)."""
        return self._moved(self._network.prepared(times))

    def connection_weights(self, number: int) -> Tensor:
        """Return the weights of a connection, (member, source neuron, target neuron) [1]."""
        return self._moved(self._network.connection_weights(number))

    def synaptic_delays(self, number: int) -> Tensor | None:
        """Return the synaptic delays of a connection, shaped as its weights, or None [tau_syn]."""
        return self._if_any(self._network.synaptic_delays(number))

    def axonal_delays(self, source: int) -> Tensor | None:
        """Return the axonal delays of a population or of the inputs, (member, neuron) [tau_syn]."""
        return self._if_any(self._network.axonal_delays(source))

    def dendritic_delays(self, population: int) -> Tensor | None:
        """Return the dendritic delays of a population, (member, neuron), or None [tau_syn]."""
        return self._if_any(self._network.dendritic_delays(population))

    def neuron_numbers(self, population: int) -> NeuronNumbers:
        """Return what the neurons of a population are made of."""
        own = self._network.neuron_numbers(population)
        return NeuronNumbers(*(self._moved(values) for values in own))

    def _moved(self, values: Tensor) -> Tensor:
        return values.to(device=self._device or values.device, dtype=self._dtype)

    def _if_any(self, values: Tensor | None) -> Tensor | None:
        return None if values is None else self._moved(values)
