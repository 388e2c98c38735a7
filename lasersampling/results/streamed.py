"""Samples that are written to a results file piece by piece, in bounded memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.config.hdf5_checks import spoken
from lasersampling.errors import InputError
from lasersampling.labelled import numbered
from lasersampling.lasers.spikes import SpikeTrains

if TYPE_CHECKING:
    from lasersampling.lasers.long_runs import LongSimulation, Recording
    from lasersampling.results.store import ResultsFile
    from lasersampling.sampling.pieces import Pieces
    from lasersampling.sampling.protocol import Samples

_VALUES_PER_CHUNK = 1 << 17
_SPIKES_PER_CHUNK = 1 << 13

_BYTES_PER_VALUE = 0.2
"""Of a state of a unit, compressed: a fair coin takes 0.16 B."""

_BYTES_PER_SPIKE = 9.0
"""Of a spike, compressed: 7.5 B of its time, and the number of its unit."""

_BYTES_PER_POINT = 20.0
"""Of a point of the traces of a laser: three numbers of single precision, and the time."""

_SPARE = 1 << 24


def expected_bytes(run: Pieces) -> int:
    """Estimate the space on the disk that a run in pieces takes while it is completed [B].

    Its pieces are there until the results file is complete, so all is counted twice. Units are
    taken to be active half of the time.
    """
    n_chains, n_draws, n_units = run.shape
    values = n_chains * n_draws * n_units
    neuron = getattr(run.sampler, "neuron", None)
    interval_ns = getattr(run.sampler, "draw_interval_ns", None)
    spikes = 0.0
    if neuron is not None and interval_ns is not None:
        spikes = 0.5 * values * interval_ns / neuron.refractory_time_ns
    n_copies = 2 if len(run.lengths) > 1 else 1
    return int(n_copies * (_BYTES_PER_VALUE * values + _BYTES_PER_SPIKE * spikes))


def expected_recording_bytes(run: LongSimulation) -> int:
    """Estimate the space on the disk that a long simulation takes while it is completed [B].

    Its pieces are there until the results file is complete, so all is counted twice.
    """
    points = run.n_points * run.network.n_lasers
    return int(2 * (_BYTES_PER_POINT * points + _BYTES_PER_SPIKE * run.expected_spikes()))


def check_room(path: str | os.PathLike[str], n_bytes: int) -> None:
    """Refuse a run whose results would not fit on the disk, before it begins.

    Parameters
    ----------
    path : path-like
        Results file.
    n_bytes : int
        Space that the run is expected to take.

    Raises
    ------
    InputError
        If it is more than what is free.
    """
    folder = Path(path).absolute().parent
    free = shutil.disk_usage(folder).free
    if n_bytes + _SPARE > free:
        got = f"a run that takes about {spoken(n_bytes + _SPARE)} of the disk while it is written"
        expected = (
            f"at most {spoken(free)}, which are free in {folder}: a shorter run, or another disk"
        )
        raise InputError.single(str(path), got, expected)


def write_pieces(
    file: ResultsFile, pieces: Iterable[Samples], run: Pieces, spikes: NDArray[np.int64]
) -> None:
    """Write the samples of a run to ``/samples`` and ``/spikes``, as `write_samples` does.

    Parameters
    ----------
    file : ResultsFile
        The file.
    pieces : iterable of Samples
        The pieces, in their order, with spikes on one clock.
    run : Pieces
        The run.
    spikes : ndarray of int64, shape (piece, chain)
        How many spikes each piece has; no rows for a sampler without spikes.
    """
    n_chains, n_draws, n_units = shape = run.shape
    dims = ("chain", "draw", "unit")
    draws = min(n_draws, max(1, _VALUES_PER_CHUNK // n_units))
    chains = min(n_chains, max(1, _VALUES_PER_CHUNK // (draws * n_units)))
    file.write_group("samples", numbered(dict(zip(dims, shape, strict=True))))
    states = file.allot(
        "samples/state", shape, np.int8, dims, units="1", description="state z, 0 or 1",
        chunks=(chains, draws, n_units),
    )  # fmt: skip
    rows = _SpikeRows(file, spikes.sum(axis=0)) if len(spikes) else None
    done, last = 0, None
    for piece in pieces:
        states[:, done : done + piece.n_draws] = piece.states
        done, last = done + piece.n_draws, piece
        if rows is not None and piece.spikes is not None:
            rows.add(piece.spikes)
    assert last is not None
    about = {"sampler": last.sampler, "seed": int(run.seed)}
    if last.interval_ns is not None:
        file.write(
            "samples/interval_ns", float(last.interval_ns), units="ns",
            description="time between draws",
        )  # fmt: skip
    file.attributes("samples", about)
    if rows is not None:
        rows.finish()


def write_recordings(
    file: ResultsFile,
    recordings: Iterable[Recording],
    run: LongSimulation,
    n_spikes: int,
    spike_threshold_photons: float,
) -> None:
    """Write a long simulation to ``/spikes`` and ``/traces``, as `write_spikes` and `write_traces`.

    Parameters
    ----------
    file : ResultsFile
        The file.
    recordings : iterable of Recording
        The pieces, in their order.
    run : LongSimulation
        The simulation.
    n_spikes : int
        How many spikes all pieces have together.
    spike_threshold_photons : float
        Detection threshold [photons].
    """
    rows = _SpikeRows(file, np.array([n_spikes]))
    places: dict[str, Any] = {}
    done = 0
    for spikes, traces in recordings:
        rows.add(spikes)
        if traces is None:
            continue
        points = len(traces.time_ns)
        for name, one in traces.variables().items():
            if name not in places:
                n_lasers = len(traces.laser)
                shape = [run.n_points if dim == "time_ns" else n_lasers for dim in one.dims]
                length = min(_SPIKES_PER_CHUNK, run.n_points)
                places[name] = file.allot(
                    f"traces/{name}", shape, one.data.dtype, one.dims, units=one.units,
                    description=one.description,
                    chunks=tuple(length if dim == "time_ns" else 1 for dim in one.dims),
                )  # fmt: skip
            if one.dims[-1] == "time_ns":
                places[name][..., done : done + points] = one.data
            else:
                places[name][...] = one.data
        done += points
    rows.finish()
    file.write(
        "traces/pump_ratio", run.pump_ratio, ("laser",), units="1",
        description="pump over threshold pump",
    )  # fmt: skip
    file.attributes("traces", {"spike_threshold_photons": spike_threshold_photons})


class _SpikeRows:
    """The variables of ``/spikes``, written piece by piece: sorted by chain, then by time."""

    def __init__(self, file: ResultsFile, n_spikes: NDArray[np.int64]) -> None:
        self._file = file
        self._offset = np.append(0, np.cumsum(n_spikes)).astype(np.int64)
        self._place = self._offset[:-1].copy()
        self._variables = _spike_variables(file, int(self._offset[-1]))
        self._extent: dict[str, Any] = {}

    def add(self, trains: SpikeTrains) -> None:
        """Write the spikes of a piece behind those of earlier pieces."""
        bounds = trains.chain_offset
        for chain in range(trains.n_chains):
            own = slice(int(bounds[chain]), int(bounds[chain + 1]))
            first = int(self._place[chain])
            to = slice(first, first + own.stop - own.start)
            if own.stop > own.start:
                self._variables["time"][to] = trains.time_ns[own]
                self._variables["unit"][to] = trains.unit[own]
            self._place[chain] = to.stop
        self._extent = trains.extent

    def finish(self) -> None:
        """Write which spikes belong to which chain."""
        self._file.write_offsets(self._offset, self._extent)


def _spike_variables(file: ResultsFile, n_spikes: int) -> dict[str, Any]:
    """Make the variables of so many spikes, as `SpikeTrains.variables` names them."""
    empty = SpikeTrains(np.zeros(0), np.zeros(0, np.int32), np.zeros(2, np.int64), 1, 1.0)
    chunks = (min(_SPIKES_PER_CHUNK, max(1, n_spikes)),)
    return {
        name: file.allot(
            f"spikes/{name}", (n_spikes,), one.data.dtype, one.dims, units=one.units,
            description=one.description, chunks=chunks,
        )
        for name, one in empty.variables().items()
    }  # fmt: skip
