"""Networks as NIR graphs: what we write computes the same spikes, and comes back."""

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
from lasersampling.lif.exchange.nir import from_nir, time_unit_s, to_nir
from lasersampling.lif.exchange.nir_file import read_nir, write_nir
from lasersampling.lif.network import SpikingNetwork

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
    assert isinstance(again, SpikingNetwork)
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
    assert node.metadata == {"population": 0, "spikes_at_most": 1}
    assert graph.metadata["tau_syn_s"] == UNIT_S
    stepped = to_nir(network, tau_syn_s=UNIT_S, member=1, step_s=1e-7)
    assert stepped.nodes["neurons_0"].w_in == pytest.approx(node.tau_syn / 1e-7)
    assert stepped.metadata["step_s"] == 1e-7
    bias = to_nir(network_from_arrays(KINDS["copies"]), tau_syn_s=UNIT_S).nodes["input"]
    assert bias.input_type["input"].tolist() == [N_IN + 2]
    assert bias.metadata["bias_times_s"] == pytest.approx([0.1 * UNIT_S, 0.7 * UNIT_S])


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
        time_unit_s(nir.NIRGraph({"a": nir.Delay(np.zeros(1))}, [], type_check=False))


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
    nir.write(path, nir.Linear(np.eye(2)))
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
