"""The stochastic rate equations in torch: batches of uncoupled lasers, and gradients.

The equations are those of `rate_equations`, in symmetric order, and the scheme is that of
`integrator.step`, whose docstring explains each stage. Where the kernel uses polynomials and 14-bit
noise for speed, this module uses exponentials and normal variates; the carriers have random signs
in both. The two agree step by step without noise and in distribution with it, not bit by bit.

Lasers are entries of a batch of any shape. Device (CPU, CUDA, MPS) and precision are those of the
tensors. Nothing is changed in place, so photons and carriers can be differentiated with respect to
pump and constants along a path of fixed noise. Spike counts are whole numbers and have no gradient;
the *pathwise* gradient of a chaotic or excitable laser grows with the length of the path and is
useful over a few correlation times only.

References
----------
Pathwise derivatives: P. Glasserman, "Monte Carlo Methods in Financial Engineering", Springer
(2004), section 7.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lasersampling.checks import boolean_problems, integer_problems, refuse
from lasersampling.errors import InputError, Problem, SimulationError
from lasersampling.lasers.device import AnyDevice, Detection, Device, as_device
from lasersampling.lasers.differentiable.bridge import open_variance, weights
from lasersampling.lasers.integrator.monitoring import monitored_levels
from lasersampling.lasers.pumps import ratio_problems
from lasersampling.lasers.rate_equations import VACUUM_PHOTONS, Coefficients
from lasersampling.lasers.resting import RestingStates
from lasersampling.lasers.settings import StepSettings, checked_settings
from lasersampling.lasers.steps import step_problems

__all__ = ["LaserState", "Record", "advance", "coefficients", "resting", "simulate"]

_LEAST_VARIANCE = 1e-30
"""Regularises the square root, whose slope at 0 is infinite."""


class LaserState(NamedTuple):
    """State of a batch.

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
    def power(self) -> Tensor:
        """|E|^2: with noise the photon number S plus half a photon [photons]."""
        return self.field_x * self.field_x + self.field_y * self.field_y


@dataclass(frozen=True, eq=False)
class Record:
    """Result of a simulation in torch.

    Attributes
    ----------
    photons : Tensor, shape (reading, ...)
        S after the requested steps.
    gain_electrons, absorber_electrons : Tensor, shape (reading, ...)
        N1 and N2 after these steps.
    spike_count : Tensor of int64, shape (...)
        Spikes of each laser.
    state : LaserState
        Final state, from which a simulation can continue.
    """

    photons: Tensor
    gain_electrons: Tensor
    absorber_electrons: Tensor
    spike_count: Tensor
    state: LaserState


def coefficients(
    device: AnyDevice, *, dtype: torch.dtype = torch.float32, on: torch.device | str = "cpu"
) -> Coefficients:
    """Constants of a laser as tensors, which can be differentiated.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    dtype : torch.dtype
        float32 or float64.
    on : torch.device or str
        Device of the tensors.

    Returns
    -------
    Coefficients
    """
    device = as_device(device)
    values = Coefficients.of(device)
    return Coefficients(*(torch.tensor(value, dtype=dtype, device=on) for value in values))


def resting(
    device: AnyDevice,
    pump_ratio: Tensor,
    generator: torch.Generator | None = None,
    *,
    noise: bool = True,
) -> LaserState:
    """Lasers at rest: thermal light at the quiescent photon number, armed.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : Tensor, shape (...)
        Pump r = P/P_th of each laser [1]; the state is a constant, not a function of it.
    generator : torch.Generator, optional
        Draws the field; torch's own by default.
    noise : bool
        Whether the laser will run with noise; its field then has the half photon of the vacuum.

    Returns
    -------
    LaserState
    """
    device = as_device(device)
    refuse(boolean_problems("noise", noise))
    pump = pump_ratio * device.threshold_pump_electrons_per_ns
    return _resting_at(device, pump, generator, noise=noise)


