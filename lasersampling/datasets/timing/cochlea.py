"""A cochlea model: gammatone filters, rectification, compression, hair cells that fire.

Centre frequencies are equally spaced on the scale of equivalent rectangular bandwidths (Glasberg &
Moore 1990), the filters are those of Slaney (1993) as SciPy has them, and intensities are
compressed by a power law. A hair cell with its nerve fibre is a leaky integrate-and-fire neuron.
Its gain is set anew for each sound and each channel, so that it fires a given number of spikes: a
slow adaptation that hides how loud a channel was and leaves when it was loud.

References
----------
Glasberg & Moore, "Derivation of auditory filter shapes from notched-noise data", Hearing Research
47 (1990) 103.

Slaney, "An efficient implementation of the Patterson-Holdsworth auditory filter bank", Apple
Computer Technical Report 35 (1993).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import gammatone, lfilter

COMPRESSION = 0.3
"""Exponent of the power law [1]."""

MEMBRANE_S = 0.01
"""Time constant of hair cells [s]."""

FRAME_S = 0.001
"""Time over which intensities are averaged [s]."""

_HALVINGS = 8
"""Steps of the search for a gain."""


def erb_spaced(lowest_hz: float, highest_hz: float, n_channels: int) -> NDArray[np.float64]:
    """Return frequencies equally spaced in equivalent rectangular bandwidths [Hz].

    Parameters
    ----------
    lowest_hz, highest_hz : float
        The first and the last frequency.
    n_channels : int
        Their number.

    Examples
    --------
    >>> erb_spaced(100.0, 1000.0, 3).round()
    array([ 100.,  407., 1000.])
    """
    first, last = (21.4 * math.log10(1.0 + 0.00437 * edge) for edge in (lowest_hz, highest_hz))
    spaced: NDArray[np.float64] = np.linspace(first, last, n_channels)
    return (10.0 ** (spaced / 21.4) - 1.0) / 0.00437


def intensities(
    sound: NDArray[np.float64], centres_hz: NDArray[np.float64], rate_hz: float
) -> NDArray[np.float64]:
    """Return compressed intensities of the channels in frames of `FRAME_S`.

    Parameters
    ----------
    sound : ndarray of float64, shape (sample, time)
        Pressure, in any unit.
    centres_hz : ndarray of float64, shape (channel,)
        Centre frequencies of the filters.
    rate_hz : float
        Sampling rate of the sound.

    Returns
    -------
    ndarray of float64, shape (sample, channel, frame)
        Compressed mean of the half-wave rectified output of each filter.
    """
    per_frame = round(rate_hz * FRAME_S)
    n_frames = sound.shape[1] // per_frame
    found = np.empty((len(sound), len(centres_hz), n_frames))
    for channel, centre in enumerate(centres_hz):
        vibration = lfilter(*gammatone(centre, "iir", fs=rate_hz), sound)
        rectified = np.maximum(vibration[:, : n_frames * per_frame], 0.0)
        found[:, channel] = rectified.reshape(len(sound), n_frames, per_frame).mean(axis=2)
    return found**COMPRESSION


def hair_cell_spikes(intensity: NDArray[np.float64], n_spikes: int) -> NDArray[np.float64]:
    """Return spikes of hair cells whose gain is such that each fires so many.

    tau dV/dt = gain u - V, with a spike and V = 0 at the end of the frame in which V reaches 1. The
    gain is the smallest, to half a percent, at which there are as many spikes; of more the first
    are taken.

    Parameters
    ----------
    intensity : ndarray of float64, shape (cell, frame)
        Input u of the cells, above 0 somewhere.
    n_spikes : int
        Number of spikes of each.

    Returns
    -------
    ndarray of float64, shape (cell, spike)
        Spike times, in order, whole numbers of frames [s].

    Examples
    --------
    >>> import numpy as np
    >>> hair_cell_spikes(np.array([[0.0] * 20 + [1.0] * 20]), 2).round(4)
    array([[0.03, 0.04]])
    """
    drive = np.ascontiguousarray(intensity.T)
    # Without a leak this gain gives so many spikes less one at most, so it is too low with it.
    low = n_spikes * MEMBRANE_S / (FRAME_S * drive.sum(axis=0))
    high = 2.0 * low
    while (few := _fired(drive, high, n_spikes)[0] < n_spikes).any():
        low, high = np.where(few, high, low), np.where(few, 2.0 * high, high)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        few = _fired(drive, middle, n_spikes)[0] < n_spikes
        low, high = np.where(few, middle, low), np.where(few, high, middle)
    return _fired(drive, high, n_spikes)[1].T


def _fired(
    drive: NDArray[np.float64], gain: NDArray[np.float64], n_spikes: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Numbers of spikes up to `n_spikes`, and their times (spike, cell) [s]."""
    keep = np.exp(-FRAME_S / MEMBRANE_S)
    n_cells = drive.shape[1]
    count = np.zeros(n_cells, dtype=np.int64)
    times = np.zeros((n_spikes + 1, n_cells))
    voltage = np.zeros(n_cells)
    cells = np.arange(n_cells)
    for frame, own in enumerate(drive):
        voltage = keep * voltage + (1.0 - keep) * gain * own
        where = cells[voltage >= 1.0]
        if len(where):
            times[np.minimum(count[where], n_spikes), where] = (frame + 1) * FRAME_S
            count[where] += 1
            voltage[where] = 0.0
    return np.minimum(count, n_spikes), times[:n_spikes]
