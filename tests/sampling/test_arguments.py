"""Arguments of another kind, or of a size that no computer has, get one clear error."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, target_from_table
from lasersampling.checks import memory_bytes
from lasersampling.errors import InputError, LaserSamplingWarning
from lasersampling.judging.generation import generate, generate_images, label_conditions
from lasersampling.judging.samples import evaluate, evaluate_target
from lasersampling.learning.machines.contrastive import initial_machine, learn
from lasersampling.learning.machines.local_rule import LocalSettings, learn_locally
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.learning.pictures.in_the_loop import fine_tune
from lasersampling.learning.pictures.persistent_cd import train
from lasersampling.learning.pictures.settings import FineTuning, PictureLearning
from lasersampling.learning.pictures.training import train_images
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.networks import build_network
from lasersampling.learning.spikes.recipes import SpikeTraining
from lasersampling.sampling import Gibbs
from lasersampling.sampling.certificate import (
    certificate,
    learned_certificate,
    target_certificate,
)
from lasersampling.sampling.completion import SeenImages, complete
from lasersampling.sampling.conditions import occluded
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.inference import infer
from lasersampling.sampling.neurons.adaptation import adapt
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.tempering import Tempering
from lasersampling.sampling.protocol import Samples
from lasersampling.sampling.recognition import recognise
from lasersampling.sampling.renewal.sampler import Renewal

MACHINE = BoltzmannMachine(np.zeros((7, 7)), np.zeros(7), 2, 1)
"""Four pixels, two label units, a hidden one."""
IMAGES = np.array([[0, 1, 1, 0]])
SEEN = SeenImages(IMAGES, np.array([True, True, False, False]))
TARGET = target_from_table([0.4, 0.1, 0.1, 0.4])
START = BoltzmannMachine(np.zeros((2, 2)), np.zeros(2))
LEARNING = DistributionLearning(gradient="exact", n_updates=10)
EVIDENCE = Evidence.single(7, {0: 1})


def inferred(**options: Any) -> object:
    chosen = {"sampler": Gibbs(), "n_draws": 4, "n_chains": 2, **options}
    return infer(chosen.pop("sampler"), MACHINE, EVIDENCE, **chosen)


def completed(**options: Any) -> object:
    chosen = {"sampler": Gibbs(), "seen": SEEN, **options}
    return complete(chosen.pop("sampler"), MACHINE, chosen.pop("seen"), **chosen)


def recognised(**options: Any) -> object:
    chosen = {"sampler": Gibbs(), "n_draws": 4, **options}
    return recognise(chosen.pop("sampler"), MACHINE, IMAGES, **chosen)


def generated(**options: Any) -> object:
    chosen = {"sampler": Gibbs(), "images_per_label": 1, "free_images": 1, **options}
    return generate_images(chosen.pop("sampler"), MACHINE, 2, **chosen)


def learned(**options: Any) -> object:
    chosen = {"target": TARGET, "initial": START, "settings": LEARNING, **options}
    return learn(chosen.pop("target"), chosen.pop("initial"), chosen.pop("settings"), **chosen)


def tuned(**options: Any) -> object:
    chosen = {"settings": FineTuning(), "sampler": Gibbs(), **options}
    return fine_tune(MACHINE, IMAGES, [0], chosen.pop("settings"), **chosen)


def local(**options: Any) -> object:
    chosen = {"target": TARGET, "settings": LocalSettings(), **options}
    return learn_locally(chosen.pop("target"), START, chosen.pop("settings"), **chosen)


USERS = {
    "infer": inferred, "complete": completed, "recognise": recognised, "generate": generated,
    "learn": learned, "fine_tune": tuned,
}  # fmt: skip


@pytest.mark.parametrize("sampler", ["gibbs", 3, 0, MACHINE, Gibbs, None])
@pytest.mark.parametrize("use", USERS.values(), ids=USERS)
def test_anything_but_a_sampler_is_refused(use: Any, sampler: object) -> None:
    if use is learned and sampler is None:
        pytest.skip("Gibbs sampling is the default")
    with pytest.raises(InputError, match=r"sampler: got .*, expected an object that samples"):
        use(sampler=sampler)


@pytest.mark.parametrize("seed", [None, -1, float("nan"), "a", True])
@pytest.mark.parametrize(
    "use",
    [*USERS.values(), local,
     lambda seed: initial_machine(TARGET, 1, seed=seed),
     lambda seed: train_images(IMAGES, seed=seed),
     lambda seed: completed(seed=seed, seen=SeenImages(IMAGES, SEEN.known, 0.1))],
)  # fmt: skip
def test_anything_but_a_seed_is_refused(use: Any, seed: object) -> None:
    with pytest.raises(InputError, match=r"seed: got .*, expected a whole number of at least 0"):
        use(seed=seed)


@pytest.mark.parametrize("settings", [None, {}, 3, SeenImages, "foreign"])
@pytest.mark.parametrize(
    "use",
    [
        learned,
        tuned,
        local,
        lambda settings: train_images(IMAGES, [0], settings),
        lambda settings: train(IMAGES, [0], settings),
        lambda settings: train_spikes([[0.2, 1.5]] * 30, [0, 1] * 15, settings),
    ],
    ids=["learn", "fine_tune", "learn_locally", "train_images", "train", "train_spikes"],
)
def test_settings_of_another_class_are_refused(use: Any, settings: object) -> None:
    foreign = LEARNING if use is not learned else PictureLearning()
    with pytest.raises(InputError, match=r"settings: got .*, expected \w+\(\.\.\.\)"):
        use(settings=foreign if settings == "foreign" else settings)


@pytest.mark.parametrize("target", [None, 3, [0.5, 0.5], START])
@pytest.mark.parametrize("use", [learned, local, lambda target: initial_machine(target, 1, seed=0)])
def test_anything_but_a_target_is_refused(use: Any, target: object) -> None:
    with pytest.raises(InputError, match=r"target: got .*, expected a Target"):
        use(target=target)


@pytest.mark.parametrize("connectivity", ["x", None, "restrict", 3, ["full"], np.array(["full"])])
@pytest.mark.parametrize(
    "use",
    [learned, local,
     lambda connectivity: initial_machine(TARGET, 1, seed=0, connectivity=connectivity)],
)  # fmt: skip
def test_only_connectivities_that_exist(use: Any, connectivity: object) -> None:
    with pytest.raises(InputError, match=r"connectivity: got .*, expected one of 'full'"):
        use(connectivity=connectivity)


@pytest.mark.parametrize("label", [0.5, "a", -1, True, float("nan")])
def test_a_label_of_seen_images_is_a_whole_number(label: Any) -> None:
    with pytest.raises(InputError, match="label: got .*, expected a whole number"):
        SeenImages(IMAGES, SEEN.known, label=label)


@pytest.mark.parametrize("n_draws", [0, -1, 4, 99, 1.5, None, "a"])
@pytest.mark.parametrize("method", ["images", "mean"])
def test_as_many_last_draws_as_there_are(method: str, n_draws: Any) -> None:
    found = complete(Gibbs(), MACHINE, SEEN, n_completions=2, n_draws=3)
    assert getattr(found, method)(n_draws=3).shape[0] == 1
    with pytest.raises(InputError, match="n_draws: got .*, expected a whole number from 1 to 3"):
        getattr(found, method)(n_draws=n_draws)


@pytest.mark.parametrize("shape", [3, (3, 3, 3), (-1, 3), (0, 3), (2.0, 2), None, "ab", (True, 4)])
def test_a_shape_is_two_whole_numbers(shape: Any) -> None:
    message = r"shape: got .*, expected \(rows, columns\)"
    with pytest.raises(InputError, match=message):
        occluded(shape, "lower")
    if shape is not None:  # a square by default
        with pytest.raises(InputError, match=message):
            complete(Gibbs(), MACHINE, SEEN, n_completions=2).plot(shape=shape)


@pytest.mark.parametrize("seen", [None, IMAGES, 3, {}])
def test_anything_but_seen_images_is_refused(seen: object) -> None:
    with pytest.raises(InputError, match="seen: got .*, expected SeenImages"):
        completed(seen=seen)


@pytest.mark.parametrize("model", [None, 3, [], MACHINE, b"digits"])
def test_anything_but_a_model_is_refused(model: Any) -> None:
    with pytest.raises(InputError, match="model: got .*, expected a PictureModel"):
        generate(model)


def test_a_model_may_be_a_path() -> None:
    with pytest.raises(InputError, match="model: got"):
        generate(Path("missing.h5"))


@pytest.mark.parametrize("labels", [["0"], "0", b"0", 3, [True], [0.0], [None], [-1], [2]])
def test_labels_are_numbers_of_classes(labels: Any) -> None:
    with pytest.raises(InputError, match="labels?: got"):
        label_conditions(MACHINE, images_per_label=1, free_images=0, labels=labels)


@pytest.mark.parametrize("names", [["a"], ["a"] * 9, 3, None, "abcdefg", [1] * 7])
def test_a_posterior_is_drawn_with_one_name_for_each_unit(names: Any) -> None:
    posterior = infer(Gibbs(), MACHINE, EVIDENCE, n_draws=8, n_chains=2)
    with pytest.raises(InputError, match="names: got .*, expected a sequence of 7 texts"):
        posterior.plot(names=names)


@pytest.mark.parametrize("truth", [TARGET, target_from_table([0.5, 0.5, 0, 0])])
@pytest.mark.parametrize("evidence", [{2: 1}, {1: 1, 3: 0}])
def test_a_truth_that_knows_nothing_of_the_cases_is_named(truth: Any, evidence: Any) -> None:
    with pytest.warns(LaserSamplingWarning, match="posterior of all units is unknown"):
        posterior = infer(
            Gibbs(), MACHINE, Evidence.single(7, evidence), n_draws=8, n_chains=2, truth=truth
        )
    assert np.isnan(posterior.exact).all()


@pytest.mark.parametrize(
    "use",
    [
        lambda: completed(n_completions=10**13),
        lambda: completed(n_draws=10**13),
        lambda: recognised(n_chains=10**13),
        lambda: recognised(n_draws=10**13),
        lambda: initial_machine(TARGET, 10**6, seed=0),
        lambda: occluded((10**8, 10**8), "left"),
        lambda: Evidence.single(10**13, {}),
        lambda: adapt(Lasers("D6"), START, n_chains=10**13),
        lambda: adapt(Lasers("D6"), START, n_draws=10**13),
        lambda: Lasers("D6", interval_ns=1e-9).sample(START, memory_bytes() // 16, n_chains=1),
        lambda: Lasers("D6").sample(START, memory_bytes() // 16, n_chains=1),
        lambda: Renewal("D6").sample(START, memory_bytes() // 16, n_chains=1),
    ],
)
def test_sizes_are_checked_before_memory_is_taken(use: Any) -> None:
    with pytest.raises(InputError, match="half of this computer's memory"):
        use()


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("settings", lambda given: Lasers("D6", settings=given)),
        ("lines", lambda given: Lasers("D6", lines=given)),
        ("hazard_settings", lambda given: Renewal("D6", given)),
    ],
)
@pytest.mark.parametrize("given", [1, "a", {}, (), FineTuning(), Lasers])
def test_lasers_are_made_of_settings_of_their_own_kind(name: str, use: Any, given: Any) -> None:
    with pytest.raises(InputError, match=rf"{name}: got .*, expected \w+\(\.\.\.\)"):
        use(given)


@pytest.mark.parametrize("given", ["no", 0, 1.0, None, []])
def test_spikes_are_recorded_or_not(given: Any) -> None:
    with pytest.raises(InputError, match="record_spikes: got .*, expected True or False"):
        Renewal("D6", record_spikes=given)


@pytest.mark.parametrize("steps", [0, 1001, 10**9, 10**30, 2.5, True])
def test_the_hot_part_has_a_reasonable_number_of_steps(steps: Any) -> None:
    with pytest.raises(InputError, match="steps: got"):
        Tempering(steps=steps)


@pytest.mark.parametrize("given", [None, 3, "a", np.zeros((2, 10, 7), dtype=np.int8)], ids=str)
@pytest.mark.parametrize(
    "use",
    [
        lambda given: certificate(given, MACHINE),
        lambda given: target_certificate(given, TARGET),
        lambda given: learned_certificate(given, MACHINE, TARGET),
        lambda given: evaluate(MACHINE, given),
        lambda given: evaluate_target(TARGET, given),
    ],
    ids=["certificate", "target", "learned", "evaluate", "evaluate_target"],
)
def test_anything_but_samples_is_refused(use: Any, given: Any) -> None:
    with pytest.raises(InputError, match="samples: got .*, expected Samples"):
        use(given)


@pytest.mark.parametrize("shape", [(0, 5, 2), (2, 0, 2), (2, 5, 0)])
def test_samples_are_never_empty(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"states: got int8 .*, not empty"):
        Samples(np.zeros(shape, dtype=np.int8), "gibbs", 0)


@pytest.mark.parametrize("given", [None, 3, [1], "01"])
@pytest.mark.parametrize("name", ["hard", "soft"])
def test_evidence_is_a_mapping(name: str, given: Any) -> None:
    if name == "soft" and given is None:
        pytest.skip("there is none")
    with pytest.raises(InputError, match=f"{name}: got .*, expected a mapping"):
        Evidence.single(3, **{"hard": {}, name: given})


@pytest.mark.parametrize("n_units", [0, -1, 2.0, None, "a", True])
def test_evidence_is_of_a_number_of_units(n_units: Any) -> None:
    with pytest.raises(InputError, match="n_units: got"):
        Evidence.single(n_units, {})


@pytest.mark.parametrize("number", [-1, 5, 99, 0.5, None, "a"])
def test_parts_of_a_posterior_are_those_that_there_are(number: Any) -> None:
    cases = Evidence(np.tile(EVIDENCE.clamped[:, :4], (2, 1)), np.zeros((2, 4)))
    posterior = infer(Gibbs(), MACHINE, cases, n_draws=8, n_chains=2)
    assert posterior.samples_of(1).n_chains == posterior.of_first(4).samples.n_chains // 2 == 2
    with pytest.raises(InputError, match="case: got .*, expected a whole number from 0 to 1"):
        posterior.samples_of(number)
    with pytest.raises(InputError, match="n_units: got .*, expected a whole number from 1 to 4"):
        posterior.of_first(number)


@pytest.mark.parametrize("option", ["progress", "checkpoints"])
@pytest.mark.parametrize("given", [3, "a", {}])
def test_progress_and_checkpoints_of_another_kind_are_refused(option: str, given: Any) -> None:
    with pytest.raises(InputError, match=f"{option}: got .*, expected"):
        learned(**{option: given})


WEIGHTS = "expected the state_dict"


def small(n_hidden: int) -> SpikeTraining:
    tables: Any = {"network": {"hidden": [n_hidden]}, "learning": {"n_epochs": 1}}
    return SpikeTraining(**tables)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"substrate": 3}, "substrate: got int, expected a device"),
        ({"substrate": "chip"}, "substrate: got str, expected a device"),
        ({"initial": {}}, f"initial: got no parameters, {WEIGHTS}"),
        ({"initial": 3}, f"initial: got int, {WEIGHTS}"),
        ({"initial": {"weights": None}}, f"initial: got weights, {WEIGHTS}"),
    ],
)
def test_spikes_are_trained_with_devices_and_parameters_that_fit(
    options: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train_spikes([[0.2, 1.5]] * 30, [0, 1] * 15, small(2), **options)


def test_initial_parameters_of_another_network_are_refused() -> None:
    other = build_network(small(3), 2, 2).state_dict()
    with pytest.raises(InputError, match=r"initial\['.*'\]: got shape .*, expected a tensor"):
        train_spikes([[0.2, 1.5]] * 30, [0, 1] * 15, small(2), initial=other)
