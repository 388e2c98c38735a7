"""Fitting a distribution by a recipe: pretraining, learning in the loop, judging."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from lasersampling.boltzmann import BoltzmannMachine, Target
from lasersampling.boltzmann.learned import Learned
from lasersampling.checks import memory_problems
from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.history import History
from lasersampling.learning.machines.contrastive import initial_machine, learn
from lasersampling.learning.machines.recipes import FitRecipe
from lasersampling.sampling.adapting import Adaptation, Adapted, adapted_where_it_helps
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.configured import lasers_of, settings_of
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import BYTES_PER_CHAIN, Progress, Sampler, Samples
from lasersampling.sampling.spread import Spread, alone

Stage = Callable[[str], AbstractContextManager[Progress | None]]
"""Called with the name of each part of the work; the context that it returns lasts as long as that
part, and gives a function to be called with the fraction done."""

_LEARNING = "learning"
_LEARNING_STREAM, _JUDGING_STREAM = 1, 2
_GIBBS_THIN = 4


@dataclass(frozen=True, eq=False)
class Fit:
    """Result of a fit.

    Attributes
    ----------
    target : Target
        The distribution.
    initial, machine : BoltzmannMachine
        The machine before and after learning with the sampler in the loop.
    history : History
        Record of this learning.
    samples : mapping of str to Samples
        "before" and "after" learning, of the sampler that was in the loop; "gibbs": draws of the
        initial machine by Gibbs sampling, as an ideal device would give them.
    sampler : Sampler
        The sampler in the loop.
    adaptation : Adapted or None
        Adaptation of the lasers before; None if it was not requested.
    """

    target: Target
    initial: BoltzmannMachine
    machine: BoltzmannMachine
    history: History
    samples: Mapping[str, Samples]
    sampler: Sampler
    adaptation: Adapted | None = None

    @property
    def learned(self) -> Learned:
        """Target, sampler and settings, for the file of the machine."""
        lasers = alone(self.sampler)
        settings = to_toml(settings_of(lasers)) if isinstance(lasers, Lasers) else ""
        return Learned(self.target, self.samples["after"].sampler, settings)


def sampler_of(recipe: FitRecipe) -> Sampler:
    """Make the sampler that a recipe puts in the loop."""
    settings = recipe.sampler
    if settings.kind == "gibbs":
        return Gibbs(thin=settings.thin)
    return lasers_of(recipe, settings)


def pretrained(
    recipe: FitRecipe, target: Target, progress: Progress | None = None
) -> BoltzmannMachine:
    """Make the machine from which learning in the loop starts."""
    start = initial_machine(
        target,
        recipe.n_hidden,
        seed=recipe.seed,
        weight_std=recipe.initial_weight_std,
        connectivity=recipe.connectivity,
    )
    if recipe.pretraining is None:
        return start
    return learn(
        target,
        start,
        recipe.pretraining,
        connectivity=recipe.connectivity,
        seed=recipe.seed,
        progress=progress,
    ).machine


def check_size(recipe: FitRecipe, target: Target) -> None:
    """Refuse more draws or units than fit into memory, before anything is calibrated or learned.

    Raises
    ------
    InputError
        With all problems.
    """
    n_units = target.n_units + recipe.n_hidden
    problems = memory_problems("n_hidden", (n_units, n_units), 64)
    for name, n_chains, n_draws in (
        ("learning", recipe.learning.n_chains, recipe.learning.n_draws),
        ("judging", recipe.judging.n_chains, recipe.judged_draws),
    ):
        shape = n_chains, n_draws, n_units
        where = f"{name}.n_chains x {name}.n_draws"
        problems += memory_problems(where, shape, 1, per_row=BYTES_PER_CHAIN)
    if problems:
        raise InputError(problems)


def fit(
    recipe: FitRecipe,
    target: Target,
    *,
    sampler: Sampler | None = None,
    progress: Progress | None = None,
    checkpoints: Checkpoints | None = None,
    stage: Stage | None = None,
) -> Fit:
    """Fit a distribution.

    Parameters
    ----------
    recipe : FitRecipe
        The recipe.
    target : Target
        The distribution, from the file of the recipe.
    sampler : Sampler, optional
        Sampler in the loop, in place of that of the recipe.
    progress, checkpoints
        Progress and checkpoints of the learning in the loop; see `loop.train`. Pretraining is
        repeated on resuming.
    stage : callable, optional
        Called with each part of the work, including pretraining and judging, in place of
        `progress`.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If the state belongs to another target, or to a machine of another size.
    """
    check_size(recipe, target)
    chosen = sampler_of(recipe) if sampler is None else sampler
    part: Stage = stage or (lambda what: nullcontext(progress if what == _LEARNING else None))
    with part("learning the ideal machine") as told:
        initial = pretrained(recipe, target, told)
    adaptation = None
    lasers = alone(chosen)
    if recipe.adaptation_rounds and isinstance(lasers, Lasers):
        plan = Adaptation(rounds=recipe.adaptation_rounds, seed=recipe.seed)
        with part("adapting the lasers to the machine") as told:
            adaptation = adapted_where_it_helps(lasers, initial, settings=plan, progress=told)
        own = adaptation.lasers
        chosen = replace(chosen, sampler=own) if isinstance(chosen, Spread) else own
    with part(_LEARNING) as told:
        learned = learn(
            target,
            initial,
            recipe.learning,
            sampler=chosen,
            connectivity=recipe.connectivity,
            seed=recipe.seed + _LEARNING_STREAM,
            progress=told,
            checkpoints=checkpoints,
        )

    def drawn(by: Sampler, machine: BoltzmannMachine, when: str) -> Samples:
        with part(f"drawing with {by.name}, {when}") as told:
            return by.sample(
                machine,
                recipe.judged_draws,
                n_chains=recipe.judging.n_chains,
                seed=recipe.seed + _JUDGING_STREAM,
                progress=told,
            )

    samples = {
        "before": drawn(chosen, initial, "before learning"),
        "after": drawn(chosen, learned.machine, "after learning"),
        "gibbs": drawn(Gibbs(thin=_GIBBS_THIN), initial, "to compare"),
    }
    return Fit(target, initial, learned.machine, learned.history, samples, chosen, adaptation)
