"""Recipes of ``lasersampling generate``, as experiments read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lasersampling.commands.configuring import configured, recipe_table
from lasersampling.config import resolve

if TYPE_CHECKING:
    from lasersampling.commands.generate_configuration import GenerateConfig


def picture_recipe(name: str, changes: Sequence[str] = (), **given: object) -> GenerateConfig:
    """Read a recipe of pictures.

    Parameters
    ----------
    name : str
        Name of a shipped recipe, or a file.
    changes : sequence of str
        Keys with new values, "training.n_epochs=10"; see ``--set`` of the command.
    **given
        Keys that replace those of the file.

    Raises
    ------
    InputError
        With all problems of the recipe or the changes.

    Examples
    --------
    >>> picture_recipe("digits", ["training.n_epochs=10"]).training.n_epochs
    10
    """
    from lasersampling.commands.generate_configuration import GenerateConfig  # loads torch

    table = recipe_table(resolve("recipes", name), GenerateConfig, **given)
    return configured(GenerateConfig, table, changes)
