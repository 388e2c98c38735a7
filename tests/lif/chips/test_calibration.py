"""Calibration through spikes alone, against what was drawn for emulated chips."""

from typing import Any, Literal

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.hardware import (
    ChipModel,
    Description,
    Imperfections,
    load_chip,
)
from lasersampling.hardware.chip_model import NominalNeuron
from lasersampling.lif.chips.calibration import QUANTITIES, calibrate_chip
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.fit import response_with_slopes
from lasersampling.lif.spike_times.crossing import response

SIZES = (12, 10, 4)
N_BATCHES = 20
DEGREES = N_BATCHES // 2 - 1
NEURON = NominalNeuron(threshold=2.6)
IMPERFECT: dict[str, Any] = {
    "threshold": {"mismatch": {"mean": 0.13, "std": 0.25, "relative": False},
                  "trial": {"std": 0.03, "relative": False}, "grid": {"step": 0.02}},
    "leak": {"mismatch": {"std": 0.1, "relative": False}},
    "tau_mem": {"mismatch": {"std": 0.15, "distribution": "lognormal"}},
    "tau_syn": {"mismatch": {"std": 0.15, "distribution": "lognormal"}},
    "coupling": {"mismatch": {"std": 0.1}, "dead": 0.03,
                 "grid": {"step": 1 / 30, "lowest": -2.1, "highest": 2.1}},
    "spikes": {"jitter_std": 0.005, "lost": 0.01, "spurious_rate": 0.002},
    "dead": 0.1,
}  # fmt: skip
ALL: tuple[Literal["threshold", "tau_mem", "tau_syn"], ...] = ("threshold", "tau_mem", "tau_syn")


class SpikesOnly:
    """A device that shows nothing but what the protocol has."""

    def __init__(self, chip):
        self.description, self.run = chip.description, chip.run


@pytest.fixture(scope="module")
def calibrated():
    model = ChipModel(neuron=NEURON, imperfections=Imperfections(**IMPERFECT), programmable=ALL)
    chip = EmulatedChip(model, SIZES, (1, 2))
    found = calibrate_chip(SpikesOnly(chip), model, seed=5, rounds=1, n_batches=N_BATCHES)
    return chip, found


def truth(chip, layer, k, settings=None):
    """What is true of layer k, in units of the mean strength of the synapses that were measured."""
    settings, about = settings or {}, chip.model.imperfections
    first = np.cumsum((0, *SIZES))
    own, pre = slice(first[k + 1], first[k + 2]), slice(first[k], first[k + 1])
    strengths = 1.0 + chip.patterns["coupling"][:, own, pre]
    strengths = np.where(np.isfinite(layer.strengths_se), strengths, 0.0)
    mean = strengths.sum(axis=2) / (strengths != 0.0).sum(axis=2).clip(1)
    mean = np.where(mean > 0.0, mean, np.nan)

    def value(name, nominal):
        given = settings.get(f"{name}_{k}", nominal)
        return getattr(about, name).mismatch.applied(given, chip.patterns[name][:, own])

    return {
        "gap": (value("threshold", 2.6) - value("leak", 0.0)) / mean,
        "tau_mem": value("tau_mem", 1.0),
        "tau_syn": value("tau_syn", 1.0),
        "strengths": strengths / mean[..., None],
    }


def standardised(chip, layers, settings, name):
    errors = []
    for k, layer in enumerate(layers):
        apart = getattr(layer, name) - truth(chip, layer, k, settings)[name]
        z = apart / getattr(layer, f"{name}_se")
        errors.append(z[np.isfinite(z)])
    return np.concatenate(errors)


