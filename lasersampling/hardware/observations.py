"""Checks that an observation can come from a device with a given description; its bytes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import Problem
from lasersampling.hardware.ragged import PARTS, ragged_problems, sample_times
from lasersampling.hardware.substrate import Arrays, Description

END = "end."
"""Prefix of the names of arrays with the states of chains of lasers."""

_Form = tuple[type[np.generic], tuple[int | None, ...]]


def observation_problems(
    description: Description, inputs: Arrays, observation: Arrays
) -> list[Problem]:
    """Compare an observation with what the description leads one to expect.

    Parameters
    ----------
    description : Description
        Description of the substrate.
    inputs : mapping of str to ndarray
        The inputs that were sent.
    observation : mapping of str to ndarray
        The arrays that were returned.

    Returns
    -------
    list of Problem
        Names, types and shapes other than those of `hardware.substrate`, nan and -inf, and lists
        of spikes that are none.
    """
    lasers, ragged = description.kind == "lasers", description.tells_all_spikes
    expected = _of_lasers(inputs) if lasers else _of_neurons(description, inputs)
    problems: list[Problem] = []
    if ragged:
        problems, expected = _of_populations(description, inputs, observation)
    for name, (dtype, shape) in expected.items():
        if name not in observation:
            problems.append(Problem(name, "nothing", _form(dtype, shape)))
        elif not _fits(observation[name], dtype, shape):
            values = observation[name]
            got = f"{values.dtype} of shape {values.shape}"
            problems.append(Problem(name, got, _form(dtype, shape)))
    lists = {f"spikes_{k}_{part}" for k in range(len(description.sizes) - 1) for part in PARTS}
    for name, values in observation.items():
        if ragged and name in lists:
            continue
        if name not in expected and not (lasers and name.startswith(END)):
            known = sorted(lists if ragged else ()) + list(expected)
            problems.append(Problem(name, "an array", f"one of {', '.join(known)}"))
        elif name.startswith("voltages_") and not np.isfinite(values).all():
            problems.append(Problem(name, "nan or inf", "finite voltages"))
        elif np.isnan(values).any() or (values.dtype.kind == "f" and (values == -np.inf).any()):
            problems.append(Problem(name, "nan or -inf", "numbers, inf for absent spikes"))
    return problems


def _of_neurons(description: Description, inputs: Arrays) -> dict[str, _Form]:
    times = inputs.get("times")
    n_samples = times.shape[1] if times is not None and times.ndim == 3 else None
    return {
        f"spikes_{k}": (np.float64, (description.n_members, n_samples, size))
        for k, size in enumerate(description.sizes[1:])
    }


def _of_populations(
    description: Description, inputs: Arrays, observation: Arrays
) -> tuple[list[Problem], dict[str, _Form]]:
    """What is wrong with ragged spikes, and what else is expected."""
    n_members, times, offsets = (
        description.n_members, inputs.get("times"), inputs.get("events_offsets")
    )  # fmt: skip
    n_samples = None
    if times is not None and times.ndim == 3:
        n_samples = times.shape[1]
    elif offsets is not None and offsets.ndim == 1:
        n_samples = (len(offsets) - 1) // n_members
    n_runs = None if n_samples is None else n_members * n_samples
    end = _number(description, "sample_period") or math.inf
    problems = []
    for k, size in enumerate(description.sizes[1:]):
        problems += ragged_problems(f"spikes_{k}", observation, n_runs, size, end)
    interval = inputs.get("voltage_interval")
    if interval is None:
        return problems, {}
    is_known = end < math.inf and np.size(interval) == 1 and float(interval) > 0.0
    n_points = len(sample_times(float(interval), end)) if is_known else None
    return problems, {
        f"voltages_{k}": (np.float64, (n_members, n_samples, size, n_points))
        for k, size in enumerate(description.sizes[1:])
    }


def _of_lasers(inputs: Arrays) -> dict[str, _Form]:
    n_chains = inputs.get("n_chains")
    n_offsets = int(n_chains) + 1 if n_chains is not None and n_chains.ndim == 0 else None
    return {
        "time_ns": (np.float64, (None,)),
        "unit": (np.int32, (None,)),
        "chain_offset": (np.int64, (n_offsets,)),
        "duration_ns": (np.float64, ()),
    }


def _fits(values: NDArray[Any], dtype: type[np.generic], shape: tuple[int | None, ...]) -> bool:
    if values.dtype != dtype or values.ndim != len(shape):
        return False
    return all(n in (None, m) for n, m in zip(shape, values.shape, strict=True))


def _form(dtype: type[np.generic], shape: tuple[int | None, ...]) -> str:
    sizes = ", ".join("any" if n is None else str(n) for n in shape)
    return f"{np.dtype(dtype)} of shape ({sizes})"


def _number(description: Description, name: str) -> float | None:
    """Return a fact if it is a number above 0."""
    given = description.facts.get(name)
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return float(given) if is_number and given > 0 else None  # type: ignore[arg-type, operator]


class ObservedBytes(NamedTuple):
    """Size of what a device has told of a run.

    Attributes
    ----------
    spikes, voltages : int
        Size of the spikes, and of the voltages of membranes [bytes].
    """

    spikes: int
    voltages: int


def observed_bytes(description: Description, observation: Arrays) -> ObservedBytes:
    """Count the bytes of an observation, as the device sends them.

    Spikes count as their arrays do. A voltage counts as many whole bytes as the bits of the fact
    ``voltage_bits`` need, and as its array without that fact.

    Parameters
    ----------
    description : Description
        Description of the device.
    observation : mapping of str to ndarray
        What it returned.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.hardware.observations import observed_bytes
    >>> from lasersampling.hardware.substrate import Description
    >>> chip = Description("lif", "chip", (2, 3), facts={"voltage_bits": 8})
    >>> observation = {"spikes_0": np.zeros((1, 4, 3)), "voltages_0": np.zeros((1, 4, 3, 10))}
    >>> observed_bytes(chip, observation)
    ObservedBytes(spikes=96, voltages=120)
    """
    bits = _number(description, "voltage_bits")
    told = {
        name: np.asarray(values)
        for name, values in observation.items()
        if name.startswith("voltages_")
    }
    n_voltages = sum(values.size for values in told.values())
    voltages = sum(values.nbytes for values in told.values())
    if bits is not None:
        voltages = n_voltages * math.ceil(bits / 8)
    rest = sum(np.asarray(v).nbytes for name, v in observation.items() if name not in told)
    return ObservedBytes(rest, voltages)
