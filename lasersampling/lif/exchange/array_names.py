"""Names of the arrays of networks: what each may hold, and which axes it has.

A name is a kind and a number, such as ``weights_0``, or stands for the network as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.errors import Problem

NEURON = {"threshold": 1.0, "leak": 0.0, "conductance": 1.0, "tau_mem": 1.0, "tau_syn": 1.0}
"""Parameters of neurons, and their default values."""

AXES = {
    "weights": ("post", "pre"),
    "axonal_delays": ("pre",),
    "synaptic_delays": ("post", "pre"),
    "dendritic_delays": ("post",),
    **dict.fromkeys(NEURON, ("post",)),
}
"""Axes of the arrays of a layer, without that of members."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ArrayNames:
    """The names that a network may have.

    Attributes
    ----------
    axes : mapping of str to tuple of str
        Axes of each kind with a number, without that of members.
    alone : tuple of str
        Names without a number.
    broadcast : tuple of str
        Kinds that may be one number for all.
    unbounded : tuple of str
        Kinds whose entries may be inf.
    """

    axes: Mapping[str, tuple[str, ...]]
    alone: tuple[str, ...]
    broadcast: tuple[str, ...]
    unbounded: tuple[str, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"({'|'.join(self.axes)})_(0|[1-9][0-9]*)")

    def split(self, name: str) -> tuple[str, int] | None:
        """Return kind and number of a name; None for names without a number, and unknown ones."""
        match = self._pattern.fullmatch(name) if isinstance(name, str) else None
        return None if match is None else (match[1], int(match[2]))

    def checked(self, arrays: Mapping[str, ArrayLike]) -> tuple[dict[str, Array], list[Problem]]:
        """Return the arrays that are sound by themselves, and the problems of the others."""
        problems: list[Problem] = []
        found: dict[str, Array] = {}
        for name, value in arrays.items():
            array, wrong = self._checked(name, value)
            problems += wrong
            if array is not None:
                found[name] = array
        return found, problems

    def member_problems(self, found: Mapping[str, Array]) -> Iterator[Problem]:
        """Check numbers of axes, and of members.

        Parameters
        ----------
        found : mapping of str to ndarray
            Arrays that are sound by themselves, each in [1] or [tau_syn].
        """
        members = {}
        for name, array in found.items():
            split = self.split(name)
            if split is None:
                continue
            axes = self.axes[split[0]]
            least = 0 if split[0] in self.broadcast else len(axes)
            if not least <= array.ndim <= len(axes) + 1:
                expected = f"(member, {', '.join(axes)}), or without the members"
                yield Problem(name, f"shape {array.shape}", expected)
            elif array.ndim == len(axes) + 1:
                members[name] = len(array)
        of_weights = [n for name, n in members.items() if name.startswith("weights")]
        expected_members = max(of_weights, default=1)
        for name, count in members.items():
            if count != expected_members:
                yield Problem(name, f"{count} members", f"{expected_members}, as the weights have")

    def _checked(self, name: str, value: ArrayLike) -> tuple[Array | None, list[Problem]]:
        """Check one array by itself."""
        split = self.split(name)
        if split is None and name not in self.alone:
            known = ", ".join([*(f"{kind}_k" for kind in self.axes), *self.alone])
            return None, [Problem(name, "an unknown name", f"one of: {known}")]
        try:
            array = np.asarray(value)
        except ValueError:  # rows of different lengths
            return None, [Problem(name, "what is no array", "an array of numbers")]
        if array.dtype.kind not in "iuf":
            return None, [Problem(name, f"entries of type {array.dtype}", "an array of numbers")]
        array = array.astype(np.float64)
        bad = np.isnan(array)
        if split is None or split[0] not in self.unbounded:
            bad |= np.isinf(array)
        if bad.any():
            got = f"{int(bad.sum())} entries that are nan or inf"
            return None, [Problem(name, got, "finite numbers")]
        if array.size == 0:
            got = f"an empty array, shape {array.shape}"
            return None, [Problem(name, got, "at least one entry")]
        if split is not None and "delays" in split[0] and array.min() < 0:
            return None, [Problem(name, f"a delay of {array.min():g}", "delays of at least 0")]
        return array, []
