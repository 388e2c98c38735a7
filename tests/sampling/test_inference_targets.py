"""Marginals of posteriors by lasers that are adapted to each case: off by 0.01 on average."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, all_states, load_bayesian_network
from lasersampling.config import shipped_path
from lasersampling.sampling.adapting import Adaptation
from lasersampling.sampling.adapting_cases import adapted_to_cases
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.inference import infer
from lasersampling.sampling.neurons.sampler import Lasers

N_CHAINS, DURATION_NS = 16, 15_000.0
"""Those of `lasersampling infer`."""


def network(name, cases):
    truth = load_bayesian_network(shipped_path("bayesian_networks", name))
    clamped = np.full((len(cases), truth.n_variables), -1)
    for row, case in zip(clamped, cases, strict=True):
        for variable, value in case.items():
            row[truth.names.index(variable)] = value
    return truth.machine(), clamped, truth


def ten_units():
    clamped = np.full((3, 10), -1)
    clamped[:, :4] = all_states(4)[[0, 5, 10]]
    return BoltzmannMachine.random(10, seed=0), clamped, None


MODELS = {
    "explaining_away": lambda: network(
        "explaining_away", [{}, {"alarm": 1}, {"john_calls": 1, "mary_calls": 1}]
    ),
    "visual_perception": lambda: network(
        "visual_perception", [{"shading": 1}, {"shading": 1, "contour": 0}]
    ),
    "ten units": ten_units,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_marginals_of_posteriors(name):
    machine, clamped, truth = MODELS[name]()
    evidence = Evidence(clamped, np.zeros(clamped.shape))
    held = np.pad(clamped, ((0, 0), (0, machine.n_units - clamped.shape[1])), constant_values=-1)
    lasers = Lasers()
    plan = Adaptation(run_time_ns=len(clamped) * N_CHAINS * DURATION_NS, seed=1)
    adapted = adapted_to_cases(lasers, machine, held, plan)
    assert sum(one.laser_time_ns for one in adapted) <= plan.run_time_ns
    posterior = infer(
        [one.lasers for one in adapted], machine, evidence,
        n_draws=lasers.draws_in(DURATION_NS), n_chains=N_CHAINS, seed=1, truth=truth,
    )  # fmt: skip
    # The target, and three standard errors of the mean of the errors.
    error = posterior.standard_error[posterior.is_free]
    chance = np.sqrt((error**2).sum()) / error.size
    assert posterior.mean_abs_error < 0.01 + 3 * chance
