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
    images, labels, names, _ = read_folder(folder)
    assert images.shape == (3, 4, 6)
    assert names == ("ant", "cat")
    assert labels is not None
    assert labels.tolist() == [0, 1, 1]
    assert images[:, 0, 0].tolist() == [0.0, 1.0, 0.2]


def test_a_flat_folder_has_no_labels_and_colours_become_brightness(tmp_path):
    write_png(tmp_path / "red.png", np.tile([255, 0, 0], (3, 3, 1)))
    images, labels, names, _ = read_folder(tmp_path)
    assert (labels, names) == (None, ())
    # Weight of red in luma (ITU-R 601).
    assert np.allclose(images, 0.299, atol=0.005)


def test_resizing_averages_over_areas(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (6, 6))
    write_png(tmp_path / "a.png", image)
    images, _, _, _ = read_folder(tmp_path, (3, 2))
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
        (lambda f: write_png(f / "x.png", np.zeros((4, 6))), "1 pictures beside folders"),
        (lambda f: write_png(f / "ant" / "x.png", np.zeros((4, 5))), "x.png: got 4 x 5 pixels"),
    ],
)
def test_mixed_levels_and_sizes_are_refused(folder, change, message):
    change(folder)
    with pytest.raises(InputError, match=message):
        read_folder(folder)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="got no pictures"):
        read_folder(tmp_path)


def test_arrays_with_and_without_labels(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (5, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "b.npz", images=images / 255, labels=["x", "y", "x", "y", "x"])
    read, labels, names, _ = read_array(tmp_path / "a.npy")
    assert (labels, names) == (None, ())
    assert np.allclose(read, images / 255)
    again, labels, names, _ = read_array(tmp_path / "b.npz", (2, 2))
    assert again.shape == (5, 2, 2)
    assert np.allclose(again, read.reshape(5, 2, 2, 2, 2).mean(axis=(2, 4)), atol=1e-6)
    assert labels is not None
    assert (labels.tolist(), names) == ([0, 1, 0, 1, 0], ("x", "y"))


BAD = [
    ({"pictures": np.zeros((2, 2, 2))}, "images: got pictures, expected an array named images"),
    ({"images": np.zeros((2, 4))}, r"images: got shape \(2, 4\)"),
    ({"images": np.zeros((2, 2, 2), complex)}, "images: got dtype complex128"),
    ({"images": np.full((2, 2, 2), -1)}, "images: got values from -1 to -1"),
    ({"images": np.full((2, 2, 2), 3, np.uint8)}, "whole numbers up to 3, whose full brightness"),
    ({"images": np.full((2, 2, 2), 4095)}, "whole numbers up to 4095, whose full brightness"),
    ({"images": np.zeros((2, 2, 2), np.uint8)}, "images: got 0 in every pixel"),
    ({"images": np.full((2, 2, 2), 2.0)}, r"images: got values outside \[0, 1\]"),
    ({"images": np.full((2, 2, 2), np.nan)}, r"images: got values outside \[0, 1\]"),
    ({"images": np.zeros((2, 2, 2)), "labels": [1]}, r"labels: got shape \(1,\)"),
    ({"images": np.zeros((2, 2, 2)), "labels": [0.5, 1]}, "labels: got 1 of 2 .* such as 0.5"),
    ({"images": np.zeros((2, 2, 2)), "labels": [0, -1]}, "labels: got 1 of 2 .* such as -1"),
]


@pytest.mark.parametrize(("arrays", "message"), BAD)
def test_arrays_that_are_no_images_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=message):
        read_array(tmp_path / "bad.npz")


def test_pickles_and_foreign_files_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object))
    (tmp_path / "b.npz").write_bytes(b"PK no archive")
    for name, message in (("a.npy", "pickled objects"), ("b.npz", "a file that cannot be read")):
        with pytest.raises(InputError, match=message):
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
    with pytest.raises(InputError, match="no such file, expected a picture"):
        read_picture(tmp_path / "none.png", (2, 2))
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match="none of a picture: a file that begins with b'no pictu'"):
        read_picture(tmp_path / "text.png", (2, 2))


def test_classes_stand_in_natural_order_and_empty_folders_are_told(tmp_path):
    for name in ("0", "1", "10", "2"):
        write_png(tmp_path / name / "a.png", np.full((2, 2), int(name)))
    (tmp_path / "3").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "0" / "._a.png").write_bytes(b"of another system")
    images, labels, names, notes = read_folder(tmp_path)
    assert names == ("0", "1", "2", "10")
    assert (images[:, 0, 0] * 255).round().tolist() == [0, 1, 2, 10]
    assert labels is not None
    assert labels.tolist() == [0, 1, 2, 3]
    assert notes == (f"{tmp_path}: 1 folders without pictures are no classes: 3",)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 1], np.uint8), [0, 1]),
        (np.array([False, True]), [0, 1]),
        (np.array([0, 4, 15, 16], np.uint8), [0, 0.25, 15 / 16, 1]),
        (np.array([0, 51, 255], np.int64), [0, 0.2, 1]),
        (np.array([0, 51, 204], np.uint16), [0, 0.2, 0.8]),
        (np.array([0, 13107, 65535], np.uint16), [0, 0.2, 1]),
        (np.array([0, 0.25, 1], np.float16), [0, 0.25, 1]),
    ],
)
def test_whole_numbers_are_scaled_by_the_range_that_they_use(tmp_path, values, expected):
    np.save(tmp_path / "a.npy", values.reshape(1, 1, -1))
    assert read_array(tmp_path / "a.npy").images.ravel() == pytest.approx(expected)


def test_ink_on_clear_pictures_is_seen(tmp_path):
    """Black ink gets white paper under it, white ink black paper, for a whole folder alike."""
    clear = np.zeros((4, 4, 4), dtype=np.uint8)
    clear[1:3, 1:3, 3] = 255
    for ink, paper in ((0, 1.0), (255, 0.0)):
        picture = clear.copy()
        picture[1:3, 1:3, :3] = ink
        write_png(tmp_path / str(ink) / "a.png", picture)
        images, _, _, notes = read_folder(tmp_path / str(ink))
        assert images[0, 0, 0] == paper
        assert images[0, 1, 1] == 1 - paper
        assert notes == (
            f"clear parts of 1 pictures were laid on {['black', 'white'][ink == 0]} paper",
        )


def test_all_headers_are_looked_at_before_any_picture_is_unpacked(tmp_path, monkeypatch):
    write_png(tmp_path / "a.png", np.zeros((8, 8)))
    write_png(tmp_path / "b.png", np.zeros((8, 8)))
    monkeypatch.setattr("lasersampling.datasets.brightness.MAX_SET_PIXELS", 127)
    with pytest.raises(InputError, match="got 128 pixels, expected at most 127"):
        read_folder(tmp_path)
    assert read_folder(tmp_path, (4, 4)).images.shape == (2, 4, 4)


def test_links_in_circles_are_no_pictures(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "deep").symlink_to(tmp_path)
    with pytest.raises(InputError, match="a file that cannot be read|no such file|beside folders"):
        read_folder(tmp_path)
