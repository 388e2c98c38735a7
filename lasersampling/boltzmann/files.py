"""Machines as files: TOML for machines that people write, HDF5 for machines that were trained.

A TOML file has the keys `biases` (K numbers), `weights` (K rows of K numbers) and, where there are
such units, `n_label` and `n_hidden`. An HDF5 file has the datasets `weights` and `biases` and the
attributes `n_label` and `n_hidden` in the group `/machine`, or at its root. A compact file keeps
the weights above the diagonal only, in single precision, and says so by the attribute `triangle` =
"upper". The attributes of the group `/provenance` may say where the machine comes from, the
datasets `visible_name` and `label_name` beside the weights how its units are called, and the group
`/learned` what it was to learn and how (`lasersampling.boltzmann.learned`).
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lasersampling.atomic import atomic_path
from lasersampling.boltzmann.learned import GROUP, PROBABILITY, Learned
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.parameters import count_problems, machine_problems, parameter_array
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.checks import boolean_problems, kind_problems, refuse, shown
from lasersampling.config import hdf5, read_toml
from lasersampling.config.hdf5_schema import check_schema
from lasersampling.config.plain_files import no_plain_file
from lasersampling.errors import InputError, Problem
from lasersampling.paths import HDF5_SUFFIXES, as_text, known_suffix

TOML_SUFFIXES = (".toml",)

MAX_TOML_UNITS = 500
"""Larger machines are not written as TOML: nobody reads them, and parsing them takes long."""

MOST_UNITS = 10_000
"""Largest machine in a file: its weights take 800 MB."""

_EXPECTED = "an HDF5 file of a machine"
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

    Examples
    --------
    >>> from lasersampling.boltzmann import save_machine
    >>> save_machine("pair.h5", BoltzmannMachine([[0, 2], [2, 0]], [0.5, -1]))
    >>> load_machine("pair.h5").n_units
    2
    """
    name = str(path)
    suffix = _known_suffix(path)
    if not Path(path).is_file():
        raise InputError.single(name, no_plain_file(path), "a TOML or HDF5 file of a machine")
    if suffix in TOML_SUFFIXES:
        values: Mapping[str, object] = read_toml(Path(path))
        problems = _unknown_keys(values, name)
    else:
        values, problems = _read_hdf5(path)
    return _machine(values, problems, name)


def save_machine(
    path: str | os.PathLike[str],
    machine: AnyMachine,
    *,
    compact: bool = False,
    provenance: Mapping[str, object] | None = None,
    names: UnitNames | None = None,
    learned: Learned | None = None,
) -> None:
    """Write a machine as TOML or HDF5, as the suffix says; exact to the last bit unless compact.

    The file appears as a whole or not at all; an existing file is replaced.

    Parameters
    ----------
    path : path-like
        Ending in .toml, .h5, .hdf5 or .nc.
    machine : BoltzmannMachine or RestrictedMachine
        The machine; `load_machine` gives a general one for either kind.
    compact : bool
        Whether each weight is stored once, in single precision and compressed; HDF5 only.
    provenance : mapping of str to text, numbers or lists of these, optional
        Where the machine comes from; HDF5 only.
    names : UnitNames, optional
        Names of its units; HDF5 only.
    learned : Learned, optional
        What it was to learn; HDF5 only.

    Raises
    ------
    InputError
        For another suffix, arguments of another kind or in the wrong order, other numbers of names
        than of units, or a distribution of other units than the visible ones. Also if a TOML file
        is to be compact, to hold provenance, names or what was learned, or to hold more than 500
        units.

    Examples
    --------
    >>> save_machine("pair.toml", BoltzmannMachine([[0, 2], [2, 0]], [0.5, -1]))
    >>> load_machine("pair.toml").biases
    array([ 0.5, -1. ])
    """
    _check_path(path)
    refuse(
        boolean_problems("compact", compact),
        kind_problems("names", names, UnitNames | None),
        kind_problems("learned", learned, Learned | None),
        _provenance_problems(provenance),
    )
    machine, names = as_machine(machine), names or UnitNames()
    names.check(machine, str(path))
    if learned is not None:
        learned.check(machine.n_visible, str(path))
    suffix = _known_suffix(path)
    more = bool(provenance) or names != UnitNames() or learned is not None
    if suffix in TOML_SUFFIXES and (compact or more):
        kinds = "a compact file, provenance or names, or what was learned"
        expected = "one of " + ", ".join(HDF5_SUFFIXES) + f" for {kinds}"
        raise InputError.single(str(path), f"the suffix {suffix!r}", expected)
    if suffix in TOML_SUFFIXES and machine.n_units > MAX_TOML_UNITS:
        expected = f"at most {MAX_TOML_UNITS} in a TOML file; one of {', '.join(HDF5_SUFFIXES)}"
        raise InputError.single(str(path), f"{machine.n_units} units", expected)
    with atomic_path(path) as temporary:
        if suffix in TOML_SUFFIXES:
            temporary.write_text(_as_toml(machine), encoding="utf-8")
        else:
            temporary.write_bytes(_packed(machine, names, compact, provenance or {}, learned))


def load_provenance(path: str | os.PathLike[str]) -> dict[str, object]:
    """Read where a machine comes from; empty if the file does not say.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be read; see `config.hdf5`.
    """
    if _known_suffix(path) in TOML_SUFFIXES:
        return {}
    with hdf5.opened(path, _EXPECTED) as root:
        check_schema(root)
        group = root.group("provenance")
        if group is None:
            return {}
        return {key: _plain(value) for key, value in group.attributes().items()}


