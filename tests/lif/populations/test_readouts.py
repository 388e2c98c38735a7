"""Voltages of leaky integrators in closed form, against sums on a fine grid."""

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import DelayRange, Neuron, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from tests.lif.conftest import kernel
from tests.lif.events.networks import central_differences, events, spike_train

END = 5.0
LEARNED = ("tau_mem", "tau_syn", "leak", "conductance", "initial")


def network(tau_mem=1.4, seeds=(0,), *, together=False):
    """Recurrent neurons, and three integrators that read them and the inputs.

    Together means that all integrators are reached at the same times, and learn no time constants.
    """
    integrator = Neuron(tau_mem=tau_mem, conductance=0.7, leak=0.1)
    span = None if together else DelayRange()
    learned = ("leak", "conductance", "initial") if together else LEARNED
    return PopulationNetwork(
        3,
        [
            Population(8, refractory=0.2),
            Population(
                3, integrator, spiking=False, initial=0.3, learned=learned, dendritic=span
            ),
        ],
        [
            Connection(INPUTS, 0, 1.5, 1.0), Connection(0, 0, 0.0, 0.3),
            Connection(0, 1, 0.1, 0.6, delays=span), Connection(INPUTS, 1, 0.1, 0.5),
        ],
        Streams(list(seeds)),
        axonal=DelayRange() if together else None,
    )  # fmt: skip


def read(net, runs=2, members=1):
    return run_events(net, events(spike_train(runs), members), EventSettings(END)).voltages()


