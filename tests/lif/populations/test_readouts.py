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


def network(tau_mem=1.4, seeds=(0,)):
    """Recurrent neurons, and three integrators that read them and the inputs."""
    integrator = Neuron(tau_mem=tau_mem, conductance=0.7, leak=0.1)
    return PopulationNetwork(
        3,
        [
            Population(8, refractory=0.2),
            Population(
                3, integrator, spiking=False, initial=0.3, learned=LEARNED, dendritic=DelayRange()
            ),
        ],
        [
            Connection(INPUTS, 0, 1.5, 1.0), Connection(0, 0, 0.0, 0.3),
            Connection(0, 1, 0.1, 0.6, delays=DelayRange()), Connection(INPUTS, 1, 0.1, 0.5),
        ],
        Streams(list(seeds)),
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
        times, weights = readout.times[own].numpy(), readout.weights[own].numpy()
        for n in range(3):
            voltage = 0.2 * np.exp(-grid / tau_mem)
            for t, w in zip(times[:, n], weights[:, n], strict=True):
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
def test_derivatives_are_those_of_central_differences(tau_mem, value):
    net = network(tau_mem)

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
