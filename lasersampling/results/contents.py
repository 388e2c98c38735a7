"""What a results file holds, in memory: arrays by group, attributes, figures of merit."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem
from lasersampling.labelled import Variable, as_dataset

if TYPE_CHECKING:
    import xarray as xr

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.lasers.spikes import SpikeTrains
    from lasersampling.sampling.protocol import Samples

EXPECTED = "a results file written by lasersampling"


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
        seed, wall_time_s, processor, instruction_set, system, library_versions; older files lack
        the last four.
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
            raise InputError(missing_groups(self.path, self.attributes, [name]))
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
            raise InputError.single(f"{self.path}: /{group}", got, EXPECTED) from None


def missing_groups(
    path: str | os.PathLike[str], held: Collection[str], names: Collection[str]
) -> list[Problem]:
    """Say that a file lacks groups, and which it has."""
    got = "a file with " + (", ".join(f"/{group}" for group in sorted(held)) or "no groups")
    return [Problem(str(path), got, f"a group /{name}") for name in names]
