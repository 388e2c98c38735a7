"""Arguments of another kind are one clear error each, before any memory is taken."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch

import lasersampling as ls
from lasersampling.datasets.spikes import SpikeData, SpikeSet, divided
from lasersampling.datasets.yin_yang import yin_yang
from lasersampling.hardware import Description, Grid, load_chip
from lasersampling.hardware.chip import draw_chip
from lasersampling.learning.spikes.parts import NetworkSettings
from lasersampling.lif import (
    AxonalDelays,
    BiasSpikes,
    LIFLayer,
    RepeatInputs,
    Streams,
    SynapticDelays,
    decisions,
    network_from_arrays,
)
from lasersampling.lif.chips.in_the_loop import InTheLoop

CHIP = load_chip("brainscales2")
SUBSTRATE = ls.EmulatedChip("brainscales2", (20, 3), [1])
STREAMS = Streams([0])
NETWORK = ls.SpikingNetwork([LIFLayer(3, 2, STREAMS)], STREAMS)
MACHINE = ls.BoltzmannMachine([[0, 1], [1, 0]], [0, 0])
TIMES, WEIGHTS = torch.zeros(1, 1), torch.full((1, 1), 4.0)
HUGE = 10**12


@dataclass(frozen=True)
class Nothing:
    """Settings of an experiment without options."""

    def smallest(self):
        return self


PART = SpikeSet(np.array([[0.1, 1.0], [1.0, 0.1]]), np.array([0, 1]))

# What is called with arguments that are right, and the argument that is replaced by what is not.
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "EmulatedChip": (ls.EmulatedChip, {"model": CHIP, "sizes": (2, 1), "seeds": [1]}),
    "EmulatedChip.run": (SUBSTRATE.run, {"parameters": {"weights_0": np.zeros((1, 3, 20))},
                                         "inputs": {"times": np.zeros((1, 1, 20))}}),
    "calibrate_chip": (ls.calibrate_chip, {"substrate": SUBSTRATE, "model": CHIP, "seed": 1}),
    "InTheLoop": (InTheLoop, {"network": NETWORK, "substrate": SUBSTRATE}),
    "first_spike_times": (ls.first_spike_times, {"times": TIMES, "weights": WEIGHTS}),
    "Neuron": (ls.Neuron, {}),
    "Streams": (Streams, {"seeds": [0]}),
    "LIFLayer": (LIFLayer, {"n_pre": 1, "n_post": 1, "streams": STREAMS}),
    "AxonalDelays": (AxonalDelays, {"n_neurons": 1, "streams": STREAMS}),
    "SynapticDelays": (SynapticDelays, {"n_post": 1, "n_pre": 1, "streams": STREAMS}),
    "BiasSpikes": (BiasSpikes, {}),
    "RepeatInputs": (RepeatInputs, {}),
    "SpikingNetwork": (ls.SpikingNetwork, {"stages": [LIFLayer(3, 2, STREAMS)],
                                           "streams": STREAMS}),
    "run": (NETWORK.run, {}),
    "decisions": (decisions, {}),
    "network_from_arrays": (network_from_arrays, {"arrays": {"weights_0": [[1.0]]}}),
    "save_network": (ls.save_network, {"path": "n.h5", "network": NETWORK}),
    "load_network": (ls.load_network, {
        "path": ls.shipped_path("networks", "yin_yang_small")}),
    "to_nir": (ls.to_nir, {"network": NETWORK, "tau_syn_s": 1e-6}),
    "from_nir": (ls.from_nir, {"graph": ls.to_nir(NETWORK, tau_syn_s=1e-6)}),
    "write_nir": (ls.write_nir, {"path": "g.nir", "graph": ls.to_nir(NETWORK, tau_syn_s=1e-6)}),
    "save_machine": (ls.save_machine, {"path": "m.h5", "machine": MACHINE}),
    "save_settings": (ls.save_settings, {"path": "s.toml", "value": CHIP}),
    "shipped_path": (ls.shipped_path, {"kind": "devices", "name": "D6"}),
    "shipped_names": (ls.shipped_names, {}),
    "load_pictures": (ls.load_pictures, {"source": "digits"}),
    "draw_chip": (draw_chip, {"imperfections": ls.Imperfections(), "n_units": 2, "seed": 1}),
    "Chip.applied": (draw_chip(ls.Imperfections(), 2, 1).applied, {"nominal": 1.0}),
    "Description": (Description, {"name": "chip", "sizes": (2, 1)}),
    "Grid.rounded": (Grid(step=0.1).rounded, {}),
    "SpikeData": (SpikeData, {"train": PART, "validation": PART, "test": PART}),
    "divided": (divided, {"times": [[0.1, 1.0], [1.0, 0.1]] * 10, "labels": [0, 1] * 10}),
    "yin_yang": (yin_yang, {"seed": 1}),
    "experiment": (ls.experiment, {"work": print, "settings": Nothing}),
    "train_spikes": (ls.train_spikes, {"data": [[0.1, 1.0], [1.0, 0.1]] * 30, "labels": [0, 1] * 30,
                                       "settings": ls.SpikeTraining()}),
}  # fmt: skip

OBJECTS: list[Any] = [3, "no", object(), [3], int]
NOT_FLAGS: list[Any] = ["no", 1, None, np.zeros(2)]
BAD: dict[tuple[str, str], list[Any]] = {
    ("EmulatedChip", "model"): [3, None, "no_such_chip", {}, int],
    ("EmulatedChip", "sizes"): [3, None, "ab", [2], [2, 1.5], [2, None], [HUGE, HUGE]],
    ("EmulatedChip", "seeds"): [3, None, "1", [], [-1], [True]],
    ("EmulatedChip", "redrawn"): NOT_FLAGS,
    ("EmulatedChip.run", "parameters"): [3, None, [], {3: 1}, {"weights_0": "a"}, {}],
    ("EmulatedChip.run", "inputs"): [3, None, [], {"times": None}, {"times": "a"}, {}],
    ("calibrate_chip", "substrate"): [None, 3, "chip", ls.EmulatedChip],
    ("calibrate_chip", "model"): [None, 3, "no_such_chip", {}],
    ("calibrate_chip", "seed"): [None, -1, "a", True],
    ("calibrate_chip", "n_batches"): [HUGE, 9, None, True],
    ("calibrate_chip", "n_samples"): [HUGE, 3, None],
    ("InTheLoop", "network"): OBJECTS,
    ("InTheLoop", "substrate"): [None, *OBJECTS],
    ("InTheLoop", "grid"): OBJECTS,
    ("InTheLoop", "settings"): OBJECTS,
    ("first_spike_times", "neuron"): OBJECTS,
    ("first_spike_times", "smallest_slope"): [None, "a", 0.0, float("nan"), True, np.zeros(2)],
    ("first_spike_times", "method"): [None, "fast", np.zeros(2)],
    ("first_spike_times", "path"): [None, "fast", np.zeros(2)],
    ("Neuron", "threshold"): ["a", None, [1.0, "a"], [[1.0], [1.0, 2.0]], 10**400, [], True],
    ("Streams", "seeds"): [3, None, "12", [None], [1.5], []],
    ("LIFLayer", "streams"): [None, *OBJECTS],
    ("LIFLayer", "neuron"): OBJECTS,
    ("LIFLayer", "synaptic_delays"): OBJECTS,
    ("LIFLayer", "n_post"): [HUGE, None, 1.5],
    ("AxonalDelays", "streams"): [None, *OBJECTS],
    ("AxonalDelays", "span"): OBJECTS,
    ("AxonalDelays", "shared"): [3, "a", [1.5], [0, 0]],
    ("SynapticDelays", "n_pre"): [HUGE, None],
    ("BiasSpikes", "times"): [None, 3, "12", [None], [-1.0]],
    ("RepeatInputs", "copies"): [None, "a", 0],
    ("SpikingNetwork", "stages"): [None, 3, [3], "ab", []],
    ("SpikingNetwork", "streams"): OBJECTS,
    ("run", "times"): [None, 3, [[1.0, 2.0, 3.0]], "a"],
    ("decisions", "spikes"): [None, 3, [[1.0]], torch.tensor(1.0), torch.zeros(2, 0)],
    ("network_from_arrays", "arrays"): [None, 3, []],
    ("network_from_arrays", "delay_range"): OBJECTS,
    ("save_network", "path"): ["n.txt", "n", None],
    ("save_network", "network"): [None, *OBJECTS],
    ("save_network", "accuracy"): ["a", [2.0], {}, [None]],
    ("save_network", "command"): [None, 3],
    ("save_network", "trained_on"): [None, ["a"]],
    ("save_network", "single"): NOT_FLAGS,
    ("save_network", "overwrite"): NOT_FLAGS,
    ("load_network", "delay_range"): OBJECTS,
    ("to_nir", "network"): [None, *OBJECTS],
    ("to_nir", "tau_syn_s"): [None, 0, "a", True],
    ("from_nir", "graph"): [None, *OBJECTS],
    ("from_nir", "weights"): [3, "no", np.zeros(2)],
    ("write_nir", "graph"): [None, nir.Linear(np.zeros((1, 1))), *OBJECTS],
    ("write_nir", "path"): ["g.txt", "g", None],
    ("write_nir", "overwrite"): NOT_FLAGS,
    ("save_machine", "compact"): NOT_FLAGS,
    ("save_machine", "provenance"): [*OBJECTS, {"a": None}, {"a": {}}, {3: "a"}, {"a": ["b", None]},
                                     {"": "a"}],
    ("save_machine", "names"): OBJECTS,
    ("save_machine", "learned"): OBJECTS,
    ("save_settings", "value"): [None, *OBJECTS],
    ("save_settings", "path"): ["s.h5", "s", None],
    ("shipped_path", "kind"): [None, 3, "lasers", np.zeros(2)],
    ("shipped_path", "name"): [None, 3, "D99", []],
    ("shipped_names", "kind"): [None, 3, "lasers", np.zeros(2)],
    ("load_pictures", "source"): [None, 3, np.zeros(2)],
    ("load_pictures", "invert"): NOT_FLAGS,
    ("load_pictures", "binarise"): [None, "no", np.zeros(2)],
    ("draw_chip", "imperfections"): [None, *OBJECTS],
    ("draw_chip", "n_units"): [HUGE, 0, None],
    ("Chip.applied", "name"): [None, 3, "speed", []],
    ("Description", "kind"): [None, 3, "chip", np.zeros(2)],
    ("Grid.rounded", "values"): [None, "a", [None], [float("nan")], {}],
    ("SpikeData", "train"): [None, *OBJECTS],
    ("SpikeData", "test"): [None, *OBJECTS],
    ("divided", "seed"): [None, -1, HUGE],
    ("yin_yang", "n_samples"): [None, 0, HUGE],
    ("experiment", "work"): [None, 3],
    ("experiment", "settings"): [None, 3, "Settings", int],
    ("experiment", "figures"): [None, "raster"],
    ("train_spikes", "substrate"): OBJECTS,
    ("train_spikes", "settings"): [None, ls.SpikeTraining(network=NetworkSettings((10**9,)))],
}  # fmt: skip


@pytest.mark.parametrize(
    ("call", "argument", "value"),
    [(call, argument, value) for (call, argument), values in BAD.items() for value in values],
)
def test_another_kind_is_one_clear_error(call, argument, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, right = CALLS[call]
    with pytest.raises(ls.InputError) as raised:
        function(**right | {argument: value})
    assert all(problem.expected for problem in raised.value.problems)
    assert list(tmp_path.iterdir()) == []


def test_chips_are_taken_by_name_and_path(tmp_path):
    ls.save_settings(tmp_path / "own.toml", CHIP)
    for model in ("brainscales2", str(tmp_path / "own.toml"), Path(tmp_path / "own.toml")):
        assert ls.EmulatedChip(model, (2, 1), [3]).model == CHIP
        with pytest.raises(ls.InputError, match="n_batches"):
            ls.calibrate_chip(SUBSTRATE, model, seed=1, n_batches=HUGE)
