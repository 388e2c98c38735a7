"""MNIST and its relatives from files of the user's own, in their original form (IDX)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.paths import suffix_of

_UNSIGNED_BYTES = 8
_PARTS = {"train": "train", "test": "t10k"}


def has_idx(directory: Path) -> bool:
    """Whether a directory holds the training images of such a set."""
    return _found(directory, "train-images-idx3-ubyte") is not None


def read_idx_set(directory: Path) -> dict[str, NDArray[np.uint8]]:
    """Read the four files of a set, plain or with gzip.

    Parameters
    ----------
    directory : Path
        With ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the same beginning with
        ``t10k``, each with or without ``.gz``.

    Returns
    -------
    dict
        ``train_images`` and ``test_images`` (image, row, column), ``train_labels`` and
        ``test_labels`` (image,).

    Raises
    ------
    InputError
        If a file is missing, truncated or of another kind.
    """
    read = {}
    for part, prefix in _PARTS.items():
        for kind, n_dims in (("images", 3), ("labels", 1)):
            name = f"{prefix}-{kind}-idx{n_dims}-ubyte"
            path = _found(directory, name)
            if path is None:
                raise InputError.single(
                    f"{directory / name}", "no such file", f"{name} or {name}.gz"
                )
            read[f"{part}_{kind}"] = read_idx(path, n_dims)
        if len(read[f"{part}_images"]) != len(read[f"{part}_labels"]):
            got = f"{len(read[f'{part}_images'])} images, {len(read[f'{part}_labels'])} labels"
            raise InputError.single(f"{directory}: {part} part", got, "as many of both")
    return read


def read_idx(path: Path, n_dims: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes.

    Two zero bytes, the type (8), the number of dimensions, their sizes as big-endian 32-bit
    integers, then the data.

    References
    ----------
    LeCun, Cortes, Burges, "The MNIST database of handwritten digits" (1998), file formats.
    """
    expected = f"an IDX file of bytes with {n_dims} dimensions"
    try:
        content = path.read_bytes()
        if suffix_of(path) == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError):
        raise InputError.single(str(path), "a file that cannot be read", expected) from None
    header = 4 + 4 * n_dims
    if len(content) < header or content[:4] != bytes([0, 0, _UNSIGNED_BYTES, n_dims]):
        raise InputError.single(str(path), "another kind of file", expected)
    sizes = np.frombuffer(content, dtype=">u4", count=n_dims, offset=4).astype(np.int64)
    if len(content) - header != sizes.prod():
        got = f"{len(content) - header} bytes of data"
        raise InputError.single(str(path), got, f"{sizes.prod()}, as its header says")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(sizes)


def _found(directory: Path, name: str) -> Path | None:
    for candidate in (directory / name, directory / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None
