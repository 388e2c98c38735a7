"""Model files that travel with the library, in a clone and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

from lasersampling.errors import InputError

_SUFFIXES = (".toml", ".h5")


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
        If there is no such file; lists those that there are.
    """
    files = _files(kind)
    if name not in files:
        raise InputError.single(kind, repr(name), _one_of(files))
    return files[name]


def shipped_names(kind: str) -> list[str]:
    """Return the names of the shipped models of a kind, sorted."""
    return sorted(_files(kind))


def resolve(kind: str, name_or_path: str | Path) -> Path:
    """Find a model file: an existing file wins, else the name of a shipped one.

    Parameters
    ----------
    kind : str
        Folder of ``models/``, such as ``"devices"`` or ``"machines"``.
    name_or_path : str or Path
        Path of a file, or a name that `shipped_names` lists.

    Returns
    -------
    Path
        An existing file.

    Raises
    ------
    InputError
        If it is neither; lists the names that there are.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    files = _files(kind)
    if str(name_or_path) not in files:
        expected = f"an existing file or {_one_of(files)}"
        raise InputError.single(kind, repr(str(name_or_path)), expected)
    return files[str(name_or_path)]


def _files(kind: str) -> dict[str, Path]:
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
