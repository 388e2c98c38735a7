"""Emulated chips against the ideal network, and each imperfection against its definition."""

from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.hardware import ChipModel, Imperfections, load_chip
from lasersampling.hardware.chip_model import NominalNeuron
from lasersampling.lif import Neuron, first_spike_times
from lasersampling.lif.chips.emulated import EmulatedChip

SIZES = (6, 8, 3)
N_SAMPLES = 40


def arrays(n_members=2, delays=()):
    generator = np.random.default_rng(0)
    parameters = {
        "weights_0": generator.normal(1.5, 1.0, (n_members, 8, 6)),
        "weights_1": generator.normal(1.0, 1.0, (n_members, 3, 8)),
    }
    shapes = {
        "axonal_delays_1": (8,), "synaptic_delays_0": (8, 6), "dendritic_delays_1": (3,)
    }  # fmt: skip
    for name in delays:
        parameters[name] = generator.uniform(0.0, 1.0, (n_members, *shapes[name]))
    return parameters, {"times": generator.uniform(0.0, 2.0, (n_members, N_SAMPLES, 6))}


def chip(seeds=(1, 2), sizes=SIZES, redrawn=False, **imperfections: Any):
    about = Imperfections(**imperfections)
    model = ChipModel(neuron=NominalNeuron(threshold=1.0), imperfections=about)
    return EmulatedChip(model, sizes, seeds, redrawn=redrawn)


def test_an_ideal_chip_is_the_network():
    parameters, inputs = arrays(
        delays=("axonal_delays_1", "synaptic_delays_0", "dendritic_delays_1")
    )
    seen = chip().run(parameters, inputs)
    tensors = {name: torch.from_numpy(values) for name, values in parameters.items()}
    hidden = first_spike_times(
        torch.from_numpy(inputs["times"]), tensors["weights_0"], Neuron(),
        delays=tensors["synaptic_delays_0"],
    )  # fmt: skip
    late = hidden + tensors["axonal_delays_1"][:, None]
    output = first_spike_times(late, tensors["weights_1"], Neuron())
    output = output + tensors["dendritic_delays_1"][:, None]
    assert np.array_equal(seen["spikes_0"], hidden.numpy())
    assert np.allclose(seen["spikes_1"], output.numpy(), rtol=0, atol=1e-12)
    assert np.isfinite(seen["spikes_1"]).any()


@pytest.mark.parametrize("name", ["threshold", "leak", "tau_mem", "tau_syn"])
def test_mismatch_of_neurons_is_that_of_the_drawn_chip(name):
    about = {"mismatch": {"std": 0.1, "relative": False}}
    parameters, inputs = arrays()
    mine = chip(**{name: about})
    seen = mine.run(parameters, inputs)
    nominal = {"threshold": 1.0, "leak": 0.0, "tau_mem": 1.0, "tau_syn": 1.0}[name]
    own = nominal + mine.patterns[name][:, 6:14]
    expected = first_spike_times(
        torch.from_numpy(inputs["times"]), torch.from_numpy(parameters["weights_0"]),
        Neuron(**{name: own}),
    ).numpy()  # fmt: skip
    assert np.allclose(seen["spikes_0"], expected, rtol=0, atol=1e-9)
    again = mine.run(parameters, inputs)
    assert np.array_equal(seen["spikes_1"], again["spikes_1"])
    assert not np.array_equal(seen["spikes_1"], chip().run(parameters, inputs)["spikes_1"])


def test_strengths_of_synapses_and_their_delays():
    parameters, inputs = arrays(delays=("synaptic_delays_0",))
    mine = chip(
        coupling={"mismatch": {"std": 0.2}, "dead": 0.2,
                  "grid": {"step": 0.25, "lowest": -2, "highest": 2}},
        delay={"mismatch": {"std": 0.1}, "grid": {"step": 0.1}},
    )  # fmt: skip
    window = np.s_[:, 6:14, :6]
    coarse = np.clip(np.round(parameters["weights_0"] / 0.25) * 0.25, -2, 2)
    weights = coarse * (1 + mine.patterns["coupling"][window])
    weights[mine.patterns["dead_coupling"][window]] = 0.0
    delays = np.round(parameters["synaptic_delays_0"] / 0.1) * 0.1
    delays = delays * (1 + mine.patterns["delay"][window])
    expected = first_spike_times(
        torch.from_numpy(inputs["times"]),
        torch.from_numpy(weights),
        delays=torch.from_numpy(delays),
    )
    seen = mine.run(parameters, inputs)["spikes_0"]
    assert np.allclose(seen, expected.numpy(), rtol=0, atol=1e-9)
    assert 0.0 < mine.patterns["dead_coupling"][window].mean() < 0.5


