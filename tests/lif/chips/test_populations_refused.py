"""What emulated chips of neurons that spike again refuse."""

import numpy as np
import pytest

from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.hardware import (
    ChipModel,
    Grid,
    Spikes,
    VoltageSampling,
)
from lasersampling.lif.chips import population_run
from lasersampling.lif.chips.populations import PopulationChip
from lasersampling.lif.populations.layered import SpikingAgain
from tests.lif.chips.populations_of_chips import AGAIN, LOOP, NEURON, SIZES, arrays, model

BAD: dict[str, tuple[dict, str]] = {
    "faster than the chip": ({"voltage_interval": np.array(0.01)}, "at least 0.05, as fast"),
    "no interval": ({"voltage_interval": np.array([0.1])}, "voltage_interval: got float64 of"),
    "both": (dict.fromkeys(("events_offsets",), np.zeros(41, int)), "both forms of input spikes"),
    "something else": ({"volume": np.ones(1)}, "volume: got an input that the chip does not have"),
    "another shape": ({"times": np.zeros((2, 3, 5))}, "times: got float64 of shape"),
    "negative": ({"times": np.full((2, 3, 6), -1.0)}, "times"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_inputs_are_refused(name):
    parameters, inputs = arrays(connections=LOOP)
    changed, says = BAD[name]
    with pytest.raises(InputError, match=says):
        PopulationChip(model(), SIZES, (1, 2), LOOP).run(parameters, inputs | changed)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"refractory_0": np.full((2, 8), -1.0)}, "refractory_0: got nan or numbers below 0"),
        ({"refractory_7": np.zeros((2, 8))}, "refractory_7: got a parameter that the chip does"),
        ({"reset_1": np.full((2, 3), 1.0)}, "reset_1: got one that is not below the threshold"),
        ({"initial_0": np.zeros((2, 8))}, "initial_0: got a parameter that the chip does"),
        ({"weights_1": np.full((2, 8, 8), np.nan)}, "weights_1: got nan"),
    ],
)
def test_bad_parameters_are_refused(changed, says):
    parameters, inputs = arrays(connections=LOOP)
    with pytest.raises(InputError, match=says):
        PopulationChip(model(), SIZES, (1, 2), LOOP).run(parameters | changed, inputs)


def test_chips_that_cannot_be_are_refused():
    for connections in ([], [(0, 0)], [(-1, 0)], [(-1, 0), (-1, 0), (0, 1)], [(-1, 5)], ["ab"], 3):
        with pytest.raises(InputError, match="connections"):
            PopulationChip(model(), SIZES, (1,), connections)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"after.reset: got 1, expected a voltage below"):
        PopulationChip(model(), SIZES, (1,), after=SpikingAgain(reset=1.0))
    with pytest.raises(InputError, match="8 bits without a range"):
        VoltageSampling(grid=Grid(bits=8))
    parameters, inputs = arrays()
    silent = PopulationChip(ChipModel(neuron=NEURON), SIZES, (1, 2))
    assert "voltages" not in silent.description.facts
    with pytest.raises(InputError, match="this chip does not tell them"):
        silent.run(parameters, inputs | {"voltage_interval": np.array(1.0)})


def test_loops_that_do_not_settle_are_told(monkeypatch):
    monkeypatch.setattr(population_run, "_MOST_SWEEPS", 2)
    parameters, inputs = arrays(connections=LOOP)
    chip = PopulationChip(model(Spikes(lost=0.1)), SIZES, (1, 2), LOOP, after=AGAIN)
    with pytest.raises(LaserSamplingError, match="have not settled after 2 sweeps"):
        chip.run(parameters, inputs)
