"""Target distributions as files: tables of probabilities, samples, machines, Bayesian networks.

A joint state as text lists the values of the units, unit 0 first: ``0110`` is z_0 z_1 z_2 z_3, and
is entry `sum_k z_k 2**k` = 6 of a list. States that a table does not name have probability 0.

=====================  =====================================================================
file                   what it may hold
=====================  =====================================================================
.toml                  ``probabilities``: a list of 2**n numbers, or a table
                       ``"0110" = 0.3``; optionally ``units``, a list of n names. Or a
                       machine (``weights``, ``biases``), or a Bayesian network
                       (``variables``)
.csv                   with a header: columns ``state,probability``; or a column of 0 and 1
                       for each unit, named after it, and a last column ``probability``;
                       or, without that column, samples, one per row
.npy, .npz             one-dimensional: probabilities; 0 and 1 of shape (..., unit): samples.
                       In an .npz under the name ``probabilities`` or ``states``, or alone
.h5, .hdf5, .nc        dataset ``probabilities``, ``states`` (..., unit), or a machine
=====================  =====================================================================

CSV files are read by the rules of `csv_tables`; blank lines are left out, and 0 and 1 may be
written as 0.0 and 1.0 or False and True.

A machine means the exact distribution of its visible units.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.atomic import atomic_path
from lasersampling.boltzmann.bayesian_network import network_from_mapping
from lasersampling.boltzmann.csv_tables import binary_cell, csv_rows, is_number, number_cell
from lasersampling.boltzmann.files import load_machine
from lasersampling.boltzmann.parameters import MAX_LISTED, float_array
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS, state_index
from lasersampling.boltzmann.targets import (
    Target,
    target_from_machine,
    target_from_samples,
    target_from_table,
)
from lasersampling.checks import number_problems
from lasersampling.config import hdf5, read_toml
from lasersampling.config.hdf5_schema import check_schema
from lasersampling.config.plain_files import no_plain_file
from lasersampling.datasets.numpy_files import read_numpy
from lasersampling.errors import InputError, Problem
from lasersampling.paths import HDF5_SUFFIXES, expanded, known_suffix

TARGET_SUFFIXES = (".toml", ".csv", ".npy", ".npz", *HDF5_SUFFIXES)

_SUM_TOLERANCE = 1e-3
"""Numbers in files are rounded: tables whose sum is this close to one are normalised."""

_SPINS = " (values of -1 and +1 are converted by (s + 1) / 2)"

_EXPECTED_FILE = "a file of probabilities, samples, a machine or a Bayesian network"


def save_target(path: str | os.PathLike[str], target: Target) -> None:
    """Write a target distribution as CSV or as arrays of NumPy, as the suffix says.

    The file appears as a whole or not at all; an existing file is replaced.

    Parameters
    ----------
    path : path-like
        Ending in .csv: a row ``state,probability`` for each state that is possible. Or in .npz: an
        array ``probabilities``, which is quicker to read for many units.
    target : Target
        The distribution; names of its units are not kept.

    Raises
    ------
    InputError
        For another suffix, or what is no target.

    Examples
    --------
    >>> save_target("xor.csv", target_from_table([0, 0.5, 0.5, 0]))
    >>> read_target("xor.csv").probabilities
    array([0. , 0.5, 0.5, 0. ])
    """
    if not isinstance(target, Target):
        raise InputError.single("target", type(target).__name__, "a Target")
    suffix = known_suffix(path, (".csv", ".npz"))
    table = target.probabilities
    with atomic_path(path) as temporary:
        if suffix == ".npz":
            with temporary.open("wb") as file:
                np.savez_compressed(file, probabilities=table)
            return
        rows = [
            f"{number:0{target.n_units}b}"[::-1] + f",{float(table[number])!r}"
            for number in np.flatnonzero(table)
        ]
        text = "\n".join(["state,probability", *rows, ""])
        temporary.write_text(text, encoding="utf-8")


def read_target(path: str | os.PathLike[str], *, pseudocount: float = 0.0) -> Target:
    """Read a target distribution; the file says by its form what it holds, see above.

    Parameters
    ----------
    path : path-like
        Ending in one of `TARGET_SUFFIXES`.
    pseudocount : float
        For samples: added to the count of every joint state, so that states that never occurred get
        a probability too [1].

    Returns
    -------
    Target
        The distribution, with the names of the units if the file has them.

    Raises
    ------
    InputError
        With the file and the line or key of each problem: no such file, damaged or foreign files,
        no header, states that are no text of 0 and 1 or stand twice, negative or infinite
        probabilities, a sum that differs from one by more than 1e-3, more than 20 units, names that
        do not fit, a pseudocount for a file that holds no samples.

    Examples
    --------
    >>> from lasersampling.boltzmann import save_target, target_from_table
    >>> save_target("pair.csv", target_from_table([0.4, 0.1, 0.1, 0.4]))
    >>> read_target("pair.csv").probabilities
    array([0.4, 0.1, 0.1, 0.4])
    """
    name, file = str(path), expanded(path)
    problems = number_problems("pseudocount", pseudocount, 0, strict=False)
    if problems:
        raise InputError(problems)
    suffix = known_suffix(file, TARGET_SUFFIXES)
    if not file.is_file():
        raise InputError.single(name, no_plain_file(file), _EXPECTED_FILE)
    if suffix == ".toml":
        found = _from_toml(file)
    elif suffix == ".csv":
        found = _from_csv(file, pseudocount)
    else:
        read = _hdf5_arrays if suffix in HDF5_SUFFIXES else _numpy_arrays
        found = _from_arrays(file, *read(file), pseudocount=pseudocount)
    target, is_sampled = found
    if pseudocount and not is_sampled:
        raise InputError.single(
            f"{name}: pseudocount", f"{pseudocount:g}", "0, since the file holds no samples"
        )
    return target


def _from_toml(file: Path) -> tuple[Target, bool]:
    values, name = read_toml(file), str(file)
    if values.keys() & {"weights", "biases"}:
        return target_from_machine(load_machine(file)), False
    if "variables" in values:
        return network_from_mapping(values, name).target(), False
    if "probabilities" not in values:
        held = ", ".join(values) or "nothing"
        expected = "the key probabilities; or weights and biases; or variables"
        raise InputError.single(name, held, expected)
    unknown = [key for key in values if key not in ("probabilities", "units", "description")]
    if unknown:
        raise InputError(
            Problem(f"{name}: {key}", "an unknown key", "probabilities, units or description")
            for key in unknown
        )
    given = values["probabilities"]
    if isinstance(given, Mapping):
        rows = [(f"{name}: probabilities.{state}", state, value) for state, value in given.items()]
        target = _target_of_rows(rows, name)
    else:
        target = _target_of_table(given, f"{name}: probabilities")
    return _named(target, values.get("units"), f"{name}: units"), False


def _from_csv(file: Path, pseudocount: float) -> tuple[Target, bool]:
    name = str(file)
    rows = (row for row in csv_rows(file) if row[1])
    header_line, header = next(rows)
    place = f"{name}, line {header_line}"
    _refuse_numbers(header, place)
    lower = [column.lower() for column in header]
    if lower == ["state", "probability"]:
        table = [(f"{name}, line {line}", row[0], _number(row[1])) for line, row in rows]
        return _target_of_rows(table, name), False
    is_table = lower[-1] == "probability"
    units = header[:-1] if is_table else header
    if not 1 <= len(units) <= MAX_ENUMERATED_UNITS:
        got, expected = f"{len(units)} columns of units", f"1 to {MAX_ENUMERATED_UNITS}"
        raise InputError.single(place, got, expected)
    if is_table:
        table = [
            (f"{name}, line {line}", _joined(row[:-1]), _number(row[-1])) for line, row in rows
        ]
        return _named(_target_of_rows(table, name), units, place), False
    target = target_from_samples(_csv_states(rows, name, units), pseudocount)
    return _named(target, units, place), True


def _refuse_numbers(header: Sequence[str], where: str) -> None:
    if all(is_number(cell) for cell in header):
        shown = ",".join(header)
        raise InputError.single(where, repr(shown), "a header that names the columns")


def _csv_states(
    rows: Iterator[tuple[int, list[str]]], name: str, units: Sequence[str]
) -> NDArray[np.int8]:
    values = bytearray()
    for line, row in rows:
        for unit, cell in zip(units, row, strict=True):
            value = binary_cell(cell)
            if value is None:
                where = f"{name}, line {line}, column {unit!r}"
                expected = "0 or 1" + _SPINS * (number_cell(cell) == -1)
                raise InputError.single(where, repr(cell), expected)
            values.append(value == "1")
    if not values:
        raise InputError.single(name, "a header alone", "at least one row")
    return np.frombuffer(values, dtype=np.int8).reshape(-1, len(units))


def _number(text: str) -> float | str:
    number = number_cell(text)
    return text if number is None else number


def _joined(cells: Sequence[str]) -> str:
    """Text of a joint state; cells other than 0 and 1 are kept, so that errors can name them."""
    values = [binary_cell(cell) for cell in cells]
    return "".join(value or cell for value, cell in zip(values, cells, strict=True))


def _target_of_rows(rows: Sequence[tuple[str, str, object]], name: str) -> Target:
    """Make a target from triples (where, state as text, probability)."""
    if not rows:
        raise InputError.single(name, "no states", "at least one")
    n_units = len(rows[0][1])
    seen: dict[str, str] = {}
    problems = []
    for where, state, probability in rows:
        if not re.fullmatch("[01]+", state) or n_units > MAX_ENUMERATED_UNITS:
            expected = f"0 and 1, one for each of 1 to {MAX_ENUMERATED_UNITS} units"
            problems.append(Problem(where, f"the state {state!r}", expected))
        elif len(state) != n_units:
            expected = f"{n_units} units as in {rows[0][1]!r} (were leading zeros lost?)"
            problems.append(Problem(where, f"the state {state!r}", expected))
        elif state in seen:
            problems.append(
                Problem(where, f"the state {state!r} again", f"once ({_place(seen[state])})")
            )
        seen.setdefault(state, where)
        is_number = isinstance(probability, int | float) and not isinstance(probability, bool)
        if not is_number or not 0 <= probability <= 1:  # type: ignore[operator]
            problems.append(Problem(where, f"the probability {probability!r}", "from 0 to 1"))
    if problems:
        raise InputError(problems[:MAX_LISTED])
    states = np.array([[int(value) for value in state] for _, state, _ in rows], dtype=np.int8)
    table = np.zeros(2**n_units)
    table[state_index(states)] = [probability for _, _, probability in rows]
    return _target_of_table(table, name)


def _place(where: str) -> str:
    """Leave out the name of the file."""
    return re.split(r", (?=line )|: ", where)[-1]


def _target_of_table(given: Any, where: str) -> Target:
    table, problems = float_array(given, 1, where)
    if problems or table is None:
        raise InputError(problems)
    total = table.sum()
    if (table >= 0).all() and not abs(total - 1) <= _SUM_TOLERANCE:
        raise InputError.single(where, f"probabilities with a sum of {total:g}", "a sum of 1")
    return _under(where, target_from_table, table / total if total > 0 else table)


def _from_arrays(
    file: Path, arrays: Mapping[str, Any], units: object, *, pseudocount: float
) -> tuple[Target, bool]:
    """Make a target from arrays ``probabilities`` or ``states``, or from a machine's file."""
    name = str(file)
    if "probabilities" in arrays:
        target = _target_of_table(arrays["probabilities"], f"{name}: probabilities")
        return _named(target, units, f"{name}: units"), False
    if "states" in arrays:
        where = f"{name}: states"
        target = _under(where, target_from_samples, arrays["states"], pseudocount)
        return _named(target, units, f"{name}: units"), True
    return target_from_machine(load_machine(file)), False


