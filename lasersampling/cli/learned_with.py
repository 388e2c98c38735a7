"""The lasers with which a machine was learned, as defaults of commands that use the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lasersampling.boltzmann.learned import Learned

_WHICH_LASERS = ("device", "delay_ns", "imperfections", "chip_seed", "lines")
"""Keys that identify lasers, as opposed to how they are read out."""


def recorded_lasers(learned: Learned | None, where: str) -> dict[str, Any]:
    """Return the settings of the lasers with which a machine was learned; may be empty.

    Raises
    ------
    InputError
        If the record is not TOML text.
    """
    from lasersampling.config import toml_of

    if learned is None or not learned.settings:
        return {}
    return toml_of(learned.settings, f"{where}: /learned@settings")


def remark_of_lasers(learned: Learned | None, recorded: dict[str, Any], config: Any) -> str:
    """Say how the lasers of a configuration differ from those with which a machine was learned.

    Parameters
    ----------
    learned : Learned or None
        Record in the file of the machine.
    recorded : dict
        Settings of `recorded_lasers`.
    config : validated object
        Configuration with the keys of these settings, and more.

    Returns
    -------
    str
        One sentence; empty if there is nothing to say.
    """
    from lasersampling.config import parse, to_toml, toml_of

    if learned is None or not learned.is_of_a_device:
        return ""
    if not recorded:
        return (
            f"The machine was learned with {learned.sampler!r} in the loop, of which its file says "
            "no more; what these lasers draw may differ from what was learned."
        )
    # What a record of an older version omits has its default value.
    now = toml_of(to_toml(config), "")
    others = {key: value for key, value in now.items() if key not in _WHICH_LASERS}
    then = toml_of(to_toml(parse(others | recorded, type(config), "")), "")
    differing = [key for key in _WHICH_LASERS if then.get(key) != now.get(key)]
    if not differing:
        return "The lasers are those that the machine was learned with."
    return (
        f"The machine was learned with other lasers ({', '.join(differing)}); what these "
        "draw may differ from what was learned."
    )
