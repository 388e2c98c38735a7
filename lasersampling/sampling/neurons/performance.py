"""Speed and power of a laser as a sampling neuron, estimated from the simulation.

The cost of a spike is what the pump delivers in the mean time between spikes, that of a sample what
the lasers of a machine consume until its states are independent of those before. Both are figures
of the *device*, as a paper on a device would give them: they cover the junctions of the lasers,
under the assumptions of `WallPlug`. Detectors, drivers and pulse generators that turn spikes into
pump pulses, readout, temperature control and losses between chips are left out; figures of digital
machines often include such parts.

References
----------
I. K. Boikov et al., Nat. Commun. 17 (2026) 125 (spiking nanolasers as samplers);
A. Sokal, in Functional Integration: Basics and Applications (1997) 131, section 3 (one independent
sample per integrated autocorrelation time).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.config import NonNegative, Positive, Probability, validated
from lasersampling.errors import InputError
from lasersampling.keeping import kept
from lasersampling.lasers.analysis.emission import Emission, measure_emission
from lasersampling.lasers.device import ELEMENTARY_CHARGE_UA_NS, Device
from lasersampling.lasers.simulation import SimulationSettings
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import Progress, Samples
from lasersampling.statistics import autocorrelation_time, jackknife_error

__all__ = [
    "Performance",
    "PerformanceSettings",
    "ValueWithError",
    "WallPlug",
    "longest_correlation",
    "measure_performance",
    "pulse_share",
]

_BURN_IN = 25.0
"""Time before the recording of a single laser, in refractory times."""

_SHARE_OF_EMISSION = 0.6
"""Fraction of the time of all measurements that the emission takes."""


@validated
class WallPlug:
    """Assumptions between the electrons of the simulation and the wall plug.

    Attributes
    ----------
    excess_voltage_v : float
        Voltage of a junction, by series resistance, in excess of photon energy over charge [V].
        With the default the voltage is 1.0 V at 1550 nm.
    injection_efficiency : float
        Fraction of the current that reaches the pumped section [1].
    output_share : float
        Fraction of the cavity loss that is light coupled out to where it is used [1].

    Notes
    -----
    These values were not measured: the defaults are round numbers, 1.0 V, no leakage, and half of
    the light. Power is inversely proportional to the injection efficiency and proportional to the
    voltage.
    """

    excess_voltage_v: NonNegative = 0.2
    injection_efficiency: Annotated[float, Field(gt=0, le=1)] = 1.0
    output_share: Probability = 0.5

    def voltage_v(self, device: Device) -> float:
        """Voltage of both junctions [V]."""
        # One fJ per electron is 1e-15 / 1.6e-19 V, and one uA ns is one fC.
        return device.cavity.photon_energy_fj / ELEMENTARY_CHARGE_UA_NS + self.excess_voltage_v

    def current_ua(self, electrons_per_ns: float) -> float:
        """Current that pumps so many electrons into a section [uA]."""
        return electrons_per_ns * ELEMENTARY_CHARGE_UA_NS / self.injection_efficiency

    def power_uw(self, device: Device, electrons_per_ns: float) -> float:
        """Electrical power that pumps so many electrons [uW]; one uW is one fJ per ns."""
        return self.current_ua(electrons_per_ns) * self.voltage_v(device)


@validated
class PerformanceSettings:
    """Duration of the measurements, and the machine for which they are made.

    Attributes
    ----------
    n_copies : int
        Number of copies of a single laser that are recorded at every step, at least 2.
    emission_duration_ns : float
        Recording time of each copy.
    n_units, machine_seed : int
        Machine whose samples are timed, with W and b from N(0, 0.6).
    n_chains : int
        Number of chains that sample it, at least 2 for standard errors.
    machine_duration_ns : float
        Sampling time of each chain.
    """

    n_copies: Annotated[int, Field(ge=2)] = 256
    emission_duration_ns: Positive = 100.0
    n_units: Annotated[int, Field(ge=1)] = 5
    machine_seed: Annotated[int, Field(ge=0)] = 0
    n_chains: Annotated[int, Field(ge=2)] = 24
    machine_duration_ns: Positive = 5000.0


class ValueWithError(NamedTuple):
    """A number and its standard error, in the same unit; None if it is exact."""

    value: float
    standard_error: float | None = None

    def times(self, factor: float) -> ValueWithError:
        """Multiply value and error by a factor."""
        error = self.standard_error
        return ValueWithError(self.value * factor, None if error is None else error * abs(factor))

    def inverse(self, numerator: float = 1.0) -> ValueWithError:
        """Divide a number by this value, with the error to first order."""
        error = self.standard_error
        value = numerator / self.value
        return ValueWithError(value, None if error is None else abs(value / self.value) * error)


@dataclass(frozen=True)
class Performance:
    """Speed and power of one laser at half activation, and of a machine made of such lasers.

    Attributes
    ----------
    spike_rate_per_ns : ValueWithError
        Spikes of the laser.
    voltage_v, current_ua, power_uw : ValueWithError
        Voltage, current and electrical power of its junctions.
    optical_power_uw : ValueWithError
        Light coupled out, in pulses and between them.
    quantum_efficiency : ValueWithError
        Photons that leave the cavity per electron pumped [1].
    pulse_photons : ValueWithError
        Photons that leave the cavity in a pulse [photons].
    pulse_energy_fj : ValueWithError
        Optical energy of a pulse, as far as it is coupled out.
    spike_energy_fj : ValueWithError
        Electrical energy per spike, `power_uw` over `spike_rate_per_ns`.
    synapse_energy_fj : ValueWithError
        Electrical energy of the pump pulse of a spike at one target of weight 1.
    sample_time_ns, sample_time_tau : ValueWithError
        Time per independent sample of the machine: the longest integrated autocorrelation time
        among its units and its energy; in ns, and in refractory times [1].
    samples_per_s : ValueWithError
        Independent samples per second.
    machine_power_uw : ValueWithError
        Electrical power of all its lasers, including what the synapses add or save.
    sample_energy_fj : ValueWithError
        Electrical energy per independent sample of the machine.
    """

    spike_rate_per_ns: ValueWithError
    voltage_v: ValueWithError
    current_ua: ValueWithError
    power_uw: ValueWithError
    optical_power_uw: ValueWithError
    quantum_efficiency: ValueWithError
    pulse_photons: ValueWithError
    pulse_energy_fj: ValueWithError
    spike_energy_fj: ValueWithError
    synapse_energy_fj: ValueWithError
    sample_time_ns: ValueWithError
    sample_time_tau: ValueWithError
    samples_per_s: ValueWithError
    machine_power_uw: ValueWithError
    sample_energy_fj: ValueWithError


def measure_performance(
    lasers: Lasers,
    settings: PerformanceSettings | None = None,
    wall_plug: WallPlug | None = None,
    *,
    machine: BoltzmannMachine | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Performance:
    """Record single lasers and a machine of lasers, and compute their cost.

    Parameters
    ----------
    lasers : Lasers
        Sampler; calibrated at the first use.
    settings : PerformanceSettings, optional
        Duration of the measurements.
    wall_plug : WallPlug, optional
        Assumptions about the junctions.
    machine : BoltzmannMachine, optional
        Machine that is timed in place of the random one.
    seed : int
        Seed of the simulations.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    Performance

    Raises
    ------
    InputError
        If the recording is too short for a result: no spikes, or a frozen machine.
    """
    settings = settings or PerformanceSettings()
    wall_plug = wall_plug or WallPlug()
    report = progress or (lambda fraction: None)
    if machine is None:
        machine = BoltzmannMachine.random(settings.n_units, seed=settings.machine_seed)
    neuron = lasers.neuron
    emission = kept(
        "emission",
        lambda: measure_emission(
            neuron.device,
            lasers.calibration.midpoint,
            duration_ns=settings.emission_duration_ns,
            n_copies=settings.n_copies,
            seed=seed,
            progress=lambda fraction: report(_SHARE_OF_EMISSION * fraction),
            settings=SimulationSettings(
                burn_in_ns=_BURN_IN * neuron.refractory_time_ns,
                step_ps=neuron.step_ps,
                n_threads=lasers.n_threads,
            ),
        ),
        (settings, seed),
    )
    samples = kept(
        "machine",
        lambda: lasers.sample(
            machine,
            lasers.draws_in(settings.machine_duration_ns),
            n_chains=settings.n_chains,
            seed=seed,
            progress=lambda fraction: report(
                _SHARE_OF_EMISSION + (1.0 - _SHARE_OF_EMISSION) * fraction
            ),
        ),
        (settings, seed, machine.weights),
    )
    return Performance(
        **_of_laser(emission, wall_plug),
        **_of_machine(lasers, machine, samples, wall_plug),
    )


def longest_correlation(machine: BoltzmannMachine, samples: Samples) -> tuple[ValueWithError, int]:
    """Longest integrated autocorrelation time among the units and the energy, in draws.

    For lasers it can be less than the refractory time, since their spikes are more regular than
    those of the theory: z(t) and z(t + 2 tau) are then anticorrelated, which makes means more
    precise.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine that was sampled.
    samples : Samples
        Its samples, of at least two chains.

    Returns
    -------
    ValueWithError
        Autocorrelation time in draws, its error by the jackknife over chains [1].
    int
        Number of the slowest unit, or `n_units` for the energy.

    Raises
    ------
    InputError
        If a unit never changed, so that the samples do not show its time.
    """
    z = samples.states.astype(np.float64)
    if np.ptp(samples.states, axis=(0, 1)).min() == 0:
        raise InputError.single(
            "samples", "a unit that never changed", "units that do; sample for longer"
        )
    energy = -0.5 * np.einsum("cdi,ij,cdj->cd", z, machine.weights, z) - z @ machine.biases
    observed = np.concatenate([z, energy[:, :, None]], axis=2)
    times = np.array([autocorrelation_time(observed[:, :, k]) for k in range(observed.shape[2])])
    slowest = int(np.nanargmax(times))  # the energy of a machine of zeros is constant
    trace = observed[:, :, slowest]
    left_out = [autocorrelation_time(np.delete(trace, c, axis=0)) for c in range(len(trace))]
    return ValueWithError(float(times[slowest]), float(jackknife_error(left_out))), slowest


def _of_laser(emission: Emission, wall_plug: WallPlug) -> dict[str, ValueWithError]:
    """Return the figures of a single laser."""
    device = emission.device
    photon_fj = device.cavity.photon_energy_fj
    rate = _mean(emission.rate_per_ns)
    emitted = _mean(emission.emitted_photons_per_ns)
    pulse = ValueWithError(*emission.pulse_photons())
    power_uw = wall_plug.power_uw(device, emission.pumped_electrons_per_ns)
    return {
        "spike_rate_per_ns": rate,
        "voltage_v": ValueWithError(wall_plug.voltage_v(device)),
        "current_ua": ValueWithError(wall_plug.current_ua(emission.pumped_electrons_per_ns)),
        "power_uw": ValueWithError(power_uw),
        "optical_power_uw": emitted.times(photon_fj * wall_plug.output_share),
        "quantum_efficiency": emitted.times(1.0 / emission.pumped_electrons_per_ns),
        "pulse_photons": pulse,
        "pulse_energy_fj": pulse.times(photon_fj * wall_plug.output_share),
        "spike_energy_fj": rate.inverse(power_uw),
    }


def _of_machine(
    lasers: Lasers, machine: BoltzmannMachine, samples: Samples, wall_plug: WallPlug
) -> dict[str, ValueWithError]:
    """Return the figures of a machine and of its synapses."""
    neuron, calibration = lasers.neuron, lasers.calibration
    device, tau = neuron.device, neuron.refractory_time_ns
    assert samples.spikes is not None  # no unit was clamped
    assert samples.interval_ns is not None
    rule = calibration.rule(neuron)
    pair = BoltzmannMachine(np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros(2))
    charge_electrons = rule.weights_electrons_per_ns(pair)[0, 1] * rule.mean_effect * tau
    pulses = pulse_share(neuron.synapse, samples.spikes, tau)
    synaptic = (pulses @ rule.weights_electrons_per_ns(machine).T).sum(axis=1)
    steady = float(rule.pump_ratio(machine).sum()) * rule.threshold_pump_electrons_per_ns
    steady += machine.n_units * device.absorber_pump_electrons_per_ns
    per_uw = wall_plug.power_uw(device, 1.0)
    power = _mean(steady + synaptic).times(per_uw)
    draws, _ = longest_correlation(machine, samples)
    time = draws.times(samples.interval_ns)
    # The mean power is known far better than the time, so its error is neglected in the product.
    energy = time.times(power.value)
    weight_error = np.hypot(
        calibration.slope_se / calibration.slope,
        calibration.synapse_strength_se / calibration.synapse_strength,
    )
    synapse_fj = float(charge_electrons) * per_uw
    return {
        "synapse_energy_fj": ValueWithError(synapse_fj, synapse_fj * float(weight_error)),
        "sample_time_ns": time,
        "sample_time_tau": time.times(1.0 / tau),
        "samples_per_s": time.inverse(1e9),
        "machine_power_uw": power,
        "sample_energy_fj": energy,
    }


def pulse_share(
    synapse: Synapse, spikes: SpikeTrains, refractory_time_ns: float
) -> NDArray[np.float64]:
    """Time average of the pump that a unit's spikes send, per weight [1], shape (chain, unit).

    The kick and counter-kick of a shaped kernel cancel in the mean.

    Parameters
    ----------
    synapse : Synapse
        Shape of the pulses.
    spikes : SpikeTrains
        Spikes of the machine.
    refractory_time_ns : float
        Refractory time of the sampler.
    """
    if synapse.time_constant_ns is not None:
        return spikes.rate_per_ns() * synapse.time_constant_ns
    length = synapse.length_ns(refractory_time_ns)
    if synapse.overlap == "add":
        return spikes.rate_per_ns() * length
    return spikes.active_fraction(length)


def _mean(values: NDArray[np.float64]) -> ValueWithError:
    """Mean of independent values."""
    return ValueWithError(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))
