"""What holds for every task: counts, parts, digests, oracles, data of recipes."""

import hashlib
import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm
from sklearn.linear_model import LogisticRegression

from lasersampling.commands.configuring import _PATHS
from lasersampling.datasets import EventSet
from lasersampling.datasets.timing import (
    Coincidences,
    Intervals,
    Signals,
    Words,
    coincidence_oracle,
    coincidences,
    in_parts,
    interval_oracle,
    interval_oracle_accuracy,
    intervals,
    signal_oracle,
    signals,
    word_oracle,
    words,
)
from lasersampling.datasets.timing.cochlea import erb_spaced
from lasersampling.datasets.timing.parts import SIZES, as_events, as_times
from lasersampling.datasets.timing.speech import spoken
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.learning.spikes.data import _IN_FILES, _NAMED, _PICTURES, load_data

TASKS: dict[str, tuple[Callable[..., EventSet], Any]] = {
    "intervals": (intervals, Intervals()),
    "coincidences": (coincidences, Coincidences()),
    "words": (words, Words()),
    "mnist_1d": (signals, Signals()),
}
STATIONARY = ("intervals", "coincidences")
"""Tasks whose inputs spike at any time with the same probability."""

TEST_SIZES = {"words": 500}
"""Sizes of test parts, where they are not 1,000."""

OPTIONAL = {"mnist_1d": "mnist1d"}
"""Packages that a task needs."""


@pytest.fixture(params=TASKS)
def task(request):
    """Return the name of a task that can be drawn here."""
    if request.param in OPTIONAL:
        pytest.importorskip(OPTIONAL[request.param])
    return request.param


DIGESTS = {
    "intervals": "f3c9311f3e5daaf56f0707bb079307a1db43de6917a9a1d7387bb28c7916bf61",
    "coincidences": "6f6f40ea247f94ba05e2c719b6129231eb3ad2b5e4dbc9c50cd68cdb5c70c88f",
    "words": "1b65fc366a8053a7f738163b6c4848468cf266c4fba774b637561ad9313d708b",
    "mnist_1d": "ac86af615412d82b01e1403e61f0de2a06903de97af15b73dfe17ce6dacaaf5b",
}
"""SHA-256 of the labels and of the times of the test parts, rounded to 1e-6 tau_syn."""


def digest(part):
    ticks = np.rint(as_times(part) * 1e6).astype("<i8")
    return hashlib.sha256(part.labels.astype("<i8").tobytes() + ticks.tobytes()).hexdigest()


def test_the_test_part_is_fixed(task):
    draw, _ = TASKS[task]
    assert digest(draw(TEST_SIZES.get(task, 1000), 40)) == DIGESTS[task]


def test_numbers_of_spikes_say_nothing(task):
    """Counts are the same in all samples, so a classifier of counts decides always the same."""
    data = in_parts(*TASKS[task], {"train": 120, "validation": 20, "test": 120})
    chance = 1 / data.n_classes
    for per_sample in (lambda part: part.counts(), lambda part: part.counts().sum(1)[:, None]):
        control = LogisticRegression().fit(per_sample(data.train), data.train.labels)
        accuracy = control.score(per_sample(data.test), data.test.labels)
        # Four standard errors of 120 samples.
        assert abs(accuracy - chance) < 4 * np.sqrt(chance * (1 - chance) / 120)
    assert np.ptp(data.train.counts()) == 0
    classes = np.bincount(data.test.labels)
    assert np.ptp(classes) <= 1


