"""Arrays of a network, read from the populations and paths of a NIR graph.

A delay that all spikes of a population share is one of that population: *axonal* if the outputs of
the graph do not have it, *dendritic* otherwise or if its metadata say ``role = dendritic``, which
is equivalent for all spikes. A delay that all that a population receives has in common is dendritic
too. Any other delay becomes one of synapses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lasersampling.arrays import as_floats
from lasersampling.lif.exchange.array_names import Array
from lasersampling.lif.exchange.nir_graph import (
    MATRICES,
    SPIKING,
    Path,
    Structure,
    kind,
    shape_of,
)
from lasersampling.lif.exchange.nir_neurons import Scales, cells_of, size_of, spikes_once
from lasersampling.lif.exchange.nir_sections import (
    INPUT_COPIES,
    Section,
    checked_width,
    copy_matrix,
    matrix_of,
    refusal,
    section_of,
)
from lasersampling.lif.exchange.population_arrays import Wiring

_LAYERED = ("threshold", "leak", "conductance", "tau_mem", "tau_syn")


@dataclass
class GraphArrays:
    """Arrays of a graph.

    Attributes
    ----------
    arrays : dict of str to ndarray
        With the names of `lif.exchange.population_arrays`, or for a stack of layers those of
        `lif.exchange.arrays`; values are not checked [1] or [tau_syn].
    origin : dict of str to str
        Node and field from which each was read.
    wiring : Wiring
        What leads where.
    are_layers : bool
        Whether it is a stack of layers whose neurons spike once.
    without_synapses : set of int
        Populations that the graph has without synapses.
    """

    arrays: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    wiring: Wiring = field(default_factory=lambda: Wiring(0, (), (), ()))
    are_layers: bool = False
    without_synapses: set[int] = field(default_factory=set)


def arrays_of_graph(structure: Structure, scales: Scales) -> GraphArrays:
    """Read the arrays of a graph.

    Parameters
    ----------
    structure : Structure
        What leads where in it.
    scales : Scales
        How its numbers become ours.

    Raises
    ------
    InputError
        For nodes, connections and values without a counterpart.
    """
    return _Reader(structure, scales).found


class _Reader:
    """Reads a graph in one go; `found` is the result."""

    def __init__(self, structure: Structure, scales: Scales) -> None:
        self._structure, self._scales = structure, scales
        self.found = GraphArrays()
        self._names = [name for name, _ in structure.populations]
        self._sizes: dict[str | None, int] = {None: self._input_size()}
        for name in self._names:
            self._sizes[name] = checked_width(name, self._size(name, set()))
        place = {None: -1} | {name: k for k, name in enumerate(self._names)}
        ends = tuple((place[path.source], place[path.target]) for path in structure.paths)
        nodes = [node for _, node in structure.populations]
        spiking = tuple(kind(node) in SPIKING for node in nodes)
        self.found.are_layers = (
            ends == tuple((k - 1, k) for k in range(len(nodes)))
            and all(kind(node) == "CubaLIF" and spikes_once(node) for node in nodes)
            and not any("initial" in (node.metadata or {}) for node in nodes)
        )
        paths = self._with_inputs()
        sections = [section_of(p, self._sizes[p.source], scales.unit_s) for p in paths]
        if self.found.are_layers and any(section.biases for section in sections):
            self.found.are_layers = False
        sizes = tuple(self._sizes[name] for name in self._names)
        self.found.wiring = Wiring(self._sizes[None], sizes, spiking, ends)
        self._populations(sections)
        self._shared_delays(sections)
        self._connections(sections)
        self._check_output()
        if not self.found.are_layers:
            self.found.arrays |= {
                "n_inputs": np.array(self._sizes[None]),
                "connections": np.array(ends),
                "spiking": np.array(spiking, dtype=np.int8),
            }

    def _input_size(self) -> int:
        name, node = self._structure.input
        return checked_width(name, _lone_size(name, node.input_type["input"]))

    def _size(self, name: str, seen: set[str]) -> int:
        """Number of neurons: by their parameters, or else by what leads to them."""
        own = size_of(dict(self._structure.populations)[name])
        if own is not None:
            return own
        into = [path for path in self._structure.paths if path.target == name]
        for path in into:
            for _, node in reversed(path.steps):
                if kind(node) in MATRICES:
                    scale = math.prod(shape_of(node.scale)) if kind(node) == "Scale" else 0
                    if scale != 1:  # which tells nothing
                        return scale or shape_of(node.weight)[-2]
        for path in into:
            if path.source is None:
                return self._sizes[None]
            if path.source not in seen | {name}:
                return self._size(path.source, seen | {name})
        return 1

    def _with_inputs(self) -> list[Path]:
        """Read bias spikes and copies of inputs; return the paths behind these."""
        name, node = self._structure.input
        paths = list(self._structure.paths)
        told = node.metadata or {}
        if "bias_times_s" in told:
            where = f"node {name!r} (bias_times_s)"
            times = np.atleast_1d(as_floats(told["bias_times_s"], where))
            self.found.arrays["bias_times"] = times / self._scales.unit_s
            self.found.origin["bias_times"] = where
        from_inputs = [path for path in paths if path.source is None]
        if not from_inputs or not all(self._may_copy(path) for path in from_inputs):
            return paths
        first = from_inputs[0].steps[0]
        if any(path.steps[0][0] != first[0] for path in from_inputs):
            return paths
        width = self._sizes[None]
        matrix = matrix_of(*first, width)
        n_bias = np.size(self.found.arrays.get("bias_times", ()))
        n_in = width - n_bias
        copies = (len(matrix) - n_bias) // n_in if n_in > 0 else 0
        if copies > 1 and np.array_equal(matrix, copy_matrix(n_in, copies, n_bias)):
            self.found.arrays["input_copies"] = np.array(float(copies))
            self._sizes[None] = len(matrix)
            paths = [
                Path(None, path.steps[1:], path.target) if path.source is None else path
                for path in paths
            ]
        return paths

    def _may_copy(self, path: Path) -> bool:
        """Tell whether a path begins with a matrix that may repeat inputs."""
        if not path.steps or kind(path.steps[0][1]) not in MATRICES:
            return False
        if not self.found.are_layers:  # of other tools such a matrix is one of weights
            return _role(path.steps[0][1]) == INPUT_COPIES
        n_matrices = sum(kind(node) in MATRICES for _, node in path.steps)
        # A single input that fans out to its synapses is no copy.
        return n_matrices > 1 and _role(path.steps[1][1]) != "synaptic"

    def _populations(self, sections: list[Section]) -> None:
        """Read the parameters of all populations, with the currents of biases."""
        self._jumps = []
        for k, (name, node) in enumerate(self._structure.populations):
            shared: dict[tuple[str, ...], Array] = {}
            for section, (_, target) in zip(sections, self.found.wiring.connections, strict=True):
                if target == k:
                    self._check_rows(section, k)
                    shared |= section.biases  # paths may share an Affine node
            bias = sum(shared.values(), np.zeros(self._sizes[name])) if shared else None
            cells = cells_of(name, node, self._sizes[name], self._scales, bias)
            self._jumps.append(cells.jump)
            kept = _LAYERED if self.found.are_layers else cells.arrays
            self.found.arrays |= {f"{own}_{k}": cells.arrays[own] for own in kept}
            self.found.origin |= {f"{own}_{k}": cells.origin[own] for own in kept}
            if not kind(node).startswith("Cuba"):
                self.found.without_synapses.add(k)

    def _check_rows(self, section: Section, k: int) -> None:
        n = self._sizes[self._names[k]]
        if len(section.matrix) != n:
            got = f"{len(section.matrix)} outputs for {n} neurons"
            expected = f"one for each neuron of node {self._names[k]!r}"
            raise refusal(section.origin, got, expected)

    def _shared_delays(self, sections: list[Section]) -> None:
        """Make delays that all spikes of a population share those of the population."""
        ends = self.found.wiring.connections
        for k in range(-1, len(self._names)):
            sent = [s.before for s, (source, _) in zip(sections, ends, strict=True) if source == k]
            is_last = k == len(self._names) - 1
            out = self._ending_delays() if is_last else None
            place = 0  # a delay stands at the same place in all paths
            while sent and all(len(own) > place for own in sent):
                name, delay = sent[0][place]
                if any(own[place][0] != name for own in sent):
                    break
                reaches_out = out is not None and len(out) > place and out[place][0] == name
                if out is not None and len(out) > place and not reaches_out:
                    break
                dendritic = reaches_out or (k >= 0 and self._has_role(name, "dendritic"))
                self._add(
                    f"dendritic_delays_{k}" if dendritic else f"axonal_delays_{k + 1}", name, delay
                )
                place += 1
            for own in sent:
                del own[:place]
            for name, delay in (out or [])[0 if not sent else place :]:
                if sent:
                    expected = "one that all spikes of these neurons have"
                    raise refusal(name, "a delay of some spikes of the last neurons", expected)
                self._add(f"dendritic_delays_{k}", name, delay)
        for k in range(len(self._names)):
            behind = [
                s.behind for s, (_, target) in zip(sections, ends, strict=True) if target == k
            ]
            while all(own and own[-1][0] == behind[0][-1][0] for own in behind):
                if f"initial_{k}" in self.found.arrays and self.found.wiring.spiking[k]:
                    break  # such neurons begin at another voltage than they would later
                name, delay = [own.pop() for own in behind][-1]
                self._add(f"dendritic_delays_{k}", name, delay)

    def _connections(self, sections: list[Section]) -> None:
        """Read weights, and make what is left of delays those of synapses."""
        for c, (section, (_, target)) in enumerate(
            zip(sections, self.found.wiring.connections, strict=True)
        ):
            self.found.arrays[f"weights_{c}"] = section.matrix * self._jumps[target][:, None]
            self.found.origin[f"weights_{c}"] = f"node {section.origin!r} (weight)"
            parts = [(name, delay[None, :]) for name, delay in section.before]
            parts += [(name, delay[:, None]) for name, delay in section.behind]
            parts += [] if section.lanes is None else [section.lanes]
            for name, delay in parts:
                full = np.broadcast_to(delay, section.matrix.shape)
                self._add(f"synaptic_delays_{c}", name, full)

    def _ending_delays(self) -> list[tuple[str, Array]]:
        """Delays between the last population and the outputs."""
        path = self._structure.ending
        for name, node in path.steps:
            if kind(node) in MATRICES:
                raise refusal(name, "a matrix that no neurons follow", "neurons before Output")
        return section_of(path, self._sizes[path.source], self._scales.unit_s).before

    def _check_output(self) -> None:
        name, node = self._structure.output
        declared = node.output_type.get("output")
        n = self._sizes[self._names[-1]]
        if declared is not None and _lone_size(name, declared) != n:
            raise refusal(name, f"{_lone_size(name, declared)} outputs", f"{n}")

    def _has_role(self, name: str, role: str) -> bool:
        steps = (step for path in self._structure.paths for step in path.steps)
        return any(_role(node) == role for other, node in steps if other == name)

    def _add(self, array: str, name: str, delay: Array) -> None:
        held = self.found.arrays
        held[array] = held[array] + delay if array in held else np.array(delay)
        self.found.origin[array] = f"node {name!r} (delay)"


def _lone_size(name: str, shape: Any) -> int:
    """Return the number of neurons that an end of the graph declares."""
    sizes = np.asarray(shape).ravel()
    if sizes.dtype.kind not in "iuf" or not sizes.size or not (sizes >= 1).all():
        got = f"the shape {tuple(sizes.tolist())}"
        raise refusal(name, got, "numbers of neurons, above 0")
    return math.prod(int(n) for n in sizes)


def _role(node: Any) -> str | None:
    """Return what the metadata of a node say that it is."""
    role = (node.metadata or {}).get("role")
    return role if isinstance(role, str) else None
