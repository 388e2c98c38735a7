"""Writing the one HDF5 file of a run.

The file follows the netCDF-4 conventions (named dimensions, `units` and `long_name` on every
variable), so that xarray opens each group. It appears under its name only when it is complete.

References
----------
NetCDF Users Guide, appendix A "Attribute conventions" (`units`, `long_name`), and CF conventions
1.11, section 3.1 (units of dimensionless quantities are ``1``).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import h5netcdf
import h5py
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

import lasersampling
from lasersampling.atomic import atomic_path
from lasersampling.checks import integer_problems
from lasersampling.config import hdf5
from lasersampling.config.hdf5_schema import SCHEMA_VERSION
from lasersampling.errors import InputError, LaserSamplingError, Problem
from lasersampling.interrupts import signals_wait
from lasersampling.labelled import Variables
from lasersampling.paths import as_text
from lasersampling.results.computer import about_computer
from lasersampling.results.contents import Metric
from lasersampling.results.disk import DiskFile
from lasersampling.results.outputs import Outputs
from lasersampling.results.provenance import git_commit
from lasersampling.results.reading import read_results

if TYPE_CHECKING:
    from lasersampling.boltzmann import AnyMachine
    from lasersampling.boltzmann.unit_names import UnitNames
    from lasersampling.lasers.spikes import SpikeTrains
    from lasersampling.sampling.protocol import Samples

__all__ = ["ResultsFile", "read_results"]

_STRING = h5py.string_dtype()
_COMPRESS_FROM_BYTES = 1 << 14
_CHUNK_CACHE = {"rdcc_nbytes": 1 << 24, "rdcc_nslots": 100_003}
"""Memory [B] and places for the chunks of a variable that is written piece by piece."""


class ResultsFile:
    """One results file being written; made by `ResultsFile.create`, used in a `with` block.

    Attributes
    ----------
    started : float
        Moment on the clock of `time.monotonic` from which the stored `wall_time_s` counts, to the
        end of the block [s]: when the file was begun, unless an earlier moment is set.

    Raises
    ------
    InputError
        As `ResultsFile.create` and the methods say: files that exist, names and values that no
        file holds.

    Examples
    --------
    >>> with ResultsFile.create("run.h5", command="demo", seed=0, config="") as file:
    ...     file.write("history/loss", [0.5, 0.2], ("step",), units="1", description="loss")
    ...     file.metric("kl_sample_target", 0.012, 0.001, description="D_KL(sample || target)")
    """

    def __init__(self, outputs: Outputs, temporary: Path) -> None:
        self.started = time.monotonic()
        self._outputs = outputs
        self._pending = ExitStack()
        self._disk = DiskFile(temporary)
        self._file = h5netcdf.File(self._disk, "w", **_CHUNK_CACHE)

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        command: str,
        seed: int,
        config: str,
        overwrite: bool = False,
        figures: Sequence[str] = (),
        inputs: Iterable[str | os.PathLike[str]] = (),
    ) -> ResultsFile:
        """Begin a results file; nothing appears under `path` unless the block ends without error.

        Parameters
        ----------
        path : path-like
            The file, ending in .h5, .hdf5 or .nc.
        command : str
            Command line or script that makes the results.
        seed : int
            Seed of the run.
        config : str
            The full validated configuration as TOML text.
        overwrite : bool
            Whether existing files are replaced (at the end; until then they stay untouched).
        figures : sequence of str
            Figures that `draw` draws beside the file; see `results.figures.figure_paths`.
        inputs : iterable of path-like
            Files that the run reads, which are never replaced; names that are not files do no harm.

        Raises
        ------
        InputError
            At once, so that a long run does not fail at its end: the ending is wrong, the file or
            that of a figure exists or is an input, its directory is missing or not writable, or
            another run is writing it.
        """
        problems = integer_problems("seed", seed, 0)
        texts: dict[str, object] = {"command": command, "config": config}
        problems += [
            Problem(where, type(text).__name__, "text")
            for where, text in texts.items()
            if not isinstance(text, str)
        ]
        if problems:
            raise InputError(problems)
        outputs = Outputs.checked(path, figures, inputs=inputs, overwrite=overwrite)
        with ExitStack() as stack:
            stack.enter_context(signals_wait())
            temporary = stack.enter_context(atomic_path(outputs.results, overwrite=overwrite))
            file = cls(outputs, temporary)
            stack.callback(file._disk.close)
            stack.callback(file._file.close)  # before the disk, which it still writes to
            file.attributes(
                "/",
                {
                    "schema_version": SCHEMA_VERSION,
                    "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "library_version": lasersampling.__version__,
                    "git_commit": git_commit(),
                    "command": command,
                    "seed": seed,
                    **about_computer(),
                },
            )
            stored = file._file.create_variable(
                "config", (), dtype=_STRING, data=np.array(as_text(config), dtype=_STRING)
            )
            stored.attrs["long_name"] = "configuration of the run, as TOML text"
            file._pending = stack.pop_all()
        return file

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            with suppress(OSError):  # `error` tells more
                self._file.close()
            self._pending.__exit__(kind, error, traceback)
            if isinstance(error, OSError):  # HDF5 names what it could not read back, not the cause
                try:
                    self._disk.check()
                except OSError as failure:
                    raise self._unwritten(failure) from failure
            return
        try:
            with self._pending:
                if "wall_time_s" not in self._file.attrs:  # a copy has that of the run
                    self.attributes("/", {"wall_time_s": time.monotonic() - self.started})
                self._file.close()
                self._disk.check()
                hdf5.seal(cast(BinaryIO, self._disk))
                self._disk.check()
        except OSError as failure:
            raise self._unwritten(failure) from failure

    def _unwritten(self, failure: OSError) -> LaserSamplingError:
        reason = failure.strerror or str(failure)
        return LaserSamplingError(f"{self._outputs.results}: could not be written ({reason})")

    def draw(self) -> list[Path]:
        """Draw the figures that were announced, after the block; return the names of all files.

        Raises
        ------
        InputError
            If the file lacks what a figure shows, or a file of its name has appeared in between.
        """
        return self._outputs.draw()

    def write(
        self,
        name: str,
        array: ArrayLike,
        dims: Sequence[str] = (),
        *,
        units: str,
        description: str,
    ) -> None:
        """Write one variable.

        A variable named like its only dimension is the coordinate of that dimension.

        Parameters
        ----------
        name : str
            ``group/variable``; groups are made as needed.
        array : array_like
            Booleans are stored as int8 (netCDF has no booleans), text as UTF-8.
        dims : sequence of str
            Name of every dimension; lengths must agree with the group's other variables.
        units : str
            Unit, ``1`` for numbers without one.
        description : str
            What the variable is, for the reader of the file.

        Raises
        ------
        InputError
            If the dimensions do not fit, the name is taken or the data cannot be stored.
        """
        data = _storable(name, array)
        stored = self.allot(
            name, data.shape, data.dtype, dims, units=units, description=description
        )
        if data.size:
            stored[...] = data

    def allot(
        self,
        name: str,
        shape: Sequence[int],
        dtype: DTypeLike,
        dims: Sequence[str],
        *,
        units: str,
        description: str,
        chunks: tuple[int, ...] | None = None,
    ) -> Any:
        """Make a variable that is written piece by piece, by assignment to slices of it.

        Parameters
        ----------
        name, dims, units, description
            As for `write`.
        shape : sequence of int
            Its shape.
        dtype : dtype
            A type that netCDF-4 has.
        chunks : tuple of int, optional
            Shape of the pieces in which it is compressed; pieces that are written should consist of
            whole ones.

        Raises
        ------
        InputError
            If the dimensions do not fit, or the name is taken.
        """
        group, _, variable = name.strip("/").rpartition("/")
        if not group or not variable:
            raise InputError.single("name", repr(name), "'group/variable'")
        if len(dims) != len(shape) or len(set(dims)) != len(dims):
            raise InputError.single(
                name, f"dims {tuple(dims)} for shape {tuple(shape)}", "one name for each dimension"
            )
        node = self._group(group)
        if variable in node.variables or variable in node.groups:
            raise InputError.single(name, "a name that is taken", "a new name")
        for dim, size in zip(dims, shape, strict=True):
            known = node.dimensions.get(dim)
            if known is None:
                node.dimensions[dim] = size
            elif known.size != size:
                raise InputError.single(
                    name, f"{size} along {dim!r}", f"{known.size}, as written before in {group}"
                )
        packing: dict[str, Any] = {}
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        if n_bytes >= _COMPRESS_FROM_BYTES and dtype != _STRING:
            packing = {"compression": "gzip", "compression_opts": 4, "shuffle": True,
                       "fletcher32": True, "chunks": chunks}  # fmt: skip
        stored = node.create_variable(variable, tuple(dims), dtype=dtype, **packing)
        stored.attrs["units"] = units
        stored.attrs["long_name"] = description
        return stored

    def write_group(self, group: str, variables: Variables) -> None:
        """Write labelled variables to a group, in their order."""
        for name, variable in variables.items():
            self.write(
                f"{group}/{name}", variable.data, variable.dims, units=variable.units,
                description=variable.description,
            )  # fmt: skip

    def attributes(self, group: str, mapping: Mapping[str, Any]) -> None:
        """Set attributes (numbers, text, flags or lists of them) of a group, ``/`` for the root."""
        node = self._group(group)
        for key, value in mapping.items():
            node.attrs[key] = _storable_attribute(f"{group}@{key}", value)

    def metric(
        self,
        name: str,
        value: float,
        standard_error: float | None = None,
        units: str = "1",
        description: str = "",
        interval: tuple[float, float] | None = None,
        reason: str | None = None,
    ) -> None:
        """Write one figure of merit to ``/metrics``.

        The standard error and the ends of a 95 % interval are stored if they are known, and the
        reason if something is not.
        """
        self.write(f"metrics/{name}", float(value), units=units, description=description)
        if standard_error is not None and not math.isnan(standard_error):
            self._file[f"metrics/{name}"].attrs["standard_error"] = float(standard_error)
        if interval is not None:
            self._file[f"metrics/{name}"].attrs["interval_95"] = np.array(interval, dtype=float)
        if reason is not None:
            self._file[f"metrics/{name}"].attrs["reason"] = reason

    def metrics(self, found: Mapping[str, Metric]) -> None:
        """Write figures of merit to ``/metrics``."""
        for name, metric in found.items():
            self.metric(
                name, metric.value, metric.standard_error, metric.units, metric.description,
                metric.interval, metric.reason,
            )  # fmt: skip

    def write_machine(self, machine: AnyMachine, names: UnitNames | None = None) -> None:
        """Write a machine to ``/machine``, from where `boltzmann.load_machine` can read it.

        Names of its units are written too, if it has any.
        """
        from lasersampling.boltzmann import as_machine

        machine = as_machine(machine)
        self.write(
            "machine/weights", machine.weights, ("post", "pre"),
            units="1", description="symmetric couplings W, zero diagonal",
        )  # fmt: skip
        self.write("machine/biases", machine.biases, ("post",), units="1", description="biases b")
        counts = {"n_label": machine.n_label, "n_hidden": machine.n_hidden}
        self.attributes("machine", counts)
        for key, held in (names.datasets() if names else {}).items():
            self.write(f"machine/{key}", list(held), (key,), units="1", description="names")

    def write_samples(self, samples: Samples) -> None:
        """Write states to ``/samples``, and the spikes from which they follow to ``/spikes``."""
        self.write_group("samples", samples.variables())
        if samples.interval_ns is not None:
            self.write(
                "samples/interval_ns", float(samples.interval_ns),
                units="ns", description="time between draws",
            )  # fmt: skip
        self.attributes("samples", {"sampler": samples.sampler, "seed": samples.seed})
        if samples.spikes is not None:
            self.write_spikes(samples.spikes)

    def write_spikes(self, trains: SpikeTrains) -> None:
        """Write spike trains to ``/spikes``: flat arrays, sorted by time within each chain."""
        self.write_group("spikes", trains.variables())
        self.write_offsets(trains.chain_offset, trains.extent)

    def write_offsets(self, chain_offset: NDArray[np.int64], extent: Mapping[str, Any]) -> None:
        """Write which spikes of ``/spikes`` belong to which chain, and the extent of the trains."""
        self.write(
            "spikes/chain_offset", chain_offset, ("chain_edge",),
            units="1", description="spikes of chain c are chain_offset[c] : chain_offset[c + 1]",
        )  # fmt: skip
        self.attributes("spikes", extent)

    def _group(self, path: str) -> h5netcdf.Group:
        """Return the group at `path` (``/`` for the root), after making it if necessary."""
        if path == "/":
            return self._file
        return self._file[path] if path in self._file else self._file.create_group(path)


def _storable(where: str, value: ArrayLike) -> NDArray[Any]:
    """Return `value` as an array of a type that netCDF-4 has."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError.single(where, "rows of different lengths", "an array") from None
    if array.dtype == np.bool_:
        return array.astype(np.int8)
    if array.dtype.kind == "U":
        return np.array([as_text(text) for text in array.flat], _STRING).reshape(array.shape)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8 or array.dtype == np.float16:
        raise InputError.single(
            where, f"data of type {array.dtype}", "integers, float32, float64, booleans or text"
        )
    return array


def _storable_attribute(where: str, value: Any) -> Any:
    """Return `value` as something that HDF5 stores as an attribute without pickling."""
    if isinstance(value, str):
        return as_text(value)
    array = _storable(where, value)
    return array.tolist() if array.dtype == _STRING else array[()]
