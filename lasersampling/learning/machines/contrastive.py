"""Learning a distribution: a contrastive gradient with any sampler in the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ExponentialLR, LRScheduler

from lasersampling.boltzmann import AnyMachine, BoltzmannMachine, Moments, Target, as_machine
from lasersampling.checks import integer_problems
from lasersampling.config import NonNegative, Positive, Probability, validated
from lasersampling.errors import InputError
from lasersampling.learning.averaging import ParameterMeans
from lasersampling.learning.draws import Drawing, VisibleTables
from lasersampling.learning.early_stopping import Plateau
from lasersampling.learning.loop import Checkpoints, History, train
from lasersampling.learning.machines.parameters import Connectivity, MachineParameters
from lasersampling.learning.machines.phases import (
    ClampedData,
    ExactData,
    ExactModel,
    FreeModel,
    Gradient,
    Halves,
    ReleasedModel,
)
from lasersampling.learning.machines.reweighting import Reweighted
from lasersampling.learning.task import Estimate, State, Step
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import Sampler
from lasersampling.statistics import jackknife_error, kl_divergence, total_variation

Count = Annotated[int, Field(ge=1)]

_INITIAL_MARGIN = 0.02
"""Initial biases are log odds of the target, of probabilities kept this far from 0 and 1."""


@validated
class LearningSettings:
    """How a machine learns a distribution.

    Attributes
    ----------
    gradient : "exact", "cd", "pcd", "wake-sleep" or "reweighted"
        See `learning.machines.phases`.
    n_updates : int
        Steps of the optimiser, rounded up to whole epochs.
    updates_per_epoch : int
        Updates between measurements and checkpoints; all if there are fewer.
    n_chains, n_draws : int
        Chains, and draws per chain and update, of each half that is sampled.
    optimiser : "sgd" or "adam"
        Plain gradient descent, or Adam.
    learning_rate, final_learning_rate : float
        At the first and the last epoch; it falls exponentially [1].
    momentum : float
        Of plain gradient descent, and beta_1 of Adam [1].
    weight_decay : float
        Strength of the quadratic penalty on the couplings [1].
    sparsity, sparsity_strength : float
        Mean activity that hidden units are drawn to, and how strongly [1].
    weight_limit, bias_limit : float or None
        Largest size of weights and biases, kept by clipping after every update [1].
    averaged_share : float
        The result is the mean of the parameters over this last share of the updates, which removes
        the noise that single updates leave [1].
    patience : int
        Epochs without improvement beyond the noise after which learning stops; 0 for never.
    """

    gradient: Literal["exact", "cd", "pcd", "wake-sleep", "reweighted"] = "wake-sleep"
    n_updates: Count = 200
    updates_per_epoch: Count = 10
    n_chains: Annotated[int, Field(ge=2)] = 64
    n_draws: Count = 128
    optimiser: Literal["sgd", "adam"] = "sgd"
    learning_rate: Positive = 1.0
    final_learning_rate: Positive = 0.1
    momentum: Probability = 0.9
    weight_decay: NonNegative = 0.0
    sparsity: Probability = 0.5
    sparsity_strength: NonNegative = 0.0
    weight_limit: Positive | None = None
    bias_limit: Positive | None = None
    averaged_share: Probability = 0.5
    patience: Annotated[int, Field(ge=0)] = 0

    @property
    def epoch_length(self) -> int:
        """Updates in an epoch."""
        return min(self.updates_per_epoch, self.n_updates)

    @property
    def n_epochs(self) -> int:
        """Epochs."""
        return -(-self.n_updates // self.epoch_length)


class DistributionTask:
    """The task (`task.Task`) of learning a distribution.

    An update compares the moments of its two halves, see `learning.machines.phases`.

    Parameters
    ----------
    target : Target
        Distribution of the visible units.
    parameters : MachineParameters
        What is learned.
    gradient : Gradient
        Both halves of the gradient.
    settings : LearningSettings
        Epochs, regularisation, averages.
    """

    def __init__(
        self,
        target: Target,
        parameters: MachineParameters,
        gradient: Gradient,
        settings: LearningSettings,
    ) -> None:
        self.parameters = parameters
        self._target, self._gradient, self._settings = target, gradient, settings
        self._seen: list[VisibleTables] = []
        self._update = 0
        self._averages = ParameterMeans()

    @property
    def n_batches(self) -> int:
        """Updates in an epoch."""
        return self._settings.epoch_length

    def named_parameters(self) -> Mapping[str, Parameter]:
        """Return couplings and biases."""
        return self.parameters.named()

    def begin_epoch(self, epoch: int) -> None:
        """Forget what was seen in the epoch before."""
        self._seen = []

    def write_gradients(self, batch: int) -> Step:
        """Ask both halves for their moments."""
        machine = self.parameters.machine()
        data, model = self._gradient.halves(machine, self._update)
        self.parameters.write_gradient(data, model)
        if self._gradient.seen is not None:
            self._seen.append(self._gradient.seen)
        metrics = {"mean_error": _rms(data.mean - model.mean), "moment_error": _rms(
            (data.second - model.second)[self.parameters.pairs])}  # fmt: skip
        self._regularise(machine, data)
        return Step(metrics)

    def finish_step(self) -> None:
        """Clip, and add to the averages in the last updates."""
        settings = self._settings
        self.parameters.limit(settings.weight_limit, settings.bias_limit)
        self._update += 1
        n_updates = settings.n_epochs * settings.epoch_length
        if self._update > (1.0 - settings.averaged_share) * n_updates:
            self._averages.add(self.named_parameters())

    def evaluate(self, epoch: int) -> Mapping[str, Estimate]:
        """Compare what the model half saw in this epoch with the target."""
        if not self._seen:
            return {}
        target = self._target.probabilities
        total = np.mean([seen.total for seen in self._seen], axis=0)
        chains = np.mean([seen.chains for seen in self._seen], axis=0)
        left_out = (len(chains) * total - chains) / max(1, len(chains) - 1)
        # Rounding may leave a little less than nothing of a state that one chain alone has seen.
        left_out = left_out.clip(0.0)

        def estimate(distance: Callable[[NDArray[np.float64]], float]) -> Estimate:
            others = np.array([distance(table) for table in left_out])
            known = others.size > 0 and np.isfinite(others).all()
            return Estimate.of(distance(total), float(jackknife_error(others)) if known else 0.0)

        return {
            "kl_sample_target": estimate(lambda table: kl_divergence(table, target)),
            "kl_target_sample": estimate(lambda table: kl_divergence(target, table)),
            "total_variation": estimate(lambda table: total_variation(table, target)),
        }

    def result(self) -> BoltzmannMachine:
        """Return the machine of the averages, or of the last parameters if there are none."""
        named = self._averages.values or self.named_parameters()
        return self.parameters.machine_of(named["couplings"], named["biases"])

    def state(self) -> State:
        """Return number of updates, averages and where chains stand."""
        return {
            "target": self._target.probabilities,
            "update": self._update,
            "averages": self._averages.state(),
            "gradient": self._gradient.state(),
        }

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`.

        Raises
        ------
        InputError
            If it is of another target.
        """
        if not np.array_equal(state["target"], self._target.probabilities):
            raise InputError.single("target", "another one", "the one that was being learned")
        self._update = int(state["update"])
        self._averages.set_state(state["averages"])
        self._gradient.set_state(state["gradient"])

    def _regularise(self, machine: BoltzmannMachine, data: Moments) -> None:
        """Add the gradients of the penalties.

        Hidden units are drawn to their mean activity by their biases alone: H. Lee, C. Ekanadham,
        A. Ng, NIPS 20 (2008) 873, section 3.
        """
        settings = self._settings
        couplings, biases = self.parameters.couplings, self.parameters.biases
        assert couplings.grad is not None and biases.grad is not None
        couplings.grad += settings.weight_decay * couplings
        if machine.n_hidden and settings.sparsity_strength:
            excess = data.mean[machine.hidden] - settings.sparsity
            biases.grad[machine.hidden] += settings.sparsity_strength * torch.tensor(excess)


