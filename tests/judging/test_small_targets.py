"""Targets that exclude states, such as those of a few samples, are judged with reasons."""

import math

import numpy as np
import pytest

from lasersampling.boltzmann import exact_distribution, target_from_samples, target_from_table
from lasersampling.errors import InputError
from lasersampling.judging.samples import evaluate_target
from lasersampling.learning.machines.contrastive import initial_machine
from lasersampling.sampling.gibbs import Gibbs

# Warnings are errors in the tests, so none of these may raise one.
EXCLUDING = {
    "one sample": target_from_samples([[0, 1, 1]]),
    "four samples": target_from_samples([[1, 0, 1], [1, 1, 1], [0, 0, 1], [1, 0, 1]]),
    "equal rows": target_from_samples([[1, 0, 1]] * 3),
    "a single state": target_from_table([0, 0, 0, 0, 0, 0, 0, 1.0]),
    "one unit": target_from_table([0, 1.0]),
}


@pytest.mark.parametrize("name", EXCLUDING)
def test_infinite_divergences_are_told_with_their_reason(name):
    target = EXCLUDING[name]
    machine = initial_machine(target, 1, seed=1)
    assert np.isfinite(machine.biases).all()
    samples = Gibbs().sample(machine, 400, n_chains=8, seed=2)
    metrics = evaluate_target(target, samples).metrics()
    found = metrics["kl_sample_target"]
    assert found.value == math.inf
    assert found.standard_error is None
    n_drawn = np.count_nonzero(samples.histogram(slice(0, target.n_units)))
    n_excluded = n_drawn - np.count_nonzero(target.probabilities)
    assert f"infinite: the target gives {n_excluded} of {n_drawn} states" in found.description
    assert metrics["kl_corrected"].value == math.inf
    # What is finite is that of the machine: its law is exp(-F) in closed form.
    law = exact_distribution(machine).reshape(2, -1).sum(axis=0)
    seen = target.probabilities > 0
    p = target.probabilities[seen]
    backward = float((p * np.log(p / law[seen])).sum())
    assert metrics["kl_target_sample"].value == pytest.approx(backward, abs=0.05)
    assert "infinite" not in metrics["kl_target_sample"].description
    assert metrics["p_value"].value == 0.0


def test_a_pseudocount_makes_them_finite():
    target = target_from_samples([[1, 0, 1], [1, 1, 1], [0, 0, 1], [1, 0, 1]], pseudocount=0.5)
    samples = Gibbs().sample(initial_machine(target, 1, seed=1), 400, n_chains=8, seed=2)
    metrics = evaluate_target(target, samples).metrics()
    assert math.isfinite(metrics["kl_sample_target"].value)
    assert "infinite" not in metrics["kl_sample_target"].description


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([0.5, 0.4], "sum of 0.9, expected a sum of 1"),
        ([1.5, -0.5], r"probabilities\[1\]: got -0.5"),
        ([np.nan, 1.0], r"probabilities\[0\]: got nan"),
        ([0.0, 0.0], "sum of 0, expected a sum of 1"),
        (np.full(2**21, 2.0**-21), "entries, expected 2\\*\\*n"),
        ([[0.5, 0.5]], "2 dimensions"),
        ([1.0], "1 entries"),
    ],
)
def test_what_is_no_table_of_probabilities_is_refused(table, says):
    with pytest.raises(InputError, match=says):
        target_from_table(table)
