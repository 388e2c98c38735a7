"""Synthetic words through a cochlea model: the class is the order of the vowels in the word.

All words are made of the same vowels, so also their spectra over the whole time are alike; and each
channel of the cochlea fires equally often in each word. Each part of the data has speakers of its
own.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import (
    integer_problems,
    kind_problems,
    number_problems,
    refuse,
    sequence_problems,
)
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.timing.cochlea import erb_spaced, hair_cell_spikes, intensities
from lasersampling.datasets.timing.parts import (
    as_events,
    as_times,
    balanced_labels,
    drawing_problems,
)
from lasersampling.datasets.timing.speech import (
    FORMANTS_HZ,
    RATE_HZ,
    Tokens,
    longest_s,
    sounds,
    spoken,
)
from lasersampling.errors import InputError, Problem

WORD_SIZES = {"train": 2000, "validation": 500, "test": 500}
"""Numbers of words."""

TAU_SYN_S = 0.01
"""Duration that is the unit of time of the spikes."""

_STREAM = 3
"""Number of this task in its seeds."""

_AT_ONCE = 250
"""Words that are computed together."""

_LOWEST_HZ, _HIGHEST_HZ = 200.0, 3600.0


@dataclass(frozen=True)
class Words:
    """Settings of the task.

    Attributes
    ----------
    vowels : tuple of str
        Vowels of a word, of "i", "e", "a", "o", "u"; a class for each order of them.
    n_channels, n_spikes : int
        Number of inputs, and of spikes of each in a word.
    word_s : float
        Mean length of a word [s].
    noise : float
        Standard deviation of the white noise that is added to the sound, whose standard
        deviation is 0.5 or so [1].
    n_speakers : int
        Number of speakers of each part.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> Words().n_classes, Words().class_names[0], round(Words().end, 1)
    (6, 'i-a-u', 61.8)
    """

    vowels: tuple[str, ...] = ("i", "a", "u")
    n_channels: int = 16
    n_spikes: int = 4
    word_s: float = 0.3
    noise: float = 0.1
    n_speakers: int = 20

    def __post_init__(self) -> None:
        refuse(
            sequence_problems("vowels", self.vowels, f"some of {', '.join(FORMANTS_HZ)}"),
            integer_problems("n_channels", self.n_channels, 2),
            integer_problems("n_spikes", self.n_spikes, 1, 100),
            number_problems("word_s", self.word_s, 0.05, strict=False),
            number_problems("noise", self.noise, 0.0, strict=True),
            integer_problems("n_speakers", self.n_speakers, 1),
        )
        given = tuple(self.vowels)
        different = {str(vowel) for vowel in given} & set(FORMANTS_HZ)
        if not 2 <= len(given) == len(different):
            expected = f"two or more of {', '.join(FORMANTS_HZ)}, all different"
            raise InputError.single("vowels", f"{given}", expected)
        object.__setattr__(self, "vowels", given)

    @property
    def orders(self) -> tuple[tuple[int, ...], ...]:
        """Order of the vowels in each class, by their numbers."""
        return tuple(itertools.permutations(range(len(self.vowels))))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.orders)

    @property
    def end(self) -> float:
        """Time after which there are no spikes [tau_syn]."""
        return longest_s(self.word_s) / TAU_SYN_S

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple("-".join(self.vowels[k] for k in order) for order in self.orders)


_DEFAULT = Words()


def words(n_samples: int, seed: int, settings: Words = _DEFAULT) -> EventSet:
    """Draw speakers, and words that they speak, as spikes of hair cells.

    Parameters
    ----------
    n_samples : int
        Number of words.
    seed : int
        Seed of the speakers and the words; another seed has other speakers.
    settings : Words
        Vowels, cochlea and noise.

    Raises
    ------
    InputError
        For numbers out of range, and for more than fits into the memory.

    Examples
    --------
    >>> words(2, 0).counts()[0]
    array([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
    """
    refuse(kind_problems("settings", settings, Words))
    labels, tokens, random = _drawn(n_samples, seed, settings)
    orders = np.array(settings.orders)
    times = [
        _heard(
            tokens.chosen(slice(k, k + _AT_ONCE)),
            orders[labels[k : k + _AT_ONCE]],
            settings,
            random,
        )
        for k in range(0, n_samples, _AT_ONCE)
    ]
    return as_events(np.concatenate(times), labels)


def word_oracle(part: EventSet, seed: int, settings: Words = _DEFAULT) -> NDArray[np.int64]:
    """Decide with knowledge of the speaker and of how each word was spoken, but for which it was.

    All words are made with the voice, the times and the pitch of the sample, and other noise, and
    sent through the cochlea. The one whose spikes are nearest to those of the sample (mean absolute
    difference in time) is decided.

    Parameters
    ----------
    part : EventSet
        Samples of `words`.
    seed : int
        Seed with which they were drawn.
    settings : Words
        Settings with which they were drawn.

    Returns
    -------
    ndarray of int64, shape (sample,)
        The class that is decided.

    Raises
    ------
    InputError
        If the samples were not drawn with this seed.
    """
    refuse(kind_problems("part", part, EventSet), kind_problems("settings", settings, Words))
    labels, tokens, _ = _drawn(len(part), seed, settings)
    if not np.array_equal(labels, part.labels):
        got = f"{seed}, with which other words are drawn"
        raise InputError.single("seed", got, "the seed of `words`, which drew the whole part")
    random = np.random.default_rng((_STREAM, seed, 1))  # not the noise of the samples
    times = as_times(part)
    distances = np.empty((len(part), settings.n_classes))
    for k in range(0, len(part), _AT_ONCE):
        own = tokens.chosen(slice(k, k + _AT_ONCE))
        for number, order in enumerate(settings.orders):
            same = np.broadcast_to(np.array(order), (len(own.pitch_hz), len(order)))
            apart = _heard(own, same, settings, random) - times[k : k + _AT_ONCE]
            distances[k : k + _AT_ONCE, number] = np.abs(apart).mean(axis=(1, 2))
    decided: NDArray[np.int64] = distances.argmin(axis=1)
    return decided


def _drawn(
    n_samples: int, seed: int, settings: Words
) -> tuple[NDArray[np.int64], Tokens, np.random.Generator]:
    """Classes, how the words are spoken, and the generator of what follows."""
    problems: list[Problem] = drawing_problems(
        n_samples, seed, settings.n_channels * settings.n_spikes
    )
    refuse(problems)
    random = np.random.default_rng((_STREAM, seed))
    tokens = spoken(n_samples, settings.vowels, settings.word_s, settings.n_speakers, random)
    return balanced_labels(n_samples, settings.n_classes, random), tokens, random


def _heard(
    tokens: Tokens, orders: NDArray[np.int64], settings: Words, random: np.random.Generator
) -> NDArray[np.float64]:
    """Spikes of the hair cells for words, (sample, channel, spike) [tau_syn]."""
    sound = sounds(tokens, orders, longest_s(settings.word_s))
    sound += settings.noise * random.standard_normal(sound.shape)
    centres = erb_spaced(_LOWEST_HZ, _HIGHEST_HZ, settings.n_channels)
    intensity = intensities(sound, centres, RATE_HZ)
    n_samples, n_channels, n_frames = intensity.shape
    spikes = hair_cell_spikes(intensity.reshape(-1, n_frames), settings.n_spikes)
    return spikes.reshape(n_samples, n_channels, -1) / TAU_SYN_S
