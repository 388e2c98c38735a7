"""Chip models: what is shipped, and the conversion to the chip's own units."""

import numpy as np
import pytest

from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.hardware import ChipModel, chip_names, load_chip
from lasersampling.lif.chips.imperfect import KNOWN


def test_shipped_models():
    assert set(chip_names()) >= {"brainscales2", "ideal", "harsh"}
    for name in chip_names():
        model = load_chip(name)
        assert model.description
        assert set(model.imperfections.active()) <= KNOWN
    assert load_chip("ideal").imperfections.is_none
    chip = load_chip("brainscales2")
    assert chip.neuron == load_chip("ideal").neuron
    threshold = chip.imperfections.threshold
    assert (threshold.mismatch.mean, threshold.mismatch.std, threshold.trial.std) == (
        0.13,
        0.08,
        0.04,
    )
    assert chip.imperfections.delay.sample.std == 0.01
    # All that can go wrong does in the harsh one, and it wanders slowly.
    missing = KNOWN - set(load_chip("harsh").imperfections.active())
    assert not {name for name in missing if name.endswith("mismatch") or "spikes" in name}


def test_models_are_read_back_as_written(tmp_path):
    for name in chip_names():
        path = tmp_path / "mine.toml"
        path.write_text(to_toml(load_chip(name)))
        assert load_chip(path) == load_chip(name)


def test_units_of_the_chip_and_back():
    chip = load_chip("brainscales2")
    times = np.array([0.0, 1.5, np.inf])
    assert chip.times_us(times).tolist() == [0.0, 9.0, np.inf]
    assert np.array_equal(chip.from_times_us(chip.times_us(times)), times)
    # 6 bits and a sign: 63 steps each way, what is larger is cut off.
    codes = chip.digital_weights([2.1, -2.1, 5.0, 0.0, 0.049, -0.051])
    assert codes.tolist() == [63, -63, 63, 0, 1, -2]
    assert np.array_equal(chip.digital_weights(chip.from_digital_weights(codes)), codes)
    assert chip.from_digital_weights(np.arange(-63, 64)).tolist() == pytest.approx(
        np.linspace(-2.1, 2.1, 127).tolist()
    )
    harsh = load_chip("harsh")
    assert harsh.digital_delays([0.0, 0.06, 1.0]).tolist() == [0, 1, 20]
    assert harsh.from_digital_delays([20]).tolist() == [1.0]
    assert chip.sample_period_ns == 20.0 * 6000.0


def test_problems_of_a_model_are_all_told(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("tau_syn_us = -1\nprogrammable = ['mood']\n[neuron]\nthreshold = -1.0\n")
    with pytest.raises(InputError) as error:
        load_chip(path)
    found = " ".join(problem.where for problem in error.value.problems)
    for key in ("tau_syn_us", "programmable", "neuron.threshold"):
        assert key in found
    with pytest.raises(InputError, match="brainscales2"):
        load_chip("no such")
    assert ChipModel().imperfections.is_none


@pytest.mark.parametrize("value", [1e300, -1e12, np.nan, np.inf])
def test_codes_that_no_chip_has_are_refused(value):
    model = ChipModel(weight_unit=1e-3, delay_unit=1e-3)
    for codes in (model.digital_weights, model.digital_delays):
        with pytest.raises(InputError, match="values: got"):
            codes([0.0, value])
