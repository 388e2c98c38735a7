"""Adapting lasers to each of several ways in which units are held, and reporting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import kind_problems, refuse
from lasersampling.keeping import kept
from lasersampling.sampling.adapting import Adaptation, Adapted, adapted_where_it_helps, spoken_time
from lasersampling.sampling.neurons.adaptation import held_conditions, sampler_problems
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import Progress

MOST_SEPARATE = 32
"""Lasers are adapted to so many cases of evidence one by one; of more, one adaptation serves all.

If other units are held, a laser needs another line: adapted to three cases of the shipped
`visual_perception` together, marginals are off by 0.010 to 0.015, and one by one by 0.005."""


def adapted_to_cases(
    lasers: Lasers,
    machine: AnyMachine,
    clamped: ArrayLike,
    settings: Adaptation | None = None,
    *,
    progress: Progress | None = None,
) -> list[Adapted]:
    """Adapt lasers to each of several ways in which units are held, if that helps.

    Parameters
    ----------
    lasers : Lasers
        The sampler.
    machine : BoltzmannMachine
        The machine that will be sampled.
    clamped : array_like of int, shape (case, unit)
        How units will be held.
    settings : Adaptation, optional
        Extent of the adaptation, with the laser time of the run of all cases.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    list of Adapted
        One for each case; for more than 32 cases, one for all.

    Raises
    ------
    InputError
        As for `adaptation.adapt`.
    """
    plan = Adaptation() if settings is None else settings
    refuse(sampler_problems(lasers), kind_problems("settings", plan, Adaptation))
    machine = as_machine(machine)
    told = progress or (lambda fraction: None)
    cases = held_conditions(clamped, machine.n_units)
    if len(cases) > MOST_SEPARATE:
        return [adapted_where_it_helps(lasers, machine, cases, plan, progress=progress)]
    own = replace(plan, run_time_ns=plan.run_time_ns / len(cases))
    found = []
    for number, case in enumerate(cases):

        def report(fraction: float, number: int = number) -> None:
            told((number + fraction) / len(cases))

        def adapted(case: NDArray[np.int8] = case, report: Progress = report) -> Adapted:
            return adapted_where_it_helps(lasers, machine, case, own, progress=report)

        found.append(kept("adaptation", adapted, (case, own)))
    return found


def summary(found: Sequence[Adapted]) -> str:
    """Say in one sentence what was done for several cases, and what it cost."""
    if len({one.sentence for one in found}) == 1 or not found:
        return found[0].sentence if found else ""
    adapted = [one for one in found if one.is_adapted]
    spent = spoken_time(sum(one.laser_time_ns for one in found))
    if not adapted:
        return (
            f"The lasers were adapted to none of {len(found)} cases, since their draws obey the "
            f"conditional law of the machine or came no nearer to it. This took {spent}."
        )
    measured = [
        (one.before_nats, one.after_nats)
        for one in adapted
        if one.before_nats is not None and one.after_nats is not None
    ]
    what = f"The lasers were adapted to {len(adapted)} of {len(found)} cases, each by itself"
    if measured:
        before, after = np.maximum(np.mean(measured, axis=0), 0.0)
        what += (
            ": the divergence of the conditional law of fresh draws from the machine's went from "
            f"{before:.2g} to {after:.2g} nats on average"
        )
    return f"{what}. This took {spent}."
