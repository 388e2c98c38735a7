import numpy as np
import pytest

from lasersampling.boltzmann import clamp
from lasersampling.boltzmann.clamping import clamped_chains, clamped_vector
from lasersampling.errors import InputError
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.neurons.adaptation import held_conditions


def test_clamp():
    assert clamp(4, {2: 1, 0: 0}).tolist() == [0, -1, 1, -1]
    assert clamp(2, {}).dtype == np.int8


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({4: 1}, "clamped unit: got 4, expected 0 to 3"),
        ({-1: 1}, "clamped unit: got -1, expected 0 to 3"),
        ({1: 2}, "clamped value of unit 1: got 2, expected 0 or 1"),
        ({1: -1}, "clamped value of unit 1: got -1, expected 0 or 1"),
    ],
)
def test_clamp_refuses(values, message):
    with pytest.raises(InputError, match=message):
        clamp(4, values)


def test_nothing_clamped():
    assert clamped_vector(None, 3).tolist() == [-1, -1, -1]
    assert clamped_chains(None, 2, 3).tolist() == [[-1, -1]] * 3


def test_one_clamping_for_all_chains_or_one_each():
    assert clamped_chains([1, -1], 2, 3).tolist() == [[1, -1]] * 3
    assert clamped_chains([[1, -1], [0, 0]], 2, 2).tolist() == [[1, -1], [0, 0]]


@pytest.mark.parametrize(
    ("clamped", "message"),
    [
        ([0, 1, 0], r"clamped: got shape \(3,\), expected shape \(2,\) or \(3, 2\)"),
        ([[0, 1]], r"clamped: got shape \(1, 2\)"),
        ([[0, 1], [0], [1, 1]], "clamped: got ragged rows"),
        ([0, 2], r"clamped\[1\]: got 2, expected -1 \(free\), 0 or 1"),
        ([0, float("nan")], r"clamped\[1\]: got nan"),
        ([0, 0.5], r"clamped\[1\]: got 0.5"),
        (["a", "b"], "clamped: got text"),
        ([True, False], "clamped: got dtype bool"),
    ],
)
def test_malformed_clampings(clamped, message):
    with pytest.raises(InputError, match=message):
        clamped_chains(clamped, 2, 3)


def test_a_vector_is_asked_for():
    with pytest.raises(InputError, match=r"shape \(1, 2\), expected shape \(2,\)"):
        clamped_vector([[0, 1]], 2)


@pytest.mark.parametrize("n_units", [10**13, 10**400, 0, -1, None, "a", 2.0])
def test_numbers_of_units_that_no_memory_holds_are_refused(n_units):
    with pytest.raises(InputError, match="n_units"):
        clamp(n_units, {0: 1})


@pytest.mark.parametrize("values", [[0, 1], None, 3, "a", np.array([0, 1]), {0, 1}])
def test_units_and_values_come_in_a_mapping(values):
    with pytest.raises(InputError, match=r"values: got .*, expected a mapping"):
        clamp(3, values)


@pytest.mark.parametrize("value", ["a", None, np.array([1, 0]), [1], 2, -1, 0.5, np.nan])
def test_values_are_single_bits(value):
    with pytest.raises(InputError, match="clamped value of unit 0"):
        clamp(3, {0: value})
    with pytest.raises(InputError, match="hard evidence of unit 0"):
        Evidence.single(3, {0: value})


@pytest.mark.parametrize("q", ["a", None, np.array([0.5, 0.2]), [0.5], True, 0, 1.0, np.nan, -0.5])
def test_soft_evidence_is_a_single_number(q):
    with pytest.raises(InputError, match="soft evidence of unit 2"):
        Evidence.single(3, {}, {2: q})


@pytest.mark.parametrize("clamped", [[[0, 1], [0]], "a", [["a"]], [[None]], {0: 1}, 1.0, [[[0]]]])
def test_conditions_of_adaptation_of_other_kinds_are_refused(clamped):
    with pytest.raises(InputError, match="clamped"):
        held_conditions(clamped, 2)
