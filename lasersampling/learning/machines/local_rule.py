"""Learning on the chip: each weight changes by the spikes of its two lasers, as they occur.

A laser is on, z = 1, for a refractory time tau after a spike. So the spike times determine the time
for which two lasers are both on: with s_i, s_j their last spikes, it has grown by

    min(s_i, s_j) + tau - max(s_i, s_j) = tau - |s_i - s_j|,   at least 0,

since the later one, or by the time that has passed since if that is less. A synapse that adds this
up at each spike of its two lasers has a trace e_ij of the integral of z_i z_j; the trace of a laser
with itself, e_ii, is its time on. In *wake* windows the visible lasers are held at a state drawn
from the data and traces count up, in *sleep* windows all lasers are free and traces count down:

    dW_ij = +eta c_ij / T after a wake window, -eta c_ij / T after a sleep window of length T,

with c_ij = e_ij - mu_i e_jj - mu_j e_ii + mu_i mu_j T, the trace of (z_i - mu_i)(z_j - mu_j) for
fixed levels mu, and likewise da_i = +-eta (e_ii - mu_i T) / T. Averaged over a cycle this is eta
times the gradient of the log-likelihood. A synapse uses only the spikes of its own two lasers,
their levels, and the kind of window; it stores their last spikes and, for one window, e_ij, e_ii
and e_jj. The parameters W and a are those of `learning.machines.parameters`: a synapse transmits
W_ij (z_j - mu_j), so its constant part is added to the pump of laser i, together with a_i. Levels
are the means of the data, and 1/2 for hidden lasers.

References
----------
Ackley, Hinton, Sejnowski, Cognitive Science 9 (1985) 147: both phases, and that the rule is local.
Buesing et al., PLoS Comput. Biol. 7 (2011) e1002211, equation 9: z of spikes. Neftci, Das, Pedroni,
Kreutz-Delgado, Cauwenberghs, Front. Neurosci. 7 (2014) 272: contrastive divergence by spike times.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.optim import SGD

from lasersampling.boltzmann import BoltzmannMachine, Moments, Target, all_states, as_machine
from lasersampling.boltzmann.clamping import FREE
from lasersampling.checks import integer_problems, kind_problems, number_problems, refuse
from lasersampling.compiling import njit
from lasersampling.config import Count, NonNegative, Positive, Probability, validated
from lasersampling.errors import InputError, Problem
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.learning.averaging import ParameterMeans
from lasersampling.learning.descent import falling
from lasersampling.learning.machines.parameters import (
    Connectivity,
    MachineParameters,
    target_problems,
)
from lasersampling.learning.machines.symmetry import warn_if_alike
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import ChainState, Samples

_SETTLING_STREAM, _DATA_STREAM, _WAKE_STREAM, _SLEEP_STREAM = range(4)


@validated
class LocalSettings:
    """Settings of learning on the chip.

    Attributes
    ----------
    n_cycles : int
        Number of cycles of a wake and a sleep window.
    n_chips : int
        Number of copies of the network that share their weights, which change by the mean of their
        traces.
    settling_ns : float
        Time at the beginning of each window in which traces do not grow, while the lasers forget
        the window before.
    wake_ns, sleep_ns : float
        Time after that, in which traces grow.
    learning_rate, final_learning_rate : float
        eta in the first and the last cycle; it decreases exponentially [1].
    averaged_share : float
        The result is the mean of the parameters of the sleep windows over this last fraction of the
        cycles [1].
    """

    n_cycles: Count = 400
    n_chips: Count = 64
    settling_ns: NonNegative = 5.0
    wake_ns: Positive = 2.5
    sleep_ns: Positive = 7.5
    learning_rate: Positive = 4.0
    final_learning_rate: Positive = 0.4
    averaged_share: Probability = 0.5

    @property
    def cycle_ns(self) -> float:
        """Length of a cycle [ns]."""
        return 2 * self.settling_ns + self.wake_ns + self.sleep_ns


@dataclass(frozen=True, eq=False)
class LocallyLearned:
    """Result of learning on the chip.

    Attributes
    ----------
    machine : BoltzmannMachine
        The result: the mean over the last sleep windows.
    last : BoltzmannMachine
        The machine on the chips after the last window.
    time_ns : float
        Time for which each chip ran, including settling from rest [ns].
    """

    machine: BoltzmannMachine
    last: BoltzmannMachine
    time_ns: float


def overlap_ns(
    spikes: SpikeTrains, refractory_time_ns: float, begin_ns: float
) -> NDArray[np.float64]:
    """Time for which lasers are on together, added up spike by spike.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes of all chains.
    refractory_time_ns : float
        tau: z = 1 for this time after a spike.
    begin_ns : float
        Start of the counting, which ends with the recording. All spikes of the tau before must be
        in the recording.

    Returns
    -------
    ndarray of float64, shape (chain, unit, unit)
        Integral of z_i z_j over time [ns]; on the diagonal, the time for which each one is on.

    Raises
    ------
    InputError
        If the recording ends before counting starts, or begins less than tau before.
    """
    tau = refractory_time_ns
    problems = number_problems("refractory_time_ns", tau, 0.0, strict=True)
    if not problems and not tau <= begin_ns <= spikes.duration_ns:
        expected = f"{tau:g} (tau) to {spikes.duration_ns:g} ns (end of the recording)"
        problems.append(Problem("begin_ns", f"{begin_ns:g}", expected))
    if problems:
        raise InputError(problems)
    traces: NDArray[np.float64] = _overlap_ns(
        spikes.time_ns, spikes.unit, spikes.chain_offset, spikes.n_units, tau, begin_ns,
        spikes.duration_ns,
    )  # fmt: skip
    return traces


@njit(cache=True, nogil=True)
def _overlap_ns(time_ns, unit, chain_offset, n_units, tau, begin, end):  # type: ignore[no-untyped-def]
    n_chains = len(chain_offset) - 1
    traces = np.zeros((n_chains, n_units, n_units))
    for chain in range(n_chains):
        trace = traces[chain]
        last = np.full(n_units, -np.inf)
        for spike in range(chain_offset[chain], chain_offset[chain + 1]):
            k = unit[spike]
            for j in range(n_units):
                grown = _grown(last[k], last[j], tau, begin, time_ns[spike])
                trace[k, j] += grown
                if j != k:
                    trace[j, k] += grown
            last[k] = time_ns[spike]
        for k in range(n_units):
            for j in range(n_units):
                trace[k, j] += _grown(last[k], last[j], tau, begin, end)
    return traces


@njit(cache=True, nogil=True, inline="always")
def _grown(last_k, last_j, tau, begin, now):  # type: ignore[no-untyped-def]
    """Time for which both were on since the last spike of either, or since counting started."""
    since = max(last_k, last_j, begin)
    until = min(min(last_k, last_j) + tau, now)
    return max(until - since, 0.0)


def learn_locally(
    target: Target,
    initial: BoltzmannMachine,
    settings: LocalSettings,
    *,
    lasers: Lasers | None = None,
    connectivity: Connectivity = "full",
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> LocallyLearned:
    """Let lasers learn a distribution of the visible ones, by a rule that is local to each synapse.

    Parameters
    ----------
    target : Target
        The distribution; the data are states drawn from it, one for each chip and wake window.
    initial : BoltzmannMachine
        Initial machine; its visible units are those of the target.
    settings : LocalSettings
        Windows and learning rate.
    lasers : Lasers, optional
        The device. It is clamped by hard pumps, so that the same lasers run in wake and sleep
        windows, and its draws are not used.
    connectivity : "full", "semirestricted" or "restricted"
        Units that are connected.
    seed : int
        Seed of data and lasers.
    progress : callable, optional
        Called with the fraction of the cycles done.

    Returns
    -------
    LocallyLearned

    Raises
    ------
    InputError
        If target and machine do not fit, or an argument is of another kind.
    """
    lasers = Lasers() if lasers is None else lasers
    refuse(
        target_problems(target),
        kind_problems("settings", settings, LocalSettings),
        kind_problems("lasers", lasers, Lasers, "Lasers, such as Lasers('D6')"),
        integer_problems("seed", seed, 0),
    )
    initial = as_machine(initial, "initial")
    warn_if_alike(initial)
    parameters = MachineParameters.for_target(target, initial, connectivity)
    chips = _Chips(lasers, settings, seed)
    descent = SGD(list(parameters.named().values()), lr=settings.learning_rate)
    ratio = settings.final_learning_rate / settings.learning_rate
    schedule = falling(descent, ratio, settings.n_cycles)
    states, rest = all_states(target.n_units), parameters.resting
    means = ParameterMeans()
    first_averaged = min(
        int((1.0 - settings.averaged_share) * settings.n_cycles), settings.n_cycles - 1
    )
    for cycle in range(settings.n_cycles):
        data = np.random.default_rng([seed, _DATA_STREAM, cycle])
        chosen = data.choice(len(states), settings.n_chips, p=target.probabilities)
        held = np.full((settings.n_chips, initial.n_units), FREE, dtype=np.int8)
        held[:, : target.n_units] = states[chosen]
        parameters.write_gradient(chips.wake(parameters.machine(), held, cycle), rest)
        descent.step()
        if cycle >= first_averaged:
            means.add(parameters.named())
        parameters.write_gradient(rest, chips.sleep(parameters.machine(), cycle))
        descent.step()
        schedule.step()
        if progress is not None:
            progress((cycle + 1) / settings.n_cycles)
    return LocallyLearned(
        parameters.machine_of(means.values["couplings"], means.values["biases"]),
        parameters.machine(),
        chips.start_ns + settings.n_cycles * settings.cycle_ns,
    )


class _Chips:
    """Lasers that continue from window to window, of which only traces are read."""

    def __init__(self, lasers: Lasers, settings: LocalSettings, seed: int) -> None:
        def window(read_ns: float) -> Lasers:
            # One draw, at the end; the draws go unused.
            length = settings.settling_ns + read_ns
            return dataclasses.replace(lasers, clamping="pump", interval_ns=length)

        self._wake, self._sleep = window(settings.wake_ns), window(settings.sleep_ns)
        self._settings, self._seed = settings, seed
        self._tau = lasers.neuron.refractory_time_ns
        self._end: ChainState | None = None
        burn_in = 50.0 * self._tau if lasers.burn_in_ns is None else lasers.burn_in_ns
        self.start_ns = burn_in + self._tau

    def wake(self, machine: BoltzmannMachine, held: NDArray[np.int8], cycle: int) -> Moments:
        """Traces of a wake window, over its length."""
        if self._end is None:
            self._end = self._run(self._wake, machine, None, _SETTLING_STREAM, cycle).end
        return self._moments(
            self._run(self._wake, machine, held, _WAKE_STREAM, cycle), self._settings.wake_ns
        )

    def sleep(self, machine: BoltzmannMachine, cycle: int) -> Moments:
        """Traces of a sleep window, over its length."""
        return self._moments(
            self._run(self._sleep, machine, None, _SLEEP_STREAM, cycle), self._settings.sleep_ns
        )

    def _run(
        self,
        lasers: Lasers,
        machine: BoltzmannMachine,
        held: NDArray[np.int8] | None,
        stream: int,
        cycle: int,
    ) -> Samples:
        words = np.random.SeedSequence([self._seed, stream, cycle]).generate_state(1, np.uint32)
        samples = lasers.sample(
            machine,
            1,
            n_chains=self._settings.n_chips,
            clamped=held,
            seed=int(words[0]),
            start=self._end,
        )
        self._end = samples.end
        return samples

    def _moments(self, samples: Samples, read_ns: float) -> Moments:
        assert samples.spikes is not None
        # The recording begins tau before the window, so that the needed spikes are always included.
        begin = max(samples.spikes.duration_ns - read_ns, self._tau)
        second = overlap_ns(samples.spikes, self._tau, begin).mean(axis=0) / read_ns
        return Moments(np.diagonal(second).copy(), second)
