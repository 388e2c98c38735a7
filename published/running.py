"""Running anew what is stale or missing, after saying how long it takes."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lasersampling.errors import InputError
from lasersampling.experiments.code import changed_files, code_of_command
from lasersampling.experiments.publishing import publish, published_path, stored_code
from lasersampling.results.numbers import duration
from published.sections import ROOT, Section


@dataclass(frozen=True)
class Work:
    """One file to measure.

    Attributes
    ----------
    section, name : str
        Section that shows it, and the published file.
    command : str
        What makes it.
    reason : str
        Why it is to be made.
    seconds : float or None
        How long it took the last time; None if nobody knows.
    """

    section: str
    name: str
    command: str
    reason: str
    seconds: float | None


def planned(
    rendered: Sequence[Section], wanted: Collection[str] = (), root: Path = ROOT
) -> list[Work]:
    """List what is to be measured.

    Parameters
    ----------
    rendered : sequence of Section
        All sections.
    wanted : collection of str
        Names of sections; all of them if none is given. Files of the named ones that are missing
        are measured too, those of others only listed in the page.
    root : Path
        Top of the clone, whose code tells what is stale.

    Raises
    ------
    InputError
        If there is no section of a name.
    """
    known = [section.name for section in rendered]
    if unknown := sorted(set(wanted) - set(known)):
        raise InputError.single("SECTION", ", ".join(unknown), f"of {', '.join(known)}")
    chosen = [section for section in rendered if section.name in (wanted or known)]
    return [work for section in chosen for work in _work(section, bool(wanted), root)]


def told(works: Sequence[Work]) -> str:
    """Say what will run, and how long it takes.

    Examples
    --------
    >>> print(told([Work("mixing", "mixing", "python training/mixing.py", "code changed", 300.0)]))
    mixing: python training/mixing.py (code changed; 5.0 min)
    1 run, 5.0 min by their last times
    """
    lines = [
        f"{work.name}: {work.command} ({work.reason}; "
        f"{'time unknown' if work.seconds is None else duration(work.seconds)})"
        for work in works
    ]
    total = sum(work.seconds or 0.0 for work in works)
    unknown = sum(work.seconds is None for work in works)
    runs = f"{len(works)} run{'s' if len(works) != 1 else ''}"
    besides = f", and {unknown} whose time nobody knows" if unknown else ""
    return "\n".join([*lines, f"{runs}, {duration(total)} by their last times{besides}"])


def run(work: Work) -> None:
    """Measure one file, and publish it in place of the one before.

    Raises
    ------
    InputError
        If the command fails; what was published before stays.
    """
    words = shlex.split(work.command)
    code = code_of_command(work.command, ROOT)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"{work.name}.h5"
        start = [sys.executable] if words[0] == "python" else [sys.executable, "-m", words[0]]
        done = subprocess.run([*start, *words[1:], "--out", str(out)], cwd=ROOT, check=False)
        if done.returncode:
            got = f"exit code {done.returncode} of {work.command}"
            raise InputError.single(work.name, got, "a run that comes to its end")
        path = published_path(work.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        publish(out, path, code=code, command=work.command, overwrite=True)
    print(f"published: {path.relative_to(ROOT)}")


def _work(section: Section, with_missing: bool, root: Path) -> Iterator[Work]:
    for name, results in section.files.items():
        command = str(results.attrs["command"])
        if changed := changed_files(stored_code(results), code_of_command(command, root)):
            reason = f"{changed[0]} changed" + (
                f", and {len(changed) - 1} more" * (len(changed) > 1)
            )
            yield Work(section.name, name, command, reason, float(results.attrs["wall_time_s"]))
    for name, missing in section.missing.items():
        if with_missing:
            seconds = None if missing.minutes is None else 60.0 * missing.minutes
            yield Work(section.name, name, missing.command, "not published yet", seconds)
