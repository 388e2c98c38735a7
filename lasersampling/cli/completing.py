"""Completion of commands by shells: names of shipped models, and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def completed(*kinds: str) -> Callable[[str], list[str]]:
    """Make a function that completes a name of a shipped model, or a path.

    Parameters
    ----------
    *kinds : str
        Folders of ``models/``, such as ``"devices"``.
    """

    def complete(incomplete: str) -> list[str]:
        from lasersampling.config import shipped_names

        names = [name for kind in kinds for name in shipped_names(kind)]
        return [name for name in names if name.startswith(incomplete)] + _paths(incomplete)

    return complete


def _paths(incomplete: str) -> list[str]:
    """List files and folders that begin so; shells leave that to us if names are completed too."""
    given = Path(incomplete).expanduser()
    folder = given if incomplete.endswith("/") else given.parent
    start = "" if incomplete.endswith("/") else given.name
    written = incomplete[: len(incomplete) - len(start)]
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        f"{written}{path.name}" + ("/" if path.is_dir() else "")
        for path in found
        if path.name.startswith(start) and (start or not path.name.startswith("."))
    ]
