"""The commit of the library that made a result."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def git_commit(root: Path | None = None) -> str:
    """Return the commit of the clone that the library runs from.

    Parameters
    ----------
    root : Path, optional
        Top of the clone; by default the directory that holds the package. Only a repository with
        this top counts: an environment inside somebody else's repository is not a clone of ours.

    Returns
    -------
    str
        Forty hexadecimal digits, followed by ``-dirty`` if tracked files differ from the commit;
        ``unknown`` outside a clone, without git or before the first commit.
    """
    top = Path(__file__).resolve().parents[2] if root is None else root
    if not (top / ".git").exists():
        return UNKNOWN
    # Inside a hook, git sets variables that point to the repository of the hook.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # A repository further up is not a clone of ours.
    environment["GIT_CEILING_DIRECTORIES"] = str(top.parent)
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=top, env=environment, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return UNKNOWN
    return done.stdout.strip() if done.returncode == 0 else UNKNOWN
