"""Lines by which lasers are adapted to the network in which they sample.

Unit k of a Boltzmann machine is 1 with log odds u_k = b_k + sum_j W_kj z_j. A laser agrees with
this as long as its activation curve is logistic, between P(z = 1) of about 0.02 and 0.98. Beyond,
the curve is steeper: at an argument of -5 a laser of D6 has log odds of -7.2. Machines of images
have fields with standard deviations of five, so that their lasers draw as if at a lower
temperature. The finite duration of pulses and the imperfections of a chip add to this.

So laser k is driven by a line a_k + g_k u_k. Its offset and gain come from two sources:

- the measured curve: let f(x) be the log odds at argument x; the line minimises the mean of
  KL( sigma(u) || sigma(f(a + g u)) ) over the fields that a unit meets in the machine's own
  distribution (`line_fits.lines_from_curve`);
- the network itself: if its draws show unit k to be 1 with log odds o + s u_k, the line
  (u - o) / s in place of u corrects this (`lines_from_draws`). This is maximum pseudo-likelihood,
  and needs nothing but draws, also from an imperfect chip.

Gains differ between units, so the weights that drive lasers are not symmetric.

References
----------
J. Besag, The Statistician 24 (1975) 179 (pseudo-likelihood).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from lasersampling.arrays import as_array
from lasersampling.boltzmann.clamping import FREE, clamped_chains
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems, memory_problems
from lasersampling.errors import InputError, Problem
from lasersampling.keeping import kept
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.line_estimates import MeasuredLines
from lasersampling.sampling.neurons.line_fits import (
    GAINS,
    ActivationLogit,
    fields_of,
    lines_from_curve,
    measured_lines,
)
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.translation import Lines
from lasersampling.sampling.protocol import BYTES_PER_CHAIN, ChainState, Progress

LARGEST_ROUNDS = 1000
"""Largest number of rounds; after a dozen, further ones change little."""

Rounds = Annotated[int, Field(ge=0, le=LARGEST_ROUNDS)]
"""Number of rounds of adaptation, as a key of a configuration."""

_N_CHAINS, _N_DRAWS = 40, 100
_GIBBS = Gibbs(burn_in=100, thin=2)
_GIBBS_SEED = 0


def adapt(
    lasers: Lasers,
    machine: AnyMachine,
    *,
    n_rounds: int = 0,
    n_draws: int = 200,
    n_chains: int = 24,
    clamped: ArrayLike | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Lasers:
    """Adapt lasers to a machine: by their activation curve, then by draws of the network.

    Parameters
    ----------
    lasers : Lasers
        The lasers. If they have lines already, rounds in the network begin with these.
    machine : BoltzmannMachine
        The machine to be sampled; lines are also valid for similar machines, as in learning.
    n_rounds : int
        Rounds in the network; each draws from the lasers and corrects the lines by this round and
        the rounds before. Corrections that are no larger than their errors are not made
        (`sampling.neurons.line_estimates`).
    n_draws, n_chains : int
        Draws, one refractory time apart, and chains of a round; chains continue from round to
        round.
    clamped : array_like of int, shape (unit,) or (condition, unit), optional
        How units will be held when these lasers are used: -1 leaves a unit free, 0 and 1 hold it.
        Chains are distributed over the conditions. All units are free by default.
    seed : int
        Seed of the rounds; round k draws with ``seed + k``. Judge the lasers with another seed, far
        from these, as the noise that they were adapted to would come again.
    progress : callable, optional
        Called with the fraction of the rounds done.

    Returns
    -------
    Lasers
        The same lasers with `lines`.

    Raises
    ------
    InputError
        If these are no lasers, a number is out of range, chains and draws need more than half of
        the memory, or conditions do not fit the machine.

    Examples
    --------
    >>> machine = BoltzmannMachine.random(4, weight_std=2.0, seed=1)
    >>> adapted = adapt(Lasers("D6"), machine)
    >>> adapted.lines.gain.shape
    (4,)
    """
    problems = [
        *integer_problems("n_rounds", n_rounds, 0, LARGEST_ROUNDS),
        *integer_problems("n_draws", n_draws, 1),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("seed", seed, 0),
    ]
    problems += sampler_problems(lasers)
    if problems:
        raise InputError(problems)
    n_rounds, n_draws, n_chains, seed = int(n_rounds), int(n_draws), int(n_chains), int(seed)
    machine = as_machine(machine)
    size = n_chains, n_draws, machine.n_units
    problems = memory_problems("n_chains x n_draws", size, 1, per_row=BYTES_PER_CHAIN)
    if problems:
        raise InputError(problems)
    conditions = held_conditions(clamped, machine.n_units)
    lines = lasers.lines
    if lines is None:
        states = _GIBBS.sample(
            machine, _N_DRAWS, n_chains=_N_CHAINS, seed=_GIBBS_SEED,
            clamped=shared_out(conditions, _N_CHAINS),
        ).states  # fmt: skip
        lines = lines_from_curve(fields_of(machine, states), ActivationLogit.of(lasers.calibration))
    drawing = replace(
        lasers, interval_ns=lasers.neuron.refractory_time_ns, burn_in_ns=None, tempering=None
    )
    held = shared_out(conditions, n_chains)
    before = lines
    start: ChainState | None = None
    measured: MeasuredLines | None = None
    for k in range(n_rounds):

        def report(fraction: float, k: int = k) -> None:
            if progress is not None:
                progress((k + fraction) / n_rounds)

        def one_round(
            k: int = k,
            lines: Lines = lines,
            start: ChainState | None = start,
            measured: MeasuredLines | None = measured,
            report: Progress = report,
        ) -> tuple[Lines, MeasuredLines, ChainState | None]:
            samples = replace(drawing, lines=lines).sample(
                machine, n_draws, n_chains=n_chains, clamped=held, seed=seed + k, start=start,
                progress=report,
            )  # fmt: skip
            found = next_lines(before, lines, measured, machine, samples.states, held)
            return *found, samples.end

        lines, measured, start = kept("round", one_round, (seed + k, n_draws, lines))
    return replace(lasers, lines=lines)


def next_lines(
    before: Lines,
    lines: Lines,
    measured: MeasuredLines | None,
    machine: BoltzmannMachine,
    states: ArrayLike,
    held: NDArray[np.int8],
) -> tuple[Lines, MeasuredLines]:
    """Correct lines by a further round.

    Parameters
    ----------
    before, lines : Lines
        Lines before the first round, and in this one.
    measured : MeasuredLines or None
        Measurements of earlier rounds.
    machine : BoltzmannMachine
        The machine that the network should sample.
    states : array_like, shape (chain, draw, unit)
        Draws of this round.
    held : ndarray of int8, shape (chain, unit)
        How units were clamped.

    Returns
    -------
    lines : Lines
        Lines of the next round.
    measured : MeasuredLines
        Measurements of all rounds so far.
    """
    found = measured_lines(
        lines, machine, states, is_free=held == FREE,
        fields=None if measured is None else measured.field,
    )  # fmt: skip
    if measured is not None:
        found = measured.with_another(found)
    after = found.believed(before, GAINS)
    return after, found.moved(lines, after)


def sampler_problems(lasers: object) -> list[Problem]:
    """Check that these are lasers that can be adapted."""
    if isinstance(lasers, Lasers):
        return []
    expected = "Lasers, whose pumps and couplings are what is adapted"
    return [Problem("lasers", type(lasers).__name__, expected)]


def held_conditions(clamped: ArrayLike | None, n_units: int) -> NDArray[np.int8]:
    """Check and return how units will be clamped, shape (condition, unit)."""
    given = np.full(n_units, FREE) if clamped is None else as_array(clamped, "clamped")
    held = clamped_chains(given, n_units, len(given) if given.ndim == 2 else 1)
    if (held != FREE).all(axis=1).any():
        expected = "at least one free (-1) in each condition"
        raise InputError.single("clamped", "all units clamped", expected)
    return held


def shared_out(conditions: NDArray[np.int8], n_chains: int) -> NDArray[np.int8]:
    """Assign conditions to chains, to equally many chains as far as possible."""
    return conditions[np.arange(n_chains) * len(conditions) // n_chains]
