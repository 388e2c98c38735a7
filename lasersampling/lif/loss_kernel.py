"""Losses of first spikes together with their derivatives, in one compiled pass.

The losses are those of `losses`, where their equations stand.
"""

from __future__ import annotations

import math

import numpy as np

from lasersampling.compiling import njit

__all__ = ["cross_entropy", "difference"]


@njit(cache=True, nogil=True)
def difference(spikes, labels, absent, settings, loss, slopes):
    """Write `losses.time_difference` and its derivatives.

    Parameters
    ----------
    spikes : array (member, sample, class)
        Spike times, inf for none [tau_syn].
    labels : array of int64 (member, sample)
        The right classes.
    absent : array (member, sample, class)
        Times that stand for absent spikes [tau_syn].
    settings : (float,)
        The separation [tau_syn].
    loss : array (member,)
        Zeros on entry; gets the loss.
    slopes : array, shape of `spikes`
        Zeros on entry; gets its derivatives by the spike times [1/tau_syn].

    Returns
    -------
    bool
        Whether labels and times fit the spikes; otherwise nothing is written.
    """
    if not _fits(spikes, labels, absent):
        return False
    (separation,) = settings
    n_members, n_samples, n_classes = spikes.shape
    for e in range(n_members):
        for b in range(n_samples):
            label = labels[e, b]
            own = spikes[e, b, label]
            learns = own < math.inf
            if not learns:
                own = absent[e, b, label]
            for n in range(n_classes):
                if n == label:
                    continue
                time = spikes[e, b, n]
                error = (time if time < math.inf else absent[e, b, n]) - own - separation
                loss[e] += 0.5 * error * error / n_samples
                if learns and time < math.inf:
                    slopes[e, b, n] += error / n_samples
                    slopes[e, b, label] -= error / n_samples
    return True


@njit(cache=True, nogil=True)
def cross_entropy(spikes, labels, absent, settings, loss, slopes):
    """Write `losses.first_spike_cross_entropy` and its derivatives.

    Parameters
    ----------
    spikes, labels, absent, loss, slopes
        See `difference`.
    settings : (float, float)
        The temperature [tau_syn] and the weight of late decisions [1].

    Returns
    -------
    bool
        See `difference`.
    """
    if not _fits(spikes, labels, absent):
        return False
    temperature, late_weight = settings
    n_members, n_samples, n_classes = spikes.shape
    chances = np.empty(n_classes)
    for e in range(n_members):
        for b in range(n_samples):
            label, first = labels[e, b], math.inf
            for n in range(n_classes):
                first = min(first, spikes[e, b, n], absent[e, b, n])
            total = 0.0
            for n in range(n_classes):
                time = min(spikes[e, b, n], absent[e, b, n])
                chances[n] = math.exp((first - time) / temperature)
                total += chances[n]
            own = min(spikes[e, b, label], absent[e, b, label])
            loss[e] += ((own - first) / temperature + math.log(total)) / n_samples
            if late_weight != 0.0:
                loss[e] += late_weight * math.expm1(own) / n_samples
            if spikes[e, b, label] == math.inf:
                continue  # nothing is learned from a sample whose neuron is silent
            for n in range(n_classes):
                if spikes[e, b, n] < math.inf:
                    slopes[e, b, n] -= chances[n] / total / temperature / n_samples
            slopes[e, b, label] += 1.0 / temperature / n_samples
            if late_weight != 0.0:
                slopes[e, b, label] += late_weight * math.exp(own) / n_samples
    return True


@njit(cache=True, nogil=True)
def _fits(spikes, labels, absent):
    """Whether labels are classes, and times of absent spikes finite and behind all spikes."""
    n_members, n_samples, n_classes = spikes.shape
    for e in range(n_members):
        for b in range(n_samples):
            if not 0 <= labels[e, b] < n_classes:
                return False
            for n in range(n_classes):
                if not abs(absent[e, b, n]) < math.inf:
                    return False
                if absent[e, b, n] < spikes[e, b, n] < math.inf:
                    return False
    return True
