"""The task of classifying by spikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from lasersampling.datasets.spikes import AnyPart
from lasersampling.learning.averaging import ParameterMeans
from lasersampling.learning.spikes.augmentation import training_samples
from lasersampling.learning.spikes.chips import chip_state, set_chip_state
from lasersampling.learning.spikes.decisions import judge
from lasersampling.learning.spikes.inputs import AnyInputs
from lasersampling.learning.spikes.losses import SpikeLoss
from lasersampling.learning.spikes.methods import AnyActivity, Recording, Runner, events_of
from lasersampling.learning.spikes.networks import AnyNetwork
from lasersampling.learning.spikes.recipes import SpikeLearning
from lasersampling.learning.task import Measurement, State, Step
from lasersampling.lif import SpikingNetwork
from lasersampling.lif.network import Activity
from lasersampling.lif.populations.answers import VOLTAGES, Answer
from lasersampling.lif.populations.recruitment import population_groups
from lasersampling.lif.recruitment import (
    Group,
    LiftedPeaks,
    NoRecruitment,
    RaisedWeights,
    Recruitment,
    layer_groups,
    silent_share,
)
from lasersampling.restoring import RETURNED, STATE, restoring


class SpikeClassification:
    """The task (`task.Task`) of classifying by spikes.

    Parameters
    ----------
    network : SpikingNetwork or PopulationNetwork
        The ensemble that is trained.
    parts : tuple of SpikeSet, EventSet or StoredEvents
        Training and validation part. The test part is not given, so that no measurement in a
        training, and nothing that is chosen by one, can depend on it.
    loss : SpikeLoss
        The loss.
    learning : SpikeLearning
        Batches, recruitment, averaging, measurements.
    runner : Runner
        Runs the network while it learns.
    """

    def __init__(
        self,
        network: AnyNetwork,
        parts: tuple[AnyPart, AnyPart],
        loss: SpikeLoss,
        learning: SpikeLearning,
        runner: Runner,
    ) -> None:
        self.network, self._runner = network, runner
        self._recording = runner if isinstance(runner, Recording) else None
        training, self._validation = parts
        self._loss, self._learning = loss, learning
        like = next(network.parameters())
        self._samples = training_samples(training, like, learning.augmentation, network.streams)
        self._labels = torch.from_numpy(training.labels).to(like.device)
        self._recruitment = _recruitment_of(learning)
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
        chosen = self._order[:, batch * size : (batch + 1) * size].to(self._labels.device)
        labels, inputs = self._labels[chosen], self._samples.of(chosen)
        activity = self._runner.run(inputs)
        answers = self._loss.answer.of(activity).to(labels.device)
        loss = self._loss(self.network, activity, answers, labels)
        loss.sum().backward()
        groups = _groups_of(self.network, activity, inputs)
        held = self._recruitment.act(groups)
        with torch.no_grad():
            right = (self._loss.answer.decided(answers) == labels).to(torch.float64).mean(1)
            metrics = {"loss": loss.cpu().numpy(), "train_accuracy": right.cpu().numpy()}
            for place, group in enumerate(groups):
                metrics[f"silent_share_{place}"] = silent_share(group.first).cpu().numpy()
            metrics["hidden_spikes"] = _hidden_spikes(activity, self._loss.answer).cpu().numpy()
        if self._recording is not None:
            recorded = self._recording.recorded().items()
            metrics |= {name: np.array(value) for name, value in recorded}
        metrics["held_share"] = held.to(torch.float64).cpu().numpy()
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
        judged = judge(self.network, self._validation, self._runner, self._loss.answer)
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

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`."""
        self.network.streams.set_state(state["streams"])
        self._recruitment.set_state(state["recruitment"])
        self._averages.set_state(state["averages"])
        set_chip_state(self._runner, state["chip"])


def _recruitment_of(learning: SpikeLearning) -> Recruitment:
    if learning.recruitment == "none":
        return NoRecruitment()
    kind = RaisedWeights if learning.recruitment == "raised" else LiftedPeaks
    return kind(learning.hidden_limit, learning.output_limit)


def _hidden_spikes(activity: AnyActivity, answer: Answer) -> Tensor:
    """Return the mean number of spikes of hidden neurons in a sample, (member,)."""
    if isinstance(activity, Activity):
        counts = [(own < torch.inf).to(torch.float64) for own in activity.spikes[:-1]]
        like = activity.output
    else:
        spiking = [own for own in activity.all_spikes if own is not None]
        hidden = spiking if answer.kind in VOLTAGES else spiking[:-1]
        counts, like = [own.counts().to(torch.float64) for own in hidden], spiking[0].counts()
    total = torch.zeros(len(like), dtype=torch.float64, device=like.device)
    return sum((own.sum(2).mean(1) for own in counts), total)


def _groups_of(network: AnyNetwork, activity: AnyActivity, inputs: AnyInputs) -> Sequence[Group]:
    """Layers or spiking populations, after a batch with these input spikes."""
    if isinstance(network, SpikingNetwork):
        assert isinstance(activity, Activity)
        return layer_groups(network, activity)
    assert not isinstance(activity, Activity)
    return population_groups(network, events_of(network, inputs), activity.all_spikes)
