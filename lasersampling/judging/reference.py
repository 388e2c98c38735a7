"""Gibbs sampling of equal effective size, as a reference for the samples of lasers."""

from __future__ import annotations

import dataclasses
import math

from numpy.typing import ArrayLike

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.judging.evaluation import Evaluation
from lasersampling.judging.samples import evaluate
from lasersampling.results.contents import Metric
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import Samples

_SWEEPS_PER_DRAW = 4
"""With this thinning, draws of machines without strong weights are nearly independent."""


def reference_metrics(
    machine: BoltzmannMachine,
    clamped: ArrayLike | None,
    evaluation: Evaluation,
    samples: Samples,
) -> dict[str, Metric]:
    """Figures of merit of Gibbs sampling of about the same effective size.

    Parameters
    ----------
    machine, clamped, samples
        What was evaluated, as in `judging.samples.evaluate`.
    evaluation : Evaluation
        Evaluation of `samples`. There are as many Gibbs chains as chains, and in all as many draws
        as the effective size of the samples.

    Returns
    -------
    dict of str to Metric
        Divergences, p-value and the effective size that was reached, by names that end in
        ``_gibbs``; empty if the effective size of the samples is unknown.
    """
    if not math.isfinite(evaluation.joint_ess):
        return {}
    n_draws = max(4, math.ceil(evaluation.joint_ess / samples.n_chains))
    sampler = Gibbs(scan="random", thin=_SWEEPS_PER_DRAW)
    drawn = sampler.sample(
        machine, n_draws, n_chains=samples.n_chains, clamped=clamped, seed=samples.seed
    )
    found = evaluate(machine, drawn, clamped).metrics()
    names = ("kl_sample_target", "kl_target_sample", "total_variation", "p_value", "ess_joint")
    return {
        f"{name}_gibbs": dataclasses.replace(
            found[name], description=f"the same of Gibbs sampling, {n_draws} draws per chain"
        )
        for name in names
        if name in found
    }
