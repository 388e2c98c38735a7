"""The code of an earlier commit, on which the numbers of a file depend."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from lasersampling.errors import InputError
from lasersampling.experiments.code import code_of_command
from published.sections import ROOT


def code_at(commit: str, command: str, root: Path = ROOT) -> dict[str, str]:
    """Digest the code that a command had at a commit.

    Parameters
    ----------
    commit : str
        As results files store it; uncommitted changes ("-dirty") are not known any more.
    command : str
        See `lasersampling.experiments.code.code_of_command`.
    root : Path
        Top of the clone.

    Raises
    ------
    InputError
        If the clone has no such commit, or the command did not exist then.
    """
    name = commit.removesuffix("-dirty")
    asked = ["git", "archive", name, "lasersampling", "training", "models"]
    done = subprocess.run(asked, cwd=root, capture_output=True, check=False)
    if done.returncode:
        expected = "a commit of this clone"
        raise InputError.single("commit", commit, expected)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        return code_of_command(command, Path(folder))
