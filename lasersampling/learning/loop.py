"""The one training loop: optimiser, schedule, recording, checkpoints, early stopping."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, LaserSamplingError, SubstrateError
from lasersampling.learning.early_stopping import Plateau
from lasersampling.learning.holding import step
from lasersampling.learning.task import Estimate, State, Task
from lasersampling.learning.threads import one_thread


@dataclass
class History:
    """What was recorded, a row for each epoch.

    Attributes
    ----------
    rows : dict of str to list of ndarray, each of shape () or (member,)
        By quantity; those measured with a standard error have another row ``<name>_se``. Epochs in
        which a quantity was not measured hold nan.
    """

    rows: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)

    @property
    def n_epochs(self) -> int:
        """Epochs recorded."""
        return max((len(row) for row in self.rows.values()), default=0)

    def add(self, values: dict[str, NDArray[np.float64]]) -> None:
        """Add an epoch."""
        n_before = self.n_epochs
        for name, value in values.items():
            missing = [np.full_like(value, np.nan)] * n_before
            self.rows.setdefault(name, missing).append(np.asarray(value, dtype=np.float64))
        for row in self.rows.values():
            if len(row) == n_before:
                row.append(np.full_like(row[-1], np.nan))

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the rows as arrays, shape (epoch,) or (epoch, member)."""
        return {name: np.stack(row) for name, row in self.rows.items()}


@dataclass(frozen=True, eq=False)
class Progress:
    """What a callback is told at the end of each epoch.

    Attributes
    ----------
    epoch, n_epochs : int
        Epochs done, and to be done.
    history : History
        All that was recorded.
    task : Task
        The task, with its parameters as they are now.
    """

    epoch: int
    n_epochs: int
    history: History
    task: Task


Callback = Callable[[Progress], None]


class Checkpoints(Protocol):
    """Where checkpoints are kept; see `results.run_file.RunFile`."""

    def save(self, state: State, history: History) -> None:
        """Keep a state in place of the one before, at once or not at all."""
        ...


def train(
    task: Task,
    optimiser: Optimizer,
    *,
    n_epochs: int,
    scheduler: LRScheduler | None = None,
    gradient_limit: float | None = None,
    stopping: Plateau | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
    checkpoint_interval_s: float = 20.0,
    resume: State | None = None,
) -> History:
    """Train.

    Each epoch the task writes gradients batch by batch, the optimiser makes its steps, the
    scheduler is advanced once, and the task measures. With `checkpoints`, the state after an epoch
    is kept when the interval is over, at the end, and when the run is interrupted from the
    keyboard or by a device that fails; going on from any of them gives the same bits as a run that
    was never stopped.

    Torch uses one thread meanwhile: tensors of this size gain nothing from more, and results are
    the same bits on any number of cores.

    Parameters
    ----------
    task : Task
        What is learned.
    optimiser : Optimizer
        Any of torch's, made of the task's parameters.
    n_epochs : int
        Passes through the data.
    scheduler : LRScheduler, optional
        Any of torch's that is advanced by ``step()`` each epoch.
    gradient_limit : float, optional
        Largest size of each entry of a gradient; larger ones are clipped.
    stopping : Plateau, optional
        When to stop before.
    callbacks : sequence of callable
        Called at the end of each epoch.
    progress : callable, optional
        Called with the fraction of the work done.
    checkpoints : Checkpoints, optional
        Where to keep checkpoints.
    checkpoint_interval_s : float
        Time between them [s].
    resume : State, optional
        A state that was kept.

    Returns
    -------
    History

    Raises
    ------
    InputError
        For arguments out of range, or a state of another task.
    LaserSamplingError
        If a gradient is not finite.
    SubstrateError
        If a device in the loop fails; the last whole epoch is kept.
    """
    problems = [
        *integer_problems("n_epochs", n_epochs, 1),
        *number_problems("checkpoint_interval_s", checkpoint_interval_s, 0, strict=False),
    ]
    if gradient_limit is not None:
        problems += number_problems("gradient_limit", gradient_limit, 0, strict=True)
    if problems:
        raise InputError(problems)
    run = _Run(task, optimiser, scheduler, stopping)
    if resume is not None:
        try:
            run.set_state(resume)
        except InputError:
            raise
        # What is missing or of another form shows where a task, torch or NumPy needs it.
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            expected = "a whole state of a training of this kind"
            raise InputError.single("resume", f"a damaged one ({reason:.200})", expected) from None
    saved = time.monotonic()
    snapshot: State | None = None
    with one_thread():
        try:
            while run.epoch < n_epochs and not run.stopped:
                run.one_epoch(gradient_limit)
                for callback in callbacks:
                    callback(Progress(run.epoch, n_epochs, run.history, task))
                if checkpoints is not None:
                    snapshot = run.state()
                    is_last = run.epoch == n_epochs or run.stopped
                    if is_last or time.monotonic() - saved >= checkpoint_interval_s:
                        checkpoints.save(snapshot, run.history)
                        saved = time.monotonic()
                if progress is not None:
                    progress(1.0 if run.stopped else run.epoch / n_epochs)
        except (KeyboardInterrupt, SubstrateError):
            if checkpoints is not None and snapshot is not None:
                checkpoints.save(snapshot, _history_of(snapshot))
            raise
    return run.history


