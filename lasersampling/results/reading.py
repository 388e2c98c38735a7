"""Reading a results file back, with one clear error for a file that is none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5netcdf
import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.results.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.lasers.spikes import SpikeTrains
    from lasersampling.sampling.protocol import Samples

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_EXPECTED = "a results file written by lasersampling"


@dataclass(frozen=True, eq=False)
class Variable:
    """One array of a results file, with its dimensions, unit and description."""

    data: NDArray[Any]
    dims: tuple[str, ...]
    units: str
    description: str


@dataclass(frozen=True)
class Entry:
    """What a results file says of one array, without the array."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    units: str
    description: str


@dataclass(frozen=True)
class Metric:
    """One figure of merit; `standard_error` and the 95 % `interval` are None where not known."""

    value: float
    standard_error: float | None
    units: str
    description: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Results:
    """What a results file holds, in memory.

    Attributes
    ----------
    path : Path
        The file.
    attrs : mapping
        Attributes of the root: schema_version, created_at, library_version, git_commit, command,
        seed, wall_time_s.
    config : str
        Configuration of the run as TOML text.
    contents : mapping of str to Entry
        All variables in the file, loaded or not, by ``group/name``.
    groups : mapping of str to mapping of str to Variable
        Loaded variables by group (``distribution``) and name (``target``).
    attributes : mapping of str to mapping
        Attributes of all groups, by group.
    metrics : mapping of str to Metric
        Figures of merit.
    """

    path: Path
    attrs: Mapping[str, Any]
    config: str
    contents: Mapping[str, Entry]
    groups: Mapping[str, Mapping[str, Variable]]
    attributes: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Metric]

    def group(self, name: str) -> Mapping[str, Variable]:
        """Return the variables of a group.

        Raises
        ------
        InputError
            If the file has no such group; the message lists the ones it has.
        """
        if name not in self.groups:
            held = ", ".join(f"/{group}" for group in sorted(self.groups)) or "no groups"
            raise InputError.single(str(self.path), f"a file with {held}", f"a group /{name}")
        return self.groups[name]

    def array(self, name: str) -> NDArray[Any]:
        """Return the data of ``group/variable``.

        Raises
        ------
        InputError
            If the file has no such variable.
        """
        group, _, variable = name.rpartition("/")
        variables = self.group(group)
        if variable not in variables:
            held = ", ".join(sorted(variables)) or "nothing"
            raise InputError.single(f"{self.path}: /{group}", held, f"a variable {variable!r}")
        return variables[variable].data

    def metric(self, name: str) -> Metric:
        """Return a figure of merit.

        Raises
        ------
        InputError
            If the file has no such metric; the message lists the ones it has.
        """
        if name not in self.metrics:
            held = ", ".join(sorted(self.metrics)) or "nothing"
            raise InputError.single(f"{self.path}: /metrics", held, f"a metric {name!r}")
        return self.metrics[name]

    def machine(self) -> BoltzmannMachine:
        """Return the machine of the run (`InputError` if there is none)."""
        from lasersampling.boltzmann import BoltzmannMachine

        counts = self.attributes.get("machine", {})
        return BoltzmannMachine(
            self.array("machine/weights"),
            self.array("machine/biases"),
            n_label=int(counts.get("n_label", 0)),
            n_hidden=int(counts.get("n_hidden", 0)),
        )

    def samples(self) -> Samples:
        """Return the samples of the run (`InputError` if there are none)."""
        from lasersampling.sampling.protocol import Samples

        states = self.array("samples/state")
        interval = self.groups["samples"].get("interval_ns")
        known = self.attributes["samples"]
        return Samples(
            states,
            sampler=str(known["sampler"]),
            seed=int(known["seed"]),
            interval_ns=None if interval is None else float(interval.data),
            spikes=self.spikes() if "spikes" in self.groups else None,
        )

    def spikes(self) -> SpikeTrains:
        """Return the spike trains of the run (`InputError` if there are none)."""
        from lasersampling.lasers.spikes import SpikeTrains

        return SpikeTrains(
            time_ns=self.array("spikes/time"),
            unit=self.array("spikes/unit"),
            chain_offset=self.array("spikes/chain_offset"),
            n_units=int(self.attributes["spikes"]["n_units"]),
            duration_ns=float(self.attributes["spikes"]["duration_ns"]),
        )


