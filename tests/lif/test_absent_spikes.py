"""An absent spike is inf; -1 and nan, as other tools write, are refused wherever spikes come in."""

from typing import Any

import nir
import numpy as np
import pytest
import torch

from lasersampling.datasets import SpikeSet, load_spikes
from lasersampling.errors import InputError
from lasersampling.hardware import ChipModel
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.lif import BiasSpikes, network_from_arrays
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.in_the_loop import InTheLoop
from lasersampling.lif.exchange.nir_events import events_of, spikes_of_events

NETWORK = network_from_arrays({"weights_0": [[2.0, 2.0], [1.0, 3.0]]})
CHIP = EmulatedChip(ChipModel(), (2, 2), [0])
LABELS = np.array([0, 1])


def archive(times):
    good = np.array([[0.5, 1.0], [1.0, 0.5]])
    parts = {"train": times, "validation": good, "test": good}
    arrays: dict[str, Any] = {f"{part}_times": values for part, values in parts.items()}
    np.savez("mine.npz", **(arrays | {f"{part}_labels": LABELS for part in parts}))
    return "mine.npz"


WAYS = {
    "network": lambda t: NETWORK.run(torch.from_numpy(t)),
    "chip": lambda t: CHIP.run({"weights_0": np.ones((1, 2, 2))}, {"times": t[None]}),
    "in the loop": lambda t: InTheLoop(NETWORK, CHIP).run(torch.from_numpy(t)),
    "data": lambda t: SpikeSet(t, LABELS),
    "data as tensors": lambda t: SpikeSet(torch.from_numpy(t), LABELS),
    "archive": lambda t: load_spikes(archive(t)),
    "recipe": lambda t: train_spikes(archive(t)),
    "events out": lambda t: events_of(torch.from_numpy(t), tau_syn_s=1e-3, t_max=5.0),
}


@pytest.mark.parametrize("bad", [-1.0, -1e-9, np.nan, -np.inf])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_time_is_refused_with_the_remedy(way, bad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"times(\[\d\])+: got .*, or inf for an absent spike"):
        WAYS[way](np.array([[0.5, bad], [1.0, 0.5]]))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "recipe"])  # which would train
def test_absent_spikes_are_fine(way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    WAYS[way](np.array([[0.5, np.inf], [0.0, 0.5]]))


def test_integers_are_looked_at_too():
    with pytest.raises(InputError, match="or inf for an absent"):
        SpikeSet(np.array([[1, -1], [2, 3]]), LABELS)


def test_events_and_biases():
    events = nir.EventData(np.array([[0, 1]]), np.array([[0.001, -1.0]]), 2, 5e-3)
    with pytest.raises(InputError, match="got -1, expected finite times from 0"):
        spikes_of_events(events, tau_syn_s=1e-3)
    with pytest.raises(InputError, match="bias_times: got a time of -1"):
        network_from_arrays({"weights_0": [[2.0, 2.0]], "bias_times": [-1.0]})
    with pytest.raises(InputError, match=r"times\[0\]: got -1"):
        BiasSpikes([-1.0])
