"""What these pages take from the package itself, so that it cannot be out of date.

Two directives, ``public-names`` and ``command-help``, and the links of pages to texts at the root
of the clone, which stand in pages of their own here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from types import ModuleType

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import lasersampling

AT_THE_ROOT = ("RESULTS.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Texts outside this folder; the page of the same name in small letters includes each."""


def public_names() -> dict[str, list[str]]:
    """The public names of the package by purpose, as its docstring lists them."""
    groups: dict[str, list[str]] = {}
    for line in (lasersampling.__doc__ or "").splitlines():
        if re.match(r"[A-Z][^.]*$", line):
            names = groups[line] = []
        elif found := re.match(r"    (\w+)  ", line):
            names.append(found[1])
    return groups


class PublicNames(SphinxDirective):
    """A table of the public names of one purpose, and their docstrings in full."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Write what autodoc needs, and have it read."""
        objects = {name: getattr(lasersampling, name) for name in public_names()[self.arguments[0]]}
        text = [".. currentmodule:: lasersampling", "", ".. autosummary::", "   :nosignatures:", ""]
        text += [f"   {name}" for name, what in objects.items() if not isinstance(what, ModuleType)]
        for name, what in objects.items():
            text += ["", name, "~" * len(name), ""]
            if isinstance(what, ModuleType):
                text += [f".. automodule:: {what.__name__}"]
            elif isinstance(what, type):
                text += [f".. autoclass:: lasersampling.{name}", "   :members:"]
            else:
                text += [f".. autofunction:: lasersampling.{name}"]
        return self.parse_text_to_nodes("\n".join(text), allow_section_headings=True)


class CommandHelp(SphinxDirective):
    """What ``--help`` says of each command."""

    def run(self) -> list[nodes.Node]:
        """Ask typer for the help of all commands, as Markdown."""
        command = [sys.executable, "-m", "typer", "lasersampling.cli.main", "utils", "docs"]
        command += ["--name", "lasersampling"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        commands = re.split(r"^(?=## )", told, maxsplit=1, flags=re.MULTILINE)[1]
        text = commands.replace("&quot;", '"').replace("&#x27;", "'")
        text = re.sub(r"^## `(.*)`$", r"## \1", text, flags=re.MULTILINE)
        text = re.sub(r"^### `(.*)`$", r"### \1", text, flags=re.MULTILINE)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def redirect_links(_app: Sphinx, page: str, source: list[str]) -> None:
    """Lead links to texts at the root of the clone to the pages that include them."""
    up = "../" * page.count("/")
    for name in AT_THE_ROOT:
        source[0] = source[0].replace(f"]({up}../{name}", f"]({up}{name.lower()}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("command-help", CommandHelp)
    app.connect("source-read", redirect_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
