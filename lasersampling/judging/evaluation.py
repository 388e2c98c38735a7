"""How good samples of a machine are: everything that is reported of a sampling run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann import Target, exact_distribution, state_index
from lasersampling.boltzmann.clamping import FREE, clamped_vector
from lasersampling.boltzmann.enumeration import table_moments
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.errors import InputError
from lasersampling.judging.figures_of_merit import figures_of_merit
from lasersampling.results.reading import Metric
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics import (
    Divergences,
    Interval,
    bootstrap_intervals,
    compare,
    distribution_ess,
    effective_sample_size,
    goodness_of_fit,
    jackknife_error,
    kl_divergence,
    r_hat,
    total_variation,
)
from lasersampling.statistics.exact_draws import DivergenceOfDraws, divergence_of_draws
from lasersampling.statistics.goodness_of_fit import N_BATCHES

if TYPE_CHECKING:
    from lasersampling.results.store import ResultsFile

_POINTS_IN_TIME = 16
_FIRST_POINT_DRAWS = 4
_MAX_UNITS_OF_INTERVALS = 12
"""Hundreds of tables of more units than that would take longer than most samplings."""
_MAX_CHAINS_FOLLOWED = 64


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
        over chains; nan for a single chain, and for chains that all show the same [1].
    intervals : mapping of str to Interval
        95 % intervals of `kl_sample_target`, `kl_target_sample` and `total_variation` between the
        law of the sampler (what infinitely many draws would show) and the target, by the block
        bootstrap; empty for more than 12 free units.
    p_value : float
        Of the hypothesis that the draws come from the target; see
        `statistics.goodness_of_fit`. nan for fewer than 32 draws [1].
    n_chains : int
        Chains.
    is_short : bool
        Fewer than 32 draws.
    floor_95 : float
        D_KL that an ideal sampler of the same effective size exceeds in one run of twenty [1].
    exact_mean : ndarray of float64, shape (free unit,)
        Exact means [1].
    draws : ndarray of int64, shape (point,)
        Draws of all chains together that the divergence is followed over.
    kl_over_draws, ideal_over_draws : ndarray of float64, shape (point,)
        D_KL(sample || target) of the first draws, and what an ideal sampler of the same effective
        sample size would show [1].
    chain_draws : ndarray of int64, shape (chain point,)
        Draws of a single chain; none for more than 12 free units.
    chain_kl, chain_kl_sd, chain_ideal : ndarray of float64, shape (chain point,)
        D_KL(sample || target) of the first draws of a single chain: mean and standard deviation
        over chains, and what an ideal sampler would show [1].
    """

    target: NDArray[np.float64]
    sampled: NDArray[np.float64]
    sampled_se: NDArray[np.float64]
    divergences: Divergences
    kl_se: float
    total_variation_se: float
    intervals: Mapping[str, Interval]
    p_value: float
    n_chains: int
    is_short: bool
    floor_95: float
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
        Chains.
    mean, mean_se : ndarray of float64, shape (free unit,)
        Sampled means and their standard errors; nan for a unit that never changed [1].
    ess : ndarray of float64, shape (free unit,)
        Effective sample size of each mean; nan for a unit that never changed [1].
    joint_ess : float
        Effective sample size of the joint distribution; nan if it is one state [1].
    r_hat : ndarray of float64, shape (free unit,)
        Split R-hat; nan for a single chain, and for a unit that never changed in any [1].
    interval_ns : float or None
        Time between draws, for samplers that live in time.
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
        """Return the figures of merit, by name; see `judging.figures_of_merit`."""
        return figures_of_merit(self)

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


