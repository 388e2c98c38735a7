"""Seeds that follow from another seed."""

from __future__ import annotations

import numpy as np


def seed_of_piece(seed: int, stream: int, number: int) -> int:
    """Seed of a piece of some work; that of the whole for the first one.

    Parameters
    ----------
    seed : int
        Seed of the whole.
    stream : int
        Tells apart ways to divide work that has one seed.
    number : int
        Number of the piece, from 0.

    Examples
    --------
    >>> seed_of_piece(7, 9, 0), seed_of_piece(7, 9, 1) != seed_of_piece(7, 10, 1)
    (7, True)
    """
    if number == 0:
        return seed
    words = np.random.SeedSequence(seed, spawn_key=(stream, number)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))
