"""Learning images with a sampler in the loop, such as a network of lasers.

The task is that of `learning.pictures.persistent_cd`; the model half of the gradient, and
optionally the data half, come from draws of the sampler. So deviations of a device from its model
are corrected as far as weights and biases can. Learning starts from a machine that was trained
digitally.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems, kind_problems, refuse
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.draws import DATA_STREAM, MODEL_STREAM, ContinuedChains, Drawing
from lasersampling.learning.pictures.centred import (
    Batch,
    GivenUnits,
    Parameters,
    mean_of_rows,
    parameters_of,
)
from lasersampling.learning.pictures.persistent_cd import TrainedMachine, seeded, trained
from lasersampling.learning.pictures.settings import FineTuning
from lasersampling.learning.pictures.task import DataHalf, ImageTask, given_units
from lasersampling.learning.task import State
from lasersampling.learning.threads import one_thread
from lasersampling.restoring import RETURNED, STATE, restoring
from lasersampling.sampling.arguments import sampler_problems
from lasersampling.sampling.protocol import Sampler, Samples


class _SampledHalf:
    """Draws of a sampler whose chains continue from update to update."""

    def __init__(self, drawing: Drawing, layers: Layers, stream: int) -> None:
        self._chains, self._stream = ContinuedChains(drawing), stream
        self._layers = layers
        self._update = 0

    def _go_on(self, parameters: Parameters, clamped: np.ndarray | None = None) -> Samples:
        values = (part.to(torch.float64).numpy() for part in parameters.plain())
        machine = self._layers.machine(*values)
        samples = self._chains.go_on(machine, self._stream, self._update, clamped)
        self._update += 1
        return samples

    def _sides(self, samples: Samples, first_draw: int = 0) -> Batch:
        states = samples.states[:, first_draw:].reshape(-1, samples.n_units).astype(np.float32)
        even, odd = states[:, self._layers.even], states[:, self._layers.odd]
        return Batch(torch.from_numpy(even), torch.from_numpy(odd))

    def state(self) -> State:
        """Return the states of the chains."""
        return {"chains": self._chains.state(), "update": self._update}

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self._chains.set_state(state["chains"])
        self._update = int(state["update"])


class SampledModel(_SampledHalf):
    """Model half of the gradient: draws of all units."""

    def __init__(self, drawing: Drawing, layers: Layers) -> None:
        super().__init__(drawing, layers, MODEL_STREAM)

    def advance(self, parameters: Parameters) -> Batch:
        """Continue the chains, and return all draws of both sides."""
        return self._sides(self._go_on(parameters))


class SampledData(_SampledHalf):
    """Data half of the gradient: draws with clamped visible and label units, a chain per image.

    Chains had another image before, so the first half of the draws is left out.
    """

    def __init__(self, drawing: Drawing, layers: Layers) -> None:
        super().__init__(drawing, layers, DATA_STREAM)

    def fill(self, parameters: Parameters, given: Tensor) -> Batch:
        """Both sides for given units (batch, given), with as many draws for each."""
        clamped = np.full((len(given), self._layers.n_units), FREE, dtype=np.int8)
        clamped[:, : self._layers.n_given] = given.numpy()
        samples = self._go_on(parameters, clamped)
        return self._sides(samples, samples.n_draws // 2)


class _LoopTask(ImageTask):
    """`ImageTask` that also stores the chains of a sampled data half."""

    def state(self) -> State:
        """Return the states of generator, chains and averages."""
        kept = dict(super().state())
        if isinstance(self._data, SampledData):
            kept["data"] = self._data.state()
        return kept

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        super().set_state(state)
        if isinstance(self._data, SampledData):
            self._data.set_state(state["data"])


def fine_tune(
    machine: AnyMachine,
    images: ArrayLike,
    labels: ArrayLike | None,
    settings: FineTuning,
    *,
    sampler: Sampler,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedMachine:
    """Continue the training of a layered machine with a sampler in the loop.

    Weights that are 0 stay 0, so a limited fan-in is preserved.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        A machine that was trained, digitally or otherwise.
    images : array_like, shape (image, pixel)
        Values in [0, 1]; intermediate values are the probability of being drawn as 1.
    labels : array_like of int, shape (image,), or None
        Classes from 0, if the machine has label units.
    settings : FineTuning
        Settings of the learning.
    sampler : Sampler
        Sampler whose draws enter the gradient; its chains continue from update to update.
    seed : int
        The same seed gives the same bits.
    progress, checkpoints
        See `loop.train`.

    Returns
    -------
    TrainedMachine

    Raises
    ------
    InputError
        For arguments of another kind, a machine without layers, or data that do not fit it.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.boltzmann import RestrictedMachine
    >>> from lasersampling.learning.pictures.in_the_loop import fine_tune
    >>> from lasersampling.learning.pictures.settings import FineTuning
    >>> from lasersampling.sampling.gibbs import Gibbs
    >>> images = np.eye(4).repeat(5, axis=0)
    >>> machine = RestrictedMachine(np.full((2, 4), 0.1), np.zeros(4), np.zeros(2))
    >>> settings = FineTuning(n_epochs=2, batch_size=10, n_chains=4)
    >>> tuned = fine_tune(machine, images, None, settings, sampler=Gibbs(), seed=1)
    >>> tuned.machine.n_hidden
    2
    """
    refuse(
        kind_problems("settings", settings, FineTuning),
        sampler_problems(sampler),
        integer_problems("seed", seed, 0),
    )
    machine = as_machine(machine)
    layers = Layers.of_machine(machine)
    given, n_label = given_units(images, labels, max(1, machine.n_label))
    if (given.shape[1] - n_label, n_label) != (machine.n_visible, machine.n_label):
        got = f"{given.shape[1] - n_label} pixels and {n_label} labels"
        raise InputError.single("images", got, f"{machine.n_visible} and {machine.n_label}")

    def drawing(n_chains: int) -> Drawing:
        return Drawing(sampler, n_chains, settings.n_draws, seed)

    with one_thread(), torch.no_grad():
        parameters = parameters_of(machine, layers, mean_of_rows(given))
        data: DataHalf = GivenUnits(layers, settings.n_mean_field)
        if settings.both_halves:
            data = SampledData(drawing(min(settings.batch_size, len(given))), layers)
        model = SampledModel(drawing(settings.n_chains), layers)
        task = _LoopTask(given, parameters, data, model, seeded(seed), settings)
    return trained(task, layers, settings, progress, checkpoints)
