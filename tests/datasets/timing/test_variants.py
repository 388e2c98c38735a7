from typing import Any, cast

import numpy as np
import pytest

from lasersampling.datasets.timing import (
    coincidence_oracle,
    coincidences,
    interval_oracle,
    intervals,
    jittered,
    reversed_in_time,
)
from lasersampling.datasets.timing.parts import as_times
from lasersampling.errors import InputError


def test_backward_twice_is_forward():
    part = coincidences(50, 1)
    once = reversed_in_time(part)
    assert np.allclose(as_times(reversed_in_time(once)), as_times(part))
    ends = part.time.min() + part.time.max()
    assert np.allclose(as_times(once), ends - as_times(part)[:, :, ::-1])
    assert np.array_equal(once.counts(), part.counts())
    assert np.array_equal(once.labels, part.labels)


def test_intervals_are_the_same_backward_and_orders_are_not():
    part = intervals(300, 2)
    decided = interval_oracle(part)
    assert np.array_equal(interval_oracle(reversed_in_time(part)), decided)
    part = coincidences(300, 2)
    # 0 6 12 becomes 12 6 0 and so on: each class becomes another one.
    assert (coincidence_oracle(reversed_in_time(part)) == part.labels).mean() < 0.02


def test_jitter_has_its_size_and_makes_oracles_worse():
    part = intervals(2000, 2)
    same, noisy = jittered(part, 0.0), jittered(part, 2.0, 3)
    assert np.array_equal(same.time, part.time)
    apart = as_times(jittered(part, 0.1, 3)) - as_times(part)
    # 16,000 spikes: standard error of the standard deviation 0.6 %.
    assert apart.std() == pytest.approx(0.1, rel=0.03)
    assert noisy.time.min() >= 0
    assert np.array_equal(noisy.counts(), part.counts())
    assert (interval_oracle(noisy) == part.labels).mean() < 0.8


def test_wrong_arguments_are_refused():
    part, wrong = intervals(5, 0), cast(Any, 3)
    with pytest.raises(InputError, match="std: got -1"):
        jittered(part, -1.0)
    with pytest.raises(InputError, match="part: got int"):
        reversed_in_time(wrong)
