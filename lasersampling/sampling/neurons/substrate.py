"""Lasers as a substrate: inputs from a sampler, and observations, as plain arrays.

Parameters are ``weights`` (unit, unit) and ``biases`` (unit,) of the machine [1]. A run has these

===================  =====================  =======================================================
input                type, shape            what
===================  =====================  =======================================================
``n_draws``          int64 ()               states to be read from each chain
``n_chains``         int64 ()               independent repetitions, side by side or in turn
``clamped``          int8 (chain, unit)     -1 leaves a unit free, 0 and 1 hold it
``seed``             int64 ()               seed of random numbers, for a simulated device
``goes_on``          bool ()                whether chains continue from the end of an earlier run
``start.NAME``       any                    that end: what its observation calls ``end.NAME``
===================  =====================  =======================================================

and shows its spikes, sorted by time within each chain. The client reads states from the spikes: a
unit is at 1 for a refractory time tau after each of its spikes; clamped units are at the values at
which they are held.

===================  =====================  =======================================================
observation          type, shape            what
===================  =====================  =======================================================
``time_ns``          float64 (spike,)       times from the start of the recording [ns]
``unit``             int32 (spike,)         unit that spiked
``chain_offset``     int64 (chain + 1,)     where the spikes of each chain begin and end
``duration_ns``      float64 ()             length of the recording; 0 if no unit has a laser [ns]
``end.NAME``         any                    state of the chains at the end, optional
===================  =====================  =======================================================

The facts ``refractory_time_ns`` and ``interval_ns`` of the description are tau and the time between
draws. The first draw of a fresh run is at tau, so that every relevant spike is in the recording;
the recording of a continued run begins tau before the end of the last one, and its first draw is
one interval later. A device that cannot be set to an earlier state gives no ``end.NAME`` and simply
runs on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.parameters import MAX_UNITS
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import Arrays, Description
from lasersampling.hardware.observations import END
from lasersampling.sampling.neurons.sampler import Lasers

START = "start."
"""Prefix of the names of inputs with the state from which chains continue."""

_PARAMETERS: dict[str, tuple[DTypeLike, int]] = {
    "weights": (np.float64, 2),
    "biases": (np.float64, 1),
}
_INPUTS: dict[str, tuple[DTypeLike, int]] = {
    "n_draws": (np.int64, 0),
    "n_chains": (np.int64, 0),
    "clamped": (np.int8, 2),
    "seed": (np.int64, 0),
    "goes_on": (np.bool_, 0),
}


@dataclasses.dataclass(frozen=True)
class LaserSubstrate:
    """A network of simulated lasers that answers as a device would (`hardware.Substrate`).

    Attributes
    ----------
    lasers : Lasers
        The lasers.
    n_units : int
        Number of lasers.

    Raises
    ------
    InputError
        If there are none.
    """

    lasers: Lasers
    n_units: int

    def __post_init__(self) -> None:
        problems = integer_problems("n_units", self.n_units, 1)
        if not problems and self.n_units > MAX_UNITS:
            expected = f"at most {MAX_UNITS}, as in a machine"
            problems.append(Problem("n_units", str(self.n_units), expected))
        if problems:
            raise InputError(problems)

    @property
    def description(self) -> Description:
        """The description of the substrate."""
        lasers = self.lasers
        return Description(
            kind="lasers",
            name=f"lasers {lasers.neuron.device.name}",
            sizes=(self.n_units,),
            facts={
                "refractory_time_ns": float(lasers.neuron.refractory_time_ns),
                "interval_ns": float(lasers.draw_interval_ns),
                "clamping": lasers.clamping,
                "chip_seed": int(lasers.chip_seed),
            },
        )

    def run(self, parameters: Arrays, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Sample a machine; see the module for names and shapes.

        Raises
        ------
        InputError
            With all problems of the request.
        """
        start = {n.removeprefix(START): v for n, v in inputs.items() if n.startswith(START)}
        others = {n: v for n, v in inputs.items() if not n.startswith(START)}
        problems = [
            *_problems("parameters", parameters, _PARAMETERS),
            *_problems("inputs", others, _INPUTS),
        ]
        if problems:
            raise InputError(problems)
        if parameters["biases"].shape != (self.n_units,):
            got = f"shape {parameters['biases'].shape}"
            raise InputError.single("parameters.biases", got, f"({self.n_units},), one each")
        goes_on = bool(inputs["goes_on"])
        if start and not goes_on:
            raise InputError.single("inputs.goes_on", "0 beside a start", "1")
        samples = self.lasers.sample(
            BoltzmannMachine(parameters["weights"], parameters["biases"]),
            int(inputs["n_draws"]),
            n_chains=int(inputs["n_chains"]),
            clamped=inputs["clamped"],
            seed=int(inputs["seed"]),
            start=start if goes_on else None,
        )
        spikes = samples.spikes
        observation: dict[str, NDArray[np.generic]]
        if spikes is None:
            observation = {
                "time_ns": np.zeros(0),
                "unit": np.zeros(0, np.int32),
                "chain_offset": np.zeros(samples.n_chains + 1, np.int64),
                "duration_ns": np.array(0.0),
            }
        else:
            observation = {
                "time_ns": spikes.time_ns,
                "unit": spikes.unit,
                "chain_offset": spikes.chain_offset,
                "duration_ns": np.array(spikes.duration_ns),
            }
        return observation | {f"{END}{n}": v for n, v in (samples.end or {}).items()}


def _problems(
    group: str, arrays: Arrays, expected: Mapping[str, tuple[DTypeLike, int]]
) -> list[Problem]:
    """Check names, types and numbers of axes."""
    problems = [
        Problem(f"{group}.{name}", "an array", f"one of {', '.join(expected)}")
        for name in arrays
        if name not in expected
    ]
    for name, (dtype, n_axes) in expected.items():
        wanted = f"{np.dtype(dtype)} with {n_axes} axes"
        if name not in arrays:
            problems.append(Problem(f"{group}.{name}", "nothing", wanted))
            continue
        values = np.asarray(arrays[name])
        if values.dtype != dtype or values.ndim != n_axes:
            got = f"{values.dtype} of shape {values.shape}"
            problems.append(Problem(f"{group}.{name}", got, wanted))
    return problems
