"""Files of the form of the Spiking Heidelberg Digits, which these tests write."""

import h5py
import numpy as np
import pytest

from lasersampling.datasets import EventReading, load_event_files
from lasersampling.datasets.event_files import part_files
from lasersampling.datasets.stored_events import SpikeFile, StoredEvents
from lasersampling.errors import InputError, LaserSamplingWarning
from tests.datasets.heidelberg import rows, write

READING = EventReading(time_unit_s=0.005, n_channels=20)


@pytest.fixture
def train(tmp_path):
    write(tmp_path / "shd_test.h5", rows(1, 12))
    return write(tmp_path / "shd_train.h5", rows(0))


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_what_was_written_is_read(tmp_path, kind):
    given = rows(3, kind=kind)
    whole = StoredEvents(SpikeFile(write(tmp_path / "a.h5", given), READING), READING)
    places = np.array([5, 0, 23])
    own = whole.read(places)
    assert own.n_inputs == 20
    assert own.labels.tolist() == [2, 0, 2]
    for k, place in enumerate(places):
        here = slice(own.offsets[k], own.offsets[k + 1])
        order = np.argsort(given["times"][place], kind="stable")
        expected = given["times"][place].astype(float)[order] / 0.005
        assert np.array_equal(own.time[here], expected)
        assert np.array_equal(own.neuron[here], given["units"][place][order])
    counts = [np.bincount(units, minlength=20) for units in given["units"]]
    assert np.array_equal(whole.counts(), counts)
    assert whole.n_spikes.tolist() == [len(times) for times in given["times"]]
    assert whole.last() == max(t.max() for t in given["times"] if len(t)).astype(float) / 0.005
    assert np.array_equal(whole.chosen(places).counts(), np.array(counts)[places])


def test_channels_are_pooled_and_spikes_binned_and_late_ones_left_out():
    pooled = EventReading(time_unit_s=0.5, n_channels=7, pooled=3, latest_s=2.0)
    assert pooled.n_inputs == 3
    times, inputs = pooled.read([0.1, 2.0, 1.9], [0, 1, 6])
    assert times.tolist() == [0.2, 3.8]
    assert inputs.tolist() == [0, 2]
    binned = EventReading(time_unit_s=1.0, n_channels=4, pooled=2, bin_s=0.25)
    # Two channels of one input in one bin are one spike; another bin or input is another spike.
    times, inputs = binned.read([0.01, 0.24, 0.25, 0.0], [0, 1, 0, 3])
    assert times.tolist() == [0.125, 0.125, 0.375]
    assert inputs.tolist() == [0, 1, 0]


def test_speakers_who_validate_do_not_train_and_the_test_file_gives_none(train):
    given = rows(0)
    seen = set()
    for seed in range(8):
        data = load_event_files(train, READING, validation_speakers=2, seed=seed)
        speaking = [set(given["speaker"][part.rows]) for part in (data.train, data.validation)]
        assert [len(part) for part in speaking] == [2, 2]
        assert not set.intersection(*speaking)
        assert sorted([*data.train.rows, *data.validation.rows]) == list(range(24))
        assert data.train.path == data.validation.path == train
        assert data.test.path.name == "shd_test.h5"
        assert len(data.test) == 12
        seen.add(frozenset(speaking[1]))
    assert len(seen) > 1
    assert data.class_names == ("zero", "one", "two")
    again = load_event_files(train, READING, validation_speakers=2, seed=7)
    assert np.array_equal(again.validation.rows, data.validation.rows)


def test_a_file_of_a_validation_part_is_taken(train):
    given = rows(2, 9) | {"speaker": None}
    write(train.with_name("shd_valid.h5"), given)
    data = load_event_files(train, READING)
    assert len(data.train) == 24
    assert len(data.validation) == 9
    assert data.validation.path.name == "shd_valid.h5"
    assert list(part_files(train)) == ["train", "test", "valid"]


def test_only_the_rows_of_a_batch_are_read(train, monkeypatch):
    data = load_event_files(train, READING)
    read = []
    row = SpikeFile.row

    def watched(self, place):
        read.append(place)
        return row(self, place)

    monkeypatch.setattr(SpikeFile, "row", watched)
    places = np.array([4, 1])
    data.train.read(places)
    assert read == data.train.rows[places].tolist()


