"""Arrays out of whatever callers have."""

import decimal
import fractions

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from lasersampling.arrays import as_array, as_binary, as_floats
from lasersampling.errors import InputError

EXACT = [[0.5, 1.0], [2.0, -4.0]]  # also in bfloat16


@pytest.mark.parametrize(
    "value",
    [
        EXACT,
        tuple(map(tuple, EXACT)),
        np.array(EXACT, dtype=np.float16),
        np.array(EXACT, dtype=np.longdouble),
        np.array(EXACT, dtype=object),
        np.ma.array(EXACT),
        torch.tensor(EXACT),
        torch.tensor(EXACT, requires_grad=True),
        torch.tensor(EXACT, dtype=torch.float64).T.contiguous().T,
        torch.tensor(EXACT, dtype=torch.bfloat16),
        torch.tensor(EXACT, dtype=torch.bfloat16, requires_grad=True),
        torch.tensor(EXACT, dtype=torch.float16),
        torch.nn.Parameter(torch.tensor(EXACT)),
        [torch.tensor(row, requires_grad=True) for row in EXACT],
        [[torch.tensor(x, dtype=torch.bfloat16) for x in row] for row in EXACT],
        pd.DataFrame(EXACT, columns=["a", "b"]),
        pd.DataFrame(EXACT, columns=["a", "b"]).astype("Float64"),
        [[decimal.Decimal("0.5"), 1], [2, fractions.Fraction(-4)]],
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_arrays_of_any_making_are_read(value):
    array = as_floats(value, "x")
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, EXACT)


def test_precision_is_kept_and_memory_shared():
    states = np.zeros((3, 4), dtype=np.int8)
    assert as_array(states, "x") is states
    assert as_array(torch.zeros(3, dtype=torch.uint8), "x").dtype == np.uint8
    assert as_array(torch.zeros(3, dtype=torch.bool), "x").dtype == np.bool_


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([1j], "complex numbers"),
        (torch.tensor([1j]), "complex numbers"),
        (["1"], "text"),
        (np.array(["2020-01-01"], dtype=np.datetime64), "dates"),
        (np.zeros(2, dtype=[("a", "f8")]), "a"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "masked"),
        ([[1, 2], [3]], "length"),
        ([torch.zeros(2, requires_grad=True), torch.zeros(3)], "length"),
        (pd.Series([1, None], dtype="object"), "x[1]: got None"),
        (pd.DataFrame({"a": [1, 2], "b": ["u", "v"]}), "x[0][1]: got 'u'"),
        (scipy.sparse.eye_array(2), "toarray()"),
        (torch.eye(2).to_sparse(), "to_dense()"),
        (torch.empty(2, device="meta"), "meta"),
        ({"a": 1}, "dict"),
        (None, "NoneType"),
        ([10**400], "x"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_is_no_array_of_numbers_is_refused(value, says):
    with pytest.raises(InputError) as caught:
        as_floats(value, "x")
    assert len(caught.value.problems) == 1
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64]
)
def test_zeros_and_ones_of_any_kind_are_states(dtype):
    states = np.array([[0, 1, 1]], dtype=dtype)
    assert as_binary(states, "states") is states


@pytest.mark.parametrize(
    "states", [[-1, 1], [-1.0, 1.0], [1, -1, -1], np.array([[-1, 1]], dtype=np.int8), [-1]]
)
def test_states_of_minus_one_and_one_are_refused_with_the_way_out(states):
    with pytest.raises(InputError, match=r"-1 and \+1.*\(s \+ 1\) / 2.*W = 4 J"):
        as_binary(states, "states")


def test_the_way_out_gives_the_same_distribution():
    # The formula in the message, by enumeration: E(s) = -1/2 s'Js - h's.
    generator = np.random.default_rng(3)
    upper = np.triu(generator.normal(size=(4, 4)), k=1)
    j, h = upper + upper.T, generator.normal(size=4)
    z = (np.arange(16)[:, None] >> np.arange(4)) & 1
    s = 2 * z - 1
    spins = 0.5 * np.einsum("ki,ij,kj->k", s, j, s) + s @ h
    w, b = 4 * j, 2 * h - 2 * j @ np.ones(4)
    units = 0.5 * np.einsum("ki,ij,kj->k", z, w, z) + z @ b
    assert np.ptp(spins - units) < 1e-12


@pytest.mark.parametrize("wrong", [2, 0.5, np.nan, np.inf, 255, 1e-30, -2])
def test_other_values_are_named_with_their_place(wrong):
    with pytest.raises(InputError, match=r"states\[1\]\[0\]: got .*expected 0 or 1"):
        as_binary([[0, 1], [wrong, 0]], "states")
