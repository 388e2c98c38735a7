"""Learning to classify by which output neuron spikes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import Parameter
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR

from lasersampling.checks import kind_problems, refuse
from lasersampling.datasets.labels import label_problems
from lasersampling.datasets.mnist import mnist_spikes
from lasersampling.datasets.spikes import SpikeData, SpikeSet, divided, load_spikes
from lasersampling.datasets.yin_yang import yin_yang_spikes
from lasersampling.errors import InputError
from lasersampling.hardware import Substrate
from lasersampling.hardware.substrate import substrate_problems
from lasersampling.learning.averaging import ParameterMeans
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.descent import Descent
from lasersampling.learning.early_stopping import Plateau
from lasersampling.learning.history import History
from lasersampling.learning.loop import train
from lasersampling.learning.spikes.arguments import activity_problems, initial_problems
from lasersampling.learning.spikes.chips import (
    Runner,
    chip_state,
    learning_on,
    runners,
    set_chip_state,
)
from lasersampling.learning.spikes.recipes import (
    LossSettings,
    SpikeLearning,
    SpikeTraining,
    build_network,
)
from lasersampling.learning.spikes.windows import window_problems
from lasersampling.learning.task import Measurement, State, Step
from lasersampling.lif import SpikingNetwork, decisions, losses
from lasersampling.lif.delays import Delays
from lasersampling.lif.network import Activity
from lasersampling.lif.recruitment import LiftedPeaks, RaisedWeights, Recruitment, silent_share
from lasersampling.paths import expanded, suffix_of

_CHUNK = 500
"""Number of samples that are evaluated at once, which limits the memory."""

_DEFAULT = SpikeTraining()


def load_data(name: str) -> SpikeData:
    """Load labelled spike times by their name.

    Raises
    ------
    InputError
        If there are no such data.
    """
    if name == "yin_yang":
        return yin_yang_spikes()
    if name == "mnist28":
        return mnist_spikes(side=28)
    if name == "mnist16":
        return mnist_spikes(side=16)
    if suffix_of(name) == ".npz":
        return load_spikes(expanded(name))
    expected = "yin_yang, mnist16, mnist28, or a file .npz"
    raise InputError.single("data", repr(name), expected)


@dataclass(frozen=True, eq=False)
class Decisions:
    """Decisions of an ensemble on samples.

    Attributes
    ----------
    spikes : tuple of ndarray of float64, each (member, sample, neuron)
        Spikes of each layer, the last of which is the output after its delays [tau_syn].
    decided : ndarray of int64, shape (member, sample)
        Number of the neuron that spiked first, -1 for none.
    accuracy : Measurement, shape (member,)
        Fraction of correct decisions, with its standard error for so many samples.
    confusion : ndarray of int64, shape (member, label, decision)
        Samples by label and decision; the last decision is "none".
    """

    spikes: tuple[NDArray[np.float64], ...]
    decided: NDArray[np.int64]
    accuracy: Measurement
    confusion: NDArray[np.int64]


def judge(network: SpikingNetwork, part: SpikeSet, runner: Runner | None = None) -> Decisions:
    """Let an ensemble decide on samples.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble.
    part : SpikeSet
        The samples.
    runner : Runner, optional
        Runs the network; by default the network itself.
    """
    refuse(label_problems(part.labels, network.sizes[-1]))
    runner = network if runner is None else runner
    times = torch.from_numpy(part.times).to(next(network.parameters()))
    with torch.no_grad():
        chunks = [runner.run(chunk) for chunk in times.split(_CHUNK)]
    output = torch.cat([c.output for c in chunks], 1)
    n_hidden = len(network.layers) - 1
    hidden = [torch.cat([c.spikes[k] for c in chunks], 1) for k in range(n_hidden)]
    decided = decisions(output).numpy()
    right = (decided == part.labels).mean(1)
    n_classes = output.shape[2]
    confusion = np.zeros((network.n_members, n_classes, n_classes + 1), dtype=np.int64)
    for e in range(network.n_members):
        np.add.at(confusion[e], (part.labels, decided[e]), 1)
    spikes = tuple(layer.to(torch.float64).numpy() for layer in (*hidden, output))
    error = np.sqrt(right * (1.0 - right) / len(part))
    return Decisions(spikes, decided, Measurement.of(right, error), confusion)


class SpikeClassification:
    """The task (`task.Task`) of classifying by first spikes.

    Parameters
    ----------
    network : SpikingNetwork
        The ensemble that is trained.
    data : SpikeData
        Training and validation part.
    loss : LossSettings
        The loss.
    learning : SpikeLearning
        Batches, recruitment, averaging, measurements.
    runner : Runner, optional
        Runs the network while it learns.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        data: SpikeData,
        loss: LossSettings,
        learning: SpikeLearning,
        runner: Runner | None = None,
    ) -> None:
        self.network = network
        self._runner = network if runner is None else runner
        self._data, self._loss, self._learning = data, loss, learning
        self._times = torch.from_numpy(data.train.times).to(next(network.parameters()))
        self._labels = torch.from_numpy(data.train.labels)
        limits = learning.hidden_limit, learning.output_limit
        self._recruitment: Recruitment = (
            RaisedWeights(*limits) if learning.recruitment == "raised" else LiftedPeaks(*limits)
        )
        self._delays = [m for m in network.modules() if isinstance(m, Delays)]
        self._trained = {n: p for n, p in network.named_parameters() if p.requires_grad}
        self._order = torch.empty(0)
        self._averages = ParameterMeans()
        self._is_averaging = False

    @property
    def n_batches(self) -> int:
        """Number of batches in an epoch; the last may be smaller."""
        return -(-len(self._labels) // self._learning.batch_size)

    def named_parameters(self) -> Mapping[str, Parameter]:
        """Return weights, and parameters of delays if they are trained."""
        return self._trained

    def begin_epoch(self, epoch: int) -> None:
        """Shuffle the samples, for each member in its own way."""
        self._order = self.network.streams.permutations(len(self._labels))
        first = (1.0 - self._learning.averaged_share) * self._learning.n_epochs
        self._is_averaging = epoch >= first

    def write_gradients(self, batch: int) -> Step:
        """Write gradients of the loss, and treat silent neurons as the settings say."""
        size = self._learning.batch_size
        chosen = self._order[:, batch * size : (batch + 1) * size]
        labels = self._labels[chosen]
        activity = self._runner.run(self._times[chosen])
        loss = self._loss_of(activity, labels)
        loss.sum().backward()
        held = self._recruitment.act(self.network, activity)
        with torch.no_grad():
            right = (decisions(activity.output) == labels).to(torch.float64).mean(1)
            metrics = {"loss": loss.detach().numpy(), "train_accuracy": right.numpy()}
            for place, spikes in enumerate(activity.spikes):
                metrics[f"silent_share_{place}"] = silent_share(spikes).numpy()
        metrics["held_share"] = held.to(torch.float64).numpy()
        return Step(metrics, held)

    def finish_step(self) -> None:
        """Add the parameters to their averages, in the last epochs."""
        if self._is_averaging:
            self._averages.add(self._trained)

    def evaluate(self, epoch: int) -> Mapping[str, Measurement]:
        """Measure the accuracy on the validation part, at intervals and at the end."""
        done = epoch + 1
        if done % self._learning.evaluate_every and done != self._learning.n_epochs:
            return {}
        judged = judge(self.network, self._data.validation, self._runner)
        return {"validation_accuracy": judged.accuracy}

    def use_averages(self) -> None:
        """Replace the parameters by their averages, if there are any."""
        with torch.no_grad():
            for name, values in self._averages.values.items():
                self._trained[name].copy_(values)

    def state(self) -> State:
        """Return the states of random streams, recruitment and averages."""
        return {
            "streams": self.network.streams.state(),
            "recruitment": self._recruitment.state(),
            "averages": self._averages.state(),
            "chip": chip_state(self._runner),
        }

    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self.network.streams.set_state(state["streams"])
        self._recruitment.set_state(state["recruitment"])
        self._averages.set_state(state["averages"])
        set_chip_state(self._runner, state["chip"])

    def _loss_of(self, activity: Activity, labels: Tensor) -> Tensor:
        chosen, output = self._loss, activity.output
        # Weights and delays grow in training, and chips are late; so silence must not count as
        # earlier.
        absent = losses.absent_after(output, chosen.absent_time)
        if chosen.kind == "time_difference":
            loss = losses.time_difference(output, labels, chosen.separation, absent)
        else:
            loss = losses.first_spike_cross_entropy(
                output, labels, chosen.temperature, absent, chosen.late_weight
            )
        if chosen.late_penalty:
            loss = loss + chosen.late_penalty * losses.late_spikes(output, chosen.latest)
        if chosen.delay_penalty:
            for stage in self._delays:
                loss = loss + chosen.delay_penalty * losses.long_delays(stage.delays())
        return loss


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained ensemble, and the record of its training.

    Attributes
    ----------
    network : SpikingNetwork
        The ensemble, with its trained parameters.
    data : SpikeData
        The data on which it was trained.
    history : History
        Record of the training.
    runner : Runner
        Runs the network when it is judged.
    """

    network: SpikingNetwork
    data: SpikeData
    history: History
    runner: Runner

    @cached_property
    def test(self) -> Decisions:
        """Decisions of the networks on the test part, computed once."""
        return judge(self.network, self.data.test, self.runner)


def train_spikes(
    data: SpikeData | str | ArrayLike,
    labels: ArrayLike | None = None,
    settings: SpikeTraining = _DEFAULT,
    *,
    substrate: Substrate | None = None,
    initial: Mapping[str, Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Classifier:
    """Train spiking networks to classify by which output neuron spikes first.

    Parameters
    ----------
    data : SpikeData, str or array_like
        Labelled spike times in three parts; or their name, see `load_data`; or spike times of shape
        (sample, input), inf for absent spikes [tau_syn], a fifth of which is held out to test and a
        tenth of the rest to validate.
    labels : array_like, shape (sample,), optional
        Whole numbers or text, for spike times that are given as an array.
    settings : SpikeTraining
        Settings of the networks, the emulated chips, the learning, and the seeds.
    substrate : Substrate, optional
        Device for learning and judging, in place of emulated chips.
    initial : mapping of str to Tensor, optional
        Parameters to begin with, the ``state_dict()`` of a network of the same settings.
    progress, checkpoints
        See `loop.train`.

    Returns
    -------
    Classifier
        The networks, their history, and their decisions on the test part.

    Raises
    ------
    InputError
        For data that do not exist or do not fit, arguments of another kind, networks that do not
        fit into the memory, and times in the settings that come before spikes of the network.

    Examples
    --------
    >>> from lasersampling.learning.spikes.classification import train_spikes
    >>> from lasersampling.learning.spikes.recipes import SpikeTraining
    >>> times = [[0.2, 1.5], [1.5, 0.2]] * 30  # one of two inputs spikes first
    >>> labels = ["left", "right"] * 30
    >>> settings = SpikeTraining(
    ...     network={"hidden": [8]}, learning={"n_epochs": 20, "learning_rate": 0.05}, seed=1
    ... )
    >>> trained = train_spikes(times, labels, settings)
    >>> trained.history.arrays()["train_accuracy"].shape
    (20, 1)
    >>> float(trained.test.accuracy.value[0])
    1.0
    """
    refuse(
        kind_problems("settings", settings, SpikeTraining),
        [] if substrate is None else substrate_problems(substrate, "lif"),
    )
    data = _loaded(data, labels)
    refuse(activity_problems(settings, data))
    network = build_network(settings, data.n_inputs, data.n_classes)
    if initial is not None:
        refuse(initial_problems(initial, network))
        network.load_state_dict(dict(initial))
    refuse(window_problems(settings, network, data.train))
    learning = learning_on(settings)
    runner, judged_on = runners(settings, network, substrate)
    task = SpikeClassification(network, data, settings.loss, learning, runner)
    optimiser = torch.optim.Adam(_groups(task, learning), lr=learning.learning_rate)
    stopping = None
    if learning.patience:
        stopping = Plateau("validation_accuracy", learning.patience, larger_is_better=True)
    history = train(
        task,
        Descent(optimiser, _scheduler(optimiser, learning), learning.gradient_limit),
        n_epochs=learning.n_epochs,
        stopping=stopping,
        progress=progress,
        checkpoints=checkpoints,
    )
    task.use_averages()
    return Classifier(network, data, history, judged_on)


def _loaded(data: SpikeData | str | ArrayLike, labels: ArrayLike | None) -> SpikeData:
    if isinstance(data, SpikeData | str) and labels is not None:
        expected = "none beside data that have their own (settings are given by name)"
        raise InputError.single("labels", type(labels).__name__, expected)
    if isinstance(data, SpikeData):
        return data
    if isinstance(data, str):
        return load_data(data)
    if labels is None:
        raise InputError.single("labels", "none", "one for each sample, or data with labels")
    return divided(data, labels)


def _groups(task: SpikeClassification, learning: SpikeLearning) -> list[dict[str, Any]]:
    """Parameters in the optimiser's groups: weights, then those of delays."""
    named = task.named_parameters()
    weights = [p for name, p in named.items() if name.endswith("weights")]
    delays = [p for name, p in named.items() if not name.endswith("weights")]
    groups: list[dict[str, Any]] = [{"params": weights, "lr": learning.learning_rate}]
    if delays:
        groups.append({"params": delays, "lr": learning.delay_learning_rate})
    return groups


def _scheduler(optimiser: torch.optim.Optimizer, learning: SpikeLearning) -> LRScheduler:
    if learning.schedule == "step":
        return StepLR(optimiser, learning.decay_every, learning.decay_factor)
    return CosineAnnealingLR(optimiser, learning.n_epochs)
