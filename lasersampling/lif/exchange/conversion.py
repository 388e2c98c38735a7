"""Conversion of network files: HDF5 (`network_file`), NIR, and arrays in .npz."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lasersampling.atomic import atomic_path, check_outputs
from lasersampling.datasets.numpy_files import LONE, read_numpy
from lasersampling.errors import InputError, Problem
from lasersampling.lif.exchange.network_file import StoredNetwork, load_network, save_network
from lasersampling.lif.exchange.networks import Network, arrays_of, network_of
from lasersampling.lif.exchange.nir import from_nir, reading_of, time_unit_s, to_nir
from lasersampling.lif.exchange.nir_file import read_nir, write_nir
from lasersampling.lif.exchange.nir_scales import Weights
from lasersampling.lif.network import SpikingNetwork
from lasersampling.lif.populations.answers import FIRST_SPIKE
from lasersampling.paths import HDF5_SUFFIXES, suffix_of, suffix_problems

SUFFIXES = (*HDF5_SUFFIXES, ".nir", ".npz")


@dataclass(frozen=True)
class NirMeaning:
    """Meaning of the numbers in NIR files; see `lif.exchange.nir_scales`.

    Attributes
    ----------
    tau_syn_s : float or None
        Unit of time, needed to write a file unless one is read [s].
    step_s : float or None
        Length of a step, for tools whose spikes are 1 for one step or which count in steps [s].
    weights : "jumps", "nir" or None
        Meaning of the weights in a file that is read; see `lif.from_nir`.
    """

    tau_syn_s: float | None = None
    step_s: float | None = None
    weights: Weights | None = None


@dataclass(frozen=True, eq=False)
class Conversion:
    """Result of a conversion.

    Attributes
    ----------
    network : SpikingNetwork or PopulationNetwork
        The network as it was read.
    member : int or None
        Member that was written, None for all.
    tau_syn_s : float or None
        Unit of time, if a NIR file was read or written [s].
    jumps : tuple of float or None
        Smallest and largest jump of a current for a weight of 1, in a NIR file that was read [1].
    remarks : tuple of str
        What the reader of a NIR file has to know.
    """

    network: Network
    member: int | None
    tau_syn_s: float | None
    jumps: tuple[float, float] | None
    remarks: tuple[str, ...] = ()


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    command: str,
    member: int | None = None,
    meaning: NirMeaning = NirMeaning(),
    overwrite: bool = False,
    read: Callable[[Path], StoredNetwork] = load_network,
) -> Conversion:
    """Read a network from one file and write it to another; suffixes determine their kinds.

    Parameters
    ----------
    source, target : path-like
        Ending in .h5, .hdf5, .nc, .nir or .npz.
    command : str
        Record in an HDF5 file of how it was made; it follows that of the source, if there is one.
    member : int, optional
        Member of an ensemble to be written as NIR, which holds one; the first by default.
    meaning : NirMeaning
        Meaning of the numbers in NIR files.
    overwrite : bool
        Whether an existing target may be replaced.
    read : callable
        Function that reads an HDF5 source.

    Raises
    ------
    InputError
        With all problems of the arguments, or of the source.
    """
    kinds = {str(path): suffix_of(path) for path in (source, target)}
    problems = [problem for path in kinds for problem in suffix_problems(path, SUFFIXES)]
    reads, writes = kinds[str(source)] == ".nir", kinds[str(target)] == ".nir"
    tau_syn_s, step_s = meaning.tau_syn_s, meaning.step_s
    given: dict[str, tuple[object, bool]] = {"member": (member, writes)}
    given["step_s"] = step_s, reads or writes
    given["tau_syn_s"] = tau_syn_s, reads or writes
    given["weights"] = meaning.weights, reads
    for name, (value, is_of_use) in given.items():
        if value is not None and not is_of_use and not problems:
            without = "without a NIR file" + (" to read" if name == "weights" and writes else "")
            problems.append(Problem(name, f"{value} {without}", "nothing here"))
    if writes and not reads and tau_syn_s is None:
        problems.append(Problem("tau_syn_s", "nothing", "the unit of time in seconds, for NIR"))
    if problems:
        raise InputError(problems)
    check_outputs([target], inputs=[source], overwrite=overwrite)
    trained_on, accuracy, answer, jumps = "", None, FIRST_SPIKE, None
    network: Network
    if reads:
        graph = read_nir(source)
        read_as = asdict(meaning)
        network, jumps = from_nir(graph, **read_as), reading_of(graph, **read_as).jumps
        tau_syn_s = time_unit_s(graph, step_s=step_s) if tau_syn_s is None else tau_syn_s
    elif kinds[str(source)] == ".npz":
        network = _read_npz(source)
    else:
        stored = read(Path(source))
        network, trained_on, accuracy = stored.network, stored.trained_on, stored.accuracy
        answer = stored.answer
        command = f"{stored.command}; {command}" if stored.command else command
    if writes:
        member = 0 if member is None else member
        graph = to_nir(network, tau_syn_s=float(tau_syn_s or 0), member=member, step_s=step_s)
        write_nir(target, graph, overwrite=overwrite)
    elif kinds[str(target)] == ".npz":
        _write_npz(target, network, overwrite=overwrite)
    else:
        save_network(
            target,
            network,
            command=command,
            trained_on=trained_on,
            accuracy=accuracy,
            overwrite=overwrite,
            answer=answer,
        )
    remarks = (*(_read_remarks(network) if reads else ()), *(_written(network) if writes else ()))
    return Conversion(network, member, tau_syn_s, jumps, remarks)


def _read_remarks(network: Network) -> Iterator[str]:
    """Say how a graph was read where its file does not tell."""
    if isinstance(network, SpikingNetwork):
        yield "neurons of this network spike at most once, as the file says"
        return
    arrays = arrays_of(network)
    shifted = [
        str(k)
        for k, population in enumerate(network.populations)
        if not population.spiking and arrays[f"leak_{k}"].any()
    ]
    if shifted:
        yield (
            f"voltages of read-outs are measured from their leak, which is not 0 in population "
            f"{', '.join(shifted)}: add it where voltages of neurons are compared"
        )


def _written(network: Network) -> Iterator[str]:
    """Say what other tools may not know of a graph."""
    arrays = arrays_of(network)
    periods = [a for name, a in arrays.items() if name.startswith("refractory_")]
    if isinstance(network, SpikingNetwork) or any(np.isinf(period).any() for period in periods):
        yield "NIR cannot express that neurons spike at most once: see docs/exchange.md"
    if any((np.isfinite(period) & (period > 0)).any() for period in periods):
        yield "NIR has no refractory period: it stands in metadata that other tools do not know"
    if any(name.startswith("initial_") for name in arrays):
        yield "NIR has no initial voltages: they stand in metadata that other tools do not know"


def _read_npz(path: str | os.PathLike[str]) -> Network:
    name = str(path)
    expected = "arrays of a network, written by numpy.savez"
    arrays = read_numpy(path, expected)
    if LONE in arrays:
        raise InputError.single(name, "one array without a name", expected)
    try:
        return network_of(arrays)
    except InputError as error:
        raise InputError(p.at(f"{name}: {p.where}") for p in error.problems) from None


def _write_npz(path: str | os.PathLike[str], network: Network, *, overwrite: bool) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays_of(network))  # type: ignore[arg-type]
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(buffer.getbuffer())
