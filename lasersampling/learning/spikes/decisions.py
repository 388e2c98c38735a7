"""Decisions of networks on labelled samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lasersampling.checks import kind_problems, refuse
from lasersampling.datasets.labels import label_problems
from lasersampling.datasets.spikes import AnyPart
from lasersampling.errors import Problem
from lasersampling.learning.spikes.inputs import samples_of
from lasersampling.learning.spikes.methods import AnyActivity, Runner, runner_of
from lasersampling.learning.spikes.networks import AnyNetwork
from lasersampling.learning.task import Measurement
from lasersampling.learning.threads import one_thread
from lasersampling.lif.network import Activity, SpikingNetwork
from lasersampling.lif.populations.answers import FIRST_SPIKE, VOLTAGES, Answer

_CHUNK = 500
"""Number of samples that are evaluated at once, which limits the memory."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """Decisions of an ensemble on samples.

    Attributes
    ----------
    spikes : tuple of ndarray of float64, each (member, sample, neuron)
        First spikes of each spiking layer; those of the output after its delays [tau_syn].
    counts : tuple of ndarray of int64, each (member, sample, neuron)
        Numbers of spikes of the same neurons.
    answers : ndarray of float64, shape (member, sample, class)
        What decides; see `lif.populations.answers.Answer`.
    decided : ndarray of int64, shape (member, sample)
        Number of the winning neuron, -1 for none.
    accuracy : Measurement, shape (member,)
        Fraction of correct decisions, with its standard error for so many samples.
    confusion : ndarray of int64, shape (member, label, decision)
        Samples by label and decision; the last decision is "none".
    """

    spikes: tuple[NDArray[np.float64], ...]
    counts: tuple[NDArray[np.int64], ...]
    answers: NDArray[np.float64]
    decided: NDArray[np.int64]
    accuracy: Measurement
    confusion: NDArray[np.int64]


def judge(
    network: AnyNetwork,
    part: AnyPart,
    runner: Runner | None = None,
    answer: Answer = FIRST_SPIKE,
) -> Decisions:
    """Let an ensemble decide on samples.

    Parameters
    ----------
    network : SpikingNetwork or PopulationNetwork
        The ensemble.
    part : SpikeSet, EventSet or StoredEvents
        The samples.
    runner : Runner, optional
        Runs the network; by default it runs exactly.
    answer : Answer
        What decides, by default the first spike.

    Raises
    ------
    InputError
        For labels that no output neuron stands for, and times that do not fit the network.

    Examples
    --------
    >>> from lasersampling.config import shipped_path
    >>> from lasersampling.datasets import yin_yang_spikes
    >>> from lasersampling.learning.spikes import judge
    >>> from lasersampling.lif import load_network
    >>> network = load_network(shipped_path("networks", "yin_yang_small")).network
    >>> judge(network, yin_yang_spikes().test).decided.shape
    (10, 1000)
    """
    expected = "a SpikingNetwork or a PopulationNetwork"
    refuse(
        kind_problems("network", network, AnyNetwork, expected),
        kind_problems("part", part, AnyPart, "a SpikeSet or an EventSet"),
        kind_problems("answer", answer, Answer),
    )
    refuse(_answer_problems(network, answer))
    n_classes = _n_classes(network)
    refuse(label_problems(part.labels, n_classes))
    runner = runner_of(network, answer) if runner is None else runner
    samples = samples_of(part, next(network.parameters()))
    inputs = samples.in_chunks(_CHUNK, network.n_members)
    with one_thread(), torch.no_grad():
        chunks = [_Chunk.of(runner.run(chunk), answer) for chunk in inputs]
    answers = torch.cat([chunk.answers for chunk in chunks], 1)
    decided = answer.decided(answers).numpy()
    right = (decided == part.labels).mean(1)
    n_members = len(decided)
    confusion = np.zeros((n_members, n_classes, n_classes + 1), dtype=np.int64)
    for e in range(n_members):
        np.add.at(confusion[e], (part.labels, decided[e]), 1)
    error = np.sqrt(right * (1.0 - right) / len(part))
    return Decisions(
        spikes=tuple(s.numpy() for s in _joined([chunk.first for chunk in chunks])),
        counts=tuple(c.numpy() for c in _joined([chunk.counts for chunk in chunks])),
        answers=answers.to(torch.float64).numpy(),
        decided=decided,
        accuracy=Measurement.of(right, error),
        confusion=confusion,
    )


@dataclass(frozen=True, eq=False)
class _Chunk:
    """What is kept of some samples, on the CPU."""

    first: list[Tensor]
    counts: list[Tensor]
    answers: Tensor

    @classmethod
    def of(cls, activity: AnyActivity, answer: Answer) -> _Chunk:
        answers = answer.of(activity).cpu()
        if isinstance(activity, Activity):
            first = [*activity.spikes[:-1], activity.output]
            counts = [torch.isfinite(own).to(torch.int64) for own in first]
        else:
            spiking = [own for own in activity.all_spikes if own is not None]
            first = [own.first() for own in spiking]
            counts = [own.counts() for own in spiking]
        return cls(
            [own.cpu().to(torch.float64) for own in first],
            [own.detach().cpu().round().to(torch.int64) for own in counts],
            answers,
        )


def _joined(parts: list[list[Tensor]]) -> list[Tensor]:
    """Join the samples of each layer."""
    return [torch.cat(own, 1) for own in zip(*parts, strict=True)]


def _answer_problems(network: AnyNetwork, answer: Answer) -> list[Problem]:
    """Check that the output neurons can give this answer."""
    spiking = isinstance(network, SpikingNetwork) or network.populations[-1].spiking
    if spiking == (answer.kind not in VOLTAGES):
        return []
    kinds = "Answer() or Answer('count')" if spiking else "Answer('maximum', until=...) or such"
    do = "spike" if spiking else "do not spike"
    expected = f"{kinds}, since the output neurons {do}; files keep it as `answer`"
    return [Problem("answer", repr(answer.kind), expected)]


def _n_classes(network: AnyNetwork) -> int:
    if isinstance(network, SpikingNetwork):
        return network.sizes[-1]
    return network.populations[-1].n_neurons