def _resting_at(
    device: Device, pump: Tensor, generator: torch.Generator | None, *, noise: bool
) -> LaserState:
    """Lasers at rest at these pumps [electrons/ns]."""
    values = pump.detach().cpu().double().numpy()
    photons, gain, absorber = (
        torch.as_tensor(column).to(pump) for column in RestingStates(device, values).at(values)
    )
    spread = torch.sqrt(0.5 * (photons + VACUUM_PHOTONS * noise))
    x, y = (spread * _normal(pump, generator) for _ in range(2))
    below = x * x + y * y - VACUUM_PHOTONS * noise < device.detection.threshold_photons
    return LaserState(x, y, gain, absorber, below)


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
        Definition of a spike.
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
    c, h, vacuum = constants, 1e-3 * step_ps, VACUUM_PHOTONS * noise
    x, y, n1, n2, _ = state
    g1, g2 = c.gain_slope_per_ns, c.absorber_slope_per_ns
    absorption1 = g1 * c.gain_transparency_electrons
    absorption2 = g2 * c.absorber_transparency_electrons
    loss = c.loss_per_ns + absorption1 + absorption2
    spared1 = pump - c.gain_decay_per_ns * n1
    spared2 = c.absorber_pump_electrons_per_ns - c.absorber_decay_per_ns * n2
    bleach1, bleach2 = g1 * n1 - absorption1, g2 * n2 - absorption2

    # 1. Carriers in the middle of the step.
    before = state.power
    s = before - vacuum
    ahead1 = h * (spared1 - bleach1 * s) / (2.0 + h * (c.gain_decay_per_ns + g1 * s))
    ahead2 = h * (spared2 - bleach2 * s) / (2.0 + h * (c.absorber_decay_per_ns + g2 * s))
    emission1 = torch.clamp(g1 * (n1 + ahead1), min=0.0)
    emission2 = torch.clamp(g2 * (n2 + ahead2), min=0.0)

    # 2. Field.
    emission = emission1 + emission2
    u = h * (emission - loss)
    growth = torch.exp(0.5 * u)
    v2 = 0.25 * u * u
    sinhc, plus, minus, between = weights(v2)
    strength = noise * 0.25 * h * (emission + loss)
    fx, fy = growth * x, growth * y
    if noise:
        spread = torch.sqrt(growth * strength * sinhc)
        fx, fy = fx + spread * _normal(fx, generator), fy + spread * _normal(fy, generator)
    after = fx * fx + fy * fy

    # 3. Photons over the step.
    sum_squared = (x + fx) ** 2 + (y + fy) ** 2
    power = plus * sum_squared + minus * ((fx - x) ** 2 + (fy - y) ** 2) + 2.0 * strength * between
    s = power - vacuum

    # 5. Carriers without noise.
    q1, q2 = h * (c.gain_decay_per_ns + g1 * s), h * (c.absorber_decay_per_ns + g2 * s)
    weight1, weight2 = -torch.expm1(-q1) / q1, -torch.expm1(-q2) / q2
    change1, change2 = h * (spared1 - bleach1 * s), h * (spared2 - bleach2 * s)
    if noise:
        # 4. Work of the noise, and who supplies it.
        work = after - before - u * power - 2.0 * strength
        share1 = (emission1 + absorption1) / (emission + loss)
        share2 = (emission2 + absorption2) / (emission + loss)
        share0 = 1.0 - share1 - share2
        exchange = 4.0 * strength * power
        exchanged = _either(exchange * share1 * share2, generator)
        left_open = _either(open_variance(v2, strength, sum_squared), generator)
        change1 = change1 - share1 * work + exchanged + (share1 * u - h * bleach1) * left_open
        change2 = change2 - share2 * work - exchanged + (share2 * u - h * bleach2) * left_open
        # 5. The noise of the carriers' own; (1 + decay)/2 = 1 - q weight/2.
        alone1 = h * (pump + c.gain_decay_per_ns * n1) + exchange * share1 * share0
        alone2 = exchange * share2 * share0 + h * (
            c.absorber_pump_electrons_per_ns + c.absorber_decay_per_ns * n2
        )
        # Divided by the weight that all of it is multiplied with.
        change1 = change1 + _either(alone1 * (1.0 / weight1 - 0.5 * q1), generator)
        change2 = change2 + _either(alone2 * (1.0 / weight2 - 0.5 * q2), generator)
    change1, change2 = weight1 * change1, weight2 * change2

    # 6. Growth for the mean of the carriers at both ends.
    w = 0.25 * h * (g1 * (change1 - 2.0 * ahead1) + g2 * (change2 - 2.0 * ahead2))
    angle = -0.5 * c.linewidth_enhancement * (u + 2.0 * w)
    cosine, sine = torch.exp(w) * torch.cos(angle), torch.exp(w) * torch.sin(angle)
    fx, fy = fx * cosine - fy * sine, fx * sine + fy * cosine

    s = fx * fx + fy * fy - vacuum
    threshold, rearm = detection.threshold_photons, detection.rearm_photons
    if noise:
        threshold, rearm = monitored_levels(detection, c, h)
    spiked = state.is_armed & (s >= threshold)
    armed = (state.is_armed | (s < rearm)) & ~spiked
    return LaserState(fx, fy, n1 + change1, n2 + change2, armed), spiked


