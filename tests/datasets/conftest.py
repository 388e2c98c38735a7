import numpy as np
import pytest


@pytest.fixture
def damaged():
    """Copies of a file with one bit flipped, half of them near its beginning, or cut off."""

    def copies(content, n_flipped=40, n_cut=10):
        generator = np.random.default_rng(20240501)
        for k in range(n_flipped):
            copy = bytearray(content)
            copy[generator.integers(len(copy) if k % 2 else min(len(copy), 200))] ^= (
                1 << generator.integers(8)
            )
            yield bytes(copy)
        for _ in range(n_cut):
            yield content[: generator.integers(len(content))]

    return copies
