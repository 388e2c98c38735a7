"""A network whose spikes come from a substrate, and their derivatives from the nominal model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lasersampling.arrays import as_array
from lasersampling.checks import absent_problems, kind_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import Arrays, Grid, Substrate
from lasersampling.hardware.substrate import substrate_problems
from lasersampling.lif.delays import AxonalDelays, DendriticDelays
from lasersampling.lif.layers import LIFLayer
from lasersampling.lif.network import Activity, SpikingNetwork
from lasersampling.lif.spike_times.first_spike import Layout, spikes_of

Gradient = Callable[[Tensor, Tensor, Tensor | None, Layout, Tensor], Tensor]
"""Gives derivatives to the observed spikes of a layer: (inputs, weights, synaptic delays, neurons,
observed) -> observed, differentiable by the first three. `spikes_of` does so in closed form."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer and the delays of whole neurons before and behind it."""

    axonal: AxonalDelays | None
    layer: LIFLayer
    dendritic: DendriticDelays | None


class InTheLoop:
    """Runs a network on a substrate; can replace a network anywhere.

    Parameters
    ----------
    network : SpikingNetwork
        The nominal model; its parameters are programmed, and learned.
    substrate : Substrate
        Device of the kind "lif".
    grid : Grid, optional
        Programmable weights, at which derivatives are taken.
    gradient : callable, optional
        Gives derivatives to observed spikes; in closed form by default.
    settings : mapping of str to ndarray, optional
        Further parameters of the substrate, such as calibrated thresholds.

    Raises
    ------
    InputError
        If network and substrate do not fit together.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        substrate: Substrate,
        *,
        grid: Grid | None = None,
        gradient: Gradient = spikes_of,
        settings: Arrays | None = None,
    ) -> None:
        refuse(
            kind_problems("network", network, SpikingNetwork, "a SpikingNetwork"),
            substrate_problems(substrate, "lif", "first"),
            kind_problems("grid", grid, Grid | None),
            kind_problems("settings", settings, Mapping | None, "a mapping of names to arrays"),
        )
        self.network, self.substrate = network, substrate
        self._grid = Grid() if grid is None else grid
        self._gradient, self._observed_bytes = gradient, 0
        self._settings = {} if settings is None else dict(settings)
        self._front, self._stages = _parted(network)
        about, sizes = substrate.description, network.sizes
        problems = []
        if about.sizes != sizes:
            problems.append(Problem("substrate", f"layers of {about.sizes}", f"{sizes}"))
        elif about.n_members != network.n_members:
            expected = f"{network.n_members}, one for each member of the network"
            problems.append(Problem("substrate", f"{about.n_members} chips", expected))
        if problems:
            raise InputError(problems)

    def parameters(self) -> Arrays:
        """Return what is programmed; see `hardware.substrate`."""
        arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = {}

        def add(name: str, values: Tensor) -> None:
            arrays[name] = values.detach().cpu().to(torch.float64).numpy()

        for k, stage in enumerate(self._stages):
            add(f"weights_{k}", stage.layer.weights)
            if stage.axonal is not None:
                add(f"axonal_delays_{k}", stage.axonal.delays())
            if stage.layer.synaptic_delays is not None:
                add(f"synaptic_delays_{k}", stage.layer.synaptic_delays.delays())
            if stage.dendritic is not None:
                add(f"dendritic_delays_{k}", stage.dendritic.delays())
        return arrays | self._settings

    def recorded(self) -> Mapping[str, float]:
        """Return how many bytes were observed in the last run, by the names of a history."""
        return {
            "observed_spike_bytes": float(self._observed_bytes), "observed_voltage_bytes": 0.0
        }  # fmt: skip

    def run(self, times: Tensor) -> Activity:
        """Return what the substrate shows, with the derivatives of the nominal model.

        Parameters
        ----------
        times : Tensor, shape (sample, input) or (member, sample, input)
            Input spikes [tau_syn].

        Raises
        ------
        InputError
            For negative times and nan.
        SubstrateError
            If the substrate fails.
        """
        problems = absent_problems("times", as_array(times, "times"))
        if problems:
            raise InputError(problems)
        if times.ndim == 2:
            times = times.expand(self.network.n_members, *times.shape)
        for module in self._front:
            times = module(times)
        sent = {"times": times.detach().cpu().to(torch.float64).numpy()}
        observed = self.substrate.run(self.parameters(), sent)
        self._observed_bytes = sum(
            own.nbytes for name, own in observed.items() if name.startswith("spikes_")
        )
        inputs, spikes = [], []
        for k, stage in enumerate(self._stages):
            if stage.axonal is not None:
                times = times + stage.axonal.delays()[:, None]
            inputs.append(times)
            seen = torch.from_numpy(np.array(observed[f"spikes_{k}"])).to(times)
            behind = None if stage.dendritic is None else stage.dendritic.delays()[:, None]
            own = seen if behind is None else seen - behind.detach()
            layer = stage.layer
            delays = None if layer.synaptic_delays is None else layer.synaptic_delays.delays()
            weights = realised(layer.weights, self._grid)
            times = self._gradient(times, weights, delays, layer.layout(), own)
            spikes.append(times)
            times = times if behind is None else times + behind
        return Activity(times, tuple(inputs), tuple(spikes))


def realised(weights: Tensor, grid: Grid) -> Tensor:
    """Round and clip weights; derivatives pass as if they were not.

    Parameters
    ----------
    weights : Tensor, shape (member, post, pre)
        The learned weights [1].
    grid : Grid
        Programmable values, for each member.
    """
    if grid.is_none:
        return weights
    with torch.no_grad():
        programmed = np.stack([grid.rounded(own) for own in weights.cpu().double().numpy()])
        change = torch.from_numpy(programmed).to(weights) - weights
    return weights + change


def _parted(network: SpikingNetwork) -> tuple[list[nn.Module], list[Stage]]:
    """Part a network into what prepares inputs, and layers with their delays."""
    front: list[nn.Module] = []
    stages: list[Stage] = []
    axonal: AxonalDelays | None = None
    for module in network.stages:
        is_dendritic = isinstance(module, DendriticDelays)
        if isinstance(module, LIFLayer):
            stages.append(Stage(axonal, module, None))
            axonal = None
        elif isinstance(module, DendriticDelays) and stages and stages[-1].dendritic is None:
            stages[-1] = Stage(stages[-1].axonal, stages[-1].layer, module)
        elif isinstance(module, AxonalDelays) and not is_dendritic and axonal is None:
            axonal = module
        elif not stages and axonal is None and not isinstance(module, AxonalDelays):
            front.append(module)
        else:
            stages.clear()
            break
    if not stages or axonal is not None:
        raise InputError.single(
            "network", ", ".join(type(module).__name__ for module in network.stages),
            "prepared inputs, then layers, each with axonal delays before or dendritic ones behind",
        )  # fmt: skip
    return front, stages
