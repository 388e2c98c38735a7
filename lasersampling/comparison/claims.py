"""Statements on which arms of a comparison are better, and whether they hold."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.comparison.settings import SIGNIFICANT, Claim
from lasersampling.statistics import PairedDifference, holm, paired_difference


@dataclass(frozen=True, eq=False)
class ClaimFound:
    """What was found of a claim.

    Attributes
    ----------
    about : str
        The claim, in words.
    pairs : mapping of (str, str) to tuple
        For each pair of arms the difference of the first from the second, and its p-value with
        Holm's correction for the number of pairs of the claim.
    """

    about: str
    pairs: Mapping[tuple[str, str], tuple[PairedDifference, float]]

    @property
    def verdict(self) -> str:
        """Say whether the claim holds: in all pairs, in none, or what can be told."""
        signs = [np.sign(one.mean) if p < SIGNIFICANT else 0.0 for one, p in self.pairs.values()]
        n, better, worse = len(signs), signs.count(1.0), signs.count(-1.0)
        told = f"better in {better} of {n} pairs, worse in {worse}"
        if better == n:
            return "holds in all pairs"
        if worse:
            return f"does not hold: {told}"
        if better:
            return f"holds in part: {told}, the others cannot be told apart"
        return "cannot be told: no pair differs significantly"


def claims_found(
    claims: Mapping[str, Claim], values: Mapping[str, NDArray[np.float64]]
) -> dict[str, ClaimFound]:
    """Test claims on networks whose seeds are paired.

    Parameters
    ----------
    claims : mapping of str to Claim
        The claims.
    values : mapping of str to ndarray, each (member,)
        A measure of which more is better, by arm; nan for trainings that failed.

    Returns
    -------
    dict of str to ClaimFound
        For each claim all of whose arms have finite values.
    """
    known = {arm for arm, own in values.items() if np.isfinite(own).all()}
    found = {}
    for name, claim in claims.items():
        if not set(itertools.chain(*claim.pairs)) <= known:
            continue
        pairs = [paired_difference(values[more], values[less]) for more, less in claim.pairs]
        corrected = holm([one.p_value for one in pairs])
        tested = zip(pairs, map(float, corrected), strict=True)
        found[name] = ClaimFound(claim.about, dict(zip(claim.pairs, tested, strict=True)))
    return found
