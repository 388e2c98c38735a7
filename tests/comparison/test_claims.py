import numpy as np
import pytest

from lasersampling.comparison.claims import claims_found
from lasersampling.comparison.settings import Claim, Comparison
from lasersampling.errors import InputError
from lasersampling.statistics import holm, paired_difference

SEEDS = np.random.default_rng(0).normal(0.0, 0.01, 10)
VALUES = {
    "good": 0.99 + SEEDS,
    "better": 0.995 + SEEDS,
    "worse": 0.97 + SEEDS + np.linspace(0.0, 0.001, 10),
    "unlike": 0.99 + SEEDS[::-1],
    "failed": np.full(10, np.nan),
}


def verdict(*pairs):
    return claims_found({"one": Claim("a is better", pairs)}, VALUES)["one"].verdict


def test_differences_are_paired_and_corrected_within_a_claim():
    pairs = (("better", "good"), ("unlike", "good"))
    found = claims_found({"one": Claim("a is better", pairs)}, VALUES)["one"]
    expected = [paired_difference(VALUES[a], VALUES[b]) for a, b in pairs]
    corrected = holm([one.p_value for one in expected])
    for pair, one, p in zip(pairs, expected, corrected, strict=True):
        difference, own = found.pairs[pair]
        assert difference == one
        assert own == pytest.approx(p)


def test_verdicts_follow_from_the_pairs():
    better, worse, unlike = ("better", "good"), ("worse", "good"), ("unlike", "good")
    assert verdict(better) == "holds in all pairs"
    assert verdict(better, ("better", "worse")) == "holds in all pairs"
    assert verdict(better, unlike).startswith("holds in part: better in 1 of 2 pairs")
    assert verdict(unlike).startswith("cannot be told")
    assert verdict(better, worse) == "does not hold: better in 1 of 2 pairs, worse in 1"


def test_a_claim_on_trainings_that_failed_is_not_answered():
    assert claims_found({"one": Claim("a is better", (("failed", "good"),))}, VALUES) == {}
    assert claims_found({"one": Claim("a is better", (("absent", "good"),))}, VALUES) == {}


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([["fast", "lost"]], "got lost, expected arms, of slow, fast"),
        ([["fast", "fast"]], "got fast twice, expected two arms"),
        ([], "got none, expected some"),
    ],
)
def test_claims_are_on_pairs_of_arms(table, pairs, told):
    with pytest.raises(InputError, match=told):
        Comparison(**table | {"claims": {"one": {"about": "faster is better", "pairs": pairs}}})
