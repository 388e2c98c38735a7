import numpy as np
import pytest

from lasersampling.datasets import SpikeData, SpikeSet, yin_yang_spikes
from lasersampling.learning.spikes.linear_baseline import linear_accuracy


def test_the_yin_yang_data_cannot_be_told_apart_by_a_line():
    """About 64 % for a linear classifier, as published (Kriener, Göltz, Petrovici 2022)."""
    told: list[float] = []
    accuracy, error = linear_accuracy(yin_yang_spikes(), told.append).mean()
    assert told == [1 / 3, 2 / 3, 1.0]
    assert accuracy == pytest.approx(0.638, abs=3 * error)


def test_it_is_chosen_on_the_validation_part_and_measured_on_the_test_part():
    generator = np.random.default_rng(0)
    labels = np.arange(90) % 3
    times = np.where(np.arange(3) == labels[:, None], 0.2, np.inf)
    good = SpikeSet(times, labels)
    noise = SpikeSet(times, generator.permutation(labels))
    assert linear_accuracy(SpikeData(good, good, good)).mean() == (1.0, 0.0)
    accuracy, error = linear_accuracy(SpikeData(good, good, noise)).mean()
    assert accuracy == pytest.approx(1 / 3, abs=4 * error)