def test_a_batch_that_does_not_fit_is_refused_before_it_is_read(train, monkeypatch):
    data = load_event_files(train, READING)
    monkeypatch.setattr("lasersampling.checks.memory_bytes", lambda: 100)
    monkeypatch.setattr(SpikeFile, "row", None)  # nothing may be read
    with pytest.raises(InputError, match="spikes of 3 samples: got .* expected at most"):
        data.train.read(np.arange(3))
    with pytest.raises(InputError, match="counts: got"):
        data.train.counts()


def changed(name, place, values):
    given = rows(0)
    given[name][place] = values
    return given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (changed("units", 3, np.array([1, 20], np.uint16)), "row 3: got .* times and 2 units"),
        (
            changed("times", 3, np.array([np.nan], "f2")) | {"units": rows(0)["units"]},
            "row 3: got 1 times and",
        ),
        ({k: v for k, v in rows(0).items() if k != "labels"}, "labels: got nothing"),
        ({k: v for k, v in rows(0).items() if k != "units"}, "spikes/units: got nothing"),
        (rows(0) | {"labels": np.arange(23)}, "spikes/times: got 24 rows, expected 23"),
        (rows(0) | {"labels": np.full(24, 3)}, "labels: got 24 of 24 outside, .* from 0 to 2"),
        (rows(0) | {"labels": np.arange(24) - 1}, "labels: got .* outside, values from -1"),
        (rows(0) | {"labels": np.ones(24)}, "labels: got float64 of shape"),
        (rows(0) | {"labels": np.ones((24, 2), int)}, r"labels: got int64 of shape \(24, 2\)"),
        (rows(0) | {"speaker": np.arange(5)}, "extra/speaker: got 5 entries, expected 24"),
        (rows(0) | {"speaker": None}, "extra/speaker: got nothing, expected who spoke"),
        (rows(0) | {"speaker": np.zeros(24, int)}, "speaker: got 1 speakers, expected more than"),
        (rows(0) | {"times": rows(0)["units"]}, "times: got rows of uint16 of shape"),
        (rows(0) | {"units": rows(0)["times"]}, "units: got rows of float16 of shape"),
    ],
)
def test_faults_are_one_clear_error(train, given, message):
    write(train, given)
    with pytest.raises(InputError, match=message) as caught:
        load_event_files(train, READING)
    assert len(caught.value.problems) == 1
    assert train.name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("units", 20, r"row 4: got units from .* to 20, expected channels from 0 to 19"),
        ("times", np.nan, "row 4: got 1 of .* times that are not, such as nan, expected finite"),
        ("times", -0.5, "row 4: got 1 of .* such as -0.5, expected finite times of at least 0"),
        ("times", np.inf, "row 4: got 1 of .* such as inf"),
    ],
)
def test_faults_of_single_spikes_are_found(train, name, values, message):
    given = rows(0)
    assert len(given[name][4]) > 2
    given[name][4][2] = values
    write(train, given)
    with pytest.raises(InputError, match=message):
        load_event_files(train, READING)


def test_units_beyond_64_bits_with_sign_are_told_as_they_are(train):
    given = rows(0)
    given["units"] = [row.astype(np.uint64) for row in given["units"]]
    given["units"][4][2] = 2**64 - 1
    write(train, given)
    with pytest.raises(InputError, match="row 4: got units from .* to 18446744073709551615"):
        load_event_files(train, READING)


def of_one_speaker(label):
    """Return samples in which one speaker spoke all samples of a class, and no other."""
    given = rows(0)
    given["speaker"] = np.where(given["labels"] == label, 9, given["speaker"]).astype(np.uint16)
    return given


def test_a_class_that_only_validation_speakers_spoke_is_refused(train):
    write(train, of_one_speaker(1))
    speakers = np.unique(of_one_speaker(1)["speaker"])
    chosen = {
        seed: int(np.random.default_rng(seed).choice(speakers, 1, replace=False)[0])
        for seed in range(20)
    }
    seed = next(seed for seed, speaker in chosen.items() if speaker == 9)
    message = (
        r"labels: got no sample of 1 of 3 classes \(one\) in the training part, .*speaker_seed"
    )
    with pytest.raises(InputError, match=message):
        load_event_files(train, READING, seed=seed)
    other = next(seed for seed, speaker in chosen.items() if speaker != 9)
    with pytest.warns(LaserSamplingWarning, match=r"classes \(one\) in the validation part"):
        data = load_event_files(train, READING, seed=other)
    assert set(data.train.labels.tolist()) == {0, 1, 2}