@pytest.mark.parametrize("stationary", STATIONARY)
def test_a_spike_by_itself_says_nothing(stationary):
    """A spike that is picked from an input is distributed in time alike in all classes."""
    draw, _ = TASKS[stationary]
    part = draw(3000, 1)
    times = as_times(part)
    picked = np.random.default_rng(0).permuted(times, axis=2)[:, :, 0]
    chances = [
        ks_2samp(own[part.labels == label], own[part.labels != label]).pvalue
        for own in picked.T
        for label in np.unique(part.labels)
    ]
    assert min(chances) > 0.001  # some twenty comparisons


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 0.9476),
        ({"interval_std": 0.0, "jitter": 1e-5}, 1.0),
        ({"interval_std": 0.0, "jitter": 1e-300}, 1.0),
        ({"period": 1e6}, None),
    ],
)
def test_the_accuracy_of_the_oracle_is_one_for_all_settings(changed, expected):
    found = interval_oracle_accuracy(Intervals(**changed))
    if expected is None:  # far from each other's mirror, three intervals of which two are outer
        width = np.sqrt(0.5**2 + 2 * 0.3**2 / 4)
        outside = norm.sf(1.0 / width)
        expected = 1.0 - 4 * outside / 3
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: intervals(3, 0, settings=Coincidences()),  # type: ignore[arg-type]
        lambda: intervals(3, 0, settings=None),  # type: ignore[arg-type]
        lambda: coincidences(3, 0, settings=Intervals()),  # type: ignore[arg-type]
        lambda: interval_oracle("x"),  # type: ignore[arg-type]
        lambda: interval_oracle_accuracy(3),  # type: ignore[arg-type]
        lambda: interval_oracle(coincidences(3, 0)),
        lambda: coincidence_oracle(intervals(3, 0)),
        lambda: words(1, 0, settings=None),  # type: ignore[arg-type]
    ],
)
def test_settings_and_samples_of_another_task_are_refused(wrong):
    with pytest.raises(InputError, match="settings: got|part: got"):
        wrong()


def test_the_first_spike_of_a_sample_tells_little_of_an_interval():
    """Bayes' rule by it is right in 7/18 without jitter; jitter can only take from that."""
    seen, asked = intervals(20_000, 11), intervals(20_000, 12)
    edges = np.arange(-4.0, 40.0, 0.5)
    first = [as_times(part).reshape(len(part), -1).min(axis=1) for part in (seen, asked)]
    often = [np.histogram(first[0][seen.labels == label], edges)[0] for label in range(3)]
    rule = np.argmax(often, axis=0)
    right = (rule[np.digitize(first[1], edges) - 1] == asked.labels).mean()
    error = np.sqrt(7 / 18 * 11 / 18 / len(asked))
    assert 1 / 3 + 5 * error < right < 7 / 18 + 4 * error


def test_parts_are_drawn_with_seeds_of_their_own(task):
    draw, _ = own = TASKS[task]
    sizes = {"train": 30, "validation": 10, "test": 10}
    data = in_parts(*own, sizes, seeds={"train": 3, "validation": 4, "test": 5})
    assert [len(part) for part in (data.train, data.validation, data.test)] == [30, 10, 10]
    assert np.array_equal(data.validation.time, draw(10, 4).time)
    with pytest.raises(InputError, match="seeds: got .*expected another seed"):
        in_parts(*own, sizes, seeds={"train": 3, "validation": 3, "test": 5})
    with pytest.raises(InputError, match="sizes: got train"):
        in_parts(*own, {"train": 30})


@pytest.mark.parametrize("quick", STATIONARY)
def test_recipes_know_them_by_name(quick):
    shipped = load_data(quick)
    assert len(shipped.train) == SIZES["train"]
    assert digest(shipped.test) == DIGESTS[quick]


def test_commands_take_no_name_of_data_for_a_path():
    assert set(_PATHS[("data",)]) == {*_NAMED, *_PICTURES, *_IN_FILES}
    assert set(TASKS) < set(_NAMED)


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (5, -1), (1.5, 0), (10**13, 0)])
def test_numbers_out_of_range_are_refused(task, n, seed):
    with pytest.raises(InputError):
        TASKS[task][0](n, seed)


def test_the_oracle_of_intervals_is_right_as_often_as_calculated():
    part = intervals(20_000, 7)
    accuracy = (interval_oracle(part) == part.labels).mean()
    expected = interval_oracle_accuracy()
    assert expected == pytest.approx(0.9476, abs=1e-4)
    # Four standard errors.
    assert abs(accuracy - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000)
    exact = Intervals(interval_std=0.0, jitter=0.1)
    part = intervals(1000, 7, exact)
    assert (interval_oracle(part, exact) == part.labels).all()


def test_the_oracle_of_coincidences_is_right_nearly_always_and_less_often_in_noise():
    part = coincidences(500, 7)
    assert (coincidence_oracle(part) == part.labels).mean() > 0.99
    noisy = Coincidences(n_events=1, jitter=2.0)
    part = coincidences(2000, 7, noisy)
    accuracy = (coincidence_oracle(part, noisy) == part.labels).mean()
    assert 0.5 < accuracy < 0.99
    # A rule that thinks that there is less noise is not better.
    other = Coincidences(n_events=1, jitter=2.0, period=37.0)
    assert (coincidence_oracle(part, other) == part.labels).mean() <= accuracy + 0.01


