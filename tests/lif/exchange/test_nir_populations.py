"""Networks of populations to and from NIR, and what graphs of other tools are read as."""

import itertools
from typing import Any

import nir
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lasersampling.errors import InputError
from lasersampling.lif import SpikingNetwork
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.exchange.networks import arrays_of
from lasersampling.lif.exchange.nir import from_nir, to_nir
from lasersampling.lif.exchange.nir_file import read_nir, write_nir
from lasersampling.lif.exchange.population_arrays import population_network_from_arrays
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.events.networks import recurrent, spike_train
from tests.lif.exchange.random_populations import assert_same, networks

TAU = 5e-3


@settings(
    max_examples=30, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(networks(), st.data(), st.sampled_from([None, 1e-4]))
def test_each_member_comes_back(tmp_path, network, data, step_s):
    member = data.draw(st.integers(0, network.n_members - 1))
    graph = to_nir(network, tau_syn_s=7e-3, member=member, step_s=step_s)
    write_nir(tmp_path / "one.nir", graph)
    again = from_nir(read_nir(tmp_path / "one.nir"))
    if isinstance(again, PopulationNetwork):
        assert_same(network, again, member=member, rounding=4e-15)
        return
    # A chain of neurons that spike once is a stack of layers.
    assert {(c.source, c.target) for c in network.connections} == {
        (k - 1, k) for k in range(len(network.populations))
    }
    expected = arrays_of(network)
    for name, array in arrays_of(again).items():
        assert array == pytest.approx(expected[name][[member]], rel=4e-15, abs=1e-14), name


def test_copies_and_bias_spikes_come_back():
    arrays: dict[str, Any] = {
        "n_inputs": 5, "connections": [[-1, 0], [-1, 1], [0, 1]], "spiking": [1, 0],
        "input_copies": 2, "bias_times": [0.25], "weights_0": np.ones((3, 5)),
        "weights_1": np.full((2, 5), 0.5), "weights_2": np.ones((2, 3)), "refractory_0": 0.5,
        "axonal_delays_0": np.linspace(0.1, 0.5, 5),
    }  # fmt: skip
    network = population_network_from_arrays(arrays)
    graph = to_nir(network, tau_syn_s=TAU)
    assert graph.nodes["input"].input_type["input"].tolist() == [3]
    again = from_nir(graph)
    assert isinstance(again, PopulationNetwork)
    assert_same(network, again, rounding=4e-15)


def cells(n: int, kind: str = "CubaLIF", **changes: Any) -> Any:
    """Neurons with a jump of 1 for a weight of 1."""
    values = {"r": 1.0, "v_leak": 0.0}
    if kind.startswith("Cuba"):
        values |= {"tau_syn": TAU, "tau_mem": 2 * TAU, "w_in": TAU}
    else:
        values |= {"tau": 2 * TAU}
    if kind.endswith("F"):
        values |= {"v_threshold": 1.0, "v_reset": 0.0}
    arrays = {name: np.full(n, value) for name, value in values.items()}
    return getattr(nir, kind)(**(arrays | {k: np.asarray(v, float) for k, v in changes.items()}))


def graph_of(nodes: dict[str, Any], *edges: str) -> Any:
    """A graph with edges such as 'a b c', which leads from a by b to c."""
    ends = [names.split() for names in edges]
    pairs = [pair for names in ends for pair in itertools.pairwise(names)]
    return nir.NIRGraph(nodes, pairs, type_check=False)


WEIGHTS = np.array([[1.0, 2.0, -0.5], [0.5, 3.0, 1.0]])
RECURRENT = np.array([[0.0, -0.5], [0.25, 0.125]])
ENDS = {"input": nir.Input(np.array([3])), "output": nir.Output(np.array([2]))}
PLAIN = ENDS | {"w": nir.Linear(WEIGHTS), "n": cells(2)}


def read(graph: Any, **options: Any) -> dict[str, Any]:
    return {
        name: a[0].tolist() if np.ndim(a) > 1 and name != "connections" else a.tolist()
        for name, a in arrays_of(from_nir(graph, **options)).items()
    }


def test_neurons_spike_again_unless_they_say_otherwise():
    arrays = read(graph_of(PLAIN | {"n": cells(2, v_reset=[-0.5, 0.25])}, "input w n output"))
    assert (arrays["reset_0"], arrays["refractory_0"]) == ([-0.5, 0.25], [0.0, 0.0])
    once = cells(2)
    once.metadata["spikes_at_most"] = 1
    network = from_nir(graph_of(PLAIN | {"n": once}, "input w n output"))
    assert isinstance(network, SpikingNetwork)
    loop = {"n": once, "r": nir.Linear(RECURRENT)}
    arrays = read(graph_of(PLAIN | loop, "input w n output", "n r n"))
    assert arrays["refractory_0"] == [np.inf, np.inf]


def test_loops_and_ways_around():
    """Inputs lead to both populations, the first to itself, with delays of its own."""
    nodes = PLAIN | {
        "r": nir.Linear(RECURRENT), "late": nir.Delay(np.array([TAU, 2 * TAU])),
        "v": nir.Linear(2 * np.eye(2)), "around": nir.Linear(WEIGHTS / 4), "m": cells(2, "CubaLI"),
    }  # fmt: skip
    graph = graph_of(nodes, "input w n v m output", "n late r n", "input around m")
    arrays = read(graph)
    assert arrays["connections"] == [[-1, 0], [0, 0], [-1, 1], [0, 1]]
    assert arrays["spiking"] == [1, 0]
    assert arrays["weights_1"] == RECURRENT.tolist()
    assert arrays["weights_2"] == (WEIGHTS / 4).tolist()
    # Spikes of the first population are late on their way back only.
    assert arrays["synaptic_delays_1"] == [[1.0, 2.0], [1.0, 2.0]]
    shared = graph_of(nodes, "input w n late v m output", "late r n", "input around m")
    arrays = read(shared)
    assert arrays["axonal_delays_1"] == [1.0, 2.0]
    assert "synaptic_delays_1" not in arrays
    del nodes["late"]
    before = graph_of(
        nodes | {"sum": nir.Delay(np.array([TAU, 0.0]))},
        "input w n v sum m output", "n r n", "input around sum",
    )  # fmt: skip
    assert read(before)["dendritic_delays_1"] == [1.0, 0.0]


def test_graphs_within_a_graph():
    """As recurrent layers of snnTorch: neurons and their loop in a graph of their own."""
    inner = graph_of(
        {"input": nir.Input(np.array([2])), "lif": cells(2), "w_rec": nir.Linear(RECURRENT),
         "output": nir.Output(np.array([2]))},
        "input lif output", "lif w_rec lif",
    )  # fmt: skip
    nodes = PLAIN | {"inner": inner, "v": nir.Linear(np.eye(2))}
    arrays = read(graph_of(nodes, "input w inner v n output"))
    assert arrays["connections"] == [[-1, 0], [0, 0], [0, 1]]
    assert arrays["weights_1"] == RECURRENT.tolist()
    two = graph_of({"a": nir.Input(np.array([2])), "b": nir.Input(np.array([2])), **PLAIN}, "a n")
    with pytest.raises(InputError, match="node 'inner': got a graph within with 3 Input and 1"):
        from_nir(graph_of(nodes | {"inner": two}, "input w inner v n output"))


@pytest.mark.parametrize("shape", [(), (1,), (1, 2)])
def test_shapes_of_parameters(shape):
    """One number for all, and shapes with a dimension of one; flattened inputs."""
    values = {"tau_syn": TAU, "tau_mem": 2 * TAU, "w_in": TAU, "r": 0.5, "v_leak": 0.0}
    values |= {"v_threshold": 1.5, "v_reset": -1.0}
    neurons = nir.CubaLIF(**{name: np.full(shape, value) for name, value in values.items()})
    nodes = PLAIN | {
        "input": nir.Input(np.array([1, 3])), "n": neurons, "output": nir.Output(np.array([1, 2])),
        "flat": nir.Flatten({"input": np.array([1, 3])}, 0, -1),
    }  # fmt: skip
    arrays = read(graph_of(nodes, "input flat w n output"))
    assert arrays["threshold_0"] == [1.5, 1.5]
    assert arrays["conductance_0"] == [2.0, 2.0]
    assert arrays["weights_0"] == WEIGHTS.tolist()


def test_tensors_in_place_of_arrays():
    nodes = dict(PLAIN)
    weight = torch.nn.Parameter(torch.tensor(WEIGHTS))
    nodes["w"] = nir.Affine(weight, torch.zeros(2, requires_grad=True))
    nodes["n"] = nir.CubaLIF(*(torch.tensor(v) for v in (TAU, 2 * TAU, 1.0, 0.0, 1.0)))
    nodes["s"] = nir.Scale(torch.tensor([2.0, 1.0], requires_grad=True))
    arrays = read(graph_of(nodes, "input w s n output"), weights="jumps")
    assert arrays["weights_0"] == pytest.approx((WEIGHTS * [[2.0], [1.0]]), rel=1e-7)


BIAS = nir.Affine(WEIGHTS, np.array([0.2, -0.4]))


@pytest.mark.parametrize("kind", ["CubaLIF", "LIF"])
def test_a_bias_shifts_the_leak(kind):
    own = {"w_in": [TAU, 2 * TAU], "r": [100.0, 50.0]} if kind == "CubaLIF" else {"r": [3.0, 0.5]}
    neurons = cells(2, kind, v_leak=[0.1, 0.2], **own)
    graph = graph_of(PLAIN | {"w": BIAS, "n": neurons}, "input w n output")
    arrays = read(graph, weights="nir", step_s=None if kind == "CubaLIF" else 1e-3)
    shift = [0.6, -0.2] if kind == "LIF" else [0.2 * TAU * 100.0, -0.4 * 2 * TAU * 50.0]
    assert arrays["leak_0"] == pytest.approx(np.array([0.1, 0.2]) + shift)
    assert arrays["initial_0"] == [0.1, 0.2]


def test_a_bias_counts_once_on_ways_that_share_it():
    """Two inputs of one Affine: its bias is added once, in every graph of this form."""
    nodes = PLAIN | {
        "w": nir.Linear(WEIGHTS), "b": nir.Affine(np.eye(2), np.array([0.2, 0.0])),
        "v": nir.Linear(WEIGHTS), "n": cells(2, r=[100.0, 100.0]),
    }  # fmt: skip
    arrays = read(graph_of(nodes, "input w b n output", "input v b"), weights="nir")
    assert arrays["leak_0"] == pytest.approx([0.2 * TAU * 100.0, 0.0])
    assert len(arrays["connections"]) == 2


def test_the_strength_of_a_bias_is_asked_for():
    """In a tool that counts in steps it acts once in each, and w_in = 1 does not tell of steps."""
    nodes = PLAIN | {"w": BIAS, "n": cells(2, w_in=[1.0, 1.0])}
    graph = graph_of(nodes, "input w n output")
    for options in ({"step_s": TAU}, {"weights": "jumps"}):
        with pytest.raises(InputError, match=r"node 'n': got a bias, .*jumps\) and step_s"):
            from_nir(graph, **options)
    arrays = read(graph, weights="jumps", step_s=TAU / 2)
    assert arrays["leak_0"] == pytest.approx([0.4, -0.8])  # two steps of 0.2 in tau_syn


def test_neurons_without_synapses():
    """The charge of a spike is what lifts the voltage; what is left after a spike has no effect."""

    graph = graph_of(
        {"input": nir.Input(np.array([1])), "w": nir.Linear(np.array([[0.6]])),
         "n": cells(1, "LIF", r=[2 * TAU / 1e-3]), "output": nir.Output(np.array([1]))},
        "input w n output",
    )  # fmt: skip
    with pytest.raises(InputError, match=r"node 'n' \(r\).*voltage by 1e\+03.*0\.001 m"):
        from_nir(graph)
    network = from_nir(graph, step_s=1e-3)
    assert isinstance(network, PopulationNetwork)
    # In units of tau, which is the unit of time here: 0.6, exp(-0.1) 0.6 + 0.6 = 1.14: a spike.
    # Then 0.6 at 0.5 and 0.6 exp(-2) + 0.6 at 2.5: no spike.
    times = [(0.1, 0), (0.2, 0), (0.5, 0), (2.5, 0)]
    inputs = SpikeEvents.from_trains([times], 1)
    spikes = run_events(network, inputs, EventSettings(end=5.0)).spikes()
    assert spikes.time.tolist() == pytest.approx([0.2], abs=1e-3)


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ({"m": cells(2, "LI"), "v": nir.Linear(np.eye(2))},
         ("input w n m v n output",), "node 'm': got a LI that leads to node 'v'"),
        ({"m": cells(2, "CubaLI"), "t": nir.Threshold(np.ones(2))},
         ("input w n m t output",), "node 'm': got a CubaLI that .*CubaLIF in place of"),
        ({"t": nir.Threshold(np.full(2, 0.5)), "v": nir.Linear(np.eye(2)), "m": cells(2)},
         ("input w n v t m output",), "node 't': got a threshold for sums"),
        ({"t": nir.Threshold(np.full(2, 1.5)), "m": cells(2)},
         ("input w n t m output",), r"node 't': got a threshold of \[1\.5 1\.5\]"),
        ({}, ("input w n output", "w output"), "node 'output': got 2 edges into it"),
        ({"m": cells(2)}, ("input w n output", "n m"), "node 'm': got nothing that it leads to"),
        ({"v": nir.Linear(np.eye(2))}, ("input w n v output",), "node 'v': got a matrix that no"),
        ({"d": nir.Delay(np.ones(2)), "m": cells(2, "CubaLI")},
         ("input w n m d output",), "node 'm': got a CubaLI that leads to node 'd'"),
        ({"d": nir.Delay(np.full(2, TAU)), "r": nir.Linear(RECURRENT)},
         ("input w n d output", "n r n"), "node 'd': got a delay of some spikes of the last"),
    ],
)  # fmt: skip
def test_what_has_no_counterpart(nodes, edges, message):
    with pytest.raises(InputError, match=message):
        from_nir(graph_of(PLAIN | nodes, *edges))


