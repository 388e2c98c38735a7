"""What commands share that train, keep checkpoints and can be resumed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from lasersampling.errors import InputError

if TYPE_CHECKING:
    from lasersampling.results.run_file import RunFile
    from lasersampling.training.task import State

Recipe = TypeVar("Recipe")


def refuse_beside_resume(given: Mapping[str, object]) -> None:
    """Refuse what was given together with ``--resume``, by the names that users know.

    Raises
    ------
    InputError
        If there is anything.
    """
    extra = [name for name, value in given.items() if value is not None]
    if extra:
        expected = "nothing else: the file says how the run was configured"
        raise InputError.single("--resume", ", ".join(extra), expected)


def resumed(path: Path, recipe: type[Recipe]) -> tuple[Recipe, State]:
    """Read the recipe and the state of a run that was stopped.

    Raises
    ------
    InputError
        If the file holds no checkpoint, or that of another kind of run.
    """
    from lasersampling.config import parse, toml_of
    from lasersampling.results.run_file import read_checkpoint

    state, text = read_checkpoint(path)
    return parse(toml_of(text, f"{path}: /config"), recipe, str(path)), state


def run_file(
    context: typer.Context, out: Path | None, config: object, seed: int, *, overwrite: bool
) -> AbstractContextManager[RunFile | None]:
    """Reserve the results file of a training; nothing if there shall be none."""
    if out is None:
        return nullcontext(None)
    from lasersampling.config import to_toml
    from lasersampling.results.run_file import RunFile

    command = str(context.obj)
    return RunFile.open(
        out, command=command, seed=seed, config=to_toml(config), overwrite=overwrite
    )
