"""Lasers as a substrate and substrates as samplers: the same bits as `Lasers`, near and far."""

import threading
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, clamp, target_from_table
from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware import Description, RemoteSubstrate, Server
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.machines.contrastive import initial_machine, learn
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.substrate import LaserSubstrate
from lasersampling.sampling.substrate_sampler import SubstrateSampler

MACHINE = BoltzmannMachine.random(4, seed=3)
QUICK: dict[str, Any] = {
    "settings": CalibrationSettings(
        n_chains=8, activation_duration_ns=200.0, pair_duration_ns=400.0
    ),
    "burn_in_ns": 10.0,
}
"""A calibration as rough as that in the tests of the commands, which share it."""
KINDS = {
    "ideal": Lasers(**QUICK),
    "other times": Lasers(interval_ns=2.0, **QUICK),
    "imperfect": Lasers(imperfections="laboratory", chip_seed=3, **QUICK),
    "drifting": Lasers(imperfections="harsh", chip_seed=1, **QUICK),
    "clamped by their pumps": Lasers(clamping="pump", **QUICK),
}


def reached(substrate, *, remote):
    """Return a context of the substrate itself, or of one that reaches it over a socket."""
    return Reached(substrate) if remote else Here(substrate)


class Here:
    def __init__(self, substrate):
        self.substrate = substrate

    def __enter__(self):
        return self.substrate

    def __exit__(self, *error):
        pass


class Reached(Here):
    def __enter__(self):
        self.server = Server(self.substrate)
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()
        self.client = RemoteSubstrate(self.server.address, retries=0)
        return self.client

    def __exit__(self, *error):
        self.client.close()
        self.server.stop()
        self.thread.join()
        self.server.close()


def assert_same(samples, own):
    np.testing.assert_array_equal(samples.states, own.states)
    assert samples.interval_ns == own.interval_ns
    assert (samples.spikes is None) == (own.spikes is None)
    if own.spikes is not None:
        for name in ("time_ns", "unit", "chain_offset"):
            np.testing.assert_array_equal(
                getattr(samples.spikes, name), getattr(own.spikes, name), strict=True
            )
        assert samples.spikes.duration_ns == own.spikes.duration_ns
    assert set(samples.end) == set(own.end)
    for name, values in own.end.items():
        np.testing.assert_array_equal(samples.end[name], values, strict=True)


@pytest.mark.parametrize("remote", [False, True], ids=["here", "behind a socket"])
@pytest.mark.parametrize("name", KINDS)
def test_the_same_bits_as_lasers(name, remote):
    lasers = KINDS[name]
    clamped = np.tile(clamp(4, {1: 1}), (3, 1))
    clamped[1] = clamp(4, {1: 0, 2: 1})
    with reached(LaserSubstrate(lasers, 4), remote=remote) as substrate:
        sampler = SubstrateSampler(substrate)
        for held in (None, clamped):
            samples = sampler.sample(MACHINE, 60, n_chains=3, clamped=held, seed=5)
            own = lasers.sample(MACHINE, 60, n_chains=3, clamped=held, seed=5)
            assert_same(samples, own)
            on: dict[str, Any] = {"n_chains": 3, "clamped": held, "seed": 6}
            assert_same(
                sampler.sample(MACHINE, 40, start=samples.end, **on),
                lasers.sample(MACHINE, 40, start=own.end, **on),
            )


def test_all_units_held():
    for lasers in (KINDS["ideal"], KINDS["clamped by their pumps"]):
        sampler = SubstrateSampler(LaserSubstrate(lasers, 4))
        held: dict[str, Any] = {"n_chains": 2, "clamped": [1, 0, 0, 1], "seed": 1}
        assert_same(sampler.sample(MACHINE, 3, **held), lasers.sample(MACHINE, 3, **held))


