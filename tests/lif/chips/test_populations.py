"""Emulated chips of neurons that spike again: against chips of first spikes, and the engine."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from lasersampling.hardware import (
    Spikes,
    VoltageSampling,
    load_chip,
)
from lasersampling.hardware.observations import observation_problems
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.populations import PopulationChip
from lasersampling.lif.chips.ragged import spike_arrays, spike_events
from lasersampling.lif.chips.transmission import SOONEST
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.events.voltages import membrane_voltages
from lasersampling.lif.neuron import Neuron
from lasersampling.lif.populations.layered import SpikingAgain
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.chips.populations_of_chips import (
    AGAIN,
    LOOP,
    N_SAMPLES,
    SIZES,
    arrays,
    events,
    model,
)


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors are faster on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def as_network(parameters, connections=LOOP, after=AGAIN):
    """The network that is programmed into the chip, made in another way."""
    network = PopulationNetwork(
        SIZES[0],
        [Population(n, Neuron(), after.reset, after.refractory) for n in SIZES[1:]],
        [Connection(*pair) for pair in connections],
        [0, 1],
    )
    with torch.no_grad():
        for k, own in enumerate(network.weights):
            own.copy_(torch.from_numpy(parameters[f"weights_{k}"]).transpose(1, 2))
    return network


@pytest.mark.parametrize("name", ["ideal", "brainscales2", "harsh"])
def test_neurons_that_spike_once_are_those_of_the_chip_of_first_spikes(name):
    """With the same fixed pattern, noise of batch and sample, drift, and disturbed spikes."""
    about = load_chip(name)
    spikes = dataclasses.replace(about.imperfections.spikes, jitter_std=0.0, spurious_rate=0.02)
    if name == "harsh":  # jitter apart, all that can happen to spikes, often enough to be seen
        about = dataclasses.replace(
            about, imperfections=dataclasses.replace(about.imperfections, spikes=spikes)
        )
    delays = ("axonal", "dendritic") if name == "ideal" else ("synaptic",)
    parameters, inputs = arrays(delays=delays)
    first, again = EmulatedChip(about, SIZES, (1, 2)), PopulationChip(about, SIZES, (1, 2))
    for pattern, values in first.patterns.items():
        assert np.array_equal(values, again.patterns[pattern])
    for _ in range(2):
        expected, found = first.run(parameters, inputs), again.run(parameters, inputs)
        for k in range(2):
            times = events(found, k).first().numpy()
            usual = np.where(expected[f"spikes_{k}"] > 20.0, np.inf, expected[f"spikes_{k}"])
            assert np.isfinite(usual).sum() > 20
            assert np.array_equal(np.isfinite(times), np.isfinite(usual))
            both = np.isfinite(usual)
            assert np.abs(times[both] - usual[both]).max() < 1e-10
            assert events(found, k).counts().max() == 1


def test_an_ideal_chip_is_the_network():
    parameters, inputs = arrays(connections=LOOP)
    chip = PopulationChip(model(), SIZES, (1, 2), LOOP, after=AGAIN)
    found = chip.run(parameters, inputs | {"voltage_interval": np.array(0.1)})
    given = SpikeEvents.from_times(torch.from_numpy(inputs["times"]))
    network = as_network(parameters)
    activity = run_events(network, given, EventSettings(end=20.0))
    assert events(found, 0).counts().max() > 2
    points = np.arange(201) * 0.1
    for k in range(2):
        spikes = activity.spikes(k)
        assert torch.equal(events(found, k).offsets, spikes.offsets)
        assert torch.equal(events(found, k).neuron, spikes.neuron)
        assert torch.allclose(events(found, k).time, spikes.time, rtol=0, atol=1e-12)
        exact = membrane_voltages(network, given, activity, points.clip(0, 20.0), k).numpy()
        # At a spike itself rounding decides between threshold and reset.
        assert np.mean(np.abs(found[f"voltages_{k}"] - exact) < 1e-9) > 0.9999
    assert (
        observation_problems(chip.description, inputs | {"voltage_interval": np.array(0.1)}, found)
        == []
    )
    lists = spike_arrays("events", given)
    again = PopulationChip(model(), SIZES, (1, 2), LOOP, after=AGAIN).run(parameters, lists)
    for name, values in again.items():
        assert np.array_equal(values, found[name])


def test_reset_and_refractory_period_are_programmed():
    parameters, inputs = arrays(connections=LOOP)
    usual = PopulationChip(model(), SIZES, (1, 2), LOOP, after=AGAIN).run(parameters, inputs)
    own = {f"{name}_{k}": np.full((2, n), getattr(AGAIN, name))
           for name in ("reset", "refractory") for k, n in enumerate(SIZES[1:])}  # fmt: skip
    once = PopulationChip(model(), SIZES, (1, 2), LOOP)
    found = once.run(parameters | own, inputs)
    for name, values in usual.items():
        assert np.array_equal(values, found[name])
    own["refractory_0"] = np.full((2, 8), np.inf)
    assert events(once.run(parameters | own, inputs), 0).counts().max() == 1


def test_noise_of_samples_is_noise_of_networks():
    """Each sample has a threshold of its own: what one strong input does tells which."""
    about = model(threshold={"sample": {"std": 0.1, "relative": False}})
    chip = PopulationChip(about, (1, 1), (5,), after=SpikingAgain(refractory=0.5))
    inputs = {"times": np.zeros((1, 400, 1))}
    found = chip.run({"weights_0": np.full((1, 1, 1), 8.0)}, inputs)
    spikes = spike_events(found, "spikes_0", (1, 400, 1))
    assert spikes.counts().min() >= 2
    first = spikes.first().numpy().ravel()
    thresholds = 8.0 * first * np.exp(-first)
    # Relative standard error of a standard deviation from n numbers: 1 / sqrt(2 n).
    assert thresholds.std() == pytest.approx(0.1, rel=4 / 800**0.5)
    # The second crossing of the same threshold, from 0 with the current that is left.
    start = first + 0.5
    second = spikes.time.numpy()[spikes.offsets[:-1].numpy() + 1]
    later = second - start
    assert np.allclose(8.0 * np.exp(-start) * later * np.exp(-later), thresholds, atol=1e-9)


@pytest.mark.parametrize("spikes", [Spikes(lost=0.1), Spikes(highest_rate=30.0)])
def test_spikes_act_in_a_loop_as_they_are_told(spikes):
    """Given what is told of all populations, each neuron alone spikes when it is told to, or lost.

    The bus makes spikes later, by what others are in front of them.
    """
    parameters, inputs = arrays(connections=LOOP)
    chip = PopulationChip(model(spikes), SIZES, (1, 2), LOOP, after=AGAIN)
    found = chip.run(parameters, inputs)
    told = [events(found, k) for k in range(2)]
    given = SpikeEvents.from_times(torch.from_numpy(inputs["times"]))
    alone = PopulationNetwork(
        SIZES[0] + SIZES[1],
        [Population(n, Neuron(), AGAIN.reset, AGAIN.refractory) for n in SIZES[1:]],
        [Connection(INPUTS, 0), Connection(INPUTS, 1)],
        [0, 1],
    )
    turned = [torch.from_numpy(parameters[f"weights_{k}"]).transpose(1, 2) for k in range(3)]
    with torch.no_grad():
        alone.weights[0].copy_(torch.cat([turned[0], turned[1]], 1))
        alone.weights[1].copy_(torch.cat([torch.zeros(2, SIZES[0], 3), turned[2]], 1))
    trains = [
        list(runs(given, r)) + [(t, n + SIZES[0]) for t, n in as_acting(list(runs(told[0], r)))]
        for r in range(2 * N_SAMPLES)
    ]
    one, other = (
        SpikeEvents.from_trains(trains[e * N_SAMPLES : (e + 1) * N_SAMPLES], 14, 2)
        for e in range(2)
    )
    n_told, n_happened, latest = 0, 0, 0.0
    for e, sent in enumerate((one, other)):
        activity = run_events(alone, sent, EventSettings(end=20.0))
        for k, r in itertools.product(range(2), range(e * N_SAMPLES, (e + 1) * N_SAMPLES)):
            happened, seen = list(runs(activity.spikes(k), r)), list(runs(told[k], r))
            n_told, n_happened = n_told + len(seen), n_happened + len(happened)
            for time, neuron in seen:
                late = [time - t for t, n in happened if n == neuron and t <= time + 1e-6]
                latest = max(latest, min(late))
            if spikes.highest_rate is not None:
                assert len(seen) == len(happened)
                assert (np.diff([t for t, _ in seen]) > 1 / 30.0 - 1e-9).all()
    if spikes.highest_rate is None:
        assert latest < 1e-6
        share = 1.0 - n_told / n_happened
        assert share == pytest.approx(0.1, abs=4 * (0.09 / n_happened) ** 0.5)
    else:
        assert 1 / 30.0 < latest < 1.0


def as_acting(seen):
    """Spikes that did not wait for the bus act a little later than they are told."""
    waits = np.isclose(np.diff([t for t, _ in seen], prepend=-np.inf), 1 / 30.0, rtol=0, atol=1e-9)
    return [(t + (0.0 if w else SOONEST), n) for (t, n), w in zip(seen, waits, strict=True)]


def runs(spikes, run):
    """Times and neurons of a run."""
    own = slice(int(spikes.offsets[run]), int(spikes.offsets[run + 1]))
    return zip(spikes.time[own].tolist(), spikes.neuron[own].tolist(), strict=True)


def test_jitter_moves_each_spike():
    about = model(Spikes(jitter_std=0.01))
    chip = PopulationChip(about, (1, 1), (5,), after=SpikingAgain(refractory=0.5))
    ideal = PopulationChip(model(), (1, 1), (5,), after=SpikingAgain(refractory=0.5))
    request = {"weights_0": np.full((1, 1, 1), 8.0)}, {"times": np.zeros((1, 800, 1))}
    moved = chip.run(*request)["spikes_0_time"] - ideal.run(*request)["spikes_0_time"]
    assert len(moved) == 800 * 2
    for k in range(2):
        # Relative standard error of a standard deviation from n numbers: 1 / sqrt(2 n).
        assert moved[k::2].std() == pytest.approx(0.01, rel=4 / 1600**0.5)
        assert moved[k::2].mean() == pytest.approx(0.0, abs=4 * 0.01 / 800**0.5)
    assert abs(np.corrcoef(moved[0::2], moved[1::2])[0, 1]) < 4 / 800**0.5


def test_spikes_without_cause_come_again_and_again():
    about = model(Spikes(spurious_rate=0.5))
    chip = PopulationChip(about, (1, 4), (5,), after=SpikingAgain(refractory=0.1))
    found = chip.run({"weights_0": np.zeros((1, 4, 1))}, {"times": np.zeros((1, 200, 1))})
    counts = spike_events(found, "spikes_0", (1, 200, 4)).counts().double()
    # A Poisson process with a dead time: rate / (1 + rate dead time), up to the first period.
    expected = 20.0 * 0.5 / (1.0 + 0.5 * 0.1)
    assert float(counts.mean()) == pytest.approx(expected, abs=0.1 + 4 * (expected / 800) ** 0.5)


def test_chips_side_by_side_are_as_alone_and_go_on_from_a_state():
    parameters, inputs = arrays(connections=LOOP)
    about = load_chip("harsh")
    inputs["voltage_interval"] = np.array(0.5)
    sampling = VoltageSampling(interval=0.1, noise_std=0.1)

    def chip(*seeds):
        return PopulationChip(about, SIZES, seeds, LOOP, after=AGAIN, voltages=sampling)

    both = chip(3, 4)
    seen = both.run(parameters, inputs)
    own = {name: values[1:] for name, values in parameters.items()}
    alone = chip(4).run(own, inputs | {"times": inputs["times"][1:]})
    n_runs = seen["spikes_0_offsets"][N_SAMPLES:]
    assert np.array_equal(alone["spikes_0_offsets"], n_runs - n_runs[0])
    assert np.array_equal(alone["spikes_0_time"], seen["spikes_0_time"][n_runs[0] :])
    assert np.array_equal(alone["voltages_1"][0], seen["voltages_1"][1])
    state = both.state()
    following = both.run(parameters, inputs)
    other = chip(3, 4)
    other.set_state(state)
    for name, values in other.run(parameters, inputs).items():
        assert np.array_equal(values, following[name])
    assert not np.array_equal(following["spikes_0_time"], seen["spikes_0_time"])
