"""How lasers are simulated: settings that the equations, the jump process and torch share."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field

from lasersampling.checks import memory_problems
from lasersampling.config import NonNegative, Positive, validated
from lasersampling.errors import InputError, Problem
from lasersampling.lasers.device import Device
from lasersampling.parallel import available_cores

__all__ = [
    "JumpSettings",
    "RecordingSettings",
    "SimulationSettings",
    "StepSettings",
    "TraceRequest",
    "checked_settings",
]

S = TypeVar("S")

_VALUES_PER_SAMPLE = 3
"""Photons, and carriers of both sections."""


@validated
class TraceRequest:
    """Which lasers of the first chain are recorded in full, and when.

    Attributes
    ----------
    lasers : tuple of int
        Numbers of the lasers.
    start_ns, stop_ns : float
        Window after the burn-in [ns].
    interval_ps : float
        Time between samples [ps], rounded to whole steps.

    Raises
    ------
    InputError
        If a number is negative or not finite, or the window is empty.

    Examples
    --------
    >>> TraceRequest(lasers=(0, 2), start_ns=0.0, stop_ns=10.0, interval_ps=5.0).lasers
    (0, 2)
    """

    lasers: tuple[Annotated[int, Field(ge=0)], ...]
    start_ns: NonNegative
    stop_ns: NonNegative
    interval_ps: Positive

    def __post_init__(self) -> None:
        if not self.start_ns < self.stop_ns:
            raise InputError.single(
                "stop_ns", f"{self.stop_ns:g}", f"more than start_ns, {self.start_ns:g} ns"
            )

    def problems(
        self, n_lasers: int, duration_ns: float, step_ps: float | None = None
    ) -> list[Problem]:
        """Check lasers, window and the number of samples for a recording.

        Parameters
        ----------
        n_lasers : int
            Number of lasers of the network.
        duration_ns : float
            Time recorded [ns].
        step_ps : float, optional
            Shortest time between samples, if there is one [ps].

        Returns
        -------
        list of Problem
        """
        problems = [
            Problem(f"traces.lasers[{i}]", str(laser), f"0 to {n_lasers - 1}")
            for i, laser in enumerate(self.lasers)
            if laser >= n_lasers
        ]
        if self.stop_ns > duration_ns:
            got = f"{self.start_ns:g} to {self.stop_ns:g} ns"
            problems.append(Problem("traces", got, f"a window within 0 to {duration_ns:g} ns"))
        interval_ns = 1e-3 * max(self.interval_ps, step_ps or 0.0)
        # Beyond 2^62 the number is too large in any case.
        n_samples = int(min((self.stop_ns - self.start_ns) / interval_ns, 2.0**62)) + 1
        shape = n_samples, len(self.lasers), _VALUES_PER_SAMPLE
        problems += memory_problems("traces", shape, 4)
        return problems


@validated
class StepSettings:
    """How the stochastic rate equations are integrated.

    Attributes
    ----------
    step_ps : float, optional
        Integration step; the device's own by default, and at most twice that, with a warning.
    noise : bool
        False integrates the drift alone. Without spontaneous emission the field then needs photons
        to start from, which the resting state has.
    """

    step_ps: Positive | None = None
    noise: bool = True

    def step_of(self, device: Device) -> float:
        """The step in use [ps]."""
        return self.step_ps or device.step_ps


@validated
class RecordingSettings:
    """What is recorded from a network, from when on, and on how many threads.

    Attributes
    ----------
    burn_in_ns : float
        Time simulated before the recording when the lasers start at rest.
    refractory_time_ns : float, optional
        Length of the synaptic rectangles if the synapse does not fix it; the device's own by
        default.
    traces : TraceRequest, optional
        Lasers of the first chain to record in full.
    n_threads : int, optional
        Number of threads; by default that of cores. The results do not depend on it.
    """

    burn_in_ns: NonNegative = 50.0
    refractory_time_ns: Positive | None = None
    traces: TraceRequest | None = None
    n_threads: Annotated[int, Field(ge=1)] | None = None

    @property
    def threads(self) -> int:
        """Threads in use."""
        return self.n_threads or available_cores()

    def refractory_time_of(self, device: Device) -> float:
        """The refractory time in use [ns]."""
        return self.refractory_time_ns or device.refractory_time_ns


@validated
class SimulationSettings(StepSettings, RecordingSettings):
    """Settings of `simulate`; those of `StepSettings` and `RecordingSettings` belong to them.

    Attributes
    ----------
    common_step : bool
        Whether all lasers take every step. They do so in any case if they are traced, without
        noise, or if the gain turns their field; otherwise lasers take substeps of up to 8 ps while
        they are dark, and spikes act at boundaries between windows of four such substeps.
    recall_ns : float
        For a simulation that continues another: its spikes begin this long before the start, so
        that states can be read from the first moment on. No longer than a refractory time.
    chains : tuple of int, optional
        First and end of the chains that are simulated, (2, 4) for chains 2 and 3; all by default.
        They have the bits that they have among all. The result and `start` are of these chains,
        counted from 0; pumps are given for all.

    Raises
    ------
    InputError
        If a time is negative or not finite, or there are no such chains.

    Examples
    --------
    >>> SimulationSettings(step_ps=0.5, burn_in_ns=0.0).noise
    True
    """

    common_step: bool = False
    recall_ns: NonNegative = 0.0
    chains: tuple[Annotated[int, Field(ge=0)], int] | None = None

    def __post_init__(self) -> None:
        if self.chains is not None and self.chains[0] >= self.chains[1]:
            expected = "the first chain and the end, which is greater"
            raise InputError.single("chains", str(self.chains), expected)

    def chains_of(self, n_chains: int) -> range:
        """Numbers of the chains that are simulated, of so many."""
        return range(n_chains) if self.chains is None else range(*self.chains)


@validated
class JumpSettings(RecordingSettings):
    """Settings of `simulate_jumps`; those of `RecordingSettings` belong to them.

    Attributes
    ----------
    photon_histogram : int
        Number of photon numbers 0, 1, ... for which the time spent at them is recorded; none by
        default.
    """

    photon_histogram: Annotated[int, Field(ge=0)] = 0


def checked_settings(given: object, kind: type[S]) -> S:
    """Return the given settings, or the default ones for None.

    Parameters
    ----------
    given : object
        The given object.
    kind : type
        Type of settings that is expected.

    Raises
    ------
    InputError
        If `given` is anything else.
    """
    if given is None:
        return kind()
    if type(given) is not kind:  # the settings of a subclass would be ignored
        raise InputError.single("settings", type(given).__name__, f"{kind.__name__}(...)")
    return given