def test_a_threshold_behind_spikes_passes_them():
    nodes = {"t": nir.Threshold(np.full(2, 0.5)), "v": nir.Linear(np.eye(2)), "m": cells(2)}
    arrays = read(graph_of(PLAIN | nodes, "input w n t v m output"))
    assert arrays["weights_1"] == np.eye(2).tolist()


def test_too_many_ways():
    """Each pair of matrices doubles the ways from the inputs."""
    nodes, edges = dict(PLAIN), ["input w s0"]
    for k in range(12):
        nodes |= {f"{name}{k}": nir.Linear(np.eye(2)) for name in "abs"}
        edges += [f"s{k} a{k} s{k + 1}", f"s{k} b{k} s{k + 1}"]
    nodes["s12"] = nir.Linear(np.eye(2))
    with pytest.raises(InputError, match="node 'n': got more than 1000 ways"):
        from_nir(graph_of(nodes, *edges, "s12 n output"))


def by_the_equations(
    graph: Any, spikes: list[tuple[float, int]], end_s: float, step_s: float
) -> Any:
    """Spikes of each node CubaLIF, by NIR's equations in small steps, without this library."""
    order = [name for name, node in graph.nodes.items() if type(node).__name__ != "CubaLIF"]
    before = {name: [pre for pre, post in graph.edges if post == name] for name in graph.nodes}
    n_steps = round(end_s / step_s)
    given = np.zeros((n_steps, graph.nodes["input"].input_type["input"][0]))
    for time, number in spikes:
        given[round(time / step_s), number] += 1.0
    sent: dict[str, Any] = {}
    state: dict[str, Any] = {}
    found: dict[str, list[tuple[float, int]]] = {}
    late: dict[str, Any] = {}
    for name, node in graph.nodes.items():
        if type(node).__name__ == "CubaLIF":
            sent[name], found[name] = np.zeros(len(node.r)), []
            start = np.array(node.metadata.get("initial", node.v_leak), dtype=float)
            state[name] = start, np.zeros(len(node.r)), np.full(len(node.r), -np.inf)
        elif type(node).__name__ == "Delay":
            late[name] = np.zeros((n_steps + round(node.delay.max() / step_s) + 2, len(node.delay)))
    # Loops lead through neurons, whose spikes are passed on in the next step.
    done: list[str] = []
    while len(done) < len(order):
        done += [
            n for n in order if n not in done and all(p in done or p in sent for p in before[n])
        ]
    for n in range(n_steps):
        values: dict[str, Any] = dict(sent)
        for name in done:
            node = graph.nodes[name]
            total = given[n] if name == "input" else sum(values[pre] for pre in before[name])
            if type(node).__name__ == "Linear":
                total = node.weight @ total
            elif type(node).__name__ == "Delay":
                lanes = np.arange(len(node.delay))
                late[name][n + np.round(node.delay / step_s).astype(int), lanes] += total
                total = late[name][n]
            values[name] = total
        for name in found:
            node = graph.nodes[name]
            voltage, current, last = state[name]
            current = current + node.w_in / node.tau_syn * sum(values[p] for p in before[name])
            voltage = voltage + step_s / node.tau_mem * (node.v_leak - voltage + node.r * current)
            current = current * np.exp(-step_s / node.tau_syn)
            held = n * step_s < last + node.metadata.get("refractory_s", 0.0)
            voltage = np.where(held, node.v_reset, voltage)
            fired = voltage > node.v_threshold
            sent[name] = fired.astype(float)
            found[name] += [(n * step_s, int(k)) for k in np.flatnonzero(fired)]
            state[name] = (
                np.where(fired, node.v_reset, voltage), current, np.where(fired, n * step_s, last)
            )  # fmt: skip
    return found


