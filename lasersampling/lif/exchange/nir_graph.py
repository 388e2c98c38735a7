"""What leads where in a NIR graph: populations, and the paths of nodes between them.

Neurons (CubaLIF, LIF) and read-outs (CubaLI, LI) are populations; all other nodes transform what
passes them. Graphs within a graph, as recurrent layers of other tools, are opened: their nodes are
named ``outer.inner``, and their ends pass on what they get. Edges that meet add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lasersampling.errors import InputError, Problem

if TYPE_CHECKING:
    import nir

SPIKING = ("CubaLIF", "LIF")
READ_OUTS = ("CubaLI", "LI")
MATRICES = ("Linear", "Affine", "Scale")
PASSING = ("Flatten", "Threshold", "Identity")
KNOWN = ("Input", *MATRICES, "Delay", *PASSING, *SPIKING, *READ_OUTS, "NIRGraph", "Output")

MOST_PATHS = 1000
"""Paths of nodes between populations; shared nodes multiply them."""

_DEEPEST = 16

Named = tuple[str, Any]
"""A node and its name."""


class Identity:
    """An end of a graph within another.

    Parameters
    ----------
    end : node
        Input or Output of that graph.
    """

    def __init__(self, end: Any) -> None:
        self.end = end
        self.metadata: dict[str, Any] = {}


@dataclass(frozen=True)
class Path:
    """Nodes between two populations, or between the inputs or outputs and one.

    Attributes
    ----------
    source : str or None
        Name of a population; None for the inputs.
    steps : tuple of (str, node)
        Nodes on the way.
    target : str or None
        Name of a population; None for the outputs.
    """

    source: str | None
    steps: tuple[Named, ...]
    target: str | None


@dataclass(frozen=True)
class Structure:
    """Populations of a graph and what connects them.

    Attributes
    ----------
    input, output : (str, node)
        Ends of the graph.
    populations : tuple of (str, node)
        In the order of their numbers; the last one leads to the output.
    paths : tuple of Path
        In the order of connections.
    ending : Path
        From the last population to the output.
    """

    input: Named
    output: Named
    populations: tuple[Named, ...]
    paths: tuple[Path, ...]
    ending: Path


def kind(node: Any) -> str:
    """Return the name of the class of a node."""
    return type(node).__name__


def opened(graph: nir.NIRGraph) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the nodes and edges of a graph, those of graphs within it among them.

    Raises
    ------
    InputError
        For graphs within it that do not have one Input and one Output.
    """
    nodes, edges, _, _ = _opened(graph, "", 0)
    return nodes, edges


def structure_of(graph: nir.NIRGraph) -> Structure:
    """Find the populations of a graph, and the paths between them.

    Raises
    ------
    InputError
        With all nodes without a counterpart, and all edges that do not make a network.
    """
    nodes, edges = opened(graph)
    problems = [*_type_problems(nodes), *_edge_problems(nodes, edges)]
    if not problems:
        problems += [*_reach_problems(nodes, edges), *_read_out_problems(nodes, edges)]
    if problems:
        raise InputError(problems)
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for pre, post in edges:
        before[post].append(pre)
    start = next(name for name, node in nodes.items() if kind(node) == "Input")
    end = _lone_output(nodes)
    if end is None:
        raise InputError.single("graph", "no output", "one node Output")
    endings = list(_paths(end, nodes, before))
    if len(endings) != 1 or endings[0].source is None:
        got = f"{len(endings)} ways that lead to it"
        raise InputError.single(f"node {end!r}", got, "one, from one population")
    names = _ordered(nodes, edges, start, str(endings[0].source))
    paths = [path for name in names for path in _paths(name, nodes, before)]
    place = {None: -1} | {name: k for k, name in enumerate(names)}

    def number(path: Path) -> tuple[int, int, int]:
        stated = [_stated(node, "connection") for _, node in path.steps]
        first = next((n for n in stated if n is not None), len(paths))
        return first, place[path.target], place[path.source]

    return Structure(
        (start, nodes[start]), (end, nodes[end]), tuple((name, nodes[name]) for name in names),
        tuple(sorted(paths, key=number)), endings[0],
    )  # fmt: skip


