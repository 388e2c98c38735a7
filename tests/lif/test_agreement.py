"""All methods on the same networks: they agree where they compute the same, or say how nearly.

The closed form knows neurons that spike once, in stacks of layers. EventProp knows them too, and
neurons that spike again, in loops. Both give exact derivatives, which central differences in double
precision confirm where no spike appears or vanishes. Surrogates give directions.
"""

from typing import get_args

import numpy as np
import pytest
import torch

from lasersampling.lif import Neuron, Streams, losses
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.surrogates import Kind, Surrogate
from lasersampling.lif.populations.layered import LayeredNetwork
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.events.networks import ALL, END, events, recurrent, spike_train
from tests.lif.stacks import KINDS, inputs, stack

LABELS = torch.arange(9) % 3
ABSENT = 12.0  # behind all spikes


def closed_form(network, times):
    """First output spikes of a stack, (member, sample, neuron)."""
    return network(times)


def eventprop(network, times):
    """The same from event to event."""
    layered = LayeredNetwork(network)
    spikes = run_events(layered, SpikeEvents.from_times(layered.prepared(times))).spikes()
    return layered.delayed(1, spikes.first())


LOSSES = {
    "difference": lambda first: losses.time_difference(first, LABELS, 0.4, ABSENT),
    "entropy": lambda first: losses.first_spike_cross_entropy(first, LABELS, 0.3, ABSENT),
    "targets": lambda first: losses.target_times(first, LABELS, 1.5, 2.5, ABSENT),
    "late": lambda first: losses.late_spikes(first, 0.5),
}


def learned(network):
    return [(n, p) for n, p in network.named_parameters() if p.requires_grad]


def slopes_of(loss, network):
    """Derivatives by all that is learned; 0 for what has no influence."""
    parameters = [p for _, p in learned(network)]
    found = torch.autograd.grad(loss.sum(), parameters, allow_unused=True)
    pairs = zip(found, parameters, strict=True)
    return [torch.zeros_like(p) if slope is None else slope for slope, p in pairs]


@pytest.mark.parametrize("tau_mem", [1.0, 2.0, 1.5])
@pytest.mark.parametrize("kind", KINDS)
def test_first_spikes_and_losses_of_them_are_those_of_the_closed_form(kind, tau_mem):
    """By weights and delays of each kind, for all losses."""
    network, times = stack(kind, tau_mem=tau_mem), inputs()
    found, expected = eventprop(network, times), closed_form(network, times)
    spiked = torch.isfinite(expected)
    assert spiked.float().mean() > 0.5
    assert torch.equal(torch.isfinite(found), spiked)
    assert float((found - expected)[spiked].detach().abs().max()) < 1e-12
    for name, loss in LOSSES.items():
        by_adjoint, exact = (
            slopes_of(loss(method(network, times)), network) for method in (eventprop, closed_form)
        )
        for one, other in zip(by_adjoint, exact, strict=True):
            scale = float(other.abs().max())
            assert float((one - other).abs().max()) <= 1e-8 * scale, name
        assert any(float(other.abs().max()) > 0 for other in exact), name


def stack_case(method, kind):
    """A smooth loss of all first spikes, and which there are."""
    network, times = stack(kind, (0,)), inputs(n_members=1)

    def run():
        first = method(network, times)
        there = torch.isfinite(first)
        return torch.where(there, first, 0.0).sin().sum(), there.tolist()

    return network, run


def loop_case(**options):
    """A smooth loss of all spikes of a recurrent network, and of its neurons in their order."""
    network, given = recurrent(learned=ALL, **options), events(spike_train(n_runs=2))

    def run():
        activity = run_events(network, given, EventSettings(END))
        parts = [activity.spikes(k) for k in range(2)]
        times = torch.cat([part.time for part in parts])
        loss = (times * torch.sin(1.0 + torch.arange(len(times)))).sum()
        return loss, [part.neuron.tolist() for part in parts]

    return network, run


CASES = {
    **{f"closed form, {kind}": (stack_case, closed_form, kind) for kind in KINDS},
    **{f"EventProp, {kind}": (stack_case, eventprop, kind) for kind in KINDS},
}
LOOPS = [
    {"tau_mem": tau_mem, "refractory": refractory, "synaptic": synaptic}
    for tau_mem, refractory, synaptic in (
        (1.0, 0.3, True), (2.0, 0.3, True), (1.4, 0.3, False), (1.0, 1e-3, False), (1.4, 1e-3, True)
    )
]  # fmt: skip


