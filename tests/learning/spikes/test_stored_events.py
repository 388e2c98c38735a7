"""Learning from spikes that stay in files, of which a batch at a time is read."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.config import load, parse, resolve, to_toml, toml_of
from lasersampling.datasets import EventData, EventReading, load_event_files
from lasersampling.datasets.stored_events import SpikeFile
from lasersampling.errors import InputError
from lasersampling.learning.spikes import ClassifyRecipe, judge, load_data, train_spikes
from lasersampling.learning.spikes.baselines import baselines
from lasersampling.learning.spikes.data import files_of, whole_name
from lasersampling.learning.spikes.inputs import Events
from tests.datasets.heidelberg import write

READING = EventReading(time_unit_s=0.005, n_channels=6)


def words(seed, n):
    """Two made-up words of six channels: the first three spike first, or the last three."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    times, units = [], []
    for label in labels:
        channel = np.repeat(np.arange(6), 4)
        late = (channel < 3) == bool(label)
        time = 0.01 + 0.03 * late + 0.015 * generator.random(24)
        times.append(time.astype(np.float16))
        units.append(channel.astype(np.uint16))
    return {
        "times": times, "units": units, "labels": labels.astype(np.uint16),
        "speaker": (np.arange(n) // 2 % 4).astype(np.uint16),
    }  # fmt: skip


@pytest.fixture
def train(tmp_path):
    write(tmp_path / "shd_test.h5", words(1, 40), keys=("to", "fro"))
    return write(tmp_path / "shd_train.h5", words(0, 80), keys=("to", "fro"))


def recipe(**learning):
    """The shipped recipe, with a small network."""
    whole = load(resolve("recipes", "shd"), ClassifyRecipe)
    own = whole.network
    assert own.read_out is not None and whole.event_files is not None
    network = dataclasses.replace(
        own,
        hidden=(16,),
        weight_mean=1.0,
        weight_std=0.5,
        delay_range=dataclasses.replace(own.delay_range, scale=10.0),
        read_out=dataclasses.replace(own.read_out, until=60.0),
    )
    loss = dataclasses.replace(whole.loss, temperature=1.0, decay=20.0)
    settings: dict[str, Any] = {"n_epochs": 2, "batch_size": 20, "learning_rate": 0.02} | learning
    files = dataclasses.replace(whole.event_files, n_channels=6)
    return dataclasses.replace(
        whole,
        network=network,
        loss=loss,
        learning=dataclasses.replace(whole.learning, **settings),
        event_files=files,
    )


def test_what_is_learned_is_what_it_would_be_from_memory(train):
    stored = load_event_files(train, READING)
    parts = stored.train, stored.validation, stored.test
    train_part, validation, test = (part.read(np.arange(len(part))) for part in parts)
    held = EventData(train_part, validation, test, stored.class_names)
    one, two = train_spikes(stored, settings=recipe()), train_spikes(held, settings=recipe())
    for name, rows in one.history.arrays().items():
        if not name.endswith("time_s"):
            assert np.array_equal(rows, two.history.arrays()[name], equal_nan=True)
    assert np.array_equal(one.test.answers, two.test.answers)


def test_a_network_learns_from_rows_that_are_read_when_they_are_needed(train, monkeypatch):
    stored = load_event_files(train, READING)
    n_read, row = [0], SpikeFile.row

    def watched(self, place):
        n_read[0] += 1
        return row(self, place)

    monkeypatch.setattr(SpikeFile, "row", watched)
    trained = train_spikes(stored, settings=recipe(n_epochs=20))
    assert trained.test.accuracy.value[0] == 1.0
    # All once, to see when the last spike is; each epoch what learns and validates; then the test.
    assert n_read[0] == 120 + 20 * 80 + 40


def test_where_there_are_many_spikes_fewer_samples_are_judged_at_once(train, monkeypatch):
    stored = load_event_files(train, READING)
    trained = train_spikes(stored, settings=recipe(n_epochs=1))
    assert len(trained.test.answers[0]) == 40
    monkeypatch.setattr("lasersampling.learning.spikes.inputs._MOST_SPIKES", 100)
    samples = Events(stored.test, next(trained.network.parameters()))
    # 24 spikes in each of 40 samples of two members.
    assert [chunk.n_samples for chunk in samples.in_chunks(500, 2)] == [2] * 20
    again = judge(trained.network, stored.test, trained.runner, trained.answer)
    # Sums over sources are taken in another order, in double precision.
    assert np.allclose(again.answers, trained.test.answers, rtol=1e-9, atol=1e-12)
    assert np.array_equal(again.spikes[0], trained.test.spikes[0])


def test_counts_alone_say_nothing_of_these_words(train):
    beside = baselines(load_event_files(train, READING))
    assert beside.linear.mean()[0] == beside.kernel.mean()[0] == 0.5


def test_recipes_name_files_and_how_they_are_read(train, monkeypatch):
    monkeypatch.chdir(train.parent)
    whole = load(resolve("recipes", "shd"), ClassifyRecipe)
    assert whole.data == "shd" and whole.event_files is not None
    assert whole.event_files.reading == EventReading(time_unit_s=0.005, latest_s=1.0)
    assert parse(toml_of(to_toml(whole), ""), ClassifyRecipe, "") == whole
    assert whole_name("shd") == str(train)
    assert files_of("shd") == [str(train), str(train.with_name("shd_test.h5"))]
    files = dataclasses.replace(whole.event_files, validation_speakers=2)
    data = load_data("shd", files)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [40, 40, 40]
    with pytest.raises(InputError, match=r"event_files\.time_unit_s: got nothing"):
        load_data(str(train))
    with pytest.raises(InputError, match="event_files: got settings, expected none"):
        load_data("digits", files)
    Path("shd_test.h5").unlink()
    with pytest.raises(InputError, match=r"shd_test\.h5: got no such file"):
        load_data("shd", files)
