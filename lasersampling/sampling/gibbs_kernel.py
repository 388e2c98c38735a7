"""Compiled Gibbs updates of several chains, one after the other.

Both kernels update in place the states of chains, (chain, unit) int8, and their random generators,
(chain, 4) uint64; after every `n_sweeps` sweeps the states are written to the next place of
`draws`, (chain, draw, unit) int8. They release the GIL, so threads can divide the chains among
them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lasersampling.compiling import njit


@njit(cache=True, inline="always")
def _rotated(word: np.uint64, bits: int) -> np.uint64:
    return (word << np.uint64(bits)) | (word >> np.uint64(64 - bits))


@njit(cache=True, inline="always")
def next_word(generator: NDArray[np.uint64]) -> np.uint64:
    """64 random bits from xoshiro256++ (Blackman and Vigna, ACM TOMS 47 (2021) 36)."""
    word: np.uint64 = _rotated(generator[0] + generator[3], 23) + generator[0]
    shifted = generator[1] << np.uint64(17)
    generator[2] ^= generator[0]
    generator[3] ^= generator[1]
    generator[1] ^= generator[2]
    generator[0] ^= generator[3]
    generator[2] ^= shifted
    generator[3] = _rotated(generator[3], 45)
    return word


@njit(cache=True, inline="always")
def uniform(generator: NDArray[np.uint64]) -> float:
    """Draw a number in [0, 1)."""
    word: np.uint64 = next_word(generator)
    return (word >> np.uint64(11)) * 2.0**-53


@njit(cache=True, inline="always")
def _drawn(field: float, generator: NDArray[np.uint64]) -> np.int8:
    return np.int8(uniform(generator) * (1.0 + math.exp(-field)) < 1.0)


@njit(cache=True, inline="always")
def _add(field: NDArray[np.float64], weights: NDArray[np.float64], sign: float) -> None:
    # A loop, since array expressions in numba cost more than adding some hundred numbers.
    for unit in range(field.size):
        field[unit] += sign * weights[unit]


@njit(cache=True, nogil=True)
def randomise(
    clamped: NDArray[np.int8], states: NDArray[np.int8], generators: NDArray[np.uint64]
) -> None:
    """Set clamped units to their values, and free units (-1) to 0 or 1 with equal chance."""
    for chain in range(states.shape[0]):
        for unit in range(states.shape[1]):
            value = clamped[chain, unit]
            if value < 0:
                value = np.int8(next_word(generators[chain]) >> np.uint64(63))
            states[chain, unit] = value


@njit(cache=True, nogil=True)
def random_scan(
    weights: NDArray[np.float64],
    biases: NDArray[np.float64],
    clamped: NDArray[np.int8],
    states: NDArray[np.int8],
    generators: NDArray[np.uint64],
    draws: NDArray[np.int8],
    n_sweeps: int,
) -> None:
    """Update randomly chosen free units, as many per sweep as there are."""
    n_units = states.shape[1]
    field = np.empty(n_units)
    for chain in range(states.shape[0]):
        state, generator = states[chain], generators[chain]
        free = np.flatnonzero(clamped[chain] < 0)
        n_free = np.uint64(free.size)
        field[:] = biases
        for unit in range(n_units):
            if state[unit]:
                _add(field, weights[unit], 1.0)
        for draw in range(draws.shape[1]):
            for _ in range(n_sweeps * free.size):
                # Upper half of a word times n, and the upper half of that: the bias is at most n /
                # 2**32.
                high = next_word(generator) >> np.uint64(32)
                unit = free[np.int64((high * n_free) >> np.uint64(32))]
                value = _drawn(field[unit], generator)
                if value != state[unit]:
                    state[unit] = value
                    _add(field, weights[unit], 1.0 if value else -1.0)
            draws[chain, draw] = state


@njit(cache=True, nogil=True)
def _redraw_layer(
    biases: NDArray[np.float64],
    rows: NDArray[np.float64],
    clamped: NDArray[np.int8],
    source: NDArray[np.int8],
    layer: NDArray[np.int8],
    field: NDArray[np.float64],
    generator: NDArray[np.uint64],
) -> None:
    """Redraw the free units of one layer; `rows` are weights, (source unit, layer unit)."""
    field[:] = biases
    for unit in range(source.size):
        if source[unit]:
            _add(field, rows[unit], 1.0)
    for unit in range(layer.size):
        if clamped[unit] < 0:
            layer[unit] = _drawn(field[unit], generator)


@njit(cache=True, nogil=True)
def block_scan(
    weights: NDArray[np.float64],
    outer_weights: NDArray[np.float64],
    biases: NDArray[np.float64],
    clamped: NDArray[np.int8],
    states: NDArray[np.int8],
    generators: NDArray[np.uint64],
    draws: NDArray[np.int8],
    n_sweeps: int,
) -> None:
    """Redraw all hidden units, then all others.

    `weights` are (hidden, outer), `outer_weights` their transpose, both contiguous, so that each
    active unit adds one row to the fields of the other layer.
    """
    n_hidden, n_outer = weights.shape
    outer_field, hidden_field = np.empty(n_outer), np.empty(n_hidden)
    outer_biases, hidden_biases = biases[:n_outer], biases[n_outer:]
    for chain in range(states.shape[0]):
        generator, held = generators[chain], clamped[chain]
        outer, hidden = states[chain, :n_outer], states[chain, n_outer:]
        for draw in range(draws.shape[1]):
            for _ in range(n_sweeps):
                _redraw_layer(
                    hidden_biases,
                    outer_weights,
                    held[n_outer:],
                    outer,
                    hidden,
                    hidden_field,
                    generator,
                )
                _redraw_layer(
                    outer_biases, weights, held[:n_outer], hidden, outer, outer_field, generator
                )
            draws[chain, draw] = states[chain]
