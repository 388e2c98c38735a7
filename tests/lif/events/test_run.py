"""Spikes of networks from event to event, against independent ways and at the edges."""

import itertools
import math

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import DelayRange, Neuron, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings, RunawayActivityError
from lasersampling.lif.grid.engine import run_on_grid
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.events import forty_digits
from tests.lif.events.networks import END, all_spikes, events, recurrent, spike_train


@pytest.mark.parametrize(
    ("tau_mem", "refractory"),
    [
        *((1.0, 0.0), (1.0, 0.3), (2.0, 0.0), (2.0, 0.3), (1.4, 0.0), (0.7, 0.3)),
        *(pytest.param(*own, marks=pytest.mark.slow) for own in ((1.4, 0.3), (0.7, 0.0))),
    ],
)
def test_against_forty_digits(tau_mem, refractory):
    """Several spikes, reset, recurrence and all delays; Lambert's W, quadratic, Newton."""
    network, (train,) = recurrent(tau_mem, refractory=refractory), spike_train()
    network.dendritic[1] = torch.nn.Identity()  # the reference has times before these delays
    expected = forty_digits.spikes(network, train, END)
    found: list[tuple[float, int]] = []
    for number, (time, neuron) in enumerate(all_spikes(network, events([train]))):
        first = network.span(number)[0]
        found += zip(time.tolist(), (neuron + first).tolist(), strict=True)
    found.sort()
    assert len(expected) >= 12
    assert [neuron for _, neuron in found] == [neuron for _, neuron in expected]
    errors = [abs(a - float(b)) for (a, _), (b, _) in zip(found, expected, strict=True)]
    assert max(errors) < 1e-12


def test_torchdiffeq_finds_the_same_events():
    """Two neurons that excite each other with a delay, as differential equations with events."""
    from torchdiffeq import odeint, odeint_event

    delay, weights = 0.4, torch.tensor([[0.0, 2.2], [2.5, 0.0]], dtype=torch.float64)
    span = DelayRange(minimum=delay - 0.1, scale=0.2, initial_std=0.0)
    network = PopulationNetwork(
        1,
        [Population(2, Neuron(tau_mem=1.3), reset=-0.3, axonal=span)],
        [Connection(INPUTS, 0), Connection(0, 0)],
        Streams([0]),
    )
    with torch.no_grad():
        network.weights[0][0] = torch.tensor([[6.0, 1.0]])
        network.weights[1][0] = weights
    ((found, neurons),) = all_spikes(network, events([[(0.0, 0)]], n_inputs=1), EventSettings(4.0))

    voltage = torch.zeros(2, dtype=torch.float64)
    current = torch.tensor([6.0, 1.0], dtype=torch.float64)
    now = torch.tensor(0.0, dtype=torch.float64)
    pending: list[tuple[float, int]] = []
    expected: list[tuple[float, int]] = []
    while now < 4.0:
        stop = min([4.0, *(time for time, _ in pending)])

        def field(_, y):
            return torch.cat([(y[2:] - y[:2]) / 1.3, -y[2:]])

        def event(t, y, stop=stop):
            return (1.0 - y[:2]).min() * (stop - t)

        when, path = odeint_event(
            field, torch.cat([voltage, current]), now, event_fn=event, odeint_interface=odeint,
            rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        voltage, current, now = path[-1][:2].clone(), path[-1][2:].clone(), when
        if when < stop - 1e-9:
            k = int(voltage.argmax())
            expected.append((float(when), k))
            voltage[k] = -0.3
            pending.append((float(when) + delay, k))
        elif stop < 4.0:
            time, k = min(pending)
            pending.remove((time, k))
            current, now = current + weights[k], torch.tensor(time, dtype=torch.float64)
    assert len(expected) >= 6
    assert neurons.tolist() == [k for _, k in expected]
    assert np.allclose(found.detach(), [time for time, _ in expected], rtol=0, atol=1e-8)


def test_samples_and_members_do_not_know_of_each_other_nor_of_threads():
    """To the bit, forward and backward."""
    network = recurrent(1.4, seeds=(0, 1))
    trains = spike_train(n_runs=40)
    parameters = list(network.parameters())
    results = []
    for n_threads in (1, 3):
        activity = run_events(
            network, events(trains, n_members=2), EventSettings(END, n_threads=n_threads)
        )
        times = torch.cat([activity.spikes(k).time for k in range(2)])
        results.append([times, *torch.autograd.grad(times.sin().sum(), parameters)])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))
    alone = run_events(network, events(trains[17:18], n_members=2), EventSettings(END)).spikes()
    together = activity.spikes()
    for member in range(2):
        place = member * 40 + 17
        own = together.time[together.offsets[place] : together.offsets[place + 1]]
        assert torch.equal(own, alone.time[alone.offsets[member] : alone.offsets[member + 1]])


