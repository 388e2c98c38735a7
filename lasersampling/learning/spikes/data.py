"""The labelled spikes that recipes and commands give in `data`, by name or place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import asdict

import numpy as np

from lasersampling.checks import refuse
from lasersampling.datasets.event_files import load_event_files, part_files
from lasersampling.datasets.idx import has_idx
from lasersampling.datasets.mnist import mnist_spikes
from lasersampling.datasets.picture_spikes import Encoding, digits_spikes, picture_spikes
from lasersampling.datasets.sources import load_pictures
from lasersampling.datasets.spike_files import holds_events, load_events, load_spikes
from lasersampling.datasets.spikes import AnyData, EventData, SpikeData, StoredEventData
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
from lasersampling.errors import InputError, Problem
from lasersampling.learning.spikes.parts import EventFileSettings
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.paths import expanded, suffix_of

_PICTURES: Mapping[str, Callable[[Encoding], SpikeData]] = {
    "digits": lambda own: digits_spikes(encoding=own),
    "mnist16": lambda own: mnist_spikes(side=16, **asdict(own)),
    "mnist28": lambda own: mnist_spikes(side=28, **asdict(own)),
}
"""Pictures that come with this library or its extras, and what encodes them."""

_NAMED: Mapping[str, Callable[[], AnyData]] = {
    "yin_yang": yin_yang_spikes,
    "intervals": lambda: in_parts(intervals, Intervals()),
    "coincidences": lambda: in_parts(coincidences, Coincidences()),
    "words": lambda: in_parts(words, Words(), WORD_SIZES),
    "mnist_1d": lambda: in_parts(signals, Signals(), SIGNAL_SIZES),
}
"""Data sets that come with this library, and what loads them."""

_IN_FILES = {"shd": "shd_train.h5", "ssc": "ssc_train.h5"}
"""Data sets that the user has to have, and their training files."""

_EVENT_FILES = (".h5", ".hdf5")


def load_data(
    name: str,
    event_files: EventFileSettings | None = None,
    encoding: Encoding | None = None,
) -> AnyData:
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
    encoding : Encoding, optional
        How the brightness of pixels becomes spike times.

    Raises
    ------
    InputError
        If there are no such data, for settings of files that are missing or not needed, and for an
        encoding of data that are not pictures.

    Examples
    --------
    >>> from lasersampling.learning.spikes import load_data
    >>> data = load_data("digits")
    >>> len(data.train), len(data.validation), len(data.test)
    (1287, 150, 360)
    """
    path = expanded(whole_name(name))
    if suffix_of(path) in _EVENT_FILES:
        refuse(_encoding_problems(name, encoding))
        if event_files is None:
            expected = "settings of files, with the duration of a tau_syn in seconds"
            raise InputError.single("event_files.time_unit_s", "nothing", expected)
        own = event_files
        speakers, seed = own.validation_speakers, own.speaker_seed
        return load_event_files(path, own.reading, validation_speakers=speakers, seed=seed)
    if event_files is not None:
        raise InputError.single("event_files", "settings", f"none with the data {name!r}")
    if name in _PICTURES:
        return _PICTURES[name](Encoding() if encoding is None else encoding)
    if path.is_dir() and has_idx(path):
        encoded = asdict(Encoding() if encoding is None else encoding)
        return picture_spikes(load_pictures(path, binarise="none"), **encoded)
    refuse(_encoding_problems(name, encoding))
    if name in _NAMED:
        return _NAMED[name]()
    if suffix_of(name) == ".npz":
        return load_events(path) if holds_events(path) else load_spikes(path)
    known = dict.fromkeys(["yin_yang", *_PICTURES, *_NAMED, *_IN_FILES])
    others = "a file .npz or .h5, or a folder of MNIST's own files (IDX)"
    expected = f"{', '.join(known)}, {others}"
    raise InputError.single("data", repr(name), expected)


def _encoding_problems(name: str, encoding: Encoding | None) -> list[Problem]:
    if encoding is None:
        return []
    return [Problem("encoding", "settings", f"none with the data {name!r}, which are no pictures")]


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
    data = load_data(recipe.data, recipe.event_files, recipe.encoding)
    n = recipe.train_samples
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
    if name in _NAMED or name in _PICTURES or not is_place:
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