def one_neuron(n_samples=4000, **imperfections):
    """Spike times of one neuron with one strong input at 0, in each of many samples."""
    mine = chip((5,), (1, 1), **imperfections)
    parameters, inputs = {"weights_0": np.full((1, 1, 1), 4.0)}, np.zeros((1, n_samples, 1))
    return mine, lambda: mine.run(parameters, {"times": inputs})["spikes_0"][0, :, 0]


def threshold_of(times):
    """Threshold at which one input of weight 4 gives a spike at this time."""
    return 4.0 * times * np.exp(-times)


def test_noise_of_batches_and_of_samples():
    _, run = one_neuron(threshold={"trial": {"std": 0.1, "relative": False}})
    batches = np.array([threshold_of(run()) for _ in range(400)])
    assert np.ptp(batches, axis=1).max() < 1e-9
    # Relative standard error of a standard deviation from n numbers: 1 / sqrt(2 n).
    assert batches[:, 0].std() == pytest.approx(0.1, rel=4 / 800**0.5)
    assert batches[:, 0].mean() == pytest.approx(1.0, abs=4 * 0.1 / 400**0.5)
    _, run = one_neuron(threshold={"sample": {"std": 0.1, "relative": False}})
    samples = threshold_of(run())
    assert samples.std() == pytest.approx(0.1, rel=4 / 8000**0.5)
    assert samples.mean() == pytest.approx(1.0, abs=4 * 0.1 / 4000**0.5)


def test_jitter_loss_and_spikes_without_cause():
    _, ideal = one_neuron()
    usual = ideal()[0]
    _, run = one_neuron(spikes={"jitter_std": 0.01})
    assert run().std() == pytest.approx(0.01, rel=4 / 8000**0.5)
    _, run = one_neuron(spikes={"lost": 0.1})
    assert np.isinf(run()).mean() == pytest.approx(0.1, abs=4 * (0.09 / 4000) ** 0.5)
    _, run = one_neuron(spikes={"spurious_rate": 0.5})
    times = run()
    early = 1.0 - np.exp(-0.5 * usual)
    assert (times < usual).mean() == pytest.approx(early, abs=4 * (early / 4000) ** 0.5)
    assert times.max() == usual


def test_dead_neurons_are_silent_for_ever():
    parameters, inputs = arrays()
    mine = chip(dead=0.4)
    seen = mine.run(parameters, inputs)["spikes_0"]
    dead = mine.patterns["dead"][:, 6:14]
    assert dead.any()
    assert not dead.all()
    assert np.isinf(seen.swapaxes(1, 2)[dead]).all()


def test_a_bus_carries_one_spike_after_the_other():
    weights = np.full((1, 5, 1), 4.0)
    inputs = {"times": np.zeros((1, 1, 1))}
    first = chip((0,), (1, 5)).run({"weights_0": weights}, inputs)["spikes_0"][0, 0]
    limited = chip((0,), (1, 5), spikes={"highest_rate": 10.0, "longest_wait": 0.25})
    times = np.sort(limited.run({"weights_0": weights}, inputs)["spikes_0"][0, 0])
    assert times == pytest.approx([*(first[0] + 0.1 * np.arange(3)), np.inf, np.inf])


def test_drift_wanders_with_the_time_that_samples_take():
    drift = {"std": 0.1, "correlation_time_ns": 2e6, "relative": False}
    mine, run = one_neuron(100, threshold={"drift": drift})
    period_ns = 100 * mine.model.sample_period_ns
    values = np.array([threshold_of(run()[0]) for _ in range(4000)]) - 1.0
    kept = np.exp(-period_ns / 2e6)
    correlation = np.corrcoef(values[1:], values[:-1])[0, 1]
    # Effective numbers: 4000 (1 - kept) / (1 + kept).
    n = 4000 * (1 - kept) / (1 + kept)
    assert values.std() == pytest.approx(0.1, rel=4 / (2 * n) ** 0.5)
    assert correlation == pytest.approx(kept, abs=4 * ((1 - kept**2) / 4000) ** 0.5)


