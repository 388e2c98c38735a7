"""Calibration of a laser as a sampling neuron.

It follows what a laboratory would do: record the spikes of an uncoupled laser over its pump, read
the activation curve for some refractory time, fit the logistic function; then couple two lasers and
measure the effect of a synapse of unit weight on their joint distribution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lasersampling.closure import digest_of
from lasersampling.config import NonNegative, Positive, Seed, to_toml, validated
from lasersampling.errors import InputError, SimulationError
from lasersampling.keeping import kept
from lasersampling.labelled import Variable, as_dataset
from lasersampling.lasers.device import Device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.lasers.steps import step_problems, timing_problems
from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.neurons.activation import LogisticFit, measure_activation
from lasersampling.sampling.neurons.pair_statistics import pair_parameters, slope_through_origin
from lasersampling.sampling.neurons.translation import TranslationRule

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAIR_WEIGHTS = (-1.2, -0.6, 0.6, 1.2)
"""Weights for which a pair of lasers is measured."""

REFRACTORY_TIMES = (0.5, 0.625, 0.75, 0.875, 1.0, 1.125, 1.25, 1.5)
"""Refractory times that are compared, relative to the one in use."""

LARGEST_RMS = 0.02
"""Largest misfit of the activation curve for which a refractory time is accepted."""

_PAIR_READINGS_PER_TAU = 8


@validated
class MeasurementSettings:
    """Number of chains and random numbers of a measurement by simulation.

    Attributes
    ----------
    seed : int
        Seed of all simulations.
    n_chains : int
        Number of chains, at least 2 for standard errors.
    """

    seed: Seed = 0
    n_chains: Annotated[int, Field(le=10**9)] = 48

    def __post_init__(self) -> None:
        if self.n_chains < 2:
            raise InputError.single("n_chains", self.n_chains, "at least 2")


@validated
class CalibrationSettings(MeasurementSettings):
    """Durations of the measurements of a calibration.

    Attributes
    ----------
    activation_duration_ns : float
        Recording time per pump and chain for the activation curve.
    pair_duration_ns : float
        Recording time per weight and chain for the coupled pair.
    """

    activation_duration_ns: Positive = 2000.0
    pair_duration_ns: Positive = 4000.0


@validated
class LaserNeuron:
    """A laser used as a sampling neuron.

    Attributes
    ----------
    device : Device
        The laser.
    synapse : Synapse
        Effect of its spikes on others.
    refractory_time_ns : float
        tau: z = 1 for this time after a spike.
    delay_ns : float
        Transmission delay of all connections.
    step_ps : float
        Integration step.

    Raises
    ------
    InputError
        When the step is much longer than the device's own, or a delay or pulse is shorter than
        half a step.

    Warns
    -----
    AccuracyWarning
        When the step is longer than the device's own, or rounds a delay or pulse noticeably.
    """

    device: Device
    synapse: Synapse
    refractory_time_ns: Positive
    delay_ns: NonNegative
    step_ps: Positive

    def __post_init__(self) -> None:
        problems = step_problems(self.device, self.step_ps)
        problems += timing_problems(
            self.delay_ns, self.synapse, self.refractory_time_ns, self.step_ps
        )
        if problems:
            raise InputError(problems)


@validated
class Calibration:
    """Measured properties of a neuron, with standard errors.

    Attributes
    ----------
    refractory_time_ns : float
        tau.
    slope, slope_se, midpoint, midpoint_se, fit_rms : float
        Logistic fit of the activation; pumps in units of the threshold pump [1].
    synapse_strength, synapse_strength_se : float
        Effective weight between two lasers, divided by the requested weight [1].
    synapse_bias_shift, synapse_bias_shift_se : float
        Shift of the biases of two lasers by their coupling, divided by the requested weight: the
        part of a pulse that acts whether or not z = 1. It is small for a good synapse. Translation
        does not correct it, since the shifts of many synapses do not simply add up [1].
    pump : tuple of float
        Pumps of the activation curve over the threshold pump [1].
    activation, activation_se : tuple of float
        P(z = 1) at these pumps [1].
    rate_per_ns : tuple of float
        Spike rates at these pumps.
    pair_weight, pair_measured, pair_measured_se : tuple of float
        Weights of the coupled pair, requested and measured [1].
    tau_ns, tau_slope, tau_midpoint, tau_rms : tuple of float
        Logistic fits of the same spikes for other refractory times: [ns] and [1].
    """

    refractory_time_ns: Positive
    slope: Positive
    slope_se: NonNegative
    midpoint: Positive
    midpoint_se: NonNegative
    fit_rms: NonNegative
    synapse_strength: float
    synapse_strength_se: NonNegative
    synapse_bias_shift: float
    synapse_bias_shift_se: NonNegative
    pump: tuple[float, ...]
    activation: tuple[float, ...]
    activation_se: tuple[float, ...]
    rate_per_ns: tuple[float, ...]
    pair_weight: tuple[float, ...]
    pair_measured: tuple[float, ...]
    pair_measured_se: tuple[float, ...]
    tau_ns: tuple[float, ...]
    tau_slope: tuple[float, ...]
    tau_midpoint: tuple[float, ...]
    tau_rms: tuple[float, ...]

    def variables(self) -> dict[str, Variable]:
        """Give the measured curves as they stand in files, with units of measurement."""
        pair, tau = ("pair_weight",), ("tau_ns",)
        curves: dict[str, tuple[tuple[float, ...], tuple[str, ...], str, str]] = {
            "pump": (self.pump, ("pump",), "1", "pump over threshold pump"),
            "activation": (self.activation, ("pump",), "1", "P(z = 1)"),
            "activation_se": (self.activation_se, ("pump",), "1", "its standard error"),
            "pair_weight": (self.pair_weight, pair, "1", "weight asked for"),
            "pair_measured": (self.pair_measured, pair, "1", "weight measured"),
            "pair_measured_se": (self.pair_measured_se, pair, "1", "its standard error"),
            "tau_alpha": (self.tau_slope, tau, "1", "slope for that refractory time"),
            "tau_r0": (self.tau_midpoint, tau, "1", "midpoint for it"),
            "tau_rms": (self.tau_rms, tau, "1", "misfit for it"),
            "rate_per_ns": (self.rate_per_ns, ("pump",), "1/ns", "spike rate"),
            "tau_ns": (self.tau_ns, tau, "ns", "refractory times that were compared"),
        }
        return {
            name: Variable(np.asarray(curve), dims, units, description)
            for name, (curve, dims, units, description) in curves.items()
        }

    def to_xarray(self) -> xr.Dataset:
        """Give the measured curves over `pump`, `pair_weight` and `tau_ns`.

        The fitted numbers (`slope`, `midpoint`, `synapse_strength`, ...) are attributes.
        """
        numbers = {name: value for name, value in vars(self).items() if isinstance(value, float)}
        return as_dataset(self.variables(), numbers)

    def plot(self, axes: Axes | None = None) -> Figure:
        """Draw the activation curve with the logistic function fitted to it.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; by default those of a new figure, which shows the residuals too.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from lasersampling.plots import activation, style

        curve = activation.ActivationCurve(
            np.asarray(self.pump), np.asarray(self.activation), np.asarray(self.activation_se),
            (self.slope, self.slope_se), (self.midpoint, self.midpoint_se), self.fit_rms,
            self.refractory_time_ns,
        )  # fmt: skip
        if axes is not None:
            activation.draw(axes, curve)
            axes.set_xlabel(activation.PUMP)
            return style.figure_of(axes)
        with style.style():
            return activation.draw_with_residuals(curve)

    def rule(self, neuron: LaserNeuron) -> TranslationRule:
        """Return the translation rule that follows from these measurements."""
        return TranslationRule(
            threshold_pump_electrons_per_ns=neuron.device.threshold_pump_electrons_per_ns,
            slope=self.slope,
            midpoint=self.midpoint,
            mean_effect=neuron.synapse.mean_effect(neuron.refractory_time_ns),
            synapse_strength=self.synapse_strength,
            pump_per_drive=neuron.device.pump_per_drive(neuron.synapse),
        )


