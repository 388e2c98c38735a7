"""How good samples of a machine are: everything that is reported of a sampling run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann import exact_distribution, state_index
from lasersampling.boltzmann.clamping import FREE, clamped_vector
from lasersampling.boltzmann.enumeration import table_moments
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.errors import InputError
from lasersampling.results.reading import Metric
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics import (
    Divergences,
    compare,
    distribution_ess,
    effective_sample_size,
    jackknife_error,
    kl_divergence,
    kl_floor,
    r_hat,
)

if TYPE_CHECKING:
    from lasersampling.results.store import ResultsFile

_POINTS_IN_TIME = 16
_FIRST_POINT_DRAWS = 4


@dataclass(frozen=True, eq=False)
class ExactComparison:
    """Samples of a machine small enough to be enumerated, beside its exact distribution.

    All over the joint states of the free units; entry `sum_k z_k 2**k` of a table belongs to `z`.

    Attributes
    ----------
    target, sampled, sampled_se : ndarray of float64, shape (state,)
        Exact and sampled probabilities, and standard errors of the latter [1].
    divergences : Divergences
        Between the two.
    kl_se, total_variation_se : float
        Standard errors of D_KL(sample || target) and of the total variation, by the jackknife
        over chains; nan for a single chain [1].
    exact_mean : ndarray of float64, shape (free unit,)
        Exact means [1].
    draws : ndarray of int64, shape (point,)
        Draws of all chains together that the divergence is followed over.
    kl_over_draws, ideal_over_draws : ndarray of float64, shape (point,)
        D_KL(sample || target) of the first draws, and what an ideal sampler of the same effective
        sample size would show [1].
    """

    target: NDArray[np.float64]
    sampled: NDArray[np.float64]
    sampled_se: NDArray[np.float64]
    divergences: Divergences
    kl_se: float
    total_variation_se: float
    exact_mean: NDArray[np.float64]
    draws: NDArray[np.int64]
    kl_over_draws: NDArray[np.float64]
    ideal_over_draws: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Diagnostics of samples, and their comparison with the exact distribution.

    Attributes
    ----------
    free : ndarray of int, shape (free unit,)
        Units that were sampled.
    mean, mean_se : ndarray of float64, shape (free unit,)
        Sampled means and their standard errors; nan for a unit that never changed [1].
    ess : ndarray of float64, shape (free unit,)
        Effective sample size of each mean [1].
    joint_ess : float
        Effective sample size of the joint distribution [1].
    r_hat : ndarray of float64, shape (free unit,)
        Split R-hat; nan for a single chain [1].
    interval_ns : float or None
        Time between draws, for samplers that live in time.
    exact : ExactComparison or None
        None for more than 20 free units.
    """

    free: NDArray[np.intp]
    mean: NDArray[np.float64]
    mean_se: NDArray[np.float64]
    ess: NDArray[np.float64]
    joint_ess: float
    r_hat: NDArray[np.float64]
    interval_ns: float | None
    exact: ExactComparison | None

    def metrics(self) -> dict[str, Metric]:
        """Return the figures of merit, by name."""
        found = {}
        if self.exact is not None:
            near = self.exact.divergences
            error = float(np.max(np.abs(self.mean - self.exact.exact_mean)))
            found = {
                "kl_sample_target": _metric(
                    near.kl_sample_target, "D_KL(sample || target), nats", self.exact.kl_se
                ),
                "kl_target_sample": _metric(near.kl_target_sample, "D_KL(target || sample), nats"),
                "kl_floor": _metric(
                    near.floor, "D_KL of an ideal sampler of the same effective size, nats"
                ),
                "total_variation": _metric(
                    near.total_variation,
                    "total variation distance",
                    self.exact.total_variation_se,
                ),
                "mean_error_max": _metric(error, "largest error of a unit's mean"),
            }
        return found | {
            "ess_joint": _metric(self.joint_ess, "effective sample size, joint states"),
            "ess_min": _metric(_extreme(self.ess, -1), "effective sample size, worst unit"),
            "r_hat_max": _metric(_extreme(self.r_hat, 1), "split R-hat, worst unit"),
        }

    def write(self, file: ResultsFile) -> None:
        """Write metrics, ``/units``, ``/distribution`` and ``/divergence`` to a results file."""
        for name, metric in self.metrics().items():
            file.metric(name, metric.value, metric.standard_error, metric.units, metric.description)
        columns = {
            "unit": (self.free, "number of the unit"),
            "mean": (self.mean, "sampled mean"),
            "mean_se": (self.mean_se, "standard error of the sampled mean"),
            "ess": (self.ess, "effective sample size of the mean"),
            "r_hat": (self.r_hat, "split R-hat"),
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
            "sampled_se": (exact.sampled_se, "standard error of the sampled frequency"),
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


def evaluate(
    machine: BoltzmannMachine, samples: Samples, clamped: ArrayLike | None = None
) -> Evaluation:
    """Judge samples of a machine.

    Parameters
    ----------
    machine : BoltzmannMachine
        What was sampled. Up to 20 free units are compared with the exact distribution.
    samples : Samples
        At least four draws per chain.
    clamped : array_like of int, shape (unit,), optional
        -1 for a free unit, 0 or 1 for a clamped one; the same for all chains.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If no unit is free, or the samples are not of this machine.
    """
    free = np.flatnonzero(clamped_vector(clamped, machine.n_units) == FREE)
    if free.size == 0:
        raise InputError.single("clamped", "all units clamped", "at least one free unit")
    if samples.n_units != machine.n_units:
        raise InputError.single(
            "samples", f"{samples.n_units} units", f"{machine.n_units}, as the machine has"
        )
    states = samples.states[:, :, free]
    mean = samples.mean[free]
    ess = effective_sample_size(states)
    joint_ess = distribution_ess(states)
    exact = None
    if free.size <= MAX_ENUMERATED_UNITS:
        target = exact_distribution(machine, clamped)
        exact = _compare(states, target, joint_ess)
    return Evaluation(
        free=free,
        mean=mean,
        mean_se=np.sqrt(mean * (1 - mean) / ess),
        ess=ess,
        joint_ess=joint_ess,
        r_hat=r_hat(states) if samples.n_chains > 1 else np.full(free.size, np.nan),
        interval_ns=samples.interval_ns,
        exact=exact,
    )


def _compare(
    states: NDArray[np.int8], target: NDArray[np.float64], joint_ess: float
) -> ExactComparison:
    numbers = state_index(states)
    n_chains, n_draws = numbers.shape
    counts = np.stack([np.bincount(chain, minlength=target.size) for chain in numbers])
    total = counts.sum(axis=0)
    sampled = total / total.sum()
    kl_se = total_variation_se = math.nan
    if n_chains > 1:
        without = [(total - chain) / (n_chains - 1) / n_draws for chain in counts]
        kl_se = float(jackknife_error([kl_divergence(table, target) for table in without]))
        total_variation_se = float(
            jackknife_error([np.abs(table - target).sum() / 2 for table in without])
        )
    points = np.unique(
        np.geomspace(min(_FIRST_POINT_DRAWS, n_draws), n_draws, _POINTS_IN_TIME).astype(np.int64)
    )
    n_states = int(np.count_nonzero(target))
    over_draws = [
        np.bincount(numbers[:, :point].ravel(), minlength=target.size) / (point * n_chains)
        for point in points
    ]
    return ExactComparison(
        target=target,
        sampled=sampled,
        sampled_se=np.sqrt(sampled * (1 - sampled) / joint_ess),
        divergences=compare(sampled, target, joint_ess),
        kl_se=kl_se,
        total_variation_se=total_variation_se,
        exact_mean=table_moments(target).mean,
        draws=points * n_chains,
        kl_over_draws=np.array([kl_divergence(table, target) for table in over_draws]),
        ideal_over_draws=np.array(
            [kl_floor(n_states, joint_ess * point / n_draws) for point in points]
        ),
    )


def _extreme(values: NDArray[np.float64], sign: int) -> float:
    """Return the largest (or, for `sign` -1, smallest) value that is known; nan if none is."""
    known = values[~np.isnan(values)]
    return float(sign * np.max(sign * known)) if known.size else math.nan


def _metric(value: float, description: str, standard_error: float = math.nan) -> Metric:
    error = None if math.isnan(standard_error) else standard_error
    return Metric(float(value), error, "1", description)
