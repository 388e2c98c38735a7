import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM

from lasersampling.boltzmann import from_bernoulli_rbm
from lasersampling.errors import InputError


def test_a_trained_machine_has_the_same_free_energies_and_conditionals():
    data = np.random.default_rng(0).integers(0, 2, (50, 6))
    model = BernoulliRBM(n_components=4, learning_rate=0.5, n_iter=20, random_state=0).fit(data)
    machine = from_bernoulli_rbm(model, n_label=2)
    assert (machine.n_visible, machine.n_label, machine.n_hidden) == (4, 2, 4)
    np.testing.assert_allclose(machine.hidden_probability(data), model.transform(data))
    np.testing.assert_allclose(machine.free_energy(data), model._free_energy(data))


def test_what_is_not_fitted_is_refused():
    with pytest.raises(InputError, match="BernoulliRBM without components_"):
        from_bernoulli_rbm(BernoulliRBM())
