"""The label of an image according to the machine itself: p(label | visible units).

For each label the visible and label units are held and the hidden ones are summed out. This is
exact with one hidden layer, whose units are then independent. With several it is done by mean
field, which gives a lower bound of the log probability.

References
----------
Larochelle and Bengio, ICML (2008) 536 (restricted machines); Salakhutdinov and Hinton, AISTATS
(2009) 448 (mean field of deep ones).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine, logistic
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError

_IMAGES_AT_ONCE = 200


def label_posterior(
    machine: AnyMachine, images: ArrayLike, *, n_iterations: int = 20
) -> NDArray[np.float64]:
    """P(label | image), with one label unit at 1 and all others at 0.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        A layered machine with label units.
    images : array_like, shape (image, visible)
        Values in [0, 1].
    n_iterations : int
        Number of iterations of mean field, for machines with several hidden layers.

    Returns
    -------
    ndarray of float64, shape (image, label)
        Rows sum to one.

    Raises
    ------
    InputError
        For a machine without labels or layers, images of another size, or values out of range.
    """
    problems = integer_problems("n_iterations", n_iterations, 1)
    if problems:
        raise InputError(problems)
    machine = as_machine(machine)
    if machine.n_label == 0:
        raise InputError.single("machine", "no label units", "at least one")
    pixels = as_floats(images, "images")
    if pixels.ndim != 2 or pixels.shape[1] != machine.n_visible:
        expected = f"shape (image, {machine.n_visible})"
        raise InputError.single("images", f"shape {pixels.shape}", expected)
    if pixels.size and not (pixels.min() >= 0 and pixels.max() <= 1):
        got = f"values from {pixels.min():g} to {pixels.max():g}"
        raise InputError.single("images", got, "values from 0 (off) to 1 (on)")
    layers = Layers.of_machine(machine)
    found = np.empty((len(pixels), machine.n_label))
    for first in range(0, len(pixels), _IMAGES_AT_ONCE):
        part = slice(first, first + _IMAGES_AT_ONCE)
        for label in range(machine.n_label):
            given = np.zeros((len(pixels[part]), layers.n_given))
            given[:, : layers.n_visible] = pixels[part]
            given[:, layers.n_visible + label] = 1.0
            found[part, label] = log_weight(machine, layers, given, n_iterations)
    found = np.exp(found - found.max(axis=1, keepdims=True))
    posterior: NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
    return posterior


def log_weight(
    machine: BoltzmannMachine, layers: Layers, given: NDArray[np.float64], n_iterations: int = 20
) -> NDArray[np.float64]:
    """Give log sum_h exp(-E(given, h)), or its bound by mean field, shape (image,).

    `given` holds values in [0, 1] of the visible and label units, shape (image, visible + label).
    """
    weights, even_biases, odd_biases = layers.sides(machine)
    even_given, odd_given = layers.even < layers.n_given, layers.odd < layers.n_given
    even = np.full((len(given), len(layers.even)), 0.5)
    even[:, even_given] = given[:, layers.even[even_given]]
    odd_data = given[:, layers.odd[odd_given]]
    for _ in range(1 if even_given.all() else n_iterations):
        odd_field = even @ weights.T + odd_biases
        odd = logistic(odd_field)
        odd[:, odd_given] = odd_data
        even_field = odd @ weights + even_biases
        even[:, ~even_given] = logistic(even_field[:, ~even_given])
    # The odd units are optimal for the even ones of the last iteration. After one more update of
    # the odd units, their entropy and energy together become log(1 + exp(field)).
    odd_field = even @ weights.T + odd_biases
    free = np.logaddexp(0.0, odd_field[:, ~odd_given]).sum(axis=1)
    held = (odd_field[:, odd_given] * odd_data).sum(axis=1)
    entropy = _entropy(even[:, ~even_given]).sum(axis=1)
    bound: NDArray[np.float64] = even @ even_biases + free + held + entropy
    return bound


def _entropy(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    entropy: NDArray[np.float64] = -p * np.log(p) - (1 - p) * np.log1p(-p)
    return entropy
