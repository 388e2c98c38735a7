"""Adapted lasers where they draw better than lasers as translated, and these otherwise.

Rounds of adaptation can do harm: with few draws, or where the lasers see but one of several modes.
So both draw from the machine, held as it will be, from the same starts, and are judged by what
needs neither labels nor a classifier: whether each unit is right given the others
(`certificate.consistency`), which cannot see a class that is never drawn, and whether its mean is
right under each condition, beside Gibbs sampling (`condition_means`), which can. Both are
divergences summed over units; the lasers with the smaller sum of them are used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.sampling.adaptation import adapt, held_conditions, shared_out
from lasersampling.sampling.certificate.consistency import conditional_consistency
from lasersampling.sampling.condition_means import distance_of_means
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.laser_sampler import Lasers
from lasersampling.sampling.protocol import Progress

_GIBBS = Gibbs(burn_in=1000, thin=4)
_N_CHAINS, _N_DRAWS = 24, 100
_SEED = 1_000_003
"""Added to the seed: adapted lasers are judged by other draws than they were adapted by."""

_SHARE_OF_ROUNDS = 0.5
"""Of the time, for progress."""


@dataclass(frozen=True)
class Judged:
    """What was found of draws; smaller is better.

    Attributes
    ----------
    conditional, conditional_se : float
        Divergence of units given all others, summed, and its standard error [nat].
    means, means_se : float
        Divergence of means under each condition from those of Gibbs sampling, summed over units,
        and its standard error [nat].
    """

    conditional: float
    conditional_se: float
    means: float
    means_se: float

    @property
    def divergence(self) -> float:
        """The sum of both [nat]."""
        return self.conditional + self.means

    @property
    def divergence_se(self) -> float:
        """Its standard error [nat]."""
        return float(np.hypot(self.conditional_se, self.means_se))


@dataclass(frozen=True)
class Choice:
    """The lasers that are used, and why.

    Attributes
    ----------
    lasers : Lasers
        Adapted, or as they were.
    is_adapted : bool
        Which of them.
    translated, adapted : Judged
        What was found of both.
    """

    lasers: Lasers
    is_adapted: bool
    translated: Judged
    adapted: Judged

    @property
    def told(self) -> str:
        """Which lasers are used and why, in a sentence."""
        both = (self.adapted, self.translated)
        own, other = (f"{judged.divergence:.2g} ± {judged.divergence_se:.1g}" for judged in both)
        found = f"their draws are {own} nats off, and {other} as translated"
        if self.is_adapted:
            return f"The adapted lasers are used: {found}."
        return (
            f"The lasers are used as translated, since adapting them did not help: {found}. More "
            "draws of the adaptation (adaptation_draws) or rounds (adaptation_rounds) may; "
            "adaptation_rounds=0 saves the attempt."
        )


def adapt_if_better(
    lasers: Lasers,
    machine: AnyMachine,
    *,
    n_rounds: int,
    n_draws: int = 200,
    clamped: ArrayLike | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Choice:
    """Adapt lasers to a machine, and use them so if they draw better than before.

    Parameters
    ----------
    lasers : Lasers
        As translated, or with lines that they have already.
    machine : BoltzmannMachine
        What they shall sample.
    n_rounds, n_draws : int
        Of the adaptation; see `sampling.adaptation.adapt`.
    clamped : array_like of int, shape (unit,) or (condition, unit), optional
        How units will be held when the lasers are used. All units are free by default.
    seed : int
        The same seed gives the same choice.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Choice

    Raises
    ------
    InputError
        As `adapt` does.
    """
    machine = as_machine(machine)

    def report(first: float, last: float) -> Progress | None:
        if progress is None:
            return None
        return lambda fraction: progress(first + (last - first) * fraction)

    adapted = adapt(
        lasers, machine, n_rounds=n_rounds, n_draws=n_draws, clamped=clamped, seed=seed,
        progress=report(0.0, _SHARE_OF_ROUNDS),
    )  # fmt: skip
    held = shared_out(held_conditions(clamped, machine.n_units), _N_CHAINS)
    reference = _GIBBS.sample(
        machine, _N_DRAWS, n_chains=len(held), clamped=held, seed=seed + _SEED
    ).states
    found, begun = [], _SHARE_OF_ROUNDS
    for candidate in (lasers, adapted):
        end = begun + (1.0 - _SHARE_OF_ROUNDS) / 2
        drawing = replace(
            candidate, interval_ns=lasers.neuron.refractory_time_ns, burn_in_ns=None, tempering=None
        )
        states = drawing.sample(
            machine, _N_DRAWS, n_chains=len(held), clamped=held, seed=seed + _SEED,
            progress=report(begun, end),
        ).states  # fmt: skip
        found.append(judged(machine, states, reference, held))
        begun = end
    translated, changed = found
    better = changed.divergence <= translated.divergence
    return Choice(adapted if better else lasers, better, translated, changed)


def judged(
    machine: BoltzmannMachine,
    states: NDArray[np.int8],
    reference: NDArray[np.int8],
    held: NDArray[np.int8],
) -> Judged:
    """Judge draws by units given all others, and by their means beside a reference.

    Parameters
    ----------
    machine : BoltzmannMachine
        What was sampled.
    states, reference : ndarray of int8, shape (chain, draw, unit)
        Draws, and those of a sampler that is right.
    held : ndarray of int8, shape (chain, unit)
        How units were held; -1 for free ones.
    """
    units = np.flatnonzero((held == FREE).all(axis=0))
    conditional = conditional_se = 0.0
    if units.size:
        consistency = conditional_consistency(machine, states, units)
        conditional = consistency.divergence_nats
        conditional_se = consistency.divergence_nats_se
    return Judged(conditional, conditional_se, *distance_of_means(states, reference, held))
