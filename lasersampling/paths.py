"""Names of files as users write them, with ``~`` and endings in any case; the user's cache."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from lasersampling.errors import InputError, Problem

HDF5_SUFFIXES = (".h5", ".hdf5", ".nc")
"""Endings of HDF5 files, which include netCDF-4."""


_KINDS = {
    b"\x89HDF": "an HDF5 file",
    b"PK\x03\x04": "a ZIP archive, such as .npz of NumPy",
    b"\x93NUMPY": "an array of NumPy (.npy)",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "data compressed by gzip",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
"""First bytes of files of other kinds."""

_SHOWN = 60
"""Characters that messages show of a name that cannot be used."""


_LONGEST_PART, _LONGEST = 255, 4095
"""Lengths of the parts of a path, and of a path, that usual file systems have [B]."""


def named(path: str | os.PathLike[str]) -> str:
    """Return the name of a file as text.

    Raises
    ------
    InputError
        If it is neither text nor a path, or no file can have this name.

    Examples
    --------
    >>> named(Path("run.h5"))
    'run.h5'
    """
    expected = "the name of a file, as text or a path"
    what: object = path
    if not isinstance(what, str | os.PathLike):
        raise InputError.single("path", repr(what)[:_SHOWN], expected)
    text: object = os.fspath(what)
    if not isinstance(text, str):
        raise InputError.single("path", repr(text)[:_SHOWN], expected)
    if "\0" in text:
        raise InputError.single(repr(text)[:_SHOWN], "embedded null byte", "the name of a file")
    size = len(os.fsencode(text))
    if size > _LONGEST or any(len(os.fsencode(part)) > _LONGEST_PART for part in Path(text).parts):
        expected = f"at most {_LONGEST_PART} in each part of a path, and {_LONGEST} in all"
        raise InputError.single(f"{text[:_SHOWN]}...", f"a name of {size} bytes", expected)
    return text


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return the ending of a file's name in lower case, ``.h5`` of ``RUN.H5``; empty if none.

    Examples
    --------
    >>> suffix_of("results/RUN.H5")
    '.h5'
    """
    return Path(named(path)).suffix.lower()


def suffix_problems(path: str | os.PathLike[str], known: Sequence[str]) -> list[Problem]:
    """Check that the name of a file ends in one of `known`, given in lower case with the dot.

    Examples
    --------
    >>> [str(problem) for problem in suffix_problems("notes.csv", (".h5", ".nc"))]
    ["notes.csv: got the suffix '.csv', expected one of .h5, .nc"]
    """
    suffix = suffix_of(path)
    if suffix in known:
        return []
    got = f"the suffix {suffix!r}" if suffix else "no suffix"
    return [Problem(str(path), got, "one of " + ", ".join(known))]


def known_suffix(path: str | os.PathLike[str], known: Sequence[str]) -> str:
    """Return the ending of a file's name in lower case, which has to be one of `known`.

    Raises
    ------
    InputError
        If it is another.
    """
    problems = suffix_problems(path, known)
    if problems:
        raise InputError(problems)
    return suffix_of(path)


def expanded(path: str | os.PathLike[str]) -> Path:
    """Replace a leading ``~`` by the home directory, and ``~name`` by that of another user.

    Raises
    ------
    InputError
        If there is no such user, or `path` cannot be the name of a file.
    """
    text = named(path)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        expected = "a known user's, or ./~... for a file of this name"
        raise InputError.single(text, "no such home directory", expected) from None


def is_file_name(name: str) -> bool:
    """Whether a text is meant as the name of a file: it has an ending, or names a folder.

    Examples
    --------
    >>> is_file_name("run.h5"), is_file_name("results/run"), is_file_name("random_five")
    (True, True, False)
    """
    return bool(Path(name).suffix) or len(Path(name).parts) > 1


def no_such_file(path: str | os.PathLike[str]) -> str:
    """Say in words for a message that there is no such file, and which is of nearly this name.

    Examples
    --------
    >>> no_such_file("nowhere/run.h5")
    "no such file, nor the folder 'nowhere'"
    """
    file = Path(path)
    try:
        others = sorted(other for other in file.parent.iterdir() if other.is_file())
    except OSError:
        return f"no such file, nor the folder {str(file.parent)!r}"
    # Of the same kind, since all names of a kind are alike at their ends; or with another ending.
    kin = {other.stem: other.name for other in others if suffix_of(other) == suffix_of(file)}
    near = [kin[stem] for stem in difflib.get_close_matches(file.stem, kin, n=2)]
    near += [other.name for other in others if other.stem == file.stem][: 2 - len(near)]
    return "no such file" + (f" (did you mean {' or '.join(map(repr, near))}?)" if near else "")


def as_text(text: str) -> str:
    r"""Write the bytes of a file's name that are not UTF-8 by their codes, for text files.

    Names of files may contain any bytes, and Python represents them by surrogates, which neither
    HDF5 nor TOML can store.

    Examples
    --------
    >>> print(as_text("m\udcff.toml"))
    m\udcff.toml
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def kind_of_content(content: bytes) -> str | None:
    r"""Recognise the kind of a file by its first bytes, in words for a message; None if unknown.

    Examples
    --------
    >>> kind_of_content(b"PK\x03\x04...")
    'a ZIP archive, such as .npz of NumPy'
    """
    for start, kind in _KINDS.items():
        if content.startswith(start) and len(content) > len(start):
            return kind
    return None


CACHE_VARIABLE = "LASERSAMPLING_CACHE"
"""Environment variable that names another directory for the cache."""


def cache_directory() -> Path:
    """Return the user's cache: stored calibrations, compiled code that cannot be kept elsewhere."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("lasersampling")
