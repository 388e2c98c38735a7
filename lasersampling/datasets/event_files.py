"""The Spiking Heidelberg Digits and Speech Commands, from the user's own files."""

from __future__ import annotations

import filecmp
import itertools
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems, kind_problems, refuse
from lasersampling.datasets.spikes import StoredEventData
from lasersampling.datasets.stored_events import EventReading, SpikeFile, StoredEvents
from lasersampling.errors import InputError, LaserSamplingWarning
from lasersampling.paths import expanded

_TRAIN, _VALIDATION, _TEST = "train", "valid", "test"
_SHOWN = 10
"""Number of classes that a message names."""

_WHERE = "Heidelberg's sets are at https://zenkelab.org/datasets, to be unpacked"


def load_event_files(
    path: str | os.PathLike[str],
    reading: EventReading,
    *,
    validation_speakers: int = 1,
    seed: int = 0,
) -> StoredEventData:
    """Open the files of a set, whose spikes are then read batch by batch.

    Every row is read and checked once, which takes a second for some thousand samples.

    Parameters
    ----------
    path : path-like
        File of the training part, such as ``shd_train.h5``. The others stand beside it, with
        ``test`` and ``valid`` in place of ``train`` in their names; see `datasets.stored_events`
        for their form.
    reading : EventReading
        How seconds and channels become spike times and inputs.
    validation_speakers : int
        Number of speakers of the training part whose samples are the validation part, if there is
        no file of one. The test part gives none to it.
    seed : int
        Seed of the choice of these speakers.

    Raises
    ------
    InputError
        For files that are missing, damaged or of another form; for files that name their classes
        differently; if speakers are needed and unknown, or none would be left to train with; if
        the training part has no sample of a class.

    Warns
    -----
    LaserSamplingWarning
        If the speakers that validate have no sample of a class.

    Examples
    --------
    >>> import h5py
    >>> import numpy as np
    >>> from lasersampling.datasets import EventReading, load_event_files
    >>> for part, speakers in ("train", [7, 7, 9, 9]), ("test", [5, 5, 6, 6]):
    ...     with h5py.File(f"set_{part}.h5", "w") as file:
    ...         for name, values, kind in (
    ...             ("times", [[0.1, 0.2], [0.3], [0.1], [0.2]], "float16"),
    ...             ("units", [[0, 1], [1], [1], [0]], "uint16"),
    ...         ):
    ...             rows = file.create_dataset(f"spikes/{name}", 4, h5py.vlen_dtype(kind))
    ...             for k, row in enumerate(values):
    ...                 rows[k] = row
    ...         file["labels"] = [0, 1, 0, 1]
    ...         file["extra/speaker"] = speakers
    >>> data = load_event_files("set_train.h5", EventReading(time_unit_s=0.1, n_channels=2))
    >>> len(data.train), len(data.validation), len(data.test)
    (2, 2, 4)
    >>> data.test.read(np.array([0])).time.round(3)
    array([1., 2.])
    """
    refuse(
        kind_problems("reading", reading, EventReading),
        integer_problems("validation_speakers", validation_speakers, 1),
        integer_problems("seed", seed, 0),
    )
    files = part_files(path)
    for part, place in files.items():
        if not place.exists():
            raise InputError.single(f"{place}", "no such file", f"the {part} part; {_WHERE}")
    for first, second in itertools.combinations(files.values(), 2):
        if filecmp.cmp(first, second, shallow=False):
            got, expected = f"a copy of {first.name}", "samples that no other part has"
            raise InputError.single(f"{second}", got, expected)
    opened = {part: SpikeFile(place, reading) for part, place in files.items()}
    train = opened[_TRAIN]
    for part, file in opened.items():
        if bool(file.names) != bool(train.names):
            lacks, has = (train, file) if file.names else (file, train)
            expected = f"the names of the classes, as in {has.path.name}"
            raise InputError.single(f"{lacks.path}: extra/keys", "nothing", expected)
        if file.names != train.names:
            got = f"other classes than in {train.path.name}"
            raise InputError.single(f"{file.path}: extra/keys", got, "the same in each file")
        if not train.names and part != _TRAIN and file.labels.max() > train.labels.max():
            got = f"labels up to {file.labels.max()}"
            expected = f"up to {train.labels.max()}, as in {train.path.name}"
            raise InputError.single(f"{file.path}: labels", got, expected)
    if _VALIDATION in opened:
        parts = StoredEvents(train, reading), StoredEvents(opened[_VALIDATION], reading)
    else:
        held = _of_speakers(train, validation_speakers, seed)
        parts = (
            StoredEvents(train, reading, np.flatnonzero(~held)),
            StoredEvents(train, reading, np.flatnonzero(held)),
        )
    test = StoredEvents(opened[_TEST], reading)
    if _VALIDATION not in opened:
        named = dict(zip(("training", "validation", "test"), (*parts, test), strict=True))
        _check_classes(named, train.names, f"{train.path}: labels")
    return StoredEventData(*parts, test, train.names)


