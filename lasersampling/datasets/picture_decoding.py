"""One picture from a file of any common kind; its size is checked before it is decoded.

Pillow decodes. Colours become luma (ITU-R 601), pictures are turned as their EXIF orientation says,
and full brightness is what the kind of file declares: 1, 255 or 65,535; floats count from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.config.plain_files import no_plain_file
from lasersampling.datasets.numpy_files import told_as_damage
from lasersampling.errors import InputError
from lasersampling.paths import kind_of_content

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_SUFFIXES = (*(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm"),)
"""Endings of files in a folder that count as pictures."""

MAX_PIXELS = 2**25
"""Largest number of pixels of one picture before it is scaled."""

EXPECTED = "a picture (PNG, JPEG, GIF, BMP, TIFF, WebP or PGM)"

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
_MAX_16_BIT = 65535.0


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture as it stands in its file.

    Attributes
    ----------
    values : ndarray, shape (row, column)
        Brightness, `white` at most.
    white : float
        Value of full brightness.
    opacity : ndarray of uint8, shape (row, column), or None
        Opacity from 0 (clear) to 255; None if the picture is opaque throughout.
    """

    values: NDArray[Any]
    white: float
    opacity: NDArray[np.uint8] | None

    def parts(self, size: tuple[int, int] | None) -> tuple[NDArray[np.float64], ...]:
        """Return brightness times opacity, and opacity, both from 0 to 1, averaged over areas."""
        if size is None or self.values.shape == size:
            grey = self.values.astype(np.float64) / self.white
            opaque = np.ones(grey.shape) if self.opacity is None else self.opacity / 255.0
            return grey * opaque, opaque
        small = self.values.astype(np.float32) / np.float32(self.white)
        if self.opacity is None:
            return resized(small, size), np.ones(size)
        share = self.opacity.astype(np.float32) / np.float32(255.0)
        return resized(small * share, size), resized(share, size)


def pixel_count(path: Path) -> int:
    """Read the number of pixels of a picture from its first bytes.

    Raises
    ------
    InputError
        If the file is no picture, has several frames, or more than `MAX_PIXELS`.
    """
    with _opened(path) as image:
        return int(image.width * image.height)


def decoded(path: Path) -> Decoded:
    """Read a picture.

    Raises
    ------
    InputError
        If the file is no picture or damaged, has several frames, more than `MAX_PIXELS`, whole
        numbers of 32 bits, whose full brightness is not declared, or floats outside of [0, 1].
        Nothing else is raised.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        image.load()
        key, mode = image.info.get("transparency"), image.mode
        upright = ImageOps.exif_transpose(image)
        if mode.startswith("I;16") or (mode == "I" and image.format == "PNG"):
            values = np.asarray(upright)
            clear = None if not isinstance(key, int) else (values != key).astype(np.uint8) * 255
            return Decoded(values, _MAX_16_BIT, clear)
        if mode == "F":
            values = np.asarray(upright)
            # Written so that nan fails it too.
            if not ((values >= 0) & (values <= 1)).all():
                got = "floating-point pixels outside [0, 1], or nan"
                raise InputError.single(str(path), got, "floats from 0 to 1, or 8 or 16 bits")
            return Decoded(values, 1.0, None)
        if mode.startswith("I"):
            got = f"pixels of mode {mode}, whose full brightness is not declared"
            raise InputError.single(str(path), got, "pixels of 8 or 16 bits, or floats from 0 to 1")
        both = np.asarray(_with_alpha(upright))
        opacity = both[..., 1]
        return Decoded(both[..., 0], 255.0, None if (opacity == 255).all() else opacity)


def resized(image: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float64]:
    """Scale (row, column) to a size by averages over areas, with Pillow."""
    from PIL import Image

    rows, columns = size
    small = Image.fromarray(image.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    return np.clip(np.asarray(small, dtype=np.float64), 0.0, 1.0)


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """Open a picture without decoding it, and check its size and frames."""
    from PIL import Image, UnidentifiedImageError

    where = str(path)
    with told_as_damage(where, EXPECTED):
        if not path.is_file():
            raise InputError.single(where, no_plain_file(path), EXPECTED)
        try:
            image = Image.open(path, formats=_FORMATS)
        except UnidentifiedImageError:
            with path.open("rb") as stream:
                start = stream.read(16)
            kind = kind_of_content(start) or f"a file that begins with {start[:8]!r}"
            got = f"a damaged file, or none of a picture: {kind}" if start else "an empty file"
            raise InputError.single(where, got, EXPECTED) from None
        except Image.DecompressionBombError:
            raise _too_large(where, "far more pixels") from None
        with image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large(where, f"{image.height:,} x {image.width:,} pixels")
            # The second picture of a phone's MPO file is a smaller copy of the first.
            if image.format != "MPO" and getattr(image, "is_animated", False):
                expected = f"{EXPECTED} with a single frame; save the frames as files of their own"
                raise InputError.single(where, "several frames", expected)
            yield image


def _with_alpha(image: Image) -> Image:
    """Turn a picture of 8 bits into luma and opacity."""
    if image.mode in ("P", "PA", "La", "RGBa", "RGB"):  # RGB may declare one colour clear
        image = image.convert("RGBA")
    elif image.mode not in ("1", "L", "LA", "RGBA"):
        image = image.convert("RGB")
    return image.convert("LA")


def _too_large(where: str, got: str) -> InputError:
    expected = f"at most {MAX_PIXELS:,} pixels in one picture; make it smaller first"
    return InputError.single(where, got, expected)
