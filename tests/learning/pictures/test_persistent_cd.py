from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Layers,
    RestrictedMachine,
    all_states,
    exact_distribution,
    exact_moments,
    label_posterior,
    marginal,
)
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.pictures.centred import (
    Batch,
    GivenUnits,
    Parameters,
    PersistentChains,
    draw_binary,
    initial_parameters,
    parameters_of,
    write_gradient,
)
from lasersampling.learning.pictures.persistent_cd import train
from lasersampling.learning.pictures.settings import PictureLearning
from lasersampling.statistics import kl_divergence

# Four patterns of six pixels with labels 0 and 1, each 25 times.
PATTERNS = np.array(
    [[1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1]]
)
IMAGES = np.repeat(PATTERNS, 25, axis=0).astype(float)
LABELS = np.repeat([0, 0, 1, 1], 25)
SMALL: dict[str, Any] = {"n_hidden": 4, "n_epochs": 300, "batch_size": 25, "n_chains": 50}


def random_parameters(seed):
    generator = torch.Generator().manual_seed(seed)
    return Parameters(
        torch.randn(3, 4, generator=generator),
        torch.randn(4, generator=generator),
        torch.randn(3, generator=generator),
        even_centre=torch.rand(4, generator=generator),
    )


def plain_machine(parameters):
    return RestrictedMachine(*[values.numpy() for values in parameters.plain()])


@pytest.mark.parametrize(
    ("optimiser", "learning_rate", "hidden_mean"),
    [("sgd", 0.5, 0.5), ("adam", 0.03, 0.5), ("adam", 0.03, 0.1)],
)
def test_learns_a_small_distribution(optimiser, learning_rate, hidden_mean):
    weights = BoltzmannMachine.random(5, weight_std=1.5, seed=3).weights
    teacher = exact_distribution(BoltzmannMachine(weights, -weights.sum(axis=1) / 2))
    images = all_states(5)[np.random.default_rng(0).choice(32, p=teacher, size=2000)]
    settings = PictureLearning(
        n_hidden=8,
        n_epochs=80,
        batch_size=100,
        n_chains=200,
        learning_rate=learning_rate,
        final_learning_rate=learning_rate / 10,
        weight_decay=0.0,
        hidden_mean=hidden_mean,
        optimiser=optimiser,
    )
    trained = train(images, None, settings, seed=1)
    learned = marginal(exact_distribution(trained.machine), range(5))
    frequencies = np.bincount(images @ (1 << np.arange(5)), minlength=32) / len(images)
    mean = images.mean(axis=0)
    independent = np.prod(np.where(all_states(5), mean, 1 - mean), axis=1)
    # A machine that learned the means alone stays at the divergence of independent units, 0.99.
    # Seeds 0 to 4 come to 0.036-0.040 with SGD and 0.011-0.013 with Adam.
    assert kl_divergence(frequencies, independent) > 0.9
    assert kl_divergence(frequencies, learned) < 0.06


def test_hidden_units_begin_at_their_mean():
    """Before training, hidden units are 1 with that probability, whatever the images are."""
    layers = Layers(6, (500,), 0)
    units = GivenUnits(layers, 1, hidden_mean=0.1)
    generator = torch.Generator().manual_seed(0)
    given = torch.from_numpy(IMAGES).float()
    parameters = initial_parameters(given, units, None, generator)
    mean = parameters.odd_probability(given).mean().item()
    assert mean == pytest.approx(0.1, abs=1e-3)  # weights of 0.01 change it by 1e-3 at most
    assert parameters.odd_centre.tolist() == pytest.approx([0.1] * 500)


def test_learns_labels_with_the_images():
    machine = train(IMAGES, LABELS, PictureLearning(**SMALL), n_classes=2, seed=2).machine
    assert (machine.n_visible, machine.n_label, machine.n_hidden) == (6, 2, 4)
    for label, right, wrong in ((0, [0, 1], [3, 4]), (1, [3, 4], [0, 1])):
        clamped = np.full(12, -1)
        clamped[6:8] = [label == 0, label == 1]
        mean = exact_moments(machine, clamped).mean
        assert mean[right].min() > 0.9
        assert mean[wrong].max() < 0.1


