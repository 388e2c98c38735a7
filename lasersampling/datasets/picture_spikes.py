"""Pictures as spikes, in three parts: bright pixels spike early, dark ones not at all."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import kind_problems, memory_problems, refuse
from lasersampling.config import Probability, validated
from lasersampling.config.ranges import Time, TimeFromZero
from lasersampling.datasets.digits import load_digits
from lasersampling.datasets.pictures import UNLABELLED, Pictures
from lasersampling.datasets.spikes import (
    EARLIEST,
    LATEST,
    SpikeData,
    SpikeSet,
    as_spike_times,
    held_out,
)
from lasersampling.errors import InputError

_N_VALIDATION = 150
_HELD_OUT_OF = 10


@validated
class Encoding:
    """How the brightness of a pixel becomes a spike time.

    A pixel of brightness b spikes at earliest + (latest - earliest) (1 - b), or not at all.

    Attributes
    ----------
    earliest, latest : float
        Spike times of full brightness and of none [tau_syn].
    darkest : float
        Pixels of at most this brightness do not spike [1].

    Raises
    ------
    InputError
        For numbers out of range, and times that are not in order.

    Examples
    --------
    >>> from lasersampling.datasets import Encoding
    >>> encoding = Encoding(earliest=0.0, latest=2.0)
    >>> times = encoding.times([1.0, 0.5, 0.05])
    >>> times, encoding.brightness(times)
    (array([ 0.,  1., inf]), array([1. , 0.5, 0. ]))
    """

    earliest: TimeFromZero = EARLIEST
    latest: Time = LATEST
    darkest: Probability = 0.1

    def __post_init__(self) -> None:
        if self.latest <= self.earliest:
            expected = f"a number above earliest, {self.earliest:g}"
            raise InputError.single("latest", f"{self.latest:g}", expected)

    def times(self, brightness: ArrayLike) -> NDArray[np.float64]:
        """Return spike times of pixels [tau_syn].

        Parameters
        ----------
        brightness : array_like
            From 0 (black) to 1 (white).
        """
        darkness = 1.0 - np.asarray(brightness, dtype=np.float64)
        return as_spike_times(darkness, self.earliest, self.latest, absent_from=1.0 - self.darkest)

    def brightness(self, times: ArrayLike) -> NDArray[np.float64]:
        """Return what spike times say about the brightness: 0 for absent ones [1].

        Parameters
        ----------
        times : array_like
            Results of `times` [tau_syn].
        """
        late = (np.asarray(times, dtype=np.float64) - self.earliest) / (self.latest - self.earliest)
        return np.where(np.isfinite(late), np.clip(1.0 - late, 0.0, 1.0), 0.0)


@dataclass(frozen=True, eq=False)
class EncodedPictures(SpikeSet):
    """Spike times that stand for the pixels of pictures, so that pictures can be varied.

    Attributes
    ----------
    shape : tuple of two int
        Rows and columns of a picture.
    encoding : Encoding
        How brightness became spike times.

    Raises
    ------
    InputError
        As `SpikeSet`, and if there is not one input for each pixel.

    Examples
    --------
    >>> from lasersampling.datasets import EncodedPictures, Encoding
    >>> encoding = Encoding(earliest=0.0, latest=2.0)
    >>> EncodedPictures(encoding.times([[1.0, 0.5]]), [0], (1, 2), encoding).times
    array([[0., 1.]])
    """

    shape: tuple[int, int]
    encoding: Encoding

    def __post_init__(self) -> None:
        super().__post_init__()
        rows, columns = self.shape
        if rows * columns != self.n_inputs:
            expected = f"{rows * columns}, one for each of {rows} x {columns} pixels"
            raise InputError.single("times", f"{self.n_inputs} inputs", expected)

    def chosen(self, places: NDArray[np.int64]) -> EncodedPictures:
        """Return some of the pictures; see `SpikeSet.chosen`."""
        return EncodedPictures(self.times[places], self.labels[places], self.shape, self.encoding)


def picture_spikes(
    pictures: Pictures,
    *,
    n_validation: int | None = None,
    earliest: float = EARLIEST,
    latest: float = LATEST,
    darkest: float = 0.1,
    seed: int = 0,
) -> SpikeData:
    """Return pictures as spike times, with a validation part that is split from the training part.

    The test part is the one of the pictures, untouched: nothing may be chosen by it.

    Parameters
    ----------
    pictures : Pictures
        Labelled pictures.
    n_validation : int, optional
        Number of training pictures that are held out to choose by, balanced over classes; a tenth
        by default.
    earliest, latest : float
        Spike times of full brightness and of none [tau_syn].
    darkest : float
        Pixels of at most this brightness do not spike [1].
    seed : int
        Seed of the division.

    Raises
    ------
    InputError
        For pictures without labels, sizes that do not fit, and times that are not in order.

    Examples
    --------
    >>> from lasersampling.datasets import load_digits, picture_spikes
    >>> data = picture_spikes(load_digits(binarise="none"), n_validation=150)
    >>> len(data.train), len(data.validation), len(data.test)
    (1287, 150, 360)
    """
    refuse(kind_problems("pictures", pictures, Pictures))
    if not pictures.class_names or (pictures.train_labels == UNLABELLED).any():
        raise InputError.single("pictures", "pictures without labels", "one label for each")
    n_all = len(pictures.train_labels) + len(pictures.test_labels)
    refuse(memory_problems("pictures", (n_all, *pictures.shape), 32))
    encoding = Encoding(earliest, latest, darkest)
    whole, test = (
        EncodedPictures(encoding.times(images), labels, pictures.shape, encoding)
        for images, labels in (
            (pictures.train_images, pictures.train_labels),
            (pictures.test_images, pictures.test_labels),
        )
    )
    n_held = max(1, len(whole) // _HELD_OUT_OF) if n_validation is None else n_validation
    train, validation = held_out(whole, n_held, seed)
    return SpikeData(train, validation, test, pictures.class_names)


def digits_spikes(*, encoding: Encoding | None = None, seed: int = 0) -> SpikeData:
    """Return the 8 x 8 digits as spikes: 1,287 to train, 150 to choose by and 360 to test.

    Parameters
    ----------
    encoding : Encoding, optional
        How brightness becomes spike times.
    seed : int
        Seed of both divisions; the test part is that of `load_digits`.

    Examples
    --------
    >>> from lasersampling.datasets import digits_spikes
    >>> digits_spikes().n_inputs
    64
    """
    own = Encoding() if encoding is None else encoding
    digits = load_digits(binarise="none", seed=seed)
    return picture_spikes(digits, n_validation=_N_VALIDATION, seed=seed, **asdict(own))
