"""Whatever network there is comes back from arrays, from its file and from NIR (property tests)."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lasersampling.lif.exchange.array_names import AXES, NEURON
from lasersampling.lif.exchange.arrays import (
    checked_arrays,
    network_from_arrays,
    network_to_arrays,
)
from lasersampling.lif.exchange.network_file import load_network, save_network
from lasersampling.lif.exchange.nir import from_nir, to_nir
from lasersampling.lif.exchange.nir_file import read_nir, write_nir
from lasersampling.lif.network import SpikingNetwork

RANGES = {
    "weights": (-3.0, 3.0),
    **dict.fromkeys(("axonal_delays", "synaptic_delays", "dendritic_delays"), (0.0, 5.0)),
    "threshold": (0.5, 2.0), "leak": (-1.0, 0.4), "conductance": (0.2, 3.0),
    "tau_mem": (0.1, 10.0), "tau_syn": (0.5, 2.0),
}  # fmt: skip
THROUGH_FILES = settings(
    max_examples=20, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@st.composite
def networks(draw: Any) -> dict[str, Any]:
    """Arrays of one to three layers, with any of the optional ones, for one to three members."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    members, *sizes = draw(st.lists(st.integers(1, 3), min_size=3, max_size=5))
    arrays: dict[str, Any] = {}
    if draw(st.booleans()):
        arrays["input_copies"] = draw(st.integers(1, 3))
    if draw(st.booleans()):
        arrays["bias_times"] = generator.uniform(0.0, 2.0, draw(st.integers(1, 2)))
    n_bias = len(arrays.get("bias_times", ()))
    sizes[0] = sizes[0] * arrays.get("input_copies", 1) + n_bias
    for k, (pre, post) in enumerate(itertools.pairwise(sizes)):
        for kind, axes in AXES.items():
            if kind != "weights" and not draw(st.booleans()):
                continue
            shape = [{"post": post, "pre": pre}[axis] for axis in axes]
            if kind in NEURON and draw(st.booleans()):
                shape = []  # one number for all
            elif kind == "weights" or draw(st.booleans()):
                shape = [members, *shape]
            arrays[f"{kind}_{k}"] = generator.uniform(*RANGES[kind], shape)
    return arrays


def assert_same(found: dict[str, Any], expected: dict[str, Any], rounding: float) -> None:
    assert set(found) == set(expected)
    for name, array in expected.items():
        # Delays pass through their parameters, which costs some 1e-16 of the longest.
        bound = 1e-15 * (1.0 + 2.0 * np.max(np.abs(array))) if "delays" in name else rounding
        assert found[name].shape == array.shape, name
        assert found[name] == pytest.approx(array, rel=rounding, abs=bound), name


def member_of(arrays: dict[str, Any], member: int) -> dict[str, Any]:
    whole = ("bias_times", "input_copies")
    return {name: a if name in whole else a[[member]] for name, a in arrays.items()}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(networks())
def test_arrays_make_the_network_that_they_are_made_from(arrays):
    assert_same(network_to_arrays(network_from_arrays(arrays)), checked_arrays(arrays), 0.0)


@THROUGH_FILES
@given(networks())
def test_a_file_keeps_all_but_the_last_bits_of_delays(tmp_path, arrays):
    network = network_from_arrays(arrays)
    save_network(tmp_path / "network.h5", network, command="test")
    again = load_network(tmp_path / "network.h5").network
    assert isinstance(again, SpikingNetwork)
    assert_same(network_to_arrays(again), network_to_arrays(network), 0.0)


@THROUGH_FILES
@given(networks(), st.data(), st.sampled_from([None, 1e-4]))
def test_each_member_comes_back_from_nir(tmp_path, arrays, data, step_s):
    network = network_from_arrays(arrays)
    member = data.draw(st.integers(0, network.n_members - 1))
    write_nir(tmp_path / "one.nir", to_nir(network, tau_syn_s=7e-3, member=member, step_s=step_s))
    again = from_nir(read_nir(tmp_path / "one.nir"))
    assert isinstance(again, SpikingNetwork)
    # Units are divided out and in again, and conductances are written as resistances.
    expected = member_of(network_to_arrays(network), member)
    if expected.get("input_copies") == 1:
        del expected["input_copies"]  # as good as none, and not written
    assert_same(network_to_arrays(again), expected, 4e-15)
