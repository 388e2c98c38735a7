"""Networks of both kinds as arrays, for files that can hold either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import kind_problems, refuse
from lasersampling.lif.delays import DelayRange
from lasersampling.lif.exchange.arrays import network_from_arrays, network_to_arrays
from lasersampling.lif.exchange.population_arrays import (
    are_of_populations,
    population_arrays,
    population_network_from_arrays,
)
from lasersampling.lif.network import SpikingNetwork
from lasersampling.lif.populations.network import PopulationNetwork

Network = SpikingNetwork | PopulationNetwork
"""A stack of layers whose neurons spike once, or populations that spike as often as they like."""


def arrays_of(network: Network) -> dict[str, NDArray[Any]]:
    """Return the arrays of a network of either kind.

    Raises
    ------
    InputError
        For anything else, and as `network_to_arrays` or `population_arrays`.

    Examples
    --------
    >>> from lasersampling.lif.exchange.networks import arrays_of, network_of
    >>> arrays_of(network_of({"weights_0": [[1.0, 2.0]]}))["weights_0"].tolist()
    [[[1.0, 2.0]]]
    """
    expected = "a SpikingNetwork or a PopulationNetwork"
    refuse(kind_problems("network", network, Network, expected))
    if isinstance(network, PopulationNetwork):
        return population_arrays(network)
    return dict(network_to_arrays(network))


def network_of(arrays: Mapping[str, ArrayLike], delay_range: DelayRange | None = None) -> Network:
    """Make a network of arrays, one of populations if they name its ``connections``.

    Parameters
    ----------
    arrays : mapping of str to array_like
        Names as in `lif.exchange.arrays` or `lif.exchange.population_arrays`.
    delay_range : DelayRange, optional
        Range of the delays if they are to be trained.

    Raises
    ------
    InputError
        As `network_from_arrays` or `population_network_from_arrays`.
    """
    refuse(kind_problems("arrays", arrays, Mapping, "a mapping of names to arrays"))
    if are_of_populations(arrays):
        return population_network_from_arrays(arrays, delay_range)
    return network_from_arrays(arrays, delay_range)
