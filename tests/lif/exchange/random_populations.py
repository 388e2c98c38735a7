"""Random networks of populations, and how two of them are compared."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from lasersampling.lif import DelayRange, Neuron, Streams
from lasersampling.lif.exchange.population_arrays import OF_NETWORK, population_arrays
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, LEARNABLE, Connection, Population

SPAN = DelayRange(initial_std=1.0)


@st.composite
def networks(draw: Any) -> PopulationNetwork:
    """Up to three populations, connected in any way, with any delays and parameters."""
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    members, n_inputs, *sizes = draw(st.lists(st.integers(1, 3), min_size=3, max_size=5))
    spiking = [True, *(draw(st.booleans()) for _ in sizes[1:])]

    def maybe(value: Any, otherwise: Any = None) -> Any:
        return value if draw(st.booleans()) else otherwise

    def spread(low: float, high: float, n: int) -> Any:
        shape = draw(st.sampled_from([(), (n,), (members, n)]))
        return generator.uniform(low, high, shape)[()]

    populations = []
    for n, spikes in zip(sizes, spiking, strict=True):
        neuron = Neuron(
            spread(0.6, 1.2, n), spread(-0.2, 0.2, n), spread(0.5, 2.0, n), spread(0.5, 3.0, n),
            spread(0.5, 2.0, n),
        )  # fmt: skip
        learnable = [name for name in LEARNABLE if spikes or name in ("leak", "tau_mem", "initial")]
        learned = tuple(draw(st.lists(st.sampled_from(learnable), max_size=3)))
        refractory = spread(0.1, 0.6, n) if "refractory" in learned else maybe(0.3, np.inf)
        initial = maybe(spread(-0.3, 0.3, n))
        has_delay = not spikes or (initial is None and "initial" not in learned)
        populations.append(
            Population(
                n, neuron, spread(-0.5, 0.0, n), refractory, initial, spikes, learned,
                maybe(SPAN) if spikes else None, maybe(SPAN) if has_delay else None,
            )
        )  # fmt: skip
    ends = [(INPUTS if k == 0 else 0, k) for k in range(len(sizes))]
    sources = [INPUTS, *(k for k in range(len(sizes)) if spiking[k])]
    others = itertools.product(sources, range(len(sizes)))
    ends += draw(st.lists(st.sampled_from(list(others)), max_size=4))
    connections = [Connection(*pair, 0.5, 0.5, delays=maybe(SPAN)) for pair in ends]
    streams = Streams([seed % 1000 + k for k in range(members)])
    network = PopulationNetwork(n_inputs, populations, connections, streams, axonal=maybe(SPAN))
    with torch.no_grad():
        for parameter in network.neurons.parameters():  # as if it had been learned
            parameter.add_(torch.from_numpy(generator.uniform(-0.05, 0.05, parameter.shape)))
    return network


def assert_same(
    one: PopulationNetwork,
    other: PopulationNetwork,
    *,
    member: int | None = None,
    rounding: float = 0.0,
) -> None:
    """Weights and neurons are the same up to a rounding, delays to the last bits."""
    first, second = population_arrays(one), population_arrays(other)
    if member is not None:
        first = {n: a if n in OF_NETWORK else a[[member]] for n, a in first.items()}
        for k in {*range(len(one.populations))} - {c.source for c in one.connections}:
            first.pop(f"axonal_delays_{k + 1}", None)  # nobody receives what is sent
    assert set(first) == set(second)
    for name, array in first.items():
        assert second[name].shape == array.shape, name
        bound = 1e-15 * (1 + 2 * float(np.max(array))) if "delays" in name else rounding
        assert second[name] == pytest.approx(array, rel=rounding, abs=bound), name
