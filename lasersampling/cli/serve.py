"""``lasersampling serve``: offer a simulated device to other processes, as a laboratory would."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lasersampling.cli.completing import completed
from lasersampling.cli.examples import epilog_of
from lasersampling.cli.options import INPUT, SETTINGS, Overrides, Quiet
from lasersampling.commands.configuring import configured, device_table, imperfections_table
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError, Problem

if TYPE_CHECKING:
    from lasersampling.hardware import Substrate

_CONNECTION = "Connection"
_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 5005
_INTERRUPTED = 130
_GRACE_S = 2.0
"""How long the process may take to end by itself when it was told to during a run [s]."""

Host = Annotated[
    str | None,
    typer.Option(
        help=f"Address to listen on; {_DEFAULT_HOST} by default.", rich_help_panel=_CONNECTION
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        help=f"Port to listen on, 0 for any that is free; {_DEFAULT_PORT} by default.",
        min=0,
        max=65535,
        rich_help_panel=_CONNECTION,
    ),
]
Stdio = Annotated[
    bool,
    typer.Option(
        "--stdio",
        help="Answer on standard input and output instead of a port.",
        rich_help_panel=_CONNECTION,
    ),
]
Members = Annotated[
    int, typer.Option(help="Number of chips, with successive numbers.", rich_help_panel=SETTINGS)
]
FirstChip = Annotated[int, typer.Option(help="Number of the first chip.", rich_help_panel=SETTINGS)]

serve = typer.Typer(
    help="Offer a simulated device to other processes (docs/remote.md).", no_args_is_help=True
)


@serve.callback()
def _group() -> None:
    pass  # with it, what to serve is named even while there is only one thing to serve


@serve.command(epilog=epilog_of("serve lasers"))
def lasers(
    units: Annotated[
        int, typer.Option(help="Number of lasers in the network.", rich_help_panel=SETTINGS)
    ],
    device: Annotated[
        str | None,
        typer.Option(
            help="Device file, or name; D6 by default.",
            autocompletion=completed("devices"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    imperfections: Annotated[
        str | None,
        typer.Option(
            help="File of imperfections, or name; none by default.",
            autocompletion=completed("imperfections"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    chip_seed: Annotated[
        int | None,
        typer.Option(
            help="Number of the chip, which determines its mismatch.", rich_help_panel=SETTINGS
        ),
    ] = None,
    host: Host = None,
    port: Port = None,
    stdio: Stdio = False,
    overrides: Overrides = None,
    quiet: Quiet = False,
) -> None:
    """Offer a network of lasers that samples Boltzmann machines."""
    from lasersampling.cli.configurations import ServeLasersConfig
    from lasersampling.cli.preparing import calibrate_once
    from lasersampling.sampling.neurons.configured import lasers_of
    from lasersampling.sampling.neurons.sampler import DEFAULT_DEVICE
    from lasersampling.sampling.neurons.substrate import LaserSubstrate

    reporter = Reporter(quiet=quiet, as_json=False)
    _refuse_two_places(host, port, stdio)
    options: dict[str, Any] = {
        "units": units,
        "device": device_table(device or DEFAULT_DEVICE),
        "imperfections": None if imperfections is None else imperfections_table(imperfections),
        "chip_seed": chip_seed,
    }
    config = configured(ServeLasersConfig, options, overrides)
    network = lasers_of(config)
    substrate = LaserSubstrate(network, config.units)  # which says whether it can be so large
    with _ended_by_sigterm():
        calibrate_once(network, reporter)
        _offer(substrate, host, port, stdio)


@serve.command(epilog=epilog_of("serve chip"))
def chip(
    model: Annotated[
        str,
        typer.Argument(
            help="Chip model: a file, or the name of a shipped one.",
            autocompletion=completed("chips"),
        ),
    ],
    sizes: Annotated[
        str,
        typer.Option(
            help="Inputs and neurons of each layer, such as 20,30,3.", rich_help_panel=SETTINGS
        ),
    ],
    members: Members = 1,
    chip_seed: FirstChip = 0,
    host: Host = None,
    port: Port = None,
    stdio: Stdio = False,
) -> None:
    """Offer an emulated chip of LIF neurons that runs feed-forward networks."""
    from lasersampling.hardware import load_chip
    from lasersampling.lif.chips.emulated import EmulatedChip

    _refuse_two_places(host, port, stdio)
    seeds = _seeds_of(members, chip_seed)
    emulated = EmulatedChip(load_chip(model), _sizes_of(sizes), seeds)
    with _ended_by_sigterm():
        _offer(emulated, host, port, stdio)


@serve.command(epilog=epilog_of("serve populations"))
def populations(
    model: Annotated[
        str,
        typer.Argument(
            help="Chip model: a file, or the name of a shipped one.",
            autocompletion=completed("chips"),
        ),
    ],
    sizes: Annotated[
        str,
        typer.Option(
            help="Inputs and neurons of each population, such as 20,30,3.", rich_help_panel=SETTINGS
        ),
    ],
    connections: Annotated[
        str | None,
        typer.Option(
            help="Connections, such as 'inputs>0 0>0 0>1'; by default each to the next.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    reset: Annotated[
        float, typer.Option(help="Voltage after a spike.", rich_help_panel=SETTINGS)
    ] = 0.0,
    refractory: Annotated[
        float,
        typer.Option(
            help="Refractory period in tau_syn; inf for neurons that spike once.",
            rich_help_panel=SETTINGS,
        ),
    ] = 0.0,
    members: Members = 1,
    chip_seed: FirstChip = 0,
    host: Host = None,
    port: Port = None,
    stdio: Stdio = False,
) -> None:
    """Offer an emulated chip whose neurons spike as often as they like, in any connections."""
    from lasersampling.hardware import load_chip
    from lasersampling.hardware.ragged import parsed_connections
    from lasersampling.lif.chips.populations import PopulationChip
    from lasersampling.lif.populations.layered import SpikingAgain

    _refuse_two_places(host, port, stdio)
    numbers, seeds = _sizes_of(sizes), _seeds_of(members, chip_seed)
    pairs = None if connections is None else parsed_connections(connections, len(numbers) - 1)
    once = refractory == float("inf")
    after = None if once else SpikingAgain(reset=reset, refractory=refractory)
    emulated = PopulationChip(load_chip(model), numbers, seeds, pairs, after=after)
    with _ended_by_sigterm():
        _offer(emulated, host, port, stdio)


def _sizes_of(given: str) -> list[int]:
    numbers = given.split(",")
    if not all(number.strip().isdecimal() for number in numbers):
        expected = "whole numbers with commas between them, such as 20,30,3"
        raise InputError.single("--sizes", repr(given), expected)
    return [int(number) for number in numbers]


def _seeds_of(members: int, first: int) -> range:
    if members < 1:
        raise InputError.single("--members", members, "at least 1")
    return range(first, first + members)


def _refuse_two_places(host: str | None, port: int | None, stdio: bool) -> None:
    given = {"--host": host, "--port": port}
    problems = [
        Problem(option, f"{value} beside --stdio", "one of the two")
        for option, value in given.items()
        if stdio and value is not None
    ]
    if problems:
        raise InputError(problems)


def _offer(substrate: Substrate, host: str | None, port: int | None, stdio: bool) -> None:
    """Answer requests until the process is stopped, or the client of a pipe leaves."""
    from lasersampling.hardware import Server, serve_pipe
    from lasersampling.hardware.connection import Address

    if stdio:
        with _message_pipe() as sink, FileIO(os.dup(0), "rb") as source:
            serve_pipe(substrate, source, sink)
        return
    place = (host or _DEFAULT_HOST, _DEFAULT_PORT if port is None else port)
    with Server(substrate, str(Address(tcp=place))) as server:
        # Not silenced by --quiet: who asks for any free port must learn which it is.
        print(f"{substrate.description.name}: {server.address}", file=sys.stderr, flush=True)
        try:
            server.serve()
        except (KeyboardInterrupt, SystemExit) as stop:
            if server.is_at_work:
                _end_soon(0 if isinstance(stop, SystemExit) else _INTERRUPTED)
            raise


def _end_soon(code: int) -> None:
    """End the process although a run is under way, for which Python would wait."""
    timer = threading.Timer(_GRACE_S, os._exit, [code])
    timer.daemon = True
    timer.start()


@contextmanager
def _message_pipe() -> Iterator[FileIO]:
    """Open standard output for messages; what is printed meanwhile goes to standard error."""
    sys.stdout.flush()
    messages = os.dup(1)
    os.dup2(2, 1)
    try:
        with FileIO(os.dup(messages), "wb") as sink:
            yield sink
    finally:
        sys.stdout.flush()
        os.dup2(messages, 1)
        os.close(messages)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Exit on SIGTERM as a service that is stopped does: cleanly, with exit code 0."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
