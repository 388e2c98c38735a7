"""Machines as files: TOML for those that people write, HDF5 for those that were trained.

A TOML file has the keys `biases` (K numbers), `weights` (K rows of K numbers) and, where there are
such units, `n_label` and `n_hidden`. An HDF5 file has the datasets `weights` and `biases` and the
attributes `n_label` and `n_hidden` in the group `/machine`, or at its root.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lasersampling.atomic import atomic_path
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.parameters import count_problems, float_array, machine_problems
from lasersampling.config import read_toml
from lasersampling.errors import InputError, Problem

TOML_SUFFIXES = (".toml",)
HDF5_SUFFIXES = (".h5", ".hdf5", ".nc")

_KEYS = ("biases", "weights", "n_label", "n_hidden")


def load_machine(path: str | os.PathLike[str]) -> BoltzmannMachine:
    """Read a machine from a TOML or HDF5 file.

    Parameters
    ----------
    path : path-like
        Ending in .toml, .h5, .hdf5 or .nc.

    Raises
    ------
    InputError
        With all problems found, each with file and key: no such file, truncated or foreign
        files, missing and unknown keys, wrong types and shapes, entries that are not finite,
        weights that are not symmetric or act on their own unit, impossible numbers of units.
    """
    name = str(path)
    suffix = _known_suffix(path)
    if not Path(path).exists():
        raise InputError.single(name, "no such file", "a TOML or HDF5 file of a machine")
    if not Path(path).is_file():
        raise InputError.single(name, "a directory", "a TOML or HDF5 file of a machine")
    if suffix in TOML_SUFFIXES:
        values: Mapping[str, object] = read_toml(Path(path))
        problems = _unknown_keys(values, name)
    else:
        values, problems = _read_hdf5(path)
    return _machine(values, problems, name)


def save_machine(path: str | os.PathLike[str], machine: BoltzmannMachine) -> None:
    """Write a machine as TOML or HDF5, as the suffix says; exact to the last bit.

    The file appears as a whole or not at all; one that was there before is replaced.

    Parameters
    ----------
    path : path-like
        Ending in .toml, .h5, .hdf5 or .nc.
    machine : BoltzmannMachine
        What to write.
    """
    suffix = _known_suffix(path)
    with atomic_path(path) as temporary:
        if suffix in TOML_SUFFIXES:
            temporary.write_text(_as_toml(machine), encoding="utf-8")
        else:
            _write_hdf5(temporary, machine)


def _machine(values: Mapping[str, object], problems: list[Problem], name: str) -> BoltzmannMachine:
    arrays = {}
    for key, n_dims in (("biases", 1), ("weights", 2)):
        if key in values:
            array, found = float_array(values[key], n_dims, f"{name}: {key}")
            problems += found
            if array is not None:
                arrays[key] = array
    biases, weights = arrays.get("biases"), arrays.get("weights")
    counts = values.get("n_label", 0), values.get("n_hidden", 0)
    n_units = None if biases is None else len(biases)
    # A machine in a file has at least one visible unit, else there is nothing to look at.
    most = None if n_units is None else n_units - 1
    problems += count_problems(*counts, n_units, f"{name}: ", most=most)
    if biases is not None and weights is not None and np.isfinite(weights).all():
        problems += machine_problems(weights, biases, f"{name}: weights", f"{name}: biases")
    if problems or biases is None or weights is None:
        raise InputError(problems)
    return BoltzmannMachine(weights, biases, *counts)  # type: ignore[arg-type]


def _known_suffix(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    known = TOML_SUFFIXES + HDF5_SUFFIXES
    if suffix not in known:
        got = f"the suffix {suffix!r}" if suffix else "no suffix"
        raise InputError.single(str(path), got, "one of " + ", ".join(known))
    return suffix


def _unknown_keys(values: Mapping[str, object], name: str) -> list[Problem]:
    problems = [
        Problem(f"{name}: {key}", "an unknown key", "one of: " + ", ".join(_KEYS))
        for key in values
        if key not in _KEYS
    ]
    for key, expected in (("biases", "a list of K numbers"), ("weights", "K rows of K numbers")):
        if key not in values:
            problems.append(Problem(f"{name}: {key}", "nothing", expected))
    return problems


def _as_toml(machine: BoltzmannMachine) -> str:
    # `repr` of a float is the shortest text that gives the same bits again. One row of weights
    # a line keeps the matrix readable, which a general TOML writer would not.
    rows = "".join(f"    {row!r},\n" for row in machine.weights.tolist())
    return (
        "# Boltzmann machine: p(z) ~ exp(z'Wz / 2 + b'z), z in {0, 1}; "
        "units visible, label, hidden.\n"
        f"n_label = {machine.n_label}\n"
        f"n_hidden = {machine.n_hidden}\n"
        f"biases = {machine.biases.tolist()!r}\n"
        f"weights = [\n{rows}]\n"
    )


def _write_hdf5(path: Path, machine: BoltzmannMachine) -> None:
    import h5py

    # The file is locked already by whoever gave us the temporary name.
    with h5py.File(path, "w", locking=False) as file:
        group = file.create_group("machine")
        group["weights"] = machine.weights
        group["biases"] = machine.biases
        group.attrs["n_label"] = machine.n_label
        group.attrs["n_hidden"] = machine.n_hidden


def _read_hdf5(path: str | os.PathLike[str]) -> tuple[dict[str, object], list[Problem]]:
    import h5py

    name = str(path)
    try:
        file = h5py.File(path, "r")
    except OSError:
        got = "a file that HDF5 cannot open (empty, truncated or of another kind)"
        raise InputError.single(name, got, "an HDF5 file") from None
    values: dict[str, object] = {}
    problems = []
    with file:
        group = file["machine"] if isinstance(file.get("machine"), h5py.Group) else file
        for key, shape in (("biases", "(K,)"), ("weights", "(K, K)")):
            expected = f"a dataset of numbers of shape {shape}, in /machine or at the root"
            dataset = group.get(key)
            if not isinstance(dataset, h5py.Dataset):
                problems.append(Problem(f"{name}: {key}", "no such dataset", expected))
                continue
            try:
                values[key] = dataset[()]
            except OSError:
                got = "data that cannot be read (truncated?)"
                problems.append(Problem(f"{name}: {key}", got, expected))
        for key in ("n_label", "n_hidden"):
            if key in group.attrs:
                # The netCDF convention stores a number as an array of one.
                value = np.asarray(group.attrs[key])
                values[key] = value.item() if value.size == 1 else value.tolist()
    return values, problems
