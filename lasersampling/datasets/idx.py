"""MNIST and similar sets, from the user's own files in their original form (IDX)."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasersampling.datasets.brightness import size_problems
from lasersampling.datasets.numpy_files import told_as_damage
from lasersampling.errors import InputError

_UNSIGNED_BYTES = 8
_GZIP = b"\x1f\x8b"
_PARTS = {"train": ("train",), "test": ("t10k", "test")}
_KINDS = {"images": 3, "labels": 1}


def is_idx(path: Path, n_dims: int = 3) -> bool:
    """Whether the content of a file is IDX with so many dimensions, plain or compressed."""
    try:
        with _opened(path) as stream:
            return stream.read(4) == bytes([0, 0, _UNSIGNED_BYTES, n_dims])
    except (OSError, EOFError, zlib.error):
        return False


def has_idx(directory: Path) -> bool:
    """Whether a directory holds the training images of such a set."""
    try:
        return _found(directory, "train", "images") is not None
    except OSError:
        return False


def read_idx_set(directory: Path) -> dict[str, NDArray[np.uint8]]:
    """Read the four files of a set, plain or compressed by gzip.

    Parameters
    ----------
    directory : Path
        A directory with files such as ``train-images-idx3-ubyte``, ``train-labels.idx1-ubyte``,
        ``t10k-images-idx3-ubyte.gz`` and ``t10k-labels-idx1-ubyte``; they are recognised by words
        in their names and by their content.

    Returns
    -------
    dict
        ``train_images`` and ``test_images`` (image, row, column), ``train_labels`` and
        ``test_labels`` (image,).

    Raises
    ------
    InputError
        If a file is missing, truncated or of another kind, or two files could be the same part.
    """
    read = {}
    for part, words in _PARTS.items():
        for kind, n_dims in _KINDS.items():
            path = _found(directory, part, kind)
            if path is None:
                name = f"{words[0]}-{kind}-idx{n_dims}-ubyte"
                raise InputError.single(
                    f"{directory / name}", "no such file", f"{name} or {name}.gz"
                )
            read[f"{part}_{kind}"] = read_idx(path, n_dims)
        check_counts(read[f"{part}_images"], read[f"{part}_labels"], f"{directory}: {part} part")
    return read


def labels_beside(images: Path) -> Path | None:
    """Find the file of labels that belongs to a file of images, by its name and content."""
    kinds = (("images", "labels"), ("idx3", "idx1"))
    name = images.name
    for old, new in kinds:
        name = name.replace(old, new)
    plain = name.removesuffix(".gz")
    for candidate in (name, plain, f"{plain}.gz"):
        path = images.with_name(candidate)
        if candidate != images.name and is_idx(path, 1):
            return path
    return None


def check_counts(images: NDArray[np.uint8], labels: NDArray[np.uint8], where: str) -> None:
    """Check that there is a label for each image.

    Raises
    ------
    InputError
        If there is not.
    """
    if len(images) != len(labels):
        got = f"{len(images)} images, {len(labels)} labels"
        raise InputError.single(where, got, "as many of both")


def read_idx(path: Path, n_dims: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, plain or compressed by gzip, which its content tells.

    The file holds two zero bytes, the type (8), the number of dimensions, their sizes as big-endian
    32-bit integers, then the data. No more is decompressed than the header declares.

    Raises
    ------
    InputError
        If the file is of another kind or damaged, or declares more than
        `brightness.MAX_SET_PIXELS`.

    References
    ----------
    LeCun, Cortes, Burges, "The MNIST database of handwritten digits" (1998), file formats.
    """
    where, expected = str(path), f"an IDX file of bytes with {n_dims} dimensions"
    with told_as_damage(where, expected), _opened(path) as stream:
        start = stream.read(4 + 4 * n_dims)
        if len(start) < 4 + 4 * n_dims or start[:4] != bytes([0, 0, _UNSIGNED_BYTES, n_dims]):
            raise InputError.single(where, "another kind of file", expected)
        shape = tuple(np.frombuffer(start, dtype=">u4", offset=4).tolist())
        size = math.prod(shape)
        problems = size_problems(size, where)
        if problems:
            raise InputError(problems)
        content = stream.read(size + 1)
        if len(content) != size:
            count = f"{len(content)}" if len(content) < size else f"more than {size}"
            got = f"{count} bytes of data"
            raise InputError.single(where, got, f"{size}, as its header says")
        return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _opened(path: Path) -> gzip.GzipFile:
    with path.open("rb") as stream:
        is_packed = stream.read(2) == _GZIP
    return gzip.open(path, "rb") if is_packed else path.open("rb")  # type: ignore[return-value]


def _found(directory: Path, part: str, kind: str) -> Path | None:
    """Find the file of a part by the words in its name and by its content."""
    named = [
        path
        for path in sorted(directory.iterdir())
        if kind[:-1] in path.name.lower()
        and any(word in path.name.lower() for word in _PARTS[part])
        and "idx" in path.name.lower()
        and not path.name.startswith(".")
        and path.is_file()
    ]
    # The same file, once plain and once compressed, counts as one.
    plain = {path.name.removesuffix(".gz"): path for path in reversed(named)}
    if len(plain) > 1:
        got = ", ".join(sorted(plain))
        raise InputError.single(f"{directory}: {part} {kind}", got, "files of a single set")
    return next(iter(plain.values()), None)
