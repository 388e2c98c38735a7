"""Reading a results file, with one clear error for any other file."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5netcdf
import numpy as np
from numpy.typing import NDArray

from lasersampling.config import hdf5
from lasersampling.errors import InputError
from lasersampling.labelled import Variable, as_dataset
from lasersampling.results.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    import xarray as xr

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.lasers.spikes import SpikeTrains
    from lasersampling.sampling.protocol import Samples

_EXPECTED = "a results file written by lasersampling"


@dataclass(frozen=True)
class Entry:
    """Description of one array of a results file, without the array."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    units: str
    description: str


@dataclass(frozen=True)
class Metric:
    """One figure of merit; `standard_error` and the 95 % `interval` are None if unknown.

    If the value is unknown or not finite, or an expected error is missing, `reason` says why. A
    standard error or interval of nan counts as unknown.
    """

    value: float
    standard_error: float | None
    units: str
    description: str
    interval: tuple[float, float] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.standard_error is not None and math.isnan(self.standard_error):
            object.__setattr__(self, "standard_error", None)
        if self.interval is not None and any(math.isnan(end) for end in self.interval):
            object.__setattr__(self, "interval", None)


@dataclass(frozen=True, eq=False)
class Results:
    """Contents of a results file, in memory.

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

    def to_xarray(self) -> xr.DataTree:
        """Give all groups that were loaded, and the figures of merit as ``metrics``.

        Returns
        -------
        xarray.DataTree
            Names, dimensions, units and attributes as in the file; each of the ``metrics`` has its
            `standard_error` as an attribute where it is known.
        """
        import xarray as xr

        groups = {
            name: as_dataset(variables, self.attributes.get(name))
            for name, variables in self.groups.items()
        }
        if self.metrics:
            metrics = {
                name: Variable(np.asarray(metric.value), (), metric.units, metric.description)
                for name, metric in self.metrics.items()
            }
            groups["metrics"] = as_dataset(metrics)
            for name, metric in self.metrics.items():
                known = {"standard_error": metric.standard_error, "reason": metric.reason}
                told = {key: value for key, value in known.items() if value is not None}
                groups["metrics"][name].attrs.update(told)
        return xr.DataTree.from_dict({"/": xr.Dataset(attrs=dict(self.attrs)), **groups})

    def group(self, name: str) -> Mapping[str, Variable]:
        """Return the variables of a group.

        Raises
        ------
        InputError
            If the file has no such group; the message lists the ones it has.
        """
        if name not in self.groups:
            held = ", ".join(f"/{group}" for group in sorted(self.attributes)) or "no groups"
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
        weights, biases = self.array("machine/weights"), self.array("machine/biases")
        numbers = {
            key: int(self._number("machine", key)) if key in counts else 0
            for key in ("n_label", "n_hidden")
        }
        with self._named("machine"):
            return BoltzmannMachine(weights, biases, **numbers)

    def samples(self) -> Samples:
        """Return the samples of the run (`InputError` if there are none)."""
        from lasersampling.sampling.protocol import Samples

        states = self.array("samples/state")
        interval = self.groups["samples"].get("interval_ns")
        if interval is not None and interval.data.size != 1:
            got = f"shape {interval.data.shape}"
            raise InputError.single(f"{self.path}: /samples/interval_ns", got, "one number")
        known = self.attributes["samples"]
        with self._named("samples"):
            return Samples(
                states,
                sampler=str(known.get("sampler", "")),
                seed=int(self._number("samples", "seed")),
                interval_ns=None if interval is None else float(interval.data.item()),
                spikes=self.spikes() if "spikes" in self.groups else None,
            )

    def spikes(self) -> SpikeTrains:
        """Return the spike trains of the run (`InputError` if there are none)."""
        from lasersampling.lasers.spikes import SpikeTrains

        time, unit, offset = (self.array(f"spikes/{n}") for n in ("time", "unit", "chain_offset"))
        n_units = int(self._number("spikes", "n_units"))
        duration_ns = float(self._number("spikes", "duration_ns"))
        with self._named("spikes"):
            return SpikeTrains(time, unit, offset, n_units, duration_ns)

    def _number(self, group: str, name: str) -> float:
        """Return an attribute that is one finite number."""
        value = self.attributes.get(group, {}).get(name)
        if not isinstance(value, int | float) or not math.isfinite(value):
            got = "nothing" if value is None else repr(value)
            raise InputError.single(f"{self.path}: /{group}@{name}", got, "a number")
        return value

    @contextlib.contextmanager
    def _named(self, group: str) -> Iterator[None]:
        """Report problems with the contents of a group under the name of the file."""
        try:
            yield
        except InputError as error:
            raise InputError(
                p.at(f"{self.path}: /{group}/{p.where}") if str(self.path) not in p.where else p
                for p in error.problems
            ) from None
        except (TypeError, ValueError, IndexError) as error:
            got = f"what cannot be used ({error})"
            raise InputError.single(f"{self.path}: /{group}", got, _EXPECTED) from None


def read_results(path: str | os.PathLike[str], groups: Collection[str] | None = None) -> Results:
    """Read a results file.

    Parameters
    ----------
    path : path-like
        The file.
    groups : collection of str, optional
        Groups whose variables are loaded; all by default. Everything else is always loaded. Names
        that the file lacks are ignored here; `Results.group` refuses them.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If the file is missing, empty, truncated, not a results file, or written by a newer
        version of the library; if `groups` are no groups of results files.
    """
    given: object = groups
    if given is not None and (
        isinstance(given, str)
        or not isinstance(given, Collection)
        or not all(isinstance(name, str) for name in given)
    ):
        raise InputError.single("groups", repr(given), "a list of names of groups")
    with hdf5.opened(path, _EXPECTED) as root:
        _check_schema(root)
        return _load(Path(path), root, groups)


class _File(h5netcdf.File):  # type: ignore[misc]
    """A file that stays silent when it is dropped after a damaged file could not be opened."""

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def _check_schema(root: hdf5.Group) -> None:
    """Refuse HDF5 files of other origin, and of newer versions of the library."""
    version = _plain(root.attributes()).get("schema_version")
    version = version[0] if isinstance(version, list) and len(version) == 1 else version
    if not isinstance(version, int):
        got = "an HDF5 file without the attribute 'schema_version'"
        raise root.refusal("", got, _EXPECTED)
    if not 1 <= version <= SCHEMA_VERSION:
        expected = f"at most {SCHEMA_VERSION}; a newer lasersampling is needed to read this file"
        raise root.refusal("schema_version", str(version), expected)


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
                contents[place] = _entry(root, place, dataset, stored.dimensions, known)
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
