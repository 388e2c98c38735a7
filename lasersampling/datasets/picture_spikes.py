"""Pictures as spikes, in three parts: bright pixels spike early, dark ones not at all."""

from __future__ import annotations

from lasersampling.checks import kind_problems, memory_problems, refuse
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
    train, test = (
        SpikeSet(as_spike_times(1.0 - images, earliest, latest, absent_from=1.0 - darkest), labels)
        for images, labels in (
            (pictures.train_images, pictures.train_labels),
            (pictures.test_images, pictures.test_labels),
        )
    )
    n_held = max(1, len(train) // _HELD_OUT_OF) if n_validation is None else n_validation
    train, validation = held_out(train, n_held, seed)
    return SpikeData(train, validation, test, pictures.class_names)


def digits_spikes(*, seed: int = 0) -> SpikeData:
    """Return the 8 x 8 digits as spikes: 1,287 to train, 150 to choose by and 360 to test.

    Parameters
    ----------
    seed : int
        Seed of both divisions; the test part is that of `load_digits`.

    Examples
    --------
    >>> from lasersampling.datasets import digits_spikes
    >>> digits_spikes().n_inputs
    64
    """
    return picture_spikes(
        load_digits(binarise="none", seed=seed), n_validation=_N_VALIDATION, seed=seed
    )
