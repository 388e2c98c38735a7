"""The code on which the numbers of an experiment or a command depend, and what of it has changed.

`lasersampling.closure` answers the same for a module of the package; here scripts take public
names from lazy tables, and what only runs, stores and shows results is left out.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from lasersampling.closure import code_of
from lasersampling.errors import InputError

_PACKAGE = "lasersampling"
_SHOWING = ("plots", "labelled", "results", "commands", "experiments", "on_demand")
"""Parts of the package that change no number; what they import does not count either."""


def code_of_command(command: str, root: Path) -> dict[str, str]:
    """Digest each file on which the numbers of a command depend.

    Parameters
    ----------
    command : str
        "python training/NAME.py ..." or "lasersampling NAME ...".
    root : Path
        Top of the clone whose code it is.

    Returns
    -------
    dict of str to str
        Digest of the code by file, relative to `root`: of the script or the command, of all that
        it imports from the clone, directly or not, and of shipped recipes, devices and other files
        of `models` that the command names. Comments and docstrings do not count, nor do modules
        that only run an experiment, store and show its results.

    Raises
    ------
    InputError
        If the command is no experiment of this clone, and no command of ``lasersampling``.

    Examples
    --------
    >>> code_of_command("lasersampling sing", Path("nowhere"))
    Traceback (most recent call last):
        ...
    lasersampling.errors.InputError: command: got 'lasersampling sing', expected an experiment ...
    """
    entry = _entry(command, root)
    found: dict[str, str] = {}
    seen: set[Path] = set()
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(root).as_posix()
        if path == entry or not place.startswith(f"{_PACKAGE}/cli/"):
            found[place] = _digest(text)
        waiting += (file for name in _imported(text) for file in _files(name, root))
    for path in _named(command, root):
        found[path.relative_to(root).as_posix()] = _short(path.read_bytes())
    return dict(sorted(found.items()))


def changed_files(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """List the files whose code differs, is new or is gone.

    Examples
    --------
    >>> changed_files({"a.py": "1", "b.py": "2"}, {"a.py": "1", "b.py": "3", "c.py": "4"})
    ['b.py', 'c.py']
    """
    return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def _entry(command: str, root: Path) -> Path:
    words = [*shlex.split(command), "", ""]
    if words[0] == "python":
        path = root / "training" / Path(words[1]).name
    else:
        path = root / _PACKAGE / "cli" / f"{words[1]}.py"
    if words[0] not in ("python", _PACKAGE) or not words[1] or not path.is_file():
        expected = f"an experiment 'python training/NAME.py' or '{_PACKAGE} NAME' of {root}"
        raise InputError.single("command", repr(command), expected)
    return path


def _named(command: str, root: Path) -> Iterator[Path]:
    """Give the shipped files that a command names; networks are what commands train."""
    words = shlex.split(command)
    for folder in sorted((root / "models").glob("*/")):
        if folder.name != "networks" or words[0] == "python":
            yield from (path for path in sorted(folder.iterdir()) if path.stem in words[1:])


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


@functools.lru_cache(maxsize=1024)
def _digest(text: str) -> str:
    return _short(code_of(text).encode())


@functools.lru_cache(maxsize=1024)
def _imported(text: str) -> tuple[str, ...]:
    """Give the dotted names that a module or a script may import, also within functions."""
    names: list[str] = []
    for node in _run(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            # `ls.Lasers`, and `ls.experiments.option`: what is no name of the package gives nothing
            name = ast.unparse(node)
            if name.startswith("ls."):
                names.append(f"{_PACKAGE}.{name[3:]}")
    return tuple(names)


def _files(name: str, root: Path) -> Iterator[Path]:
    """Find the module that a dotted name is, stands in, or is taken from by a lazy table."""
    parts = name.split(".")
    if parts[0] != _PACKAGE:
        place = root / "training" / "/".join(parts[:2])  # `shared.lasers`
        for path in (place.with_suffix(".py"), place.parent.with_suffix(".py")):
            if path.is_file():
                yield path
        return
    for count in range(len(parts), 0, -1):
        if parts[1 : count + 1] and parts[1] in _SHOWING:
            return
        place = root / "/".join(parts[:count])
        if place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")
            return
        package = place / "__init__.py"
        if package.is_file():
            table = _table(package.read_text(encoding="utf-8"))
            if count < len(parts) and parts[count] in table:
                yield from _files(table[parts[count]], root)
            return


@functools.lru_cache(maxsize=64)
def _table(text: str) -> dict[str, str]:
    """Give the modules from which a package takes its public names."""
    return {
        alias.name: node.module
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _run(tree: ast.AST) -> list[ast.AST]:
    """All nodes but those under ``if TYPE_CHECKING``."""
    nodes = [tree]
    for node in nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            nodes += node.orelse
        else:
            nodes += ast.iter_child_nodes(node)
    return nodes