@pytest.mark.parametrize("part", ["before", "after"])
@pytest.mark.parametrize("name", QUANTITIES)
def test_estimates_lie_within_their_stated_errors(calibrated, name, part):
    chip, found = calibrated
    settings = found.settings if part == "after" else None
    z = standardised(chip, getattr(found, part), settings, name)
    assert len(z) >= (20 if name != "strengths" else 180)
    # Jackknife over g groups: Student's t with g - 1 degrees of freedom, whose squares have so
    # heavy a tail that bounds of their mean (one in 2,000 to either side) are simulated.
    drawn = np.random.default_rng(0).standard_t(DEGREES, (20_000, len(z)))
    low, high = np.quantile((drawn**2).mean(axis=1), (5e-4, 1.0 - 5e-4))
    assert low < np.mean(z**2) < high
    assert abs(z.mean()) < 4 * (DEGREES / (DEGREES - 2) / len(z)) ** 0.5


def test_errors_are_far_below_what_is_measured(calibrated):
    _, found = calibrated
    for name in QUANTITIES:
        before = found.spread(name, calibrated=False)
        assert before.error < before.std / 3


def true_deviations(chip, layers, settings, name):
    values = [
        np.where(np.isfinite(layer.gap), truth(chip, layer, k, settings)[name], np.nan).ravel()
        for k, layer in enumerate(layers)
    ]
    known = np.concatenate(values)
    return known[np.isfinite(known)]


@pytest.mark.parametrize("name", ["gap", "tau_mem", "tau_syn"])
def test_true_spread_shrinks_threefold_and_the_mean_is_nominal(calibrated, name):
    chip, found = calibrated
    before = true_deviations(chip, found.before, None, name)
    after = true_deviations(chip, found.after, found.settings, name)
    assert after.std() < before.std() / 3
    assert after.mean() == pytest.approx(
        found.nominal(name), abs=4 * after.std() / len(after) ** 0.5
    )


def test_dead_neurons_and_synapses_are_found(calibrated):
    chip, found = calibrated
    first = np.cumsum((0, *SIZES))
    n_dead = 0
    for k, layer in enumerate(found.before):
        own, pre = slice(first[k + 1], first[k + 2]), slice(first[k], first[k + 1])
        dead = chip.patterns["dead"][:, own]
        assert np.array_equal(layer.dead, dead)
        seen = np.isfinite(layer.strengths)
        synapses = chip.patterns["dead_coupling"][:, own, pre] & seen
        assert np.array_equal(layer.dead_synapses, synapses)
        assert seen.any(axis=2)[~dead].all()
        n_dead += dead.sum() + synapses.sum()
    assert n_dead > 4


def test_lost_and_spurious_spikes_are_counted(calibrated):
    _, found = calibrated
    for layer in (*found.before, *found.after):
        assert np.all(np.abs(layer.lost - 0.01) < 4 * layer.lost_se)
        assert np.all(np.abs(layer.spurious_rate - 0.002) < 4 * layer.spurious_rate_se)


def test_settings_lie_on_the_grid_and_fit_the_chip(calibrated):
    chip, found = calibrated
    assert set(found.settings) == {f"{name}_{k}" for name in ALL for k in (0, 1)}
    steps = found.settings["threshold_0"] / 0.02
    assert np.allclose(steps, np.round(steps))
    assert found.settings["tau_mem_1"].shape == (2, 4)
    weights = {"weights_0": np.ones((2, 10, 12)), "weights_1": np.ones((2, 4, 10))}
    chip.run(weights | dict(found.settings), {"times": np.zeros((2, 1, 12))})


def test_a_network_on_calibrated_chips_is_closer_to_the_ideal_one(calibrated):
    _, found = calibrated
    model = ChipModel(neuron=NEURON, imperfections=Imperfections(**IMPERFECT), programmable=ALL)
    generator = np.random.default_rng(3)
    weights = {
        "weights_0": generator.normal(1.4, 0.5, (2, 10, 12)),
        "weights_1": generator.normal(1.6, 0.5, (2, 4, 10)),
    }
    inputs = {"times": generator.uniform(0.0, 1.5, (2, 100, 12))}
    ideal = EmulatedChip(ChipModel(neuron=NEURON), SIZES, (1, 2)).run(weights, inputs)["spikes_0"]

    def distance(settings):
        seen = EmulatedChip(model, SIZES, (1, 2)).run(weights | settings, inputs)["spikes_0"]
        both = np.isfinite(seen) & np.isfinite(ideal)
        assert both.mean() > 0.5
        return np.median(np.abs(seen[both] - ideal[both]))

    assert distance(dict(found.settings)) < 0.7 * distance({})


