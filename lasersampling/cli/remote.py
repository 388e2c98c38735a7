"""Options of commands that learn on a device behind a socket."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lasersampling.hardware import Substrate

Address = Annotated[
    str | None,
    typer.Option(
        "--substrate",
        metavar="ADDRESS",
        help="Device to learn on (docs/remote.md): tcp://host:port or unix:///path.",
    ),
]

Timeout = Annotated[
    float, typer.Option("--timeout-s", help="Longest wait for an answer of that device.")
]

TIMEOUT_S = 60.0


def device_at(address: str | None, timeout_s: float) -> AbstractContextManager[Substrate | None]:
    """Connect to a device, if one is named, for the duration of the block."""
    from lasersampling.hardware import RemoteSubstrate

    if address is None:
        return nullcontext()
    return RemoteSubstrate(address, timeout_s=timeout_s)