@pytest.mark.parametrize("tau_mem", [1.0, 1.00001, 1.4, 0.5])
def test_against_a_sum_of_responses_on_a_fine_grid(tau_mem):
    net = network(tau_mem, seeds=(0, 1))
    with torch.no_grad():
        readout = read(net, members=2)
        largest, whole, weighted = readout.maximum(), readout.integral(), readout.integral(1.5)
    grid = np.linspace(0.0, END, 40001)
    for place in range(4):
        own = readout.run == place
        times, weights = readout.times[own], readout.weights[place // 2, readout.row[own]]
        for n in range(3):
            voltage = 0.2 * np.exp(-grid / tau_mem)
            for t, w in zip(times[:, n].tolist(), weights[:, n].tolist(), strict=True):
                voltage += w / 0.7 * kernel(grid - t, tau_mem, 1.0)
            index = (place // 2, place % 2, n)
            step = grid[1]
            steepest = np.abs(np.diff(voltage)).max()
            assert voltage.max() <= float(largest[index]) + 1e-12
            assert float(largest[index]) <= voltage.max() + steepest
            assert float(whole[index]) == pytest.approx(
                np.trapezoid(voltage, grid), abs=step**2 * 9
            )
            expected = np.trapezoid(voltage * np.exp(-grid / 1.5), grid)
            assert float(weighted[index]) == pytest.approx(expected, abs=step**2 * 9)


@pytest.mark.parametrize("value", ["maximum", "integral", "weighted"])
@pytest.mark.parametrize("tau_mem", [1.0, 1.4])
@pytest.mark.parametrize("together", [False, True])
def test_derivatives_are_those_of_central_differences(tau_mem, value, together):
    net = network(tau_mem, together=together)

    def loss():
        readout = read(net)
        result = {
            "maximum": readout.maximum, "integral": readout.integral,
            "weighted": lambda: readout.integral(1.5),
        }[value]()  # fmt: skip
        return (result * torch.cos(torch.arange(6.0).reshape(1, 2, 3))).sum()

    names, parameters = zip(*net.named_parameters(), strict=True)
    found = torch.autograd.grad(loss(), parameters)
    generator = np.random.default_rng(0)
    for name, parameter, slopes in zip(names, parameters, found, strict=True):
        places = list(np.ndindex(*parameter.shape))
        chosen = [places[k] for k in generator.permutation(len(places))[:3]]
        expected = central_differences(loss, parameter, chosen)
        scale = max(1.0, float(slopes.abs().max()))
        error = np.abs(np.array([float(slopes[p]) for p in chosen]) - expected).max() / scale
        assert error < 1e-6, name


def test_maxima_at_peaks_at_arrivals_and_at_the_end_and_their_derivatives():
    """Inhibition cuts a voltage that rises: its maximum moves with the time of that arrival."""
    population = Population(3, Neuron(tau_mem=1.3), spiking=False)
    silent = Population(1)
    net = PopulationNetwork(
        3, [silent, population], [Connection(INPUTS, 0, 0.0, 0.0), Connection(INPUTS, 1)], [0]
    )
    with torch.no_grad():
        net.weights[1][0] = torch.tensor([[1.0, 1.0, 1.0], [0.0, -9.0, 0.0], [0.0, 0.0, 5.0]])
    inputs = events([[(0.1, 0), (0.6, 1), (4.9, 2)]])
    inputs.time.requires_grad_()
    largest = run_events(net, inputs, EventSettings(END)).voltages().maximum().flatten()
    slopes = [torch.autograd.grad(x, inputs.time, retain_graph=True)[0] for x in largest]
    peak = np.log(1.3) / (1 - 1 / 1.3)  # where the response is largest

    def rising(s):  # slope of the response
        return (np.exp(-s) - kernel(np.array(s), 1.3, 1.0)) / 1.3

    assert largest[0].item() == pytest.approx(float(kernel(np.array(peak), 1.3, 1.0)))
    assert largest[1].item() == pytest.approx(float(kernel(np.array(0.5), 1.3, 1.0)))
    assert slopes[0].tolist() == pytest.approx([0, 0, 0], abs=1e-15)
    assert slopes[1].tolist() == pytest.approx([-rising(0.5), rising(0.5), 0])
    assert slopes[2].tolist() == pytest.approx([-rising(END - 0.1), 0, -5 * rising(END - 4.9)])


def test_without_any_spike_the_voltage_decays_from_where_it_began():
    net = network()
    inputs = events([[], []])
    readout = run_events(net, inputs, EventSettings(END)).voltages()
    assert np.allclose(readout.maximum().detach(), 0.2)
    assert np.allclose(readout.integral().detach(), 0.2 * 1.4 * (1 - np.exp(-END / 1.4)))


def test_the_end_and_the_weight_are_checked():
    with pytest.raises(InputError, match="end"):
        run_events(network(), events(spike_train()))
    readout = read(network())
    for time in (-0.1, END + 0.1, np.nan):
        with pytest.raises(InputError, match="times"):
            readout.voltages(torch.tensor([time]))
    for wrong in (0.0, -1.0, np.inf, np.nan, "a"):
        with pytest.raises(InputError, match="decay"):
            readout.integral(wrong)


@pytest.mark.parametrize("together", [False, True])
def test_largest_voltages_of_some_neurons_are_those_of_all(together):
    net = network(1.4, (0, 1), together=together)
    asked = torch.zeros(2, 2, 3, dtype=torch.bool)
    asked[0, 1, 2] = asked[1, 0, 0] = True
    slopes = []
    for of in (None, asked):
        found = read(net, members=2).maximum(of)[asked]
        by_weights = torch.autograd.grad(found.sum(), net.weights, allow_unused=True)
        slopes.append([found.detach(), *by_weights])
    assert all(torch.equal(a, b) for a, b in zip(*slopes, strict=True) if a is not None)
    assert float(slopes[0][0].min()) > 0.05


@pytest.mark.parametrize(
    "of", [torch.ones(2, 1, 3, dtype=torch.bool), torch.ones(2, 2, 3), np.ones((2, 2, 3), bool)]
)
def test_neurons_that_are_asked_of_are_checked(of):
    readout = read(network(1.4, (0, 1)), members=2)
    with pytest.raises(InputError, match="of: got"):
        readout.maximum(of)
