"""Checks that an observation can come from a substrate with a given description."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import Problem
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
        Names, types and shapes other than those of `hardware.substrate`, nan and -inf.
    """
    lasers = description.kind == "lasers"
    expected = _of_lasers(inputs) if lasers else _of_neurons(description, inputs)
    problems = []
    for name, (dtype, shape) in expected.items():
        if name not in observation:
            problems.append(Problem(name, "nothing", _form(dtype, shape)))
        elif not _fits(observation[name], dtype, shape):
            values = observation[name]
            got = f"{values.dtype} of shape {values.shape}"
            problems.append(Problem(name, got, _form(dtype, shape)))
    for name, values in observation.items():
        if name not in expected and not (lasers and name.startswith(END)):
            problems.append(Problem(name, "an array", f"one of {', '.join(expected)}"))
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