def shape_of(values: Any) -> tuple[int, ...]:
    """Return the shape of an array, a tensor or a number in a node."""
    return tuple(int(n) for n in getattr(values, "shape", ()))


def is_population(node: Any) -> bool:
    """Tell whether a node has a state of its own."""
    return kind(node) in SPIKING or kind(node) in READ_OUTS


def _opened(
    graph: nir.NIRGraph, prefix: str, depth: int
) -> tuple[dict[str, Any], list[tuple[str, str]], str, str]:
    """Return nodes, edges and the names of both ends."""
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    ends: dict[str, tuple[str, str]] = {}
    for name, node in graph.nodes.items():
        full = prefix + name
        if kind(node) != "NIRGraph":
            nodes[full] = Identity(node) if prefix and kind(node) in ("Input", "Output") else node
            continue
        kinds = Counter(kind(inner) for inner in node.nodes.values())
        if depth == _DEEPEST or kinds["Input"] != 1 or kinds["Output"] != 1:
            got = f"a graph within with {kinds['Input']} Input and {kinds['Output']} Output"
            expected = f"one of each, and at most {_DEEPEST} graphs within one another"
            raise InputError.single(f"node {full!r}", got, expected)
        inner, own, start, end = _opened(node, f"{full}.", depth + 1)
        nodes |= inner
        edges += own
        ends[name] = start, end
    for pre, post in graph.edges:
        first = ends[pre][1] if pre in ends else prefix + pre
        last = ends[post][0] if post in ends else prefix + post
        edges.append((first, last))
    found = {
        end: next((prefix + n for n, node in graph.nodes.items() if kind(node) == end), "")
        for end in ("Input", "Output")
    }
    return nodes, edges, found["Input"], found["Output"]


def _type_problems(nodes: dict[str, Any]) -> Iterator[Problem]:
    """List nodes without a counterpart, and missing ends."""
    expected = ", ".join(KNOWN)
    for name, node in nodes.items():
        if kind(node) not in KNOWN:
            yield Problem(f"node {name!r}", f"a node {kind(node)}", expected)
    kinds = Counter(map(kind, nodes.values()))
    if kinds["Input"] != 1:
        yield Problem("graph", f"{kinds['Input']} nodes Input", "one")
    if _lone_output(nodes) is None:
        got = f"{kinds['Output']} nodes Output"
        yield Problem("graph", got, "one, or one of them with the name 'output'")
    if not any(kind(node) in SPIKING for node in nodes.values()):
        yield Problem("graph", "no node CubaLIF or LIF", "neurons that spike")


def _lone_output(nodes: dict[str, Any]) -> str | None:
    ends = [name for name, node in nodes.items() if kind(node) == "Output"]
    return ends[0] if len(ends) == 1 else next((n for n in ends if n == "output"), None)


