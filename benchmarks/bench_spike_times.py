"""Time and memory of one layer of neurons, forward and backward, against its size; time per epoch.

`delays` gives each synapse its own delay, `compiled` none; the ratio of their times stands beside.
`quadratic` is the published way to a first spike, in our own words: all prefixes of the sorted
inputs give a candidate each, from cumulative sums of the size batch x inputs x neurons, through
which torch differentiates. It knows tau_mem = tau_syn only and stands here for the ratio.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
import tomllib
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from lasersampling.config import resolve
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.lif import Neuron, first_spike_times
from lasersampling.results.computer import about_computer

SIZES = ((4, 30), (100, 100), (256, 246), (784, 350))


def quadratic(times: Tensor, weights: Tensor) -> Tensor:
    """First spikes for tau_mem = tau_syn = 1 and threshold 1, by candidates of all prefixes."""
    ordered, order = torch.sort(times, dim=1)
    shown = weights.T[order]  # (sample, pre, post)
    grown = torch.exp(ordered)[..., None]
    a = torch.cumsum(shown * grown, 1)
    b = torch.cumsum(shown * grown * ordered[..., None], 1)
    ratio = b / a
    argument = -torch.exp(ratio) / a
    possible = (argument >= -torch.exp(torch.tensor(-1.0))) & (a > 0)
    w = lambert(torch.where(possible, argument, -0.1))
    found = ratio - w
    following = torch.cat([ordered[:, 1:], torch.full_like(ordered[:, :1], torch.inf)], 1)
    valid = possible & (found >= ordered[..., None]) & (found <= following[..., None])
    return torch.where(valid, found, torch.inf).amin(1)


def lambert(x: Tensor) -> Tensor:
    w = torch.where(x < -0.25, -1 + torch.sqrt((2 * (torch.e * x + 1)).clamp_min(1e-12)), x)
    for _ in range(10):
        w = w - (w - x * torch.exp(-w)) / (w + 1).clamp_min(1e-6)
    return w


def measure(way: str, n_pre: int, n_post: int, n_samples: int, tau_mem: float, runs: int) -> str:
    """Processor time of a forward and backward pass, best and median, and the memory they take."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    times = 2 * torch.rand(n_samples, n_pre, generator=generator, dtype=torch.float64)
    weights = torch.randn(n_post, n_pre, generator=generator, dtype=torch.float64)
    weights = 3 * weights / n_pre**0.5 + 4 / n_pre
    delays = torch.rand(n_post, n_pre, generator=generator, dtype=torch.float64)
    neuron = Neuron(tau_mem=tau_mem)

    def once(n: int) -> float:
        leaves = [x.clone().requires_grad_() for x in (times[:n], weights, delays)]
        started = time.process_time()
        if way == "quadratic":
            spikes = quadratic(leaves[0], leaves[1])
        elif way == "delays":
            spikes = first_spike_times(leaves[0], leaves[1], neuron, delays=leaves[2])
        elif way == "vectorised":
            spikes = first_spike_times(leaves[0], leaves[1], neuron, path="vectorised")
        else:
            spikes = first_spike_times(leaves[0], leaves[1], neuron, path="compiled")
        spikes[torch.isfinite(spikes)].sum().backward()
        return time.process_time() - started

    once(2)  # compiles
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = [once(n_samples) for _ in range(runs)]
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return f"{min(taken) * 1e3:9.1f} {statistics.median(taken) * 1e3:9.1f} {memory:9.0f}"


def best_ms(way: str, n_pre: int, n_post: int, *options: str) -> float:
    """Best time of a case that is measured in a process of its own [ms]."""
    return float(measured(way, n_pre, n_post, *options).split()[0])


def measured(way: str, n_pre: int, n_post: int, *options: str) -> str:
    """What `measure` gives in a process of its own."""
    command = [sys.executable, __file__, "--one", f"{way},{n_pre},{n_post}", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()


def epoch_ms(members: int, n_epochs: int) -> float:
    """Best processor time of an epoch of recipe yin_yang_synaptic, 4-30-3, per network [ms]."""
    return 1e3 * float(epochs_taken(members, n_epochs).min())


def epochs_taken(members: int, n_epochs: int) -> np.ndarray:
    """Processor time of each epoch but the first, per network [s]."""
    recipe = tomllib.loads(resolve("recipes", "yin_yang_synaptic").read_text(encoding="utf-8"))
    data = recipe.pop("data")
    recipe["members"], recipe["learning"]["n_epochs"] = members, n_epochs
    history = train_spikes(data, settings=SpikeTraining(**recipe)).history.arrays()
    taken: np.ndarray = history["epoch_processor_time_s"][1:] / members
    return taken


def main(
    batch: Annotated[int, typer.Option(min=1, help="Samples.")] = 150,
    tau_mem: Annotated[float, typer.Option(help="Membrane time constant over tau_syn.")] = 1.0,
    runs: Annotated[int, typer.Option(min=1, help="Counted runs of each case.")] = 5,
    one: Annotated[str, typer.Option(help="WAY,PRE,POST: that case only.")] = "",
    epochs: Annotated[int, typer.Option(min=2, help="Epochs of a training.")] = 21,
) -> None:
    """Print a table: one process for each case, so that memory is its own."""
    if one:
        way, *sizes = one.split(",")
        n_pre, n_post = map(int, sizes)
        print(measure(way, n_pre, n_post, batch, tau_mem, runs))
        return
    told = about_computer()
    print(f"{told['processor']}, {told['instruction_set']}, load {os.getloadavg()[0]:.1f}")
    print(f"batch {batch}, tau_mem {tau_mem:g}, one thread, forward + backward, processor time")
    print(f"{'way':12s} {'layer':>12s} {'best ms':>9s} {'median ms':>9s} {'added MB':>9s}   ratio")
    for n_pre, n_post in SIZES:
        plain = 0.0
        for way in ("compiled", "delays", "vectorised", "quadratic"):
            needed_gb = batch * n_pre * n_post * 8 * 40 / 1e9  # about 40 arrays live at once
            if way == "quadratic" and (needed_gb > 3 or tau_mem != 1.0):
                continue
            options = ("--batch", str(batch), "--runs", str(runs), "--tau-mem", str(tau_mem))
            found = measured(way, n_pre, n_post, *options)
            best = float(found.split()[0])
            plain = best if way == "compiled" else plain
            cells = f"{way:12s} {f'{n_pre} -> {n_post}':>12s} {found}"
            print(f"{cells} {best / plain:7.2f}", flush=True)
    for members in (1, 10):
        name = f"epoch, {members} x 4-30-3, each"
        taken = 1e3 * epochs_taken(members, epochs)
        print(f"{name:28s} {taken.min():6.1f} {np.median(taken):9.1f}", flush=True)


if __name__ == "__main__":
    typer.run(main)
