"""Local learning: traces out of spikes, their mean, and what they teach."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, target_from_machine
from lasersampling.errors import InputError
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.learning.machines.contrastive import initial_machine
from lasersampling.learning.machines.local_rule import LocalSettings, learn_locally, overlap_ns
from lasersampling.learning.machines.parameters import MachineParameters
from lasersampling.learning.machines.phases import ExactData, ExactModel
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.statistics import kl_divergence

TAU_NS = 2.5


def trains(n_chains: int, rate_per_ns: float, duration_ns: float) -> SpikeTrains:
    """Poisson spikes of three units, in many chains renewed before tau is over."""
    rng = np.random.default_rng(7)
    numbers = rng.poisson(3 * rate_per_ns * duration_ns, n_chains)
    times = [np.sort(rng.uniform(0, duration_ns, n)) for n in numbers]
    offset = np.append(0, np.cumsum(numbers)).astype(np.int64)
    unit = rng.integers(0, 3, offset[-1]).astype(np.int32)
    return SpikeTrains(np.concatenate(times), unit, offset, 3, duration_ns)


@pytest.mark.parametrize("rate_per_ns", [0.02, 0.2, 1.0])
@pytest.mark.parametrize("begin_ns", [TAU_NS, 6.1])
def test_trace_is_the_integral_of_the_states(rate_per_ns: float, begin_ns: float) -> None:
    spikes = trains(20, rate_per_ns, 20.0)
    step = 1e-3
    times = np.arange(begin_ns, 20.0, step) + step / 2
    states = spikes.states(TAU_NS, times).astype(np.float64)
    integral = np.einsum("cti,ctj->cij", states, states) * step
    trace = overlap_ns(spikes, TAU_NS, begin_ns)
    # Each of the switchings is read half a step too early or too late at most.
    switchings = 2 * np.diff(spikes.chain_offset).max()
    np.testing.assert_allclose(trace, integral, atol=switchings * step / 2)
    assert trace.max() > 2.0
    active = np.diagonal(overlap_ns(spikes, TAU_NS, TAU_NS), axis1=1, axis2=2)
    np.testing.assert_allclose(active / 17.5, spikes.active_fraction(TAU_NS), rtol=1e-9)


def test_two_spikes_count_their_distance() -> None:
    spikes = SpikeTrains(
        np.array([5.0, 6.0]), np.array([0, 1], dtype=np.int32), np.array([0, 2]), 2, 20.0
    )
    assert overlap_ns(spikes, TAU_NS, TAU_NS)[0] == pytest.approx(
        np.array([[TAU_NS, TAU_NS - 1.0], [TAU_NS - 1.0, TAU_NS]])
    )


def test_recordings_that_are_too_short_are_refused() -> None:
    spikes = trains(1, 0.2, 20.0)
    for begin_ns in (TAU_NS / 2, 21.0):
        with pytest.raises(InputError, match="begin_ns: got .*, expected 2.5 .tau. to 20 ns"):
            overlap_ns(spikes, TAU_NS, begin_ns)


def test_targets_that_do_not_fit_are_refused() -> None:
    target = target_from_machine(BoltzmannMachine.random(3, seed=0))
    with pytest.raises(InputError, match="3 visible units, as the target has"):
        learn_locally(target, BoltzmannMachine.random(4, seed=0), LocalSettings())


@pytest.mark.parametrize("n_hidden", [0, 1])
def test_mean_update_is_the_contrastive_gradient(n_hidden: int) -> None:
    """One cycle of many chips, at a rate at which its wake window leaves the weights alone."""
    wanted = BoltzmannMachine(np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([-1.5, -1.0]))
    target = target_from_machine(wanted)
    weights = np.array([[0.0, -2.0, 0.8], [-2.0, 0.0, -0.6], [0.8, -0.6, 0.0]])
    units = slice(2 + n_hidden)
    biases = np.array([1.8, 1.4, -0.5])
    start = BoltzmannMachine(weights[units, units], biases[units], n_hidden=n_hidden)
    chips, rate = 1024, 1e-3
    settings = LocalSettings(
        n_cycles=1, n_chips=chips, learning_rate=rate, final_learning_rate=rate, settling_ns=10.0
    )
    learned = learn_locally(target, start, settings, lasers=Lasers(burn_in_ns=20.0), seed=3)
    before = MachineParameters.for_target(target, start)
    after = MachineParameters.for_target(target, learned.last)
    before.write_gradient(ExactData(target).moments(start, 0), ExactModel().moments(start, 0))
    # Per chip, a coupling's trace has a standard deviation below 1/2 x 1/2 in either window, that
    # of a bias below 1/2. Five standard errors, and 0.01 for what translation leaves.
    for name, largest in (("couplings", 0.25), ("biases", 0.5)):
        update = (after.named()[name] - before.named()[name]).numpy() / rate
        slope = before.named()[name].grad
        assert slope is not None
        gradient = -slope.numpy()
        error = 5 * largest * np.sqrt(2 / chips) + 0.01
        np.testing.assert_allclose(update, gradient, atol=error)
        assert np.abs(gradient).max() > 2 * error
    assert learned.time_ns == pytest.approx(20.0 + TAU_NS + 20.0 + 2.5 + 7.5)


@pytest.mark.slow
def test_lasers_learn_from_their_own_spikes() -> None:
    wanted = BoltzmannMachine(np.array([[0.0, 2.5], [2.5, 0.0]]), np.array([-1.4, -1.1]))
    target = target_from_machine(wanted)
    start = initial_machine(target, 0, seed=0)
    lasers = Lasers()

    def judged(machine: BoltzmannMachine) -> float:
        samples = lasers.sample(machine, 500, n_chains=32, seed=9)
        return kl_divergence(samples.histogram(), target.probabilities)

    learned = learn_locally(target, start, LocalSettings(n_cycles=40), lasers=lasers, seed=2)
    # Three parameters of some 20 averaged cycles of 64 chips, both windows noisy: about 3e-3.
    assert judged(learned.machine) < 0.015 < 0.2 * judged(start)
