"""What given inputs pass before a network, as arrays: copies of them, and bias spikes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from torch import nn

from lasersampling.errors import InputError, Problem
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.layers import BiasSpikes, RepeatInputs

FRONT = ("input_copies", "bias_times")
"""Names of the arrays."""


def front_arrays(front: Sequence[nn.Module]) -> dict[str, Array]:
    """Return the arrays of what prepares the inputs of a network.

    Parameters
    ----------
    front : sequence of Module
        `RepeatInputs`, then `BiasSpikes`, each once or not at all.

    Raises
    ------
    InputError
        For anything else.
    """
    kinds = [type(stage) for stage in front]
    if kinds not in ([], [RepeatInputs], [BiasSpikes], [RepeatInputs, BiasSpikes]):
        got = ", ".join(kind.__name__ for kind in kinds)
        raise InputError.single("front", got, "RepeatInputs, then BiasSpikes, or less")
    arrays: dict[str, Array] = {}
    for stage in front:
        if isinstance(stage, RepeatInputs):
            arrays["input_copies"] = np.array(float(stage.copies))
        elif isinstance(stage, BiasSpikes):
            arrays["bias_times"] = stage.times.detach().cpu().double().numpy()
    return arrays


def front_of(found: Mapping[str, Array]) -> list[nn.Module]:
    """Return what prepares inputs, of arrays that are checked.

    Parameters
    ----------
    found : mapping of str to ndarray
        Among them those of `FRONT`, if there are any, each in [1] or [tau_syn].
    """
    front: list[nn.Module] = []
    if "input_copies" in found:
        front.append(RepeatInputs(int(found["input_copies"])))
    if "bias_times" in found:
        front.append(BiasSpikes(found["bias_times"].tolist()))
    return front


def front_problems(found: Mapping[str, Array]) -> list[Problem]:
    """Check copies and bias spikes by themselves.

    Parameters
    ----------
    found : mapping of str to ndarray
        Among them those of `FRONT`, if there are any, each in [1] or [tau_syn].
    """
    problems = []
    copies, times = found.get("input_copies"), found.get("bias_times")
    if copies is not None and not (copies.ndim == 0 and copies >= 1 and copies % 1 == 0):
        problems.append(Problem("input_copies", str(copies), "a whole number of at least 1"))
    if times is not None and times.ndim != 1:
        problems.append(Problem("bias_times", f"shape {times.shape}", "(bias,)"))
    elif times is not None and times.min() < 0:
        expected = "times of at least 0; leave out a bias that does not spike"
        problems.append(Problem("bias_times", f"a time of {times.min():g}", expected))
    return problems


def fitting_problems(found: Mapping[str, Array], n_inputs: int, where: str) -> Iterator[Problem]:
    """Check that copies and bias spikes can be those of so many inputs.

    Parameters
    ----------
    found : mapping of str to ndarray
        Arrays that are checked by themselves, each in [1] or [tau_syn].
    n_inputs : int
        Number of inputs of the network, behind copies and bias spikes.
    where : str
        The array that says so.
    """
    n_bias = len(found["bias_times"]) if "bias_times" in found else 0
    copies = int(found.get("input_copies", 1))
    copied = n_inputs - n_bias
    if copied < 1 or copied % copies:
        expected = f"a multiple of {copies} (input_copies) and {n_bias} (bias_times) more"
        yield Problem(where, f"{n_inputs} inputs", expected)