def load_names(path: str | os.PathLike[str]) -> UnitNames:
    """Read the names of a machine's units; there are none if the file does not say.

    Raises
    ------
    InputError
        If there is no such file, HDF5 cannot open it, or what should be names is not.
    """
    if _known_suffix(path) in TOML_SUFFIXES:
        return UnitNames()
    found: dict[str, tuple[str, ...]] = {}
    with hdf5.opened(path, _EXPECTED) as root:
        check_schema(root)
        group = root.group("machine") or root
        for key in UnitNames().datasets(empty=True):
            if key not in group:
                continue
            dataset = group.dataset(key)
            if dataset is None or len(dataset.shape) != 1:
                got = "a group" if dataset is None else f"an array of shape {dataset.shape}"
                raise group.refusal(key, got, "a list of names as text")
            found[key] = tuple(dataset.texts().tolist())
    return UnitNames(found.get("visible_name", ()), found.get("label_name", ()))


def _machine(values: Mapping[str, object], problems: list[Problem], name: str) -> BoltzmannMachine:
    arrays = {}
    for key, n_dims in (("biases", 1), ("weights", 2)):
        if key in values:
            array, found = parameter_array(values[key], n_dims, f"{name}: {key}")
            problems += found
            if array is not None:
                arrays[key] = array
    biases, weights = arrays.get("biases"), arrays.get("weights")
    counts = values.get("n_label", 0), values.get("n_hidden", 0)
    n_units = None if biases is None else len(biases)
    # A machine in a file has at least one visible unit, otherwise there is nothing to observe.
    most = None if n_units is None else n_units - 1
    problems += count_problems(*counts, n_units, f"{name}: ", most=most)
    if biases is not None and weights is not None and np.isfinite(weights).all():
        problems += machine_problems(weights, biases, f"{name}: weights", f"{name}: biases")
    if problems or biases is None or weights is None:
        raise InputError(problems)
    return BoltzmannMachine(weights, biases, *counts)  # type: ignore[arg-type]


def _check_path(path: object) -> None:
    if not isinstance(path, str | os.PathLike):
        expected = "a path: the order is save_machine(path, machine)"
        raise InputError.single("path", type(path).__name__, expected)


def _provenance_problems(provenance: object) -> list[Problem]:
    """Check that HDF5 can store these as attributes: text, numbers, or lists of one of these."""
    expected = "a mapping of names to text, numbers or lists of one of these"
    if provenance is None:
        return []
    if not isinstance(provenance, Mapping):
        return kind_problems("provenance", provenance, Mapping, expected)
    return [
        Problem(f"provenance[{key!r}]", shown(value)[:80], expected)
        for key, value in provenance.items()
        if not isinstance(key, str) or not key or np.asarray(value).dtype.kind not in "biufU"
    ]


def _known_suffix(path: str | os.PathLike[str]) -> str:
    return known_suffix(path, TOML_SUFFIXES + HDF5_SUFFIXES)


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


def _packed(
    machine: BoltzmannMachine,
    names: UnitNames,
    compact: bool,
    provenance: Mapping[str, object],
    learned: Learned | None,
) -> bytes:
    """Return the bytes of an HDF5 file."""
    import h5py

    buffer = io.BytesIO()  # HDF5 crashes the process when the disk is full
    with h5py.File(buffer, "w") as file:
        group = file.create_group("machine")
        if compact:
            upper = np.triu(machine.weights).astype(np.float32)
            group.create_dataset(
                "weights", data=upper, compression="gzip", compression_opts=9, shuffle=True
            )
            group["biases"] = machine.biases.astype(np.float32)
            group.attrs["triangle"] = "upper"
        else:
            group["weights"] = machine.weights
            group["biases"] = machine.biases
        group.attrs["n_label"] = machine.n_label
        group.attrs["n_hidden"] = machine.n_hidden
        for key, values in names.datasets().items():
            group.create_dataset(key, data=list(values), dtype=h5py.string_dtype())
        if provenance:
            texts = {k: as_text(v) if isinstance(v, str) else v for k, v in provenance.items()}
            file.create_group("provenance").attrs.update(texts)
        if learned is not None:
            record = file.create_group(GROUP)
            record[PROBABILITY] = learned.target.probabilities
            record.attrs.update(learned.attributes)
    return hdf5.sealed(buffer.getvalue())


def _read_hdf5(path: str | os.PathLike[str]) -> tuple[dict[str, object], list[Problem]]:
    name = str(path)
    values: dict[str, object] = {}
    problems = []
    with hdf5.opened(path, _EXPECTED) as root:
        check_schema(root)
        group = root.group("machine") or root
        for key, shape in (("biases", "(K,)"), ("weights", "(K, K)")):
            expected = f"a dataset of numbers of shape {shape}, in /machine or at the root"
            dataset = group.dataset(key)
            if dataset is None:
                problems.append(Problem(f"{name}: {key}", "no such dataset", expected))
            elif max(dataset.shape, default=0) > MOST_UNITS:
                got = f"shape {dataset.shape}"
                expected = f"{shape} with K of at most {MOST_UNITS}"
                problems.append(Problem(f"{name}: {key}", got, expected))
            elif dataset.is_text or len(dataset.shape) != shape.count("K"):
                got = "text" if dataset.is_text else f"shape {dataset.shape}"
                problems.append(Problem(f"{name}: {key}", got, expected))
            else:
                values[key] = dataset.numbers()
        known = group.attributes()
        if "triangle" in known and "weights" in values:
            upper = np.asarray(values["weights"])
            if upper.shape[0] == upper.shape[1]:
                values["weights"] = upper + upper.T
        for key in ("n_label", "n_hidden"):
            if key in known:
                values[key] = _plain(known[key])
    return values, problems


def _plain(value: object) -> object:
    """Undo how HDF5 stores numbers: the netCDF convention stores one as an array of one."""
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    return array.item() if array.size == 1 else array.tolist()