def test_chips_are_those_of_their_numbers():
    model, (parameters, inputs) = load_chip("harsh"), arrays()
    both = EmulatedChip(model, SIZES, (3, 4))
    seen = both.run(parameters, inputs)
    for e, seed in enumerate((3, 4)):
        alone = EmulatedChip(model, SIZES, (seed,))
        own = {name: values[e : e + 1] for name, values in parameters.items()}
        spikes = alone.run(own, {"times": inputs["times"][e : e + 1]})
        assert np.array_equal(spikes["spikes_1"][0], seen["spikes_1"][e])


def test_a_chip_goes_on_from_a_state():
    parameters, inputs = arrays()
    mine = EmulatedChip(load_chip("harsh"), SIZES, (3, 4))
    mine.run(parameters, inputs)
    state = mine.state()
    state = {**state, "drift": {name: values.copy() for name, values in state["drift"].items()}}
    next_ones = mine.run(parameters, inputs)["spikes_1"]
    other = EmulatedChip(load_chip("harsh"), SIZES, (3, 4))
    other.set_state(state)
    assert np.array_equal(other.run(parameters, inputs)["spikes_1"], next_ones)


def test_redrawn_chips_have_drifted_elsewhere_in_each_run():
    """Drift is slow on one chip, and says nothing of the next one."""
    drift = {"std": 0.1, "correlation_time_ns": 1e12, "relative": False}
    parameters, inputs = arrays()
    one, others = (chip(redrawn=redrawn, threshold={"drift": drift}) for redrawn in (False, True))
    moved = []
    for mine in (one, others):
        first, second = (mine.run(parameters, inputs)["spikes_0"] for _ in range(2))
        came = np.isfinite(first) & np.isfinite(second)
        moved.append(np.abs(first[came] - second[came]).mean())
    assert moved[0] < 1e-3 < 0.01 < moved[1]


def test_redrawn_chips_are_others_in_each_run():
    parameters, inputs = arrays()
    mine = chip(redrawn=True, threshold={"mismatch": {"std": 0.1}})
    one, other = (mine.run(parameters, inputs)["spikes_0"] for _ in range(2))
    assert not np.array_equal(one, other)


def test_programmed_values_take_the_place_of_nominal_ones():
    model = ChipModel(neuron=NominalNeuron(threshold=1.0), programmable=("threshold",))
    mine = EmulatedChip(model, SIZES, (1, 2))
    parameters, inputs = arrays()
    usual = mine.run(parameters, inputs)["spikes_0"]
    higher = mine.run(parameters | {"threshold_0": np.full((2, 8), 1.3)}, inputs)["spikes_0"]
    both = np.isfinite(usual) & np.isfinite(higher)
    assert (higher[both] > usual[both]).all()
    with pytest.raises(InputError, match="leak_0: got a parameter that the chip does not have"):
        mine.run(parameters | {"leak_0": np.zeros((2, 8))}, inputs)


def test_bad_input_is_refused():
    parameters, _ = arrays()
    with pytest.raises(InputError, match=r"sizes: got 0(.|\n)*seeds: got -1"):
        chip((-1,), (3, 0))
    with pytest.raises(InputError, match="sizes .*GiB, expected at most"):
        chip(sizes=(10**9, 3))
    with pytest.raises(InputError, match="sizes: got .*, expected inputs and at least one layer"):
        chip(sizes=(3,))
    with pytest.raises(InputError, match="imperfections.pump.mismatch"):
        chip(pump={"mismatch": {"std": 0.1}})
    broken = {
        "weights_0": parameters["weights_0"][..., :5],
        "synaptic_delays_1": np.full((2, 3, 8), np.nan),
    }
    with pytest.raises(InputError) as error:
        chip().run(broken, {"times": np.full((2, 4, 6), np.nan)})
    where = [problem.where for problem in error.value.problems]
    assert where == ["weights_1", "weights_0", "synaptic_delays_1", "times[0][0][0]"]
    with pytest.raises(InputError, match="times: got nothing"):
        chip().run(parameters, {})
