"""NIR graphs of other tools: what their numbers mean, and what is asked or refused."""

from typing import Any

import nir
import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif.exchange.networks import arrays_of
from lasersampling.lif.exchange.nir import from_nir, reading_of, time_unit_s, to_nir


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
    arrays = arrays_of(from_nir(graph))
    assert arrays["weights_0"][0] == pytest.approx(WEIGHT * [[1.0], [2.0]])
    assert arrays["dendritic_delays_0"].tolist() == [[0.0, 0.2]]
    assert arrays["conductance_0"].tolist() == [[0.5, 0.25]]
    assert arrays["tau_mem_0"].tolist() == [[2.0, 2.0]]
    assert arrays["tau_syn_0"].tolist() == [[1.0, 1.0]]
    assert arrays["weights_1"].tolist() == [[[3.0, 1.0]]]
    other = arrays_of(from_nir(graph, tau_syn_s=1e-3))
    assert other["tau_mem_0"].tolist() == [[10.0, 10.0]]


def test_spikes_of_one_step():
    """SpikingJelly writes w_in = tau_syn / dt."""
    graph = chain(nir.Linear(WEIGHT), neurons(w_in=np.full(2, 5e-3 / 1e-4)))
    arrays = arrays_of(from_nir(graph, step_s=1e-4))
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
    arrays = arrays_of(from_nir(graph, step_s=step_s))
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
    arrays = arrays_of(from_nir(exported(), step_s=1.0))
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
    found = arrays_of(from_nir(graph, step_s=step_s, weights="jumps"))
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
        (exported(w_in=5e-3, v_threshold=[20.0, 30.0]), "far from spiking"),
        (
            exported(w_in=5e-3, v_leak=[-65.0] * 2, v_threshold=[-50.0] * 2, v_reset=[-65.0] * 2),
            "far from spiking",
        ),
        (
            exported(w_in=5e-3, v_leak=[-65.0] * 2, v_threshold=[-50.0] * 2),
            r"\(v_reset\): got 0.0, expected voltages below the threshold",
        ),
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
    arrays = arrays_of(from_nir(graph))
    # The values are multiples of 1/2; 5e-3 has eight bits in bfloat16, and w_in has all.
    assert arrays["weights_0"][0] == pytest.approx(WEIGHT, rel=2**-8)
    assert arrays["threshold_0"].tolist() == [[1.0, 1.0]]


def test_delays_behind_neurons_are_of_the_next_inputs_unless_said_otherwise():
    parts = nir.Linear(WEIGHT), neurons(), nir.Linear(np.ones((1, 2))), neurons(1)
    for role, name in [(None, "axonal_delays_1"), ("dendritic", "dendritic_delays_0")]:
        delay = nir.Delay(np.array([1e-3, 2e-3]), metadata={"role": role} if role else {})
        arrays = arrays_of(from_nir(chain(*parts[:2], delay, *parts[2:])))
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
            "node 'lif' .*got time constants of 1, which are meant in seconds",
        ),
        (
            loose(PARTS | {"r": nir.Linear(np.eye(2)), "s": nir.Scale(np.ones(2))},
                  [*LINE, ("n", "r"), ("r", "s"), ("s", "r"), ("s", "n")]),
            "(?s)node 'r': got a loop without neurons.*node 's': got a loop without",
        ),
        (
            loose(PARTS | {"a": nir.Delay(np.zeros(2)), "b": nir.Delay(np.zeros(2))},
                  [*LINE, ("a", "b"), ("b", "a")]),
            "node 'a': got a node that Input does not reach",
        ),
        (loose(PARTS, [*LINE[:2], ("n", "nobody")]), "edges: got an unknown node 'nobody'"),
        (loose({k: v for k, v in PARTS.items() if k != "input"}, LINE[1:]), "0 nodes Input"),
        (
            chain(nir.Affine(WEIGHT, np.full(2, 300.0)), neurons()),
            "node 'cubalif': got a bias that lifts the voltage to 1.5",
        ),
        (
            loose(PARTS | {"w": nir.Linear(np.ones((2, 2, 3)))}, LINE),
            r"node 'w': got a Linear of shape \(2, 2, 3\)",
        ),
        (
            loose(PARTS | {"n": neurons(w_in=np.ones(2))} |
                  {"w": nir.Linear(np.ones((3, 3)))}, LINE),
            "node 'w': got 3 outputs for 2 neurons",
        ),
        (
            loose(PARTS | {"w": nir.Delay(np.zeros(3))}, LINE),
            "node 'n': got 3 outputs for 2 neurons",
        ),
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
            "got no node CubaLIF or LIF",
        ),
        (chain(nir.Linear(WEIGHT), neurons(r=[1.0, 0.0])), r"node 'cubalif' \(r\): got 0, exp"),
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


def test_a_scale_that_is_no_number_is_told_by_its_own_name():
    """And not as weights that it would make nan."""
    nodes = {
        "input": nir.Input(np.array([2])), "w": nir.Linear(EYE), "n": neurons(w_in=[np.nan, 5e-3]),
        "output": nir.Output(np.array([2])),
    }  # fmt: skip
    with pytest.raises(InputError, match=r"'n' \(w_in\): got nan or inf"):
        from_nir(nir.NIRGraph(nodes, [("input", "w"), ("w", "n"), ("n", "output")]))
