"""Random numbers for ensembles of networks, one stream for each member."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from lasersampling.checks import integer_problems, refuse, sequence_problems
from lasersampling.errors import InputError
from lasersampling.restoring import RETURNED, STATE, restoring


class Streams:
    """One random stream for each member, so that a member draws the same numbers as alone.

    Parameters
    ----------
    seeds : sequence of int
        One for each member; the same seed gives the same numbers.

    Raises
    ------
    InputError
        If there are none, or one is not a whole number of at least 0.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        refuse(sequence_problems("seeds", seeds, "one whole number for each member"))
        problems = [p for k, s in enumerate(seeds) for p in integer_problems(f"seeds[{k}]", s, 0)]
        if problems:
            raise InputError(problems)
        if len(seeds) == 0:
            raise InputError.single("seeds", "none", "one for each member")
        # Through SeedSequence, since torch accepts no seed of more than 64 bits.
        words = [np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] for seed in seeds]
        self._generators = [torch.Generator("cpu").manual_seed(int(word)) for word in words]

    @property
    def n_members(self) -> int:
        """Number of members."""
        return len(self._generators)

    def normal(self, *shape: int) -> Tensor:
        """Draw standard normal numbers, shape (member, *shape)."""
        return self._drawn(torch.randn, shape)

    def uniform(self, *shape: int) -> Tensor:
        """Draw numbers between 0 and 1, shape (member, *shape)."""
        return self._drawn(torch.rand, shape)

    def permutations(self, n: int) -> Tensor:
        """Draw a permutation of `n` elements for each member, shape (member, n)."""
        return torch.stack([torch.randperm(n, generator=g, device="cpu") for g in self._generators])

    def _drawn(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        """Draw for each member, on the CPU, so that the numbers are the same for every device."""
        return torch.stack(
            [draw(shape, generator=g, dtype=torch.float64, device="cpu") for g in self._generators]
        )

    def state(self) -> Tensor:
        """Return the state of the streams, for `set_state`; shape (member, byte)."""
        return torch.stack([generator.get_state() for generator in self._generators])

    def set_state(self, state: Tensor) -> None:
        """Continue from a state returned by `state`.

        Raises
        ------
        InputError
            For anything else.
        """
        with restoring(STATE, f"{RETURNED} for {self.n_members} members"):
            pairs = list(zip(self._generators, state, strict=True))
            for generator, values in pairs:
                generator.set_state(values.clone())  # torch reads a view from its wrong end
