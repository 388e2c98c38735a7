"""The losses of networks that classify by spikes, with their penalties."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lasersampling.checks import refuse
from lasersampling.datasets.labels import label_problems
from lasersampling.learning.spikes.methods import AnyActivity
from lasersampling.learning.spikes.networks import AnyNetwork
from lasersampling.learning.spikes.parts import LossSettings
from lasersampling.lif import losses
from lasersampling.lif.delays import Delays
from lasersampling.lif.network import Activity
from lasersampling.lif.populations.answers import Answer


class SpikeLoss:
    """The loss of a batch, for each member.

    Parameters
    ----------
    settings : LossSettings
        Kind and strengths.
    answer : Answer
        What of the output neurons is compared.
    """

    def __init__(self, settings: LossSettings, answer: Answer) -> None:
        self._settings, self.answer = settings, answer

    def __call__(
        self, network: AnyNetwork, activity: AnyActivity, answers: Tensor, labels: Tensor
    ) -> Tensor:
        """Return the loss, shape (member,).

        Parameters
        ----------
        network : SpikingNetwork or PopulationNetwork
            The network, whose delays may be penalised.
        activity : Activity
            What it did; the rates of its hidden neurons may be penalised.
        answers : Tensor, shape (member, sample, class)
            Its answers.
        labels : Tensor of int64, shape (member, sample)
            The right ones.
        """
        settings = self._settings
        if settings.is_of_first_spikes:
            loss = self._of_first_spikes(answers, labels)
        else:
            loss = cross_entropy(answers, labels, settings.temperature)
        if settings.delay_penalty:
            for stage in (m for m in network.modules() if isinstance(m, Delays)):
                loss = loss + settings.delay_penalty * losses.long_delays(stage.delays())
        if settings.rate_penalty and not isinstance(activity, Activity):
            limits = settings.lowest_rate, settings.highest_rate
            for spikes in activity.all_spikes[:-1]:
                if spikes is not None:
                    counts = spikes.counts()
                    loss = loss + settings.rate_penalty * rate_penalty(counts, *limits)
        return loss

    def _of_first_spikes(self, output: Tensor, labels: Tensor) -> Tensor:
        chosen = self._settings
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
        return loss


def cross_entropy(answers: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the label with classes of probability softmax(answer / temperature).

    Parameters
    ----------
    answers : Tensor, shape (member, sample, class)
        Numbers of spikes, voltages or their integrals; the largest wins.
    labels : Tensor of int64, shape (member, sample)
        The right classes.
    temperature : float
        Lead that makes an answer certain, in the unit of the answers.

    Returns
    -------
    Tensor, shape (member,)

    Raises
    ------
    InputError
        For labels that no neuron stands for.
    """
    refuse(label_problems(labels, answers.shape[-1]))
    chances = functional.log_softmax(answers / temperature, dim=-1)
    return -chances.gather(-1, labels[..., None])[..., 0].mean(-1)


def rate_penalty(counts: Tensor, lowest: float, highest: float) -> Tensor:
    """Sum over neurons of the squared distance of their rates from an interval, (member,).

    Parameters
    ----------
    counts : Tensor, shape (member, sample, neuron)
        Numbers of spikes; their mean over samples is the rate [1].
    lowest, highest : float
        The interval [1].
    """
    rate = counts.mean(1)
    outside = torch.relu(lowest - rate) + torch.relu(rate - highest)
    return (outside * outside).sum(-1)
