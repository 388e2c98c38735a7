"""Which values count as dark and bright: scales of whole numbers, clear parts, contrast.

Whole numbers do not say what full brightness is, so it follows from their largest value over all
pictures:

=====================  ================
largest value          full brightness
=====================  ================
1                      1
8 to 16                16
64 to 255              255
16,384 to 65,535       65,535
=====================  ================

Other sets are refused, since every guess would make them dark. Booleans are 0 and 1, and
floating-point numbers have to lie in [0, 1].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem

MAX_SET_PIXELS = 2**27
"""Largest number of pixels of all pictures of a set together: 1 GiB in double precision."""

_SCALES = ((1, 1, 1.0), (8, 16, 16.0), (64, 255, 255.0), (16384, 65535, 65535.0))
_LEAST_CONTRAST = 0.25


def scaled(images: NDArray[Any], where: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Turn an array of pictures into brightness from 0 to 1, and say how if there was a choice.

    Parameters
    ----------
    images : ndarray, shape (image, row, column)
        Booleans, whole numbers or floating-point numbers.
    where : str
        What the pictures are called in error messages.

    Returns
    -------
    brightness : ndarray of float64, shape (image, row, column)
    notes : tuple of str
        Remarks for the user on how the values were read.

    Raises
    ------
    InputError
        For other shapes and types, more than `MAX_SET_PIXELS`, values below 0, nan, floats above
        1, and whole numbers whose scale is not known.

    Examples
    --------
    >>> import numpy as np
    >>> scaled(np.array([[[0, 8, 16]]]), "images")[0].tolist()
    [[[0.0, 0.5, 1.0]]]
    """
    if images.ndim != 3 or images.size == 0:
        raise InputError.single(where, f"shape {images.shape}", "shape (image, row, column)")
    problems = size_problems(images.size, where)
    if problems:
        raise InputError(problems)
    if images.dtype.kind == "b":
        return images.astype(np.float64), ()
    if images.dtype.kind == "f":
        # Written so that a nan fails it too.
        if not ((images >= 0) & (images <= 1)).all():
            got = f"values outside [0, 1]{_range_words(images)}"
            raise InputError.single(where, got, "floats in [0, 1] without nan, or whole numbers")
        return images.astype(np.float64), ()
    expected = "booleans, floats from 0 to 1, or whole numbers whose largest is 1, 8 to 16, "
    expected += "64 to 255 or 16384 to 65535"
    if images.dtype.kind not in "iu":
        raise InputError.single(where, f"dtype {images.dtype}", expected)
    least, most = int(images.min()), int(images.max())
    if least < 0:
        raise InputError.single(where, f"values from {least} to {most}", expected)
    for first, last, white in _SCALES:
        if first <= most <= last:
            usual = white == 255.0 and images.dtype == np.uint8
            note = (
                f"{where}: whole numbers up to {most}, of which {white:g} counts as full brightness"
            )
            return images / white, () if usual else (note,)
    if most == 0:
        raise InputError.single(where, "0 in every pixel", "pictures with something on them")
    got = f"whole numbers up to {most}, whose full brightness is not known"
    raise InputError.single(where, got, expected)


def size_problems(n_pixels: int, where: str) -> list[Problem]:
    """Check that a set of pictures is not larger than memory should hold."""
    if n_pixels <= MAX_SET_PIXELS:
        return []
    expected = f"at most {MAX_SET_PIXELS:,} in all pictures together; fewer or smaller pictures"
    return [Problem(where, f"{n_pixels:,} pixels", expected)]


def on_paper(
    ink: NDArray[np.float64], opacity: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Lay pictures with clear parts on paper: white under dark ink, black under bright ink.

    All pictures of a set get the same paper, chosen by the mean brightness of what is not clear.

    Parameters
    ----------
    ink, opacity : ndarray of float64, shape (image, row, column)
        Brightness times opacity; opacity.

    Returns
    -------
    brightness : ndarray of float64, shape (image, row, column)
    notes : tuple of str
        Which paper was chosen, if there are clear parts.
    """
    clear = opacity.min(axis=(1, 2)) < 1
    if not clear.any():
        return ink, ()
    paper = 1.0 if ink[clear].sum() <= 0.5 * opacity[clear].sum() else 0.0
    kind = "white" if paper else "black"
    note = f"clear parts of {clear.sum()} pictures were laid on {kind} paper"
    return ink + (1.0 - opacity) * paper, (note,)


def contrast_problems(parts: list[NDArray[np.float64]], where: str) -> list[Problem]:
    """Check that pictures, as grey levels, have dark and bright parts.

    Parameters
    ----------
    parts : list of ndarray, each (image, pixel)
        All pictures that can be learned from.
    where : str
        What the pictures are called in error messages.
    """
    least = min(float(part.min()) for part in parts)
    most = max(float(part.max()) for part in parts)
    if most - least >= _LEAST_CONTRAST:
        return []
    n_images = sum(len(part) for part in parts)
    got = f"{n_images} pictures with brightness from {least:.3g} to {most:.3g}"
    expected = f"dark and bright parts, at least {_LEAST_CONTRAST:g} of full brightness apart"
    return [Problem(where, got, expected)]


def sameness_problems(parts: list[NDArray[np.float64]], where: str) -> list[Problem]:
    """Check that pictures, in the form in which they are learned, are not all the same."""
    first = parts[0][0]
    if any(not (part == first).all() for part in parts):
        return []
    n_images = sum(len(part) for part in parts)
    one = f"pixels of {first[0]:g} only" if (first == first[0]).all() else "the same picture"
    expected = "pictures that differ; of grey ones, pixels of at least half brightness become 1"
    return [Problem(where, f"{n_images} times {one}", f"{expected} (binarise)")]


def polarity_notes(images: NDArray[np.float64], where: str) -> tuple[str, ...]:
    """Say which pictures are blank, and whether most pixels are bright, which learns badly."""
    notes = []
    blank = int((images == images[:, :1]).all(axis=1).sum())
    if blank:
        notes.append(
            f"{where}: {blank} of {len(images)} pictures have the same value in all pixels"
        )
    mean = float(images.mean())
    if mean > 0.5:
        notes.append(
            f"{where}: most pixels are bright (mean {mean:.2f}); for dark strokes on bright paper, "
            "invert = true makes the strokes 1, from which machines learn best"
        )
    return tuple(notes)


def _range_words(images: NDArray[Any]) -> str:
    finite = images[np.isfinite(images)]
    some = "" if finite.size == images.size else f", {images.size - finite.size} not finite"
    return f" ({finite.min():g} to {finite.max():g}{some})" if finite.size else " (none finite)"
