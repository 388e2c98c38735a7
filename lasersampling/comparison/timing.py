"""Tasks in which time matters, and networks of about equally many parameters that learn them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasersampling.commands.configuring import configured, recipe_table
from lasersampling.config import resolve
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.spikes import EventData, SpikeData, SpikeSet
from lasersampling.datasets.timing import (
    coincidence_oracle,
    interval_oracle,
    jittered,
    reversed_in_time,
    signal_oracle,
    word_oracle,
)
from lasersampling.datasets.timing.parts import SEEDS, as_times
from lasersampling.errors import InputError
from lasersampling.learning.spikes import ClassifyRecipe, judge
from lasersampling.learning.spikes.baselines import linear_accuracy
from lasersampling.results import read_results
from lasersampling.results.trained_networks import trained_network

TIMING_JITTER = 0.5
"""Standard deviation of the noise on all spikes of the jittered test part [tau_syn]."""

_SMOKE_CHANGES = ("learning.n_epochs=1", "train_samples=60")


@dataclass(frozen=True)
class Architecture:
    """Connections and delays of the hidden layer.

    Attributes
    ----------
    delays : str
        Kind of delays; see `NetworkSettings`.
    recurrent : bool
        Whether its neurons are connected with each other.
    about : str
        What it is, in words.
    """

    delays: str
    recurrent: bool
    about: str

    def n_parameters(self, n_inputs: int, hidden: int, n_classes: int) -> int:
        """Return the number of trained parameters of a network."""
        weights = hidden * (n_inputs + n_classes) + self.recurrent * hidden**2
        delays = {"none": 0, "axonal": n_inputs + hidden, "synaptic": weights}
        return weights + delays[self.delays]

    def hidden(self, n_inputs: int, n_classes: int, n_parameters: int) -> int:
        """Return the number of hidden neurons that comes nearest to a number of parameters.

        Parameters
        ----------
        n_inputs, n_classes : int
            Numbers of inputs and classes.
        n_parameters : int
            The number.

        Examples
        --------
        >>> from lasersampling.comparison import TIMING_ARCHITECTURES
        >>> [one.hidden(4, 3, 280) for one in TIMING_ARCHITECTURES.values()]
        [40, 34, 20, 14, 13, 9]
        """
        sizes = range(1, max(2, n_parameters))
        return min(
            sizes, key=lambda n: abs(self.n_parameters(n_inputs, n, n_classes) - n_parameters)
        )


TIMING_ARCHITECTURES = {
    "none": Architecture("none", False, "feed-forward"),
    "axonal": Architecture("axonal", False, "feed-forward, axonal delays"),
    "synaptic": Architecture("synaptic", False, "feed-forward, synaptic delays"),
    "recurrent": Architecture("none", True, "recurrent"),
    "recurrent_axonal": Architecture("axonal", True, "recurrent, axonal delays"),
    "recurrent_synaptic": Architecture("synaptic", True, "recurrent, synaptic delays"),
}
"""All architectures, by their names; those without delays are compared with the same ones with."""

Oracle = Callable[[EventSet], NDArray[np.int64]]


@dataclass(frozen=True)
class TimingTask:
    """A task, and how networks are made and trained for it.

    Attributes
    ----------
    longest_delay : float
        Largest delay [tau_syn].
    until : float
        When runs end [tau_syn].
    n_parameters : int
        Trained parameters of all networks, as nearly as their sizes allow.
    oracle : callable
        Decides on the test part with knowledge of how samples were drawn.
    changes : mapping of str to object
        Further keys of the recipe.
    """

    longest_delay: float
    until: float
    n_parameters: int
    oracle: Oracle
    changes: Mapping[str, object] = field(default_factory=dict)


_SHORT: dict[str, float] = {
    "train_samples": 2000,
    "learning.n_epochs": 10,
    "learning.evaluate_every": 5,
}
_LONG: dict[str, float] = {
    "train_samples": 2000,
    "learning.n_epochs": 5,
    "learning.evaluate_every": 5,
}
_STRONG: dict[str, float] = {
    "network.weight_mean": 0.3,
    "network.weight_std": 0.7,
    "loss.temperature": 0.2,
}

TIMING_TASKS = {
    "intervals": TimingTask(16.0, 46.0, 280, interval_oracle, _SHORT),
    "coincidences": TimingTask(12.0, 60.0, 360, coincidence_oracle, _SHORT),
    "words": TimingTask(20.0, 84.0, 2112, lambda part: word_oracle(part, SEEDS["test"]), _LONG),
    "mnist_1d": TimingTask(40.0, 204.0, 1400, signal_oracle, _LONG | _STRONG),
}
"""All tasks by the names of their data; what they share stands in the recipe ``intervals``."""


def timing_recipe(
    task: str, architecture: str, data: EventData, members: int, seed: int, *, smoke: bool = False
) -> ClassifyRecipe:
    """Return the recipe of networks of an architecture that learn a task.

    Parameters
    ----------
    task, architecture : str
        Names from `TIMING_TASKS` and `TIMING_ARCHITECTURES`.
    data : EventData
        The data of the task.
    members, seed : int
        Number of networks, and seed of the first.
    smoke : bool
        Whether they learn for an epoch from a few samples, to see that it works.

    Raises
    ------
    InputError
        For names that are not known.

    Examples
    --------
    >>> from lasersampling.comparison import timing_recipe
    >>> from lasersampling.learning.spikes import load_data
    >>> recipe = timing_recipe("intervals", "axonal", load_data("intervals"), members=2, seed=0)
    >>> recipe.network.hidden, recipe.network.delay_range.scale
    ((34,), 16.0)
    """
    if task not in TIMING_TASKS or architecture not in TIMING_ARCHITECTURES:
        expected = f"of {', '.join(TIMING_TASKS)}; of {', '.join(TIMING_ARCHITECTURES)}"
        raise InputError.single("task, architecture", f"{task}, {architecture}", expected)
    own, shape = TIMING_TASKS[task], TIMING_ARCHITECTURES[architecture]
    hidden = shape.hidden(data.n_inputs, data.n_classes, own.n_parameters)
    changes = [
        f"data={task}",
        f"network.delays={shape.delays}",
        f"network.hidden=[{hidden}]",
        f"network.read_out.until={own.until}",
        *(f"{key}={value}" for key, value in own.changes.items()),
        *(_SMOKE_CHANGES if smoke else ()),
    ]
    if shape.delays == "none":
        changes += ["network.delay_range={}", "learning.delay_learning_rate=0.01"]
    else:
        changes.append(f"network.delay_range.scale={own.longest_delay}")
    if shape.recurrent:
        changes.append("network.recurrent={}")
    table = recipe_table(resolve("recipes", "intervals"), ClassifyRecipe)
    return configured(ClassifyRecipe, {"members": members, "seed": seed}, changes, recipe=table)


def timing_accuracies(
    path: Path, parts: Mapping[str, EventSet]
) -> tuple[int, dict[str, NDArray[np.float64]]]:
    """Judge trained networks on their test part and on others.

    Parameters
    ----------
    path : Path
        Results file of a training.
    parts : mapping of str to EventSet
        The other parts.

    Returns
    -------
    int
        Number of trained parameters of a network.
    dict of str to ndarray, each (member,)
        Share of right decisions, ``test`` and by the names of the other parts [1].

    Raises
    ------
    InputError
        If the file holds no trained networks.
    """
    stored, about = trained_network(path), read_results(path, groups=()).attributes["parameters"]
    assert stored.accuracy is not None
    found = {"test": stored.accuracy}
    for name, part in parts.items():
        found[name] = judge(stored.network, part, answer=stored.answer).accuracy.value
    return int(about["n_parameters"]), found


def timing_parts(test: EventSet, seed: int) -> dict[str, EventSet]:
    """Return the test part in other forms: backward in time, and with jitter on all spikes."""
    return {"reversed": reversed_in_time(test), "jittered": jittered(test, TIMING_JITTER, seed)}


def timing_controls(task: str, data: EventData) -> dict[str, float]:
    """Return what is reached without a network, on the test part [1].

    Parameters
    ----------
    task : str
        Name from `TIMING_TASKS`.
    data : EventData
        Its data.

    Returns
    -------
    dict of str to float
        ``chance``; the ``oracle``; logistic regression on ``counts`` of spikes, and on all
        ``times``, those of each input in order.
    """
    test = data.test
    timed = SpikeData(_as_values(data.train), _as_values(data.validation), _as_values(test))
    return {
        "chance": 1.0 / data.n_classes,
        "counts": float(linear_accuracy(data).value),
        "times": float(linear_accuracy(timed).value),
        "oracle": float((TIMING_TASKS[task].oracle(test) == test.labels).mean()),
    }


def timing_pairs(architectures: Sequence[str]) -> list[tuple[str, str]]:
    """List what is compared: each architecture with delays, and the same one without.

    Parameters
    ----------
    architectures : sequence of str
        Those that were trained.
    """
    bare = {
        one.recurrent: name for name, one in TIMING_ARCHITECTURES.items() if one.delays == "none"
    }
    return [
        (name, bare[TIMING_ARCHITECTURES[name].recurrent])
        for name in architectures
        if TIMING_ARCHITECTURES[name].delays != "none"
        and bare[TIMING_ARCHITECTURES[name].recurrent] in architectures
    ]


def _as_values(part: EventSet) -> SpikeSet:
    """Return samples whose features are all spike times, those of each input in order."""
    return SpikeSet(as_times(part).reshape(len(part), -1), part.labels)