def test_many_spikes_and_many_that_are_on_their_way_find_room():
    """Forty neurons, whose spikes are all late at an output, do as each would alone."""
    late = DelayRange(minimum=2.0, scale=0.1)
    weights = torch.linspace(20.0, 60.0, 40, dtype=torch.float64)
    whole, single = (Population(n, refractory=0.02, axonal=late) for n in (40, 1))
    together = PopulationNetwork(
        1, [whole, Population(1, Neuron(threshold=0.1), refractory=np.inf)],
        [Connection(INPUTS, 0), Connection(0, 1, 0.01, 0.0)], [0],
    )  # fmt: skip
    alone = PopulationNetwork(1, [single], [Connection(INPUTS, 0)], range(40))
    with torch.no_grad():
        together.weights[0][0, 0] = weights
        alone.weights[0][:, 0, 0] = weights
    trains = [[(0.0, 0)]]
    found = run_events(together, events(trains, n_inputs=1), EventSettings(END))
    expected = run_events(alone, events(trains, 40, n_inputs=1), EventSettings(END)).spikes()
    own = found.spikes(0)
    by_neuron = torch.argsort(own.neuron, stable=True)
    assert len(own.time) > 1000
    assert torch.equal(own.neuron[by_neuron], expected.run)
    assert torch.equal(own.time[by_neuron], expected.time)
    assert len(found.spikes(1).time) == 1
    (slopes,) = torch.autograd.grad(own.time.sin().sum(), together.weights[0])
    (others,) = torch.autograd.grad(expected.time.sin().sum(), alone.weights[0])
    assert float((slopes.flatten() - others.flatten()).abs().max()) < 1e-12 * float(
        others.abs().max()
    )


def output_times(network, inputs):
    return run_events(network, inputs, EventSettings(END)).spikes().time.detach()


def chain(weights, *, refractory=0.0, reset=0.0, tau_mem=1.0, **more):
    """Neurons without delays, each with the given weight from one input."""
    network = PopulationNetwork(
        1,
        [Population(len(weights), Neuron(tau_mem=tau_mem), reset, refractory)],
        [Connection(INPUTS, 0), *more.get("connections", ())],
        Streams([0]),
    )
    with torch.no_grad():
        network.weights[0][0, 0] = torch.tensor(weights, dtype=torch.float64)
        for k, values in enumerate(more.get("values", ())):
            network.weights[1 + k][0] = torch.tensor(values, dtype=torch.float64)
    return network


class TestWhatHappensAtTheSameTime:
    def test_equal_neurons_spike_at_the_same_time_the_lower_number_first(self):
        network = chain([4.0, 4.0, 4.0])
        ((times, neurons),) = all_spikes(network, events([[(0.0, 0)]], n_inputs=1))
        assert neurons[:3].tolist() == [0, 1, 2]
        assert times[0] == times[1] == times[2]

    def test_a_loop_without_delay_is_defined(self):
        """What a spike sends arrives at once, and acts on the current of itself and of others."""
        network = chain([4.0, 0.5], connections=[Connection(0, 0)], values=[[[0.3, 2.0], [0, 0]]])
        (train,) = [[(0.0, 0)]]
        expected = forty_digits.spikes(network, train, END)
        ((times, neurons),) = all_spikes(network, events([train], n_inputs=1))
        assert neurons.tolist() == [k for _, k in expected]
        assert np.allclose(times.detach(), [float(t) for t, _ in expected], rtol=0, atol=1e-13)

    def test_arrivals_at_once_act_together(self):
        """Also an excitatory and an inhibitory one, whichever comes first."""
        network = chain([2.0])
        one = run_events(
            network, events([[(0.5, 0), (0.5, 0)]], n_inputs=1), EventSettings(END)
        ).spikes()
        with torch.no_grad():
            network.weights[0] *= 2
        two = run_events(network, events([[(0.5, 0)]], n_inputs=1), EventSettings(END)).spikes()
        assert torch.equal(one.time, two.time)

    @pytest.mark.parametrize("sent", [-40.0, 0.0, 40.0])
    def test_what_arrives_as_the_threshold_is_reached_decides(self, sent):
        """The peak of w / e is at time 1, where the voltage is at the threshold to the last bit."""
        network = PopulationNetwork(2, [Population(1)], [Connection(INPUTS, 0)], Streams([0]))
        with torch.no_grad():
            network.weights[0][0] = torch.tensor([[math.e], [sent]], dtype=torch.float64)
        found = (
            run_events(network, events([[(0.0, 0), (1.0, 1)]], n_inputs=2), EventSettings(END))
            .spikes()
            .time
        )
        if sent > 0:
            assert float(found[0].detach()) == pytest.approx(1.0, abs=1e-12)
        else:
            assert len(found) == 0


