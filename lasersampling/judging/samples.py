"""Judging samples of a machine or of a target distribution."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann import Target, exact_distribution, state_index
from lasersampling.boltzmann.clamping import FREE, clamped_vector
from lasersampling.boltzmann.enumeration import table_moments
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.errors import InputError
from lasersampling.judging.evaluation import Evaluation, ExactComparison
from lasersampling.sampling.certificate.arguments import check_samples
from lasersampling.sampling.certificate.law import exact_law
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics import (
    Interval,
    bootstrap_intervals,
    compared,
    distribution_ess,
    effective_sample_size,
    goodness_of_fit,
    jackknife_error,
    kl_divergence,
    r_hat,
    total_variation,
)
from lasersampling.statistics.exact_draws import floor_of
from lasersampling.statistics.goodness_of_fit import N_BATCHES

_POINTS_IN_TIME = 16
_FIRST_POINT_DRAWS = 4
_MAX_UNITS_OF_INTERVALS = 12
"""With more units, hundreds of tables would take longer than most samplings."""
_MAX_CHAINS_FOLLOWED = 64


def evaluate(machine: AnyMachine, samples: Samples, clamped: ArrayLike | None = None) -> Evaluation:
    """Judge samples of a machine.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        The machine that was sampled. With up to 20 free units it is compared with its exact law.
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
        If no unit is free, or these are no samples of this machine.
    """
    check_samples(samples)
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
    """Judge samples by the target distribution of their first units, the visible ones.

    Parameters
    ----------
    target : Target
        The distribution that should have been sampled.
    samples : Samples
        At least four draws per chain; units beyond the target's are hidden and left out.

    Raises
    ------
    InputError
        If there are fewer units than the target has.
    """
    check_samples(samples, target)
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


@np.errstate(invalid="ignore")  # the spread of divergences is nan if some are infinite
def _compare(
    states: NDArray[np.int8], target: NDArray[np.float64], joint_ess: float
) -> ExactComparison:
    numbers = state_index(states)
    n_chains, n_draws = numbers.shape
    counts = np.stack([np.bincount(chain, minlength=target.size) for chain in numbers])
    total = counts.sum(axis=0)
    sampled = total / total.sum()
    kl_se = total_variation_se = math.nan
    law = exact_law(target, states)
    if (counts != counts[0]).any():  # equal chains do not show any error
        without = [(total - chain) / (n_chains - 1) / n_draws for chain in counts]
        kl_se = law.error_nats
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
    over_draws = [
        np.bincount(numbers[:, :point].ravel(), minlength=target.size) / (point * n_chains)
        for point in points
    ]
    return ExactComparison(
        target=target,
        sampled=sampled,
        sampled_se=np.sqrt(sampled * (1 - sampled) / joint_ess),
        divergences=compared(sampled, target, joint_ess),
        law=law,
        kl_se=kl_se,
        total_variation_se=total_variation_se,
        intervals=intervals,
        p_value=goodness_of_fit(states, target).p_value if enough else math.nan,
        n_chains=n_chains,
        is_short=not enough,
        exact_mean=table_moments(target).mean,
        draws=points * n_chains,
        kl_over_draws=np.array([kl_divergence(table, target) for table in over_draws]),
        ideal_over_draws=np.array(
            [floor_of(target, joint_ess * point / n_draws) for point in points]
        ),
        chain_draws=chain_points,
        chain_kl=chains.mean(axis=0),
        chain_kl_sd=chains.std(axis=0, ddof=min(1, n_chains - 1)),
        chain_ideal=np.array(
            [floor_of(target, joint_ess * point / n_draws / n_chains) for point in chain_points]
        ),
    )


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
