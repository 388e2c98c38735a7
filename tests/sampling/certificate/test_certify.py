"""Certificates under several conditions, against a target, with names, costs and plain values."""

import json
import math

import numpy as np
import pytest

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.targets import Target
from lasersampling.errors import InputError
from lasersampling.sampling.certificate import (
    Certificate,
    GroupCertificate,
    Verdict,
    certificate,
    certify,
    combined,
    target_certificate,
)
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import Samples

MACHINE = BoltzmannMachine.random(5, seed=3)
NAMES = ("rain", "sun", "wind", "fog", "snow")


def drawn(machine: BoltzmannMachine, clamped: np.ndarray | None = None, seed: int = 1) -> Samples:
    return Gibbs(thin=4).sample(machine, 1000, n_chains=8, clamped=clamped, seed=seed)


def numbers_of(value: object) -> list[float]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers_of(item)]
    if isinstance(value, list | tuple):
        return [n for item in value for n in numbers_of(item)]
    return [value] if isinstance(value, float) else []


def held(value: int) -> np.ndarray:
    return np.array([-1, value, -1, -1, -1])


def test_chains_held_in_two_ways_are_judged_apart() -> None:
    clamped = np.stack([held(0)] * 4 + [held(1)] * 4)
    found = certificate(drawn(MACHINE, clamped), MACHINE, clamped, names=NAMES)
    assert isinstance(found, GroupCertificate)
    assert list(found.groups) == ["sun=0", "sun=1"]
    assert found.holds
    # Each part is the certificate of its chains alone.
    alone = Samples(drawn(MACHINE, clamped).states[4:], "gibbs", 1)
    again = certificate(alone, MACHINE, held(1))
    assert isinstance(again, Certificate)
    part = found.groups["sun=1"]
    assert part.exact is not None
    assert again.exact is not None
    assert part.exact.divergence_nats == again.exact.divergence_nats


def test_draws_under_a_wrong_condition_are_found_and_named() -> None:
    # Two units, of which one is held: the other was drawn as if it were held at 1 in all chains.
    machine = BoltzmannMachine(np.array([[0.0, 1.5], [1.5, 0.0]]), np.zeros(2))
    clamped = np.array([[-1, 0]] * 4 + [[-1, 1]] * 4)
    states = drawn(machine, np.array([[-1, 1]] * 8)).states.copy()
    states[:4, :, 1] = 0
    found = certificate(Samples(states, "gibbs", 1), machine, clamped)
    assert found.verdict is Verdict.BIASED
    assert "given 1=0" in found.reason
    assert "1 of 2" in found.reason


def test_the_worst_verdict_of_several_conditions_counts() -> None:
    good = certificate(drawn(MACHINE), MACHINE)
    states = drawn(MACHINE).states.copy()
    states[:, :, 2] = np.arange(8)[:, None] % 2
    bad = certificate(Samples(states, "gibbs", 1), MACHINE, names=NAMES)
    assert isinstance(good, Certificate)
    assert isinstance(bad, Certificate)
    found = combined({"a=0": good, "a=1": bad})
    assert found.verdict is Verdict.UNMIXED
    assert "unit wind" in found.reason
    assert combined({"a=0": good}) is good


def test_draws_of_a_target_agree_with_it_and_not_with_another() -> None:
    table = np.random.default_rng(0).dirichlet(np.ones(16))
    target = Target(table, 4)
    generator = np.random.default_rng(1)
    numbers = generator.choice(16, size=(8, 1000), p=table)
    states = ((numbers[:, :, None] >> np.arange(4)) & 1).astype(np.int8)
    hidden = generator.integers(0, 2, (8, 1000, 3)).astype(np.int8)
    samples = Samples(np.concatenate([states, hidden], axis=2), "lasers", 1)
    found = target_certificate(samples, target)
    assert found.holds
    assert "the target" in str(found)
    other = Target(np.random.default_rng(5).dirichlet(np.ones(16)), 4)
    assert target_certificate(samples, other).verdict is Verdict.BIASED


