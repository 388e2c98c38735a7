"""Figure of the exact engine beside the grid: memory against spikes, and convergence with the step.

    python benchmarks/event_engine_figure.py docs/images/event_engine.png

Memory is the growth of the largest resident memory of a process during forward and backward passes
of `bench_event_networks.py recurrent`, which runs anew for each point.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from matplotlib.axes import Axes

from lasersampling.lif import DelayRange, Neuron, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.plots import style

SPIKES = (1000, 2000, 4000, 8000, 16000)
STEPS = (0.08, 0.04, 0.02, 0.01)
ENGINES = {
    "exact": (256, (), style.BLUE),
    "grid, step 0.1": (16, ("--engine", "grid", "--step", "0.1"), style.VERMILLION),
    "grid, step 0.05": (16, ("--engine", "grid", "--step", "0.05"), style.ORANGE),
}
"""Number of samples, options, colour."""
DELAYS = {"none": style.BLUE, "axonal": style.GREEN, "dendritic": style.ORANGE,
          "synaptic": style.PURPLE}  # fmt: skip


def per_sample(n_spikes: int, batch: int, options: tuple[str, ...]) -> tuple[float, float]:
    """Spikes and memory [MiB] of a recurrent network of 256 neurons, 80 inputs per tau_syn."""
    script = str(Path(__file__).with_name("bench_event_networks.py"))
    sizes = [
        "--spikes",
        str(n_spikes),
        "--duration",
        str(n_spikes / 80),
        "--batch",
        str(batch),
        "--repeats",
        "2",
        "--threads",
        "1",
    ]
    command = [sys.executable, script, "recurrent", *sizes, *options]
    # glibc returns arrays to the system at once, so that memory that was free before is counted.
    at_once = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=at_once)
    text = done.stdout
    typer.echo(text.splitlines()[-1])
    spikes, memory = re.findall(r"(\d+) spikes per sample, (\d+) MiB", text)[-1]
    return n_spikes + float(spikes), float(memory) / batch


def loop(kind: str) -> PopulationNetwork:
    """Five neurons in a loop with four others, and delays of one kind."""
    span = DelayRange()
    axonal, dendritic, synaptic = (
        span if kind == name else None for name in ("axonal", "dendritic", "synaptic")
    )
    neuron = Neuron(leak=0.1, conductance=1.3, tau_mem=np.linspace(0.8, 2.0, 5), tau_syn=0.9)
    return PopulationNetwork(
        4,
        [
            Population(5, neuron, -0.2, 0.1, axonal=axonal, dendritic=dendritic),
            Population(4, Neuron(tau_mem=0.7), refractory=0.2, axonal=axonal),
        ],
        [
            Connection(INPUTS, 0, 2.2, 1.0, synaptic), Connection(0, 0, 0.0, 0.4, synaptic),
            Connection(0, 1, 1.0, 0.6, synaptic), Connection(1, 0, -0.2, 0.3),
        ],
        Streams([0, 1]),
        axonal=axonal,
    )  # fmt: skip


def differences(kind: str, end: float = 5.0) -> list[float]:
    """Median distances of the spikes on the grid from the exact ones, for each step [tau_syn].

    Neurons that spike as often on the grid are compared; the share of others is at most some
    percent, at the longest step.
    """
    generator = torch.Generator().manual_seed(3)
    times = 3.0 * torch.rand(2, 60, 4, generator=generator).double()
    network, inputs = loop(kind), SpikeEvents.from_times(times)
    found = []
    with torch.no_grad():
        exact = run_events(network, inputs, EventSettings(end=end))
        for step in STEPS:
            on_grid = run_on_grid(network, inputs, GridSettings(step, end))
            errors = [
                own - other
                for k in (0, 1)
                for own, other in zip(
                    trains(on_grid.spikes(k).events()), trains(exact.spikes(k)), strict=True
                )
                if len(own) == len(other)
            ]
            found.append(float(torch.cat(errors).abs().median()))
    return found


def trains(spikes: SpikeEvents) -> list[torch.Tensor]:
    """Times of the spikes of each neuron of each run."""
    place = spikes.run * spikes.n_neurons + spikes.neuron
    n_places = (len(spikes.offsets) - 1) * spikes.n_neurons
    in_order = spikes.time[torch.argsort(place, stable=True)]
    return list(in_order.split(torch.bincount(place, minlength=n_places).tolist()))


def draw_memory(axes: Axes) -> None:
    """Draw the memory against the number of input spikes."""
    for name, (batch, options, colour) in ENGINES.items():
        points = [per_sample(n, batch, options) for n in SPIKES]
        axes.loglog(*zip(*points, strict=True), "o-", color=colour, label=name)
    axes.set_xlabel("spikes of a sample, inputs and neurons")
    axes.set_ylabel("memory per sample (MiB)")
    style.plain_log_ticks(axes.xaxis)
    axes.legend(fontsize=11)
    style.quiet(axes)


def draw_convergence(axes: Axes) -> None:
    """Draw the differences against the step, with a line of the second order."""
    for kind, colour in DELAYS.items():
        errors = differences(kind)
        orders = [np.log2(a / b) for a, b in itertools.pairwise(errors)]
        typer.echo(f"{kind}: {errors}, orders {np.round(orders, 2)}")
        axes.loglog(STEPS, errors, "o-", color=colour, label=f"{kind}: order {orders[-1]:.2f}")
    line = 1.2 * errors[0] * (np.array(STEPS) / STEPS[0]) ** 2
    axes.loglog(STEPS, line, ":", color=style.GREY, label="order 2")
    axes.set_xlabel("step of the grid ($\\tau_{syn}$)")
    axes.set_ylabel("median distance of spikes ($\\tau_{syn}$)")
    axes.set_xticks(STEPS, [f"{step:g}" for step in STEPS])
    axes.minorticks_off()
    axes.legend(fontsize=11, title="delays")
    style.quiet(axes)


def main(out: Annotated[Path, typer.Argument(help="PNG that is written.")]) -> None:
    """Measure and draw."""
    with style.style():
        figure = style.new_figure(5.0)
        left, right = figure.subplots(1, 2)
        draw_convergence(right)
        draw_memory(left)
        style.headline(figure, "Event by event, and on a time grid")
        figure.savefig(out)


if __name__ == "__main__":
    typer.run(main)
