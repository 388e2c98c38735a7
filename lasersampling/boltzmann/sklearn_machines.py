"""Machines that scikit-learn trained."""

from __future__ import annotations

from typing import Any

from lasersampling.boltzmann.restricted import RestrictedMachine
from lasersampling.errors import InputError

_FITTED = ("components_", "intercept_visible_", "intercept_hidden_")


def from_bernoulli_rbm(model: Any, *, n_label: int = 0) -> RestrictedMachine:
    """Convert a trained `sklearn.neural_network.BernoulliRBM`.

    Parameters
    ----------
    model : BernoulliRBM
        The model, after `fit`.
    n_label : int
        How many of its last visible units are label units.

    Raises
    ------
    InputError
        If it is not fitted, or has fewer visible units.

    Examples
    --------
    >>> from sklearn.neural_network import BernoulliRBM
    >>> model = BernoulliRBM(n_components=3, n_iter=1, random_state=0).fit([[0, 1], [1, 1]])
    >>> from_bernoulli_rbm(model).to_machine().n_units
    5
    """
    missing = [name for name in _FITTED if not hasattr(model, name)]
    if missing:
        got = f"{type(model).__name__} without {', '.join(missing)}"
        raise InputError.single("model", got, "a fitted BernoulliRBM")
    return RestrictedMachine(
        model.components_, model.intercept_visible_, model.intercept_hidden_, n_label
    )
