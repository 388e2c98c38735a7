"""Adapting lasers before a run, if that improves their draws and costs little.

Adaptation (`lasersampling.sampling.neurons.adaptation`) is worth its laser time for strong
couplings and imperfect chips, and changes nothing if lasers are correct as they are. Fresh draws
show which is the case, without any reference: by the distance of their conditional log odds from
those of the machine (`lasersampling.sampling.certificate.consistency`). So lasers are adapted if
these differ beyond chance, as long as that takes no more laser time than the run itself, and the
adaptation is kept if fresh draws come nearer to the machine. Conditional log odds cannot detect a
class that is never drawn, whatever the label; so the means under each condition, compared with
those of Gibbs sampling (`condition_means`), decide where they differ beyond their errors. Rounds
that a user asked for are judged in the same way, since with few draws they can do harm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems, kind_problems, number_problems, refuse
from lasersampling.errors import InputError
from lasersampling.keeping import kept
from lasersampling.sampling.certificate.consistency import conditional_consistency
from lasersampling.sampling.condition_means import distance_of_means
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.adaptation import (
    LARGEST_ROUNDS,
    adapt,
    held_conditions,
    sampler_problems,
    shared_out,
)
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import Progress

MOST_ROUNDS = 12
"""Rounds of an adaptation whose number was not given; further ones change little."""

_BURN_IN_IN_TAU = 50.0
_CHANCE = 0.05
_TOLERATED_NATS = 0.002
"""Lasers are not adapted if the divergence of their conditional law is shown to be below this, and
chance would cause it more often than one time in twenty."""

_ERRORS = 2.0
"""Number of standard errors beyond which means decide. These errors are large, as chains are few
and rarely change class; so the conditional law decides if means differ by less."""

_MOST_DRAWS = 1000
_CHECK_STREAM = 6

_GIBBS, _REFERENCE_DRAWS = Gibbs(burn_in=1000, thin=4), 100


@dataclass(frozen=True)
class Adaptation:
    """Extent of the adaptation of lasers.

    Attributes
    ----------
    rounds : int or None
        Rounds in the network; 0 for no adaptation. None: as many rounds as cost no more laser time
        than the run, and only if draws are wrong beyond chance.
    run_time_ns : float
        Laser time of the run, all chains together [ns].
    n_draws, n_chains : int
        Draws of each round, a refractory time apart, and number of chains; with more different
        conditions there are as many chains as conditions. If the run leaves time for more draws in
        twelve rounds, there are more, up to 1000, since the error of an adaptation depends on their
        number.
    seed : int
        Seed of the draws.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    rounds: int | None = None
    run_time_ns: float = float("inf")
    n_draws: int = 200
    n_chains: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        problems = [
            *integer_problems("n_draws", self.n_draws, 4),
            *integer_problems("n_chains", self.n_chains, 1),
            *integer_problems("seed", self.seed, 0),
        ]
        if self.rounds is not None:
            problems += integer_problems("rounds", self.rounds, 0, LARGEST_ROUNDS)
        if self.run_time_ns != float("inf"):
            problems += number_problems("run_time_ns", self.run_time_ns, 0.0, strict=False)
        if problems:
            raise InputError(problems)
        for name in ("n_draws", "n_chains", "seed"):
            object.__setattr__(self, name, int(getattr(self, name)))
        if self.rounds is not None:
            object.__setattr__(self, "rounds", int(self.rounds))


@dataclass(frozen=True, eq=False)
class Adapted:
    """Lasers, adapted or not.

    Attributes
    ----------
    lasers : Lasers
        Lasers for the sampling.
    rounds : int
        Rounds of adaptation in their lines; 0 if they were not adapted.
    laser_time_ns : float
        Time for the adaptation and for the draws by which it is judged, all chains together [ns].
    before_nats, after_nats : float or None
        Divergence of the conditional law of fresh draws from that of the machine, before the
        adaptation and after; None if it was not measured [1].
    sentence : str
        What was done and why, in one sentence.
    """

    lasers: Lasers
    rounds: int
    laser_time_ns: float
    before_nats: float | None
    after_nats: float | None
    sentence: str

    @property
    def is_adapted(self) -> bool:
        """Whether the lasers were changed."""
        return self.rounds > 0


