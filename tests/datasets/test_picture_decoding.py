"""Pictures of all kinds, and files that pretend to be some."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lasersampling.datasets.picture_decoding import MAX_PIXELS, decoded, pixel_count
from lasersampling.errors import InputError

GREY = np.array([[0, 51, 102], [153, 204, 255]], dtype=np.uint8)
EXPECTED = GREY / 255


def with_alpha(mode):
    return Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(255 - GREY)]).convert(mode)


def palette(transparency=None):
    picture = Image.fromarray((GREY // 51).astype(np.uint8), "P")
    picture.putpalette([value for k in range(6) for value in (51 * k,) * 3])
    if transparency is not None:
        picture.info["transparency"] = transparency
    return picture


KINDS = {
    "L.png": (Image.fromarray(GREY), EXPECTED, None),
    "16 bit.png": (Image.fromarray(GREY.astype(np.uint16) * 257), EXPECTED, None),
    "16 bit.tif": (Image.fromarray(GREY.astype(np.uint16) * 257), EXPECTED, None),
    "float.tif": (Image.fromarray(EXPECTED.astype(np.float32)), EXPECTED, None),
    "1 bit.png": (Image.fromarray(GREY > 100), GREY > 100, None),
    "palette.png": (palette(), EXPECTED, None),
    "clear colour.png": (palette(transparency=2), EXPECTED, GREY != 102),
    "grey.gif": (palette(), EXPECTED, None),
    "LA.png": (with_alpha("LA"), EXPECTED, 1 - EXPECTED),
    "RGBA.png": (with_alpha("RGBA"), EXPECTED, 1 - EXPECTED),
    "RGB.bmp": (Image.fromarray(GREY).convert("RGB"), EXPECTED, None),
    "CMYK.tif": (Image.fromarray(GREY).convert("RGB").convert("CMYK"), EXPECTED, None),
    "grey.pgm": (Image.fromarray(GREY), EXPECTED, None),
}


@pytest.mark.parametrize("name", KINDS)
def test_brightness_of_all_kinds(tmp_path, name):
    picture, expected, opaque = KINDS[name]
    options = {"transparency": picture.info["transparency"]} if "clear" in name else {}
    picture.save(tmp_path / name, **options)
    assert pixel_count(tmp_path / name) == 6
    found = decoded(tmp_path / name)
    ink, share = found.parts(None)
    solid = np.ones(GREY.shape) if opaque is None else np.asarray(opaque, dtype=np.float64)
    # Grey levels of GIF and CMYK may be off by one of 255.
    np.testing.assert_allclose(share, solid, atol=1e-9)
    np.testing.assert_allclose(ink, np.asarray(expected) * solid, atol=1.01 / 255)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_pictures_stand_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    turns = {3: 2, 6: 3, 8: 1}[orientation]
    np.testing.assert_allclose(
        decoded(tmp_path / "a.png").parts(None)[0], np.rot90(EXPECTED, turns)
    )


@pytest.mark.parametrize("suffix", ["gif", "png", "tif"])
def test_several_frames_are_refused(tmp_path, suffix):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="got several frames"):
        decoded(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (Image.fromarray(np.array([[0, 70000]], dtype=np.int32)), "pixels of mode I, whose full"),
        (Image.fromarray(np.array([[0, 2]], dtype=np.float32)), r"outside \[0, 1\]"),
        (Image.fromarray(np.array([[0, np.nan]], dtype=np.float32)), r"outside \[0, 1\], or nan"),
    ],
)
def test_pixels_of_unknown_scale_are_refused(tmp_path, picture, message):
    picture.save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=message):
        decoded(tmp_path / "a.tif")


def png_of_zeros(side):
    """A picture of a few kB that says that it is large."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10_000)))
    return b"\x89PNG\r\n\x1a\n" + content + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [6_000, 12_000, 20_000, 2**31 - 1])
@pytest.mark.parametrize("read", [decoded, pixel_count])
def test_large_pictures_are_refused_by_their_header(tmp_path, side, read):
    (tmp_path / "a.png").write_bytes(png_of_zeros(side))
    with pytest.raises(InputError, match=f"pixels, expected at most {MAX_PIXELS:,} pixels"):
        read(tmp_path / "a.png")


OTHERS = {
    "text": (b"no picture", "begins with b'no pictu'"),
    "empty": (b"", "an empty file"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "header only": (b"\x89PNG\r\n\x1a\n", "damaged"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_named(tmp_path, name):
    content, message = OTHERS[name]
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError) as caught:
        decoded(tmp_path / "a.png")
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP"])
def test_damage_is_told_or_harmless(tmp_path, damaged, kind):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8))
    stream = io.BytesIO()
    picture.save(stream, kind)
    for content in damaged(stream.getvalue()):
        (tmp_path / "a.png").write_bytes(content)
        for read in (pixel_count, lambda path: decoded(path).parts((4, 4))):
            try:
                read(tmp_path / "a.png")
            except InputError as error:
                assert len(error.problems) == 1
