"""Figures of merit of an evaluation, with the reason wherever one of them cannot be given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lasersampling.results.reading import Metric
from lasersampling.sampling.certificate.mixing import LARGEST_R_HAT
from lasersampling.statistics import described
from lasersampling.statistics.goodness_of_fit import N_BATCHES

if TYPE_CHECKING:
    from lasersampling.judging.evaluation import Evaluation, ExactComparison

_MOST_NAMED = 8
_ONE_STATE = "all draws show one and the same joint state"
_ALIKE = "the chains never differ, so no error can be given: more draws are needed"
_APART = f"no error can be given, as the chains disagree, R-hat above {LARGEST_R_HAT}"
_OFTEN_UNSEEN = "infinite in some of the resampled histograms, which a state is missing from"


def figures_of_merit(evaluation: Evaluation) -> dict[str, Metric]:
    """Give the figures of merit of samples, by name.

    A divergence of the histogram stands beside the same less its bias, and it is the latter that
    has the interval, which allows for the bias too.

    Parameters
    ----------
    evaluation : Evaluation
        Of the samples.

    Returns
    -------
    dict of str to Metric
        Of a small machine divergences, their floor, the p-value and the largest error of a mean;
        of all effective sizes and R-hat.
    """
    found = {} if evaluation.exact is None else _exact(evaluation, evaluation.exact)
    return found | _of_chains(evaluation)


def named_units(units: Sequence[int] | NDArray[np.intp]) -> str:
    """Name units in a sentence: "unit 3", "units 0, 3 and 12 more"."""
    shown = ", ".join(str(unit) for unit in units[:_MOST_NAMED])
    more = f" and {len(units) - _MOST_NAMED} more" if len(units) > _MOST_NAMED else ""
    return f"unit{'s' if len(units) > 1 else ''} {shown}{more}"


def _exact(evaluation: Evaluation, exact: ExactComparison) -> dict[str, Metric]:
    near = exact.divergences
    rows = {
        "kl_sample_target": ("kl_corrected", exact.kl_se),
        "kl_target_sample": ("kl_target_sample_corrected", None),
        "total_variation": ("total_variation_corrected", exact.total_variation_se),
    }
    descriptions = described(exact.sampled, exact.target)
    # What chains that have not come together show says nothing of how far off it may be.
    apart = bool((evaluation.r_hat > LARGEST_R_HAT).any())
    found: dict[str, Metric] = {}
    for name, (corrected, error) in rows.items():
        value, description = getattr(near, name), descriptions[name]
        reason = None
        if value == math.inf:
            reason = description.partition("; ")[2]
        elif apart:
            error, reason = None, None if error is None else _APART
        elif error is not None and math.isnan(error) and exact.n_chains > 1:
            reason = _ALIKE
        found[name] = _metric(value, description, error, reason=reason)
        interval = exact.intervals.get(name)
        if interval is None:
            continue
        about = f"the same less its bias{', nats' if name.startswith('kl') else ''}"
        ends = (interval.low, interval.high)
        if value == math.inf and apart:
            found[corrected] = _metric(value, about, reason=reason)
        elif apart:
            found[corrected] = _metric(math.nan, about, reason=_APART)
        elif value == math.inf:
            found[corrected] = _metric(value, about, interval=ends, reason=reason)
        elif math.isnan(interval.low):
            found[corrected] = _metric(math.nan, about, reason=_ALIKE)
        elif math.isnan(interval.bias):
            found[corrected] = _metric(math.nan, about, interval=ends, reason=_OFTEN_UNSEEN)
        else:
            found[corrected] = _metric(interval.corrected, about, interval=ends)
    floor_reason = _ONE_STATE if math.isnan(evaluation.joint_ess) else None
    p_value, p_reason = exact.p_value, None
    floor, floor_95 = near.floor, exact.floor_95
    if apart and floor_reason is None:
        p_value = floor = floor_95 = math.nan
        floor_reason = p_reason = _APART
    elif math.isnan(exact.p_value):
        p_reason = f"fewer than {N_BATCHES} draws" if exact.is_short else "too few effective draws"
        p_reason = floor_reason or p_reason
    error_of_mean = float(np.max(np.abs(evaluation.mean - exact.exact_mean)))
    return found | {
        "kl_floor": _metric(
            floor, "D_KL of an ideal sampler of the same effective size, nats",
            reason=floor_reason,
        ),
        "kl_floor_95": _metric(
            floor_95, "what it exceeds in one run of twenty, nats", reason=floor_reason
        ),
        "p_value": _metric(p_value, "of draws from the target, chi-square", reason=p_reason),
        "mean_error_max": _metric(error_of_mean, "largest error of a unit's mean"),
    }  # fmt: skip


def _of_chains(evaluation: Evaluation) -> dict[str, Metric]:
    """Effective sizes, of which a unit that never changed has none, and R-hat."""
    ess, r_hat, joint = evaluation.ess, evaluation.r_hat, evaluation.joint_ess
    frozen = evaluation.free[np.isnan(ess)]
    never = f"{named_units(frozen)} never changed in any chain" if frozen.size else None
    joint_reason = None
    if not math.isfinite(joint):
        joint_reason = _ONE_STATE if math.isnan(joint) else "batches of the draws do not differ"
    apart = evaluation.free[np.isinf(r_hat)]
    r_hat_reason = never
    worst = math.nan
    if evaluation.n_chains < 2:
        r_hat_reason = "a single chain, and R-hat compares chains: take at least two"
    elif apart.size:
        worst = math.inf
        r_hat_reason = f"{named_units(apart)} never changed, at 0 in some chains and 1 in others"
    elif not frozen.size:
        worst = float(r_hat.max())
    elif frozen.size < r_hat.size:
        r_hat_reason = f"{never}; of the others at most {np.nanmax(r_hat):.4g}"
    return {
        "ess_joint": _metric(
            0.0 if math.isnan(joint) else joint, "effective sample size, joint states",
            reason=joint_reason,
        ),
        "ess_min": _metric(
            0.0 if frozen.size or apart.size else float(ess.min()),
            "effective sample size, worst unit",
            reason=never or (r_hat_reason if apart.size else None),
        ),
        "r_hat_max": _metric(worst, "split R-hat, worst unit", reason=r_hat_reason),
    }  # fmt: skip


def _metric(
    value: float,
    description: str,
    standard_error: float | None = None,
    *,
    interval: tuple[float, float] | None = None,
    reason: str | None = None,
) -> Metric:
    return Metric(float(value), standard_error, "1", description, interval, reason)
