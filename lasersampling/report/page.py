"""The page: one HTML file of one or several results files, which loads nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

import lasersampling
from lasersampling.atomic import atomic_path, output_problems
from lasersampling.checks import refuse
from lasersampling.errors import InputError
from lasersampling.paths import expanded, suffix_problems
from lasersampling.report.comparison import compared
from lasersampling.report.run import read_run
from lasersampling.report.words import visible
from lasersampling.results.reading import read_results

SUFFIXES = (".html", ".htm")


def write_report(
    results: Sequence[str | os.PathLike[str]],
    page: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> Path:
    """Write one page of HTML on results files.

    The page holds everything that it shows: it can be sent, kept and opened without a network.

    Parameters
    ----------
    results : sequence of path-like
        Results files; several are compared first.
    page : path-like
        The page, ending in .html.
    overwrite : bool
        Whether an existing page may be replaced.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If a file is no results file, one is given twice or none, or the page cannot be written or
        exists and `overwrite` is false.

    Examples
    --------
    >>> from lasersampling.results import ResultsFile
    >>> with ResultsFile.create("mine.h5", command="mine", seed=0, config="") as file:
    ...     file.metric("speed", 2.5, 0.1, "1/ns", "pulses of a laser")
    >>> write_report(["mine.h5"], "mine.html").read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    files, target = checked_names(results, page, overwrite=overwrite)
    text = render(files)
    with atomic_path(target, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return target


def checked_names(
    results: Sequence[str | os.PathLike[str]],
    page: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> tuple[list[Path], Path]:
    """Check the names of results files and page before anything is drawn.

    Parameters
    ----------
    results, page, overwrite
        As for `write_report`.

    Raises
    ------
    InputError
        If a file is given twice, none is given, one is no results file, or the page cannot be
        written.
    """
    files, target = _listed(results), expanded(page)
    problems = suffix_problems(target, SUFFIXES)
    refuse(problems, output_problems([target], inputs=files, overwrite=overwrite))
    for file in files:  # before figures of the others are drawn
        read_results(file, groups=())
    return files, target


def render(results: Sequence[str | os.PathLike[str]]) -> str:
    """Give the page on results files as text.

    Parameters
    ----------
    results : sequence of path-like
        Results files; several are compared first.

    Raises
    ------
    InputError
        If one of them is no results file, one is given twice, or none is given.
    """
    runs = [read_run(path) for path in _listed(results)]
    room = resources.files("lasersampling.report") / "templates"
    script, styles, template = (
        (room / name).read_text(encoding="utf-8")
        for name in ("page.js", "page.css", "page.html.j2")
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"visible": visible}
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    known: dict[str, Any] = {
        "runs": runs,
        "comparison": compared(runs) if len(runs) > 1 else None,
        # Own code of the page, without anything of the files; the template leaves it as it is.
        "script": script,
        "styles": styles,
        "script_hash": _hash(script),
        "version": lasersampling.__version__,
    }
    return environment.from_string(template).render(known)


def _listed(results: Sequence[str | os.PathLike[str]]) -> list[Path]:
    if isinstance(results, str | os.PathLike):
        results = [results]
    files = [expanded(path) for path in results]
    if not files:
        raise InputError.single("results", "none", "one results file or several")
    for place, file in enumerate(files):
        if file in files[:place]:
            raise InputError.single(str(file), "a file that is given twice", "each file once")
    return files


def _hash(text: str) -> str:
    """Name the page's own script for browsers, which then run no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
