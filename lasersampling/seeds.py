"""Seeds and random streams that follow from another seed."""

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


def streams_of_chains(seed: int, chains: range) -> list[np.random.SeedSequence]:
    """Random streams of some chains; each depends on the seed and the number of its chain only.

    Parameters
    ----------
    seed : int
        Seed of all chains.
    chains : range
        Numbers of consecutive chains.

    Examples
    --------
    >>> few, all_of_them = streams_of_chains(7, range(2, 4)), streams_of_chains(7, range(5))
    >>> [stream.spawn_key for stream in few] == [stream.spawn_key for stream in all_of_them[2:4]]
    True
    """
    return np.random.SeedSequence(seed, n_children_spawned=chains.start).spawn(len(chains))
