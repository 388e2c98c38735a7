"""Surrogate derivatives: their formulas and their integrals."""

import math
from typing import Any, get_args

import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif.grid.surrogates import Kind, Surrogate


def smooth_steps(b):
    """Functions whose derivatives the surrogates are."""
    return {
        "superspike": lambda x: x / (1 + b * x.abs()),
        "arctangent": lambda x: torch.atan(b * x) / b,
        "piecewise-linear": lambda x: torch.where(
            b * x.abs() < 1, x - b * x * x.abs() / 2, x.sign() / (2 * b)
        ),
        "sigmoid": lambda x: 4 * torch.sigmoid(b * x) / b,
    }


KINDS: tuple[Any, ...] = get_args(Kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steepness", [0.7, 12.0])
def test_derivative_is_that_of_the_smooth_step(kind, steepness):
    x = torch.linspace(-2.0, 2.0, 101, dtype=torch.float64, requires_grad=True)
    smooth = smooth_steps(steepness)[kind](x)
    (expected,) = torch.autograd.grad(smooth.sum(), x)
    expected[x == 0] = 1.0  # where sign and absolute value have no derivative for torch
    torch.testing.assert_close(Surrogate(kind, steepness).derivative(x), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_integral(kind):
    surrogate = Surrogate(kind, 3.0)
    far = torch.tensor([-1e9, 1e9], dtype=torch.float64)
    below, above = smooth_steps(3.0)[kind](far)
    assert math.isclose(surrogate.integral, float(above - below), rel_tol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_where_a_neuron_cannot_spike(kind):
    assert Surrogate(kind, 5.0).derivative(torch.tensor([-torch.inf])).tolist() == [0.0]


@pytest.mark.parametrize(
    ("kind", "steepness", "where"),
    [("step", 1.0, "kind"), ("sigmoid", 0.0, "steepness"), ("sigmoid", math.nan, "steepness")],
)
def test_others_are_refused(kind, steepness, where):
    with pytest.raises(InputError, match=where):
        Surrogate(kind, steepness)
