"""Options of commands that learn on a device behind a socket."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.options import INPUT
from lasersampling.errors import InputError

if TYPE_CHECKING:
    from lasersampling.hardware import Substrate

Address = Annotated[
    str | None,
    typer.Option(
        "--substrate",
        metavar="ADDRESS",
        help="Device to learn on (docs/remote.md): tcp://host:port or unix:///path.",
        rich_help_panel=INPUT,
    ),
]

Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout-s",
        help="Longest wait for an answer of that device.",
        show_default="60",
        rich_help_panel=INPUT,
    ),
]

_TIMEOUT_S = 60.0


def device_at(
    address: str | None, timeout_s: float | None
) -> AbstractContextManager[Substrate | None]:
    """Connect to a device, if one is named, for the duration of the block."""
    from lasersampling.hardware import RemoteSubstrate

    if address is None:
        return nullcontext()
    return RemoteSubstrate(address, timeout_s=_TIMEOUT_S if timeout_s is None else timeout_s)


def refuse_timeout(address: str | None, timeout_s: float | None) -> None:
    """Refuse a timeout that is none, or that has no effect since no device is named.

    Raises
    ------
    InputError
        If it is so.
    """
    from lasersampling.checks import number_problems, refuse

    if timeout_s is None:
        return
    if address is None:
        expected = "nothing without --substrate, the device whose answers it is about"
        raise InputError.single("--timeout-s", f"{timeout_s:g}", expected)
    refuse(number_problems("--timeout-s", timeout_s, 0.0, strict=True))
