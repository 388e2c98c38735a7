"""Model files that come with the library, in a clone and in an installed wheel alike."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from lasersampling.config.plain_files import no_plain_file
from lasersampling.errors import InputError
from lasersampling.paths import expanded, is_file_name

_SUFFIXES = (".toml", ".h5")
KINDS = (
    "devices",
    "machines",
    "bayesian_networks",
    "recipes",
    "networks",
    "chips",
    "imperfections",
)
"""Folders of shipped files."""


def shipped_path(kind: str, name: str) -> Path:
    """Find a shipped model file by its name.

    Parameters
    ----------
    kind : str
        Folder of ``models/``, such as ``"devices"`` or ``"machines"``.
    name : str
        File name without its ending.

    Returns
    -------
    Path
        The TOML or HDF5 file.

    Raises
    ------
    InputError
        If there is no such file; the message lists those that exist.

    Examples
    --------
    >>> shipped_path("devices", "D6").name
    'D6.toml'
    """
    files = _files(kind)
    if not isinstance(name, str) or name not in files:
        raise InputError.single(kind, repr(name), _one_of(files))
    return files[name]


def shipped_names(kind: str) -> list[str]:
    """Return the names of the shipped models of a kind, sorted.

    Raises
    ------
    InputError
        If there is no such kind; the message lists them.

    Examples
    --------
    >>> shipped_names("chips")
    ['brainscales2', 'harsh', 'ideal']
    """
    return sorted(_files(kind))


def resolve(kind: str, name_or_path: str | Path, *, beside: Path | None = None) -> Path:
    """Find a model file: an existing file has precedence over a shipped one of that name.

    Relative paths count from the working directory, or from the folder of the file that names it;
    ``~``
    is the home directory.

    Parameters
    ----------
    kind : str
        Folder of ``models/``, such as ``"devices"`` or ``"machines"``.
    name_or_path : str or Path
        Path of a file, or one of the names that `shipped_names` lists.
    beside : Path, optional
        Folder from which a relative path counts; the working directory by default.

    Returns
    -------
    Path
        An existing file.

    Raises
    ------
    InputError
        If it is neither; the message lists the shipped names, or for the name of a file those in
        its folder that are similar.
    """
    path = expanded(name_or_path)
    if beside is not None:
        path = beside / path
    if path.is_file():
        return path
    files, name = _files(kind), str(name_or_path)
    if name in files:
        return files[name]
    alike = difflib.get_close_matches(name, files, n=1)
    alike += [known for known in files if known.lower() == name.lower() and known not in alike]
    others = [other for other in KINDS if other != kind and name in _files(other)]
    meant = f" (did you mean {alike[-1]!r}?)" if alike else ""
    if others:
        meant = f", one of the {others[0].replace('_', ' ')}"
    got = f"the directory {name!r}" if path.is_dir() else repr(name)
    where = "" if beside is None else f" in {beside}"
    if is_file_name(name) and not meant and not path.is_dir():
        got, expected = f"{name!r}, {no_plain_file(path)}", f"an existing file{where}"
        raise InputError.single(kind, got, f"{expected}, or a shipped name")
    expected = f"an existing file{where} or {_one_of(files)}"
    raise InputError.single(kind, got + meant, expected)


def located(path: str, folder: Path, names: Collection[str] = ()) -> str:
    """Locate a file that a recipe names: relative paths count from the recipe's folder.

    Parameters
    ----------
    path : str
        The path as written in the recipe; ``~`` is the home directory.
    folder : Path
        Folder of the recipe.
    names : collection of str
        Names that may stand in place of a path, and are returned unchanged.

    Returns
    -------
    str
        An absolute path, or one of `names`.
    """
    if path in names or not path:
        return path
    return str((folder / expanded(path)).absolute())


def _files(kind: str) -> dict[str, Path]:
    if not isinstance(kind, str) or kind not in (*KINDS, "calibrations"):
        expected = f"one of {', '.join(KINDS)}, calibrations"
        raise InputError.single("kind", repr(kind), expected)
    package = Path(__file__).resolve().parents[1]
    # A wheel carries the folder inside the package; in a clone it stands beside the package.
    installed = package / "_models"
    folder = (installed if installed.is_dir() else package.parent / "models") / kind
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in _SUFFIXES}


def _one_of(files: dict[str, Path]) -> str:
    if not files:
        return "the name of a shipped model (there is none of this kind)"
    return "one of the shipped: " + ", ".join(sorted(files))
