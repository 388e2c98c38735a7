"""Files of NIR graphs, and the package `nir`, which is optional."""

from __future__ import annotations

import io
import os
from types import ModuleType
from typing import TYPE_CHECKING

from lasersampling.atomic import atomic_path
from lasersampling.checks import boolean_problems, refuse
from lasersampling.config import hdf5
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.paths import HDF5_SUFFIXES, suffix_problems

if TYPE_CHECKING:
    import nir

_LONGEST_REASON = 200
_EXPECTED = "a graph written by nir.write"


def write_nir(path: str | os.PathLike[str], graph: nir.NIRGraph, *, overwrite: bool = True) -> None:
    """Write a graph with `nir.write`; the file appears completely or not at all.

    Parameters
    ----------
    path : path-like
        Ending in .nir, .h5, .hdf5 or .nc.
    graph : nir.NIRGraph
        As `to_nir` gives it.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        For anything but a graph, another suffix, and if the file cannot be written there.
    LaserSamplingError
        If the package `nir` is not installed.

    Examples
    --------
    >>> from lasersampling.config import shipped_path
    >>> from lasersampling.lif import load_network, to_nir
    >>> from lasersampling.lif.exchange.nir_file import read_nir, write_nir
    >>> stored = load_network(shipped_path("networks", "yin_yang_small"))
    >>> write_nir("network.nir", to_nir(stored.network, tau_syn_s=10e-6))
    >>> float(read_nir("network.nir").metadata["tau_syn_s"])
    1e-05
    """
    nir = nir_package()
    check_graph(graph)
    refuse(
        suffix_problems(path, (".nir", *HDF5_SUFFIXES)), boolean_problems("overwrite", overwrite)
    )
    buffer = io.BytesIO()  # HDF5 crashes the process when the disk is full
    nir.write(buffer, graph)
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(hdf5.sealed(buffer.getvalue()))


def read_nir(path: str | os.PathLike[str]) -> nir.NIRGraph:
    """Read a graph with `nir.read`.

    Raises
    ------
    InputError
        If there is no such file, or it is not a graph that NIR can read.
    LaserSamplingError
        If the package `nir` is not installed.

    Examples
    --------
    >>> from lasersampling.lif import LIFLayer, SpikingNetwork, Streams, to_nir
    >>> from lasersampling.lif.exchange.nir_file import read_nir, write_nir
    >>> streams = Streams([0])
    >>> network = SpikingNetwork([LIFLayer(4, 3, streams)], streams)
    >>> write_nir("layer.nir", to_nir(network, tau_syn_s=10e-6))
    >>> sorted(read_nir("layer.nir").nodes)
    ['input', 'neurons_0', 'output', 'weights_0']
    """
    nir = nir_package()
    name = str(path)
    content = hdf5.file_content(path, _EXPECTED)
    with hdf5.opened_bytes(content, name, _EXPECTED) as root:
        node = root.group("node")
        if node is None:
            raise root.refusal("", "an HDF5 file without a group /node", _EXPECTED)
        for entry in node.inspected().values():
            if isinstance(entry, hdf5.Dataset):
                entry.check_size()
    try:
        # What `from_nir` asks of a graph is less: norse writes lone numbers for all neurons.
        graph = nir.read(io.BytesIO(content), type_check=False)
    # NIR checks by assertions, and h5py raises whatever its structures cause.
    except Exception as error:
        reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
        raise InputError.single(name, f"what NIR cannot read ({reason})", _EXPECTED) from None
    if not isinstance(graph, nir.NIRGraph):
        raise InputError.single(name, f"a lone {type(graph).__name__} node", _EXPECTED)
    return graph


def check_graph(graph: object) -> None:
    """Refuse anything that is not a graph.

    Raises
    ------
    InputError
        If it is not.
    """
    nir = nir_package()
    if not isinstance(graph, nir.NIRGraph):
        got = f"{type(graph).__name__}"
        raise InputError.single("graph", got, "a nir.NIRGraph (`read_nir` reads one from a file)")


def nir_package() -> ModuleType:
    """Import the optional package `nir`.

    Raises
    ------
    LaserSamplingError
        If it is not installed.
    """
    try:
        import nir
    except ImportError:
        message = "NIR needs the package nir; install it with: pip install 'lasersampling[nir]'"
        raise LaserSamplingError(message) from None
    package: ModuleType = nir
    return package
