"""An independent way to a first spike: the voltage as a plain sum, scanned and bisected."""

import itertools

import numpy as np
import pytest
from scipy.optimize import brentq


def kernel(s, tau_mem, tau_syn):
    s = np.maximum(s, 0.0)
    if tau_mem == tau_syn:
        return s / tau_mem * np.exp(-s / tau_mem)
    decays = np.exp(-s / tau_mem) - np.exp(-s / tau_syn)
    return tau_syn / (tau_mem - tau_syn) * decays


def by_root_finding(arrivals, weights, gap, tau_mem, tau_syn, points=4000):
    """First time at which the voltage of one neuron rises above threshold."""
    present = np.isfinite(arrivals)
    arrivals, weights = arrivals[present], weights[present]
    if arrivals.size == 0:
        return np.inf

    def excess(t):
        return weights @ kernel(np.asarray(t) - arrivals[:, None], tau_mem, tau_syn) - gap

    edges = np.unique(np.append(arrivals, arrivals.max() + 40.0 * max(tau_mem, tau_syn)))
    for start, stop in itertools.pairwise(edges):
        grid = np.linspace(start, stop, points)
        above = np.flatnonzero(excess(grid) > 0)
        if above.size:
            k = above[0]
            if k == 0:
                return start
            return brentq(lambda t: excess([t])[0], grid[k - 1], grid[k], xtol=1e-14, rtol=1e-15)
    return np.inf


@pytest.fixture
def root_finding():
    return by_root_finding
