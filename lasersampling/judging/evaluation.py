"""Results of judging samples, and the figures of merit that are reported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.results.contents import Metric
from lasersampling.sampling.certificate.law import ExactLaw
from lasersampling.sampling.certificate.mixing import LARGEST_R_HAT
from lasersampling.sampling.certificate.naming import listed
from lasersampling.statistics import (
    Divergences,
    Interval,
    described,
)
from lasersampling.statistics.goodness_of_fit import N_BATCHES

if TYPE_CHECKING:
    from lasersampling.results.store import ResultsFile

_ONE_STATE = "all draws show one and the same joint state"
_ALIKE = "the chains never differ, so no error can be given: more draws are needed"
_APART = f"no error can be given, as the chains disagree, R-hat above {LARGEST_R_HAT}"
_OFTEN_UNSEEN = "infinite in some of the resampled histograms, which a state is missing from"


@dataclass(frozen=True, eq=False)
class ExactComparison:
    """Comparison of the samples of a machine with its exact distribution.

    All tables are over the joint states of the free units; entry `sum_k z_k 2**k` belongs to `z`.

    Attributes
    ----------
    target, sampled, sampled_se : ndarray of float64, shape (state,)
        Exact and sampled probabilities, and standard errors of the latter [1].
    divergences : Divergences
        Divergences between the two.
    law : ExactLaw
        D_KL(sample || target) again, with its error and the D_KL that exact draws of the same
        effective number show, as the certificate uses it.
    kl_se, total_variation_se : float
        Standard errors of D_KL(sample || target) and of the total variation, by the jackknife over
        chains; nan for a single chain, and for chains that all show the same [1].
    intervals : mapping of str to Interval
        95 % intervals of `kl_sample_target`, `kl_target_sample` and `total_variation` between the
        law of the sampler (the histogram of infinitely many draws) and the target, by the block
        bootstrap; empty for more than 12 free units.
    p_value : float
        p-value of the hypothesis that the draws come from the target; see
        `statistics.goodness_of_fit`. nan for fewer than 32 draws [1].
    n_chains : int
        Number of chains.
    is_short : bool
        Whether there are fewer than 32 draws.
    exact_mean : ndarray of float64, shape (free unit,)
        Exact means [1].
    draws : ndarray of int64, shape (point,)
        Numbers of draws, of all chains together, at which the divergence is given.
    kl_over_draws, ideal_over_draws : ndarray of float64, shape (point,)
        D_KL(sample || target) of the first draws, and what an ideal sampler of the same effective
        sample size would show [1].
    chain_draws : ndarray of int64, shape (chain point,)
        Numbers of draws of a single chain; none for more than 12 free units.
    chain_kl, chain_kl_sd, chain_ideal : ndarray of float64, shape (chain point,)
        D_KL(sample || target) of the first draws of a single chain: mean and standard deviation
        over chains, and what an ideal sampler would show [1].
    """

    target: NDArray[np.float64]
    sampled: NDArray[np.float64]
    sampled_se: NDArray[np.float64]
    divergences: Divergences
    law: ExactLaw
    kl_se: float
    total_variation_se: float
    intervals: Mapping[str, Interval]
    p_value: float
    n_chains: int
    is_short: bool
    exact_mean: NDArray[np.float64]
    draws: NDArray[np.int64]
    kl_over_draws: NDArray[np.float64]
    ideal_over_draws: NDArray[np.float64]
    chain_draws: NDArray[np.int64]
    chain_kl: NDArray[np.float64]
    chain_kl_sd: NDArray[np.float64]
    chain_ideal: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Diagnostics of samples, and their comparison with the exact distribution.

    Attributes
    ----------
    free : ndarray of int, shape (free unit,)
        Units that were sampled.
    n_chains : int
        Number of chains.
    mean, mean_se : ndarray of float64, shape (free unit,)
        Sampled means and their standard errors; nan for a unit that never changed [1].
    ess : ndarray of float64, shape (free unit,)
        Effective sample size of each mean; nan for a unit that never changed [1].
    joint_ess : float
        Effective sample size of the joint distribution; nan if only one state was seen [1].
    r_hat : ndarray of float64, shape (free unit,)
        Split R-hat; nan for a single chain, and for a unit that never changed in any chain [1].
    interval_ns : float or None
        Time between draws, for samplers that run in time.
    exact : ExactComparison or None
        None for more than 20 free units.
    """

    free: NDArray[np.intp]
    n_chains: int
    mean: NDArray[np.float64]
    mean_se: NDArray[np.float64]
    ess: NDArray[np.float64]
    joint_ess: float
    r_hat: NDArray[np.float64]
    interval_ns: float | None
    exact: ExactComparison | None

    def metrics(self) -> dict[str, Metric]:
        """Return the figures of merit by name, with the reason where one is missing."""
        return _figures_of_merit(self)

    def write(self, file: ResultsFile) -> None:
        """Write metrics, ``/units``, ``/distribution`` and ``/divergence`` to a results file."""
        file.metrics(self.metrics())
        columns = {
            "unit": (self.free, "number of the unit"),
            "mean": (self.mean, "sampled mean"),
            "mean_se": (
                self.mean_se,
                "standard error of the mean, nan if it never changed",
            ),
            "ess": (self.ess, "effective sample size of the mean, nan if the unit never changed"),
            "r_hat": (self.r_hat, "split R-hat, nan for one chain and if the unit never changed"),
        }
        if self.exact is not None:
            columns["exact_mean"] = (self.exact.exact_mean, "exact mean")
        for name, (values, description) in columns.items():
            file.write(f"units/{name}", values, ("unit",), units="1", description=description)
        if self.exact is not None:
            self._write_exact(file, self.exact)

    def _write_exact(self, file: ResultsFile, exact: ExactComparison) -> None:
        table: dict[str, tuple[NDArray[Any], str]] = {
            "state": (np.arange(len(exact.target)), "number of the state, sum_k z_k 2**k"),
            "target": (exact.target, "exact probability"),
            "sampled": (exact.sampled, "sampled frequency"),
            "sampled_se": (
                exact.sampled_se,
                "its standard error, nan for one state",
            ),
        }
        for name, (column, description) in table.items():
            place = f"distribution/{name}"
            file.write(place, column, ("state",), units="1", description=description)
        file.attributes("distribution", {"units": self.free})
        if self.interval_ns is None:
            extent, unit, per_draw = "draws", "1", 1.0
        else:
            extent, unit, per_draw = "time_ns", "ns", self.interval_ns
        series: list[tuple[str, NDArray[Any], str, str]] = [
            (extent, exact.draws * per_draw, unit, "sampling time, all chains together"),
            ("kl_sample_target", exact.kl_over_draws, "1", "D_KL(sample || target), nats"),
            ("ideal", exact.ideal_over_draws, "1", "D_KL of an ideal sampler, nats"),
        ]
        for name, values, units, description in series:
            place = f"divergence/{name}"
            file.write(place, values, (extent,), units=units, description=description)
        extent = f"chain_{extent}"
        series = [
            (extent, exact.chain_draws * per_draw, unit, "sampling time of a single chain"),
            ("kl_chain", exact.chain_kl, "1", "D_KL of a single chain, mean over chains, nats"),
            ("kl_chain_sd", exact.chain_kl_sd, "1", "its standard deviation over chains, nats"),
            ("ideal_chain", exact.chain_ideal, "1", "D_KL of an ideal sampler, nats"),
        ]
        for name, values, units, description in series if exact.chain_draws.size else ():
            place = f"divergence/{name}"
            file.write(place, values, (extent,), units=units, description=description)