def test_a_deep_machine_learns_labels_with_the_images():
    settings = PictureLearning(n_hidden=(4, 3), n_epochs=400, batch_size=25, n_chains=50)
    machine = train(IMAGES, LABELS, settings, n_classes=2, seed=2).machine
    layers = Layers(6, (4, 3), 2)
    assert Layers.of_machine(machine) == layers
    assert not machine.weights[6:8, :6].any()
    for label, right, wrong in ((0, [0, 1], [3, 4]), (1, [3, 4], [0, 1])):
        clamped = np.full(machine.n_units, -1)
        clamped[6:8] = [label == 0, label == 1]
        mean = exact_moments(machine, clamped).mean
        assert mean[right].min() > 0.85
        assert mean[wrong].max() < 0.15
    posterior = label_posterior(machine, PATTERNS)
    assert posterior.argmax(axis=1).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_absent_weights_stay_exactly_zero(optimiser):
    connectivity = np.random.default_rng(0).random((4, 6)) < 0.5
    changed = {"n_epochs": 20, "optimiser": optimiser, "learning_rate": 0.05}
    settings = PictureLearning(**SMALL | changed)
    machine = train(
        IMAGES, LABELS, settings, n_classes=2, connectivity=connectivity, seed=1
    ).machine
    among = machine.weights[machine.hidden, :6]
    assert (among[~connectivity] == 0).all()
    assert (among[connectivity] != 0).all()
    assert (machine.weights[machine.hidden, machine.label] != 0).all()


def test_mean_field_holds_the_data_and_is_consistent():
    layers = Layers(3, (4, 2), 2)
    generator = torch.Generator().manual_seed(0)
    given = draw_binary(torch.full((20, 5), 0.5), generator)
    units = GivenUnits(layers, 200)
    allowed = torch.from_numpy(layers.connectivity()).float()
    parameters = initial_parameters(given, units, allowed, generator)
    parameters.weights.add_(0.5 * torch.randn(6, 5, generator=generator) * allowed)
    batch = units.fill(parameters, given)
    assert torch.equal(batch.even[:, :3], given[:, :3])
    assert torch.equal(batch.odd[:, 4:], given[:, 3:])
    torch.testing.assert_close(batch.even[:, 3:], parameters.even_probability(batch.odd)[:, 3:])
    torch.testing.assert_close(batch.odd[:, :4], parameters.odd_probability(batch.even)[:, :4])


def test_parameters_of_a_machine_are_that_machine():
    layers = Layers(4, (3, 2), 2)
    drawn = BoltzmannMachine.random(11, seed=2)
    weights, even, odd = layers.sides(drawn)
    machine = layers.machine(weights * layers.connectivity(), even, odd)
    parameters = parameters_of(machine, layers, torch.rand(6))
    again = layers.machine(*(values.numpy() for values in parameters.plain()))
    np.testing.assert_allclose(again.weights, machine.weights, atol=1e-6)
    np.testing.assert_allclose(again.biases, machine.biases, atol=1e-6)


def test_grey_levels_are_probabilities():
    images = np.tile([0.2, 0.5, 0.9], (500, 1))
    trained = train(images, None, PictureLearning(n_hidden=1, n_epochs=100, batch_size=100))
    mean = exact_moments(trained.machine).mean[:3]
    # Means of 200 chains and of 100 images that are drawn anew for every update: their standard
    # errors of up to 0.06 are averaged over hundreds of updates.
    np.testing.assert_allclose(mean, [0.2, 0.5, 0.9], atol=0.04)


def test_same_seed_same_bits_for_any_number_of_threads():
    settings = PictureLearning(**SMALL | {"n_epochs": 5})
    before = torch.get_num_threads()
    machines = []
    try:
        for n_threads, seed in ((1, 3), (2, 3), (1, 4)):
            torch.set_num_threads(n_threads)
            machines.append(train(IMAGES, LABELS, settings, seed=seed).machine)
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(machines[0].weights, machines[1].weights)
    assert np.array_equal(machines[0].biases, machines[1].biases)
    assert not np.array_equal(machines[0].weights, machines[2].weights)


def test_limits_are_kept():
    settings = PictureLearning(**SMALL, weight_limit=0.5, bias_limit=0.25)
    trained = train(IMAGES, None, settings)
    assert np.abs(trained.machine.weights).max() == pytest.approx(0.5)
    assert np.abs(trained.machine.biases).max() <= 0.25
    assert trained.history.arrays()["largest_weight"].max() <= 0.5


def test_weight_decay_shrinks_weights_and_not_biases():
    images = np.tile([1.0, 0.0], (100, 1))
    free, decayed = (
        train(images, None, PictureLearning(n_hidden=2, n_epochs=300, weight_decay=decay))
        for decay in (0.0, 1.0)
    )
    free = free.history.arrays()["weight_rms"][-1]
    assert decayed.history.arrays()["weight_rms"][-1] < 0.05 * free
    assert decayed.machine.biases[0] > 3


def test_history_and_progress():
    told: list[float] = []
    settings = PictureLearning(n_hidden=3, n_epochs=7, learning_rate=0.1, final_learning_rate=0.001)
    trained = train(IMAGES, None, settings, progress=told.append)
    assert told == [(epoch + 1) / 7 for epoch in range(7)]
    history = trained.history.arrays()
    assert {len(column) for column in history.values()} == {7}
    assert {"mean_error", "moment_error", "weight_rms", "largest_weight"} <= set(history)
    np.testing.assert_allclose(history["learning_rate_0"], 0.1 * 0.01 ** (np.arange(7) / 6))


