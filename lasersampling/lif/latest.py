"""The latest possible spikes of a network, for any sample.

A neuron spikes while its current is above the gap c between rest and threshold, since only then
does its voltage rise through the threshold. The current is at most that of the excitatory inputs,

    c <= I(t) <= sum_i max(w_i, 0) exp(-(t - T_i) / tau_syn),

where T_i is the latest arrival of input i. So t <= tau_syn log(sum_i max(w_i, 0) exp(T_i / tau_syn)
/ c), which is at most tau_syn log(sum_i max(w_i, 0) / c) after the last arrival; layer by layer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lasersampling.lif.layers import LIFLayer
from lasersampling.lif.network import SpikingNetwork


def latest_spikes(network: SpikingNetwork, times: Tensor) -> Tensor:
    """Bound the output spikes of a network from above.

    Parameters
    ----------
    network : SpikingNetwork
        The network, with its weights and delays as they are.
    times : Tensor, shape (sample, input) or (member, sample, input)
        Input spikes, inf if there is none: each input comes at the latest of its times.

    Returns
    -------
    Tensor, shape (member, neuron)
        Times after which no output neuron spikes, -inf for those that cannot [tau_syn].

    Examples
    --------
    One input at time 0 with weight 2 e: the current falls to 1 at t = 1 + log 2.

    >>> import torch
    >>> from lasersampling.lif import network_from_arrays
    >>> from lasersampling.lif.latest import latest_spikes
    >>> network = network_from_arrays({"weights_0": [[5.43656366]]})
    >>> latest_spikes(network, torch.zeros(1, 1, dtype=torch.float64))
    tensor([[1.6931]], dtype=torch.float64)
    """
    return _through(network, times, _of_layer)


def last_arrivals(network: SpikingNetwork, times: Tensor) -> Tensor:
    """Give the time at which the last input can reach each output neuron, if passed on at once.

    Parameters
    ----------
    network, times
        As for `latest_spikes`.

    Returns
    -------
    Tensor, shape (member, neuron)
        Latest input spike and the longest delays on its way, whatever the weights [tau_syn].
    """
    return _through(network, times, lambda layer, last: _arrivals(layer, last).amax(-1)[:, None])


def _through(
    network: SpikingNetwork, times: Tensor, of_layer: Callable[[LIFLayer, Tensor], Tensor]
) -> Tensor:
    """Carry the latest inputs through all stages, the layers of neurons by `of_layer`."""
    with torch.no_grad():
        given = times.expand(network.n_members, *times.shape) if times.ndim == 2 else times
        last = torch.where(torch.isfinite(given), given, -torch.inf).amax(1, keepdim=True)
        for stage in network.stages:
            last = of_layer(stage, last) if isinstance(stage, LIFLayer) else stage(last)
        return last[:, 0]


def _arrivals(layer: LIFLayer, last: Tensor) -> Tensor:
    """Arrivals of the latest spikes (member, 1, pre) at each neuron, shape (member, post, pre)."""
    arrivals = last.expand_as(layer.weights)
    return arrivals if layer.synaptic_delays is None else arrivals + layer.synaptic_delays()


def _of_layer(layer: LIFLayer, last: Tensor) -> Tensor:
    """Bound the spikes of a layer by the last arrivals (member, 1, pre)."""
    layout = layer.layout()
    weights = layer.weights.clamp_min(0.0)
    arrivals = _arrivals(layer, last)
    shape = weights.shape[:2]
    tau_syn, gap = (
        value.to(weights).reshape(len(value), -1).expand(shape)
        for value in (layout.tau_syn, layout.gap)
    )
    reach = torch.where(torch.isfinite(arrivals), weights, 0.0).sum(-1)
    total = torch.logsumexp(torch.log(weights) + arrivals / tau_syn[..., None], -1)
    bound = tau_syn * (total - torch.log(gap))
    return torch.where(reach > gap, bound, -torch.inf)[:, None]