class _Run:
    """A training and all of its state."""

    def __init__(
        self,
        task: Task,
        optimiser: Optimizer,
        scheduler: LRScheduler | None,
        stopping: Plateau | None,
    ) -> None:
        self._task, self._optimiser = task, optimiser
        self._scheduler, self._stopping = scheduler, stopping
        self.history = History()
        self.epoch = 0
        self.stopped = False

    def one_epoch(self, gradient_limit: float | None) -> None:
        """Pass through the data once, measure and record."""
        started = time.perf_counter()
        rates = [float(group["lr"]) for group in self._optimiser.param_groups]
        self._task.begin_epoch(self.epoch)
        sums: dict[str, NDArray[np.float64]] = {}
        for batch in range(self._task.n_batches):
            self._optimiser.zero_grad(set_to_none=True)
            reported = self._task.write_gradients(batch)
            self._check_gradients(gradient_limit)
            step(self._optimiser, reported.held)
            self._task.finish_step()
            for name, value in reported.metrics.items():
                sums[name] = sums.get(name, np.zeros(())) + value
        if self._scheduler is not None:
            self._scheduler.step()
        measured = self._task.evaluate(self.epoch)
        row = {name: total / self._task.n_batches for name, total in sums.items()}
        for name, estimate in measured.items():
            row |= {name: estimate.value, f"{name}_se": estimate.standard_error}
        for k, rate in enumerate(rates):
            row[f"learning_rate_{k}"] = np.array(rate)
        row["epoch_time_s"] = np.array(time.perf_counter() - started)
        self.history.add(row)
        self.epoch += 1
        if self._stopping is not None and measured:
            self.stopped = self._stopping.should_stop(self._watched(measured))

    def state(self) -> State:
        """Return copies of everything that the next epochs depend on."""
        parameters = {name: p.detach() for name, p in self._task.named_parameters().items()}
        return copy.deepcopy(
            {
                "epoch": self.epoch,
                "stopped": self.stopped,
                "parameters": parameters,
                "optimiser": self._optimiser.state_dict(),
                "scheduler": _plain_state(self._scheduler),
                "stopping": None if self._stopping is None else self._stopping.state(),
                "task": self._task.state(),
                "history": self.history.rows,
            }
        )

    def set_state(self, state: State) -> None:
        """Go on from a state returned by `state`."""
        parameters = self._task.named_parameters()
        shapes = {name: tuple(p.shape) for name, p in parameters.items()}
        found = {name: tuple(p.shape) for name, p in state["parameters"].items()}
        if shapes != found:
            raise InputError.single("resume", f"parameters {found}", f"{shapes}, as the task has")
        with torch.no_grad():
            for name, values in state["parameters"].items():
                parameters[name].copy_(values)
        self._optimiser.load_state_dict(dict(state["optimiser"]))
        if self._scheduler is not None:
            self._scheduler.load_state_dict(dict(state["scheduler"]))
        if self._stopping is not None and state["stopping"] is not None:
            self._stopping.set_state(state["stopping"])
        self._task.set_state(state["task"])
        self.history = _history_of(state)
        self.epoch, self.stopped = int(state["epoch"]), bool(state["stopped"])

    def _check_gradients(self, limit: float | None) -> None:
        for name, parameter in self._task.named_parameters().items():
            if parameter.grad is None:
                continue
            if not bool(torch.isfinite(parameter.grad).all()):
                raise LaserSamplingError(
                    f"epoch {self.epoch + 1}: the gradient of {name} is not finite; a smaller "
                    "learning rate, or parameters that start closer to their final size, may help"
                )
            if limit is not None:
                parameter.grad.clamp_(-limit, limit)

    def _watched(self, measured: Any) -> Estimate:
        assert self._stopping is not None
        name = self._stopping.metric
        if name not in measured:
            known = ", ".join(sorted(measured))
            raise InputError.single("stopping", f"metric {name!r}", f"one of {known}")
        estimate: Estimate = measured[name]
        return estimate


def _history_of(state: State) -> History:
    return History({name: list(row) for name, row in state["history"].items()})


def _plain_state(scheduler: LRScheduler | None) -> State | None:
    """State of a scheduler without the functions that some of torch's put into it."""
    if scheduler is None:
        return None
    return {key: value for key, value in scheduler.state_dict().items() if not callable(value)}
