import dataclasses
import itertools
import sys
from typing import Any

import nir
import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.lif.exchange.arrays import network_from_arrays, network_to_arrays
from lasersampling.lif.exchange.nir import (
    from_nir,
    read_nir,
    reading_of,
    time_unit_s,
    to_nir,
    write_nir,
)

UNIT_S = 6e-6
RNG = np.random.default_rng(11)
N_IN, N_HIDDEN, N_OUT = 3, 5, 2

WEIGHTS = {
    "weights_0": RNG.normal(2.2, 1.0, (2, N_HIDDEN, N_IN)),
    "weights_1": RNG.normal(1.6, 0.8, (2, N_OUT, N_HIDDEN)),
}
AXONAL = {
    "axonal_delays_0": RNG.uniform(0.0, 1.0, (2, N_IN)),
    "axonal_delays_1": RNG.uniform(0.0, 1.0, (2, N_HIDDEN)),
}
DENDRITIC = {
    "dendritic_delays_0": RNG.uniform(0.0, 1.0, (2, N_HIDDEN)),
    "dendritic_delays_1": RNG.uniform(0.0, 1.0, (2, N_OUT)),
}
SYNAPTIC = {
    "synaptic_delays_0": RNG.uniform(0.0, 1.0, (2, N_HIDDEN, N_IN)),
    "synaptic_delays_1": RNG.uniform(0.0, 1.0, (2, N_OUT, N_HIDDEN)),
}
DOUBLE = {"tau_mem_0": 2.0, "tau_mem_1": 2.0}
GENERAL: dict[str, Any] = {
    "tau_mem_0": RNG.uniform(1.1, 3.0, (2, N_HIDDEN)),
    "tau_syn_0": RNG.uniform(0.7, 1.0, (2, N_HIDDEN)),
    "tau_mem_1": 0.6,
    "leak_0": 0.1,
    "leak_1": -0.2,
    "conductance_0": 1.4,
    "conductance_1": RNG.uniform(0.4, 0.8, (2, N_OUT)),
    "threshold_0": RNG.uniform(0.4, 0.6, (2, N_HIDDEN)),
    "threshold_1": 0.5,
}
COPIES = {
    "input_copies": 2,
    "bias_times": [0.1, 0.7],
    "weights_0": RNG.normal(0.7, 0.6, (2, N_HIDDEN, 2 * N_IN + 2)),
    "axonal_delays_0": RNG.uniform(0.0, 1.0, (2, 2 * N_IN + 2)),
}
MORE_LANES = {"synaptic_delays_0": RNG.uniform(0.0, 1.0, (2, N_HIDDEN, 2 * N_IN + 2))}
KINDS: dict[str, dict[str, Any]] = {
    "weights": WEIGHTS,
    "axonal": WEIGHTS | AXONAL,
    "dendritic": WEIGHTS | DENDRITIC,
    "synaptic": WEIGHTS | SYNAPTIC,
    "double": WEIGHTS | AXONAL | DOUBLE,
    "general": WEIGHTS | SYNAPTIC | GENERAL,
    "copies": WEIGHTS | COPIES | DENDRITIC,
    "everything": WEIGHTS | GENERAL | SYNAPTIC | AXONAL | DENDRITIC | COPIES | MORE_LANES,
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def samples(n, width=N_IN):
    return torch.rand(n, width, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


class Simulation:
    """Spikes of a NIR graph by its equations alone: each node acts on the events of its lanes.

    An event is a Dirac pulse, a pair of time [s] and strength. Neurons are integrated by an
    adaptive Runge-Kutta method from event to event, and spike once, as the metadata ask for.
    """

    def __init__(self, graph):
        self.graph = graph

    def run(self, input_times_s):
        follower = dict(self.graph.edges)
        self.spikes: list[list[float]] = []
        (name,) = self.graph.inputs
        lanes = [[(t, 1.0)] for t in input_times_s]
        while name in follower:
            name = follower[name]
            lanes = getattr(self, type(self.graph.nodes[name]).__name__)(
                self.graph.nodes[name], lanes
            )
        output = [lane[0][0] if lane else np.inf for lane in lanes]
        return np.concatenate([*self.spikes, output])

    def Linear(self, node, lanes):
        return [
            [(t, w * s) for w, lane in zip(row, lanes, strict=True) for t, s in lane if w != 0]
            for row in node.weight
        ]

    def Delay(self, node, lanes):
        return [[(t + d, s) for t, s in lane] for d, lane in zip(node.delay, lanes, strict=True)]

    def Output(self, node, lanes):
        return lanes

    def CubaLIF(self, node, lanes):
        assert node.metadata["spikes_at_most"] == 1
        found = [self.first_spike(node, k, lane) for k, lane in enumerate(lanes)]
        self.spikes.append([np.inf if t is None else t for t in found])
        return [[] if t is None else [(t, 1.0)] for t in found]

    def first_spike(self, node, k, events):
        tau_syn, tau_mem, r = node.tau_syn[k], node.tau_mem[k], node.r[k]

        def derivative(t, state):
            current, voltage = state
            return [-current / tau_syn, (node.v_leak[k] - voltage + r * current) / tau_mem]

        over: Any = lambda t, state: state[1] - node.v_threshold[k]  # noqa: E731
        over.terminal, over.direction = True, 1
        state = np.array([0.0, node.v_leak[k]])
        times = sorted({t for t, _ in events})
        for start, stop in itertools.pairwise([*times, (times or [0.0])[-1] + 15 * tau_mem]):
            # tau_syn dI/dt = -I + w_in S: a pulse of strength s lets I jump by w_in s / tau_syn.
            state[0] += node.w_in[k] / tau_syn * sum(s for t, s in events if t == start)
            solved = solve_ivp(
                derivative, (start, stop), state, "DOP853",
                events=over, rtol=1e-10, atol=1e-12, max_step=tau_syn / 4,
            )  # fmt: skip
            if solved.t_events[0].size:
                return solved.t_events[0][0]
            state = solved.y[:, -1]
        return None


@EVERY_KIND
def test_an_independent_integrator_finds_the_same_first_spikes(kind):
    network = network_from_arrays(KINDS[kind])
    member, inputs = 1, samples(4)
    with torch.no_grad():
        activity = network.run(inputs)
    expected = torch.cat([*activity.spikes, activity.output], dim=-1)[member].numpy()
    graph = to_nir(network, tau_syn_s=UNIT_S, member=member)
    bias = graph.nodes["input"].metadata.get("bias_times_s", [])
    simulation = Simulation(graph)
    found = np.array([simulation.run([*(row.numpy() * UNIT_S), *bias]) for row in inputs]) / UNIT_S
    assert np.isfinite(expected).mean() > 0.5
    assert np.array_equal(np.isfinite(found), np.isfinite(expected))
    present = np.isfinite(expected)
    assert found[present] == pytest.approx(expected[present], rel=0, abs=1e-7)


@EVERY_KIND
@pytest.mark.parametrize("member", [0, 1])
@pytest.mark.parametrize("step_s", [None, 1e-7])
def test_round_trip_over_a_file(kind, member, step_s, tmp_path):
    network = network_from_arrays(KINDS[kind])
    path = tmp_path / "network.nir"
    write_nir(path, to_nir(network, tau_syn_s=UNIT_S, member=member, step_s=step_s))
    graph = read_nir(path)
    assert time_unit_s(graph) == UNIT_S
    again = from_nir(graph)
    one, other = network_to_arrays(network), network_to_arrays(again)
    assert set(one) == set(other)
    for name, array in one.items():
        expected = array if name in ("bias_times", "input_copies") else array[[member]]
        assert other[name] == pytest.approx(expected, rel=1e-15, abs=1e-15), name
        if name.startswith("weights") and step_s is None:
            assert np.array_equal(other[name], expected)
    inputs = samples(100)
    with torch.no_grad():
        assert torch.allclose(again(inputs)[0], network(inputs)[member], rtol=0, atol=1e-12)


def test_every_node_that_we_emit_is_covered_and_states_its_shape():
    graphs = [to_nir(network_from_arrays(arrays), tau_syn_s=UNIT_S) for arrays in KINDS.values()]
    kinds = {type(node).__name__ for graph in graphs for node in graph.nodes.values()}
    assert kinds == {"Input", "Linear", "Delay", "CubaLIF", "Output"}
    names = set(graphs[-1].nodes)
    assert names == {
        *("input", "input_copies", "output"),
        *(f"{name}_{k}" for k in (0, 1) for name in ("axonal_delays", "fan_out", "weights")),
        *(f"{n}_{k}" for k in (0, 1) for n in ("synaptic_delays", "neurons", "dendritic_delays")),
    }
    assert all(graph.check_types() for graph in graphs)


def test_units_reset_and_metadata():
    network = network_from_arrays(KINDS["general"])
    graph = to_nir(network, tau_syn_s=UNIT_S, member=1)
    node = graph.nodes["neurons_0"]
    assert node.tau_mem == pytest.approx(GENERAL["tau_mem_0"][1] * 6e-6)
    assert node.w_in == pytest.approx(node.tau_syn)
    assert node.r == pytest.approx(1 / 1.4)
    assert np.array_equal(node.v_reset, node.v_leak)
    assert node.metadata == {"spikes_at_most": 1}
    assert graph.metadata["tau_syn_s"] == UNIT_S
    stepped = to_nir(network, tau_syn_s=UNIT_S, member=1, step_s=1e-7)
    assert stepped.nodes["neurons_0"].w_in == pytest.approx(node.tau_syn / 1e-7)
    assert stepped.metadata["step_s"] == 1e-7
    bias = to_nir(network_from_arrays(KINDS["copies"]), tau_syn_s=UNIT_S).nodes["input"]
    assert bias.input_type["input"].tolist() == [N_IN + 2]
    assert bias.metadata["bias_times_s"] == pytest.approx([0.1 * UNIT_S, 0.7 * UNIT_S])


def neurons(n=2, **changes):
    values = {"tau_syn": 5e-3, "tau_mem": 1e-2, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}
    fields = {name: np.full(n, value) for name, value in (values | {"w_in": 5e-3}).items()}
    return nir.CubaLIF(**(fields | {k: np.asarray(v, dtype=float) for k, v in changes.items()}))


def chain(*nodes):
    """A graph as other tools write it, with names and metadata of their own."""
    return nir.NIRGraph.from_list(*nodes)


EYE = np.eye(2)
WEIGHT = np.array([[1.0, 2.0, -0.5], [0.5, 3.0, 1.0]])


def test_graphs_of_other_tools():
    graph = chain(
        nir.Scale(np.array([1.0, 2.0, 1.0])),
        nir.Affine((WEIGHT * [1.0, 0.5, 1.0]).astype(np.float32), np.zeros(2)),
        nir.Delay(np.array([0.0, 1e-3])),
        neurons(r=[2.0, 4.0], w_in=[5e-3, 1e-2]),
        nir.Linear(np.eye(2)),
        nir.Linear(np.array([[3.0, 1.0]])),
        neurons(1, v_reset=[-3.0]),
    )
    assert time_unit_s(graph) == 5e-3
    arrays = network_to_arrays(from_nir(graph))
    assert arrays["weights_0"][0] == pytest.approx(WEIGHT * [[1.0], [2.0]])
    assert arrays["dendritic_delays_0"].tolist() == [[0.0, 0.2]]
    assert arrays["conductance_0"].tolist() == [[0.5, 0.25]]
    assert arrays["tau_mem_0"].tolist() == [[2.0, 2.0]]
    assert arrays["tau_syn_0"].tolist() == [[1.0, 1.0]]
    assert arrays["weights_1"].tolist() == [[[3.0, 1.0]]]
    other = network_to_arrays(from_nir(graph, tau_syn_s=1e-3))
    assert other["tau_mem_0"].tolist() == [[10.0, 10.0]]


def test_spikes_of_one_step():
    """SpikingJelly writes w_in = tau_syn / dt."""
    graph = chain(nir.Linear(WEIGHT), neurons(w_in=np.full(2, 5e-3 / 1e-4)))
    arrays = network_to_arrays(from_nir(graph, step_s=1e-4))
    assert arrays["weights_0"][0] == pytest.approx(WEIGHT)


SYN_S, MEM_S, DT_S = np.array([5e-3, 5e-3]), np.array([1e-2, 1e-2]), 1e-4
"""Of a network whose weights are the jumps of the current, in the exports below."""


def exported(tau_syn=SYN_S, tau_mem=MEM_S, w_in=1.0, **more):
    return chain(nir.Linear(WEIGHT), neurons(tau_syn=tau_syn, tau_mem=tau_mem, w_in=w_in, **more))


EXPORTS = {
    # tau = dt / (1 - decay), w_in = tau_syn / dt and r = tau_mem / dt, as snnTorch writes.
    "snntorch": (exported(w_in=SYN_S / DT_S, r=MEM_S / DT_S), DT_S, 5e-3),
    "spikingjelly": (exported(w_in=SYN_S / DT_S), DT_S, 5e-3),
    "norse": (exported(), 5e-3, 5e-3),
    "steps": (exported(SYN_S / DT_S, MEM_S / DT_S, SYN_S / DT_S), DT_S, 5e-3),
    "milliseconds": (exported(SYN_S * 1e3, MEM_S * 1e3, SYN_S * 1e3), 1e-3, 5e-3),
}


@pytest.mark.parametrize("tool", EXPORTS)
def test_units_are_asked_for_and_the_answer_makes_weights_the_jumps(tool):
    graph, step_s, unit_s = EXPORTS[tool]
    with pytest.raises(InputError, match=r"step_s \(--step-s\)") as caught:
        from_nir(graph)
    if tool != "steps":  # how long a step is nobody can know
        assert f"{step_s:g}" in str(caught.value)
    arrays = network_to_arrays(from_nir(graph, step_s=step_s))
    assert arrays["weights_0"][0] == pytest.approx(WEIGHT, rel=1e-12)
    assert arrays["tau_mem_0"][0] == pytest.approx([2.0, 2.0], rel=1e-12)
    assert arrays["tau_syn_0"][0] == pytest.approx([1.0, 1.0], rel=1e-12)
    assert time_unit_s(graph, step_s=step_s) == pytest.approx(unit_s)
    # In a file it is the same, and a graph that states its step is not asked about.
    graph.metadata["step_s"] = step_s
    try:
        assert reading_of(graph).problems == ()
    finally:
        del graph.metadata["step_s"]


def test_a_graph_can_be_taken_at_its_word():
    arrays = network_to_arrays(from_nir(exported(), step_s=1.0))
    assert arrays["weights_0"][0] == pytest.approx(WEIGHT * 200.0)


@pytest.mark.parametrize(
    ("graph", "step_s"),
    [
        # Older snnTorch: counts of steps, and w_in = 1.
        (exported(SYN_S / DT_S, MEM_S / DT_S), DT_S),
        (exported(), None),
        (exported(SYN_S * [1.0, 4.0], MEM_S * [1.0, 4.0]), None),  # no single step does it
    ],
)
def test_what_weights_are_can_be_said_where_no_step_says_it(graph, step_s):
    with pytest.raises(InputError, match=r"step_s|weights = 'jumps' \(--weights jumps\)"):
        from_nir(graph, step_s=step_s)
    found = network_to_arrays(from_nir(graph, step_s=step_s, weights="jumps"))
    assert np.array_equal(found["weights_0"][0], WEIGHT)
    read = reading_of(graph, step_s=step_s, weights="jumps")
    assert (read.jumps, read.problems) == ((1.0, 1.0), ())
    tau = np.asarray(graph.nodes["cubalif"].tau_syn)
    read = reading_of(graph, step_s=step_s, weights="nir")
    assert read.problems == ()
    assert read.jumps == pytest.approx((1 / tau.max(), 1 / tau.min()))


def test_weights_that_are_neither():
    with pytest.raises(InputError, match="weights: got 'jump', expected 'jumps'"):
        from_nir(exported(), weights="jump")  # type: ignore[arg-type]


def delayed(seconds):
    return chain(nir.Delay(np.array([0.0, seconds, seconds])), nir.Linear(WEIGHT), neurons())


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (exported(tau_syn=[5e-3, 2e-2]), r"no single step_s does it: 0\.005 to 0\.02"),
        (exported(w_in=1e-6), r"step_s \(--step-s\).*: 5000 makes"),
        (delayed(3.0), r"node 'delay' \(delay\): got delays of up to 300 times"),
        (delayed(1e-6), r"node 'delay' \(delay\): got delays of up to 0\.0001 times"),
        (exported(w_in=5e-3, tau_mem=[10.0, 10.0]), "tau_syn, tau_mem.*meant in seconds"),
        (exported(w_in=5e-3, tau_mem=[0.9, 0.9]), r"\(tau_mem\): got tau_mem of 180 tau_syn"),
        (exported(w_in=5e-3, v_threshold=[20.0, 30.0]), r"none of which can spike"),
        (exported(w_in=5e-3, v_leak=[-65.0] * 2, v_threshold=[-50.0] * 2), "none of which can"),
        (exported(w_in=5e-3, v_threshold=[1e-3] * 2), "lift the voltage by .* times"),
    ],
)
def test_scales_that_cannot_be_meant(graph, message):
    with pytest.raises(InputError, match=message):
        from_nir(graph)


