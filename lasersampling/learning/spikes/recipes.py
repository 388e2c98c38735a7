"""Settings of the classification by spike times, its recipes, and the networks they describe."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from torch import nn

from lasersampling.checks import memory_problems, refuse
from lasersampling.config import Count, NonNegative, Positive, Probability, validated
from lasersampling.errors import Problem
from lasersampling.hardware import ChipModel, NominalNeuron
from lasersampling.hardware.chip_model import as_chip
from lasersampling.lif import (
    AxonalDelays,
    BiasSpikes,
    DelayRange,
    DendriticDelays,
    LIFLayer,
    Neuron,
    RepeatInputs,
    SpikingNetwork,
    SynapticDelays,
)
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.streams import Streams

BYTES_PER_WEIGHT = 32
"""Memory of a weight with its gradient and the moments of Adam [B]."""

DelayKind = Literal["none", "axonal", "dendritic", "synaptic"]


@validated
class NetworkSettings:
    """Layers of a network.

    Attributes
    ----------
    hidden : tuple of int
        Numbers of neurons of the hidden layers.
    neuron : NominalNeuron or None
        Parameters of all neurons; those of the chip if None, or the default ones.
    delays : "none", "axonal", "dendritic" or "synaptic"
        Axonal delays of inputs and hidden neurons, dendritic delays of hidden and output neurons,
        or one for each synapse.
    delay_range : DelayRange
        Range of the delays.
    weight_mean, weight_std : float
        Mean and standard deviation of initial weights to hidden neurons [1].
    output_weight_mean, output_weight_std : float or None
        The same for weights to output neurons; by default as for hidden neurons [1].
    input_copies : int
        Number of copies of each input, which share an axonal delay.
    bias_times : tuple of float
        Additional inputs that spike at these times [tau_syn].
    """

    hidden: tuple[Count, ...] = (30,)
    neuron: NominalNeuron | None = None
    delays: DelayKind = "none"
    delay_range: DelayRange = DelayRange()
    weight_mean: float = 1.0
    weight_std: NonNegative = 1.0
    output_weight_mean: float | None = None
    output_weight_std: NonNegative | None = None
    input_copies: Count = 1
    bias_times: tuple[NonNegative, ...] = ()


@validated
class LossSettings:
    """The loss that training minimises; see `lif.losses`.

    Attributes
    ----------
    kind : "time_difference" or "cross_entropy"
        The loss.
    separation, temperature : float
        Time scales of the time difference and of the cross-entropy [tau_syn].
    late_weight : float
        Weight of late spikes in the cross-entropy [1].
    absent_time : float
        Spike time that stands for an absent output spike, unless the latest spike of its sample
        comes after it; refused if the untrained network spikes later on the data [tau_syn].
    late_penalty, delay_penalty : float
        Strength of the penalties on output spikes after `latest` and on the mean delay [1].
    latest : float
        Time after which output spikes are penalised [tau_syn].
    """

    kind: Literal["time_difference", "cross_entropy"] = "time_difference"
    separation: Positive = 0.2
    temperature: Positive = 0.2
    late_weight: NonNegative = 0.0
    absent_time: Positive = 6.0
    late_penalty: NonNegative = 0.0
    delay_penalty: NonNegative = 0.0
    latest: Positive = 4.0


@validated
class SpikeLearning:
    """Settings of the learning of a network.

    Attributes
    ----------
    n_epochs, batch_size : int
        Number of passes through the data, and of samples per step.
    learning_rate, delay_learning_rate : float
        Rates of Adam, for weights and for parameters of delays [1].
    schedule : "step" or "cosine"
        Rates are multiplied by `decay_factor` every `decay_every` epochs, or decrease to 0 along a
        cosine.
    decay_every : int
        Number of epochs between two decreases of the rates by steps.
    decay_factor : float
        Factor of each decrease [1].
    recruitment : "raised" or "lifted"
        How silent neurons are recruited; see `lif.recruitment`.
    hidden_limit, output_limit : float
        Silent fraction of a hidden layer, and of the output layer, above which this is done [1].
    averaged_share : float
        The result is the mean of the parameters after each step of this last fraction of the epochs
        [1].
    gradient_limit : float or None
        Largest entry of a gradient [1].
    smallest_slope : float
        See `lif.first_spike_times` [1/tau_syn].
    evaluate_every : int
        Number of epochs between measurements on the validation part.
    patience : int
        Number of measurements without improvement after which training stops; 0 for never.
    """

    n_epochs: Count = 300
    batch_size: Count = 150
    learning_rate: Positive = 0.01
    delay_learning_rate: Positive = 0.01
    schedule: Literal["step", "cosine"] = "step"
    decay_every: Count = 20
    decay_factor: Positive = 0.95
    recruitment: Literal["raised", "lifted"] = "raised"
    hidden_limit: Probability = 0.3
    output_limit: Probability = 0.0
    averaged_share: Probability = 0.0
    gradient_limit: Positive | None = None
    smallest_slope: Positive = 1e-6
    evaluate_every: Count = 10
    patience: Annotated[int, Field(ge=0)] = 0


@validated
class ChipSettings:
    """The emulated chips on which networks run.

    Attributes
    ----------
    model : ChipModel
        Model of the chip; as text, the name of a shipped file or a path.
    seed : int
        Number of the first member's chip; the next member has the next one.
    training : "in_the_loop", "noise_aware" or "blind"
        While a network learns, its spikes come from its own chip, from another chip in each batch,
        or from the nominal model. The result is judged on its own chip in any case.
    """

    model: Annotated[ChipModel, BeforeValidator(as_chip)]
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    training: Literal["in_the_loop", "noise_aware", "blind"] = "in_the_loop"


Method = Literal["closed-form", "eventprop", "surrogate"]


@validated
class SpikeTraining:
    """Settings of networks that learn to classify.

    Attributes
    ----------
    members : int
        Number of networks that are trained together, with the seeds `seed`, `seed` + 1, ...
    network : NetworkSettings
        The network.
    chip : ChipSettings or None
        The emulated chip on which it runs, if any.
    loss : LossSettings
        The loss.
    learning : SpikeLearning
        Settings of the learning.
    seed : int
        Seed of the first member.
    method : "closed-form", "eventprop" or "surrogate"
        Where gradients come from: exact derivatives of first spikes in closed form; the same from
        event to event (`lif.events`); surrogate gradients on a time grid (`lif.grid`). Neurons
        spike once with all of them, and are judged by their exact spikes.
    grid : GridSettings or None
        The time grid of surrogate gradients, by default of steps of 0.05 until `loss.absent_time`.

    Raises
    ------
    InputError
        With all problems found, each with its dotted key; also for neurons beside a chip, and for
        a method beside a chip or settings that it does not know.

    Examples
    --------
    >>> from lasersampling.learning.spikes.recipes import SpikeTraining
    >>> settings = SpikeTraining(network={"hidden": [8]}, chip={"model": "brainscales2"})
    >>> settings.network.hidden, settings.neuron.threshold
    ((8,), 2.6)
    """

    members: Count = 1
    network: NetworkSettings = NetworkSettings()
    chip: ChipSettings | None = None
    loss: LossSettings = LossSettings()
    learning: SpikeLearning = SpikeLearning()
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    method: Method = "closed-form"
    grid: GridSettings | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.chip is not None and self.network.neuron is not None:
            expected = "none beside a chip, which has its own"
            problems.append(Problem("network.neuron", "neurons", expected))
        if self.chip is not None and self.method != "closed-form":
            expected = "closed-form beside a chip, whose neurons spike once"
            problems.append(Problem("method", repr(self.method), expected))
        if self.grid is not None and self.method != "surrogate":
            problems.append(Problem("grid", "settings", f"none with the method {self.method}"))
        refuse(problems)

    @property
    def neuron(self) -> Neuron:
        """Nominal neurons."""
        default = NominalNeuron() if self.chip is None else self.chip.model.neuron
        about = self.network.neuron or default
        return Neuron(about.threshold, about.leak, about.conductance, about.tau_mem)

    @property
    def seeds(self) -> range:
        """Seeds of the members."""
        return range(self.seed, self.seed + self.members)


@validated
class _NamedData:
    """The first key of a recipe."""

    data: str


@validated
class ClassifyRecipe(SpikeTraining, _NamedData):
    """Recipe of ``lasersampling classify``: the name of its data, and all of `SpikeTraining`.

    Attributes
    ----------
    data : str
        ``yin_yang``, ``mnist16``, ``mnist28``, or the user's own archive (``.npz``).
    checkpoint_interval_s : float
        Time between checkpoints [s].
    """

    checkpoint_interval_s: NonNegative = 20.0


def layer_sizes(training: SpikeTraining, n_inputs: int, n_classes: int) -> tuple[int, ...]:
    """Numbers of inputs of the first layer, bias spikes included, and of neurons of each layer."""
    network = training.network
    inputs = n_inputs * network.input_copies + len(network.bias_times)
    return inputs, *network.hidden, n_classes


def weight_problems(n_members: int, sizes: Sequence[int]) -> list[Problem]:
    """Check that weights, their gradients and two moments of Adam fit into the memory."""
    n_weights = sum(pre * post for pre, post in itertools.pairwise(sizes))
    return memory_problems("network (members, weights)", (n_members, n_weights), BYTES_PER_WEIGHT)


def build_network(
    training: SpikeTraining, n_inputs: int, n_classes: int, seeds: Sequence[int] | None = None
) -> SpikingNetwork:
    """Make the untrained ensemble.

    Parameters
    ----------
    training : SpikeTraining
        Settings of the members and their layers.
    n_inputs, n_classes : int
        Numbers of inputs and classes of the data.
    seeds : sequence of int, optional
        Seeds of the members, if not those of `training`.

    Raises
    ------
    InputError
        If its weights would not fit into the memory.
    """
    settings = training.network
    n_members = training.members if seeds is None else len(seeds)
    refuse(weight_problems(n_members, layer_sizes(training, n_inputs, n_classes)))
    streams = Streams(training.seeds if seeds is None else seeds)
    stages: list[nn.Module] = []
    if settings.input_copies > 1:
        stages.append(RepeatInputs(settings.input_copies))
    if settings.bias_times:
        stages.append(BiasSpikes(settings.bias_times))
    groups = [k for k in range(n_inputs) for _ in range(settings.input_copies)]
    groups += range(n_inputs, n_inputs + len(settings.bias_times))
    n_pre = len(groups)
    for place, n_post in enumerate((*settings.hidden, n_classes)):
        is_output = place == len(settings.hidden)
        if settings.delays == "axonal":
            shared = groups if place == 0 and settings.input_copies > 1 else None
            stages.append(AxonalDelays(n_pre, streams, settings.delay_range, shared=shared))
        synaptic = None
        if settings.delays == "synaptic":
            synaptic = SynapticDelays(n_post, n_pre, streams, settings.delay_range)
        mean, std = settings.weight_mean, settings.weight_std
        if is_output:
            mean = mean if settings.output_weight_mean is None else settings.output_weight_mean
            std = std if settings.output_weight_std is None else settings.output_weight_std
        stages.append(
            LIFLayer(
                n_pre,
                n_post,
                streams,
                training.neuron,
                weight_mean=mean,
                weight_std=std,
                synaptic_delays=synaptic,
                smallest_slope=training.learning.smallest_slope,
            )
        )
        if settings.delays == "dendritic":
            stages.append(DendriticDelays(n_post, streams, settings.delay_range))
        n_pre = n_post
    return SpikingNetwork(stages, streams)