def simulate(
    device: AnyDevice,
    pump_ratio: Tensor,
    n_steps: int,
    *,
    constants: Coefficients | None = None,
    start: LaserState | None = None,
    readings: Sequence[int] = (),
    generator: torch.Generator | None = None,
    settings: StepSettings | None = None,
) -> Record:
    """Integrate the stochastic rate equations of a batch of uncoupled lasers.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file: its detection, step and, unless given,
        its constants.
    pump_ratio : Tensor, shape (...)
        Pump r = P/P_th of each laser [1]; its shape, precision and device are those of all tensors.
        The threshold pump P_th is that of `device`, whatever `constants` say.
    n_steps : int
        Number of steps.
    constants : Coefficients, optional
        Constants as tensors that broadcast against `pump_ratio`.
    start : LaserState, optional
        Initial state; at rest by default.
    readings : sequence of int
        Steps after which photons and carriers are recorded: ascending, from 1 to `n_steps`.
    generator : torch.Generator, optional
        Random numbers, on the device of `pump_ratio`; torch's own by default.
    settings : StepSettings, optional
        Integration step, and whether there is noise.

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
    >>> record = simulate(device, torch.tensor([0.9, 1.0]), 400, readings=[200, 400],
    ...                   generator=torch.Generator().manual_seed(1))
    >>> record.photons.shape
    torch.Size([2, 2])
    """
    device = as_device(device)
    settings = checked_settings(settings, StepSettings)
    noise, step = settings.noise, settings.step_of(device)
    problems = [
        *integer_problems("n_steps", n_steps, 1),
        *step_problems(device, step),
    ]
    if not pump_ratio.is_floating_point():
        problems.append(Problem("pump_ratio", str(pump_ratio.dtype), "float32 or float64"))
    elif pump_ratio.numel():
        lowest, highest = (float(end) for end in torch.aminmax(pump_ratio.detach()))
        problems += ratio_problems("pump_ratio", lowest, highest, device)
    if not problems and not _ascend(readings, n_steps):
        problems.append(
            Problem("readings", f"{readings!r:.60}", f"ascending steps from 1 to {n_steps}")
        )
    if problems:
        raise InputError(problems)
    pump = pump_ratio * device.threshold_pump_electrons_per_ns
    if constants is None:
        constants = coefficients(device, dtype=pump.dtype, on=pump.device)
    state = _resting_at(device, pump, generator, noise=noise) if start is None else start
    count = torch.zeros(pump.shape, dtype=torch.int64, device=pump.device)
    wanted, kept = set(readings), []
    for number in range(1, n_steps + 1):
        state, spiked = advance(
            constants, device.detection, state, pump, step, generator=generator, noise=noise
        )
        count = count + spiked
        if number in wanted:
            photons = state.power - VACUUM_PHOTONS * noise
            kept.append((photons, state.gain_electrons, state.absorber_electrons))
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


def _either(variance: Tensor, generator: torch.Generator | None) -> Tensor:
    """The root of a variance, with a random sign; 0 for a negative one, NaN for NaN."""
    root = torch.sqrt(torch.clamp(variance, min=_LEAST_VARIANCE))
    bits = torch.randint(0, 2, root.shape, generator=generator, device=root.device)
    return root * (bits.to(root.dtype) * 2.0 - 1.0)


def _normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
