"""Inference: the posterior of units that are not observed, given evidence on others.

All cases are sampled in one call of a sampler, as chains of one network. Hard evidence clamps
units. Soft evidence adds to biases, which all chains of a network share; so each different pattern
of it becomes one more unit, coupled to the others by the log odds it adds, which is clamped to 1 in
its own chains and to 0 in all others. That is no approximation, and clamped units need no laser.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.bayesian_network import BayesianNetwork
from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.enumeration import exact_moments, table_moments
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.protocol import Progress, Sampler, Samples
from lasersampling.statistics.chains import MIN_DRAWS, effective_sample_size


@dataclass(frozen=True, eq=False)
class Posterior:
    """Sampled posterior probabilities, beside the exact ones.

    Attributes
    ----------
    evidence : Evidence
        Of each case.
    mean : ndarray of float64, shape (case, unit)
        P(z = 1 | evidence) as sampled; its value for a clamped unit [1].
    standard_error : ndarray of float64, shape (case, unit)
        Of `mean`, by the effective sample size of the unit; 0 for a clamped unit, nan for one that
        never changed [1].
    exact : ndarray of float64, shape (case, unit)
        Exact posterior; nan where there are too many units to enumerate [1].
    samples : Samples
        What was drawn; the chains of a case stand together, case after case.
    """

    evidence: Evidence
    mean: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    exact: NDArray[np.float64]
    samples: Samples

    @property
    def is_free(self) -> NDArray[np.bool_]:
        """Which units of which case were inferred, shape (case, unit)."""
        return np.asarray(self.evidence.clamped == FREE)

    @property
    def never_changed(self) -> NDArray[np.intp]:
        """Case and unit of what was inferred but never changed, shape (found, 2)."""
        return np.argwhere(np.isnan(self.standard_error))

    @property
    def error(self) -> NDArray[np.float64]:
        """Sampled minus exact probabilities of all inferred units of all cases, flat [1]."""
        return np.asarray((self.mean - self.exact)[self.is_free])

    @property
    def mean_abs_error(self) -> float:
        """Mean size of `error` [1]."""
        return float(np.abs(self.error).mean())

    @property
    def mean_abs_error_se(self) -> float:
        """Standard error of `mean_abs_error` over the inferred units, taken as independent [1]."""
        size = np.abs(self.error)
        return float(size.std(ddof=1) / np.sqrt(size.size)) if size.size > 1 else float("nan")

    @property
    def ideal_abs_error(self) -> float:
        """Mean size of the errors that exact samples of equal effective size would have [1].

        nan if a unit never changed, whose effective size is not known.
        """
        # The mean modulus of a normal variable is sqrt(2 / pi) of its standard deviation.
        return float(np.sqrt(2 / np.pi) * np.mean(self.standard_error[self.is_free]))


def infer(
    sampler: Sampler,
    machine: AnyMachine,
    evidence: Evidence,
    *,
    n_draws: int,
    n_chains: int = 16,
    seed: int = 0,
    truth: BayesianNetwork | AnyMachine | None = None,
    progress: Progress | None = None,
) -> Posterior:
    """Sample the posterior of each case.

    Parameters
    ----------
    sampler : Sampler
        What draws.
    machine : BoltzmannMachine
        What is sampled. Units beyond those of the evidence (auxiliary units) are free and not
        reported.
    evidence : Evidence
        One case or many.
    n_draws, n_chains : int
        Draws per chain, at least four, and chains per case.
    seed : int
        The same seed gives the same bits.
    truth : BayesianNetwork or BoltzmannMachine, optional
        Whose exact posterior stands beside; the machine itself by default.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Posterior

    Raises
    ------
    InputError
        With all problems of the request.
    """
    problems = [
        *integer_problems("n_draws", n_draws, MIN_DRAWS),
        *integer_problems("n_chains", n_chains, 1),
    ]
    if problems:
        raise InputError(problems)
    machine = as_machine(machine)
    given: object = evidence
    if not isinstance(given, Evidence):
        expected = "Evidence (Evidence.single or read_evidence makes it)"
        raise InputError.single("evidence", type(given).__name__, expected)
    if evidence.n_units > machine.n_units:
        got, expected = f"{evidence.n_units} units", f"at most {machine.n_units}, of the machine"
        raise InputError.single("evidence", got, expected)
    truth = machine if truth is None else truth
    exact = exact_posterior(truth, evidence)
    extended, clamped = _with_evidence_units(machine, evidence)
    drawn = sampler.sample(
        extended,
        n_draws,
        n_chains=n_chains * evidence.n_cases,
        clamped=np.repeat(clamped, n_chains, axis=0),
        seed=seed,
        progress=progress,
    )
    states = drawn.states[:, :, : evidence.n_units].reshape(
        evidence.n_cases, n_chains, n_draws, evidence.n_units
    )
    mean = states.mean(axis=(1, 2), dtype=np.float64)
    ess = np.stack([effective_sample_size(case) for case in states])
    error = np.sqrt(mean * (1 - mean) / ess)
    error[evidence.clamped != FREE] = 0.0
    return Posterior(evidence, mean, error, exact, drawn)


def exact_posterior(model: BayesianNetwork | AnyMachine, evidence: Evidence) -> NDArray[np.float64]:
    """P(z = 1 | evidence) by enumeration, shape (case, unit) of the evidence.

    Cases that leave more than 20 units of the model free are nan.

    Raises
    ------
    InputError
        If the model has fewer units than the evidence, or the evidence is impossible.
    """
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


def _padded(evidence: Evidence, n_units: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Evidence on the first of `n_units` units, none on the others."""
    missing = ((0, 0), (0, n_units - evidence.n_units))
    clamped = np.pad(evidence.clamped, missing, constant_values=FREE)
    return clamped, np.pad(evidence.log_odds, missing)


def _with_evidence_units(
    machine: BoltzmannMachine, evidence: Evidence
) -> tuple[BoltzmannMachine, NDArray[np.int8]]:
    """Add a unit for each pattern of soft evidence; give the clamping of each case."""
    clamped, log_odds = _padded(evidence, machine.n_units)
    patterns = np.unique(log_odds[log_odds.any(axis=1)], axis=0)
    n_extra = len(patterns)
    if n_extra == 0:
        return machine, clamped
    weights = np.block([[machine.weights, patterns.T], [patterns, np.zeros((n_extra, n_extra))]])
    extended = BoltzmannMachine(weights, np.append(machine.biases, np.zeros(n_extra)))
    active = (log_odds[:, None, :] == patterns).all(axis=2).astype(np.int8)
    return extended, np.hstack([clamped, active])
