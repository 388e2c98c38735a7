"""What a machine was to learn, and with which sampler, stored in the file of the machine.

Weights and biases that were learned with a device in the loop compensate for the deviations of the
device from its model. The Boltzmann distribution of these parameters is then not what was learned,
and cannot tell whether the device samples correctly; the distribution that was to be learned can.
An HDF5 file of a machine keeps it in the group `/learned`: the dataset `probability` (of the states
of the visible units), and as attributes the name of the `sampler` in the loop and its `settings` as
TOML text, which this package does not interpret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS, all_states, state_index
from lasersampling.boltzmann.targets import Target, target_from_table
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.config import hdf5
from lasersampling.config.hdf5_schema import check_schema
from lasersampling.errors import InputError
from lasersampling.paths import HDF5_SUFFIXES, suffix_of

GROUP, PROBABILITY = "learned", "probability"

_EXPECTED = "an HDF5 file of a machine"


@dataclass(frozen=True, eq=False)
class Learned:
    """What a machine was to learn, and how.

    Attributes
    ----------
    target : Target
        Distribution of the visible units.
    sampler : str
        Name of the sampler in the loop, such as "lasers"; empty if it is not known.
    settings : str
        How this sampler was configured, as TOML text; empty if it is not known.
    """

    target: Target
    sampler: str = ""
    settings: str = ""

    @property
    def is_of_a_device(self) -> bool:
        """Whether a device was in the loop, for whose deviations the parameters compensate.

        Adapting lasers to the Boltzmann distribution of such a machine undoes what was learned.
        """
        return self.sampler not in ("", "gibbs")

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes that are stored beside the probabilities."""
        return {"sampler": self.sampler, "settings": self.settings}

    def check(self, n_visible: int, where: str) -> None:
        """Check that the target belongs to the visible units.

        Raises
        ------
        InputError
            If it does not.
        """
        if self.target.n_units != n_visible:
            got = f"a distribution of {self.target.n_units} units"
            expected = f"one of the {n_visible} visible units of the machine"
            raise InputError.single(f"{where}: what was learned", got, expected)


def load_learned(path: str | os.PathLike[str], names: UnitNames | None = None) -> Learned | None:
    """Read what the machine in a file was to learn; give None if the file does not say.

    Parameters
    ----------
    path : path-like
        File of a machine, or results file of `lasersampling fit`.
    names : UnitNames, optional
        Names of the units of the machine, which the target is given.

    Raises
    ------
    InputError
        If there is no such file, HDF5 cannot open it, or it holds no distribution.
    """
    if suffix_of(path) not in HDF5_SUFFIXES:
        return None
    with hdf5.opened(path, _EXPECTED) as root:
        check_schema(root)
        group = root.group(GROUP)
        dataset = None if group is None else group.dataset(PROBABILITY)
        if group is None or dataset is None:
            return None
        if dataset.is_text or len(dataset.shape) != 1 or dataset.n_items > 2**MAX_ENUMERATED_UNITS:
            got = "text" if dataset.is_text else f"shape {dataset.shape}"
            raise group.refusal(PROBABILITY, got, f"at most 2^{MAX_ENUMERATED_UNITS} numbers")
        table, known = dataset.numbers(), group.attributes()
    try:
        target = target_from_table(table)
    except InputError as error:
        where = f"{path}: /{GROUP}/"
        problems = [p.at(where + p.where) for p in error.problems]
        raise InputError(problems) from None
    if names is not None and len(names.visible) == target.n_units:
        target = replace(target, unit_names=names.visible)
    return Learned(target, _text(known, "sampler"), _text(known, "settings"))


def conditioned(target: Target, clamped: ArrayLike, log_odds: ArrayLike) -> NDArray[np.float64]:
    """Means of the units of a target distribution given evidence, shape (unit,) [1].

    Parameters
    ----------
    target : Target
        The distribution.
    clamped : array_like of int, shape (unit,)
        -1 for a unit that is free, 0 or 1 for an observed one.
    log_odds : array_like, shape (unit,)
        Soft evidence [1].

    Returns
    -------
    ndarray of float64
        All nan if the target gives the evidence the probability 0.

    Examples
    --------
    >>> target = target_from_table([0.4, 0.1, 0.2, 0.3])
    >>> conditioned(target, [-1, 1], [0, 0])
    array([0.6, 1. ])
    """
    states, weight = _given(target, clamped, log_odds)
    if not weight.any():
        return np.full(target.n_units, np.nan)
    mean: NDArray[np.float64] = weight @ states / weight.sum()
    return mean


def posterior_of(target: Target, clamped: ArrayLike, log_odds: ArrayLike) -> Target | None:
    """Give the joint distribution of the free units of a target, given evidence.

    Parameters
    ----------
    target, clamped, log_odds
        As for `conditioned`; at least one unit is free.

    Returns
    -------
    Target or None
        Distribution of the free units in their order; None if the target gives the evidence the
        probability 0.

    Examples
    --------
    >>> target = target_from_table([0.4, 0.1, 0.2, 0.3])
    >>> posterior_of(target, [-1, 1], [0, 0]).probabilities
    array([0.4, 0.6])
    """
    states, weight = _given(target, clamped, log_odds)
    if not weight.any():
        return None
    free = np.flatnonzero(np.asarray(clamped) == FREE)
    table = np.bincount(state_index(states[:, free]), weights=weight, minlength=2**free.size)
    names = tuple(target.unit_names[k] for k in free) if target.unit_names else ()
    return Target(table / table.sum(), int(free.size), names)


def _given(
    target: Target, clamped: ArrayLike, log_odds: ArrayLike
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """All states of a target, and their relative weights given evidence."""
    held, shift = np.asarray(clamped), np.asarray(log_odds, dtype=np.float64)
    states = all_states(target.n_units)
    allowed = ((held == FREE) | (states == held)).all(axis=1) & (target.probabilities > 0)
    weight = np.zeros(len(states))
    if allowed.any():
        exponent = np.log(target.probabilities[allowed]) + states[allowed] @ shift
        weight[allowed] = np.exp(exponent - exponent.max())
    return states, weight


def _text(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name, "")
    return value if isinstance(value, str) else ""