def _hdf5_arrays(file: Path) -> tuple[dict[str, Any], object]:
    """Read the datasets of a target; give none if the file holds a machine, or is foreign."""
    arrays = {}
    with hdf5.opened(file, _EXPECTED_FILE) as root:
        check_schema(root)
        for key in ("probabilities", "states"):
            dataset = root.dataset(key)
            if dataset is None:
                continue
            if key == "states" and dataset.shape and dataset.shape[-1] > MAX_ENUMERATED_UNITS:
                got = f"shape {dataset.shape}"
                raise root.refusal(key, got, f"(..., unit) of at most {MAX_ENUMERATED_UNITS} units")
            if key == "probabilities" and dataset.n_items > 2**MAX_ENUMERATED_UNITS:
                got = f"shape {dataset.shape}"
                raise root.refusal(key, got, f"at most 2^{MAX_ENUMERATED_UNITS} numbers")
            arrays[key] = dataset.numbers()
        names = root.dataset("units")
        units = names.texts().tolist() if names is not None and names.is_text else None
        held = (root.group("machine") or root).names()
        if not arrays and not {"weights", "biases"} & set(held):
            got = ", ".join(sorted(held)) or "an empty HDF5 file"
            expected = "a dataset probabilities or states, or a machine"
            raise InputError.single(str(file), got, expected)
    return arrays, units