def test_an_ideal_chip_is_found_to_be_one():
    model = ChipModel(neuron=NEURON, programmable=ALL)
    found = calibrate_chip(
        EmulatedChip(model, (8, 4, 2), (0,)), model, seed=1, rounds=1, n_batches=8, n_samples=32
    )
    for name in QUANTITIES:
        spread = found.spread(name, calibrated=True)
        assert spread.number > 5
        assert spread.mean == pytest.approx(0.0, abs=1e-8)
        assert spread.std < 1e-8
    for name, values in found.settings.items():
        nominal = 2.6 if name.startswith("threshold") else 1.0
        assert np.allclose(values, nominal, atol=1e-6)
    assert not any(layer.dead.any() or layer.lost.any() for layer in found.before)


def test_time_constants_that_cannot_be_programmed_deviate_together():
    imperfections: dict[str, Any] = {
        name: {"mismatch": {"std": 0.0, "mean": 0.2}} for name in ("tau_mem", "tau_syn")
    }
    model = ChipModel(
        neuron=NEURON, imperfections=Imperfections(**imperfections), programmable=("leak",)
    )
    chip = EmulatedChip(model, (8, 3), (0,))
    found = calibrate_chip(chip, model, seed=1, rounds=1, n_batches=8, n_samples=32)
    assert np.allclose(found.before[0].tau_mem, 1.2, atol=1e-6)
    assert np.allclose(found.before[0].tau_syn, 1.2, atol=1e-6)
    assert set(found.settings) == {"leak_0"}


@pytest.mark.parametrize(
    ("tau_mem", "tau_syn"), [(1.0, 1.0), (1.0004, 1.0), (0.4, 1.1), (2.0, 0.7)]
)
def test_responses_and_their_derivatives(tau_mem, tau_syn):
    for s in (0.01, 0.5, 3.0, 15.0):
        value, by_mem, by_syn = response_with_slopes(s, tau_mem, tau_syn)
        assert value == pytest.approx(response(s, tau_mem, tau_syn), rel=1e-6)
        h = 1e-5
        mem = response(s, tau_mem * np.exp(h), tau_syn) - response(s, tau_mem * np.exp(-h), tau_syn)
        syn = response(s, tau_mem, tau_syn * np.exp(h)) - response(s, tau_mem, tau_syn * np.exp(-h))
        assert by_mem == pytest.approx(mem / (2 * h), rel=1e-4, abs=1e-7)
        assert by_syn == pytest.approx(syn / (2 * h), rel=1e-4, abs=1e-7)


def test_bad_input_is_refused():
    model = load_chip("brainscales2")
    chip = EmulatedChip(model, (20, 2), (0,))
    with pytest.raises(InputError) as caught:
        calibrate_chip(chip, model, seed=-1, rounds=0, n_batches=3, n_samples=1)
    assert all(name in str(caught.value) for name in ("seed", "rounds", "n_batches", "n_samples"))
    with pytest.raises(InputError, match="even"):
        calibrate_chip(chip, model, seed=0, n_batches=9)
    with pytest.raises(InputError, match=r"sizes\[0\].*at least"):
        calibrate_chip(EmulatedChip(model, (2, 1), (0,)), model, seed=0)


def test_lasers_are_refused():
    class Lasers:
        description = Description("lasers", "lasers", (3,))

        def run(self, parameters, inputs):
            raise AssertionError

    with pytest.raises(InputError, match="'lif'"):
        calibrate_chip(Lasers(), load_chip("brainscales2"), seed=0)


def test_an_unknown_quantity_is_refused(calibrated):
    with pytest.raises(InputError, match="tau_mem"):
        calibrated[1].spread("conductance", calibrated=True)
