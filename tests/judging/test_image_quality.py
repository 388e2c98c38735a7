import numpy as np
import pytest

from lasersampling.boltzmann import Layers, layered_log_partition
from lasersampling.datasets.pictures import Pictures
from lasersampling.errors import InputError
from lasersampling.judging.image_quality import MEASURES, ImageJudge, quality_over_time, ratios
from lasersampling.judging.images import GeneratedImages
from lasersampling.learning.pictures.label_reader import train_label_reader
from lasersampling.results.contents import Metric
from lasersampling.sampling import Samples

CLASSES, PIXELS = 3, 12
PROBABILITY = np.array([[0.9] * 4 + [0.1] * 8, [0.1] * 4 + [0.9] * 4 + [0.1] * 4,
                        [0.1] * 8 + [0.9] * 4])  # fmt: skip


def drawn(labels, seed, probability=PROBABILITY):
    generator = np.random.default_rng(seed)
    return (generator.random((len(labels), PIXELS)) < probability[labels]).astype(float)


def pictures():
    train, test = np.repeat(np.arange(CLASSES), 60), np.repeat(np.arange(CLASSES), 20)
    return Pictures(drawn(train, 1), train, drawn(test, 2), test, (3, 4), ("a", "b", "c"))


@pytest.fixture(scope="module")
def judge():
    data = pictures()
    layers = Layers(PIXELS, (4,), CLASSES)
    log_odds = np.log(PROBABILITY.mean(0) / (1 - PROBABILITY.mean(0)))
    machine = layers.machine(np.zeros((4, 15)), np.append(log_odds, np.zeros(3)), np.zeros(4))
    return ImageJudge(machine, data, train_label_reader(data), layered_log_partition(machine))


def generated(n_draws=6, seed=3, probability=PROBABILITY, per_label=20):
    """Images drawn at random from the law of the data, with labels given and not."""
    labels = np.repeat(np.arange(CLASSES), per_label)
    generator = np.random.default_rng(seed)
    states = np.zeros((len(labels) + 30, n_draws, 19), dtype=np.int8)
    for draw in range(n_draws):
        shown = np.append(labels, generator.integers(0, CLASSES, 30))
        states[:, draw, :PIXELS] = drawn(shown, 100 * seed + draw, probability)
    return GeneratedImages(Samples(states, "test", seed), np.append(labels, np.full(30, -1)))


def test_samples_of_the_data_s_law_are_as_good_as_held_out_images(judge):
    found, best = judge.measures(generated(), range(6)), judge.held_out()
    assert set(found) == set(MEASURES)
    for name, metric in best.items():
        if name.endswith("_error"):  # six draws of a chain against one
            assert found[name].value < metric.value
            continue
        error = np.hypot(found[name].standard_error, metric.standard_error)
        assert abs(found[name].value - metric.value) < 4 * error
    assert abs(found["adversarial_accuracy"].value - 0.5) < 0.1
    assert found["effective_classes"].value == pytest.approx(3, abs=0.1)
    # Labels of free images are drawn anew each time.
    rate = found["switches_per_read"]
    assert abs(rate.value - 2 / 3) < 4 * rate.standard_error


def test_the_log_probability_is_that_of_the_machine(judge):
    """Pixels and labels are independent in this machine."""
    found = generated(n_draws=2)
    means = np.clip(PROBABILITY.mean(axis=0), 0, 1)
    states = found.samples.states[found.labels >= 0][:, :, :PIXELS]
    logs = np.where(states == 1, np.log(means), np.log(1 - means)).sum(axis=2) - 3 * np.log(2)
    metric = judge.measures(found, [0, 1])["log_probability"]
    assert metric.value == pytest.approx(logs.mean())
    assert metric.standard_error == pytest.approx(
        logs.mean(axis=1).std(ddof=1) / np.sqrt(len(logs))
    )


def test_each_measure_sees_what_it_is_there_for(judge):
    good = judge.measures(generated(), range(6))
    swapped = judge.measures(generated(probability=PROBABILITY[[1, 2, 0]]), range(6))
    assert swapped["label_accuracy"].value < 0.2 < good["label_accuracy"].value
    assert swapped["mean_error"].value > 3 * good["mean_error"].value
    even = np.tile(PROBABILITY.mean(axis=0), (CLASSES, 1))
    grey = judge.measures(generated(probability=even), range(6))
    assert grey["correlation_error"].value > 2 * good["correlation_error"].value
    assert grey["adversarial_accuracy"].value > good["adversarial_accuracy"].value + 0.1
    # Copies of training images.
    copies = generated(n_draws=1)
    labels = copies.labels[copies.labels >= 0]
    copies.samples.states[: len(labels), 0, :PIXELS] = judge._data_like(labels)
    told = judge.measures(copies, [0])
    assert told["neighbour_distance"].value == 0
    assert told["adversarial_accuracy"].value < 0.4
    assert "switches_per_read" not in told


def test_errors_hold_over_repetitions(judge):
    """The spread of 30 repetitions is the claimed error, to the 13 % that 30 values tell."""
    found = [judge.measures(generated(2, seed=seed), [0, 1]) for seed in range(30)]
    for name in set(MEASURES) - {"effective_classes"}:
        values = np.array([one[name].value for one in found])
        claimed = np.sqrt(np.mean([one[name].standard_error ** 2 for one in found]))
        spread = values.std(ddof=1) / claimed
        # Draws of a chain are independent here, which the error of the accuracy does not know.
        low = 0.4 if name == "adversarial_accuracy" else 0.6
        assert low < spread < 1.6, name


def test_over_time(judge):
    found = generated()
    curves = quality_over_time(judge, found, [0, 5])
    values, errors = curves["label_accuracy"]
    assert values.shape == errors.shape == (2,)
    assert values[1] == judge.measures(found, [5])["label_accuracy"].value


def test_ratios_have_the_errors_of_both():
    one, other = {"a": Metric(3.0, 0.3, "1", "x"), "b": Metric(1.0, None, "1", "y")}, {}
    other["a"] = Metric(2.0, 0.1, "1", "x")
    found = ratios(one, other)
    assert set(found) == {"a"}
    assert found["a"].value == 1.5
    assert found["a"].standard_error == pytest.approx(1.5 * np.hypot(0.1, 0.05))
    assert ratios(one, {"a": Metric(0.0, None, "1", "x")}) == {}


def test_bad_requests(judge):
    with pytest.raises(InputError, match="at least 2 chains for each label"):
        judge.measures(generated(per_label=1), [0])
    with pytest.raises(InputError, match="70 images of label 0, expected|got 70 images of label 0"):
        judge.measures(generated(1, per_label=70), [0])
    grey = pictures()
    grey.train_images[0, 0] = 0.5
    with pytest.raises(InputError, match="pictures: got grey levels"):
        ImageJudge(judge.machine, grey, judge.reader, judge.partition)
    with pytest.raises(InputError, match="machine: got 2 label units"):
        ImageJudge(Layers(12, (3,), 2).machine(np.zeros((3, 14)), np.zeros(14), np.zeros(3)),
                   pictures(), judge.reader, judge.partition)  # fmt: skip