def _check_classes(parts: Mapping[str, StoredEvents], names: Sequence[str], where: str) -> None:
    """Refuse a choice of speakers that leaves the training part without a class.

    Warn of a validation part without one.
    """
    everywhere = set().union(*(part.labels.tolist() for part in parts.values()))
    expected = (
        "choose other speakers to validate (event_files.validation_speakers, speaker_seed), or "
        "add a file with valid in place of train in its name"
    )
    for name in ("training", "validation"):
        missing = sorted(everywhere - set(parts[name].labels.tolist()))
        if not missing:
            continue
        told = ", ".join(names[k] if names else str(k) for k in missing[:_SHOWN])
        told += f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        got = (
            f"no sample of {len(missing)} of {len(everywhere)} classes ({told}) in the {name} part"
        )
        if name == "training":
            raise InputError.single(where, got, f"samples of each class to learn from: {expected}")
        warnings.warn(
            f"{where}: {got}, so choices that it makes do not know these classes: {expected}",
            LaserSamplingWarning,
            stacklevel=3,
        )


def part_files(path: str | os.PathLike[str]) -> dict[str, Path]:
    """Return the files of a set by their part: training, test, and validation if there is one.

    Parameters
    ----------
    path : path-like
        File of the training part.

    Raises
    ------
    InputError
        If its name does not say so.

    Examples
    --------
    >>> from lasersampling.datasets.event_files import part_files
    >>> {part: file.name for part, file in part_files("shd_train.h5").items()}
    {'train': 'shd_train.h5', 'test': 'shd_test.h5'}
    """
    train = expanded(path)
    before, word, after = train.name.rpartition(_TRAIN)
    if not word:
        expected = "the file of the training part, with train in its name, as in shd_train.h5"
        raise InputError.single(str(path), "another name", expected)
    files = {part: train.with_name(before + part + after) for part in (_TEST, _VALIDATION)}
    found = {_TRAIN: train, _TEST: files[_TEST]}
    return found | ({_VALIDATION: files[_VALIDATION]} if files[_VALIDATION].exists() else {})


def _of_speakers(file: SpikeFile, n_held: int, seed: int) -> NDArray[np.bool_]:
    """Say for each row whether it is of one of the speakers that validate."""
    where = f"{file.path}: extra/speaker"
    if file.speakers is None:
        expected = "who spoke each sample, or a file with valid in place of train in its name"
        raise InputError.single(where, "nothing", expected)
    speakers = np.unique(file.speakers)
    if n_held >= len(speakers):
        got = f"{len(speakers)} speakers"
        raise InputError.single(where, got, f"more than the {n_held} that are to validate")
    chosen = np.random.default_rng(seed).choice(speakers, n_held, replace=False)
    return np.isin(file.speakers, chosen)
