"""What networks of populations are made of, and what is refused."""

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import DelayRange, Neuron, Streams
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, LEARNABLE, Connection, Population


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_neurons", 0), ("n_neurons", 1.5), ("neuron", "lif"), ("spiking", "no"),
        ("spiking", 1), ("learned", "threshold"), ("learned", ("weights",)), ("axonal", 1.0),
        ("dendritic", "x"), ("reset", 1.0), ("reset", [0.0]), ("reset", np.nan),
        ("reset", -np.inf), ("initial", 1.5), ("initial", "a"), ("refractory", -1.0),
        ("refractory", np.nan), ("refractory", None), ("learned", ([1],)),
        ("reset", [[1.0], [1.0, 2.0]]), ("neuron", Neuron(threshold=np.ones(2))),
    ],
)  # fmt: skip
def test_populations_are_checked(name, value):
    with pytest.raises(InputError, match=name):
        Population(**{"n_neurons": 3, name: value})


def test_values_of_members():
    """One number for each neuron of each member, where the numbers of members fit."""
    own = np.linspace(-0.3, 0.0, 6).reshape(2, 3)
    population = Population(3, reset=own, initial=own, refractory=0.1 - own)
    network = PopulationNetwork(1, [population], [Connection(INPUTS, 0)], [0, 1])
    numbers = network.neuron_numbers(0)
    assert numbers.reset.tolist() == numbers.initial.tolist() == own.tolist()
    with pytest.raises(InputError, match="reset: got values for 2 members, expected for 3"):
        Population(3, Neuron(leak=np.zeros((3, 3)) - 1.0), reset=own)
    with pytest.raises(InputError, match="2 members"):
        PopulationNetwork(1, [population], [Connection(INPUTS, 0)], [0, 1, 2])


@pytest.mark.parametrize("period", [0.0, np.inf])
def test_only_finite_periods_are_learned(period):
    with pytest.raises(InputError, match="refractory"):
        Population(3, refractory=period, learned=("refractory",))


@pytest.mark.parametrize("name", ["threshold", "reset", "refractory"])
def test_read_outs_learn_no_parameter_that_they_lack(name):
    with pytest.raises(InputError, match="learned"):
        Population(3, spiking=False, learned=(name,))


@pytest.mark.parametrize(
    ("n_inputs", "populations", "connections", "match"),
    [
        (0, [Population(1)], [Connection(INPUTS, 0)], "n_inputs"),
        (1, [], [Connection(INPUTS, 0)], "populations"),
        (1, [Population(1)], [], "connections"),
        (1, [3], [Connection(INPUTS, 0)], r"populations\[0\]"),
        (1, [Population(1)], [(-1, 0)], r"connections\[0\]"),
        (1, [Population(1)], [Connection(INPUTS, 1)], r"connections\[0\]"),
        (1, [Population(1)], [Connection(-2, 0)], r"connections\[0\]"),
        (1, [Population(1), Population(1)], [Connection(INPUTS, 0)], r"populations\[1\]"),
        (1, [Population(1, spiking=False)], [Connection(INPUTS, 0)], "none that spikes"),
        (
            1, [Population(1), Population(1, spiking=False)],
            [Connection(INPUTS, 0), Connection(0, 1), Connection(1, 0)], "do not spike",
        ),
    ],
)  # fmt: skip
def test_networks_are_checked(n_inputs, populations, connections, match):
    with pytest.raises(InputError, match=match):
        PopulationNetwork(n_inputs, populations, connections, Streams([0]))


def test_members_draw_as_alone():
    def network(seeds):
        return PopulationNetwork(
            2, [Population(3, axonal=DelayRange())],
            [Connection(INPUTS, 0, delays=DelayRange()), Connection(0, 0)], Streams(seeds),
        )  # fmt: skip

    both, alone = network([4, 7]), network([7])
    for one, other in zip(both.parameters(), alone.parameters(), strict=True):
        assert torch.equal(one[1], other[0])


def test_every_parameter_of_neurons_can_be_learned_and_keeps_its_value():
    neuron = Neuron(1.2, 0.1, 0.8, 1.5, 0.9)
    population = Population(3, neuron, -0.2, 0.4, 0.3, learned=LEARNABLE)
    network = PopulationNetwork(1, [population], [Connection(INPUTS, 0)], Streams([0, 1]))
    assert network.n_parameters == 3 + 3 * len(LEARNABLE)
    expected = (1.1 * 0.8, -0.3 * 0.8, 0.2 * 0.8, 1.5, 0.9, 0.4)
    for value, own in zip(expected, network.numbers()[2:], strict=True):
        assert torch.allclose(own, torch.full((2, 3), value, dtype=torch.float64))
        assert own.requires_grad


def test_delays_of_axon_synapse_and_dendrite_add_up():
    def fixed(value):
        return DelayRange(minimum=value, scale=1e-9, initial_std=0.0)

    network = PopulationNetwork(
        1,
        [
            Population(2, axonal=fixed(0.1), dendritic=fixed(0.2)),
            Population(2, dendritic=fixed(5.0)),
            Population(2, spiking=False, dendritic=fixed(7.0)),
        ],
        [Connection(INPUTS, 0), Connection(0, 1, delays=fixed(0.4)), Connection(0, 2)],
        Streams([0]), axonal=fixed(0.8),
    )  # fmt: skip
    for number, expected in enumerate((0.8, 0.1 + 0.2 + 0.4, 0.1 + 0.2 + 7.0)):
        delays = network.connection_delays(number)
        assert torch.allclose(delays, torch.full_like(delays, expected), atol=1e-8)


@pytest.mark.parametrize("more", [{"initial": 0.5}, {"learned": ("initial",)}])
def test_dendritic_delays_beside_an_initial_voltage_are_refused(more):
    """Delaying what arrives is then not the same as delaying the neuron."""
    with pytest.raises(InputError, match="dendritic"):
        Population(2, dendritic=DelayRange(), **more)
    assert Population(2, dendritic=DelayRange(), spiking=False, **more).n_neurons == 2


def test_values_for_another_number_of_members_are_refused():
    population = Population(2, Neuron(threshold=np.ones((3, 2))))
    with pytest.raises(InputError, match="members"):
        PopulationNetwork(1, [population], [Connection(INPUTS, 0)], [0, 1])


@pytest.mark.parametrize("more", [{"initial": 0.5}, {"learned": ("tau_mem",)}])
def test_a_state_is_not_loaded_where_it_means_something_else(more):
    def network(**given):
        return PopulationNetwork(1, [Population(2, **given)], [Connection(INPUTS, 0)], [0])

    one, other = network(**more), network()
    for source, target in ((one, other), (other, one)):
        with pytest.raises(RuntimeError, match="state_dict"):
            target.load_state_dict(source.state_dict())
    again = network(**more)
    again.load_state_dict(one.state_dict())
    for value, expected in zip(again.numbers(), one.numbers(), strict=True):
        assert torch.equal(value, expected)
