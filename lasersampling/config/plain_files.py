"""Names under which no plain file stands, in words for messages."""

from __future__ import annotations

import os
from pathlib import Path

from lasersampling.paths import no_such_file


def no_plain_file(path: str | os.PathLike[str]) -> str:
    """Say what stands under a name that is none of a plain file, or that nothing does.

    Examples
    --------
    >>> no_plain_file("."), no_plain_file(os.devnull)
    ('a directory', 'a pipe, socket or device')
    """
    found = Path(path)
    if found.is_dir():
        return "a directory"
    return "a pipe, socket or device" if found.exists() else no_such_file(found)
