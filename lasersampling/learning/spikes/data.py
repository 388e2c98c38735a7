"""The labelled spikes that recipes and commands give in `data`, by name or place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from lasersampling.datasets.event_files import load_event_files, part_files
from lasersampling.datasets.idx import has_idx
from lasersampling.datasets.mnist import mnist_spikes
from lasersampling.datasets.picture_spikes import digits_spikes, picture_spikes
from lasersampling.datasets.sources import load_pictures
from lasersampling.datasets.spike_files import holds_events, load_events, load_spikes
from lasersampling.datasets.spikes import AnyData, EventData, StoredEventData
from lasersampling.datasets.timing import (
    SIGNAL_SIZES,
    WORD_SIZES,
    Coincidences,
    Intervals,
    Signals,
    Words,
    coincidences,
    in_parts,
    intervals,
    signals,
    words,
)
from lasersampling.datasets.yin_yang import yin_yang_spikes
from lasersampling.errors import InputError
from lasersampling.learning.spikes.parts import EventFileSettings
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.paths import expanded, suffix_of

_NAMED: Mapping[str, Callable[[], AnyData]] = {
    "yin_yang": yin_yang_spikes,
    "digits": digits_spikes,
    "mnist16": lambda: mnist_spikes(side=16),
    "mnist28": lambda: mnist_spikes(side=28),
    "intervals": lambda: in_parts(intervals, Intervals()),
    "coincidences": lambda: in_parts(coincidences, Coincidences()),
    "words": lambda: in_parts(words, Words(), WORD_SIZES),
    "mnist_1d": lambda: in_parts(signals, Signals(), SIGNAL_SIZES),
}
"""Data sets that come with this library, and what loads them."""

_IN_FILES = {"shd": "shd_train.h5", "ssc": "ssc_train.h5"}
"""Data sets that the user has to have, and their training files."""

_EVENT_FILES = (".h5", ".hdf5")


def load_data(name: str, event_files: EventFileSettings | None = None) -> AnyData:
    """Load labelled spike times by their name.

    Each data set has a training, a validation and a test part, which share no sample; choices are
    made by the validation part alone.

    Parameters
    ----------
    name : str
        ``yin_yang``; ``digits``, ``mnist16`` or ``mnist28``, whose bright pixels spike early; a
        task of docs/timing_tasks.md: ``intervals``, ``coincidences``, ``words``, ``mnist_1d``; a
        folder of MNIST's own files (IDX), a tenth of whose training part is held out to validate;
        a file ``.npz``, see `load_spikes` and `load_events`; or the training file (``.h5``) of the
        Spiking Heidelberg Digits or Speech Commands, see `load_event_files`. ``shd`` and ``ssc``
        are ``shd_train.h5`` and ``ssc_train.h5`` in the working directory.
    event_files : EventFileSettings, optional
        How such files are read.

    Raises
    ------
    InputError
        If there are no such data, and for settings of files that are missing or not needed.

    Examples
    --------
    >>> from lasersampling.learning.spikes import load_data
    >>> data = load_data("digits")
    >>> len(data.train), len(data.validation), len(data.test)
    (1287, 150, 360)
    """
    path = expanded(whole_name(name))
    if suffix_of(path) in _EVENT_FILES:
        if event_files is None:
            expected = "settings of files, with the duration of a tau_syn in seconds"
            raise InputError.single("event_files.time_unit_s", "nothing", expected)
        own = event_files
        speakers, seed = own.validation_speakers, own.speaker_seed
        return load_event_files(path, own.reading, validation_speakers=speakers, seed=seed)
    if event_files is not None:
        raise InputError.single("event_files", "settings", f"none with the data {name!r}")
    if name in _NAMED:
        return _NAMED[name]()
    if suffix_of(name) == ".npz":
        return load_events(path) if holds_events(path) else load_spikes(path)
    if path.is_dir() and has_idx(path):
        return picture_spikes(load_pictures(path, binarise="none"))
    others = "a file .npz or .h5, or a folder of MNIST's own files (IDX)"
    expected = f"{', '.join([*_NAMED, *_IN_FILES])}, {others}"
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
    data, n = load_data(recipe.data, recipe.event_files), recipe.train_samples
    if n is None:
        return data
    if n > len(data.train):
        expected = f"at most {len(data.train)}, as there are"
        raise InputError.single("train_samples", f"{n}", expected)
    chosen = np.arange(n)
    if isinstance(data, EventData):
        return dataclasses.replace(data, train=data.train.chosen(chosen))
    if isinstance(data, StoredEventData):
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
    place = _IN_FILES.get(name, name)
    is_place = suffix_of(place) in (".npz", *_EVENT_FILES) or expanded(place).is_dir()
    if name in _NAMED or not is_place:
        return name
    return str(expanded(place).absolute())


def files_of(name: str) -> list[str]:
    """Return the files that hold data, which nothing may replace.

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
    >>> from lasersampling.learning.spikes.data import files_of
    >>> files_of("/data/mine.npz"), files_of("/data/shd_train.h5")
    (['/data/mine.npz'], ['/data/shd_train.h5', '/data/shd_test.h5'])
    """
    place = whole_name(name)
    if suffix_of(place) not in _EVENT_FILES:
        return [place]
    return [str(path) for path in part_files(place).values()]