@pytest.mark.parametrize("case", [*CASES, *range(len(LOOPS))])
def test_derivatives_are_those_of_central_differences(case):
    """By each parameter, along its steepest direction and a random one.

    In loops with several spikes these are weights, all delays, thresholds, leaks, conductances,
    time constants, resets, refractory periods and initial voltages.
    """
    if isinstance(case, str):
        make, *arguments = CASES[case]
        network, run = make(*arguments)
    else:
        network, run = loop_case(**LOOPS[case])
    loss, spiked = run()
    generator = torch.Generator().manual_seed(3)
    step = 1e-6
    for (name, parameter), slope in zip(learned(network), slopes_of(loss, network), strict=True):
        drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        for direction in (drawn, slope / max(float(slope.norm()), 1e-300)):
            values = []
            with torch.no_grad():
                for sign in (1.0, -1.0):
                    parameter.add_(sign * step * direction)
                    value, now = run()
                    parameter.sub_(sign * step * direction)
                    assert now == spiked, "a spike appeared or vanished"
                    values.append(float(value))
            expected = (values[0] - values[1]) / (2.0 * step)
            scale = max(1.0, float((slope * direction).abs().sum()))
            assert abs(float((slope * direction).sum()) - expected) < 1e-6 * scale, name
    flat = np.concatenate([np.ravel(part) for part in spiked])
    assert len(flat) >= 20


def classifier(seed, recurrent_too):
    """Hidden neurons that spike several times, and the maxima of three read-outs."""
    populations = [
        Population(20, Neuron(tau_mem=2.0), refractory=0.2),
        Population(3, Neuron(tau_mem=2.0), spiking=False),
    ]
    connections = [Connection(INPUTS, 0, 1.6, 1.0), Connection(0, 1, 0.1, 0.3)]
    if recurrent_too:
        connections.append(Connection(0, 0, 0.0, 0.15))
    return PopulationNetwork(5, populations, connections, Streams([seed]))


def entropy(activity):
    labels = torch.arange(60) % 3
    return torch.nn.functional.cross_entropy(5.0 * activity.voltages().maximum()[0], labels)


N_NETWORKS = 5


@pytest.mark.parametrize("recurrent_too", [False, True])
def test_surrogates_point_where_the_exact_gradient_does(recurrent_too):
    """The mean cosine is above chance and below 1, both by its statistical error over networks.

    Cosines of independent directions in n dimensions have the standard deviation 1 / sqrt(n).
    """
    generator = torch.Generator().manual_seed(3)
    times = 3.0 * torch.rand(1, 60, 5, generator=generator).double()
    given = SpikeEvents.from_times(times)
    found: dict[str, list[float]] = {kind: [] for kind in get_args(Kind)}
    for seed in range(N_NETWORKS):
        network = classifier(seed, recurrent_too)
        activity = run_events(network, given, EventSettings(6.0))
        assert int(activity.spikes(0).counts().max()) >= 3
        exact = slopes_of(entropy(activity), network)
        for kind, cosines in found.items():
            settings = GridSettings(0.1, 6.0, Surrogate(kind, 20.0), detach_reset=True)  # type: ignore[arg-type]
            on_grid = run_on_grid(network, given, settings)
            pairs = zip(slopes_of(entropy(on_grid), network), exact, strict=True)
            own = [
                float(torch.cosine_similarity(a.flatten(), b.flatten(), dim=0)) for a, b in pairs
            ]
            assert own[1] > 0.99, kind  # of the weights of the read-outs, which no surrogate meets
            cosines.append(own[0])  # through hidden neurons
    for kind, cosines in found.items():
        mean, error = np.mean(cosines), np.std(cosines, ddof=1) / np.sqrt(N_NETWORKS)
        chance = 1.0 / np.sqrt(exact[0].numel() * N_NETWORKS)
        assert 3.0 * chance < mean - 2.0 * error, kind
        assert mean + 2.0 * error < 1.0, kind
