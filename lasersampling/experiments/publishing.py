"""Result files that are published: small, kept in the repository, from which RESULTS.md is made."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import lasersampling
from lasersampling.atomic import output_problems
from lasersampling.checks import refuse
from lasersampling.errors import InputError, Problem
from lasersampling.experiments.code import code_of_command
from lasersampling.labelled import Variable
from lasersampling.results import Results, ResultsFile, read_results

CLONE = Path(lasersampling.__file__).resolve().parents[1]
"""Top of the clone from which the package is imported."""

LARGEST_FILE = 3 << 17
"""Largest published file [B]."""

LARGEST_VARIABLE = 1 << 16
"""Largest variable of a published file, before it is packed [B]."""

BULK = ("samples", "spikes", "traces", "checkpoint", "parameters", "chip")
"""Groups that are not published: draws and recordings, from which measures were computed, and
trained networks and their chips, which `models` holds if they are of use."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
_NOT_OF_THE_RUN = {"--out": 1, "--publish": 1, "--overwrite": 0, "--resume": 0, "--workers": 1,
                   "--scheduler": 1, "--slurm": 1}  # fmt: skip
"""Options that change no number, with how many values each has."""


def published_path(name: str, folder: Path | None = None) -> Path:
    """Name the published file `name`.

    Parameters
    ----------
    name : str
        Letters, digits and underscores.
    folder : Path, optional
        By default ``data/results`` of the clone.

    Raises
    ------
    InputError
        If the name has other characters, or the package is not imported from a clone.

    Examples
    --------
    >>> published_path("renewal_sampler", Path("data/results")).as_posix()
    'data/results/renewal_sampler.h5'
    """
    if not _NAME.fullmatch(name):
        expected = "a name of letters, digits and underscores, without an ending"
        raise InputError.single("--publish", repr(name), expected)
    if folder is None and not (CLONE / "training").is_dir():
        expected = "a clone of the repository, which keeps published files in data/results"
        raise InputError.single("--publish", f"a package installed in {CLONE}", expected)
    return (folder or CLONE / "data" / "results") / f"{name}.h5"


@dataclass(frozen=True)
class Publication:
    """A file that a run will publish, and the code as it was when the run began."""

    path: Path
    code: Mapping[str, str]
    overwrite: bool

    @classmethod
    def planned(cls, name: str, command: str, *, overwrite: bool) -> Publication:
        """Check that a file may be published, before a long run.

        Parameters
        ----------
        name : str
            See `published_path`.
        command : str
            Command of the run.
        overwrite : bool
            Whether an existing file is replaced.

        Raises
        ------
        InputError
            If the name cannot be used, the file exists and may not be replaced, or the command is
            no experiment of this clone.
        """
        path = published_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse(output_problems([path], overwrite=overwrite))
        return cls(path, code_of_command(command, CLONE), overwrite)

    def publish(self, results: Path) -> None:
        """Publish the results of the run; see `publish`."""
        left_out = publish(results, self.path, code=self.code, overwrite=self.overwrite)
        without = f" without {', '.join(left_out)}" if left_out else ""
        print(f"published: {self.path}{without}")


def plain_command(command: str) -> str:
    """Give a command without the names of the files that it writes, as it is to be repeated.

    Examples
    --------
    >>> plain_command("python /home/me/training/mixing.py --chains 24 --out x.h5 --overwrite")
    'python training/mixing.py --chains 24'
    """
    words = shlex.split(command)
    if words[:1] == ["python"] and len(words) > 1:
        words[1] = f"training/{Path(words[1]).name}"
    kept: list[str] = []
    left_out = 0
    for word in words:
        name, _, value = word.partition("=")
        if left_out:
            left_out -= 1
        elif name in _NOT_OF_THE_RUN:
            left_out = 0 if value else _NOT_OF_THE_RUN[name]
        else:
            kept.append(word)
    return shlex.join(kept)


def publish(
    source: str | os.PathLike[str],
    target: Path,
    *,
    code: Mapping[str, str],
    command: str | None = None,
    overwrite: bool = False,
) -> list[str]:
    """Copy what is small of a results file to a file that is published.

    Parameters
    ----------
    source : path-like
        Complete results file.
    target : Path
        File to write; see `published_path`.
    code : mapping of str to str
        Digests of the code that made it; see `code.code_of_command`. They are kept in the file,
        so that one can see later which of it has changed.
    command : str, optional
        Command that makes these results, if it is not the one in the file: a resumed run has
        another. It is stored without the names of files.
    overwrite : bool
        Whether an existing file is replaced.

    Returns
    -------
    list of str
        What was left out: the groups of `BULK`, and variables above `LARGEST_VARIABLE`.

    Raises
    ------
    InputError
        If `source` is no complete results file, `target` exists, or what is left is larger than
        `LARGEST_FILE`.
    """
    results = read_results(source)
    problems = _unfinished(results)
    refuse(problems, output_problems([target], inputs=[Path(source)], overwrite=overwrite))
    kept, left_out = _small(results)
    attrs = dict(results.attrs)
    about = plain_command(command or str(attrs["command"]))
    attrs |= {
        "command": about,
        "code": "\n".join(f"{digest} {name}" for name, digest in code.items()),
        "left_out": left_out or ["nothing"],
    }
    draft = target.with_name(f"{target.stem}-draft.h5")
    try:
        with ResultsFile.create(
            draft, command=about, seed=int(attrs.get("seed", 0)), config=results.config,
            overwrite=True,
        ) as file:  # fmt: skip
            computer = ("processor", "instruction_set", "system", "library_versions")
            unknown = {key: "unknown" for key in computer if key not in attrs}
            file.attributes("/", {**unknown, **attrs})
            for group in kept:
                if attributes := results.attributes.get(group):
                    file.attributes(group, attributes)
                for name, variable in results.groups[group].items():
                    if f"{group}/{name}" not in left_out:
                        _copy(file, f"{group}/{name}", variable)
            file.metrics(results.metrics)
        size = draft.stat().st_size
        if size > LARGEST_FILE:
            largest = sorted(((v.data.nbytes, f"{g}/{n}") for g in kept
                              for n, v in results.groups[g].items()), reverse=True)  # fmt: skip
            got = f"{size} bytes, most of them in {', '.join(name for _, name in largest[:3])}"
            raise InputError.single(str(target), got, f"at most {LARGEST_FILE} bytes")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return left_out


def stored_code(results: Results) -> dict[str, str]:
    """Read the digests that `publish` stored."""
    lines = str(results.attrs.get("code", "")).splitlines()
    return {name: digest for digest, _, name in (line.partition(" ") for line in lines)}


def _unfinished(results: Results) -> list[Problem]:
    if results.attrs.get("complete", True) and "checkpoint" not in results.attributes:
        return []
    got = "a training that was stopped before its end"
    return [Problem(str(results.path), got, "a complete results file")]


def _copy(file: ResultsFile, name: str, variable: Variable) -> None:
    is_text = variable.data.dtype == object
    file.write(
        name, variable.data.astype(str) if is_text else variable.data, variable.dims,
        units=variable.units, description=variable.description,
    )  # fmt: skip


def _small(results: Results) -> tuple[list[str], list[str]]:
    """Name the groups that are kept, and what is left out of the file."""
    groups = [name for name in results.groups if name.partition("/")[0] not in BULK]
    large = [
        f"{group}/{name}"
        for group in groups
        for name, variable in results.groups[group].items()
        if variable.data.nbytes > LARGEST_VARIABLE
    ]
    return groups, [name for name in results.groups if name not in groups] + large