def adapted_where_it_helps(
    lasers: Lasers,
    machine: AnyMachine,
    clamped: ArrayLike | None = None,
    settings: Adaptation | None = None,
    *,
    progress: Progress | None = None,
) -> Adapted:
    """Adapt lasers to a machine, or leave them as they are.

    Parameters
    ----------
    lasers : Lasers
        The sampler.
    machine : BoltzmannMachine
        The machine that will be sampled.
    clamped : array_like of int, shape (unit,) or (condition, unit), optional
        How units will be held: -1 leaves a unit free. One adaptation serves all conditions.
    settings : Adaptation, optional
        Extent of the adaptation; by default as far as it helps, at any cost.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Adapted

    Raises
    ------
    InputError
        As for `adaptation.adapt`.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> machine = BoltzmannMachine.random(3, seed=1)
    >>> adapted_where_it_helps(Lasers("D6"), machine, settings=Adaptation(rounds=0)).sentence
    'The lasers were not adapted, as asked.'
    """
    plan = Adaptation() if settings is None else settings
    refuse(sampler_problems(lasers), kind_problems("settings", plan, Adaptation))
    machine = as_machine(machine)
    told = progress or (lambda fraction: None)
    if plan.rounds == 0:
        return Adapted(lasers, 0, 0.0, None, None, "The lasers were not adapted, as asked.")
    conditions = held_conditions(clamped, machine.n_units)
    work = _Work(lasers, machine, conditions, plan)
    # In addition to the rounds: the time for both sets of draws by which they are judged.
    rounds = plan.rounds or min(MOST_ROUNDS, work.rounds_within(plan.run_time_ns))
    if plan.rounds is None and rounds == MOST_ROUNDS:
        work = replace(work, plan=replace(plan, n_draws=work.draws_within(plan.run_time_ns)))
    if rounds < 1:
        sentence = (
            "The lasers were not adapted, since that would take more laser time than the run. With "
            "a given number of rounds (--adapt 4), adaptation is tried at any cost."
        )
        return Adapted(lasers, 0, 0.0, None, None, sentence)
    steps = rounds + 2.0
    before = kept("judging", lambda: work.judged(lasers, 0, lambda f: told(f / steps)))
    if plan.rounds is None and before.is_right:
        spent = work.time_of(0, checks=1)
        sentence = (
            "The lasers were not adapted, since their draws already obey the conditional law of "
            f"the machine within chance. This test took {spoken_time(spent)}."
        )
        return Adapted(lasers, 0, spent, before.nats, None, sentence)
    adapted = work.adapted(rounds, lambda f: told((1 + f * rounds) / steps))
    after = kept(
        "judging", lambda: work.judged(adapted, 1, lambda f: told((1 + rounds + f) / steps))
    )
    spent = work.time_of(rounds, checks=2)
    found = f"from {max(before.nats, 0.0):.2g} to {max(after.nats, 0.0):.2g} nats"
    why = ""
    if after.means_differ(before) and after.means > before.means:
        why = (
            "means under each condition would have moved away from those of Gibbs sampling, from "
            f"{max(before.means, 0.0):.2g} to {after.means:.2g} nats, as when a label is lost"
        )
    elif not after.means_differ(before) and after.nats >= before.nats:
        why = f"the divergence of their conditional law from the machine's would have gone {found}"
    if why:
        sentence = (
            f"The lasers were not adapted, since {_rounds(rounds)} did not help: {why}; "
            f"this took {spoken_time(spent)}. More draws in each round (adaptation_draws) may help."
        )
        return Adapted(lasers, 0, spent, before.nats, after.nats, sentence)
    sentence = (
        f"The lasers were adapted, in {_rounds(rounds)}: the divergence of the conditional law of "
        f"fresh draws from the machine's went {found}. This took {spoken_time(spent)}."
    )
    return Adapted(adapted, rounds, spent, before.nats, after.nats, sentence)


def left_as_learned(lasers: Lasers) -> Adapted:
    """Leave lasers as they are, for a machine that was learned with lasers in the loop."""
    sentence = (
        "The lasers were not adapted: the machine was learned with a device in the loop, whose "
        "deviations its weights and biases compensate."
    )
    return Adapted(lasers, 0, 0.0, None, None, sentence)


