"""An epoch of the Yin-Yang data with EventProp: this package and jaxsnn, taking turns.

    python benchmarks/bench_jaxsnn.py [--hidden 30] [--spikes-again]

jaxsnn (extra `peers`) compiles the events of a batch for XLA, a fixed number of them, in single
precision; this package follows as many as there are, in double precision. Both get the same inputs,
a loss on first spikes, and Adam; jaxsnn solves tau_mem = 2 tau_syn. Compile time is not counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Annotated, Any

import numpy as np
import torch
import typer

from lasersampling.datasets.yin_yang import yin_yang_spikes
from lasersampling.lif import Neuron
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.parallel import available_cores

END, TARGETS = 4.0, (1.2, 0.8)
"""End of a sample, and when wrong and correct neurons should spike [tau_syn]."""


def of_this_package(
    times: torch.Tensor, labels: torch.Tensor, hidden: int, batch: int, refractory: float
) -> Callable[[], float]:
    """Return what runs an epoch, and says how many spikes hidden neurons have in a sample."""
    torch.set_num_threads(1)
    neuron = Neuron(tau_mem=2.0)
    network = PopulationNetwork(
        5, [Population(n, neuron, refractory=refractory) for n in (hidden, 3)],
        [Connection(INPUTS, 0, 3.0, 1.6), Connection(0, 1, 30.0 / hidden, 24.0 / hidden)], [0],
    )  # fmt: skip
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    settings = EventSettings(end=END, n_threads=available_cores())
    targets = torch.full((len(times), 3), TARGETS[0], dtype=torch.float64)
    targets[torch.arange(len(times)), labels] = TARGETS[1]

    def epoch() -> float:
        n_spikes = 0
        for chosen in torch.randperm(len(times)).split(batch):
            given = SpikeEvents.from_times(times[chosen][None])
            activity = run_events(network, given, settings)
            first = activity.spikes().first()[0].clamp(max=END)
            loss = (first - targets[chosen]).square().sum(-1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            n_spikes += len(activity.spikes(0).time)
        return n_spikes / len(times)

    return epoch


def of_jaxsnn(
    times: torch.Tensor, labels: torch.Tensor, hidden: int, batch: int, steps: tuple[int, int]
) -> Callable[[], float]:
    """Return what runs an epoch; `steps` events are followed in hidden and output neurons."""
    import jax
    import jax.numpy as jnp
    import optax
    from jaxsnn.event.loss import first_spike
    from jaxsnn.event.modules import LIF, Linear, Source
    from jaxsnn.event.modules.lif.parameters import LIFParameters
    from jaxsnn.event.topology import Topology
    from jaxsnn.event.types import Spike

    # A reset far below the threshold is how its examples have neurons that spike once.
    once = steps[0] == 5 + hidden
    neuron = LIFParameters(tau_syn=1.0, tau_mem=2.0, v_th=1.0, v_reset=-1000.0 if once else 0.0)
    topology = Topology(t_max=END, backprop_method="eventprop")
    topology.add(
        {
            "inputs": Source(5), "hidden": LIF(hidden, steps[0], neuron),
            "output": LIF(3, steps[1], neuron), "first": Linear(mean=3.0, std=1.6),
            "second": Linear(mean=30.0 / hidden, std=24.0 / hidden),
        }
    )  # fmt: skip
    topology.connect(
        [("inputs", "first"), ("first", "hidden"), ("hidden", "second"), ("second", "output")]
    )
    initial, apply = topology.done()
    parameters = initial(jax.random.PRNGKey(0))
    optimiser = optax.adam(5e-3)
    state = optimiser.init(parameters)
    order = np.argsort(times.numpy(), axis=1)
    in_order = jnp.asarray(np.take_along_axis(times.numpy(), order, axis=1), dtype=jnp.float32)
    targets = np.full((len(times), 3), TARGETS[0], dtype=np.float32)
    targets[np.arange(len(times)), labels.numpy()] = TARGETS[1]
    who, wanted, generator = jnp.asarray(order), jnp.asarray(targets), np.random.default_rng(0)

    def mean_loss(parameters: Any, chosen: Any) -> Any:
        time_of, shape = in_order[chosen], (len(chosen), 5)
        given = Spike(
            time=time_of, idx=who[chosen], current=jnp.zeros(shape),
            layer_idx=jnp.zeros(shape, dtype=int), internal=jnp.ones(shape, dtype=bool),
        )  # fmt: skip
        events = apply({"inputs": given}, parameters)
        first = jax.vmap(first_spike, in_axes=(0, None))(events["output"], 3)
        n_spikes = events["hidden"].internal.sum()
        squares = (jnp.minimum(first, END) - wanted[chosen]) ** 2
        return squares.sum(-1).mean(), n_spikes

    @jax.jit
    def update(parameters: Any, state: Any, chosen: Any) -> Any:
        slopes, n_spikes = jax.grad(mean_loss, has_aux=True)(parameters, chosen)
        changes, state = optimiser.update(slopes, state)
        return optax.apply_updates(parameters, changes), state, n_spikes

    def epoch() -> float:
        nonlocal parameters, state
        n_spikes = []
        whole = len(times) // batch * batch  # its batches all have one size
        for chosen in generator.permutation(len(times))[:whole].reshape(-1, batch):
            parameters, state, number = update(parameters, state, chosen)
            n_spikes.append(number)
        return sum(float(n) for n in n_spikes) / whole

    return epoch


def main(
    hidden: int = 30,
    batch: int = 150,
    rounds: int = 5,
    spikes_again: Annotated[bool, typer.Option(help="Reset to the leak, not far below.")] = False,
    most: Annotated[int, typer.Option(help="Spikes of a neuron for which jaxsnn has room.")] = 4,
) -> None:
    """Measure both in turns, after one epoch of each that compiles."""
    data = yin_yang_spikes().train
    times, labels = torch.as_tensor(data.times), torch.as_tensor(data.labels)
    times = torch.cat([times, torch.full((len(times), 1), 0.9, dtype=torch.float64)], dim=1)
    room = most if spikes_again else 1
    steps = 5 + room * hidden, room * (hidden + 3)
    epochs = {
        "lasersampling": of_this_package(
            times, labels, hidden, batch, 0.0 if spikes_again else float("inf")
        ),
        "jaxsnn": of_jaxsnn(times, labels, hidden, batch, steps),
    }
    walls: dict[str, list[float]] = {name: [] for name in epochs}
    for turn in range(rounds + 1):
        for name, epoch in epochs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            n_spikes = epoch()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if turn:
                walls[name].append(wall)
                typer.echo(
                    f"{name}: {wall:.2f} s, processor {cpu:.2f} s, {n_spikes:.0f} hidden spikes "
                    f"for each of {len(times)} samples; load {os.getloadavg()[0]:.1f}"
                )
    ratio = median(b / a for a, b in zip(*walls.values(), strict=True))
    best = " and ".join(f"{min(own):.2f} s ({name})" for name, own in walls.items())
    typer.echo(
        f"{hidden} hidden neurons: best epochs {best}; jaxsnn takes {ratio:.1f} times as long "
        f"(median of {rounds}); {available_cores()} cores"
    )


if __name__ == "__main__":
    typer.run(main)