def test_the_file_without_names_of_classes_is_the_one_that_is_told(train):
    write(train, rows(0), keys=None)
    with pytest.raises(InputError, match=r"shd_train\.h5: extra/keys: got nothing.* shd_test\.h5"):
        load_event_files(train, READING)


@pytest.mark.parametrize(("part", "of"), [("test", "train"), ("valid", "test"), ("valid", "train")])
def test_a_copy_is_no_part_of_its_own(train, part, of):
    of_part = train.with_name(f"shd_{of}.h5")
    train.with_name(f"shd_{part}.h5").write_bytes(of_part.read_bytes())
    with pytest.raises(InputError, match=r"got a copy of shd_\w+\.h5, expected samples that no"):
        load_event_files(train, READING)


def test_other_files_are_refused(train, tmp_path):
    with pytest.raises(InputError, match=r"mine\.h5: got another name, expected .* train"):
        load_event_files(tmp_path / "mine.h5", READING)
    with pytest.raises(InputError, match=r"ssc_train\.h5: got no such file.*zenkelab"):
        load_event_files(tmp_path / "ssc_train.h5", READING)
    write(train.with_name("shd_test.h5"), rows(1, 12), keys=("null", "one", "two"))
    with pytest.raises(InputError, match=r"shd_test\.h5: extra/keys: got other classes"):
        load_event_files(train, READING)
    write(train, rows(0), keys=("zero", "zero", "two"))
    with pytest.raises(InputError, match="keys: got names that are empty or occur twice"):
        load_event_files(train, READING)
    with h5py.File(train, "w") as file:
        file["labels"] = np.zeros(3, int)
        file["spikes/times"] = np.zeros(3)
    with pytest.raises(InputError, match=r"times: got float64 of shape \(3,\), expected a row"):
        load_event_files(train, READING)
    with h5py.File(train, "w") as file:
        file["labels"] = np.zeros(3, int)
        file["spikes/times"] = h5py.SoftLink("/labels")
    with pytest.raises(InputError, match="spikes/times: got something else"):
        load_event_files(train, READING)
    train.write_bytes(b"no HDF5")
    with pytest.raises(InputError, match="a file that begins with"):
        load_event_files(train, READING)


def test_files_that_are_cut_off_or_changed_are_refused_or_read(train, damaged):
    content = train.read_bytes()
    refused = 0
    for copy in damaged(content):
        train.write_bytes(copy)
        try:
            load_event_files(train, READING)
        except InputError as error:
            assert str(train.parent) in str(error)
            refused += 1
    assert refused >= 10  # at least all that are cut off


@pytest.mark.parametrize(
    "fault",
    [
        {"time_unit_s": 0.0}, {"time_unit_s": np.nan}, {"bin_s": -1.0}, {"latest_s": 0.0},
        {"bin_s": 1e-20}, {"n_channels": 0}, {"pooled": 0}, {"pooled": 1.5},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(fault):
    (name,) = fault
    with pytest.raises(InputError, match=name):
        EventReading(**{"time_unit_s": 0.005, **fault})


def test_files_whose_spikes_are_all_left_out_are_refused(train):
    """Such as those of times that are not in seconds."""
    early = EventReading(time_unit_s=0.005, n_channels=20, latest_s=1e-9)
    with pytest.raises(InputError, match="latest_s: got 1e-09, which leaves out .* in seconds"):
        load_event_files(train, early)
    empty = rows(0)
    for name in ("times", "units"):
        empty[name] = [own[:0] for own in empty[name]]
    write(train, empty)
    with pytest.raises(InputError, match="spikes/times: got no spikes"):
        load_event_files(train, READING)


def test_numbers_in_the_byte_order_of_other_machines_are_refused(train):
    other = rows(0)
    with h5py.File(train, "r+") as file:
        del file["spikes/units"]
        kind = h5py.vlen_dtype(np.dtype(np.uint16).newbyteorder())
        made = file.create_dataset("spikes/units", len(other["units"]), kind)
        for k, row in enumerate(other["units"]):
            made[k] = row
    with pytest.raises(InputError, match="spikes/units: got rows of .*byte order of this machine"):
        load_event_files(train, READING)


def test_arguments_of_other_kinds_are_refused(train):
    with pytest.raises(InputError, match="reading"):
        load_event_files(train, 0.005)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="validation_speakers"):
        load_event_files(train, READING, validation_speakers=0)
    with pytest.raises(InputError, match="speaker: got 4 speakers, expected more than the 4"):
        load_event_files(train, READING, validation_speakers=4)
