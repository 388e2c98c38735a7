"""Functions that take a machine take a restricted one as well as a general one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Layers,
    RestrictedMachine,
    annealed_log_partition,
    as_machine,
    completed_moments,
    exact_distribution,
    exact_moments,
    label_posterior,
    layered_log_partition,
    layered_machine,
    load_machine,
    log_partition,
    save_machine,
    target_from_machine,
    visible_distribution,
)
from lasersampling.errors import InputError
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.inference import exact_posterior, infer
from lasersampling.sampling.neurons.translation import Programme
from lasersampling.statistics import compare, kl_divergence

RESTRICTED = RestrictedMachine(
    [[1.0, -1.0, 0.5], [0.2, 0.4, -0.3]], [0.1, 0.2, -0.5], [0.3, -0.2], n_label=1
)
EVIDENCE = Evidence.single(3, {0: 1}, {1: 0.8})

TAKING_MACHINES = {
    "exact_distribution": exact_distribution,
    "exact_moments": lambda m: exact_moments(m, [1, -1, -1, -1, -1]).mean,
    "log_partition": log_partition,
    "layered_log_partition": lambda m: layered_log_partition(m).value,
    "annealed_log_partition": lambda m: annealed_log_partition(m, n_steps=5, n_chains=2).value,
    "label_posterior": lambda m: label_posterior(m, [[0, 1]]),
    "visible_distribution": visible_distribution,
    "completed_moments": lambda m: completed_moments(m, np.full(8, 1 / 8)).mean,
    "target_from_machine": lambda m: target_from_machine(m).probabilities,
    "Layers.of_machine": lambda m: Layers.of_machine(m).n_units,
    "Gibbs.sample": lambda m: Gibbs().sample(m, 20, seed=1).states,
    "infer": lambda m: infer(Gibbs(), m, EVIDENCE, n_draws=20, n_chains=2).mean,
    "exact_posterior": lambda m: exact_posterior(m, EVIDENCE),
    "Programme.of": lambda m: Programme.of(m, None).weights,
}


@pytest.mark.parametrize("name", TAKING_MACHINES)
def test_both_kinds_of_machine_give_the_same(name):
    function = TAKING_MACHINES[name]
    np.testing.assert_array_equal(function(RESTRICTED), function(RESTRICTED.to_machine()))


@pytest.mark.parametrize("name", TAKING_MACHINES)
def test_what_is_no_machine_is_refused(name):
    with pytest.raises(
        InputError, match=r"(machine|truth): got str, .*\(load_machine reads files\)"
    ):
        TAKING_MACHINES[name]("machine.toml")  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".toml", ".h5"])
def test_restricted_machines_go_to_files_and_back(tmp_path, suffix):
    path = tmp_path / f"machine{suffix}"
    save_machine(path, RESTRICTED)
    loaded = RestrictedMachine.from_machine(load_machine(path))
    np.testing.assert_array_equal(loaded.weights, RESTRICTED.weights)
    np.testing.assert_array_equal(loaded.visible_biases, RESTRICTED.visible_biases)
    assert loaded.n_label == 1


def test_exchanged_arguments_are_told(tmp_path):
    with pytest.raises(InputError, match=r"the order is save_machine\(path, machine\)"):
        save_machine(RESTRICTED, tmp_path / "machine.h5")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"(machine|truth): got str, expected a BoltzmannMachine"):
        save_machine(tmp_path / "machine.h5", "machine")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


KINDS: dict[str, Callable[[Any], Any]] = {
    "gradients": lambda values: torch.tensor(values, requires_grad=True),
    "bfloat16": lambda values: torch.tensor(values, dtype=torch.bfloat16),
    "parameter": lambda values: torch.nn.Parameter(torch.tensor(values)),
    "list of tensors": lambda values: [torch.tensor(v, requires_grad=True) for v in values],
}
WEIGHTS, BIASES = [[0.0, 0.5], [0.5, 0.0]], [0.25, -1.0]


@pytest.mark.parametrize("kind", KINDS)
def test_machines_and_divergences_out_of_tensors(kind):
    make = KINDS[kind]
    np.testing.assert_array_equal(
        BoltzmannMachine(make(WEIGHTS), make(BIASES)).weights, np.array(WEIGHTS)
    )
    restricted = RestrictedMachine(make(WEIGHTS), make(BIASES), make(BIASES))
    np.testing.assert_array_equal(restricted.weights, np.array(WEIGHTS))
    layered = layered_machine([make(WEIGHTS)], [make(BIASES), make(BIASES)])
    np.testing.assert_array_equal(layered.weights[2:, :2], np.array(WEIGHTS).T)
    p, q = [0.5, 0.5], [0.25, 0.75]
    assert kl_divergence(make(p), make(q)) == kl_divergence(p, q)
    assert compare(make(p), make(q), 10.0) == compare(p, q, 10.0)


TOO_MUCH = {
    "units": (lambda: BoltzmannMachine.random(10**6, seed=1), "n_units: got 1000000 units"),
    "arrays": (
        lambda: BoltzmannMachine(np.broadcast_to(0.0, (10**6, 10**6)), np.zeros(10**6)),
        "weights: got 1000000 units, expected at most 10000",
    ),
    "layers": (
        lambda: layered_machine([np.zeros((9000, 2000))], [np.zeros(9000), np.zeros(2000)]),
        "layers: got 11000 units",
    ),
    "restricted": (
        lambda: RestrictedMachine(
            np.zeros((2000, 9000)), np.zeros(9000), np.zeros(2000)
        ).to_machine(),
        "machine: got 11000 units",
    ),
    "enumeration": (
        lambda: exact_distribution(BoltzmannMachine.random(25, seed=1)),
        "25 units, expected at most 20",
    ),
    "weight": (
        lambda: BoltzmannMachine([[0, 1e300], [1e300, 0]], [0, 0]),
        "weights[0][1]: got 1e+300, expected a size of at most 1e+06",
    ),
    "bias": (lambda: BoltzmannMachine([[0]], [-2e6]), "biases[0]: got -2e+06"),
    "spread": (lambda: BoltzmannMachine.random(2, weight_std=1e200, seed=1), "weights[0][1]"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_sizes_and_values_have_limits_that_are_told(name):
    make, says = TOO_MUCH[name]
    with pytest.raises(InputError) as caught:
        make()
    assert says in str(caught.value)


def test_machines_of_too_many_units_are_no_text_files(tmp_path):
    machine = as_machine(BoltzmannMachine(np.zeros((501, 501)), np.zeros(501)))
    with pytest.raises(InputError, match=r"501 units, expected at most 500 in a TOML file"):
        save_machine(tmp_path / "machine.toml", machine)
