"""Graphs that snnTorch and norse write, and the spikes that they give themselves."""

from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.exchange.networks import arrays_of
from lasersampling.lif.exchange.nir import from_nir, time_unit_s
from lasersampling.lif.exchange.nir_file import read_nir
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.exchange.peer_networks import FILES, N_STEPS, PEERS, SIZES


def told(name: str) -> dict[str, Any]:
    with np.load(FILES / f"{name}.npz") as held:
        return dict(held)


def meaning(spikes: dict[str, Any]) -> dict[str, Any]:
    """How the graph is to be read."""
    stated: dict[str, Any] = {"step_s": float(spikes["step_s"])}
    return stated | ({"weights": str(spikes["weights"])} if "weights" in spikes else {})


@pytest.mark.parametrize("name", PEERS)
def test_graphs_of_peers_give_their_spikes(name):
    graph, spikes = read_nir(FILES / f"{name}.nir"), told(name)
    options = meaning(spikes)
    network = from_nir(graph, **options)
    assert isinstance(network, PopulationNetwork)
    step = float(spikes["step_in_graph"]) / time_unit_s(graph, step_s=options["step_s"])
    trains = [[(float(at) * step, int(neuron)) for at, neuron in spikes["inputs"]]]
    inputs = SpikeEvents.from_trains(trains, SIZES[0])
    activity = run_events(network, inputs, EventSettings(end=N_STEPS * step))
    n_compared = 0
    for k, population in enumerate(network.populations):
        if not population.spiking:
            continue
        ours, theirs = activity.spikes(k), spikes[f"spikes_{k}"]
        counts = np.bincount(theirs[:, 1], minlength=population.n_neurons)
        assert ours.counts()[0, 0].tolist() == counts.tolist()
        for neuron in range(population.n_neurons):
            at = ours.time[ours.neuron == neuron].detach().numpy() / step
            late = at - theirs[theirs[:, 1] == neuron, 0]
            # They notice a crossing at the end of a step and reset in the next, which costs two
            # steps a spike, and twice that for what follows from the spikes of another population;
            # where a voltage reaches the threshold with little slope, at the end, it is more.
            assert np.abs(late[0]) < 6
            assert np.abs(late[:-1]).max(initial=0.0) < 6
            assert np.abs(late).max() < 30
            n_compared += len(late)
    assert n_compared > 20
    if "voltages" in spikes:
        # Voltages are measured from the leak, which the bias shifted.
        leak = arrays_of(network)[f"leak_{k}"][0]
        integral = activity.voltages().integral()[0, 0].detach().numpy() / step + N_STEPS * leak
        maximum = activity.voltages().maximum()[0, 0].detach().numpy() + leak
        assert integral == pytest.approx(spikes["voltages"].sum(0), rel=0.01)
        assert maximum == pytest.approx(spikes["voltages"].max(0), abs=0.01)


@pytest.mark.parametrize(
    ("name", "step"),
    [("snntorch_layers", "0.0001"), ("snntorch_recurrent", "0.0001"), ("norse_layers", "0.0002")],
)
def test_their_scale_is_asked_for(name, step):
    """Taken literally, all weights would be 5,000 or 10,000 times as large."""
    with pytest.raises(InputError, match=rf"--step-s.*: {step} makes a weight the jump itself"):
        from_nir(read_nir(FILES / f"{name}.nir"))


@pytest.mark.filterwarnings("ignore")  # they warn of what they call themselves
@pytest.mark.parametrize("name", PEERS)
def test_the_files_are_what_the_packages_write(name):
    """The graph in memory, with tensors of theirs, is the network of the file."""
    pytest.importorskip(name.partition("_")[0])
    graph, spikes = PEERS[name]()
    stored = told(name)
    assert {key for key in spikes if key.startswith("spikes")} <= set(stored)
    for key, array in spikes.items():
        assert np.array_equal(stored[key], array) or key == "voltages", key
    made = arrays_of(from_nir(graph, **meaning(spikes)))
    held = arrays_of(from_nir(read_nir(FILES / f"{name}.nir"), **meaning(stored)))
    assert set(made) == set(held)
    for key, array in made.items():
        assert torch.allclose(torch.as_tensor(array), torch.as_tensor(held[key])), key
