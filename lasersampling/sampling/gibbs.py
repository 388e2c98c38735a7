"""Gibbs sampling: the ideal, digital sampler with which lasers are compared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, RestrictedMachine
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem
from lasersampling.parallel import available_cores
from lasersampling.sampling.protocol import (
    ChainState,
    Progress,
    Request,
    Samples,
    checked_arrays,
)
from lasersampling.seeds import streams_of_chains

Scan = Literal["auto", "random", "block"]

_MOST_BLOCKS = 20
"""Number of blocks in a run; progress is reported, and Ctrl-C noticed, after each."""

_UPDATES_PER_BLOCK = 1_000_000
_UPDATES_PER_THREAD = 100_000


@dataclass(frozen=True)
class Gibbs:
    """Gibbs sampler: units are redrawn from p(z_k = 1 | all others) = 1 / (1 + exp(-u_k)).

    One draw is `thin` sweeps. Chains start at random states, and chain c uses random stream c of
    the seed: it has the same bits however many chains and threads there are.

    Attributes
    ----------
    scan : "auto", "random" or "block"
        Order of updates. "random": a sweep has as many updates of single, randomly chosen units as
        there are free units. "block": a sweep redraws all hidden units, then all others; for
        restricted machines only. "auto": "block" for restricted machines, otherwise "random".
    burn_in : int
        Sweeps before the first draw of chains that start anew.
    thin : int
        Sweeps per draw.

    Raises
    ------
    InputError
        For an order of updates that is not there, and numbers of sweeps out of range.

    References
    ----------
    Geman and Geman, IEEE PAMI 6 (1984) 721. Block updates: Hinton, Neural Computation 14
    (2002) 1771.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> machine = BoltzmannMachine.random(3, seed=1)
    >>> Gibbs().sample(machine, 100, n_chains=2, seed=5).states.shape
    (2, 100, 3)
    """

    scan: Scan = "auto"
    burn_in: int = 100
    thin: int = 1

    def __post_init__(self) -> None:
        problems = [
            *integer_problems("burn_in", self.burn_in, 0),
            *integer_problems("thin", self.thin, 1),
        ]
        if self.scan not in get_args(Scan):
            expected = ", ".join(repr(name) for name in get_args(Scan))
            problems.append(Problem("scan", repr(self.scan), f"one of {expected}"))
        if problems:
            raise InputError(problems)
        object.__setattr__(self, "burn_in", int(self.burn_in))
        object.__setattr__(self, "thin", int(self.thin))

    @property
    def name(self) -> str:
        """Name recorded with the samples."""
        return "gibbs"

    def sample(
        self,
        machine: AnyMachine,
        n_draws: int,
        *,
        n_chains: int = 4,
        clamped: ArrayLike | None = None,
        seed: int = 0,
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw from the machine's distribution; see `lasersampling.sampling.protocol.Sampler`."""
        request = Request.of(machine, n_draws, n_chains, clamped, seed)
        return self.sample_chains(request, request.chains, start, progress)

    def prepare(self, request: Request, start: ChainState | None = None) -> None:
        """Check a request; see `lasersampling.sampling.protocol.Divisible`."""
        if self.scan == "block" and not request.machine.is_restricted:
            expected = "a restricted machine, or scan='random'"
            raise InputError.single("machine", "weights within a layer", expected)
        if start is not None:
            _states_of(start, request.held.shape)

    def sample_chains(
        self,
        request: Request,
        chains: range,
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw some chains of a run; see `lasersampling.sampling.protocol.Divisible`."""
        self.prepare(request)
        machine, n_draws, n_chains = request.machine, request.n_draws, len(chains)
        held = request.held[chains.start : chains.stop]
        streams = streams_of_chains(request.seed, chains)
        generators = np.array([stream.generate_state(4, np.uint64) for stream in streams])
        states = np.empty((n_chains, machine.n_units), dtype=np.int8)
        draws = np.empty((n_chains, n_draws, machine.n_units), dtype=np.int8)

        # Imported here, since numba takes half a second to load.
        from lasersampling.sampling import gibbs_kernel

        if start is None:
            gibbs_kernel.randomise(held, states, generators)
        else:
            states[:] = np.where(held == FREE, _states_of(start, states.shape), held)
        n_updates = n_draws * self.thin * n_chains * machine.n_units
        n_threads = min(n_chains, available_cores(), 1 + n_updates // _UPDATES_PER_THREAD)
        n_blocks = min(n_draws, _MOST_BLOCKS, 1 + n_updates // _UPDATES_PER_BLOCK)
        bounds = np.linspace(0, n_chains, n_threads + 1).astype(int)
        shares = [slice(first, last) for first, last in pairwise(bounds)]
        scan = self._scan_of(machine)

        with ThreadPoolExecutor(n_threads) as pool:

            def advance(places: NDArray[np.int8], n_sweeps: int) -> None:
                def work(own: slice) -> None:
                    scan(held[own], states[own], generators[own], places[own], n_sweeps)

                list(pool.map(work, shares))

            if self.burn_in and start is None:
                advance(draws[:, :1], self.burn_in)  # the first draw overwrites this
            for block in np.array_split(np.arange(n_draws), n_blocks):
                advance(draws[:, block[0] : block[-1] + 1], self.thin)
                if progress is not None:
                    progress((int(block[-1]) + 1) / n_draws)
        return Samples(draws, self.name, request.seed, end={"states": states})

    def _scan_of(self, machine: BoltzmannMachine) -> Callable[..., None]:
        """Bind the kernel to the machine's parameters."""
        from lasersampling.sampling import gibbs_kernel

        if self.scan == "random" or not machine.is_restricted:
            return partial(gibbs_kernel.random_scan, machine.weights, machine.biases)
        weights = RestrictedMachine.from_machine(machine).weights
        by_outer = np.ascontiguousarray(weights.T)
        return partial(gibbs_kernel.block_scan, weights, by_outer, machine.biases)


def _states_of(start: ChainState, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """States of all units, after checks."""
    states: NDArray[np.int8] = checked_arrays(start, {"states": (np.int8, shape)})["states"]
    if states.min() < 0 or states.max() > 1:
        raise InputError.single("start.states", f"{states.min()} to {states.max()}", "0 and 1")
    return states
