"""Learning to classify by spikes: data, training, and the trained networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR

from lasersampling.checks import kind_problems, refuse
from lasersampling.datasets.spikes import AnyData, divided
from lasersampling.errors import InputError
from lasersampling.hardware import Substrate
from lasersampling.hardware.substrate import substrate_problems
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.descent import Descent
from lasersampling.learning.devices import usable_device
from lasersampling.learning.early_stopping import Plateau
from lasersampling.learning.history import History
from lasersampling.learning.loop import train
from lasersampling.learning.spikes.arguments import activity_problems, initial_problems
from lasersampling.learning.spikes.augmentation import augmentation_problems
from lasersampling.learning.spikes.chips import device_problems, learning_on, runners
from lasersampling.learning.spikes.data import load_data
from lasersampling.learning.spikes.decisions import Decisions, judge
from lasersampling.learning.spikes.losses import SpikeLoss
from lasersampling.learning.spikes.methods import Runner
from lasersampling.learning.spikes.networks import AnyNetwork, network_of
from lasersampling.learning.spikes.recipes import SpikeLearning, SpikeTraining
from lasersampling.learning.spikes.task import SpikeClassification
from lasersampling.learning.spikes.windows import window_problems
from lasersampling.lif.delays import Delays
from lasersampling.lif.populations.answers import Answer

_DEFAULT = SpikeTraining()


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained ensemble, and the record of its training.

    Attributes
    ----------
    network : SpikingNetwork or PopulationNetwork
        The ensemble, with its trained parameters.
    data : SpikeData, EventData or StoredEventData
        The data on which it was trained.
    history : History
        Record of the training.
    runner : Runner
        Runs the network when it is judged.
    answer : Answer
        What of the output neurons decides.
    """

    network: AnyNetwork
    data: AnyData
    history: History
    runner: Runner
    answer: Answer

    @cached_property
    def test(self) -> Decisions:
        """Decisions of the networks on the test part, computed once."""
        return judge(self.network, self.data.test, self.runner, self.answer)


def train_spikes(
    data: AnyData | str | ArrayLike,
    labels: ArrayLike | None = None,
    settings: SpikeTraining = _DEFAULT,
    *,
    substrate: Substrate | None = None,
    torch_device: str | torch.device = "cpu",
    initial: Mapping[str, Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Classifier:
    """Train spiking networks to classify by their output neurons.

    Parameters
    ----------
    data : SpikeData, EventData, StoredEventData, str or array_like
        Labelled spike times in three parts; or their name, see `load_data`; or spike times of shape
        (sample, input), inf for absent spikes [tau_syn], a fifth of which is held out to test and a
        tenth of the rest to validate.
    labels : array_like, shape (sample,), optional
        Whole numbers or text, for spike times that are given as an array.
    settings : SpikeTraining
        Settings of the networks, the emulated chips, the learning, and the seeds.
    substrate : Substrate, optional
        Device for learning and judging, in place of emulated chips.
    torch_device : str or torch.device
        Device on which torch computes while the networks learn. The exact engine (`lif.events`)
        computes on the CPU always, and the trained networks are there.
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
        For a device that torch cannot use here, a substrate of another model than the chip of the
        settings, data that do not exist or do not fit, arguments of another kind, networks that do
        not fit into the memory, and times in the settings that come before spikes of the network.

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
    refuse([] if substrate is None else device_problems(settings.chip, substrate))
    device = usable_device(torch_device)
    data = _loaded(data, labels)
    refuse(
        activity_problems(settings, data),
        augmentation_problems(settings.learning.augmentation, data.train),
    )
    network = network_of(settings, data.n_inputs, data.n_classes)
    if initial is not None:
        refuse(initial_problems(initial, network))
        network.load_state_dict(dict(initial))
    refuse(window_problems(settings, network, data))
    chip = settings.chip
    if substrate is not None and chip is not None and chip.training != "in_the_loop":
        expected = "in_the_loop with a substrate, which takes the place of the chips"
        raise InputError.single("chip.training", repr(chip.training), expected)
    network.to(device)
    learning = learning_on(settings)
    runner, judged_on = runners(settings, network, substrate)
    loss = SpikeLoss(settings.loss, settings.answer)
    task = SpikeClassification(network, (data.train, data.validation), loss, learning, runner)
    optimiser = _optimiser(task, learning)
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
    network.to("cpu")
    return Classifier(network, data, history, judged_on, settings.answer)


def on_own_chips(
    network: AnyNetwork, data: AnyData, history: History, settings: SpikeTraining
) -> Classifier:
    """Put networks that have learned on the chips of the settings, to be judged there.

    Parameters
    ----------
    network : SpikingNetwork or PopulationNetwork
        The ensemble, trained blindly.
    data : SpikeData, EventData or StoredEventData
        The data on which it was trained.
    history : History
        Record of the training.
    settings : SpikeTraining
        Settings of the chips, and those of the training.
    """
    _, judged_on = runners(settings, network)
    return Classifier(network, data, history, judged_on, settings.answer)


def _loaded(data: AnyData | str | ArrayLike, labels: ArrayLike | None) -> AnyData:
    if isinstance(data, AnyData | str) and labels is not None:
        expected = "none beside data that have their own (settings are given by name)"
        raise InputError.single("labels", type(labels).__name__, expected)
    if isinstance(data, AnyData):
        return data
    if isinstance(data, str):
        return load_data(data)
    if labels is None:
        raise InputError.single("labels", "none", "one for each sample, or data with labels")
    return divided(data, labels)


def _optimiser(task: SpikeClassification, learning: SpikeLearning) -> torch.optim.Optimizer:
    groups = _groups(task, learning)
    if not learning.weight_decay:
        return torch.optim.Adam(groups, lr=learning.learning_rate, fused=True)
    groups[0]["weight_decay"] = learning.weight_decay
    return torch.optim.AdamW(groups, lr=learning.learning_rate, weight_decay=0.0, fused=True)


def _groups(task: SpikeClassification, learning: SpikeLearning) -> list[dict[str, Any]]:
    """Parameters in the optimiser's groups: delays have a rate of their own."""
    named = task.named_parameters()
    of_delays = {
        id(p) for m in task.network.modules() if isinstance(m, Delays) for p in m.parameters()
    }
    weights = [p for p in named.values() if id(p) not in of_delays]
    delays = [p for p in named.values() if id(p) in of_delays]
    groups: list[dict[str, Any]] = [{"params": weights, "lr": learning.learning_rate}]
    if delays:
        groups.append({"params": delays, "lr": learning.delay_learning_rate})
    return groups


def _scheduler(optimiser: torch.optim.Optimizer, learning: SpikeLearning) -> LRScheduler:
    if learning.schedule == "step":
        return StepLR(optimiser, learning.decay_every, learning.decay_factor)
    return CosineAnnealingLR(optimiser, learning.n_epochs)
