"""What one results file says, put in order for the page."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lasersampling.report.drawings import Drawing, Failure, drawings_of
from lasersampling.report.pictures import Band, Forming, bands_of, forming_of
from lasersampling.report.slider import frames_of, has_frames
from lasersampling.report.words import aligned
from lasersampling.results.contents import Entry, Results
from lasersampling.results.names import command_of
from lasersampling.results.numbers import duration
from lasersampling.results.reading import read_results
from lasersampling.results.summary import Summary, heads_of, summary_of
from lasersampling.results.unfinished import Unfinished, unfinished

_N_TILES = 3
_MOST_LINES = 12
"""Facts of more lines, such as the files that a run depends on, are folded away."""
_COMMIT_DIGITS = 12

_FACTS = {
    "command": "command",
    "seed": "seed",
    "git_commit": "commit",
    "library_version": "version",
    "created_at": "made",
    "wall_time_s": "took",
    "processor": "processor",
    "instruction_set": "instructions",
    "system": "system",
    "library_versions": "libraries",
    "schema_version": "layout of the file",
    "code": "code of the run",
}
"""Attributes of files in the order of the page, and their words; others follow as they are."""


@dataclass(frozen=True)
class Tile:
    """A number that stands out: its words, the text of its value, and a head if there are many."""

    title: str
    text: str
    head: str


@dataclass(frozen=True)
class Value:
    """A cell of the table: its text, its name in the file, the number of its note or 0."""

    text: str
    name: str
    note: int


@dataclass(frozen=True)
class Certificate:
    """A verdict on draws, and its sentences."""

    verdict: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Run:
    """One results file, ready for the page.

    Attributes
    ----------
    path : str
        The file as it was given.
    name : str
        Its name without folders.
    kind : str
        Command or script that wrote it, in short.
    unfinished : Unfinished or None
        What the run has kept and how it goes on, if it has not come to its end.
    certificates : tuple of Certificate
        Verdicts in the file.
    remarks : tuple of str
        Other sentences of the file, such as headlines of figures.
    summary : Summary
        All figures of merit, in words.
    facts : mapping of str to str
        How to repeat the run.
    config : str
        Configuration as TOML text.
    contents : mapping of str to Entry
        Variables of the file.
    drawings, failures : list
        Its figures, and those that could not be drawn.
    bands, forming, times_ns, frames
        Pictures, completions in time, distribution in time; see `report.pictures` and
        `report.slider`.
    """

    path: str
    name: str
    kind: str
    unfinished: Unfinished | None
    certificates: tuple[Certificate, ...]
    remarks: tuple[str, ...]
    summary: Summary
    facts: Mapping[str, str]
    config: str
    contents: Mapping[str, Entry]
    drawings: list[Drawing] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    forming: list[Forming] = field(default_factory=list)
    times_ns: list[float] = field(default_factory=list)
    frames: dict[str, Any] | None = None

    @property
    def columns(self) -> list[list[Value | None]]:
        """Cells of the table of figures of merit, column by column, aligned at decimals."""
        reasons = self.summary.reasons
        columns: list[list[Value | None]] = []
        for head in self.summary.columns:
            cells = [row.cells.get(head) for row in self.summary.rows]
            texts = aligned(cell.text if cell else "" for cell in cells)
            columns.append(
                [
                    Value(text, cell.name, reasons.index(cell.why) + 1 if cell.why else 0)
                    if cell
                    else None
                    for cell, text in zip(cells, texts, strict=True)
                ]
            )
        return columns

    @property
    def lists(self) -> dict[str, list[str]]:
        """Facts of many lines, line by line; the other ones stand open."""
        facts = {name: text.splitlines() for name, text in self.facts.items()}
        return {
            name: lines
            for name, lines in facts.items()
            if len(lines) > _MOST_LINES and name != "command"
        }

    @property
    def tiles(self) -> list[Tile]:
        """The most important numbers."""
        several = len(self.summary.columns) > 1
        return [
            Tile(row.measure.title, cell.text, head if several else "")
            for row in self.summary.rows[:_N_TILES]
            for head, cell in list(row.cells.items())[:1]
        ]


def read_run(path: str | os.PathLike[str]) -> Run:
    """Read a results file and draw what it can show.

    Parameters
    ----------
    path : path-like
        The file.

    Raises
    ------
    InputError
        If it is no results file or is damaged.
    """
    bare = read_results(path, groups=())
    results = read_results(path, groups=_wanted(bare))
    line = str(bare.attrs.get("command", ""))
    found = list(drawings_of(Path(path)))
    forming, times_ns = forming_of(results)
    return Run(
        path=str(path),
        name=Path(path).name,
        kind=_kind(line),
        unfinished=unfinished(path),
        certificates=_certificates(bare.attributes),
        remarks=_remarks(bare.attributes),
        summary=summary_of(bare.metrics, command_of(line), heads=heads_of(bare)),
        facts=_facts(bare.attrs),
        config=bare.config,
        contents=bare.contents,
        drawings=[one for one in found if isinstance(one, Drawing)],
        failures=[one for one in found if isinstance(one, Failure)],
        bands=bands_of(results),
        forming=forming,
        times_ns=times_ns,
        frames=frames_of(results) if has_frames(bare) else None,
    )


def _wanted(bare: Results) -> Collection[str]:
    wanted = {"images", "completions"} & set(bare.attributes)
    return wanted | {"samples", "distribution"} if has_frames(bare) else wanted


def _kind(line: str) -> str:
    """Name the command or the script of a command line."""
    words = line.split()
    if not words:
        return "unknown command"
    program = Path(words[0]).name
    if program in ("python", "python3") and len(words) > 1:
        return Path(words[1]).name
    return f"{program} {words[1]}" if program == "lasersampling" and len(words) > 1 else program


def _certificates(attributes: Mapping[str, Mapping[str, Any]]) -> tuple[Certificate, ...]:
    return tuple(
        Certificate(str(held["verdict"]), tuple(_texts(held["sentences"])))
        for held in attributes.values()
        if "verdict" in held and "sentences" in held
    )


def _remarks(attributes: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    headlines = (held["headline"] for held in attributes.values() if "headline" in held)
    return tuple(dict.fromkeys(text for line in headlines for text in _texts(line)))


def _texts(value: object) -> list[str]:
    lines = value if isinstance(value, list) else str(value).splitlines()
    return [str(line) for line in lines if str(line).strip()]


def _facts(attrs: Mapping[str, Any]) -> dict[str, str]:
    """Put what is known of the making of a file into words; `Run.unfinished` tells the rest."""
    known = {key: attrs[key] for key in _FACTS if key in attrs}
    others = {key: value for key, value in attrs.items() if key not in (*_FACTS, "complete")}
    return {
        _FACTS.get(key, key.replace("_", " ")): _fact(key, value)
        for key, value in {**known, **others}.items()
    }


def _fact(key: str, value: object) -> str:
    if key == "wall_time_s" and isinstance(value, int | float):
        return f"{duration(value)} of wall time"
    text = str(value)
    if key == "git_commit":
        commit, dash, change = text.partition("-")
        return f"{commit[:_COMMIT_DIGITS]}{dash}{change}"
    if key == "created_at":
        return _date(text)
    return text


def _date(text: str) -> str:
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return text  # a foreign file may hold anything
    return f"{made.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if made.tzinfo else text
