"""RESULTS.md and its figures from the published files, and whether they are what these give."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, PngImagePlugin

from lasersampling.results.figures import save_figure
from published.sections import ROOT, STALE, Drawn, Section

PAGE = ROOT / "RESULTS.md"
IMAGES = ROOT / "docs" / "images"
_SOURCE = "Source"
"""Text field of a PNG that names the file from which it was drawn, by its digest."""


def page(rendered: Sequence[Section]) -> str:
    """Join the sections to the whole page, with its contents below the opening."""
    texts = [section.text.strip("\n") + "\n" for section in rendered]
    contents = _contents(texts)
    return "\n".join([*texts[:1], *([contents] if contents else []), *texts[1:]])


def _contents(texts: Sequence[str]) -> str:
    """Link the headings of all sections, in one line."""
    headings = [line[3:] for text in texts for line in text.splitlines() if line.startswith("## ")]
    links = (f"[{heading}](#{_anchor(heading)})" for heading in headings)
    return f"Sections: {' · '.join(links)}.\n" if headings else ""


def _anchor(heading: str) -> str:
    """Name the place of a heading as forges and the documentation do."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def differences(found: str, expected: str) -> list[str]:
    r"""List the lines in which a page is not what the files give, as a diff.

    Marks of changed code do not count, since any change of code would make the page wrong; they
    are brought up to date whenever the page is rendered.

    Examples
    --------
    >>> differences("0.12\n", "0.13\n")[-2:]
    ['-0.12', '+0.13']
    """
    before, after = (_without_marks(text).splitlines() for text in (found, expected))
    return list(difflib.unified_diff(before, after, "RESULTS.md", "from the files", "", "", 0, ""))


def draw(figures: Sequence[Drawn], folder: Path = IMAGES) -> list[Path]:
    """Draw the figures whose files have changed since they were drawn; give those drawn."""
    drawn = []
    for one in figures:
        source = f"{one.source.name} {digest_of(one.source)} {one.figure}"
        path = folder / one.image
        if source_of(path) == source:
            continue
        save_figure(one.source, one.figure, path, overwrite=True)
        about = PngImagePlugin.PngInfo()
        about.add_text(_SOURCE, source)
        with Image.open(path) as image:
            image.load()
            image.save(path, pnginfo=about, optimize=True)
        drawn.append(path)
    return drawn


def digest_of(path: Path) -> str:
    """Digest a published file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def source_of(path: Path) -> str:
    """Read from a figure which file, with which digest, it was drawn from; empty if unknown."""
    if not path.exists():
        return ""
    with Image.open(path) as image:
        image.load()
        return str(image.info.get(_SOURCE, ""))


def _without_marks(text: str) -> str:
    """Leave out the lines that say that code has changed, and the empty line before each."""
    kept: list[str] = []
    for line in text.splitlines():
        if line.startswith(STALE):
            if kept and not kept[-1]:
                kept.pop()
        else:
            kept.append(line)
    return "\n".join(kept)
