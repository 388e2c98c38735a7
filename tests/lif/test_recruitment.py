import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import LIFLayer, Neuron, SpikingNetwork, SynapticDelays
from lasersampling.lif.recruitment import (
    LiftedPeaks,
    RaisedWeights,
    layer_groups,
    silent_share,
)
from lasersampling.lif.spike_times.first_spike import first_spike_times
from lasersampling.lif.streams import Streams

NEURON = Neuron(tau_mem=2.0, conductance=0.5)


def network(*weights):
    """Ensemble with given weights of all synapses of layer one and two, for each member."""
    streams = Streams(range(len(weights)))
    stages = [LIFLayer(4, 6, streams, NEURON), LIFLayer(6, 3, streams, NEURON)]
    made = SpikingNetwork(stages, streams)
    with torch.no_grad():
        for e, (first, second) in enumerate(weights):
            made.layers[0].weights[e] = first
            made.layers[1].weights[e] = second
    return made


TIMES = torch.rand(20, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_weights_are_raised_in_the_first_failing_layer_by_doubling_amounts():
    made = network((1.0, 1.0), (0.01, 1.0), (1.0, 0.01))
    raised = RaisedWeights(amount=0.1)
    members = raised.act(layer_groups(made, made.run(TIMES)))
    assert members.tolist() == [False, True, True]
    assert torch.allclose(made.layers[0].weights[:, 0, 0], torch.tensor([1.0, 0.11, 1.0]).double())
    assert torch.allclose(made.layers[1].weights[:, 0, 0], torch.tensor([1.0, 1.0, 0.11]).double())
    state = raised.state()
    raised.act(layer_groups(made, made.run(TIMES)))
    assert made.layers[0].weights[1, 0, 0].item() == pytest.approx(0.31)
    again = RaisedWeights(amount=0.1)
    again.set_state(state)
    again.act(layer_groups(made, made.run(TIMES)))
    assert made.layers[0].weights[1, 0, 0].item() == pytest.approx(0.51)


def test_only_neurons_that_are_silent_are_raised():
    made = network((1.0, 1.0))
    with torch.no_grad():
        made.layers[1].weights[0, 2] = -1.0
    RaisedWeights(amount=0.1).act(layer_groups(made, made.run(TIMES)))
    assert made.layers[1].weights[0, :, 0].tolist() == [1.0, 1.0, -0.9]


@pytest.mark.parametrize("recruitment", [RaisedWeights(), LiftedPeaks()])
def test_a_silent_network_comes_to_spike(recruitment):
    made = network((0.02, 0.02), (-0.3, -0.3))
    descent = torch.optim.Adam(made.parameters(), lr=0.01)
    for _ in range(300):
        descent.zero_grad()
        activity = made.run(TIMES)
        held = recruitment.act(layer_groups(made, activity))
        if not held.all():
            descent.step()
    activity = made.run(TIMES)
    assert (silent_share(activity.spikes[0]) <= 0.3).all()
    assert (silent_share(activity.spikes[1]) == 0).all()


def test_the_lift_is_the_derivative_of_the_highest_threshold_that_is_reached():
    """The peak is found by bisecting the threshold at which the neuron still spikes."""
    streams = Streams([3])
    late = SynapticDelays(2, 4, streams)
    layer = LIFLayer(4, 2, streams, NEURON, synaptic_delays=late, weight_mean=0.05, weight_std=0.1)
    made = SpikingNetwork([layer], streams)
    times = TIMES[:1]

    def lack(weights):
        total = 0.0
        for o in range(2):
            low, high = 1e-6, 1.0
            for _ in range(60):
                level = (low + high) / 2
                neuron = Neuron(threshold=level, tau_mem=2.0, conductance=0.5)
                spike = first_spike_times(
                    times, weights[o : o + 1], neuron, delays=late.delays()[0, o : o + 1]
                )
                low, high = (low, level) if spike.isinf().item() else (level, high)
            total += 1.0 - low
        return total

    LiftedPeaks().act(layer_groups(made, made.run(times)))
    assert layer.weights.grad is not None
    weights = layer.weights[0].detach()
    for index in [(0, 0), (0, 2), (1, 1), (1, 3)]:
        values = []
        for step in (-1e-6, 1e-6):
            moved = weights.clone()
            moved[index] += step
            values.append(lack(moved))
        numeric = (values[1] - values[0]) / 2e-6
        assert layer.weights.grad[0][index].item() == pytest.approx(numeric, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    "build",
    [
        lambda: RaisedWeights(amount=0.0),
        lambda: RaisedWeights(hidden_limit=-1.0),
        lambda: LiftedPeaks(strength=0.0),
        lambda: LiftedPeaks(output_limit=float("nan")),
    ],
)
def test_bad_input_is_refused(build):
    with pytest.raises(InputError):
        build()
