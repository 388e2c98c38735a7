"""How long chains must run until they have forgotten where they began.

A network of lasers makes about one sweep of Gibbs sampling per refractory time. So Gibbs sampling,
which is fast, shows in advance how much burn-in lasers need at least. Machines of two or more
classes need most: a chain that began in the basin of another class than its label asks for must
leave it. Basins that no chain leaves within the sweeps that are tried cannot be detected in this
way; the certificate of the draws looks for them (`sampling.certificate.mixing`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.condition_means import distance_of_means
from lasersampling.sampling.gibbs import Gibbs

LONGEST = 2048
"""Largest number of sweeps that are tried."""

_UPDATES = 200_000_000
"""Largest number of updates of single units: some seconds."""

_FIRST = 16
_LEFT = 0.01
"""Means count as settled at this fraction of their initial distance, a tenth in each mean."""

_ERRORS = 1.0
_DRAWS = 8


def sweeps_to_settle(
    machine: BoltzmannMachine, clamped: NDArray[np.int8], *, n_chains: int = 96, seed: int = 0
) -> int | None:
    """Sweeps of Gibbs sampling from random states until the means of units have settled.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine that is sampled.
    clamped : ndarray of int8, shape (chain, unit)
        How units are held; of more chains than `n_chains`, so many are used, evenly chosen.
    n_chains : int
        Largest number of chains that are used.
    seed : int
        The same seed gives the same number.

    Returns
    -------
    int or None
        A power of two. None if more sweeps are needed than can be tried in some seconds, or means
        have not settled by then.

    Examples
    --------
    >>> sweeps_to_settle(BoltzmannMachine([[0, 1], [1, 0]], [0, 0]), np.full((8, 2), -1, np.int8))
    16
    """
    held = clamped[np.arange(n_chains) * len(clamped) // n_chains]
    longest = _FIRST
    while 4 * longest * held.size <= _UPDATES and longest < LONGEST:
        longest *= 2
    looked, passed, state = {}, 0, None
    for sweeps in [1, *_powers(_FIRST, longest)]:
        n_draws = min(_DRAWS, sweeps - passed)
        skipped = sweeps - passed - n_draws
        if skipped:
            state = Gibbs(burn_in=0, thin=skipped).sample(
                machine, 1, n_chains=n_chains, clamped=held, seed=seed + 2 * sweeps, start=state
            ).end  # fmt: skip
        draws = Gibbs(burn_in=0).sample(
            machine, n_draws, n_chains=n_chains, clamped=held, seed=seed + 2 * sweeps + 1,
            start=state,
        )  # fmt: skip
        looked[sweeps], state, passed = draws.states, draws.end, sweeps
    # As long again, whose end is the reference.
    after = Gibbs(burn_in=0, thin=max(1, longest // 64)).sample(
        machine, 64, n_chains=n_chains, clamped=held, seed=seed, start=state
    )
    reference = after.states[:, 32:]
    begun, _ = distance_of_means(looked.pop(1), reference, held)
    for sweeps, states in looked.items():
        left, error = distance_of_means(states, reference, held)
        # With two chains no error is known.
        if left <= _LEFT * max(begun, 0.0) + _ERRORS * np.nan_to_num(error):
            return None if sweeps == longest and longest > _FIRST else sweeps
    return None


def settled_burn_in_ns(
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    refractory_time_ns: float,
    *,
    least_ns: float,
    most_ns: float,
    seed: int = 0,
) -> tuple[float, str]:
    """Give the burn-in that lasers need, within bounds, and a remark if it is not the least.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine that is sampled.
    clamped : ndarray of int8, shape (chain, unit)
        How units are held.
    refractory_time_ns : float
        Refractory time of the lasers, which is taken as the time of a sweep [ns].
    least_ns, most_ns : float
        Bounds of the time; nothing is measured unless the first is smaller [ns].
    seed : int
        The same seed gives the same time.

    Returns
    -------
    burn_in_ns : float
        Time before the first draw [ns].
    told : str
        The remark; empty if `least_ns` is enough.
    """
    if least_ns >= most_ns:
        return least_ns, ""
    sweeps = sweeps_to_settle(machine, clamped, seed=seed)
    wanted_ns = most_ns if sweeps is None else sweeps * refractory_time_ns
    if wanted_ns <= least_ns:
        return least_ns, ""
    used_ns = min(wanted_ns, most_ns)
    needs = "more sweeps than were tried" if sweeps is None else f"about {sweeps} sweeps"
    told = (
        f"Gibbs sampling of this machine needs {needs} until means have settled; the burn-in of "
        f"{least_ns:g} ns has {least_ns / refractory_time_ns:.0f} refractory times. So lasers now "
        f"run for {used_ns:g} ns before the first draw."
    )
    if sweeps is None or used_ns < wanted_ns:
        told += " This may be too short; most_burn_in_ns sets the limit."
    return used_ns, told


def _powers(first: int, last: int) -> list[int]:
    return [first * 2**k for k in range((last // first).bit_length())]
