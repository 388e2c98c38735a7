import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results import ResultsFile, records
from lasersampling.results.animation import pictures_over_time, save_animation

TAU = 2.0
SPIKES = SpikeTrains(
    time_ns=np.array([1.0, 9.0, 11.0, 13.0, 15.0, 17.0]),
    unit=np.array([0, 4, 4, 4, 4, 4], dtype=np.int32),
    chain_offset=np.array([0, 6, 6]),
    n_units=6,
    duration_ns=20.0,
)


def test_pictures_are_means_over_the_last_refractory_times():
    found = pictures_over_time(SPIKES, TAU, np.array([0.0, 3.0, 9.0, 18.0]))
    assert found.shape == (2, 4, 6)
    # z = 1 from 1 to 3 ns, read every half: 4 of the 7 readings so far, then 4 of 12, or none.
    np.testing.assert_allclose(found[0, :, 0], [0, 4 / 7, 0, 0])
    np.testing.assert_allclose(found[0, :, 4], [0, 0, 1 / 12, 1])
    assert (found[1] == 0).all()


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run.h5"
    with ResultsFile.create(path, command="", seed=0, config="") as file:
        file.write_spikes(SPIKES)
        file.write_machine(BoltzmannMachine(np.zeros((6, 6)), np.zeros(6), 1, 1))
        file.attributes("device", {"refractory_time_ns": TAU})
        records.write_images(file, "lasers", np.zeros((3, 2, 2)), [0, 0, 0])
    return path


def test_frames_follow_the_spikes(run, tmp_path):
    gif = save_animation(run, tmp_path / "run.gif", n_frames=5)
    with Image.open(gif) as image:
        assert isinstance(image, GifImageFile)
        assert image.n_frames == 5
        frames = []
        for k in range(5):
            image.seek(k)
            frames.append(np.asarray(image.convert("L"), dtype=float))
    assert frames[0].shape[0] > 300
    # The picture of unit 0 is there after 5 ns, and gone at the end.
    differs = [np.abs(frame - frames[0]).max() for frame in frames[1:]]
    assert min(differs) > 50


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("run.mp4", {}, r"gif: got .*run\.mp4', expected a name that ends in \.gif"),
        ("run.gif", {"n_frames": 1}, "n_frames: got 1"),
        ("run.gif", {"stop_ns": 0.0}, r"stop_ns: got 0\.0"),
    ],
)
def test_bad_arguments(run, tmp_path, name, options, message):
    with pytest.raises(InputError, match=message):
        save_animation(run, tmp_path / name, **options)