def test_the_oracle_of_words_knows_how_each_was_spoken():
    part = words(48, 40)
    assert (word_oracle(part, 40) == part.labels).mean() > 0.95
    with pytest.raises(InputError, match="seed: got 41"):
        word_oracle(part, 41)


def test_other_seeds_have_other_speakers():
    """Of so few speakers, each word tells the pitch; none is in both parts."""
    voices = [
        set(spoken(50, ("i", "a"), 0.3, 3, np.random.default_rng((3, seed))).pitch_hz)
        for seed in (40, 41)
    ]
    assert len(voices[0]) == len(voices[1]) == 3
    assert not voices[0] & voices[1]


def test_channels_of_a_cochlea_fire_while_their_vowel_is_heard():
    """Channels at the second formants of i and of a fire in the half in which it is spoken."""
    settings = Words(vowels=("i", "a"), noise=0.01, n_speakers=40)
    times = as_times(part := words(60, 5, settings)).mean(2)
    centres = erb_spaced(200.0, 3600.0, settings.n_channels)
    high, low = np.abs(centres - 2290).argmin(), np.abs(centres - 900).argmin()
    i_first = part.labels == settings.class_names.index("i-a")
    assert ((times[:, high] < times[:, low]) == i_first).mean() > 0.9


def test_the_oracle_of_signals_reads_them_from_latencies():
    pytest.importorskip("mnist1d")
    part = signals(100, 40)
    assert (signal_oracle(part) == part.labels).mean() > 0.95
    settings = Signals(n_channels=7, frame=2.0)
    other = signals(100, 40, settings)
    assert np.array_equal(signal_oracle(other, settings), signal_oracle(part))


def test_without_the_package_of_signals_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "mnist1d.data", None)
    with pytest.raises(LaserSamplingError, match=r"pip install 'lasersampling\[mnist1d\]'"):
        signals(10, 0)


def test_intervals_are_those_of_the_classes():
    settings = Intervals(interval_std=0.0, jitter=0.01)
    part = intervals(300, 3, settings)
    pulses = as_times(part).mean(1)
    gap = pulses[:, 1] - pulses[:, 0]
    gap = np.minimum(gap, settings.period - gap)
    assert np.allclose(gap, np.array(settings.intervals)[part.labels], atol=0.1)
    # Bounds of the window, and both intervals of the rhythm, T with probability 1 - T/P.
    assert part.time.min() > 0 and part.time.max() < settings.end


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Intervals(intervals=(8.0, 14.0)), r"intervals\[1\]: got 14, .*half a period, 12"),
        (lambda: Intervals(intervals=(1.0, 8.0)), r"intervals\[0\]: got 1, .*into each other"),
        (lambda: Intervals(intervals=(8.0, 8.0)), "all different"),
        (lambda: Intervals(jitter=0.0), "jitter: got 0.0"),
        (lambda: Intervals(intervals=cast(Any, "ab")), "intervals: got 'ab'"),
        (lambda: Coincidences(lags=(0.0,)), "lags: got 1, expected 2 to 4"),
        (lambda: Coincidences(lags=(0.0, 30.0)), "less than half a period, 18"),
        (lambda: Coincidences(lags=(0.0, 18.0)), "less than half a period, 18"),
        (lambda: Coincidences(n_events=9), "n_events: got 9"),
        (lambda: Words(vowels=("i", "y")), "vowels: got .*two or more of i, e, a, o, u"),
        (lambda: Words(vowels=("i", "i")), "all different"),
        (lambda: Words(noise=0.0, n_channels=1), "n_channels: got 1"),
        (lambda: Signals(frame=0.0), "frame: got 0.0"),
        (lambda: Coincidences(lags=(0.0, float("nan"))), r"lags\[1\]: got nan"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_inputs_that_spike_in_different_numbers_have_no_array():
    part = as_events(np.ones((2, 2, 3)), np.array([0, 1]))
    assert as_times(part).shape == (2, 2, 3)
    other = type(part)([0, 1], [0], [1.0], [0], 2)
    with pytest.raises(InputError, match="0 to 1 spikes of an input"):
        as_times(other)