def test_units_that_the_target_holds_are_no_fault_and_others_are() -> None:
    # The second unit is 1 in all states of the target; in the other target in half of them.
    generator = np.random.default_rng(1)
    states = np.ones((8, 500, 2), dtype=np.int8)
    states[:, :, 0] = generator.integers(0, 2, (8, 500))
    samples = Samples(states, "lasers", 1)
    found = target_certificate(samples, Target(np.array([0.0, 0.0, 0.5, 0.5]), 2))
    assert found.holds
    assert found.mixing.held_by_field.tolist() == [1]
    found = target_certificate(samples, Target(np.full(4, 0.25), 2))
    assert found.verdict is Verdict.UNMIXED
    assert found.mixing.frozen.tolist() == [1]


def test_plain_values_hold_no_nan_and_rows_no_nan() -> None:
    frozen = Samples(np.zeros((4, 100, 5), dtype=np.int8), "gibbs", 1)
    single = Samples(drawn(MACHINE).states[:1], "gibbs", 1)
    for samples in (frozen, single, drawn(MACHINE)):
        found = certificate(samples, MACHINE, names=NAMES)
        text = json.dumps(found.values(), allow_nan=False)
        assert json.loads(text)["verdict"] == str(found.verdict)
        assert all(math.isfinite(n) for n in numbers_of(found.values()))
        shown = " ".join(" ".join(row) for row in found.rows())
        assert " nan" not in shown
        assert " inf" not in shown


def test_a_large_machine_in_groups_is_judged_by_its_parts() -> None:
    machine = BoltzmannMachine.random(24, weight_std=0.2, seed=1)
    clamped = np.full((16, 24), -1)
    clamped[:8, 0], clamped[8:, 0] = 0, 1
    samples = Gibbs(thin=2).sample(machine, 1000, n_chains=16, clamped=clamped, seed=2)
    found = certificate(samples, machine, clamped)
    assert found.holds
    wrong = BoltzmannMachine(machine.weights, machine.biases + 0.4 * (np.arange(24) == 5))
    assert certificate(samples, wrong, clamped).verdict is Verdict.BIASED


@pytest.mark.parametrize("n_draws", [1, 3])
def test_too_few_draws_are_refused(n_draws: int) -> None:
    samples = Samples(np.zeros((4, n_draws, 5), dtype=np.int8), "gibbs", 1)
    with pytest.raises(ValueError, match="at least 4"):
        certificate(samples, MACHINE)


def test_of_very_many_draws_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    # 24 units, 8 chains of 1000 draws; the limit leaves every fourth.
    machine = BoltzmannMachine.random(24, weight_std=0.3, seed=1)
    samples = Gibbs(thin=4).sample(machine, 1000, n_chains=8, seed=1)
    monkeypatch.setattr(certify, "_MOST_VALUES", 50_000)
    found = certificate(samples, machine)
    assert isinstance(found, Certificate)
    some = Samples(samples.states[:, ::4], "gibbs", 1)
    monkeypatch.undo()
    alone = certificate(some, machine)
    assert isinstance(alone, Certificate)
    assert found.mixing.worst_ess == alone.mixing.worst_ess
    assert found.verdict is alone.verdict


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ("rain", "sun")}, "names: got 2 names, expected a sequence of 3 texts"),
        ({"names": "abc"}, "names: got 'abc', expected a sequence of 3 texts"),
        ({"names": (1, 2, 3)}, "names: got .*, expected a sequence of 3 texts"),
        ({"sampler": "lasers"}, "sampler: got str, expected an object that samples"),
        ({"sampler": Gibbs}, "sampler: got the class Gibbs, expected an object that samples"),
        ({"clamped": [1, -1, -1]}, "clamped: got draws of chain 0 in which unit 0 is not 1"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    machine = BoltzmannMachine.random(3, seed=1)
    samples = Gibbs().sample(machine, 100, n_chains=4, seed=1)
    with pytest.raises(InputError, match=message):
        samples.certificate(machine, **options)


def test_only_targets_are_targets():
    samples = Gibbs().sample(BoltzmannMachine.random(3, seed=1), 100, n_chains=4, seed=1)
    with pytest.raises(InputError, match="target: got ndarray, expected a Target"):
        target_certificate(samples, np.full(8, 0.125))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="names: got 1 names, expected a sequence of 3 texts"):
        target_certificate(samples, Target(np.full(8, 0.125), 3), names=("rain",))
