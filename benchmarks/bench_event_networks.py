"""Time and memory of networks whose neurons spike several times: event by event, and on a grid.

    python benchmarks/bench_event_networks.py yin-yang
    python benchmarks/bench_event_networks.py recurrent [--synaptic] [--engine grid]

Beside each time stand processor and load, since it depends on both.
"""

from __future__ import annotations

import os
import platform
import resource
import time
from enum import StrEnum
from typing import Annotated

import torch
import typer

from lasersampling.datasets.yin_yang import yin_yang_spikes
from lasersampling.lif import DelayRange, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.parallel import available_cores


class Engine(StrEnum):
    """How the network is run."""

    EVENTS = "events"
    GRID = "grid"


def machine() -> str:
    """Processor and load."""
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {available_cores()} cores, load {load:.1f}"


def peak_mib() -> float:
    """Largest memory of this process so far [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


app = typer.Typer(add_completion=False)


@app.command("yin-yang")
def yin_yang(
    hidden: int = 120,
    batch: int = 150,
    epochs: int = 3,
    threads: Annotated[int, typer.Option(help="0 for all cores.")] = 0,
    refractory: Annotated[float, typer.Option(help="inf to spike once [tau_syn]")] = float("inf"),
) -> None:
    """Measure epochs of the Yin-Yang data: forward, backward and Adam."""
    torch.set_num_threads(1)
    data = yin_yang_spikes().train
    times = torch.as_tensor(data.times)
    times = torch.cat([times, torch.full((len(times), 1), 0.9, dtype=torch.float64)], dim=1)
    network = PopulationNetwork(
        5,
        [Population(hidden, refractory=refractory), Population(3, refractory=refractory)],
        [Connection(INPUTS, 0, 1.5, 0.8), Connection(0, 1, 20.0 / hidden, 20.0 / hidden)],
        Streams([0]),
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    limits = EventSettings(end=8.0, n_threads=threads or available_cores())
    for epoch in range(epochs + 1):
        wall, cpu, n_spikes = time.perf_counter(), time.process_time(), 0
        for chosen in torch.randperm(len(times)).split(batch):
            activity = run_events(network, SpikeEvents.from_times(times[chosen][None]), limits)
            first = activity.spikes().first()
            loss = torch.where(torch.isfinite(first), first, 0.0).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            n_spikes += len(activity.spikes(0).time)
        if epoch:  # the first one compiles
            typer.echo(
                f"epoch {epoch}: {time.perf_counter() - wall:.2f} s, processor "
                f"{time.process_time() - cpu:.2f} s, {n_spikes / len(times):.0f} hidden spikes "
                f"for each of {len(times)} samples; {limits.n_threads} threads, {machine()}"
            )


@app.command("recurrent")
def recurrent(
    hidden: int = 256,
    inputs: int = 700,
    spikes: Annotated[int, typer.Option(help="Input spikes of each sample.")] = 8000,
    batch: int = 32,
    duration: Annotated[float, typer.Option(help="Of the input [tau_syn].")] = 100.0,
    weight: Annotated[float, typer.Option(help="Spread of input weights [1].")] = 0.03,
    synaptic: Annotated[bool, typer.Option(help="Delays of synapses, not of axons.")] = False,
    engine: Engine = Engine.EVENTS,
    threads: Annotated[int, typer.Option(help="0 for all cores.")] = 0,
    repeats: int = 3,
) -> None:
    """Measure samples per second of a recurrent network, forward and backward."""
    generator = torch.Generator().manual_seed(0)
    span = DelayRange(scale=2.0)
    network = PopulationNetwork(
        inputs,
        [Population(hidden, refractory=1.0), Population(20, spiking=False)],
        [
            Connection(INPUTS, 0, 0.01, weight, delays=span if synaptic else None),
            Connection(0, 0, 0.0, 0.05),
            Connection(0, 1, 0.0, 0.1),
        ],
        Streams([0]),
        axonal=None if synaptic else span,
    )
    n = batch * spikes
    time_of = torch.rand(batch, spikes, generator=generator, dtype=torch.float64) * duration
    given = SpikeEvents(
        torch.arange(0, n + 1, spikes), torch.randint(inputs, (n,), generator=generator),
        time_of.sort(dim=1).values.flatten(), 1, batch, inputs,
    )  # fmt: skip
    limits = EventSettings(end=duration + 10.0, n_threads=threads or available_cores())
    if engine == Engine.EVENTS:
        torch.set_num_threads(1)  # what torch does here is too little to be shared
    before = peak_mib()
    for repeat in range(repeats + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        if engine == Engine.EVENTS:
            activity = run_events(network, given, limits)
            voltages, n_spikes = activity.voltages(), float(len(activity.spikes(0).time))
        else:
            on_grid = run_on_grid(network, given, GridSettings(step=0.1, end=limits.end))
            voltages = on_grid.voltages()
            n_spikes = float(on_grid.spikes(0).counts().sum())
        forward = time.perf_counter() - wall
        voltages.integral().square().mean().backward()
        whole = time.perf_counter() - wall
        if repeat:
            typer.echo(
                f"{engine}: {batch / whole:.1f} samples/s ({forward / batch * 1e3:.1f} ms forward, "
                f"{(whole - forward) / batch * 1e3:.1f} ms backward), processor "
                f"{(time.process_time() - cpu) / batch * 1e3:.1f} ms per sample, "
                f"{n_spikes / batch:.0f} spikes per sample, {peak_mib() - before:.0f} MiB; "
                f"{limits.n_threads} threads, {machine()}"
            )


if __name__ == "__main__":
    app()