def read_results(path: str | os.PathLike[str], groups: Collection[str] | None = None) -> Results:
    """Read a results file.

    Parameters
    ----------
    path : path-like
        The file.
    groups : collection of str, optional
        Groups whose variables are loaded; all by default. All else is always loaded.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If the file is missing, empty, truncated, not a results file, or written by a newer
        version of the library.
    """
    file = Path(path)
    _check_signature(file)
    try:
        with _File(file, "r", decode_vlen_strings=True) as opened:
            _check_schema(file, opened)
            return _load(file, opened, groups)
    except InputError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        # What h5py raises depends on which of its structures is damaged.
        reason = " ".join(str(error).split())
        raise InputError.single(
            str(path), f"a damaged or truncated file ({reason})", _EXPECTED
        ) from error


class _File(h5netcdf.File):  # type: ignore[misc]
    """A file that keeps silent when it is dropped after a damaged file could not be opened."""

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def _check_signature(path: Path) -> None:
    """Tell a missing, empty or foreign file from an HDF5 file."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_SIGNATURE))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError.single(str(path), reason, _EXPECTED) from None
    if not start:
        raise InputError.single(str(path), "an empty file", _EXPECTED)
    if start != _SIGNATURE:
        raise InputError.single(str(path), f"a file that begins with {start!r}", _EXPECTED)


def _check_schema(path: Path, file: h5netcdf.File) -> None:
    """Refuse HDF5 files of others and of newer versions of the library."""
    version = file.attrs.get("schema_version")
    if not isinstance(version, (int, np.integer)):
        raise InputError.single(
            str(path), "an HDF5 file without the attribute 'schema_version'", _EXPECTED
        )
    if not 1 <= version <= SCHEMA_VERSION:
        raise InputError.single(
            f"{path}: schema_version",
            str(version),
            f"at most {SCHEMA_VERSION}; a newer lasersampling is needed to read this file",
        )


def _load(path: Path, file: h5netcdf.File, wanted: Collection[str] | None) -> Results:
    contents: dict[str, Entry] = {}
    groups: dict[str, dict[str, Variable]] = {}
    attributes: dict[str, dict[str, Any]] = {}
    for name, node in _walk(file):
        if name == "metrics":
            continue
        attributes[name] = _plain(node.attrs)
        for key, value in node.variables.items():
            contents[f"{name}/{key}"] = _entry(value)
        if wanted is None or name in wanted:
            groups[name] = {key: _variable(value) for key, value in node.variables.items()}
    metrics = {}
    if "metrics" in file.groups:
        for key, value in file["metrics"].variables.items():
            known = _plain(value.attrs)
            metrics[key] = Metric(
                value=float(value[...]),
                standard_error=known.get("standard_error"),
                units=known.get("units", ""),
                description=known.get("long_name", ""),
                interval=tuple(known["interval_95"]) if "interval_95" in known else None,
            )
    config = str(file["config"][...]) if "config" in file.variables else ""
    return Results(path, _plain(file.attrs), config, contents, groups, attributes, metrics)


def _walk(node: h5netcdf.Group, prefix: str = "") -> list[tuple[str, h5netcdf.Group]]:
    """List the groups below `node` with their paths."""
    found = []
    for name, child in node.groups.items():
        found.append((prefix + name, child))
        found.extend(_walk(child, f"{prefix}{name}/"))
    return found


def _entry(stored: h5netcdf.Variable) -> Entry:
    known = _plain(stored.attrs)
    return Entry(
        dims=tuple(stored.dimensions),
        shape=tuple(int(size) for size in stored.shape),
        dtype=str(stored.dtype) if stored.dtype != str else "text",
        units=known.get("units", ""),
        description=known.get("long_name", ""),
    )


def _variable(stored: h5netcdf.Variable) -> Variable:
    entry = _entry(stored)
    return Variable(np.asarray(stored[...]), entry.dims, entry.units, entry.description)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Turn NumPy's numbers and arrays among attributes into Python's."""
    return {
        key: value.tolist() if isinstance(value, np.generic | np.ndarray) else value
        for key, value in attributes.items()
    }