def test_the_description_tells_what_a_sampler_needs():
    substrate = LaserSubstrate(Lasers(imperfections="laboratory", chip_seed=3), 5)
    description = substrate.description
    assert (description.kind, description.sizes) == ("lasers", (5,))
    assert description.facts["interval_ns"] == substrate.lasers.draw_interval_ns
    assert description.facts["chip_seed"] == 3
    assert SubstrateSampler(substrate).name == description.name == "lasers D6"


def request(**changed):
    inputs = {
        "n_draws": np.array(5),
        "n_chains": np.array(2),
        "clamped": np.full((2, 4), -1, np.int8),
        "seed": np.array(1),
        "goes_on": np.array(False),
    }
    return {name: v for name, v in (inputs | changed).items() if v is not None}


@pytest.mark.parametrize(
    ("parameters", "inputs", "where"),
    [
        ({}, request(), ["parameters.weights", "parameters.biases"]),
        ({"gain": np.ones(2)}, request(seed=None), ["parameters.gain", "inputs.seed"]),
        ({"biases": np.zeros(3)}, request(), ["parameters.biases"]),
        ({"weights": np.eye(4)}, request(), ["weights[0][0]"]),
        ({}, request(n_draws=np.array(5.0), clamped=np.zeros(4, np.int8)),
         ["inputs.n_draws", "inputs.clamped"]),
        ({}, request(n_draws=np.array(0)), ["n_draws"]),
        ({}, request(n_chains=np.array(3)), ["clamped"]),
        ({}, request(loudness=np.array(1)), ["inputs.loudness"]),
        ({}, request(**{"start.field": np.zeros(3)}), ["inputs.goes_on"]),
        ({}, request(goes_on=np.array(True)), ["start"]),
    ],
)  # fmt: skip
def test_requests_that_do_not_fit_are_refused(parameters, inputs, where):
    if where[:2] != ["parameters.weights", "parameters.biases"]:
        parameters = {"weights": MACHINE.weights, "biases": MACHINE.biases} | parameters
    with pytest.raises(InputError) as error:
        LaserSubstrate(KINDS["ideal"], 4).run(parameters, inputs)
    found = [problem.where for problem in error.value.problems]
    assert found[: len(where)] == where


def test_other_numbers_of_units_are_refused():
    with pytest.raises(InputError, match="n_units: got 0"):
        LaserSubstrate(Lasers(), 0)
    with pytest.raises(InputError, match="n_units: got 100000, expected at most 10000"):
        LaserSubstrate(Lasers(), 100_000)
    with pytest.raises(InputError, match=r"machine: got units \(4,\), expected \(5,\)"):
        SubstrateSampler(LaserSubstrate(Lasers(), 5)).sample(MACHINE, 10)
    with pytest.raises(InputError, match="seed: got 9223372036854775808"):
        SubstrateSampler(LaserSubstrate(Lasers(), 4)).sample(MACHINE, 10, seed=2**63)


class Told:
    """A substrate that shows what it is told to."""

    facts = {"refractory_time_ns": 2.5, "interval_ns": 0.5}  # noqa: RUF012

    def __init__(self, kind="lasers", facts=facts, **observation):
        self.description = Description(kind, "told", (4,), facts=facts)
        self._observation = observation
        self.inputs = []

    def run(self, parameters, inputs):
        self.inputs.append(inputs)
        right = {
            "time_ns": np.array([0.5, 3.0, 1.0]),
            "unit": np.array([0, 1, 2], np.int32),
            "chain_offset": np.array([0, 2, 3]),
            "duration_ns": np.array(3.5),
        }
        return right | self._observation


def test_states_are_read_from_the_spikes_of_any_device():
    device = Told()
    sampler = SubstrateSampler(device)
    samples = sampler.sample(MACHINE, 3, n_chains=2, clamped=[-1, -1, -1, 1])
    # At 2.5, 3.0 and 3.5 ns, 2.5 ns after a spike at the latest.
    assert samples.states[0].tolist() == [[1, 0, 0, 1], [0, 1, 0, 1], [0, 1, 0, 1]]
    assert samples.states[1].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
    assert samples.end == {}
    # A device that keeps no state is told that chains go on, and is read an interval later.
    on = sampler.sample(MACHINE, 2, n_chains=2, start=samples.end)
    assert [bool(inputs["goes_on"]) for inputs in device.inputs] == [False, True]
    np.testing.assert_array_equal(on.states[0, :, 1], [1, 1])


