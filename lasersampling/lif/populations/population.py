"""What networks are made of: populations of neurons, and connections between them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import (
    boolean_problems,
    integer_problems,
    kind_problems,
    memory_problems,
    refuse,
    sequence_problems,
)
from lasersampling.config import validated
from lasersampling.config.ranges import Level, Strength
from lasersampling.errors import Problem
from lasersampling.lif.delays import DelayRange
from lasersampling.lif.neuron import Neuron

INPUTS = -1
"""Stands for the inputs where a connection names its source."""

LEARNABLE = (
    "threshold", "leak", "conductance", "tau_mem", "tau_syn", "reset", "refractory", "initial",
)  # fmt: skip
"""Parameters of neurons that can be learned."""

POSITIVE = ("conductance", "tau_mem", "tau_syn", "refractory")
"""Those of them that stay above 0, since their logarithm is learned."""


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons that share connections and the kind of their parameters.

    A neuron whose voltage rises through its threshold spikes. The voltage is then set to the reset
    and stays there for the refractory period, while the synaptic current goes on.

    Parameters
    ----------
    n_neurons : int
        Number of neurons.
    neuron : Neuron, optional
        Threshold, leak, conductance and time constants: one number each, or one for each neuron.
    reset : float or array_like, shape (neuron,) or (member, neuron)
        Voltage after a spike, below the threshold [1].
    refractory : float or array_like, shape (neuron,) or (member, neuron)
        Refractory period, at least 0; inf for neurons that spike once [tau_syn].
    initial : float or array_like, shape (neuron,) or (member, neuron), optional
        Voltage at time 0, below the threshold; the leak by default [1].
    spiking : bool
        False for leaky integrators without threshold, which only read out: nothing can be connected
        from them, and threshold, reset and refractory period mean nothing.
    learned : tuple of str
        Which parameters are learned, one number for each neuron: any of `LEARNABLE`.
    axonal, dendritic : DelayRange, optional
        Delays of the spikes that the neurons send, and of all that they receive.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> from lasersampling.lif.populations.population import Population
    >>> Population(20, refractory=0.5, learned=("threshold",)).n_neurons
    20
    """

    n_neurons: int
    neuron: Neuron = field(default_factory=Neuron)
    reset: float | NDArray[np.float64] = 0.0
    refractory: float | NDArray[np.float64] = 0.0
    initial: float | NDArray[np.float64] | None = None
    spiking: bool = True
    learned: tuple[str, ...] = ()
    axonal: DelayRange | None = None
    dendritic: DelayRange | None = None

    def __post_init__(self) -> None:
        expected = "DelayRange(...) or None"
        problems = [
            *integer_problems("n_neurons", self.n_neurons, 1),
            *kind_problems("neuron", self.neuron, Neuron),
            *boolean_problems("spiking", self.spiking),
            *kind_problems("axonal", self.axonal, DelayRange | None, "DelayRange(...) or None"),
            *kind_problems(
                "dendritic", self.dendritic, DelayRange | None, "DelayRange(...) or None"
            ),
            *sequence_problems("learned", self.learned, "a tuple of names"),
        ]
        if not problems and not all(
            isinstance(name, str) and name in LEARNABLE for name in self.learned
        ):
            expected = "a tuple of names: " + ", ".join(LEARNABLE)
            problems.append(Problem("learned", repr(self.learned), expected))
        if not problems:
            problems = memory_problems("n_neurons", (self.n_neurons,), 400)
        refuse(problems)
        object.__setattr__(self, "learned", tuple(dict.fromkeys(self.learned)))
        refuse(self._neuron_problems())
        names = ["reset", "refractory", "initial"]
        if self.initial is None:
            object.__setattr__(self, names.pop(), self.neuron.leak)
        problems = []
        for name in names:
            value, own = self._values(name, getattr(self, name))
            problems += own
            object.__setattr__(self, name, value)
        refuse(problems or self._member_problems())
        refuse(self._ranges())

    def _values(
        self, name: str, given: ArrayLike
    ) -> tuple[float | NDArray[np.float64], list[Problem]]:
        """A number, or a copy of an array of one for each neuron; and what is wrong with it."""
        expected = f"a finite number, or {self.n_neurons} of them (for each member)"
        try:
            array = np.asarray(given)
        except ValueError:  # rows of different lengths
            return 0.0, [Problem(name, repr(given), expected)]
        fits = array.dtype.kind in "iuf" and array.ndim <= 2 and array.size > 0
        fits = fits and array.shape[-1:] in ((), (self.n_neurons,))
        if not fits or np.isnan(array).any() or (name != "refractory" and np.isinf(array).any()):
            return 0.0, [Problem(name, repr(given), expected)]
        if array.ndim == 0:
            return float(array), []
        copied = array.astype(np.float64)
        copied.flags.writeable = False
        return copied, []

    def _neuron_problems(self) -> list[Problem]:
        """Arrays of the neuron that do not have one number for each."""
        shapes = [np.shape(getattr(self.neuron, f.name)) for f in fields(self.neuron)]
        return [
            Problem("neuron", f"arrays of shape {shape}", f"one number, or {self.n_neurons}")
            for shape in sorted(set(shapes))
            if shape and shape[-1] not in (1, self.n_neurons)
        ]

    def _member_problems(self) -> list[Problem]:
        """Arrays that are not of the same number of members."""
        given = {name: getattr(self, name) for name in ("reset", "refractory", "initial")}
        given |= {f"neuron.{f.name}": getattr(self.neuron, f.name) for f in fields(self.neuron)}
        members = {name: len(value) for name, value in given.items() if np.ndim(value) == 2}
        most = max(members.values(), default=1)
        return [
            Problem(name, f"values for {n} members", f"for {most}, as others are, or for all")
            for name, n in members.items()
            if n not in (1, most)
        ]

    def _ranges(self) -> list[Problem]:
        problems = []
        at_leak = "initial" not in self.learned and np.array_equal(
            np.asarray(self.initial), np.asarray(self.neuron.leak)
        )
        if self.spiking and self.dendritic is not None and not at_leak:
            got = "delays beside an initial voltage that is not the leak, or is learned"
            expected = "one of the two; axonal delays of what is received can take their place"
            problems.append(Problem("dendritic", got, expected))
        if np.min(self.refractory) < 0:
            got, expected = f"{np.min(self.refractory):g}", "at least 0; inf to spike once"
            problems.append(Problem("refractory", got, expected))
        if "refractory" in self.learned and not (
            np.min(self.refractory) > 0 and np.isfinite(self.refractory).all()
        ):
            expected = "finite periods above 0, since their logarithm is learned"
            problems.append(Problem("refractory", repr(self.refractory), expected))
        for name in ("reset", "initial"):
            if self.spiking and not np.all(
                np.asarray(getattr(self, name)) < np.asarray(self.neuron.threshold)
            ):
                expected = "voltages below the threshold"
                problems.append(Problem(name, repr(getattr(self, name)), expected))
        if not self.spiking and self.axonal is not None:
            problems.append(Problem("axonal", "a DelayRange", "None where nothing is sent"))
        useless = {"threshold", "reset", "refractory"} & set(self.learned)
        if not self.spiking and useless:
            expected = "none of threshold, reset and refractory without spikes"
            problems.append(Problem("learned", repr(self.learned), expected))
        return problems


@validated
class Connection:
    """Synapses from all neurons of a population, or all inputs, to all of another.

    Attributes
    ----------
    source, target : int
        Numbers of the populations, from 0; `INPUTS`, -1, for the inputs. They may be the same.
    weight_mean, weight_std : float
        Mean and standard deviation of the normal distribution of initial weights [1].
    delays : DelayRange or None
        Delays of the synapses, one for each.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> from lasersampling.lif.populations.population import INPUTS, Connection
    >>> Connection(INPUTS, 0, weight_mean=0.5).weight_std
    1.0
    """

    source: int
    target: int
    weight_mean: Level = 1.0
    weight_std: Strength = 1.0
    delays: DelayRange | None = None
