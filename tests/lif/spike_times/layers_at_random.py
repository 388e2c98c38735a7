"""Layers at random, and spike times of single samples, for the tests of this folder."""

from typing import Literal

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lasersampling.lif import first_spike_times

RATIOS = (1.0, 2.0, 0.4, 1.0 + 1e-7, 1.7, 20.0)
PATHS: tuple[Literal["compiled", "vectorised"], ...] = ("compiled", "vectorised")


def spikes(times, weights, **options):
    """Spike times of one sample, as an array."""
    given_, through = (
        torch.tensor(np.atleast_2d(x), dtype=torch.float64) for x in (times, weights)
    )
    return first_spike_times(given_, through, **options)[0].numpy()


def random_case(seed, n_samples=20, n_pre=9, n_post=7, scale=1.0):
    generator = np.random.default_rng(seed)
    times = generator.uniform(0.0, 3.0, (n_samples, n_pre))
    times[generator.random(times.shape) < 0.1] = np.inf
    weights = scale * generator.normal(0.7, 1.2, (n_post, n_pre))
    delays = generator.uniform(0.0, 1.0, weights.shape)
    return [torch.tensor(array) for array in (times, weights, delays)]


times_and_weights = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(0, 5) | st.just(np.inf)),
        arrays(np.float64, n, elements=st.floats(-4, 8)),
    )
)