@dataclass(frozen=True, eq=False)
class LearnedMachine:
    """A machine that learned, and how.

    Attributes
    ----------
    machine : BoltzmannMachine
        The result.
    history : History
        What was recorded: "mean_error" and "moment_error", the rms differences of the moments of
        the two halves; "kl_sample_target", "kl_target_sample" and "total_variation" between what
        the model half saw in an epoch and the target.
    """

    machine: BoltzmannMachine
    history: History


def initial_machine(
    target: Target,
    n_hidden: int,
    *,
    seed: int,
    weight_std: float = 0.0,
    connectivity: Connectivity = "full",
) -> BoltzmannMachine:
    """Make a machine to start from: independent units with the target's means.

    Parameters
    ----------
    target : Target
        Distribution of the visible units.
    n_hidden : int
        Hidden units.
    seed : int
        Of the weights.
    weight_std : float
        Standard deviation of the weights of hidden units, which must not all be equal if they are
        to become different [1].
    connectivity : "full", "semirestricted" or "restricted"
        See `Connectivity`.
    """
    problems = integer_problems("n_hidden", n_hidden, 0)
    if problems:
        raise InputError(problems)
    mean = target.moments().mean.clip(_INITIAL_MARGIN, 1.0 - _INITIAL_MARGIN)
    biases = np.concatenate([np.log(mean / (1.0 - mean)), np.zeros(n_hidden)])
    machine = BoltzmannMachine(np.zeros((biases.size,) * 2), biases, n_hidden=n_hidden)
    parameters = MachineParameters.for_target(target, machine, connectivity)
    i, j = parameters.pairs
    drawn = np.random.default_rng(seed).normal(0.0, weight_std, len(i))
    couplings = np.where(j >= machine.n_visible, drawn, 0.0)
    return parameters.machine_of(torch.tensor(couplings), parameters.biases)


