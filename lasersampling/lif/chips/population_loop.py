"""A network of populations whose spikes come from a substrate, and their derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lasersampling.checks import kind_problems, refuse
from lasersampling.errors import InputError, Problem, SubstrateError
from lasersampling.hardware import Arrays, Grid, Substrate
from lasersampling.hardware.ragged import ALL, connections_text, parsed_connections
from lasersampling.hardware.substrate import substrate_problems
from lasersampling.lif.chips.in_the_loop import realised
from lasersampling.lif.chips.ragged import spike_arrays, spike_events
from lasersampling.lif.events.observed import observed_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.activity import GridActivity
from lasersampling.lif.grid.observed import observed_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.activity import NetworkActivity
from lasersampling.lif.populations.checks import input_problems, parameter_problems
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.moved import MovedNetwork
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.spikes import SpikeEvents

LoopMethod = Literal["eventprop", "surrogate"]
"""Where derivatives come from."""

_ON_CHIP = ("threshold", "leak", "conductance", "tau_mem", "tau_syn")
"""Parameters of neurons that are programmed if they are learned."""

_ROUNDING = 1e-9


class ObservedBytes(NamedTuple):
    """Size of what a device has shown in one step of training.

    Attributes
    ----------
    spikes, voltages : int
        Bytes of the arrays of spikes, and of voltages: the latter in the bits in which the device
        tells them, if it says so.
    """

    spikes: int
    voltages: int


class PopulationInTheLoop:
    """Runs a network of populations on a substrate.

    The device runs the populations that spike. Read-outs without threshold are computed in the
    nominal model, from the spikes that were observed.

    Parameters
    ----------
    network : NetworkDescription
        The nominal model, such as a `PopulationNetwork`; its parameters are programmed and learned.
    substrate : Substrate
        Device of the kind "lif". One that tells first spikes only is accepted for layers of neurons
        that spike once.
    method : "eventprop" or "surrogate"
        Derivatives along the observed spikes (`observed_events`), or on a grid at observed spikes
        and sampled voltages (`observed_on_grid`).
    settings : EventSettings or GridSettings
        Of the method.
    grid : Grid, optional
        Programmable weights, at which derivatives are taken.
    programmed : mapping of str to ndarray, optional
        Further parameters of the substrate, such as calibrated thresholds; see
        `hardware.substrate`. What is learned comes from the network.

    Attributes
    ----------
    observed_bytes : ObservedBytes
        Size of what was observed in the last run.

    Raises
    ------
    InputError
        If network, substrate, method and settings do not fit together.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.chips.population_loop import PopulationInTheLoop
    >>> from lasersampling.lif.chips.populations import PopulationChip
    >>> from lasersampling.lif.events.settings import EventSettings
    >>> from lasersampling.lif.populations.layered import SpikingAgain
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> network = PopulationNetwork(
    ...     2, [Population(3, refractory=0.5)], [Connection(INPUTS, 0, 5.0, 0.0)], [0]
    ... )
    >>> chip = PopulationChip("ideal", (2, 3), [0])
    >>> settings = EventSettings(end=5.0, smallest_slope=0.1)
    >>> loop = PopulationInTheLoop(network, chip, method="eventprop", settings=settings)
    >>> inputs = SpikeEvents.from_trains([[(0.0, 0), (0.4, 1)]], 2)
    >>> loop.run(inputs).spikes().counts().tolist()
    [[[1.0, 1.0, 1.0]]]
    >>> loop.observed_bytes
    ObservedBytes(spikes=64, voltages=0)
    """

    def __init__(
        self,
        network: NetworkDescription,
        substrate: Substrate,
        *,
        method: LoopMethod = "eventprop",
        settings: EventSettings | GridSettings,
        grid: Grid | None = None,
        programmed: Arrays | None = None,
    ) -> None:
        problems = [
            *kind_problems("network", network, NetworkDescription, "a PopulationNetwork"),
            *substrate_problems(substrate, "lif"),
            *kind_problems("grid", grid, Grid | None),
            *kind_problems("programmed", programmed, Mapping | None, "names and arrays"),
        ]
        if method not in get_args(LoopMethod):
            problems.append(Problem("method", repr(method), "'eventprop' or 'surrogate'"))
        else:
            kind = EventSettings if method == "eventprop" else GridSettings
            problems += kind_problems("settings", settings, kind)
        refuse(problems)
        self.network, self.substrate = network, substrate
        self.observed_bytes = ObservedBytes(0, 0)
        self._settings, self._further = settings, dict(programmed or {})
        self._view = _RealisedNetwork(network, Grid() if grid is None else grid)
        self._spiking = [k for k, p in enumerate(network.populations) if p.spiking]
        self._several = substrate.description.facts.get("spikes") == ALL
        refuse(self._device_problems())
        refuse(self._end_problems())

    def run(self, inputs: SpikeEvents) -> NetworkActivity | GridActivity:
        """Return what the substrate shows, with the derivatives of the nominal model.

        Parameters
        ----------
        inputs : SpikeEvents
            Input spikes, from time 0 on, prepared as for the engines (`prepared` of the network).

        Raises
        ------
        InputError
            As for the engines; for inputs that spike more than once, if the substrate knows one
            spike of each only.
        SubstrateError
            If the substrate fails, or does not show what it was asked for.
        """
        refuse(input_problems(self.network, inputs))
        refuse(parameter_problems(self.network))
        shown = self.substrate.run(self.parameters(), self._sent(inputs))
        observed: list[SpikeEvents | None] = [None] * len(self.network.populations)
        for place, k in enumerate(self._spiking):
            observed[k] = self._spikes(shown, f"spikes_{place}", inputs.n_samples, k)
        self.observed_bytes = self._size_of(shown)
        if isinstance(self._settings, EventSettings):
            return observed_events(self._view, inputs, observed, self._settings)
        voltages: list[Tensor | None] = [None] * len(observed)
        for place, k in enumerate(self._spiking):
            array = _of(shown, f"voltages_{place}")
            voltages[k] = torch.from_numpy(np.array(array, dtype=np.float64))
        return observed_on_grid(
            self._view, inputs, observed, voltages, self._interval, self._settings
        )

    def parameters(self) -> Arrays:
        """Return what is programmed; see `hardware.substrate`."""
        network, arrays = self.network, dict(self._further)

        def add(name: str, values: Tensor | None) -> None:
            if values is not None:
                arrays[name] = values.detach().cpu().to(torch.float64).numpy()

        for number, k in enumerate(self._connections):
            add(f"weights_{number}", network.connection_weights(k).transpose(1, 2))
            synaptic = network.synaptic_delays(k)
            add(f"synaptic_delays_{number}", None if synaptic is None else synaptic.transpose(1, 2))
        layers = len(self._spiking) if not self._several else len(self._spiking) + 1
        for place, k in enumerate([INPUTS, *self._spiking][:layers]):
            add(f"axonal_delays_{place}", network.axonal_delays(k))
        for place, k in enumerate(self._spiking):
            add(f"dendritic_delays_{place}", network.dendritic_delays(k))
            own = network.neuron_numbers(k)
            values = own._asdict()
            for name in ("reset", "initial"):
                values[name] = values[name] / own.conductance + own.leak
            values["threshold"] = own.gap / own.conductance + own.leak
            wanted = {name for name in _ON_CHIP if name in network.populations[k].learned}
            wanted |= {"initial"} if bool((own.initial != 0).any()) else set()
            wanted |= {"reset", "refractory"} if self._several else set()
            for name in sorted(wanted):
                add(f"{name}_{place}", values[name])
        return arrays

    @property
    def _connections(self) -> list[int]:
        """Numbers of the connections between spiking neurons."""
        pairs = enumerate(self.network.connections)
        return [k for k, c in pairs if self.network.populations[c.target].spiking]

    def _pairs(self) -> tuple[tuple[int, int], ...]:
        """Source and target of each, as the device counts populations."""
        place = {INPUTS: INPUTS, **{k: number for number, k in enumerate(self._spiking)}}
        own = (self.network.connections[k] for k in self._connections)
        return tuple((place[c.source], place[c.target]) for c in own)

    def _device_problems(self) -> list[Problem]:
        about, network = self.substrate.description, self.network
        sizes = network.n_inputs, *(network.size(k) for k in self._spiking)
        if about.sizes != sizes:
            expected = f"{sizes}, the spiking populations of the network"
            return [Problem("substrate", f"inputs and populations of {about.sizes}", expected)]
        if about.n_members != network.n_members:
            expected = f"{network.n_members}, one for each member of the network"
            return [Problem("substrate", f"{about.n_members} chips", expected)]
        layers = tuple((k - 1, k) for k in range(len(self._spiking)))
        if self._several:
            connected = parsed_connections(about.facts.get("connections"), len(self._spiking))
        else:
            connected = layers
            periods = [network.neuron_numbers(k).refractory for k in self._spiking]
            if not all(bool((own == math.inf).all()) for own in periods):
                got = "a device that tells the first spike of each neuron"
                expected = "one whose fact `spikes` is 'all', as neurons may spike again here"
                return [Problem("substrate", got, expected)]
        if connected != self._pairs():
            got = f"connections {connections_text(connected)}"
            expected = f"{connections_text(self._pairs())}, those of the network"
            return [Problem("substrate", got, expected)]
        return []

    def _end_problems(self) -> list[Problem]:
        facts, end = self.substrate.description.facts, float(self._settings.end)
        if isinstance(self._settings, GridSettings) and facts.get("voltages") is not True:
            got = "a device that does not tell voltages of membranes"
            return [Problem("substrate", got, "one that does, for method = 'surrogate'")]
        period = float(facts.get("sample_period", math.inf))
        if period * (1.0 + _ROUNDING) < end < math.inf:
            expected = f"at most {period:g}, until which the device is observed"
            return [Problem("settings.end", f"{end:g}", expected)]
        return []

    @property
    def _interval(self) -> float:
        """Time between samples of voltages: a step, or what the device can do [tau_syn]."""
        assert isinstance(self._settings, GridSettings)
        shortest = float(self.substrate.description.facts.get("voltage_interval", 0.0))
        return max(self._settings.length, shortest)

    def _sent(self, inputs: SpikeEvents) -> Arrays:
        if self._several:
            sent = dict(spike_arrays("events", inputs))
            if isinstance(self._settings, GridSettings):
                sent["voltage_interval"] = np.array(self._interval)
            return sent
        if bool((inputs.counts().detach() > 1).any()):
            got, expected = "inputs that spike more than once", "one spike each, for this substrate"
            raise InputError.single("inputs", got, expected)
        return {"times": inputs.first().detach().cpu().to(torch.float64).numpy()}

    def _spikes(self, shown: Arrays, name: str, n_samples: int, population: int) -> SpikeEvents:
        sizes = self.network.n_members, n_samples, self.network.size(population)
        try:
            if self._several:
                return spike_events(shown, name, sizes)
            times = torch.from_numpy(np.array(_of(shown, name), dtype=np.float64))
            if times.shape != sizes:
                raise InputError.single(name, f"shape {tuple(times.shape)}", f"{sizes}")
            return SpikeEvents.from_times(times)
        except InputError as error:
            raise SubstrateError(f"the device has shown unusable spikes: {error}") from error

    def _size_of(self, shown: Arrays) -> ObservedBytes:
        n_bits = self.substrate.description.facts.get("voltage_bits")
        spikes, voltages = 0, 0
        for name, array in shown.items():
            if name.startswith("spikes_"):
                spikes += array.nbytes
            elif name.startswith("voltages_"):
                bits = 8 * array.itemsize if n_bits is None else int(n_bits)
                voltages += math.ceil(array.size * bits / 8)
        return ObservedBytes(spikes, voltages)


class _RealisedNetwork(MovedNetwork):
    """A network with the weights that can be programmed; derivatives pass straight through."""

    def __init__(self, network: NetworkDescription, grid: Grid) -> None:
        super().__init__(network, network.connection_weights(0).dtype)
        self._grid = grid

    def connection_weights(self, number: int) -> Tensor:
        """Return the weights of a connection; those of read-outs are not on the device."""
        weights = super().connection_weights(number)
        if not self.populations[self.connections[number].target].spiking:
            return weights
        return realised(weights.transpose(1, 2), self._grid).transpose(1, 2)


def _of(shown: Arrays, name: str) -> NDArray[np.float64]:
    """An array that a device has to show."""
    if name not in shown:
        got = ", ".join(sorted(shown)) or "nothing"
        raise SubstrateError(f"the device was asked for {name!r}, and has shown {got}")
    return shown[name]
