"""The stochastic rate equations in torch: batches of uncoupled lasers, and gradients.

The equations are those of `rate_equations`, the scheme is that of `kernel`: field and carriers on
grids staggered by half a step; the exact Ornstein-Uhlenbeck transition of the field for frozen
carriers; the exact relaxation of each carrier number for a frozen photon number. Where the kernel
has polynomials and 14-bit noise for speed, this has exponentials and normal variates, and the
carriers take a random sign each, as there. The two agree in distribution, not bit by bit.

Lasers are entries of a batch of any shape. The device is that of the tensors (CPU, CUDA, MPS),
the precision too. Nothing is changed in place, so photons and carriers can be differentiated with
respect to pump and constants along a path of fixed noise. Spike counts are whole numbers and have
no gradient; a *pathwise* gradient of a chaotic or excitable laser grows with the length of the
path and is of use over a few correlation times.

References
----------
Pathwise derivatives: P. Glasserman, "Monte Carlo Methods in Financial Engineering", Springer
(2004), section 7.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, Problem, SimulationError
from lasersampling.lasers.device import Detection, Device
from lasersampling.lasers.rate_equations import Coefficients, balance, quiescent_state

__all__ = ["LaserState", "Record", "advance", "coefficients", "resting", "simulate"]

_RESTING_LEVELS = 33
_SERIES_BELOW = 1e-2  # relative error of the series there: v**6/5040, below rounding
_LEAST_VARIANCE = 1e-30  # its square root has a finite slope, that of 0 has not


class LaserState(NamedTuple):
    """State of a batch; carriers half a step ahead of the field.

    Attributes
    ----------
    field_x, field_y : Tensor
        Quadratures of the field [sqrt(photons)].
    gain_electrons, absorber_electrons : Tensor
        N1 and N2.
    is_armed : Tensor of bool
        Whether a rise through the detection threshold counts as a spike.
    """

    field_x: Tensor
    field_y: Tensor
    gain_electrons: Tensor
    absorber_electrons: Tensor
    is_armed: Tensor

    @property
    def photons(self) -> Tensor:
        """Photon number S [photons]."""
        return self.field_x * self.field_x + self.field_y * self.field_y


@dataclass(frozen=True, eq=False)
class Record:
    """What a simulation in torch gives.

    Attributes
    ----------
    photons : Tensor, shape (reading, ...)
        S after the steps asked for.
    gain_electrons, absorber_electrons : Tensor, shape (reading, ...)
        N1 and N2, half a step later.
    spike_count : Tensor of int64, shape (...)
        Spikes of each laser.
    state : LaserState
        Where it ended, to go on from.
    """

    photons: Tensor
    gain_electrons: Tensor
    absorber_electrons: Tensor
    spike_count: Tensor
    state: LaserState


def coefficients(
    device: Device, *, dtype: torch.dtype = torch.float32, on: torch.device | str = "cpu"
) -> Coefficients:
    """Constants of a laser as tensors, for instance to be differentiated.

    Parameters
    ----------
    device : Device
        The laser.
    dtype : torch.dtype
        float32 or float64.
    on : torch.device or str
        Where the tensors live.

    Returns
    -------
    Coefficients
    """
    values = Coefficients.of(device)
    return Coefficients(*(torch.tensor(value, dtype=dtype, device=on) for value in values))


def resting(device: Device, pump: Tensor, generator: torch.Generator | None = None) -> LaserState:
    """Lasers at rest: thermal light at the quiescent photon number, armed.

    Parameters
    ----------
    device : Device
        The laser.
    pump : Tensor, shape (...)
        Pump P of each laser [electrons/ns]; the state is a constant, not a function of it.
    generator : torch.Generator, optional
        Draws the field; torch's own by default.

    Returns
    -------
    LaserState
    """
    values = pump.detach().cpu().double().numpy()
    levels = np.unique(np.linspace(values.min(), values.max(), _RESTING_LEVELS))
    states = [quiescent_state(device, float(level)) for level in levels]

    def at(column: list[float]) -> Tensor:
        return torch.as_tensor(np.interp(values, levels, column)).to(pump)

    spread = torch.sqrt(0.5 * at([state.photons for state in states]))
    x, y = (spread * torch.randn(pump.shape, generator=generator, dtype=pump.dtype,
                                 device=pump.device) for _ in range(2))  # fmt: skip
    return LaserState(
        field_x=x,
        field_y=y,
        gain_electrons=at([state.gain_electrons for state in states]),
        absorber_electrons=at([state.absorber_electrons for state in states]),
        is_armed=x * x + y * y < device.detection.threshold_photons,
    )


def advance(
    constants: Coefficients,
    detection: Detection,
    state: LaserState,
    pump: Tensor,
    step_ps: float,
    *,
    generator: torch.Generator | None = None,
    noise: bool = True,
) -> tuple[LaserState, Tensor]:
    """One step of all lasers.

    Parameters
    ----------
    constants : Coefficients
        Constants as tensors.
    detection : Detection
        What counts as a spike.
    state : LaserState
        State before.
    pump : Tensor
        Pump P during the step [electrons/ns].
    step_ps : float
        Length of the step.
    generator : torch.Generator, optional
        Random numbers; torch's own by default.
    noise : bool
        False integrates the drift alone.

    Returns
    -------
    state : LaserState
        State after.
    spiked : Tensor of bool
        Which lasers rose through the detection threshold.
    """
    step = 1e-3 * step_ps
    n1, n2 = state.gain_electrons, state.absorber_electrons
    exponent = step * constants.growth(n1, n2)
    turn = -0.5 * constants.linewidth_enhancement * exponent
    growth = torch.exp(0.5 * exponent)
    cosine, sine = growth * torch.cos(turn), growth * torch.sin(turn)
    x = state.field_x * cosine - state.field_y * sine
    y = state.field_x * sine + state.field_y * cosine
    if noise:
        emission = constants.emission(n1, n2)
        spread = _root(0.5 * step * emission * growth * _sinhc(0.5 * exponent))
        x, y = x + spread * _normal(x, generator), y + spread * _normal(y, generator)
    photons = x * x + y * y
    supply = balance(constants, photons, pump)
    carriers = []
    for electrons, source, rate in (
        (n1, supply.gain_source, supply.gain_rate),
        (n2, supply.absorber_source, supply.absorber_rate),
    ):
        weight = -torch.expm1(-step * rate) / rate
        decay = 1.0 - rate * weight
        after = electrons * decay + source * weight
        if noise:
            spread = _root((source + rate * electrons) * weight * 0.5 * (1.0 + decay))
            after = after + spread * _sign(after, generator)
        carriers.append(after)
    spiked = state.is_armed & (photons >= detection.threshold_photons)
    armed = (state.is_armed | (photons < detection.rearm_photons)) & ~spiked
    return LaserState(x, y, carriers[0], carriers[1], armed), spiked


def simulate(
    device: Device,
    pump: Tensor,
    n_steps: int,
    *,
    constants: Coefficients | None = None,
    step_ps: float | None = None,
    start: LaserState | None = None,
    readings: Sequence[int] = (),
    generator: torch.Generator | None = None,
    noise: bool = True,
) -> Record:
    """Integrate the stochastic rate equations of a batch of uncoupled lasers.

    Parameters
    ----------
    device : Device
        The laser; its detection, step and, unless given, its constants.
    pump : Tensor, shape (...)
        Pump P of each laser [electrons/ns]; its shape, precision and device are those of all.
    n_steps : int
        How many steps.
    constants : Coefficients, optional
        Constants as tensors that broadcast against `pump`.
    step_ps : float, optional
        Integration step; the device's own by default.
    start : LaserState, optional
        Where to start; at rest by default.
    readings : sequence of int
        Steps after which photons and carriers are kept: ascending, from 1 to `n_steps`.
    generator : torch.Generator, optional
        Random numbers, on the device of `pump`; torch's own by default.
    noise : bool
        False integrates the drift alone.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        With all problems of the arguments.
    SimulationError
        If the last state is not finite.

    Examples
    --------
    >>> from lasersampling.lasers.device import load_device
    >>> device = load_device("D2")
    >>> pump = torch.tensor([0.9, 1.0]) * device.threshold_pump_electrons_per_ns
    >>> record = simulate(device, pump, 400, readings=[200, 400],
    ...                   generator=torch.Generator().manual_seed(1))
    >>> record.photons.shape
    torch.Size([2, 2])
    """
    step = device.step_ps if step_ps is None else step_ps
    problems = [
        *integer_problems("n_steps", n_steps, 1),
        *number_problems("step_ps", step, 0.0, strict=True),
    ]
    if not pump.is_floating_point():
        problems.append(Problem("pump", str(pump.dtype), "float32 or float64"))
    elif not (torch.isfinite(pump).all() and (pump >= 0.0).all()):
        problems.append(
            Problem("pump", "negative or not finite values", "finite values of at least 0")
        )
    if not problems and not _ascend(readings, n_steps):
        problems.append(
            Problem("readings", f"{readings!r:.60}", f"ascending steps from 1 to {n_steps}")
        )
    if problems:
        raise InputError(problems)
    if constants is None:
        constants = coefficients(device, dtype=pump.dtype, on=pump.device)
    state = resting(device, pump, generator) if start is None else start
    count = torch.zeros(pump.shape, dtype=torch.int64, device=pump.device)
    wanted, kept = set(readings), []
    for number in range(1, n_steps + 1):
        state, spiked = advance(
            constants, device.detection, state, pump, step, generator=generator, noise=noise
        )
        count = count + spiked
        if number in wanted:
            kept.append((state.photons, state.gain_electrons, state.absorber_electrons))
    if not all(torch.isfinite(part).all() for part in state[:4]):
        raise SimulationError(
            f"device {device.name}: a state is no longer finite after {n_steps} steps; a step "
            f"shorter than {step:g} ps is needed"
        )
    photons, gain, absorber = (
        torch.stack(column) if kept else pump.new_zeros((0, *pump.shape))
        for column in (zip(*kept, strict=True) if kept else [()] * 3)
    )
    return Record(photons, gain, absorber, count, state)


def _ascend(readings: Sequence[int], n_steps: int) -> bool:
    numbers = list(readings)
    inside = all(not integer_problems("", k, 1) and k <= n_steps for k in numbers)
    return inside and numbers == sorted(set(numbers))


def _root(variance: Tensor) -> Tensor:
    """Square root of a rate that counts as zero where it is negative; NaN stays NaN."""
    return torch.sqrt(torch.clamp(variance, min=_LEAST_VARIANCE))


def _sinhc(value: Tensor) -> Tensor:
    """sinh(v)/v; the inner `where` keeps the unused branch from a division by zero."""
    is_small = value.abs() < _SERIES_BELOW
    safe = torch.where(is_small, torch.ones_like(value), value)
    squared = value * value
    series = 1.0 + squared * (1.0 / 6.0 + squared / 120.0)
    return torch.where(is_small, series, torch.sinh(safe) / safe)


def _normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def _sign(like: Tensor, generator: torch.Generator | None) -> Tensor:
    bits = torch.randint(0, 2, like.shape, generator=generator, device=like.device)
    return bits.to(like.dtype) * 2.0 - 1.0
