"""The labelled spikes that recipes and commands give in `data`, by name or place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from lasersampling.datasets.idx import has_idx
from lasersampling.datasets.mnist import mnist_spikes
from lasersampling.datasets.picture_spikes import digits_spikes, picture_spikes
from lasersampling.datasets.sources import load_pictures
from lasersampling.datasets.spike_files import holds_events, load_events, load_spikes
from lasersampling.datasets.spikes import AnyData, EventData
from lasersampling.datasets.yin_yang import yin_yang_spikes
from lasersampling.errors import InputError
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.paths import expanded, suffix_of

_NAMED: Mapping[str, Callable[[], AnyData]] = {
    "yin_yang": yin_yang_spikes,
    "digits": digits_spikes,
    "mnist16": lambda: mnist_spikes(side=16),
    "mnist28": lambda: mnist_spikes(side=28),
}
"""Data sets that come with this library, and what loads them."""


def load_data(name: str) -> AnyData:
    """Load labelled spike times by their name.

    Each data set has a training, a validation and a test part, which share no sample; choices are
    made by the validation part alone.

    Parameters
    ----------
    name : str
        ``yin_yang``; ``digits``, ``mnist16`` or ``mnist28``, whose bright pixels spike early; a
        folder of MNIST's own files (IDX), a tenth of whose training part is held out to validate;
        or a file ``.npz``, see `load_spikes` and `load_events`.

    Raises
    ------
    InputError
        If there are no such data.

    Examples
    --------
    >>> from lasersampling.learning.spikes import load_data
    >>> data = load_data("digits")
    >>> len(data.train), len(data.validation), len(data.test)
    (1287, 150, 360)
    """
    if name in _NAMED:
        return _NAMED[name]()
    path = expanded(name)
    if suffix_of(name) == ".npz":
        return load_events(path) if holds_events(path) else load_spikes(path)
    if path.is_dir() and has_idx(path):
        return picture_spikes(load_pictures(path, binarise="none"))
    expected = f"{', '.join(_NAMED)}, a file .npz, or a folder of MNIST's own files (IDX)"
    raise InputError.single("data", repr(name), expected)


def data_of(recipe: ClassifyRecipe) -> AnyData:
    """Load the data of a recipe, with as many training samples as it says.

    Parameters
    ----------
    recipe : ClassifyRecipe
        The recipe.

    Raises
    ------
    InputError
        If there are no such data, or fewer training samples.

    Examples
    --------
    >>> from lasersampling.learning.spikes import ClassifyRecipe, data_of
    >>> len(data_of(ClassifyRecipe(data="yin_yang", train_samples=500)).train)
    500
    """
    data, n = load_data(recipe.data), recipe.train_samples
    if n is None:
        return data
    if n > len(data.train):
        expected = f"at most {len(data.train)}, as there are"
        raise InputError.single("train_samples", f"{n}", expected)
    chosen = np.arange(n)
    if isinstance(data, EventData):
        return dataclasses.replace(data, train=data.train.chosen(chosen))
    return dataclasses.replace(data, train=data.train.chosen(chosen))


def whole_name(name: str) -> str:
    """Return a name of data with the whole path of a file or folder, to find it from anywhere.

    Parameters
    ----------
    name : str
        See `load_data`.

    Raises
    ------
    InputError
        If no file can have this name.

    Examples
    --------
    >>> from lasersampling.learning.spikes.data import whole_name
    >>> whole_name("yin_yang"), whole_name("/data/mine.npz")
    ('yin_yang', '/data/mine.npz')
    """
    if name in _NAMED or not (suffix_of(name) == ".npz" or expanded(name).is_dir()):
        return name
    return str(expanded(name).absolute())
