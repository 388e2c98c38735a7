"""Spikes as ragged arrays, and what a device says of its neurons that spike as often as they like.

A list of spikes with the name ``NAME`` stands in three arrays. A *run* is one sample of one member;
its number is member * n_samples + sample.

================  =======  ========  =============================================================
array             type     shape     what
================  =======  ========  =============================================================
``NAME_offsets``  int64    (run+1,)  where the spikes of each run begin
``NAME_neuron``   int64    (spike,)  which neuron of the population, or which input
``NAME_time``     float64  (spike,)  when, not falling within a run [tau_syn]
================  =======  ========  =============================================================
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem

__all__ = [
    "RaggedSpikes",
    "connections_text",
    "fact_problems",
    "parsed_connections",
    "ragged_arrays",
    "ragged_of",
    "ragged_problems",
    "sample_times",
]

INPUTS = "inputs"
FIRST, ALL = "first", "all"
"""Values of the fact ``spikes``: at most one spike of each neuron, or all of them."""

PARTS = {"offsets": np.int64, "neuron": np.int64, "time": np.float64}
"""Parts of a list of spikes and their types; the names of the arrays end in them."""

_CONNECTION = re.compile(rf"({INPUTS}|0|[1-9][0-9]{{0,6}})>(0|[1-9][0-9]{{0,6}})")
_ROUNDING = 1e-12


class RaggedSpikes(NamedTuple):
    """A list of spikes, sorted by time within each run.

    Attributes
    ----------
    offsets : ndarray of int64, shape (run + 1,)
        Where the spikes of each run begin.
    neuron : ndarray of int64, shape (spike,)
        Which neuron spikes.
    time : ndarray of float64, shape (spike,)
        When [tau_syn].
    """

    offsets: NDArray[np.int64]
    neuron: NDArray[np.int64]
    time: NDArray[np.float64]


def ragged_arrays(name: str, spikes: RaggedSpikes) -> dict[str, NDArray[Any]]:
    """Return a list of spikes as named arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.hardware.ragged import RaggedSpikes, ragged_arrays
    >>> sorted(ragged_arrays("events", RaggedSpikes([0, 1], [2], [0.5])))
    ['events_neuron', 'events_offsets', 'events_time']
    """
    return {
        f"{name}_{part}": np.ascontiguousarray(values, dtype=dtype)
        for (part, dtype), values in zip(PARTS.items(), spikes, strict=True)
    }


def ragged_of(arrays: Mapping[str, NDArray[Any]], name: str) -> RaggedSpikes:
    """Return the list of spikes with a name; `ragged_problems` tells first whether it is there."""
    offsets, neuron, time = (arrays[f"{name}_{part}"] for part in PARTS)
    return RaggedSpikes(offsets.astype(np.int64), neuron.astype(np.int64), time.astype(np.float64))


def ragged_problems(
    name: str, arrays: Mapping[str, Any], n_runs: int | None, n_neurons: int, end: float = math.inf
) -> list[Problem]:
    """Check that arrays hold a list of spikes.

    Parameters
    ----------
    name : str
        Name of the list.
    arrays : mapping of str to ndarray
        All arrays, those of the list among them.
    n_runs : int or None
        Number of runs, if it is known.
    n_neurons : int
        Number of neurons.
    end : float
        Time after which there can be no spike [tau_syn].

    Returns
    -------
    list of Problem
        Arrays that are missing or of another type or shape, offsets that fall or do not fit,
        neurons that are not there, times that are nan, negative, too late or not in order.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.hardware.ragged import ragged_problems
    >>> arrays = {"a_offsets": np.array([0, 1]), "a_neuron": np.array([3]), "a_time": np.ones(1)}
    >>> [str(problem) for problem in ragged_problems("a", arrays, 1, 2)]
    ['a_neuron: got numbers from 3 to 3, expected from 0 to 1']
    """
    problems = []
    for part, dtype in PARTS.items():
        given = arrays.get(f"{name}_{part}")
        size = str(n_runs + 1) if part == "offsets" and n_runs is not None else "any"
        expected = f"{np.dtype(dtype)} of shape ({size})"
        if given is None:
            problems.append(Problem(f"{name}_{part}", "nothing", expected))
        elif not (
            isinstance(given, np.ndarray)
            and given.dtype == dtype
            and given.ndim == 1
            and (part != "offsets" or _fits(len(given), n_runs))
        ):
            is_array = isinstance(given, np.ndarray)
            got = f"{given.dtype} of shape {given.shape}" if is_array else type(given).__name__
            problems.append(Problem(f"{name}_{part}", got, expected))
    return problems or _content_problems(name, ragged_of(arrays, name), n_neurons, end)


def _fits(n_offsets: int, n_runs: int | None) -> bool:
    return n_offsets >= 1 if n_runs is None else n_offsets == n_runs + 1


def _content_problems(name: str, spikes: RaggedSpikes, n_neurons: int, end: float) -> list[Problem]:
    """What is wrong with the numbers of a list of spikes."""
    offsets, neuron, time = spikes
    n_spikes = len(time)
    if offsets[0] != 0 or offsets[-1] != n_spikes or (np.diff(offsets) < 0).any():
        falls = ", falling between" if (np.diff(offsets) < 0).any() else ""
        got = f"from {offsets[0]} to {offsets[-1]}{falls}"
        expected = f"from 0 to {n_spikes}, the number of spikes, and not falling"
        return [Problem(f"{name}_offsets", got, expected)]
    if len(neuron) != n_spikes:
        got = f"{len(neuron)} for {n_spikes} spikes"
        return [Problem(f"{name}_neuron", got, "one for each spike")]
    if n_spikes == 0:
        return []
    problems = []
    if neuron.min() < 0 or neuron.max() >= n_neurons:
        got = f"numbers from {neuron.min()} to {neuron.max()}"
        problems.append(Problem(f"{name}_neuron", got, f"from 0 to {n_neurons - 1}"))
    expected = "finite times from 0 on" if end == math.inf else f"times from 0 to {end:g}"
    if not np.isfinite(time).all():
        problems.append(Problem(f"{name}_time", "nan or inf", expected))
        return problems
    if time.min() < 0.0 or time.max() > end:
        got = f"times from {time.min():g} to {time.max():g}"
        problems.append(Problem(f"{name}_time", got, expected))
    begins = np.zeros(n_spikes, dtype=bool)
    begins[offsets[:-1][offsets[:-1] < n_spikes]] = True
    n_falls = int(((np.diff(time) < 0.0) & ~begins[1:]).sum())
    if n_falls:
        got = f"{n_falls} times before the one in front of them"
        problems.append(Problem(f"{name}_time", got, "times that do not fall within a run"))
    return problems


def connections_text(connections: Iterable[tuple[int, int]]) -> str:
    """Return connections as the text of the fact ``connections``.

    Parameters
    ----------
    connections : iterable of (int, int)
        Source, -1 for the inputs, and target of each.

    Examples
    --------
    >>> from lasersampling.hardware.ragged import connections_text
    >>> connections_text([(-1, 0), (0, 0), (0, 1)])
    'inputs>0 0>0 0>1'
    """
    return " ".join(f"{INPUTS if s < 0 else s}>{target}" for s, target in connections)


def parsed_connections(text: object, n_populations: int) -> tuple[tuple[int, int], ...]:
    """Return source, -1 for the inputs, and target of each connection that a text names.

    Parameters
    ----------
    text : str
        Connections such as ``"inputs>0 0>0 0>1"``.
    n_populations : int
        Number of populations; their numbers count from 0.

    Raises
    ------
    InputError
        If it is no such text, names a population that is not there or a connection twice, or
        leaves a population without any.

    Examples
    --------
    >>> from lasersampling.hardware.ragged import parsed_connections
    >>> parsed_connections("inputs>0 0>0 0>1", 2)
    ((-1, 0), (0, 0), (0, 1))
    """
    expected = (
        f"connections such as 'inputs>0 0>0', each once, between inputs and populations up to "
        f"{n_populations - 1}, with one to each"
    )
    words = text.split() if isinstance(text, str) else []
    matches = [_CONNECTION.fullmatch(word) for word in words]
    found = []
    for match in matches:
        if match is not None:
            source, target = match.groups()
            found.append((-1 if source == INPUTS else int(source), int(target)))
    is_right = (
        bool(found)
        and len(set(found)) == len(words)
        and all(max(pair) < n_populations for pair in found)
        and {target for _, target in found} == set(range(n_populations))
    )
    if not is_right:
        raise InputError.single("connections", f"{text!r:.200}", expected)
    return tuple(found)


def sample_times(interval: float, period: float) -> NDArray[np.float64]:
    """Return the times at which voltages are sampled, from 0 in intervals until the period ends.

    Examples
    --------
    >>> from lasersampling.hardware.ragged import sample_times
    >>> sample_times(0.5, 1.2)
    array([0. , 0.5, 1. ])
    """
    n_points = math.floor(period / interval * (1.0 + _ROUNDING)) + 1
    times: NDArray[np.float64] = np.minimum(interval * np.arange(n_points), period)
    return times


def fact_problems(sizes: tuple[int, ...], facts: Mapping[str, object]) -> list[Problem]:
    """Check what a device of LIF neurons says of its spikes, connections and voltages.

    Examples
    --------
    >>> from lasersampling.hardware.ragged import fact_problems
    >>> [str(problem) for problem in fact_problems((2, 1), {"spikes": "some"})]
    ["facts.spikes: got 'some', expected 'first' (which is meant if it is not there) or 'all'"]
    """
    problems = []
    spikes, voltages = facts.get("spikes", FIRST), facts.get("voltages", False)
    if spikes not in (FIRST, ALL):
        expected = f"'{FIRST}' (which is meant if it is not there) or '{ALL}'"
        problems.append(Problem("facts.spikes", f"{spikes!r:.80}", expected))
    if spikes == ALL:
        try:
            parsed_connections(facts.get("connections"), len(sizes) - 1)
        except InputError as error:
            problems += [Problem(f"facts.{p.where}", p.got, p.expected) for p in error.problems]
    if not isinstance(voltages, bool):
        problems.append(Problem("facts.voltages", f"{voltages!r:.80}", "true or false"))
    return problems
