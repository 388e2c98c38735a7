"""Time and memory of networks whose neurons spike several times: event by event, and on a grid.

    python benchmarks/bench_event_networks.py yin-yang
    python benchmarks/bench_event_networks.py recurrent [--synaptic] [--engine grid --step 0.1]

Beside each time stand processor and load, since it depends on both.
"""

from __future__ import annotations

import os
import platform
import resource
import time
from enum import StrEnum
from pathlib import Path
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
    """Largest memory of this process since `forget_peak` [MiB]."""
    if STATUS.exists():
        (line,) = (x for x in STATUS.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak() -> None:
    """Begin to observe memory, which has been larger while libraries were loaded (Linux only)."""
    if STATUS.exists():
        STATUS.with_name("clear_refs").write_text("5")


STATUS = Path("/proc/self/status")
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
    synaptic: Annotated[bool, typer.Option(help="Delays of synapses, not of axons.")] = False,
    engine: Engine = Engine.EVENTS,
    step: Annotated[float, typer.Option(help="Of the grid [tau_syn].")] = 0.1,
    threads: Annotated[int, typer.Option(help="0 for all cores.")] = 0,
    repeats: int = 3,
) -> None:
    """Measure samples per second of a recurrent network, forward and backward."""
    generator = torch.Generator().manual_seed(0)
    span = DelayRange(scale=2.0)
    rate = spikes / duration
    spread = 0.27 / rate**0.5  # so that neurons spike as often whatever the rate of the inputs
    network = PopulationNetwork(
        inputs,
        [Population(hidden, refractory=1.0), Population(20, spiking=False)],
        [
            Connection(INPUTS, 0, 0.8 / rate, spread, delays=span if synaptic else None),
            Connection(0, 0, 0.0, 0.05),
            Connection(0, 1, 0.0, 0.1),
        ],
        Streams([0]),
        axonal=None if synaptic else span,
    )
    limits = EventSettings(end=duration + 10.0, n_threads=threads or available_cores())
    grid = GridSettings(step=step, end=limits.end)
    if engine == Engine.EVENTS:
        torch.set_num_threads(1)  # what torch does here is too little to be shared
    else:
        network = network.to(torch.float32)

    def measured(given: SpikeEvents) -> tuple[float, float, float]:
        """Times of both passes [s], and number of hidden spikes."""
        begin = time.perf_counter()
        if engine == Engine.EVENTS:
            activity = run_events(network, given, limits)
            voltages, n_spikes = activity.voltages(), float(len(activity.spikes(0).time))
        else:
            on_grid = run_on_grid(network, given, grid)
            voltages = on_grid.voltages()
            n_spikes = float(on_grid.spikes(0).counts().detach().sum())
        loss = voltages.maximum().square().mean()
        forward = time.perf_counter()
        loss.backward()
        return forward - begin, time.perf_counter() - forward, n_spikes

    def given(n_runs: int, n_spikes: int) -> SpikeEvents:
        shape = (n_runs, n_spikes)
        times = torch.rand(shape, generator=generator, dtype=torch.float64) * duration
        source = torch.randint(inputs, (n_runs * n_spikes,), generator=generator)
        offsets = torch.arange(0, n_runs * n_spikes + 1, n_spikes)
        return SpikeEvents(offsets, source, times.sort(dim=1).values.flatten(), 1, n_runs, inputs)

    measured(given(1, 1))  # compiles, and loads all libraries
    sample = given(batch, spikes)
    forget_peak()
    before = peak_mib()
    for _ in range(repeats):
        cpu = time.process_time()
        forward, backward, n_spikes = measured(sample)
        typer.echo(
            f"{engine}: {batch / (forward + backward):.1f} samples/s "
            f"({forward / batch * 1e3:.1f} ms forward, {backward / batch * 1e3:.1f} ms backward), "
            f"processor {(time.process_time() - cpu) / batch * 1e3:.1f} ms per sample, "
            f"{n_spikes / batch:.0f} spikes per sample, {peak_mib() - before:.0f} MiB; "
            f"{limits.n_threads} threads, {machine()}"
        )


if __name__ == "__main__":
    app()
