"""Synthetic words of seeded speakers: vowels in an order, as sinusoids that follow formants.

Sine-wave speech (Remez et al. 1981) keeps of an utterance the tracks of its first three formants.
Here the tracks glide between the vowels of a word, and all sinusoids swell with the pitch of the
speaker. Formants of vowels are the means over men by Peterson and Barney (1952); a speaker scales
them by the length of the vocal tract and has an accent, a pitch and a pace.

References
----------
Remez, Rubin, Pisoni & Carrell, "Speech perception without traditional speech cues", Science 212
(1981) 947.

Peterson & Barney, "Control methods used in a study of the vowels", Journal of the Acoustical
Society of America 24 (1952) 175.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

FORMANTS_HZ = {
    "i": (270.0, 2290.0, 3010.0),
    "e": (530.0, 1840.0, 2480.0),
    "a": (730.0, 1090.0, 2440.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
}
"""First three formants of vowels: of "heed", "head", "hod", "hawed" and "who'd"."""

RATE_HZ = 8000.0
"""Sampling rate of the sounds."""

_AMPLITUDES = np.array([1.0, 0.5, 0.25])
_GLIDE_S, _EDGE_S = 0.012, 0.01
"""Widths of the glide between two vowels, and of the begin and the end of a word."""

_TRACT, _PITCH_HZ, _PACE = (0.85, 1.18), (90.0, 220.0), (0.8, 1.25)
"""Ranges over speakers."""

_ACCENT, _STRESS, _WAIT_S = 0.04, (0.7, 1.3), (0.02, 0.08)
"""Spread of the logarithms of a speaker's formants; ranges of lengths of vowels, and of begins."""


@dataclass(frozen=True, eq=False)
class Tokens:
    """How words are spoken, but for which: the speaker, the times, the pitch.

    Attributes
    ----------
    formants_hz : ndarray of float64, shape (sample, vowel, formant)
        Formants of each vowel, in the order of the settings.
    edges_s : ndarray of float64, shape (sample, vowel + 1)
        Begin of the word, ends of its vowels.
    pitch_hz : ndarray of float64, shape (sample,)
        Pitch at the begin; it falls by a fifth until the end.
    phase : ndarray of float64, shape (sample, formant + 1)
        Phases of the sinusoids and of the pitch [rad].
    """

    formants_hz: NDArray[np.float64]
    edges_s: NDArray[np.float64]
    pitch_hz: NDArray[np.float64]
    phase: NDArray[np.float64]

    def chosen(self, places: slice) -> Tokens:
        """Return some of them."""
        return Tokens(
            self.formants_hz[places], self.edges_s[places], self.pitch_hz[places],
            self.phase[places],
        )  # fmt: skip


def longest_s(word_s: float) -> float:
    """Return the longest time that a word can take, with the silence before and behind [s]."""
    return _WAIT_S[1] + word_s * _PACE[1] * _STRESS[1] + 5.0 * _EDGE_S


def spoken(
    n_samples: int, vowels: tuple[str, ...], word_s: float, n_speakers: int,
    random: np.random.Generator,
) -> Tokens:  # fmt: skip
    """Draw speakers, and how each word is spoken by one of them.

    Parameters
    ----------
    n_samples : int
        Number of words.
    vowels : tuple of str
        Vowels of which words are made, keys of `FORMANTS_HZ`.
    word_s : float
        Mean length of a word.
    n_speakers : int
        Number of speakers.
    random : Generator
        Source of randomness.
    """
    mean = np.array([FORMANTS_HZ[vowel] for vowel in vowels])
    tract = random.uniform(*_TRACT, (n_speakers, 1, 1))
    accent = np.exp(_ACCENT * random.standard_normal((n_speakers, *mean.shape)))
    formants, pitch = tract * accent * mean, random.uniform(*_PITCH_HZ, n_speakers)
    pace = random.uniform(*_PACE, n_speakers)
    speaker = random.integers(0, n_speakers, n_samples)
    stress = random.uniform(*_STRESS, (n_samples, len(vowels)))
    lengths = stress * (pace[speaker] * word_s / len(vowels))[:, None]
    begin = random.uniform(*_WAIT_S, (n_samples, 1))
    edges = np.cumsum(np.concatenate([begin, lengths], axis=1), axis=1)
    phase = random.uniform(0.0, 2.0 * np.pi, (n_samples, len(_AMPLITUDES) + 1))
    return Tokens(formants[speaker], edges, pitch[speaker], phase)


def sounds(tokens: Tokens, orders: NDArray[np.int64], length_s: float) -> NDArray[np.float64]:
    """Return the sounds of words.

    Parameters
    ----------
    tokens : Tokens
        How they are spoken.
    orders : ndarray of int64, shape (sample, vowel)
        Which vowels, in order.
    length_s : float
        Length of the sounds.

    Returns
    -------
    ndarray of float64, shape (sample, time)
        Pressure, of a standard deviation of 0.5 or so while there is sound.
    """
    time = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    edges = tokens.edges_s[:, :, None]
    begin, end = edges[:, 0], edges[:, -1]
    loudness = expit((time - begin) / _EDGE_S * 4.0 - 2.0) * expit((end - time) / _EDGE_S * 4.0)
    fall = 1.0 - 0.2 * np.clip((time - begin) / (end - begin), 0.0, 1.0)
    loudness *= 0.5 + 0.5 * np.cos(_phases(tokens.pitch_hz[:, None] * fall, tokens.phase[:, 3]))
    glides = expit((time - edges[:, 1:-1]) / _GLIDE_S * 4.0)  # (sample, glide, time)
    samples = np.arange(len(orders))[:, None]
    targets = np.log(tokens.formants_hz[samples, orders])  # (sample, place, formant)
    sound: NDArray[np.float64] = np.zeros(loudness.shape)
    for formant, amplitude in enumerate(_AMPLITUDES):
        own = targets[:, :, formant]
        track = own[:, :1] + np.einsum("sg,sgt->st", np.diff(own, axis=1), glides)
        sound += amplitude * np.sin(_phases(np.exp(track), tokens.phase[:, formant]))
    sound *= loudness
    return sound


def _phases(frequency_hz: NDArray[np.float64], begin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phase of a sinusoid of changing frequency, (sample, time) [rad]."""
    phase: NDArray[np.float64] = np.cumsum(frequency_hz, axis=1) * (2.0 * np.pi / RATE_HZ)
    return phase + begin[:, None]