def learn(
    target: Target,
    initial: AnyMachine,
    settings: LearningSettings,
    *,
    sampler: Sampler | None = None,
    connectivity: Connectivity = "full",
    optimiser: Callable[..., Optimizer] | None = None,
    scheduler: Callable[[Optimizer], LRScheduler] | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
    checkpoint_interval_s: float = 20.0,
    resume: State | None = None,
) -> LearnedMachine:
    """Let a machine learn a distribution of its visible units.

    Parameters
    ----------
    target : Target
        The distribution.
    initial : BoltzmannMachine or RestrictedMachine
        Where learning starts; its visible units are those of the target.
    settings : LearningSettings
        How it learns.
    sampler : Sampler, optional
        What is in the loop, a device for example; Gibbs sampling by default. A gradient by
        enumeration needs none.
    connectivity : "full", "semirestricted" or "restricted"
        Which units are connected.
    optimiser : callable, optional
        ``optimiser(parameters, lr=...)`` gives a torch optimiser, in place of that in `settings`.
    scheduler : callable, optional
        ``scheduler(optimiser)`` gives a torch scheduler that is advanced after each epoch, in place
        of the exponential fall in `settings`.
    seed : int
        Of all updates.
    progress, checkpoints, checkpoint_interval_s, resume
        See `loop.train`.

    Returns
    -------
    LearnedMachine

    Raises
    ------
    InputError
        If target and machine do not fit, or an exact half is asked of more than 20 units.
    """
    initial = as_machine(initial, "initial")
    parameters = MachineParameters.for_target(target, initial, connectivity)
    gradient = _gradient(target, initial, settings, sampler or Gibbs(), seed)
    task = DistributionTask(target, parameters, gradient, settings)
    make = optimiser or _optimiser(settings)
    descent = make(list(parameters.named().values()), lr=settings.learning_rate)
    if scheduler is None:
        ratio = settings.final_learning_rate / settings.learning_rate
        schedule: LRScheduler = ExponentialLR(descent, ratio ** (1 / max(1, settings.n_epochs - 1)))
    else:
        schedule = scheduler(descent)
    stopping = Plateau("total_variation", settings.patience) if settings.patience else None
    history = train(
        task,
        descent,
        n_epochs=settings.n_epochs,
        scheduler=schedule,
        stopping=stopping,
        progress=progress,
        checkpoints=checkpoints,
        checkpoint_interval_s=checkpoint_interval_s,
        resume=resume,
    )
    return LearnedMachine(task.result(), history)


def _optimiser(settings: LearningSettings) -> Callable[..., Optimizer]:
    if settings.optimiser == "adam":
        return partial(torch.optim.Adam, betas=(settings.momentum, 0.999))
    return partial(torch.optim.SGD, momentum=settings.momentum)


def _gradient(
    target: Target,
    machine: BoltzmannMachine,
    settings: LearningSettings,
    sampler: Sampler,
    seed: int,
) -> Gradient:
    drawing = Drawing(sampler, settings.n_chains, settings.n_draws, seed)
    free = FreeModel(target.n_units, drawing)
    match settings.gradient:
        case "exact":
            return Halves(ExactData(target), ExactModel())
        case "pcd":
            return Halves(ExactData(target), free)
        case "wake-sleep":
            # Without hidden units nothing is left to be sampled in the data half.
            return Halves(ClampedData(target, drawing) if machine.n_hidden else
                          ExactData(target), free)  # fmt: skip
        case "reweighted":
            return Reweighted(target, drawing)
        case "cd":
            data = ClampedData(target, drawing)
            return Halves(data, ReleasedModel(drawing, data))


def _rms(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.mean(difference**2)) if difference.size else np.zeros(())
