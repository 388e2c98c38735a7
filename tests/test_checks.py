"""Checks of arguments hold for numbers of every size."""

import numpy as np
import pytest

import lasersampling as ls
from lasersampling.checks import (
    boolean_problems,
    integer_problems,
    memory_problems,
    number_problems,
)

HUGE = [10**400, -(10**400), 10**5000]
"""Whole numbers beyond the largest float, and with more digits than Python writes."""
huge = pytest.mark.parametrize("value", HUGE, ids=["large", "low", "larger"])


@huge
def test_huge_whole_numbers_are_told_by_their_digits(value):
    for problem in (
        *number_problems("time", value, 0.0, strict=True),
        *integer_problems("n", value, 0, maximum=10),
        *memory_problems("n", (abs(value), 2), 8),
    ):
        assert "digits" in problem.got
        assert len(str(problem)) < 200
    assert number_problems("time", value, 0.0, strict=True)
    assert memory_problems("n", (abs(value),), 8)


@huge
@pytest.mark.parametrize(
    "call",
    [
        lambda value: ls.simulate("D6", 0.86, value),
        lambda value: ls.simulate("D6", 0.86, 2.0, n_chains=value),
        lambda value: ls.Gibbs().sample(ls.BoltzmannMachine.random(2, seed=1), value, seed=1),
    ],
)
def test_huge_whole_numbers_are_one_clear_error(value, call):
    with pytest.raises(ls.InputError, match="digits"):
        call(value)


@pytest.mark.parametrize("value", ["no", "", 0, 1, 1.0, None, [], np.array([True]), bool])
def test_a_flag_is_true_or_false_and_nothing_else(value):
    (problem,) = boolean_problems("overwrite", value)
    assert (problem.where, problem.expected) == ("overwrite", "True or False")
    assert not boolean_problems("overwrite", True)
    assert not boolean_problems("overwrite", np.bool_(False))
