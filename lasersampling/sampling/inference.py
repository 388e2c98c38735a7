"""Inference: the posterior of units that are not observed, given evidence on others.

All cases are sampled in one call of a sampler, as chains of one network. Hard evidence clamps
units. Soft evidence adds to biases, which all chains of a network share; so each different pattern
of soft evidence becomes one more unit, coupled to the others by the log odds that it adds, which is
clamped to 1 in its own chains and to 0 in all others. This is exact, and clamped units need no
laser.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.bayesian_network import BayesianNetwork
from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.enumeration import exact_moments, table_moments
from lasersampling.boltzmann.learned import conditioned
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.boltzmann.targets import Target
from lasersampling.checks import integer_problems, memory_problems, refuse
from lasersampling.errors import InputError, LaserSamplingWarning
from lasersampling.sampling.arguments import sampler_problems, samplers_of
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.pieces import Pieces
from lasersampling.sampling.posterior import Posterior, TruthKind
from lasersampling.sampling.protocol import (
    BYTES_PER_CHAIN,
    Divisible,
    Progress,
    Sampler,
    Samples,
)
from lasersampling.sampling.spread import Spread
from lasersampling.statistics.chains import MIN_DRAWS, effective_sample_size

Truth = BayesianNetwork | Target | AnyMachine
"""Models that can give exact posteriors."""

_CASES_STREAM = 7


def infer(
    sampler: Sampler | Sequence[Sampler],
    machine: AnyMachine,
    evidence: Evidence,
    *,
    n_draws: int,
    n_chains: int = 16,
    seed: int = 0,
    truth: Truth | None = None,
    progress: Progress | None = None,
) -> Posterior:
    """Sample the posterior of each case.

    Parameters
    ----------
    sampler : Sampler or sequence of Sampler
        The sampler; or one for each case, such as lasers that are adapted to it.
    machine : BoltzmannMachine
        The machine that is sampled. Units beyond those of the evidence (auxiliary units) are free
        and not reported.
    evidence : Evidence
        One case or many.
    n_draws, n_chains : int
        Draws per chain, at least four, and chains per case.
    seed : int
        The same seed gives the same bits.
    truth : BayesianNetwork, Target or BoltzmannMachine, optional
        Model of the exact posterior; by default the machine itself. For a machine that was learned
        with the sampler in the loop, this should be the target that it learned. If a
        target knows no posterior of any case, a warning says so.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Posterior

    Raises
    ------
    InputError
        With all problems of the request.

    Examples
    --------
    >>> from lasersampling.sampling.gibbs import Gibbs
    >>> machine = BoltzmannMachine([[0, 3], [3, 0]], [-1, -1])
    >>> found = infer(Gibbs(), machine, Evidence.single(2, {0: 1}), n_draws=500, seed=1)
    >>> found.mean.round(1), found.exact.round(2)
    (array([[1. , 0.9]]), array([[1.  , 0.88]]))
    """
    problems = [
        *integer_problems("n_draws", n_draws, MIN_DRAWS),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("seed", seed, 0),
    ]
    samplers = cast("list[Sampler]", samplers_of(sampler))
    refuse(problems, *(sampler_problems(each) for each in samplers))
    machine = as_machine(machine)
    given: object = evidence
    if not isinstance(given, Evidence):
        expected = "Evidence (Evidence.single or read_evidence makes it)"
        raise InputError.single("evidence", type(given).__name__, expected)
    if evidence.n_units > machine.n_units:
        got, expected = f"{evidence.n_units} units", f"at most {machine.n_units}, of the machine"
        raise InputError.single("evidence", got, expected)
    n_draws, n_chains = int(n_draws), int(n_chains)
    shape = n_chains * evidence.n_cases, n_draws, machine.n_units
    problems = memory_problems("n_chains x n_draws", shape, 1, per_row=BYTES_PER_CHAIN)
    if problems:
        raise InputError(problems)
    exact = exact_posterior(machine if truth is None else truth, evidence)
    extended, clamped = with_evidence_units(machine, evidence)
    if len(samplers) not in (1, evidence.n_cases):
        got = f"{len(samplers)} samplers"
        expected = f"one, or {evidence.n_cases}: one for each case"
        raise InputError.single("sampler", got, expected)
    if isinstance(truth, Target):
        _warn_of_unknown(truth, exact, evidence)
    truth = machine if truth is None else truth
    held = np.repeat(clamped, n_chains, axis=0)
    ready = [with_evidence_lines(each, machine, extended) for each in samplers]
    drawn = _drawn(ready, extended, held, n_draws, seed, progress or (lambda fraction: None))
    states = drawn.states[:, :, : evidence.n_units].reshape(
        evidence.n_cases, n_chains, n_draws, evidence.n_units
    )
    mean = states.mean(axis=(1, 2), dtype=np.float64)
    ess = np.stack([effective_sample_size(case) for case in states])
    error = np.sqrt(mean * (1 - mean) / ess)
    error[evidence.clamped != FREE] = 0.0
    return Posterior(evidence, mean, error, exact, drawn, extended, clamped, _kind(truth))


def _drawn(
    samplers: list[Sampler],
    machine: BoltzmannMachine,
    held: NDArray[np.int8],
    n_draws: int,
    seed: int,
    progress: Progress,
) -> Samples:
    """Draw equal parts of the chains with each sampler; a single one uses the seed itself."""
    if len(samplers) == 1:
        return Pieces(samplers[0], machine, n_draws, len(held), held, seed).whole(progress)
    words = np.random.SeedSequence(seed, spawn_key=(_CASES_STREAM,)).generate_state(len(samplers))
    parts = []
    for k, (each, own) in enumerate(
        zip(samplers, held.reshape(len(samplers), -1, machine.n_units), strict=True)
    ):

        def report(fraction: float, k: int = k) -> None:
            progress((k + fraction) / len(samplers))

        parts.append(Pieces(each, machine, n_draws, len(own), own, int(words[k])).whole(report))
    states = np.concatenate([part.states for part in parts])
    return Samples(states, parts[0].sampler, int(seed), parts[0].interval_ns)


def with_evidence_lines(
    sampler: Sampler, machine: BoltzmannMachine, extended: BoltzmannMachine
) -> Sampler:
    """Extend the lines of lasers from the units of a machine to those that carry evidence."""
    if isinstance(sampler, Spread):
        inner = with_evidence_lines(sampler.sampler, machine, extended)
        return replace(sampler, sampler=cast("Divisible", inner))
    if not isinstance(sampler, Lasers) or sampler.lines is None:
        return sampler
    if len(sampler.lines.gain) != machine.n_units:
        return sampler
    return replace(sampler, lines=sampler.lines.padded(extended.n_units))


def exact_posterior(model: Truth, evidence: Evidence) -> NDArray[np.float64]:
    """P(z = 1 | evidence) by enumeration, shape (case, unit) of the evidence.

    Cases that leave more than 20 units of a machine free are nan. A target contains its own units
    only: other units are nan, and so are all units of a case with evidence on other units, or with
    evidence of probability 0.

    Raises
    ------
    InputError
        If a machine or network has fewer units than the evidence, or the evidence is impossible
        in a network.
    """
    if isinstance(model, Target):
        return _of_target(model, evidence)
    if not isinstance(model, BayesianNetwork):
        model = as_machine(model, "truth")
    n_units = model.n_variables if isinstance(model, BayesianNetwork) else model.n_units
    if evidence.n_units > n_units:
        raise InputError.single("evidence", f"{evidence.n_units} units", f"at most {n_units}")
    exact = np.full(evidence.clamped.shape, np.nan)
    clamped, log_odds = _padded(evidence, n_units)
    for case in range(evidence.n_cases):
        if isinstance(model, BayesianNetwork):
            mean = table_moments(model.posterior(clamped[case], log_odds[case])).mean
        elif (clamped[case] == FREE).sum() <= MAX_ENUMERATED_UNITS:
            shifted = BoltzmannMachine(model.weights, model.biases + log_odds[case])
            mean = exact_moments(shifted, clamped[case]).mean
        else:
            continue
        exact[case] = mean[: evidence.n_units]
    return exact


def _warn_of_unknown(target: Target, exact: NDArray[np.float64], evidence: Evidence) -> None:
    """Say why a target knows no free unit of any case, so that `exact` is nan everywhere."""
    if (np.isfinite(exact) & (evidence.clamped == FREE)).any():
        return
    warnings.warn(
        "The exact posterior of all units is unknown (nan) in all cases: the evidence is on other "
        f"units than the {target.n_units} of the target, or has probability 0 in it. Give evidence "
        "on its units, or a truth that has them all.",
        LaserSamplingWarning,
        stacklevel=3,
    )


def _kind(truth: Truth) -> TruthKind:
    if isinstance(truth, BayesianNetwork):
        return "network"
    return "target" if isinstance(truth, Target) else "machine"


def _of_target(target: Target, evidence: Evidence) -> NDArray[np.float64]:
    exact = np.full(evidence.clamped.shape, np.nan)
    given = (evidence.clamped != FREE) | (evidence.log_odds != 0)
    n_known = min(target.n_units, evidence.n_units)
    clamped, log_odds = _padded(evidence, max(target.n_units, evidence.n_units))
    for case in np.flatnonzero(~given[:, target.n_units :].any(axis=1)):
        mean = conditioned(
            target, clamped[case, : target.n_units], log_odds[case, : target.n_units]
        )
        exact[case, :n_known] = mean[:n_known]
    return exact


def _padded(evidence: Evidence, n_units: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Evidence on the first of `n_units` units, none on the others."""
    missing = ((0, 0), (0, n_units - evidence.n_units))
    clamped = np.pad(evidence.clamped, missing, constant_values=FREE)
    return clamped, np.pad(evidence.log_odds, missing)


def with_evidence_units(
    machine: BoltzmannMachine, evidence: Evidence
) -> tuple[BoltzmannMachine, NDArray[np.int8]]:
    """Add a unit for each pattern of soft evidence; give the clamping of each case.

    Returns
    -------
    machine : BoltzmannMachine
        The machine, with the units of the evidence at the end.
    clamped : ndarray of int8, shape (case, unit)
        How its units are held.
    """
    clamped, log_odds = _padded(evidence, machine.n_units)
    patterns = np.unique(log_odds[log_odds.any(axis=1)], axis=0)
    n_extra = len(patterns)
    if n_extra == 0:
        return machine, clamped
    weights = np.block([[machine.weights, patterns.T], [patterns, np.zeros((n_extra, n_extra))]])
    extended = BoltzmannMachine(weights, np.append(machine.biases, np.zeros(n_extra)))
    active = (log_odds[:, None, :] == patterns).all(axis=2).astype(np.int8)
    return extended, np.hstack([clamped, active])