class _Judged(NamedTuple):
    """Divergences of conditional law and means, with standard errors; p-value of the law.

    Means are compared with those of Gibbs sampling under each condition. All but the p-value in
    nats.
    """

    nats: float
    error: float
    chance: float
    means: float = 0.0
    means_error: float = 0.0

    @property
    def is_right(self) -> bool:
        return self.chance > _CHANCE and self.nats + 2.0 * self.error < _TOLERATED_NATS

    def means_differ(self, other: _Judged) -> bool:
        """Whether the means of both differ by different amounts, beyond errors that are known."""
        error = float(np.hypot(self.means_error, other.means_error))
        return abs(self.means - other.means) > _ERRORS * error


@dataclass(frozen=True, eq=False)
class _Work:
    """Draws of an adaptation, and their cost."""

    lasers: Lasers
    machine: BoltzmannMachine
    conditions: NDArray[np.int8]
    plan: Adaptation

    @property
    def n_chains(self) -> int:
        return max(self.plan.n_chains, len(np.unique(self.conditions, axis=0)))

    @cached_property
    def held(self) -> NDArray[np.int8]:
        """How chains are held, shape (chain, unit)."""
        return shared_out(self.conditions, self.n_chains)

    @cached_property
    def reference(self) -> NDArray[np.int8]:
        """Draws of Gibbs sampling, held in the same way."""
        return _GIBBS.sample(
            self.machine, _REFERENCE_DRAWS, n_chains=self.n_chains, clamped=self.held,
            seed=self.plan.seed,
        ).states  # fmt: skip

    def time_of(self, rounds: int, checks: int = 0) -> float:
        """Laser time of so many rounds, whose chains continue, and of fresh draws."""
        tau = self.lasers.neuron.refractory_time_ns
        draws = self.plan.n_draws * tau
        begins = _BURN_IN_IN_TAU * tau
        begun = (rounds > 0) + checks
        return self.n_chains * ((rounds + checks) * draws + begun * begins)

    def rounds_within(self, time_ns: float) -> int:
        """Number of rounds that take no more time, together with both checks."""
        left = time_ns - self.time_of(0, checks=2)
        of_first, more = self.time_of(1), self.time_of(2) - self.time_of(1)
        if left < of_first:
            return 0
        return MOST_ROUNDS if left == float("inf") else 1 + int((left - of_first) / more)

    def draws_within(self, time_ns: float) -> int:
        """Number of draws per round for which all rounds and both checks take no more time."""
        if time_ns == float("inf"):
            return self.plan.n_draws
        tau = self.lasers.neuron.refractory_time_ns
        per_chain = time_ns / (self.n_chains * tau) - 3 * _BURN_IN_IN_TAU
        return max(self.plan.n_draws, min(_MOST_DRAWS, int(per_chain / (MOST_ROUNDS + 2))))

    def adapted(self, rounds: int, told: Progress) -> Lasers:
        return adapt(
            self.lasers, self.machine, n_rounds=rounds, n_draws=self.plan.n_draws,
            n_chains=self.n_chains, clamped=self.conditions, seed=self.plan.seed, progress=told,
        )  # fmt: skip

    def judged(self, lasers: Lasers, which: int, told: Progress) -> _Judged:
        """Judge the conditional law of fresh draws."""
        held = self.held
        words = np.random.SeedSequence(self.plan.seed, spawn_key=(_CHECK_STREAM,))
        drawing = replace(
            lasers, interval_ns=lasers.neuron.refractory_time_ns, burn_in_ns=None, tempering=None
        )
        states = drawing.sample(
            self.machine, self.plan.n_draws, n_chains=self.n_chains, clamped=held,
            seed=int(words.generate_state(2)[which]), progress=told,
        ).states  # fmt: skip
        # Chains that hold the same units are judged together, whatever the values.
        patterns, group_of = np.unique(held == FREE, axis=0, return_inverse=True)
        group_of = group_of.reshape(-1)
        divergence, variance, chance = 0.0, 0.0, 1.0
        for number, is_free in enumerate(patterns):
            chains = group_of == number
            found = conditional_consistency(self.machine, states[chains], np.flatnonzero(is_free))
            share = float(chains.mean())
            divergence += found.divergence_nats * share
            variance += (found.divergence_nats_se * share) ** 2
            chance = min(chance, len(patterns) * found.p_value)
        means = distance_of_means(states, self.reference, held)
        return _Judged(divergence, variance**0.5, chance, *means)


def _rounds(rounds: int) -> str:
    return f"{rounds} round" + "s" * (rounds != 1)


def spoken_time(laser_time_ns: float) -> str:
    """Write laser time for a sentence."""
    return f"{laser_time_ns:,.0f} ns of laser time, all chains together"
