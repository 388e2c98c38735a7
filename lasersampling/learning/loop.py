"""The one training loop: it descends, records, keeps checkpoints and stops early."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.lr_scheduler import LRScheduler

from lasersampling.checks import integer_problems, kind_problems, refuse
from lasersampling.compile_clock import CompileClock
from lasersampling.errors import InputError, LaserSamplingError, SubstrateError
from lasersampling.keeping import keeping
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.descent import Descent
from lasersampling.learning.early_stopping import Plateau
from lasersampling.learning.history import History
from lasersampling.learning.holding import step
from lasersampling.learning.task import Measurement, State, Task
from lasersampling.learning.threads import one_thread
from lasersampling.restoring import restoring


@dataclass(frozen=True, eq=False)
class EpochReport:
    """Information for callbacks at the end of each epoch.

    Attributes
    ----------
    epoch, n_epochs : int
        Numbers of epochs done, and to be done.
    history : History
        Everything that was recorded.
    task : Task
        The task, with its present parameters.
    """

    epoch: int
    n_epochs: int
    history: History
    task: Task


Callback = Callable[[EpochReport], None]

_FUNCTION = "a function of the fraction of the work done"


def train(
    task: Task,
    descent: Descent,
    *,
    n_epochs: int,
    stopping: Plateau | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> History:
    """Train.

    In each epoch the task writes gradients batch by batch, the optimiser makes its steps, the
    scheduler is advanced once, and the task measures. If checkpoints are kept, the state is stored
    after an epoch when the interval is over, at the end, and when the run is interrupted from the
    keyboard or by a device that fails; a training that continues from any of them gives the same
    bits as one that was never stopped.

    Torch uses one thread meanwhile: tensors of this size gain nothing from more, and results have
    the same bits on any number of cores.

    Parameters
    ----------
    task : Task
        The task to be learned.
    descent : Descent
        The optimiser of the task's parameters, with its schedule and limit.
    n_epochs : int
        Number of passes through the data.
    stopping : Plateau, optional
        Criterion for stopping early.
    callbacks : sequence of callable
        Called at the end of each epoch.
    progress : callable, optional
        Called with the fraction of the work done.
    checkpoints : Checkpoints, optional
        Where states are stored, and from which one to continue; by default among the steps of the
        run to which the training belongs, if that keeps any (`keeping`).

    Returns
    -------
    History

    Raises
    ------
    InputError
        If there are no epochs, for a state of another task, and for `checkpoints` or `progress` of
        another kind.
    LaserSamplingError
        If a gradient is not finite.
    SubstrateError
        If a device in the loop fails; the last complete epoch is stored.
    """
    kept = Checkpoints.of_run() if checkpoints is None else checkpoints
    refuse(
        integer_problems("n_epochs", n_epochs, 1),
        kind_problems("checkpoints", kept, Checkpoints),
        [] if progress is None else kind_problems("progress", progress, Callable, _FUNCTION),  # type: ignore[arg-type]
    )
    clock = CompileClock()
    run = _Run(task, descent, stopping, clock)
    if kept.resume is not None:
        run.go_on_from(kept.resume)
    saved = time.monotonic()
    snapshot: State | None = None
    # Steps within an epoch are not kept: a training goes on from its last state.
    with one_thread(), clock, keeping(None):
        try:
            while run.epoch < n_epochs and not run.stopped:
                run.one_epoch()
                for callback in callbacks:
                    callback(EpochReport(run.epoch, n_epochs, run.history, task))
                if kept.store is not None:
                    snapshot = run.state()
                    is_last = run.epoch == n_epochs or run.stopped
                    if is_last or time.monotonic() - saved >= kept.interval_s:
                        kept.store.save(snapshot, run.history)
                        saved = time.monotonic()
                if progress is not None:
                    progress(1.0 if run.stopped else run.epoch / n_epochs)
        except (KeyboardInterrupt, SubstrateError):
            if kept.store is not None and snapshot is not None:
                kept.store.save(snapshot, _history_of(snapshot))
            raise
    return run.history


class _Run:
    """A training with all of its state."""

    def __init__(
        self, task: Task, descent: Descent, stopping: Plateau | None, clock: CompileClock
    ) -> None:
        self._task, self._stopping, self._clock = task, stopping, clock
        self._optimiser, self._scheduler = descent.optimiser, descent.scheduler
        self._gradient_limit = descent.gradient_limit
        self.history = History()
        self.epoch = 0
        self.stopped = False

    def one_epoch(self) -> None:
        """Pass through the data once, measure and record."""
        started = self._times()
        rates = [float(group["lr"]) for group in self._optimiser.param_groups]
        self._task.begin_epoch(self.epoch)
        sums: dict[str, NDArray[np.float64]] = {}
        for batch in range(self._task.n_batches):
            self._optimiser.zero_grad(set_to_none=True)
            reported = self._task.write_gradients(batch)
            self._check_gradients()
            step(self._optimiser, reported.held)
            self._task.finish_step()
            for name, value in reported.metrics.items():
                sums[name] = sums.get(name, np.zeros(())) + value
        if self._scheduler is not None:
            self._scheduler.step()
        measured = self._task.evaluate(self.epoch)
        row = {name: total / self._task.n_batches for name, total in sums.items()}
        for name, found in measured.items():
            row |= {name: found.value, f"{name}_se": found.standard_error}
        for k, rate in enumerate(rates):
            row[f"learning_rate_{k}"] = np.array(rate)
        wall, computed = self._times() - started
        row["epoch_time_s"], row["epoch_processor_time_s"] = np.array(wall), np.array(computed)
        self.history.add(row)
        self.epoch += 1
        if self._stopping is not None and measured:
            self.stopped = self._stopping.should_stop(self._watched(measured))

    def _times(self) -> NDArray[np.float64]:
        """Wall and processor time [s].

        Code is compiled once, in the first epoch at most, which says nothing about the others.
        """
        compiled = self._clock.seconds, self._clock.processor_seconds
        return np.array([time.perf_counter(), time.process_time()]) - compiled

    def state(self) -> State:
        """Return copies of everything on which the next epochs depend."""
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
                "history": self.history.arrays(),
            }
        )

    def go_on_from(self, state: State) -> None:
        """Continue from a state returned by `state`, or report what is wrong with it."""
        # Missing or malformed parts are noticed where a task, torch or NumPy needs them.
        with restoring("resume", "a whole state of a training of this kind"):
            self._set_state(state)

    def _set_state(self, state: State) -> None:
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

    def _check_gradients(self) -> None:
        for name, parameter in self._task.named_parameters().items():
            if parameter.grad is None:
                continue
            if not bool(torch.isfinite(parameter.grad).all()):
                raise LaserSamplingError(
                    f"epoch {self.epoch + 1}: the gradient of {name} is not finite; a smaller "
                    "learning rate, or parameters that start closer to their final size, may help"
                )
            if self._gradient_limit is not None:
                parameter.grad.clamp_(-self._gradient_limit, self._gradient_limit)

    def _watched(self, measured: Mapping[str, Measurement]) -> Measurement:
        assert self._stopping is not None
        name = self._stopping.metric
        if name not in measured:
            known = ", ".join(sorted(measured))
            raise InputError.single("stopping", f"metric {name!r}", f"one of {known}")
        return measured[name]


def _history_of(state: State) -> History:
    """Restore rows from arrays, or from the lists of rows that older checkpoints hold."""
    return History({n: [np.asarray(value) for value in row] for n, row in state["history"].items()})


def _plain_state(scheduler: LRScheduler | None) -> State | None:
    """State of a scheduler without the functions that some of torch's put into it."""
    if scheduler is None:
        return None
    return {key: value for key, value in scheduler.state_dict().items() if not callable(value)}