def _edge_problems(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> Iterator[Problem]:
    """List edges without nodes, twice, and nodes with nothing before or behind them."""
    for name in sorted({end for edge in edges for end in edge} - set(nodes)):
        yield Problem("edges", f"an unknown node {name!r}", "names of nodes")
    for (pre, post), n in Counter(edges).items():
        if n > 1:
            yield Problem("edges", f"{n} edges from {pre!r} to {post!r}", "one")
    n_to, n_from = Counter(post for _, post in edges), Counter(pre for pre, _ in edges)
    for name, node in nodes.items():
        ends = {"Input": (0, n_to[name]), "Output": (0, n_from[name])}
        allowed, got = ends.get(kind(node), (0, 0))
        if got > allowed:
            beyond = "into" if kind(node) == "Input" else "out of"
            yield Problem(f"node {name!r}", f"{got} edges {beyond} it", "none")
        if kind(node) != "Input" and not n_to[name]:
            yield Problem(f"node {name!r}", "nothing that leads to it", "an edge into it")
        if kind(node) not in ("Output", *READ_OUTS) and not n_from[name]:
            yield Problem(f"node {name!r}", "nothing that it leads to", "an edge out of it")
        if kind(node) == "Output" and n_to[name] > 1:
            yield Problem(f"node {name!r}", f"{n_to[name]} edges into it", "one")


def _reach_problems(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> Iterator[Problem]:
    """List nodes that Input does not reach, and loops without neurons."""
    behind: dict[str, list[str]] = {name: [] for name in nodes}
    for pre, post in edges:
        behind[pre].append(post)
    reached, ahead = set(), [name for name, node in nodes.items() if kind(node) == "Input"]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += behind[name]
    for name in nodes:
        if name not in reached:
            yield Problem(f"node {name!r}", "a node that Input does not reach", "one that it does")
    # Kahn's algorithm: what is left after all nodes without a predecessor are removed is a loop.
    plain = {name for name, node in nodes.items() if not is_population(node)}
    waiting = Counter(post for pre, post in edges if pre in plain and post in plain)
    free = [name for name in plain if not waiting[name]]
    for name in free:
        for post in behind[name]:
            waiting[post] -= 1
            if post in plain and not waiting[post]:
                free.append(post)
    for name in sorted(plain - set(free)):
        yield Problem(f"node {name!r}", "a loop without neurons", "neurons in each loop")


def _read_out_problems(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> Iterator[Problem]:
    """List read-outs that lead on, and thresholds that neither pass on nor count once."""
    for pre, post in edges:
        if kind(nodes[pre]) in READ_OUTS and kind(nodes[post]) not in ("Output", "Identity"):
            got = f"a {kind(nodes[pre])} that leads to node {post!r}"
            expected = "one that leads to Output: its voltage is no spike"
            if kind(nodes[post]) == "Threshold":
                expected += "; CubaLIF in place of CubaLI and Threshold, which states a reset"
            yield Problem(f"node {pre!r}", got, expected)


def _paths(target: str, nodes: dict[str, Any], before: dict[str, list[str]]) -> Iterator[Path]:
    """Walk back from a node to populations and inputs, by all ways there are."""
    is_end = kind(nodes[target]) == "Output"
    ahead: list[tuple[str, tuple[Named, ...]]] = [(pre, ()) for pre in reversed(before[target])]
    found = 0
    while ahead:
        name, steps = ahead.pop()
        node = nodes[name]
        if kind(node) == "Input" or is_population(node):
            found += 1
            if found > MOST_PATHS:
                got, expected = f"more than {MOST_PATHS} ways that lead to it", "fewer"
                raise InputError.single(f"node {target!r}", got, expected)
            source = None if kind(node) == "Input" else name
            yield Path(source, steps, None if is_end else target)
        else:
            ahead += [(pre, ((name, node), *steps)) for pre in reversed(before[name])]


def _ordered(
    nodes: dict[str, Any], edges: list[tuple[str, str]], start: str, last: str
) -> list[str]:
    """Number the populations: as they state, or else by their distance from the inputs."""
    behind: dict[str, list[str]] = {name: [] for name in nodes}
    for pre, post in edges:
        behind[pre].append(post)
    ahead, seen = [start], {start}
    for name in ahead:
        for post in behind[name]:
            if post not in seen:
                seen.add(post)
                ahead.append(post)
    names = [name for name in ahead if is_population(nodes[name])]
    stated = [_stated(nodes[name], "population") for name in names]
    numbered = [n for n in stated if n is not None]
    if sorted(numbered) == list(range(len(names))) and stated[names.index(last)] == len(names) - 1:
        return [name for _, name in sorted(zip(numbered, names, strict=True))]
    return [*(name for name in names if name != last), last]


def _stated(node: Any, key: str) -> int | None:
    """Return a whole number of the metadata of a node."""
    value = (getattr(node, "metadata", None) or {}).get(key)
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None