def evaluate(machine: AnyMachine, samples: Samples, clamped: ArrayLike | None = None) -> Evaluation:
    """Judge samples of a machine.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
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
    machine = as_machine(machine)
    free = np.flatnonzero(clamped_vector(clamped, machine.n_units) == FREE)
    if free.size == 0:
        raise InputError.single("clamped", "all units clamped", "at least one free unit")
    if samples.n_units != machine.n_units:
        raise InputError.single(
            "samples", f"{samples.n_units} units", f"{machine.n_units}, as the machine has"
        )
    states = samples.states[:, :, free]
    enumerable = free.size <= MAX_ENUMERATED_UNITS
    target = exact_distribution(machine, clamped) if enumerable else None
    return _evaluation(states, free, target, samples.interval_ns)


def evaluate_target(target: Target, samples: Samples) -> Evaluation:
    """Judge samples by a target distribution of their first units, the visible ones.

    Parameters
    ----------
    target : Target
        What should have been sampled.
    samples : Samples
        At least four draws per chain; units beyond the target's are hidden and left out.

    Raises
    ------
    InputError
        If there are fewer units than the target has.
    """
    if samples.n_units < target.n_units:
        expected = f"at least {target.n_units}, as the target has"
        raise InputError.single("samples", f"{samples.n_units} units", expected)
    visible = np.arange(target.n_units)
    states = samples.states[:, :, visible]
    return _evaluation(states, visible, target.probabilities, samples.interval_ns)


def _evaluation(
    states: NDArray[np.int8],
    free: NDArray[np.intp],
    target: NDArray[np.float64] | None,
    interval_ns: float | None,
) -> Evaluation:
    mean = states.mean(axis=(0, 1), dtype=np.float64)
    ess = effective_sample_size(states)
    joint_ess = distribution_ess(states)
    return Evaluation(
        free=free,
        n_chains=len(states),
        mean=mean,
        mean_se=np.sqrt(mean * (1 - mean) / ess),
        ess=ess,
        joint_ess=joint_ess,
        r_hat=r_hat(states) if len(states) > 1 else np.full(free.size, np.nan),
        interval_ns=interval_ns,
        exact=None if target is None else _compare(states, target, joint_ess),
    )


@np.errstate(invalid="ignore")  # spreads of divergences some of which are infinite are nan
def _compare(
    states: NDArray[np.int8], target: NDArray[np.float64], joint_ess: float
) -> ExactComparison:
    numbers = state_index(states)
    n_chains, n_draws = numbers.shape
    counts = np.stack([np.bincount(chain, minlength=target.size) for chain in numbers])
    total = counts.sum(axis=0)
    sampled = total / total.sum()
    kl_se = total_variation_se = math.nan
    if (counts != counts[0]).any():  # chains that are all alike say nothing of the error
        without = [(total - chain) / (n_chains - 1) / n_draws for chain in counts]
        kl_se = float(jackknife_error([kl_divergence(table, target) for table in without]))
        total_variation_se = float(
            jackknife_error([np.abs(table - target).sum() / 2 for table in without])
        )
    points = np.unique(
        np.geomspace(min(_FIRST_POINT_DRAWS, n_draws), n_draws, _POINTS_IN_TIME).astype(np.int64)
    )
    chain_points, chains = points[:0], np.empty((n_chains, 0))
    intervals: dict[str, Interval] = {}
    if states.shape[2] <= _MAX_UNITS_OF_INTERVALS:
        chain_points, chains = points, _chain_divergences(numbers, points, target)
        intervals = bootstrap_intervals(
            states,
            {
                "kl_sample_target": lambda table: kl_divergence(table, target),
                "kl_target_sample": lambda table: kl_divergence(target, table),
                "total_variation": lambda table: total_variation(table, target),
            },
        )
    enough = n_chains * n_draws >= N_BATCHES
    ideal = _ideal(target, joint_ess)
    over_draws = [
        np.bincount(numbers[:, :point].ravel(), minlength=target.size) / (point * n_chains)
        for point in points
    ]
    return ExactComparison(
        target=target,
        sampled=sampled,
        sampled_se=np.sqrt(sampled * (1 - sampled) / joint_ess),
        divergences=replace(compare(sampled, target, joint_ess), floor=ideal.mean_nats),
        kl_se=kl_se,
        total_variation_se=total_variation_se,
        intervals=intervals,
        p_value=goodness_of_fit(states, target).p_value if enough else math.nan,
        n_chains=n_chains,
        is_short=not enough,
        floor_95=ideal.quantile(0.95),
        exact_mean=table_moments(target).mean,
        draws=points * n_chains,
        kl_over_draws=np.array([kl_divergence(table, target) for table in over_draws]),
        ideal_over_draws=np.array(
            [_ideal(target, joint_ess * point / n_draws).mean_nats for point in points]
        ),
        chain_draws=chain_points,
        chain_kl=chains.mean(axis=0),
        chain_kl_sd=chains.std(axis=0, ddof=min(1, n_chains - 1)),
        chain_ideal=np.array(
            [
                _ideal(target, joint_ess * point / n_draws / n_chains).mean_nats
                for point in chain_points
            ]
        ),
    )


def _ideal(target: NDArray[np.float64], joint_ess: float) -> DivergenceOfDraws:
    """D_KL of exact draws of this effective number; nan if that is not known."""
    if math.isfinite(joint_ess):
        return divergence_of_draws(target, joint_ess)
    unknown = 0.0 if joint_ess > 0 else math.nan
    return DivergenceOfDraws(unknown, unknown)


def _chain_divergences(
    numbers: NDArray[np.int64], points: NDArray[np.int64], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """D_KL(sample || target) of the first draws of each chain, shape (chain, point)."""
    return np.array(
        [
            [
                kl_divergence(np.bincount(chain[:point], minlength=target.size) / point, target)
                for point in points
            ]
            for chain in numbers[:_MAX_CHAINS_FOLLOWED]
        ]
    )