def _numpy_arrays(file: Path) -> tuple[dict[str, Any], object]:
    name, expected = str(file), "arrays of numbers saved by NumPy"
    arrays = read_numpy(file, expected)
    units = arrays.pop("units", None)
    known: dict[str, Any] = {
        key: arrays[key] for key in ("probabilities", "states") if key in arrays
    }
    if not known and len(arrays) == 1:
        ((_, array),) = arrays.items()
        known = {"probabilities" if array.ndim == 1 else "states": array}
    if not known:
        held = ", ".join(arrays) or "no arrays"
        raise InputError.single(name, held, "probabilities or states, or a single array")
    return known, None if units is None else units.tolist()


def _named(target: Target, units: object, where: str) -> Target:
    if units is None:
        return target
    names = tuple(units) if isinstance(units, list) else ()
    are_text = all(isinstance(name, str) and name for name in names)
    if not are_text or len(names) != target.n_units or len(set(names)) < len(names):
        raise InputError.single(where, repr(units), f"{target.n_units} different names")
    return dataclasses.replace(target, unit_names=names)


def _under(where: str, make: Any, *arguments: Any) -> Target:
    """Call `make`; problems are reported under the place they came from."""
    try:
        target: Target = make(*arguments)
    except InputError as error:
        raise InputError(
            p.at(where + "".join(p.where.partition("[")[1:])) for p in error.problems
        ) from None
    return target
