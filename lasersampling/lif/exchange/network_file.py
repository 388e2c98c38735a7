"""Trained networks as HDF5 files.

The file has the arrays of `lif.exchange.arrays` (version 1 of the form, a `SpikingNetwork`) or of
`lif.exchange.population_arrays` (version 2, a `PopulationNetwork`) in the group ``/network``, each
with named dimensions, its unit and a description, so that xarray opens the group;
``/network/accuracy`` is the fraction of test samples that each member decides correctly. Attributes
of the root say what the file is (``form``, ``form_version``), the unit of all times (``time_unit``,
always tau_syn), the data on which the network was trained (``trained_on``), by which command
(``command``) and with which version of the library.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lasersampling
from lasersampling.arrays import as_floats
from lasersampling.atomic import atomic_path
from lasersampling.checks import boolean_problems, kind_problems, refuse
from lasersampling.config import hdf5
from lasersampling.config.hdf5_schema import check_schema
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.lif.delays import DelayRange
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.arrays import network_from_arrays
from lasersampling.lif.exchange.layouts import TIME_UNIT, layout, population_layout
from lasersampling.lif.exchange.networks import Network, arrays_of
from lasersampling.lif.exchange.population_arrays import (
    are_of_populations,
    population_network_from_arrays,
)
from lasersampling.lif.populations.answers import FIRST_SPIKE, Answer
from lasersampling.paths import HDF5_SUFFIXES, as_text, suffix_problems

FORM = "lasersampling spiking network"
FORM_VERSION = 1
"""Of files of stacks of layers."""

FORM_VERSION_OF_POPULATIONS = 2

_EXPECTED = "a network file written by lasersampling"


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """A network, and what its file says about it.

    Attributes
    ----------
    network : SpikingNetwork or PopulationNetwork
        The network; its delays are fixed unless a range was given.
    trained_on : str
        Data on which it was trained, as a recipe names them; empty if unknown.
    accuracy : ndarray of float64, shape (member,), or None
        Fraction of test samples that each member decides correctly, if known [1].
    command : str
        How it was made.
    answer : Answer
        What of its output neurons decides; by default the first spike.
    """

    network: Network
    trained_on: str
    accuracy: NDArray[np.float64] | None
    command: str
    answer: Answer = FIRST_SPIKE


def save_network(
    path: str | os.PathLike[str],
    network: Network,
    *,
    command: str = "",
    trained_on: str = "",
    accuracy: Sequence[float] | NDArray[np.float64] | None = None,
    single: bool = False,
    overwrite: bool = True,
    answer: Answer = FIRST_SPIKE,
) -> None:
    """Write a network; the file appears completely or not at all.

    Parameters
    ----------
    path : path-like
        Ending in .h5, .hdf5 or .nc.
    network : SpikingNetwork or PopulationNetwork
        One network or an ensemble.
    command : str
        How it was made.
    trained_on : str
        Data on which it was trained, as a recipe names them.
    accuracy : sequence of float, optional
        Accuracy of each member on the test part of these data [1].
    single : bool
        Store weights and delays in single precision: smaller files, for large networks that are
        shipped. Everything else is always stored in double precision.
    overwrite : bool
        Whether an existing file may be replaced.
    answer : Answer
        What of its output neurons decides.

    Raises
    ------
    InputError
        For arguments of another kind and another suffix; if the network has stages that the arrays
        cannot represent, there is not one accuracy for each member, or the file cannot be written.

    Examples
    --------
    >>> from lasersampling.lif import LIFLayer, SpikingNetwork, Streams, load_network, save_network
    >>> streams = Streams([0])
    >>> save_network("network.h5", SpikingNetwork([LIFLayer(4, 3, streams)], streams))
    >>> load_network("network.h5").network.sizes
    (4, 3)
    """
    refuse(
        suffix_problems(path, HDF5_SUFFIXES),
        kind_problems("command", command, str, "text"),
        kind_problems("trained_on", trained_on, str, "text"),
        boolean_problems("single", single),
        boolean_problems("overwrite", overwrite),
        kind_problems("answer", answer, Answer),
    )
    arrays = arrays_of(network)
    if accuracy is not None:
        arrays["accuracy"] = as_floats(accuracy, "accuracy")
        shares = arrays["accuracy"]
        if shares.shape != (network.n_members,) or not ((shares >= 0) & (shares <= 1)).all():
            expected = f"{network.n_members} numbers from 0 to 1, one for each member"
            raise InputError.single("accuracy", f"{accuracy}", expected)
    with atomic_path(path, overwrite=overwrite) as temporary:
        told = {"command": command, "trained_on": trained_on, **_told(answer)}
        content = _packed(arrays, told, single)
        try:
            temporary.write_bytes(content)
        except OSError as failure:
            reason = failure.strerror or str(failure)
            raise LaserSamplingError(f"{path}: could not be written ({reason})") from failure


def load_network(
    path: str | os.PathLike[str], delay_range: DelayRange | None = None
) -> StoredNetwork:
    """Read a network file.

    Parameters
    ----------
    path : path-like
        The file.
    delay_range : DelayRange, optional
        See `network_from_arrays`.

    Raises
    ------
    InputError
        With all problems found, each with the file: missing, empty, truncated or foreign files,
        files of a newer version, and arrays that `network_from_arrays` or
        `population_network_from_arrays` refuse.

    Examples
    --------
    >>> from lasersampling.config import shipped_path
    >>> from lasersampling.lif import load_network
    >>> load_network(shipped_path("networks", "yin_yang_small")).trained_on
    'yin_yang'
    """
    name = str(path)
    arrays, attributes, version = _read(path)
    accuracy = arrays.pop("accuracy", None)
    try:
        if version == FORM_VERSION:
            network: Network = network_from_arrays(arrays, delay_range)
        else:
            network = population_network_from_arrays(arrays, delay_range)
    except InputError as error:
        raise InputError(p.at(f"{name}: /network/{p.where}") for p in error.problems) from None
    if accuracy is not None and accuracy.shape != (network.n_members,):
        got, expected = f"shape {accuracy.shape}", f"({network.n_members},), one for each member"
        raise InputError.single(f"{name}: /network/accuracy", got, expected)
    told = {key: str(attributes.get(key, "")) for key in ("trained_on", "command")}
    answer = _answer(name, attributes)
    return StoredNetwork(network, told["trained_on"], accuracy, told["command"], answer)


def is_network_file(path: Path) -> bool:
    """Distinguish a network file from others; faults in it are found when it is read."""
    try:
        with hdf5.opened(path, _EXPECTED) as root:
            return bool(root.attributes().get("form") == FORM)
    except InputError:
        return False


def _told(answer: Answer) -> dict[str, str]:
    """Attributes that say what decides; none for the first spike of a whole run."""
    if answer == FIRST_SPIKE:
        return {}
    numbers = {"answer_until": answer.until, "answer_decay": answer.decay}
    told = {name: repr(float(value)) for name, value in numbers.items() if value is not None}
    return {"answer": answer.kind, **told}


def _answer(name: str, attributes: Mapping[str, object]) -> Answer:
    """What decides, as `_told` wrote it."""
    table: dict[str, Any] = {"kind": str(attributes.get("answer") or FIRST_SPIKE.kind)}
    for key in ("until", "decay"):
        text = attributes.get(f"answer_{key}")
        try:
            table |= {} if text is None else {key: float(str(text))}
        except ValueError:
            got, expected = repr(text), "a number"
            raise InputError.single(f"{name}: answer_{key}", got, expected) from None
    try:
        return Answer(**table)
    except InputError as error:
        raise InputError(p.at(f"{name}: answer.{p.where}") for p in error.problems) from None


def _packed(arrays: dict[str, NDArray[Any]], attributes: dict[str, str], single: bool) -> bytes:
    """Return the bytes of the file."""
    import h5netcdf

    of_populations = are_of_populations(arrays)
    # HDF5 crashes the process when the disk is full, so it writes to memory only.
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        file.attrs["form"] = FORM
        version = FORM_VERSION_OF_POPULATIONS if of_populations else FORM_VERSION
        file.attrs["form_version"] = version
        file.attrs["time_unit"] = TIME_UNIT
        file.attrs["library_version"] = lasersampling.__version__
        for key, value in attributes.items():
            if value:  # HDF5 has no empty texts
                file.attrs[key] = as_text(value)
        group = file.create_group("network")
        for name, array in arrays.items():
            dims, units, description = (
                population_layout(name, arrays["connections"]) if of_populations else layout(name)
            )
            for dim, size in zip(dims, array.shape, strict=True):
                if dim not in group.dimensions:
                    group.dimensions[dim] = size
            is_large = (array.ndim > 1 and "_delays_" in name) or name.startswith("weights")
            data = array.astype(np.float32) if single and is_large else array
            packing = {"compression": "gzip", "shuffle": True} if data.nbytes > 4096 else {}
            stored = group.create_variable(name, dims, dtype=data.dtype, data=data, **packing)
            stored.attrs["units"] = units
            stored.attrs["long_name"] = description
    return hdf5.sealed(buffer.getvalue())


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, object], int]:
    """Return the arrays, the attributes of the root, and the version of the form."""
    with hdf5.opened(path, _EXPECTED) as root:
        check_schema(root)
        attributes = root.attributes()
        group = root.group("network")
        if attributes.get("form") != FORM or group is None:
            got, expected = "an HDF5 file of another form", _EXPECTED
            if "schema_version" in attributes:
                got = f"a results file ({attributes.get('command') or 'of an unknown command'})"
                expected = (
                    f"{_EXPECTED}; from results of a completed `lasersampling classify`, "
                    "`lasersampling convert RESULTS.h5 NETWORK.h5` makes one"
                )
            raise root.refusal("", got, expected)
        version = np.asarray(attributes.get("form_version"))  # netCDF stores arrays of one
        newest = FORM_VERSION_OF_POPULATIONS
        if version.dtype.kind != "i" or version.size != 1 or not 1 <= version <= newest:
            expected = f"at most {newest}; newer files need a newer lasersampling"
            raise InputError.single(f"{path}: form_version", str(version), expected)
        unit = attributes.get("time_unit")
        if unit != TIME_UNIT:
            raise InputError.single(f"{path}: time_unit", repr(unit), repr(TIME_UNIT))
        arrays = {}
        for key, dataset in group.children().items():
            if not isinstance(dataset, hdf5.Dataset):
                raise group.refusal(key, "a group", "an array")
            # By these netCDF names dimensions; they hold no data.
            if dataset.attributes().get("CLASS") != "DIMENSION_SCALE":
                arrays[key] = dataset.numbers()
        return arrays, attributes, int(version.item())