def _figures_of_merit(evaluation: Evaluation) -> dict[str, Metric]:
    """Give the figures of merit of samples, by name.

    A divergence of the histogram is given as it is, and corrected for its bias. The interval
    belongs to the corrected value.
    """
    found = {} if evaluation.exact is None else _exact(evaluation, evaluation.exact)
    return found | _of_chains(evaluation)


def _exact(evaluation: Evaluation, exact: ExactComparison) -> dict[str, Metric]:
    near = exact.divergences
    rows = {
        "kl_sample_target": ("kl_corrected", exact.kl_se),
        "kl_target_sample": ("kl_target_sample_corrected", None),
        "total_variation": ("total_variation_corrected", exact.total_variation_se),
    }
    descriptions = described(exact.sampled, exact.target)
    # Chains that disagree with one another do not show how far off they are.
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
        about = f"the same, corrected for bias{', nats' if name.startswith('kl') else ''}"
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
    floor_reason = _unknown_size(evaluation.joint_ess)
    p_value, p_reason = exact.p_value, None
    floor, floor_95 = exact.law.floor_nats, exact.law.floor_95_nats
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
            floor_95, "what an ideal sampler exceeds in 1 run of 20, nats", reason=floor_reason
        ),
        "p_value": _metric(p_value, "of draws from the target, chi-square", reason=p_reason),
        "mean_error_max": _metric(error_of_mean, "largest error of a unit's mean"),
    }  # fmt: skip


def _unknown_size(joint_ess: float) -> str | None:
    """Say why the effective number of draws is unknown, if it is."""
    if math.isfinite(joint_ess):
        return None
    return _ONE_STATE if math.isnan(joint_ess) else "batches of the draws do not differ"


def _of_chains(evaluation: Evaluation) -> dict[str, Metric]:
    """Effective sample sizes and R-hat; a unit that never changed has no effective size."""
    ess, r_hat, joint = evaluation.ess, evaluation.r_hat, evaluation.joint_ess
    frozen = evaluation.free[np.isnan(ess)]
    never = f"{listed(frozen)} never changed in any chain" if frozen.size else None
    joint_reason = _unknown_size(joint)
    apart = evaluation.free[np.isinf(r_hat)]
    r_hat_reason = never
    worst = math.nan
    if evaluation.n_chains < 2:
        r_hat_reason = "a single chain, and R-hat compares chains: take at least two"
    elif apart.size:
        worst = math.inf
        r_hat_reason = f"{listed(apart)} never changed, at 0 in some chains and 1 in others"
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
