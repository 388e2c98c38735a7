import numpy as np
import pytest
from PIL import Image

from lasersampling.datasets.image_files import read_array, read_folder, read_picture
from lasersampling.errors import InputError


def write_png(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(image, dtype=np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    write_png(tmp_path / "cat" / "1.png", np.full((4, 6), 255))
    write_png(tmp_path / "cat" / "2.PNG", np.full((4, 6), 51))
    write_png(tmp_path / "ant" / "1.png", np.zeros((4, 6)))
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_subfolders_are_classes(folder):
    images, labels, names = read_folder(folder)
    assert images.shape == (3, 4, 6)
    assert names == ("ant", "cat")
    assert labels.tolist() == [0, 1, 1]
    assert images[:, 0, 0].tolist() == [0.0, 1.0, 0.2]


def test_a_flat_folder_has_no_labels_and_colours_become_brightness(tmp_path):
    write_png(tmp_path / "red.png", np.tile([255, 0, 0], (3, 3, 1)))
    images, labels, names = read_folder(tmp_path)
    assert (labels, names) == (None, ())
    # Weight of red in luma (ITU-R 601).
    assert np.allclose(images, 0.299, atol=0.005)


def test_resizing_averages_over_areas(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (6, 6))
    write_png(tmp_path / "a.png", image)
    images, _, _ = read_folder(tmp_path, (3, 2))
    expected = image.reshape(3, 2, 2, 3).mean(axis=(1, 3)) / 255
    assert np.allclose(images[0], expected, atol=1e-6)


def test_all_unreadable_files_are_named(folder):
    (folder / "cat" / "2.PNG").write_bytes(b"no image")
    (folder / "ant" / "1.png").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        read_folder(folder)
    assert [problem.where[-9:] for problem in caught.value.problems] == ["ant/1.png", "cat/2.PNG"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: write_png(f / "x.png", np.zeros((4, 6))), "1 PNG files beside folders"),
        (lambda f: write_png(f / "ant" / "x.png", np.zeros((4, 5))), "x.png: got 4 x 5 pixels"),
    ],
)
def test_mixed_levels_and_sizes_are_refused(folder, change, message):
    change(folder)
    with pytest.raises(InputError, match=message):
        read_folder(folder)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="got no PNG files"):
        read_folder(tmp_path)


def test_arrays_with_and_without_labels(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (5, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "b.npz", images=images / 255, labels=["x", "y", "x", "y", "x"])
    read, labels, names = read_array(tmp_path / "a.npy")
    assert (labels, names) == (None, ())
    assert np.allclose(read, images / 255)
    again, labels, names = read_array(tmp_path / "b.npz", (2, 2))
    assert again.shape == (5, 2, 2)
    assert np.allclose(again, read.reshape(5, 2, 2, 2, 2).mean(axis=(2, 4)), atol=1e-6)
    assert (labels.tolist(), names) == ([0, 1, 0, 1, 0], ("x", "y"))


BAD = [
    ({"pictures": np.zeros((2, 2, 2))}, "images: got pictures, expected an array named images"),
    ({"images": np.zeros((2, 4))}, r"images: got shape \(2, 4\)"),
    ({"images": np.zeros((2, 2, 2), int)}, "images: got dtype int64"),
    ({"images": np.full((2, 2, 2), 2.0)}, r"images: got values outside \[0, 1\]"),
    ({"images": np.full((2, 2, 2), np.nan)}, r"images: got values outside \[0, 1\]"),
    ({"images": np.zeros((2, 2, 2)), "labels": [1]}, r"labels: got shape \(1,\)"),
    ({"images": np.zeros((2, 2, 2)), "labels": [0.5, 1]}, "labels: got dtype float64"),
]


@pytest.mark.parametrize(("arrays", "message"), BAD)
def test_arrays_that_are_no_images_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=message):
        read_array(tmp_path / "bad.npz")


def test_pickles_and_foreign_files_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object))
    (tmp_path / "b.npz").write_bytes(b"PK no archive")
    for name in ("a.npy", "b.npz"):
        with pytest.raises(InputError, match="a file that cannot be read"):
            read_array(tmp_path / name)


def test_one_picture_is_brought_to_size_and_transparent_pixels_are_unknown(tmp_path):
    picture = np.zeros((4, 8, 2), dtype=np.uint8)
    picture[:, :, 1] = 255
    picture[:2, :4, 0] = 255
    picture[2:, 4:, 1] = 0
    picture[0, 4:6] = 255, 0  # half of a pixel is transparent, the rest of it dark
    Image.fromarray(picture).save(tmp_path / "mine.png")
    pixels, known = read_picture(tmp_path / "mine.png", (2, 4))
    assert pixels.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert known.tolist() == [True] * 6 + [False] * 2
    inverted, _ = read_picture(tmp_path / "mine.png", (2, 4), invert=True)
    assert (inverted[known] == 1 - pixels[known]).all()


def test_pictures_that_are_none_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file, expected a PNG image"):
        read_picture(tmp_path / "none.png", (2, 2))
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match="a file that cannot be read"):
        read_picture(tmp_path / "text.png", (2, 2))
