"""Settings of the classification by spikes, and its recipes."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from lasersampling.checks import refuse
from lasersampling.config import Count, NonNegative, Probability, validated
from lasersampling.config.ranges import GradientLimit, LearningRate, Scale, SmallestSlope
from lasersampling.datasets.picture_spikes import Encoding
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import ChipModel, NominalNeuron
from lasersampling.hardware.chip_model import as_chip
from lasersampling.learning.spikes.augmentation import Augmentation
from lasersampling.learning.spikes.effects import idle_problems
from lasersampling.learning.spikes.parts import (
    EventFileSettings,
    LossSettings,
    Method,
    NetworkSettings,
)
from lasersampling.lif import Neuron
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.answers import VOLTAGES, Answer, AnswerKind

DEFAULT_STEP = 0.05
"""Step of the grid of surrogate gradients if none is given [tau_syn]."""


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
    recruitment : "raised", "lifted" or "none"
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
    weight_decay : float
        Rate at which weights decrease towards 0 beside the steps of Adam, per step and learning
        rate; parameters of delays do not [1].
    augmentation : Augmentation or None
        How the pictures of the training part are varied, if they are.
    evaluate_every : int
        Number of epochs between measurements on the validation part.
    patience : int
        Number of measurements without improvement after which training stops; 0 for never.

    Raises
    ------
    InputError
        For a decay that would remove whole weights in a step.
    """

    n_epochs: Count = 300
    batch_size: Count = 150
    learning_rate: LearningRate = 0.01
    delay_learning_rate: LearningRate = 0.01
    schedule: Literal["step", "cosine"] = "step"
    decay_every: Count = 20
    decay_factor: Scale = 0.95
    recruitment: Literal["raised", "lifted", "none"] = "raised"
    hidden_limit: Probability = 0.3
    output_limit: Probability = 0.0
    averaged_share: Probability = 0.0
    gradient_limit: GradientLimit | None = None
    smallest_slope: SmallestSlope = 1e-6
    weight_decay: NonNegative = 0.0
    augmentation: Augmentation | None = None
    evaluate_every: Count = 10
    patience: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.weight_decay * self.learning_rate >= 1.0:
            expected = f"below {1.0 / self.learning_rate:g}, so that no step removes a whole weight"
            raise InputError.single("weight_decay", f"{self.weight_decay:g}", expected)


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
        Where gradients come from: exact derivatives of first spikes in closed form, for stacks of
        neurons that spike once; exact derivatives from event to event (`lif.events`); surrogate
        gradients on a time grid (`lif.grid`). With all of them networks are judged by their exact
        spikes.
    grid : GridSettings or None
        The time grid of surrogate gradients, by default of steps of 0.05 until voltages are no
        longer read out, or until `loss.absent_time`.

    Raises
    ------
    InputError
        With all problems found, each with its dotted key; also for neurons beside a chip, and for
        settings that the method does not know.

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
        if self.grid is not None and self.method != "surrogate":
            problems.append(Problem("grid", "settings", f"none with the method {self.method}"))
        if self._lacks_voltages:
            expected = (
                "how the chip samples voltages of membranes, which surrogate gradients need unless "
                "chip.training = blind"
            )
            problems.append(Problem("chip.model.voltages", "none", expected))
        problems += _network_problems(self.network, self.loss, self.learning, self.method)
        again = self.network.after_spike
        if again is not None and again.reset >= self.neuron.threshold:
            expected = f"a voltage below the threshold, {self.neuron.threshold:g}"
            problems.append(Problem("network.after_spike.reset", f"{again.reset:g}", expected))
        refuse(problems or self._step_problems())
        until = None if self.is_stack else self.answer.until
        if self.grid is not None and until is not None and self.grid.end != until:
            where = end_key(dataclasses.replace(self, grid=None))
            expected = f"{until:g}, when the runs end that are judged ({where})"
            raise InputError.single("grid.end", f"{self.grid.end:g}", expected)

    @property
    def _lacks_voltages(self) -> bool:
        """Whether a network learns from voltages of a chip that does not tell any."""
        if self.method != "surrogate" or self.chip is None or self.chip.training == "blind":
            return False
        return self.chip.model.voltages is None

    def _step_problems(self) -> list[Problem]:
        """Compare the steps of the grid with the time constants of the network."""
        if self.method != "surrogate":
            return []
        taus = [self.neuron.tau_mem, self.neuron.tau_syn]
        if self.network.read_out is not None:
            taus += [self.network.read_out.tau_mem, self.network.read_out.tau_syn]
        longest, shortest = DEFAULT_STEP, min(float(tau) for tau in taus)
        if self.grid is not None:
            longest = self.grid.length  # steps are shortened to fill the run
        if longest <= shortest:
            return []
        got = f"none, which means {DEFAULT_STEP:g}" if self.grid is None else f"{self.grid.step:g}"
        expected = f"at most {shortest:g}, the shortest time constant of the network"
        return [Problem("grid.step", got, expected)]

    @property
    def is_stack(self) -> bool:
        """Whether the network is a stack of layers whose neurons spike once, and first ones win."""
        return self.network.is_stack and self.loss.is_of_first_spikes

    @property
    def answer(self) -> Answer:
        """What of the output neurons is the answer of the network."""
        if self.loss.is_of_first_spikes:  # recurrent networks may never become silent
            return Answer(until=None if self.is_stack else self.loss.absent_time)
        if self.loss.kind == "count":
            return Answer("count", until=self.loss.absent_time)
        read_out = self.network.read_out
        assert read_out is not None
        kind: AnswerKind = "maximum" if self.loss.kind == "maximum" else "integral"
        return Answer(kind, until=read_out.until, decay=self.loss.decay)

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
        ``yin_yang``, ``digits``, ``mnist16``, ``mnist28``; a task of docs/timing_tasks.md such as
        ``intervals``; a folder of MNIST's own files (IDX), or the user's own archive (``.npz``);
        ``shd``, ``ssc``, or the training file of such a set (``.h5``); see `load_data`.
    train_samples : int or None
        Number of training samples, the first ones of the data; all if not given.
    event_files : EventFileSettings or None
        How files of such a set are read.
    encoding : Encoding or None
        How the brightness of pixels becomes spike times; bright ones first, from 0.15 to 2, by
        default.
    checkpoint_interval_s : float
        Time between checkpoints [s].
    """

    train_samples: Count | None = None
    event_files: EventFileSettings | None = None
    encoding: Encoding | None = None
    checkpoint_interval_s: NonNegative = 20.0


def end_key(training: SpikeTraining) -> str:
    """Return the key of the time at which runs end while a network learns.

    Parameters
    ----------
    training : SpikeTraining
        The settings.
    """
    if training.grid is not None:
        return "grid.end"
    return "loss.absent_time" if training.network.read_out is None else "network.read_out.until"


def _network_problems(
    network: NetworkSettings, loss: LossSettings, learning: SpikeLearning, method: Method
) -> list[Problem]:
    """What of a network, its loss and its gradients does not belong together."""
    problems = []
    has_voltages = network.read_out is not None
    is_stack = network.is_stack and loss.is_of_first_spikes
    if network.delays == "axonal" and network.input_copies > 1 and not is_stack:
        got, expected = (
            f"{network.input_copies}",
            "1 with axonal delays of neurons that spike again",
        )
        problems.append(Problem("network.input_copies", got, expected))
    if loss.kind in VOLTAGES and not has_voltages:
        expected = "output neurons without threshold, whose voltages this loss reads"
        problems.append(Problem("network.read_out", "none", expected))
    if loss.kind not in VOLTAGES and has_voltages:
        expected = f"none with the loss {loss.kind}, which needs output spikes"
        problems.append(Problem("network.read_out", "settings", expected))
    if loss.highest_rate < loss.lowest_rate:
        got, expected = f"{loss.highest_rate:g}", f"at least lowest_rate, {loss.lowest_rate:g}"
        problems.append(Problem("loss.highest_rate", got, expected))
    if method == "closed-form":
        given = {
            "network.after_spike": network.after_spike is not None,
            "network.recurrent": network.recurrent is not None,
            "network.read_out": has_voltages and loss.kind in VOLTAGES,
            "loss.kind": loss.kind == "count",
        }
        expected = "none with closed-form, which knows first spikes only; see method"
        problems += [
            Problem(name, "given", expected) for name, is_given in given.items() if is_given
        ]
    if has_voltages and not network.hidden:
        expected = "hidden neurons, since nothing spikes that could be read out"
        problems.append(Problem("network.hidden", "none", expected))
    return problems + idle_problems(network, loss, learning, method)