def test_written_graphs_give_our_spikes_by_the_equations_of_nir():
    network = recurrent(1.5, refractory=0.3)
    train = spike_train(1, 3, 9)[0]
    end = 3.9
    graph = to_nir(network, tau_syn_s=TAU)
    found = by_the_equations(graph, [(t * TAU, n) for t, n in train], end * TAU, 1e-3 * TAU)
    activity = run_events(network, SpikeEvents.from_trains([train], 3), EventSettings(end=end))
    ours = activity.spikes(0)
    theirs = found["neurons_0"]
    assert len(theirs) > 8
    assert ours.counts()[0, 0].tolist() == np.bincount([n for _, n in theirs], minlength=4).tolist()
    for neuron in range(4):
        at = np.array([t / TAU for t, n in theirs if n == neuron])
        # Steps of 1e-3: up to three of them after five spikes, one with steps of 3e-4.
        assert np.abs(at - ours.time[ours.neuron == neuron].detach().numpy()).max() < 5e-3
    delays = network.dendritic_delays(1)
    last = activity.spikes(1)
    assert delays is not None
    shifted = sorted(
        (t / TAU + float(delays[0, n].detach()), n) for t, n in found["neurons_1"]
    )  # fmt: skip
    inside = [(t, n) for t, n in shifted if t < end]
    assert len(inside) == 3
    assert [n for _, n in inside] == last.neuron.tolist()
    assert last.time.detach().numpy() == pytest.approx([t for t, _ in inside], abs=5e-3)
