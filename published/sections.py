"""The sections of RESULTS.md, and what each is made from."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lasersampling.errors import InputError
from lasersampling.experiments.code import changed_files, code_of_command
from lasersampling.experiments.publishing import published_path, stored_code
from lasersampling.results import Results, numbers, read_results
from lasersampling.statistics import holm, paired_difference
from published import formatting

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT / "data" / "results"
TEMPLATES = Path(__file__).parent / "sections"
TYPED = "> **Typed.** No file of this section is published yet; see [above](#results)."
PARTLY_TYPED = "> **Partly typed.** What stands with a commit and † comes from no file yet."
"""Marks of sections whose numbers were copied by hand from the output of runs."""

STALE = "> **Not of today's code.**"
"""Beginning of the line that marks numbers whose code has changed since."""


@dataclass(frozen=True)
class Missing:
    """How numbers without a file are measured, and for how long (None if nobody knows)."""

    command: str
    minutes: float | None


@dataclass(frozen=True)
class Drawn:
    """A figure that is drawn from a published file."""

    source: Path
    figure: str
    image: str


@dataclass
class Section:
    """One section: its text, and what it was made from.

    Attributes
    ----------
    name : str
        Name of its template, without the ending.
    text : str
        Markdown.
    files : dict of str to Results
        Published files, by name.
    missing : dict of str to Missing
        Files that are not published yet, by name.
    n_typed : int
        How many statements with a commit were typed by hand.
    figures : list of Drawn
        Figures that are drawn from files.
    """

    name: str
    text: str = ""
    files: dict[str, Results] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)
    n_typed: int = 0
    figures: list[Drawn] = field(default_factory=list)


class Source:
    """Gives the published files to the templates, and notes which of them a section takes."""

    def __init__(self, section: Section, files: Path, root: Path | None) -> None:
        self.section, self.files, self.root = section, files, root

    def results(self, name: str) -> Results:
        """Read a published file."""
        if name not in self.section.files:
            self.section.files[name] = read_results(published_path(name, self.files))
        return self.section.files[name]

    def provenance(self, name: str) -> str:
        """Say where the numbers of a file come from, with a mark if their code has changed."""
        results = self.results(name)
        attrs = results.attrs
        commit, dirty, _ = str(attrs["git_commit"]).partition("-dirty")
        told = [f"seed {attrs['seed']}", f"commit {commit[:7]}"]
        if dirty:
            told[-1] += " with changes that were not committed"
        told.append(numbers.duration(float(attrs["wall_time_s"])))
        if "unknown" in (attrs["processor"], attrs["instruction_set"]):
            told.append("processor not recorded")
        else:
            told.append(f"{attrs['processor']}, {attrs['instruction_set']}")
        line = f"`{attrs['command']}` ({'; '.join(told)}; `data/results/{name}.h5`)"
        changed = self.changed(name)
        if not changed:
            return line
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return f"{line}\n\n{STALE} `{changed[0]}`{more} changed since commit {commit[:7]}."

    def changed(self, name: str) -> list[str]:
        """List the files whose code has changed since the numbers of a file were measured."""
        if self.root is None:
            return []
        results = self.results(name)
        command = str(results.attrs["command"])
        return changed_files(stored_code(results), code_of_command(command, self.root))

    def typed(self, commit: str) -> str:
        """Mark numbers that were typed by hand, with the commit at which they were measured."""
        self.section.n_typed += 1
        return f"{commit}†"

    def not_yet(self, name: str, command: str, minutes: float | None = None) -> str:
        """Note how numbers without a file are measured, and for how long; shows nothing.

        Raises
        ------
        InputError
            If the file is there by now: then its numbers are to be shown, not those typed.
        """
        path = published_path(name, self.files)
        if path.exists():
            where = f"{self.section.name}.md.j2"
            got = f"{path.name}, which is there, among files that are not there yet"
            raise InputError.single(where, got, "numbers from this file in place of typed ones")
        self.section.missing[name] = Missing(command, minutes)
        return ""

    def benchmark(self) -> dict[str, Any]:
        """Read the speeds that were last accepted, with the machine and commit they are of."""
        path = (self.root or ROOT) / "benchmarks" / "accepted.json"
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept

    def figure(self, name: str, figure: str, image: str, title: str) -> str:
        """Show a figure, which is drawn from a published file."""
        path = published_path(name, self.files)
        self.section.figures.append(Drawn(path, figure, image))
        return f"![{title}](docs/images/{image})"


def sections(
    files: Path = FILES, templates: Path = TEMPLATES, root: Path | None = ROOT
) -> Iterator[Section]:
    """Render all sections, in their order.

    Parameters
    ----------
    files : Path
        Folder of the published files.
    templates : Path
        Folder of the templates; `order.txt` in it names them.
    root : Path, optional
        Top of the clone, whose code tells what is stale; None marks nothing as stale.

    Raises
    ------
    InputError
        If a file is missing, or lacks what its section shows.
    """
    environment = Environment(
        loader=FileSystemLoader(templates), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.filters |= {
        "number": formatting.number, "significant": formatting.significant,
        "measured": formatting.measured, "over_runs": formatting.over_runs,
        "percent": formatting.percent,
        "duration": numbers.duration, "row": formatting.row, "median": statistics.median,
    }  # fmt: skip
    order = (templates / "order.txt").read_text(encoding="utf-8").split()
    unlisted = {path.name.partition(".")[0] for path in templates.glob("*.md.j2")} ^ set(order)
    if unlisted:
        expected = "the names of all templates beside it, and no others"
        raise InputError.single(str(templates / "order.txt"), ", ".join(sorted(unlisted)), expected)
    for name in order:
        section = Section(name)
        source = Source(section, files, root)
        given: dict[str, Any] = {
            "results": source.results, "provenance": source.provenance, "typed": source.typed,
            "not_yet": source.not_yet, "figure": source.figure, "benchmark": source.benchmark,
            "with_error": formatting.with_error, "share": formatting.share,
            "paired_difference": paired_difference, "holm": holm,
        }  # fmt: skip
        text = environment.get_template(f"{name}.md.j2").render(given)
        section.text = _marked(text.lstrip("\n"), section)
        yield section


def _marked(text: str, section: Section) -> str:
    """Say below the heading of a section what of it was typed by hand."""
    heading, _, rest = text.partition("\n")
    if not heading.startswith("##") or (section.files and not section.n_typed):
        return text
    how = TYPED if not section.files else PARTLY_TYPED
    return f"{heading}\n\n{how}\n{rest}"
