"""Times and delays that double precision no longer tells apart."""

import numpy as np
import pytest
import torch

from lasersampling.config.ranges import LARGEST_TIME
from lasersampling.errors import InputError
from lasersampling.lif import LIFLayer, SpikingNetwork, Streams, first_spike_times
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.events.run import run_events
from lasersampling.lif.exchange.arrays import network_from_arrays
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents

LATE = "1e.16, expected at most 1e.06, where double precision tells times"


def network(delays=None):
    """One neuron with one input, whose synapse may have a delay."""
    made = PopulationNetwork(1, [Population(1)], [Connection(INPUTS, 0, 5.0, 0.0)], [0])
    if delays is not None:
        made.connection_delays = lambda number: delays  # type: ignore[method-assign]
    return made


def at(time):
    return SpikeEvents.from_trains([[(time, 0)]], 1)


def test_the_limit_is_where_the_engine_is_as_exact_as_it_says():
    assert np.spacing(LARGEST_TIME) < 1.2e-10
    assert 1e16 + 1.0 == 1e16


@pytest.mark.parametrize("run", [run_events, lambda n, s: run_on_grid(n, s, GridSettings(0.1, 5))])
def test_engines_refuse_late_inputs_and_long_delays(run):
    with pytest.raises(InputError, match=f"inputs: got {LATE}"):
        run(network(), at(1e16))
    long = torch.full((1, 1), 1e16, dtype=torch.float64)
    with pytest.raises(InputError, match=rf"connections\[0\].delays: got {LATE}"):
        run(network(long), at(0.0))


def test_the_closed_form_refuses_them():
    one = torch.ones(1, 1, dtype=torch.float64)
    with pytest.raises(InputError, match=f"times: got {LATE}"):
        first_spike_times(1e16 * one, 5.0 * one)
    with pytest.raises(InputError, match=f"delays: got {LATE}"):
        first_spike_times(one, 5.0 * one, delays=-1e16 * one)
    streams = Streams([0])
    with pytest.raises(InputError, match=f"times: got {LATE}"):
        SpikingNetwork([LIFLayer(1, 1, streams)], streams)(1e16 * one)


def test_chips_refuse_them():
    chip = EmulatedChip("ideal", (1, 1), [0])
    with pytest.raises(InputError, match=f"times: got {LATE}"):
        chip.run({"weights_0": np.ones((1, 1, 1))}, {"times": np.full((1, 1, 1), 1e16)})


@pytest.mark.parametrize("delay", [0.0, 1e-300, 1e-9, 0.9 * LARGEST_TIME])
def test_delays_of_files_may_be_as_short_or_as_long_as_can_be(delay):
    arrays = {"weights_0": np.ones((1, 1, 1)), "synaptic_delays_0": np.full((1, 1, 1), delay)}
    stage = network_from_arrays(arrays).layers[0].synaptic_delays
    assert stage is not None
    assert stage().item() == pytest.approx(delay, rel=1e-12, abs=1e-15)
    arrays["synaptic_delays_0"] = np.full((1, 1, 1), 1e16)
    with pytest.raises(InputError, match=f"synaptic_delays_0: got {LATE}"):
        network_from_arrays(arrays)


def test_absent_spikes_are_none():
    one = torch.ones(1, 1, dtype=torch.float64)
    assert first_spike_times(torch.inf * one, one).isinf().all()
    assert first_spike_times(LARGEST_TIME * one, 5.0 * one).isfinite().all()