@pytest.mark.parametrize(
    ("observation", "says"),
    [
        ({"duration_ns": np.array(3.4)}, "a recording of 3.4 ns, 3.5 expected"),
        ({"duration_ns": np.array(0.0)}, "no spikes of a run: duration_ns"),
        ({"time_ns": np.array([3.0, 0.5, 1.0])}, "unsorted times"),
        ({"unit": np.array([0, 1, 4], np.int32)}, "expected 0 to 3"),
        (
            {"chain_offset": np.array([0, 3]), "time_ns": np.arange(3.0)},
            "a run of 1 chains, 2 expected",
        ),
        ({"time_ns": np.array([0.5, np.inf, 1.0])}, "outside the recording"),
    ],
)
def test_what_are_no_spikes_of_a_run_is_refused(observation, says):
    with pytest.raises(SubstrateError, match=says):
        SubstrateSampler(Told(**observation)).sample(MACHINE, 3, n_chains=2)


def test_substrates_that_cannot_be_sampled_with_are_refused():
    with pytest.raises(InputError) as error:
        SubstrateSampler(Told("lif", {"interval_ns": True}))
    assert [p.where for p in error.value.problems] == [
        "substrate",
        "facts of told: refractory_time_ns",
        "facts of told: interval_ns",
    ]


class Mortal(LaserSubstrate):
    """Lasers that fail after some runs."""

    left: list[None]

    def __init__(self, lasers, n_units, n_runs):
        super().__init__(lasers, n_units)
        object.__setattr__(self, "left", [None] * n_runs)

    def run(self, parameters, inputs):
        if not self.left:
            raise RuntimeError("the lasers are off")
        self.left.pop()
        return super().run(parameters, inputs)


class Kept:
    """Where a training keeps its checkpoints."""

    state: Any = None

    def save(self, state, history):
        self.state = state


def test_a_device_that_fails_leaves_the_last_epoch_and_learning_goes_on_bit_for_bit():
    target = target_from_table([0.3, 0.05, 0.05, 0.2, 0.02, 0.18, 0.15, 0.05])
    settings = DistributionLearning(
        gradient="wake-sleep", n_updates=6, updates_per_epoch=2, n_chains=8, n_draws=8
    )
    start = initial_machine(target, 1, seed=1, weight_std=0.5)
    lasers, kept = KINDS["clamped by their pumps"], Kept()
    whole = learn(target, start, settings, sampler=lasers, seed=3)
    # Two runs an update and two updates an epoch: it fails in the second epoch.
    with (
        reached(Mortal(lasers, 4, n_runs=7), remote=True) as substrate,
        pytest.raises(SubstrateError, match="the device reports: RuntimeError: the lasers"),
    ):
        learn(
            target,
            start,
            settings,
            sampler=SubstrateSampler(substrate),
            checkpoints=Checkpoints(kept, 1e6),
            seed=3,
        )
    assert kept.state["epoch"] == 1
    with reached(LaserSubstrate(lasers, 4), remote=True) as substrate:
        sampler = SubstrateSampler(substrate)
        resumed = Checkpoints(resume=kept.state)
        again = learn(target, start, settings, sampler=sampler, checkpoints=resumed, seed=3)
    np.testing.assert_array_equal(again.machine.weights, whole.machine.weights)
    np.testing.assert_array_equal(again.machine.biases, whole.machine.biases)
    rows, others = again.history.arrays(), whole.history.arrays()
    np.testing.assert_array_equal(rows["total_variation"], others["total_variation"])