class TestReset:
    def test_a_neuron_that_is_held_does_not_spike_until_it_is_released(self):
        free, held = (
            run_events(
                chain([30.0], refractory=r), events([[(0.0, 0)]], n_inputs=1), EventSettings(END)
            ).spikes()
            for r in (0.0, 0.7)
        )
        assert len(free.time) > len(held.time) > 1
        gaps = held.time.diff()
        assert float(gaps.detach().min()) > 0.7

    def test_the_spikes_between_resets_obey_the_closed_form(self):
        """Equal time constants: U = (R + I s) exp(-s) after a reset to R with current I."""
        network = chain([9.0], reset=-0.5)
        output = run_events(network, events([[(0.0, 0)]], n_inputs=1), EventSettings(END)).spikes()
        times = [0.0, *output.time.detach().tolist()]
        for before, after in itertools.pairwise(times):
            start = 0.0 if before == 0.0 else -0.5
            s = after - before
            assert (start + 9.0 * np.exp(-before) * s) * np.exp(-s) == pytest.approx(1.0, abs=1e-12)

    def test_an_initial_voltage_decays_from_time_0(self):
        population = Population(1, Neuron(leak=0.2), initial=0.9)
        network = PopulationNetwork(
            1, [population], [Connection(INPUTS, 0, 2.0, 0.0)], Streams([0])
        )
        time = float(output_times(network, events([[(0.5, 0)]], n_inputs=1))[0])
        s = time - 0.5
        voltage = 0.2 + 0.7 * np.exp(-time) + 2.0 * s * np.exp(-s)
        assert voltage == pytest.approx(1.0, abs=1e-12)


class TestGrazing:
    """One input of weight w gives a peak of w / e at time 1 for equal time constants."""

    def test_a_voltage_that_only_touches_the_threshold_is_no_spike(self):
        network = chain([math.e * (1.0 - 1e-12)])
        assert len(output_times(network, events([[(0.0, 0)]], n_inputs=1))) == 0

    @pytest.mark.parametrize(("excess", "floored"), [(1e-6, 0), (1e-14, 1)])
    def test_slopes_near_zero_are_limited_and_counted(self, excess, floored):
        network = chain([math.e * (1.0 + excess)])
        limits = EventSettings(END, smallest_slope=1e-5)
        activity = run_events(network, events([[(0.0, 0)]], n_inputs=1), limits)
        time = activity.spikes().time[0]
        assert float(time.detach()) == pytest.approx(
            1.0 - np.sqrt(2 * excess), abs=3 * excess + 1e-9
        )
        (slope,) = torch.autograd.grad(time, network.weights[0])
        value = float(time.detach())
        exact = value * np.exp(-value)  # dU / dw
        dudt = max(math.e * (1.0 + excess) * np.exp(-value) - 1.0, 1e-5)
        assert activity.floored.n_spikes == floored
        assert float(slope) == pytest.approx(-exact / dudt, rel=1e-6)


