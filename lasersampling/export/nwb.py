"""An HDF5 file laid out like Neurodata Without Borders: units with spikes, series in time.

The places and names of data are those of the format, so that its tools and scripts for it find
them; what only experiments with animals have, and the full set of object identifiers, is missing.

References
----------
NWB Format Specification 2.7 (Units, TimeSeries), https://nwb-schema.readthedocs.io.
"""

from __future__ import annotations

import io
from typing import Any

import h5py
import numpy as np

from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results.contents import Results

_PER_NS = 1e-9
_VERSION = "2.7.0"


def nwb_like(results: Results) -> bytes:
    """Give spikes, traces and histories of a results file as such a file.

    Parameters
    ----------
    results : Results
        A results file with the groups loaded that are to be written. ``spikes`` becomes ``/units``,
        a row for each laser of each chain; every other variable along `time_ns`, `draw` or `epoch`
        becomes a series in ``/acquisition``. Times are in seconds.

    Raises
    ------
    InputError
        If the spikes are damaged.
    """
    # In memory, since HDF5 crashes the process when the disk is full.
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        file.attrs.update(neurodata_type="NWBFile", namespace="core", nwb_version=_VERSION)
        file["session_description"] = str(results.attrs.get("command", ""))
        file["session_start_time"] = str(results.attrs.get("created_at", ""))
        file["identifier"] = f"{results.path.name} {results.attrs.get('git_commit', '')}"
        if "spikes" in results.groups:
            _write_units(file, results.spikes())
        series = file.create_group("acquisition")
        for group, variables in results.groups.items():
            for name, variable in variables.items() if group != "spikes" else ():
                axis, times = _times(results, group, variable.dims)
                if axis is None or name in variable.dims or variable.data.dtype.kind not in "iuf":
                    continue
                node = series.create_group(f"{group}_{name}".replace("/", "_"))
                node.attrs.update(
                    neurodata_type="TimeSeries", namespace="core", description=variable.description
                )
                data = np.moveaxis(variable.data, axis, 0)
                _store(node, "data", data, unit=variable.units, conversion=1.0)
                _store(node, "timestamps", times, unit="seconds", interval=1)
    return stored.getvalue()


def _write_units(file: h5py.File, trains: SpikeTrains) -> None:
    """Write a row for each laser of each chain: its spikes, and where those of the next begin."""
    chain = np.repeat(np.arange(len(trains.chain_offset) - 1), np.diff(trains.chain_offset))
    row = chain * trains.n_units + trains.unit
    n_rows = (len(trains.chain_offset) - 1) * trains.n_units
    order = np.argsort(row, kind="stable")
    units = file.create_group("units")
    names = ["spike_times", "chain", "laser"]
    units.attrs.update(
        neurodata_type="Units", namespace="core", description="lasers of all chains", colnames=names
    )
    _store(units, "id", np.arange(n_rows), neurodata_type="ElementIdentifiers")
    _store(units, "spike_times", trains.time_ns[order] * _PER_NS, neurodata_type="VectorData")
    ends = np.cumsum(np.bincount(row, minlength=n_rows))
    _store(units, "spike_times_index", ends, neurodata_type="VectorIndex")
    units["spike_times_index"].attrs["target"] = units["spike_times"].ref
    _store(units, "chain", np.arange(n_rows) // trains.n_units, neurodata_type="VectorData")
    _store(units, "laser", np.arange(n_rows) % trains.n_units, neurodata_type="VectorData")


def _times(
    results: Results, group: str, dims: tuple[str, ...]
) -> tuple[int | None, np.ndarray[Any, Any]]:
    """Find the dimension in which time passes, and its times [s]; epochs count as seconds."""
    held = results.groups[group]
    for axis, dim in enumerate(dims):
        if dim in held and held[dim].units == "ns":
            return axis, np.asarray(held[dim].data, dtype=float) * _PER_NS
        if f"{dim}_ns" in held and held[f"{dim}_ns"].dims == (dim,):
            return axis, np.asarray(held[f"{dim}_ns"].data, dtype=float) * _PER_NS
        if dim == "draw":
            interval = held.get("interval_ns")
            step = float(interval.data.item()) * _PER_NS if interval is not None else 1.0
            return axis, np.arange(results.contents[f"{group}/state"].shape[axis]) * step
        if dim == "epoch" and dim in held:
            return axis, np.asarray(held[dim].data, dtype=float)
    return None, np.empty(0)


def _store(node: h5py.Group, name: str, data: Any, **attributes: Any) -> None:
    large = {"compression": "gzip", "shuffle": True} if np.size(data) > 1000 else {}
    node.create_dataset(name, data=data, **large).attrs.update(attributes)
