"""Ragged spikes of devices: what is a list of them, what is none, what devices say of them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware import Description, RemoteSubstrate
from lasersampling.hardware.conversation import description_message, description_of, run_of
from lasersampling.hardware.messages import Message, MessageKind, encode, read_message
from lasersampling.hardware.observations import observation_problems, observed_bytes
from lasersampling.hardware.ragged import (
    RaggedSpikes,
    connections_text,
    parsed_connections,
    ragged_arrays,
    ragged_of,
    ragged_problems,
    sample_times,
)
from lasersampling.hardware.substrate import substrate_problems

FACTS: dict[str, str | float | int | bool] = {
    "spikes": "all", "connections": "inputs>0 0>0 0>1", "sample_period": 4.0, "voltages": True,
    "voltage_bits": 8,
}  # fmt: skip
AGAIN = Description("lif", "a chip that spikes again", (2, 3, 1), facts=FACTS)
NO_SPIKES = RaggedSpikes(np.zeros(3, int), np.zeros(0, int), np.zeros(0))
RUN = {"weights_0": np.ones((1, 3, 2))}, {"times": np.zeros((1, 2, 2))}
SAMPLED = {**RUN[1], "voltage_interval": np.array(1.5)}

# What a host and a device that know first spikes alone have sent, byte by byte.
OLD_DESCRIPTION = (
    "4c535542010002000100000000000000a8000000000000007181d8f87066655ca40000007b2261626f7574223a20"
    "7b226b696e64223a20226c6966222c20226e616d65223a20226f6c642063686970222c202273697a6573223a205b"
    "322c20325d2c20226e5f6d656d62657273223a20312c20226661637473223a207b227461755f73796e5f7573223a"
    "20362e302c202273616d706c655f706572696f64223a2032302e302c20227265647261776e223a2066616c73657d"
    "7d2c2022617272617973223a205b5d7d"
)
OLD_RUN = (
    "4c535542010003000200000000000000d700000000000000c4f2a4d9fa1fc201a30000007b2261626f7574223a20"
    "7b7d2c2022617272617973223a205b7b226e616d65223a2022706172616d65746572732e776569676874735f3022"
    "2c202274797065223a2022666c6f61743634222c20227368617065223a205b312c20322c20325d7d2c207b226e61"
    "6d65223a2022696e707574732e74696d6573222c202274797065223a2022666c6f61743634222c20227368617065"
    "223a205b312c20312c20325d7d5d7d000000000000f03f0000000000000000000000000000000000000000000"
    "0f03f000000000000e03f000000000000f07f"
)
OLD_OBSERVATION = (
    "4c5355420100040002000000000000006a000000000000007328d36c47179455560000007b2261626f7574223a20"
    "7b7d2c2022617272617973223a205b7b226e616d65223a20227370696b65735f30222c202274797065223a202266"
    "6c6f61743634222c20227368617065223a205b312c20312c20325d7d5d7d000000000000f03f000000000000f07f"
)


def told(times=((0.5, 0), (1.0, 2), (0.25, 1))):
    """An observation of two runs: two spikes in the first, one in the second."""
    time, neuron = (np.array(part) for part in zip(*times, strict=True))
    both = ragged_arrays("spikes_0", RaggedSpikes(np.array([0, 2, 3]), neuron, time))
    return both | ragged_arrays("spikes_1", NO_SPIKES)


def voltages():
    return {f"voltages_{k}": np.zeros((1, 2, n, 3)) for k, n in enumerate((3, 1))}


def test_arrays_of_spikes_and_back():
    spikes = RaggedSpikes(np.array([0, 1]), np.array([2]), np.array([0.5]))
    arrays = ragged_arrays("events", spikes)
    assert [arrays[f"events_{part}"].dtype.str[1:] for part in spikes._fields] == ["i8", "i8", "f8"]
    for one, other in zip(ragged_of(arrays, "events"), spikes, strict=True):
        assert np.array_equal(one, other)
    assert ragged_problems("events", arrays, 1, 3, 0.5) == []
    assert ragged_problems("events", arrays, None, 3) == []


def test_connections_as_text_and_back():
    pairs = ((-1, 0), (0, 0), (0, 1), (1, 0))
    assert parsed_connections(connections_text(pairs), 2) == pairs
    wrong = ("", 3, "inputs>0", "inputs>0 0>2 0>1", "inputs>0 inputs>0 0>1", "0>inputs inputs>1",
             "inputs>0,0>1", "inputs>0 0>01", "inputs>0 -1>1")  # fmt: skip
    for text in wrong:
        with pytest.raises(InputError, match="connections: got .*, expected connections such as"):
            parsed_connections(text, 2)


def test_voltages_are_sampled_from_0_to_the_end_of_the_period():
    assert sample_times(0.1, 0.3).tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert sample_times(0.1, 0.3).max() <= 0.3
    assert sample_times(0.4, 0.3).tolist() == [0.0]


def test_what_a_device_says_of_its_spikes():
    assert AGAIN.tells_all_spikes
    assert AGAIN.connections == ((-1, 0), (0, 0), (0, 1))
    plain = Description("lif", "a chip", (2, 3, 1))
    assert not plain.tells_all_spikes
    assert plain.connections == ((-1, 0), (0, 1))
    wrong: tuple[Any, ...] = (
        {"spikes": "some"}, {"spikes": "all"}, {"voltages": "yes"},
        FACTS | {"connections": "inputs>7"},
    )  # fmt: skip
    for fact in wrong:
        with pytest.raises(InputError, match=r"facts\."):
            Description("lif", "a chip", (2, 3, 1), facts=fact)
        lie = Message(MessageKind.DESCRIPTION, 1, {
            "kind": "lif", "name": "a chip", "sizes": [2, 3, 1], "n_members": 1, "facts": fact,
        })  # fmt: skip
        with pytest.raises(SubstrateError, match=r"describes itself wrongly: facts\."):
            description_of(lie)
    assert description_of(description_message(1, AGAIN)) == AGAIN
    pairs: Any = ((AGAIN, "first"), (plain, "all"))
    for about, spikes in pairs:
        device = SimpleNamespace(description=about, run=print)
        assert substrate_problems(device, "lif") == []
        assert len(substrate_problems(device, "lif", spikes)) == 1


def test_ragged_observations_are_accepted():
    assert observation_problems(AGAIN, RUN[1], told()) == []
    events = ragged_arrays("events", NO_SPIKES)
    assert observation_problems(AGAIN, events, told()) == []
    assert observation_problems(AGAIN, SAMPLED, told() | voltages()) == []
    assert observed_bytes(AGAIN, told() | voltages()) == (3 * 16 + 2 * 24, 2 * 3 * 4)


LIES = {
    "first spikes": ({"spikes_0": np.ones((1, 2, 3))}, "spikes_0: got an array"),
    "of one run": ({"spikes_0_offsets": np.array([0, 3])}, r"shape \(2,\), expected int64"),
    "offsets fall": ({"spikes_0_offsets": np.array([0, 4, 3])}, "from 0 to 3, falling"),
    "offsets beyond": ({"spikes_0_offsets": np.array([0, 2, 4])}, "from 0 to 3, the number"),
    "offsets from below": ({"spikes_0_offsets": np.array([-1, 2, 3])}, "got from -1 to 3"),
    "a neuron too much": ({"spikes_0_neuron": np.array([0, 3, 1])}, "numbers from 0 to 3"),
    "no neuron": ({"spikes_0_neuron": np.array([0, -1, 1])}, "numbers from -1 to 1"),
    "fewer neurons": ({"spikes_0_neuron": np.array([0, 1])}, "2 for 3 spikes"),
    "neurons as floats": ({"spikes_0_neuron": np.zeros(3)}, "expected int64"),
    "nan": ({"spikes_0_time": np.array([0.1, np.nan, 0.2])}, "spikes_0_time: got nan or inf"),
    "inf": ({"spikes_0_time": np.array([0.1, np.inf, 0.2])}, "spikes_0_time: got nan or inf"),
    "negative": ({"spikes_0_time": np.array([-0.1, 0.1, 0.2])}, "times from -0.1 to 0.2"),
    "late": ({"spikes_0_time": np.array([0.1, 4.1, 0.2])}, "expected times from 0 to 4"),
    "in no order": ({"spikes_0_time": np.array([0.2, 0.1, 0.2])}, "that do not fall"),
    "something else": ({"noise": np.ones(1)}, "noise: got an array, expected one of spikes_0"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_lists_that_are_no_spikes_are_refused(lie):
    changed, says = LIES[lie]
    problems = observation_problems(AGAIN, RUN[1], told() | changed)
    with pytest.raises(InputError, match=says):
        raise InputError(problems)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"voltages_1": np.zeros((1, 2, 1, 4))}, r"expected float64 of shape \(1, 2, 1, 3\)"),
        ({"voltages_1": np.full((1, 2, 1, 3), np.inf)}, "voltages_1: got nan or inf"),
        ({"voltages_0": np.full((1, 2, 3, 3), np.nan)}, "voltages_0: got nan"),
    ],
)
def test_voltages_that_are_none_are_refused(changed, says):
    problems = observation_problems(AGAIN, SAMPLED, told() | voltages() | changed)
    with pytest.raises(InputError, match=says):
        raise InputError(problems)
    assert observation_problems(AGAIN, SAMPLED, told())  # and so are those that are missing


class Device:
    """A device that answers what it is told to answer."""

    def __init__(self, description, answer):
        self.description, self._answer = description, answer

    def run(self, parameters, inputs):
        return self._answer


def test_a_device_that_lies_behind_a_socket_is_found_out(start_server):
    true, lie = told(), told() | {"spikes_0_offsets": np.array([0, 9, 3])}
    for answer, is_true in ((true, True), (lie, False)):
        server = start_server(Device(AGAIN, answer))
        with RemoteSubstrate(server.address, retries=0) as device:
            assert device.description == AGAIN
            if is_true:
                got = device.run(*RUN)
                assert {name: got[name].tolist() for name in got} == {
                    name: values.tolist() for name, values in true.items()
                }
            else:
                with pytest.raises(SubstrateError, match="spikes_0_offsets: got from 0 to 3, fall"):
                    device.run(*RUN)


def test_messages_of_hosts_and_devices_of_first_spikes_stay_valid():
    def message(text):
        data = bytes.fromhex(text)
        places = iter((data[:32], data[32:]))
        found = read_message(lambda size: next(places))
        assert found is not None
        assert encode(found) == data  # what is sent today is the same, byte by byte
        return found

    description = description_of(message(OLD_DESCRIPTION))
    assert not description.tells_all_spikes
    parameters, inputs = run_of(message(OLD_RUN))
    assert parameters["weights_0"].tolist() == [[[1.0, 0.0], [0.0, 1.0]]]
    observation = message(OLD_OBSERVATION).arrays
    assert observation_problems(description, inputs, observation) == []
    assert observation["spikes_0"].tolist() == [[[1.0, np.inf]]]
