"""Stacks of layers as networks of populations; that they spike the same: `test_agreement`."""

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import LIFLayer, RepeatInputs, SpikingNetwork, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.layered import LayeredNetwork, SpikingAgain
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.stacks import inputs, stack


def test_they_spike_again_if_they_may():
    network, times = stack(), inputs()
    layered = LayeredNetwork(network, SpikingAgain(reset=-0.1, refractory=0.2))
    spikes = run_events(
        layered, SpikeEvents.from_times(layered.prepared(times)), EventSettings(9.0)
    ).spikes(0)
    once = network.run(times).spikes[0]
    assert torch.allclose(
        torch.nan_to_num(spikes.first(), posinf=0), torch.nan_to_num(once, posinf=0)
    )
    assert int(spikes.counts().max()) > 1


def test_anything_but_delays_between_layers_is_refused():
    streams = Streams([0])
    network = SpikingNetwork(
        [LIFLayer(2, 3, streams), RepeatInputs(2), LIFLayer(6, 2, streams)], streams
    )
    with pytest.raises(InputError, match=r"stages\[1\]"):
        LayeredNetwork(network)


@pytest.mark.parametrize("wrong", [{"reset": 1.0}, {"refractory": -1.0}, {"refractory": np.nan}])
def test_what_neurons_cannot_do_after_a_spike_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        LayeredNetwork(stack(), SpikingAgain(**wrong))