def test_what_is_no_graph_or_no_network():
    things: list[Any] = [None, "network.nir", nir.Linear(WEIGHT), {"nodes": {}}]
    for thing in things:
        with pytest.raises(InputError, match="expected a nir.NIRGraph"):
            from_nir(thing)
        with pytest.raises(InputError, match="expected a SpikingNetwork"):
            to_nir(thing, tau_syn_s=1.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_tensors_in_nodes(dtype):
    weight = torch.nn.Parameter(torch.tensor(WEIGHT, dtype=dtype))
    graph = chain(nir.Linear(weight), neurons())
    for field in ("tau_syn", "v_threshold", "r"):
        values = torch.tensor(getattr(graph.nodes["cubalif"], field), dtype=dtype)
        setattr(graph.nodes["cubalif"], field, values.requires_grad_())
    arrays = network_to_arrays(from_nir(graph))
    # The values are multiples of 1/2; 5e-3 has eight bits in bfloat16, and w_in has all.
    assert arrays["weights_0"][0] == pytest.approx(WEIGHT, rel=2**-8)
    assert arrays["threshold_0"].tolist() == [[1.0, 1.0]]


def test_delays_behind_neurons_are_of_the_next_inputs_unless_said_otherwise():
    parts = nir.Linear(WEIGHT), neurons(), nir.Linear(np.ones((1, 2))), neurons(1)
    for role, name in [(None, "axonal_delays_1"), ("dendritic", "dendritic_delays_0")]:
        delay = nir.Delay(np.array([1e-3, 2e-3]), metadata={"role": role} if role else {})
        arrays = network_to_arrays(from_nir(chain(*parts[:2], delay, *parts[2:])))
        assert arrays[name] == pytest.approx(np.array([[0.2, 0.4]]))


def conv():
    return nir.Conv2d((4, 4), np.ones((1, 1, 3, 3)), 1, 0, 1, 1, np.zeros(1))


def loose(nodes, edges):
    return nir.NIRGraph(dict(nodes), edges, type_check=False)


PARTS = {
    "input": nir.Input(np.array([3])),
    "w": nir.Linear(WEIGHT),
    "n": neurons(),
    "output": nir.Output(np.array([2])),
}
LINE = [("input", "w"), ("w", "n"), ("n", "output")]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (loose(PARTS | {"c": conv()}, LINE), "node 'c': got a node Conv2d, expected Input, Linear"),
        (
            chain(nir.Linear(WEIGHT), nir.LIF(*np.ones((3, 2)), np.full(2, 2.0))),
            "node 'lif': got a node LIF, .*no synaptic time constant",
        ),
        (
            loose(PARTS | {"r": nir.Linear(np.eye(2))}, [*LINE, ("n", "r"), ("r", "n")]),
            "node 'n': got 2 edges into it and 2 out of it, expected 1 and 1: .* no recurrence",
        ),
        (
            loose(PARTS | {"a": nir.Delay(np.zeros(2)), "b": nir.Delay(np.zeros(2))},
                  [*LINE, ("a", "b"), ("b", "a")]),
            "node 'a': got a node that Input does not reach",
        ),
        (loose(PARTS, [*LINE[:2], ("n", "nobody")]), "edges: got an unknown node 'nobody'"),
        (loose({k: v for k, v in PARTS.items() if k != "input"}, LINE[1:]), "0 nodes Input"),
        (chain(nir.Affine(WEIGHT, np.ones(2)), neurons()), "node 'affine': got a bias"),
        (
            loose(PARTS | {"w": nir.Linear(np.ones((2, 2, 3)))}, LINE),
            r"node 'w': got a Linear of shape \(2, 2, 3\)",
        ),
        (
            loose(PARTS | {"n": neurons(w_in=np.ones(2))} |
                  {"w": nir.Linear(np.ones((3, 3)))}, LINE),
            r"node 'n': got w_in of shape \(2,\), expected \(3,\)",
        ),
        (loose(PARTS | {"w": nir.Delay(np.zeros(3))}, LINE), "node 'n': got neurons without"),
        (
            loose(PARTS | {"output": nir.Output(np.array([5]))}, LINE),
            "node 'output': got 5 outputs, expected 2",
        ),
        (
            loose(PARTS | {"input": nir.Input({"input": None})}, LINE),
            r"node 'input': got the shape \(None,\)",
        ),
        (chain(nir.Linear(WEIGHT), neurons(tau_syn=[-1.0, 1.0])), r"\(tau_syn\): got \[-1.\]"),
        (chain(nir.Linear(WEIGHT)), "no node CubaLIF"),
        (chain(nir.Linear(WEIGHT), neurons(), nir.Linear(EYE)), "node 'linear_1': .*no neurons"),
        (
            chain(nir.Linear(WEIGHT), nir.Delay(np.ones(2)), nir.Linear(EYE), neurons()),
            "node 'linear_1': got a matrix that sums delayed lanes",
        ),
        (
            chain(nir.Input(np.array([1, 3])), nir.Flatten({"input": np.array([1, 3])}, 0)),
            "node 'flatten': got a node Flatten",
        ),
        (chain(nir.Linear(WEIGHT), neurons(r=[1.0, 0.0])), r"node 'cubalif' \(r\): got 1 entries"),
        (chain(nir.Linear(WEIGHT), neurons(r=[1.0, -1.0])), r"node 'cubalif' \(r\): got -1,"),
        (
            chain(nir.Linear(WEIGHT), nir.Delay(np.array([0.0, -1e-3])), neurons()),
            r"node 'delay' \(delay\): got a delay of -0\.2",
        ),
        (
            chain(nir.Linear(WEIGHT * np.nan), neurons(v_threshold=[0.0, 1.0])),
            r"(?s)node 'linear' \(weight\): got 6 entries that are nan",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(graph, message):
    with pytest.raises(InputError, match=message):
        from_nir(graph)


def test_all_unknown_nodes_are_named_at_once():
    with pytest.raises(InputError) as caught:
        from_nir(loose(PARTS | {"c": conv(), "t": nir.Threshold(np.ones(2))}, LINE))
    assert {"node 'c'", "node 't'"} <= {problem.where for problem in caught.value.problems}


def test_bad_arguments():
    network = network_from_arrays(KINDS["weights"])
    for options, message in [
        ({"tau_syn_s": 0.0}, "tau_syn_s: got 0.0"),
        ({"tau_syn_s": 1.0, "member": 2}, "member: got 2, expected 0 to 1"),
        ({"tau_syn_s": 1.0, "step_s": -1.0}, "step_s: got -1"),
    ]:
        with pytest.raises(InputError, match=message):
            to_nir(network, **options)  # type: ignore[arg-type]
    graph = to_nir(network, tau_syn_s=1.0)
    graph.metadata["tau_syn_s"] = "fast"
    with pytest.raises(InputError, match="metadata"):
        from_nir(graph)
    with pytest.raises(InputError, match="no unit of time"):
        time_unit_s(loose({"a": nir.Delay(np.zeros(1))}, []))


def test_files_that_are_no_graphs(tmp_path):
    path = tmp_path / "network.nir"
    write_nir(path, to_nir(network_from_arrays(KINDS["synaptic"]), tau_syn_s=UNIT_S))
    content = path.read_bytes()
    for held, got in [
        (b"", "an empty file"),
        (b"text", "a file that begins with b'text'"),
        (content[: len(content) // 2], "a damaged or truncated file"),
    ]:
        path.write_bytes(held)
        with pytest.raises(InputError, match=f"network.nir: got {got}"):
            read_nir(path)
    nir.write(path, nir.Linear(WEIGHT))
    with pytest.raises(InputError, match="lone Linear|cannot read"):
        read_nir(path)
    with pytest.raises(InputError, match="no such file"):
        read_nir(tmp_path / "none.nir")


def test_every_field_of_the_nodes_that_we_emit_is_known():
    """A field that NIR adds to one of them must be given a meaning here first."""
    fields = {
        nir.CubaLIF: {"tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"},
        nir.Linear: {"weight"},
        nir.Delay: {"delay"},
    }
    for kind, known in fields.items():
        names = {field.name for field in dataclasses.fields(kind)}
        assert names - {"input_type", "output_type", "metadata"} == known


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(LaserSamplingError, match=r"pip install 'lasersampling\[nir\]'"):
        to_nir(network_from_arrays(KINDS["weights"]), tau_syn_s=UNIT_S)


@pytest.mark.parametrize("width", [10**6, 2**62, 0, -1])
def test_sizes_that_no_network_has_are_refused_before_memory_is_taken(width):
    graph = to_nir(network_from_arrays(KINDS["synaptic"]), tau_syn_s=UNIT_S)
    graph.nodes["input"].input_type["input"] = np.array([width])
    with pytest.raises(InputError, match=f"node 'input': got .*{width}"):
        from_nir(graph)
