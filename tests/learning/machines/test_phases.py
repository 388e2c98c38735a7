"""Sampled halves of a gradient against exact ones, within Monte-Carlo error."""

import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Moments,
    completed_moments,
    target_from_table,
    visible_distribution,
)
from lasersampling.learning.draws import Drawing
from lasersampling.learning.machines.phases import (
    ClampedData,
    ExactData,
    ExactModel,
    FreeModel,
    Gradient,
    Halves,
    ReleasedModel,
)
from lasersampling.learning.machines.reweighting import Reweighted
from lasersampling.learning.packing import pack, unpack
from lasersampling.sampling import Gibbs

N_VISIBLE, N_HIDDEN = 3, 2
TARGET = target_from_table(np.random.default_rng(5).dirichlet(np.ones(8)))
DRAWS = Drawing(Gibbs(thin=4), n_chains=32, n_draws=2000, seed=1)
# 64,000 draws of nearly no correlation: a moment's standard error is at most .5 / sqrt(5e4).
TOLERANCE = 4 * 0.5 / np.sqrt(5e4)


def machine() -> BoltzmannMachine:
    drawn = BoltzmannMachine.random(N_VISIBLE + N_HIDDEN, weight_std=1.0, seed=2)
    return BoltzmannMachine(drawn.weights, drawn.biases, n_hidden=N_HIDDEN)


def gradient(name: str) -> Gradient:
    data = ClampedData(TARGET, DRAWS)
    gradients: dict[str, Gradient] = {
        "exact": Halves(ExactData(TARGET), ExactModel()),
        "pcd": Halves(ExactData(TARGET), FreeModel(N_VISIBLE, DRAWS)),
        "wake-sleep": Halves(data, FreeModel(N_VISIBLE, DRAWS)),
        "reweighted": Reweighted(TARGET, DRAWS),
    }
    return gradients[name]


def near(found: Moments, exact: Moments) -> bool:
    return bool(np.abs(found.second - exact.second).max() < TOLERANCE)


@pytest.mark.parametrize("name", ["exact", "pcd", "wake-sleep", "reweighted"])
def test_halves_are_the_exact_ones(name: str) -> None:
    chosen, method = machine(), gradient(name)
    data = completed_moments(chosen, TARGET.probabilities)
    model = completed_moments(chosen, visible_distribution(chosen))
    assert not near(model, data)  # else nothing would be shown
    for update in range(2):  # chains go on in the second
        found = method.halves(chosen, update)
        assert near(found[0], data)
        assert near(found[1], model)
    assert method.seen is not None
    np.testing.assert_allclose(method.seen.total, visible_distribution(chosen), atol=TOLERANCE)


def test_contrastive_divergence_lies_between_data_and_model() -> None:
    chosen = machine()
    data = completed_moments(chosen, TARGET.probabilities)
    model = completed_moments(chosen, visible_distribution(chosen))

    def distance(n_draws: int) -> float:
        drawing = Drawing(Gibbs(), n_chains=20_000, n_draws=n_draws, seed=3)
        clamped = ClampedData(TARGET, drawing)
        found = Halves(clamped, ReleasedModel(drawing, clamped)).halves(chosen, 0)
        assert near(found[0], data)
        return float(np.abs(found[1].second - model.second).max())

    whole = float(np.abs(data.second - model.second).max())
    one, many = distance(1), distance(30)
    assert many < TOLERANCE < one < whole


@pytest.mark.parametrize("name", ["pcd", "wake-sleep", "reweighted"])
def test_a_kept_state_gives_the_same_bits(name: str) -> None:
    chosen, method = machine(), gradient(name)
    method.halves(chosen, 0)
    structure, arrays = pack(method.state())
    expected = method.halves(chosen, 1)
    again = gradient(name)
    again.set_state(unpack(structure, arrays))
    for first, second in zip(expected, again.halves(chosen, 1), strict=True):
        np.testing.assert_array_equal(first.second, second.second)
