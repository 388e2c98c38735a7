"""Learning a distribution: a contrastive gradient with any sampler in the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Parameter

from lasersampling.boltzmann import AnyMachine, BoltzmannMachine, Moments, Target, as_machine
from lasersampling.checks import (
    integer_problems,
    kind_problems,
    memory_problems,
    number_problems,
    refuse,
)
from lasersampling.errors import InputError
from lasersampling.learning.averaging import ParameterMeans
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.draws import Drawing, VisibleTables
from lasersampling.learning.history import History
from lasersampling.learning.loop import train
from lasersampling.learning.machines.parameters import (
    Connectivity,
    MachineParameters,
    target_problems,
)
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
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.learning.machines.symmetry import WEIGHT_STD, spread_problems, warn_if_alike
from lasersampling.learning.task import Measurement, State, Step
from lasersampling.restoring import RETURNED, STATE, restoring
from lasersampling.sampling.arguments import sampler_problems
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import Sampler
from lasersampling.statistics import jackknife_error, kl_divergence, total_variation

_BYTES_PER_WEIGHT = 64
"""Memory of a weight with its copies and the numbers of its units while a machine is made [B]."""

_INITIAL_MARGIN = 0.02
"""Initial biases are log odds of the target, with probabilities kept this far from 0 and 1."""


class DistributionTask:
    """The task (`task.Task`) of learning a distribution.

    An update compares the moments of its two halves, see `learning.machines.phases`.

    Parameters
    ----------
    target : Target
        Distribution of the visible units.
    parameters : MachineParameters
        Parameters that are learned.
    gradient : Gradient
        Both halves of the gradient.
    settings : DistributionLearning
        Epochs, regularisation, averages.
    """

    def __init__(
        self,
        target: Target,
        parameters: MachineParameters,
        gradient: Gradient,
        settings: DistributionLearning,
    ) -> None:
        self.parameters = parameters
        self._target, self._gradient, self._settings = target, gradient, settings
        self._seen: list[VisibleTables] = []
        self._update = 0
        self._averages = ParameterMeans()

    @property
    def n_batches(self) -> int:
        """Number of updates in an epoch."""
        return self._settings.epoch_length

    def named_parameters(self) -> Mapping[str, Parameter]:
        """Return couplings and biases."""
        return self.parameters.named()

    def begin_epoch(self, epoch: int) -> None:
        """Discard what was recorded in the epoch before."""
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

    def evaluate(self, epoch: int) -> Mapping[str, Measurement]:
        """Compare the draws of the model half in this epoch with the target."""
        if not self._seen:
            return {}
        target = self._target.probabilities
        total = np.mean([seen.total for seen in self._seen], axis=0)
        chains = np.mean([seen.chains for seen in self._seen], axis=0)
        left_out = (len(chains) * total - chains) / max(1, len(chains) - 1)
        left_out = left_out.clip(0.0)  # rounding: a state that only one chain has seen

        def measured(distance: Callable[[NDArray[np.float64]], float]) -> Measurement:
            others = np.array([distance(table) for table in left_out])
            known = others.size > 0 and np.isfinite(others).all()
            error = float(jackknife_error(others)) if known else np.nan
            return Measurement.of(distance(total), error)

        return {
            "kl_sample_target": measured(lambda table: kl_divergence(table, target)),
            "kl_target_sample": measured(lambda table: kl_divergence(target, table)),
            "total_variation": measured(lambda table: total_variation(table, target)),
        }

    def result(self) -> BoltzmannMachine:
        """Return the machine of the averages, or of the last parameters if there are none."""
        named = self._averages.values or self.named_parameters()
        return self.parameters.machine_of(named["couplings"], named["biases"])

    def state(self) -> State:
        """Return number of updates, averages and the states of the chains."""
        return {
            "target": self._target.probabilities,
            "update": self._update,
            "averages": self._averages.state(),
            "gradient": self._gradient.state(),
        }

    @restoring(STATE, RETURNED)
    def set_state(self, state: State) -> None:
        """Continue from a state returned by `state`, for the same target."""
        if not np.array_equal(state["target"], self._target.probabilities):
            raise InputError.single("target", "another one", "the one that was being learned")
        self._update = int(state["update"])
        self._averages.set_state(state["averages"])
        self._gradient.set_state(state["gradient"])

    def _regularise(self, machine: BoltzmannMachine, data: Moments) -> None:
        """Add the gradients of the penalties.

        Hidden units are drawn towards their mean activity by their biases alone: H. Lee, C.
        Ekanadham, A. Ng, NIPS 20 (2008) 873, section 3.
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
    """A learned machine, and the record of its learning.

    Attributes
    ----------
    machine : BoltzmannMachine
        The result.
    history : History
        "mean_error" and "moment_error", the rms differences of the moments of the two halves;
        "kl_sample_target", "kl_target_sample" and "total_variation" between the draws of the model
        half in an epoch and the target. An error is nan where it is unknown, since the
        divergence is infinite without some chain.
    """

    machine: BoltzmannMachine
    history: History