class TestLimits:
    def test_runaway_activity_is_an_error_that_names_neuron_and_rate(self):
        network = chain([5.0, 0.0], connections=[Connection(0, 0)], values=[[[9.0, 0], [0, 0]]])
        with pytest.raises(RunawayActivityError, match=r"neuron 0 .* spikes per tau_syn") as error:
            run_events(network, events([[(0.0, 0)]], n_inputs=1), EventSettings(most_spikes=500))
        assert "more than 500 spikes" in str(error.value)

    def test_a_run_ends_at_its_end(self):
        network = chain([30.0])
        whole = run_events(network, events([[(0.0, 0)]], n_inputs=1), EventSettings()).spikes().time
        part = (
            run_events(network, events([[(0.0, 0)]], n_inputs=1), EventSettings(1.0)).spikes().time
        )
        assert torch.equal(part, whole[whole <= 1.0])
        assert len(part) < len(whole)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"end": 0.0}, {"end": -1.0}, {"end": np.nan}, {"end": "a"}, {"most_spikes": 0},
            {"most_spikes": 1.5}, {"n_threads": 0}, {"smallest_slope": 0.0},
            {"smallest_slope": np.inf},
        ],
    )  # fmt: skip
    def test_limits_are_checked(self, wrong):
        with pytest.raises(InputError):
            EventSettings(**wrong)

    @pytest.mark.parametrize("wrong", ["members", "inputs", "negative", "kind"])
    def test_inputs_are_checked(self, wrong):
        network = chain([1.0])
        given = {
            "members": events([[(0.0, 0)]], n_members=2, n_inputs=1),
            "inputs": events([[(0.0, 0)]], n_inputs=3),
            "negative": events([[(-1.0, 0)]], n_inputs=1),
            "kind": torch.zeros(1, 1, 1),
        }[wrong]
        with pytest.raises(InputError, match="inputs"):
            run_events(network, given)

    @pytest.mark.parametrize(("name", "value"), [("threshold", -1.0), ("reset", 2.0)])
    def test_thresholds_that_learning_moved_too_far_are_an_error(self, name, value):
        population = Population(1, learned=(name,))
        network = PopulationNetwork(1, [population], [Connection(INPUTS, 0)], Streams([0]))
        with torch.no_grad():
            getattr(network.neurons[0], name).fill_(value)
        with pytest.raises(InputError, match=name):
            run_events(network, events([[(0.0, 0)]], n_inputs=1))

    def test_spikes_that_dendrites_delay_beyond_the_end_are_left_out(self):
        span = DelayRange(minimum=1.0, scale=1e-9, initial_std=0.0)
        network = PopulationNetwork(
            1, [Population(1, dendritic=span)], [Connection(INPUTS, 0, 4.0, 0.0)], [0]
        )
        inputs = events([[(0.0, 0)]], n_inputs=1)
        whole = run_events(network, inputs, EventSettings(END)).spikes().time.detach()
        assert len(whole) >= 2
        first = float(whole[0])
        for end in (0.5, first - 0.01):
            assert len(run_events(network, inputs, EventSettings(end)).spikes().time) == 0
            grid = GridSettings(0.01, end)
            assert float(run_on_grid(network, inputs, grid).spikes().counts().detach().sum()) == 0
        until = run_events(network, inputs, EventSettings(first + 1e-6)).spikes().time.detach()
        assert until.tolist() == [first]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("refractory", np.nan), ("refractory", -1.0), ("tau_mem", -1.0), ("tau_syn", 0.0),
            ("conductance", 0.0),
        ],
    )  # fmt: skip
    def test_parameters_that_mean_nothing_are_refused(self, name, value):
        network = chain([1.0])
        getattr(network.neurons[0], name).fill_(value)
        inputs = events([[(0.0, 0)]], n_inputs=1)
        with pytest.raises(InputError, match=name):
            run_events(network, inputs)
        with pytest.raises(InputError, match=name):
            run_on_grid(network, inputs, GridSettings(0.1, 2.0))

    def test_weights_of_another_shape_and_inputs_without_samples_are_refused(self):
        network = chain([1.0, 2.0])
        with pytest.raises(InputError, match="no samples"):
            run_events(network, SpikeEvents.from_trains([], 1))
        network.weights[0] = torch.nn.Parameter(torch.ones(1, 1, 1, dtype=torch.float64))
        with pytest.raises(InputError, match=r"connections\[0\]"):
            run_events(network, events([[(0.0, 0)]], n_inputs=1))
