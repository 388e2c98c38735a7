"""A substrate of lasers, simulated or in a laboratory, as a sampler of Boltzmann machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.config import LARGEST_SEED
from lasersampling.errors import InputError, Problem, SubstrateError
from lasersampling.hardware import Arrays, Substrate
from lasersampling.hardware.observations import END
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.neurons.substrate import START
from lasersampling.sampling.protocol import ChainState, Progress, Samples, checked_request


class SubstrateSampler:
    """Samples with any substrate of the kind "lasers" (`sampling.neurons.substrate`).

    Parameters
    ----------
    substrate : Substrate
        The lasers, in this process or elsewhere (`hardware.RemoteSubstrate`).

    Raises
    ------
    InputError
        If it is of another kind, or does not report its times.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> from lasersampling.sampling.neurons.sampler import Lasers
    >>> from lasersampling.sampling.neurons.substrate import LaserSubstrate
    >>> sampler = SubstrateSampler(LaserSubstrate(Lasers("D6"), n_units=3))
    >>> sampler.sample(BoltzmannMachine.random(3, seed=1), 100, seed=5).states.shape
    (4, 100, 3)
    """

    def __init__(self, substrate: Substrate) -> None:
        description = substrate.description
        problems = []
        if description.kind != "lasers":
            problems.append(Problem("substrate", f"the kind {description.kind!r}", "'lasers'"))
        times = {}
        for name in ("refractory_time_ns", "interval_ns"):
            value = description.facts.get(name)
            is_number = isinstance(value, float | int) and not isinstance(value, bool)
            if not is_number or not 0.0 < value < np.inf:  # type: ignore[operator]
                where = f"facts of {description.name}: {name}"
                problems.append(Problem(where, repr(value), "a time above 0"))
            else:
                times[name] = float(value)  # type: ignore[arg-type]
        if problems:
            raise InputError(problems)
        self.substrate = substrate
        self._description = description
        self._tau, self._interval = times["refractory_time_ns"], times["interval_ns"]

    @property
    def name(self) -> str:
        """Name recorded with the samples."""
        return self._description.name

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
        """Let the substrate run; see `lasersampling.sampling.protocol.Sampler`.

        A device outside this library may not give the same bits for the same seed.

        Raises
        ------
        InputError
            With all problems of the request.
        SubstrateError
            If the substrate does not answer, or its answer is not spikes of such a run.
        """
        machine, held = checked_request(machine, n_draws, n_chains, clamped, seed)
        n_draws, n_chains = int(n_draws), int(n_chains)
        problems = []
        if (machine.n_units,) != self._description.sizes:
            expected = f"{self._description.sizes}, as {self.name} has"
            problems.append(Problem("machine", f"units {(machine.n_units,)}", expected))
        if seed > LARGEST_SEED:
            problems.append(Problem("seed", str(seed), f"at most {LARGEST_SEED}"))
        if problems:
            raise InputError(problems)
        if start is not None and not isinstance(start, Mapping):
            raise InputError.single("start", type(start).__name__, "the `end` of earlier samples")
        inputs: dict[str, NDArray[Any]] = {
            "n_draws": np.array(n_draws, np.int64),
            "n_chains": np.array(n_chains, np.int64),
            "clamped": held,
            "seed": np.array(seed, np.int64),
            "goes_on": np.array(start is not None),
        }
        inputs |= {f"{START}{name}": np.asarray(v) for name, v in (start or {}).items()}
        parameters = {"weights": machine.weights, "biases": machine.biases}
        observation = self.substrate.run(parameters, inputs)
        # As for `Lasers`: the first draw is at tau, or an interval after the last draw before.
        draws = np.arange(n_draws, dtype=np.float64) + (start is not None)
        times = self._tau + self._interval * draws
        spikes = self._spikes(observation, held, float(times[-1]))
        states = np.where(held == FREE, 0, held)[:, None, :].repeat(n_draws, axis=1).astype(np.int8)
        if spikes is not None:
            read = spikes.states(self._tau, times)
            states = np.where((held == FREE)[:, None, :], read, states)
        if progress is not None:
            progress(1.0)
        return Samples(
            states=states,
            sampler=self.name,
            seed=int(seed),
            interval_ns=self._interval,
            spikes=spikes,
            end={n.removeprefix(END): v for n, v in observation.items() if n.startswith(END)},
        )

    def _spikes(
        self, observation: Arrays, held: NDArray[np.int8], last_draw_ns: float
    ) -> SpikeTrains | None:
        """Spikes of an observation; None if all units are held and none has a laser."""
        n_chains, n_units = held.shape
        try:
            duration = float(observation["duration_ns"])
            if duration == 0.0 and (held != FREE).all():
                return None
            spikes = SpikeTrains(
                observation["time_ns"],
                observation["unit"],
                observation["chain_offset"],
                n_units,
                duration,
            )
        except (KeyError, InputError) as error:
            raise SubstrateError(f"{self.name}: no spikes of a run: {error}") from None
        if spikes.n_chains != n_chains:
            got = f"{spikes.n_chains} chains, {n_chains} expected"
            raise SubstrateError(f"{self.name}: a run of {got}")
        if duration < last_draw_ns * (1.0 - 1e-9):
            expected = f"{last_draw_ns:g} expected"
            raise SubstrateError(f"{self.name}: a recording of {duration:g} ns, {expected}")
        return spikes