def test_resuming_gives_the_same_bits(kept):
    settings = PictureLearning(n_hidden=3, n_epochs=10, batch_size=25, n_chains=20)
    asked: dict[str, Any] = {
        "images": IMAGES * 0.9, "labels": LABELS, "settings": settings, "n_classes": 2,
    }  # fmt: skip
    whole = train(**asked, seed=4)
    with pytest.raises(KeyboardInterrupt):
        train(
            **asked, seed=4, checkpoints=Checkpoints(kept),
            progress=lambda done: _stop() if done > 0.35 else None,
        )  # fmt: skip
    again = train(**asked, seed=4, checkpoints=Checkpoints(resume=kept.states[-1]))
    assert np.array_equal(whole.machine.weights, again.machine.weights)


def _stop():
    raise KeyboardInterrupt


def test_gradient_against_automatic_differentiation():
    parameters = random_parameters(5)
    data = draw_binary(torch.full((20, 4), 0.4), torch.Generator().manual_seed(1))

    def log_likelihood(weights, even_biases, odd_biases):
        def minus_free_energy(outer):
            outer = outer - parameters.even_centre
            field = outer @ weights.T + odd_biases
            hidden = torch.nn.functional.softplus(field) - 0.5 * field  # of h - 1/2
            return outer @ even_biases + hidden.sum(1)

        states = torch.tensor(all_states(4), dtype=torch.float32)
        return minus_free_energy(data).mean() - torch.logsumexp(minus_free_energy(states), 0)

    # The model's side without chance: each state about as often as a million draws show it, in
    # order, so that single precision would round a sum to the same side again and again.
    probabilities = marginal(exact_distribution(plain_machine(parameters).to_machine()), range(4))
    counts = np.rint(probabilities * 1e6).astype(int)
    model = torch.tensor(np.repeat(all_states(4), counts, axis=0), dtype=torch.float32)
    write_gradient(
        parameters,
        Batch(data, parameters.odd_probability(data)),
        Batch(model, parameters.odd_probability(model)),
    )
    copies = [
        parameter.detach().clone().requires_grad_() for parameter in parameters.named().values()
    ]
    expected = torch.autograd.grad(-log_likelihood(*copies), copies)
    for parameter, gradient in zip(parameters.named().values(), expected, strict=True):
        # Rounding of the counts: 16 states by half a millionth each; single precision of
        # probabilities and of the result: a few times 6e-8 on any processor.
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-5, rtol=0)


def test_plain_machine_has_the_conditional_probabilities_of_the_centred_one():
    parameters = random_parameters(6)
    machine = plain_machine(parameters)
    outer, hidden = (torch.tensor(all_states(n), dtype=torch.float32) for n in (4, 3))
    np.testing.assert_allclose(
        parameters.odd_probability(outer), machine.hidden_probability(outer), atol=1e-6
    )
    np.testing.assert_allclose(
        parameters.even_probability(hidden), machine.visible_probability(hidden), atol=1e-6
    )


def test_chains_sample_the_machine():
    parameters = random_parameters(7)
    chains = PersistentChains(20000, 3, torch.Generator().manual_seed(1), 50)
    reached = chains.advance(parameters)
    mean = exact_moments(plain_machine(parameters).to_machine()).mean
    # Standard errors of at most 0.5 / sqrt(20000) = 0.0035.
    np.testing.assert_allclose(reached.even.mean(0), mean[:4], atol=5 * 0.0035)
    np.testing.assert_allclose(reached.odd.mean(0), mean[4:], atol=5 * 0.0035)


GOOD = {"images": IMAGES, "labels": LABELS, "settings": PictureLearning(n_hidden=2, n_epochs=1)}
BAD = [
    ({"images": IMAGES[0]}, r"images: got shape \(6,\)"),
    ({"images": np.zeros((0, 6))}, r"images: got shape \(0, 6\)"),
    ({"images": IMAGES * 16}, r"images: got values outside \[0, 1\]"),
    ({"images": IMAGES * float("nan")}, r"images: got values outside \[0, 1\]"),
    ({"labels": LABELS[:-1]}, r"labels: got shape \(99,\), expected \(100,\)"),
    ({"labels": LABELS + 9}, "labels: got .* outside, values from 9 to 10"),
    ({"connectivity": np.ones((2, 5), dtype=bool)}, r"connectivity: got bool of shape \(2, 5\)"),
    ({"seed": -1}, "seed: got -1"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_arguments(change, message):
    with pytest.raises(InputError, match=message):
        train(**{**GOOD, **change})
