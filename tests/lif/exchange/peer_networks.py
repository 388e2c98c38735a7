"""Networks of snnTorch and norse: their graphs, and the spikes that they give.

As a program it writes both to the folder `files`, from which test_nir_of_peers.py reads them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch

FILES = Path(__file__).parent / "files"
N_STEPS = 2000
SIZES = 5, 6, 3
SNNTORCH_STEP_S = 1e-4
"""Fixed in snnTorch's export."""

NORSE_STEP = 1e-3
"""Of its simulation. Its export multiplies all times by this number, the step itself as well."""

Run = tuple[Any, dict[str, Any]]
"""A graph; input spikes, spikes and voltages in steps, and how the graph is to be read."""


def input_spikes(seed: int, n: int = 36) -> torch.Tensor:
    """Spikes within the first three fifths of the run, (step, input)."""
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.zeros(N_STEPS, SIZES[0])
    for step in torch.randint(0, 3 * N_STEPS // 5, (n,), generator=generator):
        spikes[step, torch.randint(0, SIZES[0], (1,), generator=generator)] = 1.0
    return spikes


def filled(n_pre: int, n_post: int, low: float, high: float, seed: int, bias: Any = None) -> Any:
    """A Linear with weights from `low` to `high`, and perhaps a bias."""
    layer = torch.nn.Linear(n_pre, n_post, bias=bias is not None)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        layer.weight.copy_(low + (high - low) * torch.rand(n_post, n_pre, generator=generator))
        if bias is not None:
            layer.bias.copy_(torch.as_tensor(bias))
    return layer


def snntorch_layers() -> Run:
    """Two layers of neurons with synapses."""
    import snntorch

    def neurons(n: int, alpha: float) -> Any:
        return snntorch.Synaptic(
            torch.full((n,), alpha), torch.linspace(0.997, 0.998, n), torch.linspace(0.9, 1.1, n),
            init_hidden=True, reset_mechanism="zero",
        )  # fmt: skip

    n_in, n_hidden, n_out = SIZES
    net = torch.nn.Sequential(
        filled(n_in, n_hidden, 0.0004, 0.0013, 1), neurons(n_hidden, 0.995),
        filled(n_hidden, n_out, 0.001, 0.0025, 2), neurons(n_out, 0.994),
    )  # fmt: skip
    return _run_snntorch(net, input_spikes(3), spiking=(1, 3))


def snntorch_recurrent() -> Run:
    """Recurrent neurons with synapses, then neurons without synapses that have a bias."""
    import snntorch

    n_in, n_hidden, n_out = SIZES
    recurrent = snntorch.RSynaptic(
        torch.full((n_hidden,), 0.995), torch.full((n_hidden,), 0.9975), all_to_all=True,
        linear_features=n_hidden, init_hidden=True, reset_mechanism="zero",
    )  # fmt: skip
    recurrent.recurrent = filled(n_hidden, n_hidden, -0.0006, 0.0006, 4, torch.zeros(n_hidden))
    last = snntorch.Leaky(
        torch.full((n_out,), 0.9975), torch.ones(n_out), init_hidden=True, reset_mechanism="zero"
    )
    net = torch.nn.Sequential(
        filled(n_in, n_hidden, 0.0004, 0.0013, 5), recurrent,
        filled(n_hidden, n_out, 0.1, 0.35, 6, [0.0005, 0.001, -0.0002]), last,
    )  # fmt: skip
    return _run_snntorch(net, input_spikes(7), spiking=(1, 3))


def norse_layers() -> Run:
    """Two layers of neurons with synapses."""
    import norse.torch as norse

    n_in, n_hidden, n_out = SIZES
    net = norse.SequentialState(
        filled(n_in, n_hidden, 0.15, 0.55, 1), norse.LIFCell(_norse_neurons(), dt=NORSE_STEP),
        filled(n_hidden, n_out, 0.3, 0.9, 2), norse.LIFCell(_norse_neurons(), dt=NORSE_STEP),
    )  # fmt: skip
    tau_syn_s = NORSE_STEP * 0.2
    return _run_norse(net, input_spikes(3), {"step_s": tau_syn_s}, spiking=(1, 3))


def norse_read_out() -> Run:
    """Neurons with synapses and a read-out without, whose inputs have a bias."""
    import norse.torch as norse

    n_in, n_hidden, n_out = SIZES
    integrators = norse.LIBoxParameters(tau_mem_inv=torch.tensor(1 / 0.4))
    net = norse.SequentialState(
        filled(n_in, n_hidden, 0.15, 0.55, 1), norse.LIFCell(_norse_neurons(), dt=NORSE_STEP),
        filled(n_hidden, n_out, -4.0, 8.0, 2, [0.2, 0.0, -0.1]),
        norse.LIBoxCell(integrators, dt=NORSE_STEP),
    )  # fmt: skip
    meaning = {"step_s": NORSE_STEP**2, "weights": "jumps"}
    return _run_norse(net, input_spikes(3), meaning, spiking=(1,))


PEERS: dict[str, Callable[[], Run]] = {
    "snntorch_layers": snntorch_layers,
    "snntorch_recurrent": snntorch_recurrent,
    "norse_layers": norse_layers,
    "norse_read_out": norse_read_out,
}


def _norse_neurons() -> Any:
    import norse.torch as norse

    return norse.LIFParameters(tau_syn_inv=torch.tensor(1 / 0.2), tau_mem_inv=torch.tensor(1 / 0.4))


def _run_snntorch(net: Any, inputs: torch.Tensor, spiking: tuple[int, ...]) -> Run:
    from snntorch.export_nir import export_to_nir

    graph = export_to_nir(net, torch.zeros(1, SIZES[0]), ignore_dims=[0])
    for place in spiking:
        net[place].reset_mem()
    recorded: dict[int, list[torch.Tensor]] = {place: [] for place in spiking}
    with torch.no_grad():
        for step in inputs:
            value = step[None]
            for place, module in enumerate(net):
                value = module(value)
                if place in recorded:
                    recorded[place].append(value[0])
    told = _told(inputs, list(recorded.values()), {"step_s": SNNTORCH_STEP_S})
    return graph, told | {"step_in_graph": SNNTORCH_STEP_S}


def _run_norse(
    net: Any, inputs: torch.Tensor, meaning: dict[str, Any], spiking: tuple[int, ...]
) -> Run:
    from norse.torch.utils.export_nir import to_nir

    graph = to_nir(net, torch.zeros(1, SIZES[0]), dt=NORSE_STEP)
    recorded: dict[int, list[torch.Tensor]] = {place: [] for place in spiking}
    states: dict[int, Any] = {}
    voltages = []
    modules = list(net.children())
    with torch.no_grad():
        for step in inputs:
            value = step[None]
            for place, module in enumerate(modules):
                if isinstance(module, torch.nn.Linear):
                    value = module(value)
                    continue
                value, states[place] = module(value, states.get(place))
                if place in recorded:
                    recorded[place].append(value[0])
                else:
                    voltages.append(value[0])
    told = _told(inputs, list(recorded.values()), meaning)
    if voltages:
        told["voltages"] = torch.stack(voltages).numpy()
    return graph, told | {"step_in_graph": NORSE_STEP**2}


def _told(
    inputs: torch.Tensor, recorded: list[list[torch.Tensor]], meaning: dict[str, Any]
) -> dict[str, Any]:
    """Steps and neurons of all spikes."""
    told: dict[str, Any] = {"inputs": np.argwhere(inputs.numpy() > 0)}
    for k, steps in enumerate(recorded):
        told[f"spikes_{k}"] = np.argwhere(torch.stack(steps).numpy() > 0)
    return told | meaning


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    for name, made in PEERS.items():
        made_graph, made_told = made()
        # h5py compresses no lone numbers, which norse writes.
        nir.write(FILES / f"{name}.nir", made_graph, compression=None)
        np.savez_compressed(FILES / f"{name}.npz", **made_told)
