"""Reading a results file, with one clear error for any other file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import boolean_problems, refuse
from lasersampling.config import hdf5
from lasersampling.config.hdf5_schema import check_schema
from lasersampling.errors import InputError
from lasersampling.labelled import Variable
from lasersampling.results.contents import EXPECTED, Entry, Metric, Results, missing_groups
from lasersampling.trust import untrusted_files


def read_results(
    path: str | os.PathLike[str],
    groups: Collection[str] | None = None,
    *,
    untrusted: bool = False,
) -> Results:
    """Read a results file.

    Parameters
    ----------
    path : path-like
        The file.
    groups : collection of str, optional
        Groups whose variables are loaded; all by default. Everything else is always loaded.
    untrusted : bool
        Whether another process reads the file first, with limits on time and memory; see
        `untrusted_files`, which does so for all files.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If the file is missing, empty, truncated, not a results file, or written by a newer
        version of the library; if it lacks one of `groups`, with those that it has.

    Examples
    --------
    >>> from lasersampling.results import ResultsFile
    >>> with ResultsFile.create("mine.h5", command="mine", seed=0, config="") as file:
    ...     file.metric("accuracy", 0.9, 0.01, description="right answers")
    >>> read_results("mine.h5").metric("accuracy").value
    0.9
    """
    given: object = groups
    if given is not None and (
        isinstance(given, str)
        or not isinstance(given, Collection)
        or not all(isinstance(name, str) for name in given)
    ):
        raise InputError.single("groups", repr(given), "a list of names of groups")
    refuse(boolean_problems("untrusted", untrusted))
    watched = untrusted_files() if untrusted else contextlib.nullcontext()
    with watched, hdf5.opened(path, EXPECTED) as root:
        _check_schema(root)
        found = _load(Path(path), root, groups)
    missing = set(groups or ()) - {*found.attributes, "metrics"}
    if missing:
        raise InputError(missing_groups(path, found.attributes, sorted(missing)))
    return found


def read_rows(path: str | os.PathLike[str], name: str, first: int, last: int) -> NDArray[Any]:
    """Read some of a long list of numbers in a results file, and not the rest.

    Parameters
    ----------
    path : path-like
        The file.
    name : str
        ``group/variable``, such as "spikes/time".
    first, last : int
        From which entry up to which, along the first dimension.

    Raises
    ------
    InputError
        As for `read_results`, and if there is no such variable.
    """
    with hdf5.opened(path, EXPECTED) as root:
        _check_schema(root)
        group, _, variable = name.rpartition("/")
        holder = root.group(group)
        dataset = None if holder is None else holder.dataset(variable)
        if dataset is None:
            raise root.refusal("", f"no variable {name}", "one that is in the file")
        return dataset.rows(first, last)


class _File(h5netcdf.File):  # type: ignore[misc]
    """A file that stays silent when it is dropped after a damaged file could not be opened."""

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def _check_schema(root: hdf5.Group) -> None:
    """Refuse HDF5 files of other origin, and of newer versions of the library."""
    if "schema_version" not in root.attributes():
        got = "an HDF5 file without the attribute 'schema_version'"
        raise root.refusal("", got, EXPECTED)
    check_schema(root)
    if "config" not in root:
        got = "a file without /config, so no results file of lasersampling"
        raise root.refusal("", got, EXPECTED)


def _load(path: Path, root: hdf5.Group, wanted: Collection[str] | None) -> Results:
    nodes = root.inspected()
    contents: dict[str, Entry] = {}
    groups: dict[str, dict[str, Variable]] = {}
    attributes: dict[str, dict[str, Any]] = {}
    metrics: dict[str, Metric] = {}
    with _File(root.h5py, "r", decode_vlen_strings=True) as file:
        for name, node in _walk(file):
            if name != "metrics":
                attributes[name] = _known(root, name, node.attrs)
            for key, stored in node.variables.items():
                place = f"{name}/{key}"
                # netCDF gives this name to a variable named like a dimension that is not its scale.
                dataset = nodes.get(f"{name}/_nc4_non_coord_{key}") or nodes[place]
                if not isinstance(dataset, hdf5.Dataset):
                    raise root.refusal(place, "a group", "a variable")
                known = _known(root, place, stored.attrs)
                if name == "metrics":
                    metrics[key] = _metric(root, place, dataset, known)
                    continue
                try:
                    dims = stored.dimensions
                except ValueError:
                    got = "a variable whose dimensions have no names, as other programs write them"
                    raise root.refusal(place, got, "one of a results file") from None
                contents[place] = _entry(root, place, dataset, dims, known)
                if wanted is None or name in wanted:
                    groups.setdefault(name, {})[key] = _variable(dataset, contents[place])
            if name != "metrics" and (wanted is None or name in wanted):
                groups.setdefault(name, {})
        attrs = _known(root, "", file.attrs)
    config = root.dataset("config")
    text = "" if config is None else config.text()
    return Results(path, attrs, text, contents, groups, attributes, metrics)


def _walk(node: h5netcdf.Group, prefix: str = "") -> list[tuple[str, h5netcdf.Group]]:
    """List the groups below `node` with their paths."""
    found = []
    for name, child in node.groups.items():
        found.append((prefix + name, child))
        found.extend(_walk(child, f"{prefix}{name}/"))
    return found


def _known(root: hdf5.Group, place: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as plain values, whose text is text."""
    known = _plain(attributes)
    for key, value in known.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, bytes) or (isinstance(text, str) and not _is_text(text)):
                raise root.refusal(f"{place}@{key}", "text that is not UTF-8", "text")
    return known


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _metric(
    root: hdf5.Group, place: str, dataset: hdf5.Dataset, known: Mapping[str, Any]
) -> Metric:
    value = dataset.numbers()
    error, interval = known.get("standard_error"), known.get("interval_95")
    if value.size != 1 or not isinstance(error, int | float | None):
        got = f"shape {value.shape}, standard error {error!r:.40}"
        raise root.refusal(place, got, "one number, and one for its error")
    if interval is not None and not _are_ends(interval):
        raise root.refusal(place, f"the interval {interval!r:.80}", "two numbers")
    return Metric(
        value=float(value.item()),
        standard_error=error,
        units=str(known.get("units", "")),
        description=str(known.get("long_name", "")),
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
        reason=str(known["reason"]) if "reason" in known else None,
    )


def _are_ends(interval: object) -> bool:
    is_pair = isinstance(interval, list) and len(interval) == 2
    return is_pair and all(isinstance(end, int | float) for end in interval)  # type: ignore[attr-defined]


def _entry(
    root: hdf5.Group,
    place: str,
    dataset: hdf5.Dataset,
    dims: Collection[str],
    known: Mapping[str, Any],
) -> Entry:
    if len(dims) != len(dataset.shape):
        got = f"{len(dims)} names of dimensions for shape {dataset.shape}"
        raise root.refusal(place, got, "one name for each dimension")
    return Entry(
        dims=tuple(dims),
        shape=dataset.shape,
        dtype="text" if dataset.is_text else str(dataset.h5py.dtype),
        units=str(known.get("units", "")),
        description=str(known.get("long_name", "")),
    )


def _variable(dataset: hdf5.Dataset, entry: Entry) -> Variable:
    data = dataset.texts() if dataset.is_text else dataset.numbers()
    return Variable(data, entry.dims, entry.units, entry.description)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Turn NumPy numbers and arrays among attributes into Python's."""
    return {
        key: value.tolist() if isinstance(value, np.generic | np.ndarray) else value
        for key, value in attributes.items()
    }
