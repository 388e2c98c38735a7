"""Packages whose names are imported when they are first used, so that importing one stays light."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from importlib.abc import InspectLoader
from typing import cast


def on_demand(package: str) -> tuple[list[str], Callable[[str], object]]:
    """Give a package the names that its ``__init__`` imports for type checkers.

    Parameters
    ----------
    package : str
        Name of the package that is being imported. Under ``if TYPE_CHECKING`` it imports its public
        names from its own modules, without renaming them.

    Returns
    -------
    names : list of str
        For ``__all__``, sorted.
    attribute : callable
        For ``__getattr__`` of the package: imports a name on its first use.

    Examples
    --------
    >>> from lasersampling.lasers import load_device
    >>> load_device("D6").name
    'D6'
    """
    namespace = sys.modules[package].__dict__
    loader = cast(InspectLoader, namespace["__spec__"].loader)
    module_of = {
        alias.name: node.module
        for block in ast.parse(loader.get_source(package) or "").body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }

    def attribute(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(module_of[name]), name)
        namespace[name] = value  # later accesses find it there
        return value

    return sorted(module_of), attribute