def initial_machine(
    target: Target,
    n_hidden: int,
    *,
    seed: int,
    weight_std: float = WEIGHT_STD,
    connectivity: Connectivity = "full",
) -> BoltzmannMachine:
    """Make an initial machine: visible units have the target's means, hidden ones random weights.

    Parameters
    ----------
    target : Target
        Distribution of the visible units.
    n_hidden : int
        Number of hidden units.
    seed : int
        Seed of the weights.
    weight_std : float
        Standard deviation of the weights of hidden units, above 0 for several ones, as equal ones
        would stay equal [1].
    connectivity : "full", "semirestricted" or "restricted"
        See `Connectivity`.

    Raises
    ------
    InputError
        With all problems found, and for a machine larger than the memory.

    Examples
    --------
    >>> from lasersampling.boltzmann import target_from_table
    >>> from lasersampling.learning.machines.contrastive import initial_machine
    >>> xor = target_from_table([0.0, 0.5, 0.5, 0.0])
    >>> initial_machine(xor, 2, seed=0).n_units
    4
    """
    refuse(
        target_problems(target),
        integer_problems("n_hidden", n_hidden, 0),
        integer_problems("seed", seed, 0),
        number_problems("weight_std", weight_std, 0, strict=False),
    )
    refuse(spread_problems("weight_std", weight_std, n_hidden))
    n_units = target.n_units + int(n_hidden)
    refuse(memory_problems("n_hidden", (n_units, n_units), _BYTES_PER_WEIGHT))
    mean = target.moments().mean.clip(_INITIAL_MARGIN, 1.0 - _INITIAL_MARGIN)
    biases = np.concatenate([np.log(mean / (1.0 - mean)), np.zeros(n_hidden)])
    machine = BoltzmannMachine(np.zeros((biases.size,) * 2), biases, n_hidden=n_hidden)
    parameters = MachineParameters.for_target(target, machine, connectivity)
    i, j = parameters.pairs
    drawn = np.random.default_rng(seed).normal(0.0, weight_std, len(i))
    couplings = np.where(j >= machine.n_visible, drawn, 0.0)
    return parameters.machine_of(torch.tensor(couplings), parameters.biases)


def distribution_task(
    target: Target,
    initial: AnyMachine,
    settings: DistributionLearning,
    *,
    sampler: Sampler | None = None,
    connectivity: Connectivity = "full",
    seed: int = 0,
) -> DistributionTask:
    """Make the task of `learn`, for training by `learning.loop.train` with another descent.

    The arguments are those of `learn`.

    Examples
    --------
    Learn the biases alone, by any optimiser of torch.

    >>> import torch
    >>> from lasersampling.boltzmann import target_from_table
    >>> from lasersampling.learning.descent import Descent
    >>> from lasersampling.learning.loop import train
    >>> from lasersampling.learning.machines.contrastive import distribution_task, initial_machine
    >>> from lasersampling.learning.machines.settings import DistributionLearning
    >>> target = target_from_table([0.4, 0.1, 0.1, 0.4])
    >>> settings = DistributionLearning(gradient="exact", n_updates=20)
    >>> task = distribution_task(target, initial_machine(target, 0, seed=1), settings)
    >>> optimiser = torch.optim.RMSprop([task.parameters.biases], lr=0.01)
    >>> train(task, Descent(optimiser), n_epochs=settings.n_epochs).n_epochs
    2
    >>> bool(task.result().weights.any())
    False
    """
    sampler = Gibbs() if sampler is None else sampler
    refuse(
        target_problems(target),
        kind_problems("settings", settings, DistributionLearning),
        sampler_problems(sampler),
        integer_problems("seed", seed, 0),
    )
    machine = as_machine(initial, "initial")
    warn_if_alike(machine)
    parameters = MachineParameters.for_target(target, machine, connectivity)
    gradient = _gradient(target, machine, settings, sampler, seed)
    return DistributionTask(target, parameters, gradient, settings)


def learn(
    target: Target,
    initial: AnyMachine,
    settings: DistributionLearning,
    *,
    sampler: Sampler | None = None,
    connectivity: Connectivity = "full",
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> LearnedMachine:
    """Let a machine learn a distribution of its visible units.

    Parameters
    ----------
    target : Target
        The distribution.
    initial : BoltzmannMachine or RestrictedMachine
        Initial machine; its visible units are those of the target. A `LaserSamplingWarning` tells
        of hidden units that are all alike, which learn as one.
    settings : DistributionLearning
        Settings of the learning.
    sampler : Sampler, optional
        Sampler in the loop, such as a device; by default Gibbs. Exact gradients need none.
    connectivity : "full", "semirestricted" or "restricted"
        Units that are connected.
    seed : int
        Seed of all updates.
    progress, checkpoints
        See `loop.train`.

    Returns
    -------
    LearnedMachine

    Raises
    ------
    InputError
        If target and machine do not fit, an exact half would enumerate more than 20 units, or an
        argument is of another kind.

    Examples
    --------
    >>> from lasersampling.boltzmann import target_from_table
    >>> from lasersampling.learning.machines.contrastive import initial_machine, learn
    >>> from lasersampling.learning.machines.settings import DistributionLearning
    >>> target = target_from_table([0.4, 0.1, 0.1, 0.4])
    >>> settings = DistributionLearning(gradient="exact", n_updates=100)
    >>> learned = learn(target, initial_machine(target, 0, seed=1), settings)
    >>> round(float(learned.machine.weights[0, 1]), 1)  # four times the log odds of the target
    2.8
    """
    task = distribution_task(
        target, initial, settings, sampler=sampler, connectivity=connectivity, seed=seed
    )
    history = train(
        task,
        settings.descent(task.named_parameters().values()),
        n_epochs=settings.n_epochs,
        stopping=settings.stopping(),
        progress=progress,
        checkpoints=checkpoints,
    )
    return LearnedMachine(task.result(), history)


def _gradient(
    target: Target,
    machine: BoltzmannMachine,
    settings: DistributionLearning,
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