def calibration_key(neuron: LaserNeuron, settings: CalibrationSettings) -> str:
    """Digest of everything on which a calibration depends.

    Besides device and settings this is the code of this module and of all modules of the package
    that it imports, without comments and docstrings.
    """
    digest = hashlib.sha256()
    digest.update(to_toml({"neuron": neuron, "settings": settings}).encode())
    digest.update(digest_of(__name__).encode())
    return digest.hexdigest()[:32]


def measure_calibration(
    neuron: LaserNeuron,
    settings: CalibrationSettings,
    *,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Calibration:
    """Measure activation curve and unit synapse of a neuron.

    Parameters
    ----------
    neuron : LaserNeuron
        Laser, synapse and refractory time.
    settings : CalibrationSettings
        Durations of the measurement, and the seed.
    n_threads : int, optional
        Threads; all cores by default. The result does not depend on it.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Calibration

    Raises
    ------
    SimulationError
        If the laser does not turn on with the pump, or if a synapse has no positive effect.
    """
    report = progress or (lambda fraction: None)
    curve = kept("activation", lambda: measure_activation(
        neuron.device, neuron.refractory_time_ns, duration_ns=settings.activation_duration_ns,
        n_chains=settings.n_chains, seed=settings.seed, step_ps=neuron.step_ps,
        n_threads=n_threads, progress=lambda fraction: report(0.5 * fraction),
    ))  # fmt: skip
    fit = curve.fit(neuron.refractory_time_ns)
    activation, activation_se = curve.activation(neuron.refractory_time_ns)
    scan = []
    for factor in REFRACTORY_TIMES:
        tau = factor * neuron.refractory_time_ns
        try:
            scan.append((tau, curve.fit(tau)))
        except SimulationError:
            # The refractory time is too short for the laser to reach high activations.
            continue
    pair = _measure_pair(neuron, fit, settings, n_threads, lambda f: report(0.5 + 0.5 * f))
    weights = np.array(PAIR_WEIGHTS)
    strength, strength_se = slope_through_origin(weights, pair[0])
    shift, shift_se = slope_through_origin(weights, pair[1])
    if strength <= 3.0 * strength_se:
        raise SimulationError(
            f"device {neuron.device.name}: a synapse of unit weight has the strength "
            f"{strength:.3f} +- {strength_se:.3f}; lasers coupled by it do not sample"
        )
    return Calibration(
        refractory_time_ns=neuron.refractory_time_ns,
        slope=fit.slope,
        slope_se=fit.slope_se,
        midpoint=fit.midpoint,
        midpoint_se=fit.midpoint_se,
        fit_rms=fit.rms,
        synapse_strength=strength,
        synapse_strength_se=strength_se,
        synapse_bias_shift=shift,
        synapse_bias_shift_se=shift_se,
        pump=tuple(curve.pump),
        activation=tuple(activation),
        activation_se=tuple(activation_se),
        rate_per_ns=tuple(curve.spikes.rate_per_ns().mean(axis=0)),
        pair_weight=PAIR_WEIGHTS,
        pair_measured=tuple(pair[0, :, 0]),
        pair_measured_se=tuple(pair[0, :, 1]),
        tau_ns=tuple(tau for tau, _ in scan),
        tau_slope=tuple(fit.slope for _, fit in scan),
        tau_midpoint=tuple(fit.midpoint for _, fit in scan),
        tau_rms=tuple(fit.rms for _, fit in scan),
    )


def choose_refractory_time(calibration: Calibration) -> float:
    """Shortest refractory time whose activation curve is logistic to `LARGEST_RMS` [ns].

    The misfit decreases with tau, while the time per sample increases; the shortest tau that fits
    samples fastest. If none does, the best one is returned.
    """
    rms = np.array(calibration.tau_rms)
    good = np.flatnonzero(rms <= LARGEST_RMS)
    return calibration.tau_ns[int(good[0]) if good.size else int(rms.argmin())]


def _measure_pair(
    neuron: LaserNeuron,
    fit: LogisticFit,
    settings: CalibrationSettings,
    n_threads: int | None,
    progress: Callable[[float], None],
) -> NDArray[np.float64]:
    """Weight and bias shift of two coupled lasers, shape (2, weight, 2): value and error."""
    from lasersampling.boltzmann.machine import BoltzmannMachine

    device, tau = neuron.device, neuron.refractory_time_ns
    rule = TranslationRule(
        device.threshold_pump_electrons_per_ns, fit.slope, fit.midpoint,
        neuron.synapse.mean_effect(tau), pump_per_drive=device.pump_per_drive(neuron.synapse),
    )  # fmt: skip
    times = np.arange(tau, settings.pair_duration_ns, tau / _PAIR_READINGS_PER_TAU)

    def parameters(weight: float, bias: float, seed: int) -> NDArray[np.float64]:
        """Weight and bias of two lasers by their joint states, shape (2, 2): value and error."""
        pair = BoltzmannMachine(np.array([[0.0, weight], [weight, 0.0]]), np.full(2, bias))
        network = LaserNetwork(
            device, 2, rule.weights_electrons_per_ns(pair), neuron.delay_ns, neuron.synapse
        )
        spikes = simulate(
            network,
            rule.pump_ratio(pair),
            settings.pair_duration_ns,
            n_chains=settings.n_chains,
            seed=seed,
            settings=SimulationSettings(
                refractory_time_ns=tau, step_ps=neuron.step_ps, n_threads=n_threads
            ),
        ).spikes
        states = spikes.states(tau, times)
        joint = states[:, :, 0] + 2 * states[:, :, 1]
        return pair_parameters(np.stack([(joint == s).sum(axis=1) for s in range(4)], axis=1))

    measured = np.empty((2, len(PAIR_WEIGHTS), 2))
    for k, weight in enumerate(PAIR_WEIGHTS):
        # This bias makes both values of each unit equally likely. The same lasers without coupling
        # show which part of a shift is due to the deviation of the activation curve from the
        # logistic one.
        bias = -0.5 * weight
        coupled = kept("pair", partial(parameters, weight, bias, settings.seed + 1000 + k))
        progress((k + 0.5) / len(PAIR_WEIGHTS))
        alone = kept("pair", partial(parameters, 0.0, bias, settings.seed + 2000 + k))
        progress((k + 1) / len(PAIR_WEIGHTS))
        measured[0, k] = coupled[0]
        measured[1, k] = coupled[1, 0] - alone[1, 0], np.hypot(coupled[1, 1], alone[1, 1])
    return measured
