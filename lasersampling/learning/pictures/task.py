"""The task of learning images: <z z'> of the data minus <z z'> of the machine, batch by batch.

The maker of the task chooses how hidden units follow from visible and label ones (`DataHalf`), and
which chains represent the machine (`ModelHalf`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import Parameter

from lasersampling.arrays import as_floats
from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.datasets.digits import N_CLASSES, label_units
from lasersampling.errors import InputError
from lasersampling.learning.averaging import ParameterMeans
from lasersampling.learning.pictures.centred import Batch, Parameters, draw_binary, write_gradient
from lasersampling.learning.pictures.settings import PictureUpdates
from lasersampling.learning.task import Measurement, State, Stateful, Step
from lasersampling.restoring import RETURNED, STATE, restoring

_PLAIN = ("weights", "even_biases", "odd_biases")


class DataHalf(Protocol):
    """Gives both sides of the machine for visible and label units."""

    def fill(self, parameters: Parameters, given: Tensor) -> Batch:
        """Both sides for given units (batch, given)."""
        ...


class ModelHalf(Stateful, Protocol):
    """Gives both sides of the machine when nothing is given."""

    def advance(self, parameters: Parameters) -> Batch:
        """Continue the chains, and return their states."""
        ...


class ImageTask:
    """The task (`task.Task`) of learning images by persistent contrastive divergence.

    Parameters
    ----------
    given : Tensor, shape (image, given)
        Values in [0, 1] of visible and label units.
    parameters : Parameters
        Parameters that are learned.
    data : DataHalf
        Fills hidden units, given these.
    model : ModelHalf
        Chains that continue from update to update.
    generator : torch.Generator
        Source of random numbers for order and binarisation.
    settings : PictureUpdates
        Batches, limits and averages.
    """

    def __init__(
        self,
        given: Tensor,
        parameters: Parameters,
        data: DataHalf,
        model: ModelHalf,
        generator: torch.Generator,
        settings: PictureUpdates,
    ) -> None:
        self.parameters = parameters
        self._given, self._generator = given, generator
        self._is_binary = bool(((given == 0) | (given == 1)).all())
        self._data, self._model, self._settings = data, model, settings
        self._size = min(settings.batch_size, len(given))
        self._is_averaging = False
        self._order = torch.empty(0)
        self._averages = ParameterMeans()

    @property
    def n_batches(self) -> int:
        """Number of batches in an epoch; an incomplete one is dropped."""
        return len(self._given) // self._size

    def named_parameters(self) -> Mapping[str, Parameter]:
        """Return weights and biases."""
        return self.parameters.named()

    def begin_epoch(self, epoch: int) -> None:
        """Shuffle the images."""
        self._order = torch.randperm(len(self._given), generator=self._generator)
        self._is_averaging = epoch >= self._settings.first_averaged

    def write_gradients(self, batch: int) -> Step:
        """Compare a batch with the chains after some sweeps."""
        parameters = self.parameters
        with torch.no_grad():
            given = self._given[self._order[batch * self._size : (batch + 1) * self._size]]
            if not self._is_binary:
                given = draw_binary(given, self._generator)
            data = self._data.fill(parameters, given)
            model = self._model.advance(parameters)
            write_gradient(parameters, data, model)
        return Step(
            {
                "mean_error": _rms(parameters.even_biases.grad),
                "moment_error": _rms(parameters.weights.grad),
            }
        )

    def finish_step(self) -> None:
        """Clip, and add to the averages in the last epochs."""
        with torch.no_grad():
            self.parameters.limit(self._settings.weight_limit, self._settings.bias_limit)
            if self._is_averaging:
                plain = [values.to(torch.float64) for values in self.parameters.plain()]
                self._averages.add(dict(zip(_PLAIN, plain, strict=True)))

    def evaluate(self, epoch: int) -> Mapping[str, Measurement]:
        """Measure the size of the weights."""
        weights = self.parameters.weights
        return {
            "weight_rms": Measurement.of(_rms(weights)),
            "largest_weight": Measurement.of(weights.abs().max().item()),
        }

    def machine(self, layers: Layers) -> BoltzmannMachine:
        """Return the machine of the averages."""
        weights, even, odd = (self._averages.values[name].numpy() for name in _PLAIN)
        return layers.machine(weights, even, odd)

    def state(self) -> State:
        """Return the states of generator, chains and averages."""
        return {
            "generator": self._generator.get_state(),
            "model": self._model.state(),
            "averages": self._averages.state(),
        }

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self._generator.set_state(state["generator"].clone())  # torch misreads views
        self._model.set_state(state["model"])
        self._averages.set_state(state["averages"])


def given_units(
    images: ArrayLike, labels: ArrayLike | None, n_classes: int = N_CLASSES
) -> tuple[Tensor, int]:
    """Values of visible and label units, shape (image, given), and the number of label units.

    Raises
    ------
    InputError
        If images are not of shape (image, pixel) with values in [0, 1], or labels do not fit.
    """
    pixels = as_floats(images, "images")
    if pixels.ndim != 2 or pixels.size == 0:
        raise InputError.single("images", f"shape {pixels.shape}", "shape (image, pixel)")
    # Written so that nan fails it too.
    if not ((pixels >= 0) & (pixels <= 1)).all():
        raise InputError.single("images", "values outside [0, 1]", "values in [0, 1]")
    if labels is None:
        return torch.tensor(pixels, dtype=torch.float32), 0
    units = label_units(labels, n_classes)
    if units.shape != (len(pixels), n_classes):
        expected = f"({len(pixels)},), one for each image"
        raise InputError.single("labels", f"shape {units.shape[:-1]}", expected)
    return torch.tensor(np.hstack([pixels, units]), dtype=torch.float32), n_classes


def _rms(values: Tensor | None) -> NDArray[np.float64]:
    assert values is not None
    return np.array(values.square().mean().sqrt().item())
