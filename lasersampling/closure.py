"""The source files of this package on which a module, and so a stored measurement, depends."""

from __future__ import annotations

import ast
import functools
import hashlib
import io
import tokenize
from pathlib import Path

_PACKAGE = __name__.partition(".")[0]
_ROOT = Path(__file__).parent
_SHOWING = f"{_PACKAGE}.plots", f"{_PACKAGE}.labelled"
"""Modules that only draw and label arrays, and change no number."""


def import_closure(*modules: str) -> tuple[Path, ...]:
    """List the files of modules and of everything that they import from this package, sorted.

    Parameters
    ----------
    modules : str
        Full names, "lasersampling.lasers.simulation".

    Returns
    -------
    tuple of Path
        Imports within functions count; imports for type checkers do not, nor do those of modules
        that only show results (``plots``, ``labelled``).

    Examples
    --------
    >>> [path.name for path in import_closure("lasersampling.paths")]
    ['errors.py', 'paths.py']
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        path = file_of(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        waiting += _imported(path)
    return tuple(sorted(found))


def digest_of(*modules: str) -> str:
    """Digest of the code in the import closure of modules.

    Comments, docstrings and empty lines are left out, so that changes of words do not matter.

    Parameters
    ----------
    modules : str
        Full names.
    """
    digest = hashlib.sha256()
    for path in import_closure(*modules):
        digest.update(path.relative_to(_ROOT).as_posix().encode())
        digest.update(code_of(path.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


@functools.cache
def code_of(source: str) -> str:
    r"""Give the source of a module without comments, docstrings and empty lines.

    Examples
    --------
    >>> code_of("x = 1  # one\n\n'About x.'\ny = '#'\n").splitlines()
    ['x = 1', "y = '#'"]
    """
    lines = source.splitlines()
    left_out = set[int]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    kept = (line.rstrip() for row, line in enumerate(lines, 1) if row not in left_out)
    return "\n".join(line for line in kept if line)


def file_of(module: str) -> Path | None:
    """File of a module of this package; the package itself is only a table of names."""
    head, _, rest = module.partition(".")
    if head != _PACKAGE or not rest:
        return None
    place = _ROOT / rest.replace(".", "/")
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def _imported(path: Path) -> tuple[str, ...]:
    """Names of all modules that a file may import, and of the packages that contain them."""
    names: list[str] = []
    for node in _run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(
        name
        for name in names
        if name.partition(".")[0] == _PACKAGE and not name.startswith(_SHOWING)
    )


def _run(tree: ast.AST) -> list[ast.AST]:
    """All nodes except those under ``if TYPE_CHECKING``."""
    nodes = [tree]
    for node in nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            nodes += node.orelse
        else:
            nodes += ast.iter_child_nodes(node)
    return nodes
