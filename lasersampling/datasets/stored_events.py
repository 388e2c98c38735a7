"""Labelled spikes that stay in an HDF5 file, of which a batch at a time is read.

The form is that of the Spiking Heidelberg Digits and Speech Commands: ``spikes/times`` and
``spikes/units`` hold a row of any length for each sample, ``labels`` a number, ``extra/speaker``
who spoke, ``extra/keys`` the names of the classes.

References
----------
Cramer, Stradmann, Schemmel, Zenke, IEEE Transactions on Neural Networks and Learning Systems 33
(2022) 2744, https://doi.org/10.1109/TNNLS.2020.3044364.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems, memory_problems, number_problems, refuse
from lasersampling.config import hdf5
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.labels import label_problems
from lasersampling.datasets.numpy_files import told_as_damage
from lasersampling.errors import InputError, Problem

if TYPE_CHECKING:
    import h5py

_EXPECTED = "an HDF5 file of spikes/times, spikes/units and labels"
_NUMBERS = {"times": ("f", "times in seconds"), "units": ("iu", "numbers of channels")}
_BYTES_PER_SPIKE = 64
"""Memory of a spike while a batch is read and sorted [B]."""

_SHORTEST_BIN_S = 1e-9
"""Shortest bin [s]."""

_FEWEST_KEPT = 0.5
"""Share of the spikes of a file that come before the latest time, at least."""


@dataclass(frozen=True)
class EventReading:
    """How times in seconds and channels become spike times in tau_syn and inputs.

    Attributes
    ----------
    time_unit_s : float
        Duration of one tau_syn [s].
    bin_s : float, optional
        All spikes of an input within a bin of this width become one, in the middle of the bin [s].
        Times stay as they are without it.
    latest_s : float, optional
        Spikes at this time or later are left out [s].
    n_channels : int
        Number of channels of the file.
    pooled : int
        Number of neighbouring channels that become one input; the last one may have fewer.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> from lasersampling.datasets.stored_events import EventReading
    >>> reading = EventReading(time_unit_s=0.005, bin_s=0.002, n_channels=8, pooled=4)
    >>> times, inputs = reading.read([0.0101, 0.0102, 0.03], [3, 2, 7])
    >>> times.round(3).tolist(), inputs.tolist()
    ([2.2, 6.2], [0, 1])
    """

    time_unit_s: float
    bin_s: float | None = None
    latest_s: float | None = None
    n_channels: int = 700
    pooled: int = 1

    def __post_init__(self) -> None:
        problems = number_problems("time_unit_s", self.time_unit_s, 0.0, strict=True)
        for name in ("bin_s", "latest_s"):
            if getattr(self, name) is not None:
                problems += number_problems(name, getattr(self, name), 0.0, strict=True)
        if self.bin_s is not None and 0.0 < self.bin_s < _SHORTEST_BIN_S:
            expected = f"at least {_SHORTEST_BIN_S:g} s, to which times are told apart"
            problems.append(Problem("bin_s", f"{self.bin_s:g}", expected))
        problems += integer_problems("n_channels", self.n_channels, 1, 2**31)
        problems += integer_problems("pooled", self.pooled, 1)
        refuse(problems)

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return -(-self.n_channels // self.pooled)

    def read(self, times_s: Any, units: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return spike times [tau_syn] and inputs of the spikes of one sample.

        Parameters
        ----------
        times_s : array_like, shape (spike,)
            Times [s].
        units : array_like of int, shape (spike,)
            Channels.
        """
        times, inputs = np.asarray(times_s, dtype=np.float64), np.asarray(units, dtype=np.int64)
        inputs = inputs // self.pooled
        if self.latest_s is not None:
            kept = times < self.latest_s
            times, inputs = times[kept], inputs[kept]
        if self.bin_s is not None:
            found = np.unique(
                np.floor(times / self.bin_s).astype(np.int64) * self.n_inputs + inputs
            )
            inputs = found % self.n_inputs
            times = (found // self.n_inputs + 0.5) * self.bin_s
        return times / self.time_unit_s, inputs


class SpikeFile:
    """A file of that form, every row of which has been read and checked once.

    Parameters
    ----------
    path : Path
        The file.
    reading : EventReading
        Says how many channels there are.

    Attributes
    ----------
    labels : ndarray of int64, shape (row,)
        Classes from 0.
    speakers : ndarray of int64, shape (row,), or None
        Who spoke, if the file says so.
    names : tuple of str
        Names of the classes; empty if the file does not say.
    n_spikes : ndarray of int64, shape (row,)
        Numbers of spikes, before any are left out or joined.

    Raises
    ------
    InputError
        For a file that is missing, damaged or of another form, and for the first row with times
        that are no numbers or below 0, channels that are not there, or more of one than of the
        other.
    """

    def __init__(self, path: Path, reading: EventReading) -> None:
        self.path, self._reading = path, reading
        self._open = ExitStack()  # until nobody needs the file any more
        root = self._open.enter_context(hdf5.opened(path, _EXPECTED))
        try:
            with told_as_damage(str(path), _EXPECTED):
                self.labels = self._column(root, "labels")
                group, extra = root.group("spikes"), root.group("extra")
                if group is None:
                    raise root.refusal("spikes", "nothing", _EXPECTED)
                self._times, self._units = (self._rows(group, name) for name in _NUMBERS)
                self.speakers: NDArray[np.int64] | None = None
                if extra is not None and "speaker" in extra:
                    self.speakers = self._column(extra, "speaker")
                self.names = _names(extra)
                refuse(memory_problems(f"{path}: labels", (len(self.labels),), 64))
                n_classes = len(self.names) or 1 + int(self.labels.max())
                refuse(label_problems(self.labels, n_classes, f"{path}: labels"))
                counts = np.array([self._counted(k) for k in range(len(self.labels))])
                self.n_spikes = counts[:, 0]
                refuse(self._late_problems(*counts.sum(axis=0)))
        except BaseException:
            self._open.close()
            raise

    def row(self, place: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return times [s] and channels of the spikes of one sample, in the order of the file.

        Parameters
        ----------
        place : int
            Number of the row.

        Raises
        ------
        InputError
            As for the class.
        """
        where = f"{self.path}: row {place}"
        with told_as_damage(where, _EXPECTED):
            rows = [np.asarray(dataset[place]) for dataset in (self._times, self._units)]
            longest = max(row.size for row in rows)
            refuse(memory_problems(where, (longest,), _BYTES_PER_SPIKE))
            times, units = rows[0].astype(np.float64), rows[1]
        n_channels = self._reading.n_channels
        problems = []
        if times.shape != units.shape:
            got = f"{times.size} times and {units.size} units"
            raise InputError.single(where, got, "as many of both")
        if len(times) and not (np.isfinite(times).all() and times.min() >= 0):
            wrong = times[~(np.isfinite(times) & (times >= 0))]
            got = f"{len(wrong)} of {len(times)} times that are not, such as {wrong[0]:g}"
            problems.append(Problem(where, got, "finite times of at least 0 [s]"))
        if len(units) and not (units.min() >= 0 and units.max() < n_channels):
            got = f"units from {units.min()} to {units.max()}"
            problems.append(Problem(where, got, f"channels from 0 to {n_channels - 1}"))
        refuse(problems)
        return times, units.astype(np.int64)

    def _counted(self, place: int) -> tuple[int, int]:
        """Check a row; return how many spikes it has, and how many of them are not too late."""
        times, _ = self.row(place)
        latest = self._reading.latest_s
        return len(times), len(times) if latest is None else int((times < latest).sum())

    def _late_problems(self, n_spikes: int, n_kept: int) -> list[Problem]:
        """Check that there are spikes, most of which are not left out."""
        if n_kept > _FEWEST_KEPT * n_spikes:
            return []
        if not n_spikes:
            return [Problem(f"{self.path}: spikes/times", "no spikes", "spikes")]
        got = f"{self._reading.latest_s:g}, which leaves out {n_spikes - n_kept} of {n_spikes}"
        expected = f"a time in seconds before which most spikes of {self.path} come"
        return [Problem("latest_s", f"{got} spikes", expected)]

    def _column(self, group: hdf5.Group, name: str) -> NDArray[np.int64]:
        """Read one whole number for each sample."""
        dataset = group.dataset(name)
        if dataset is None:
            raise group.refusal(name, "nothing", "a whole number for each sample")
        values = dataset.numbers()
        if values.ndim != 1 or values.dtype.kind not in "iu" or not len(values):
            got = f"{values.dtype} of shape {values.shape}"
            raise group.refusal(name, got, "a whole number for each sample")
        if name != "labels" and len(values) != len(self.labels):
            got = f"{len(values)} entries"
            raise group.refusal(name, got, f"{len(self.labels)}, one for each label")
        if values.dtype.kind == "u" and values.max() > np.iinfo(np.int64).max:
            raise group.refusal(name, f"{values.max()}", "numbers of at most 64 bits with sign")
        return values.astype(np.int64)

    def _rows(self, group: hdf5.Group, name: str) -> h5py.Dataset:
        """Look at a dataset of rows, and read nothing."""
        import h5py

        kinds, what = _NUMBERS[name]
        expected = f"a row of {what} for each sample, of any length"
        link = group.h5py.get(name, getlink=True) if name in group else None
        found = group.h5py.get(name) if isinstance(link, h5py.HardLink) else None
        if not isinstance(found, h5py.Dataset):
            raise group.refusal(name, "nothing" if link is None else "something else", expected)
        inner = h5py.check_vlen_dtype(found.dtype)
        if inner is not None and not inner.isnative:
            expected = "numbers in the byte order of this machine, as h5py reads rows rightly"
            raise group.refusal(name, f"rows of {inner.str}", expected)
        if inner is None or inner.kind not in kinds or found.ndim != 1:
            got = f"{'rows of ' if inner else ''}{inner or found.dtype} of shape {found.shape}"
            raise group.refusal(name, got, expected)
        if found.is_virtual or found.external:
            raise group.refusal(name, "data that lie in other files", "data in this file")
        if len(found) != len(self.labels):
            got = f"{len(found)} rows"
            raise group.refusal(name, got, f"{len(self.labels)}, one for each label")
        return found


class StoredEvents:
    """Samples of a file, whose spikes are read when they are needed; see `EventSet`.

    Parameters
    ----------
    file : SpikeFile
        The file.
    reading : EventReading
        How its times and channels are read.
    rows : ndarray of int64, shape (sample,), optional
        Rows of the file that are the samples; all of them by default.

    Attributes
    ----------
    labels : ndarray of int64, shape (sample,)
        Classes from 0.
    n_inputs : int
        Number of inputs.
    rows : ndarray of int64, shape (sample,)
        Rows of the file.
    """

    def __init__(
        self, file: SpikeFile, reading: EventReading, rows: NDArray[np.int64] | None = None
    ) -> None:
        self._file, self._reading = file, reading
        self.rows = np.arange(len(file.labels)) if rows is None else rows
        self.labels = file.labels[self.rows]
        self.n_inputs = reading.n_inputs

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def n_spikes(self) -> NDArray[np.int64]:
        """Number of spikes of each sample in the file, (sample,); fewer may be read."""
        return self._file.n_spikes[self.rows]

    def chosen(self, places: NDArray[np.int64]) -> StoredEvents:
        """Return some of the samples, whose spikes stay in the file.

        Parameters
        ----------
        places : ndarray of int64
            Their numbers, in the order that is wanted.
        """
        return StoredEvents(self._file, self._reading, self.rows[places])

    def read(self, places: NDArray[np.int64]) -> EventSet:
        """Read the spikes of some of the samples.

        Parameters
        ----------
        places : ndarray of int64
            Their numbers, in the order that is wanted.

        Raises
        ------
        InputError
            If they would not fit into the memory, or the file has been damaged since it was opened.
        """
        n_spikes = int(self.n_spikes[places].sum())
        where = f"{self.path}: spikes of {len(places)} samples"
        refuse(memory_problems(where, (n_spikes,), _BYTES_PER_SPIKE))
        parts = list(self._each(places))
        counts = [len(times) for times, _ in parts]
        return EventSet(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.concatenate([inputs for _, inputs in parts]),
            np.concatenate([times for times, _ in parts]),
            self.labels[places],
            self.n_inputs,
        )

    def counts(self) -> NDArray[np.int64]:
        """Return the number of spikes of each input, (sample, input), reading all samples once.

        Raises
        ------
        InputError
            If they would not fit into the memory.
        """
        refuse(memory_problems(f"{self.path}: counts", (len(self), self.n_inputs), 8))
        counts = np.empty((len(self), self.n_inputs), dtype=np.int64)
        for k, (_, inputs) in enumerate(self._each(np.arange(len(self)))):
            counts[k] = np.bincount(inputs, minlength=self.n_inputs)
        return counts

    def last(self) -> float:
        """Return the time of the last spike, -inf for none; all are read once [tau_syn]."""
        return self._last

    @cached_property
    def _last(self) -> float:
        each = self._each(np.arange(len(self)))
        return max((float(times.max()) for times, _ in each if len(times)), default=-math.inf)

    def _each(
        self, places: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
        for row in self.rows[places].tolist():
            yield self._reading.read(*self._file.row(row))


def _names(extra: hdf5.Group | None) -> tuple[str, ...]:
    """Names of the classes, if a file gives them."""
    keys = None if extra is None else extra.dataset("keys")
    if extra is None or keys is None:
        return ()
    names = tuple(str(name) for name in keys.texts().ravel())
    if len(set(names)) != len(names) or not all(name.strip() for name in names):
        raise extra.refusal("keys", "names that are empty or occur twice", "one for each class")
    return names
