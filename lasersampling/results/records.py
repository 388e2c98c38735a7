"""Layout of the library's objects in a results file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lasersampling.results.contents import Metric

if TYPE_CHECKING:
    from lasersampling.boltzmann.learned import Learned
    from lasersampling.hardware import Chip
    from lasersampling.lasers.device import Device
    from lasersampling.lasers.simulation import Traces
    from lasersampling.results.store import ResultsFile
    from lasersampling.sampling.adapting import Adapted
    from lasersampling.sampling.certificate import Judgement
    from lasersampling.sampling.neurons.calibration import Calibration, LaserNeuron
    from lasersampling.sampling.neurons.performance import Performance, WallPlug
    from lasersampling.sampling.neurons.translation import Lines
    from lasersampling.sampling.posterior import Posterior


def flattened(value: object, prefix: str = "") -> dict[str, Any]:
    """Return the fields of nested dataclasses under dotted names, except those that are None."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        item = getattr(value, field.name)
        if dataclasses.is_dataclass(item):
            found |= flattened(item, f"{prefix}{field.name}.")
        elif item is not None:
            found[prefix + field.name] = item
    return found


def write_device(file: ResultsFile, device: Device) -> None:
    """Write the parameters of a device to the attributes of ``/device``.

    The names are those of its file with dots (``gain.carrier_lifetime_ns``), and end in units.
    """
    file.attributes("device", flattened(device))


def write_neuron(file: ResultsFile, neuron: LaserNeuron) -> None:
    """Write a sampling neuron (device, synapse, times) to the attributes of ``/device``."""
    values = flattened(neuron.device) | flattened(neuron.synapse, "synapse.")
    for name in ("refractory_time_ns", "delay_ns", "step_ps"):
        values[name] = getattr(neuron, name)
    file.attributes("device", values)


def write_chip(file: ResultsFile, chip: Chip) -> None:
    """Write the drawn deviations of a chip to ``/chip``, its imperfections to the attributes.

    Deviations are relative to the requested values or absolute, as the attributes say.
    """
    dims = {1: ("unit",), 2: ("post", "pre")}
    for name in ("pump", "threshold", "gain", "coupling", "delay"):
        deviation = getattr(chip, name)
        about = f"deviation of the {name}"
        file.write(f"chip/{name}", deviation, dims[deviation.ndim], units="1", description=about)
    file.write(
        "chip/dead", chip.dead.astype("int8"), ("unit",),
        units="1", description="1 for units that never spike",
    )  # fmt: skip
    file.attributes("chip", flattened(chip.imperfections) | {"seed": chip.seed})


def write_learned(file: ResultsFile, learned: Learned) -> None:
    """Write to ``/learned`` what the machine of the file was to learn, and how."""
    from lasersampling.boltzmann.learned import GROUP, PROBABILITY

    file.write(
        f"{GROUP}/{PROBABILITY}", learned.target.probabilities, ("state",), units="1",
        description="probability of each state of the visible units, number sum_k z_k 2**k",
    )  # fmt: skip
    file.attributes(GROUP, learned.attributes)


def write_lines(file: ResultsFile, lines: Lines) -> None:
    """Write offsets and gains of lasers beyond their calibration to ``/lines``."""
    for name, about in (("offset", "added to the argument"), ("gain", "factor of the field")):
        values = getattr(lines, name)
        file.write(f"lines/{name}", values, ("unit",), units="1", description=about)


def write_adaptations(file: ResultsFile, found: Sequence[Adapted]) -> None:
    """Write to ``/adaptation`` offsets and gains of the lasers in each case, and their cost."""
    lines = [one.lasers.lines for one in found]
    if all(one is not None for one in lines):
        for name, about in (("offset", "added to the argument"), ("gain", "factor of the field")):
            values = [getattr(one, name) for one in lines]
            place = f"adaptation/{name}"
            file.write(place, values, ("case", "unit"), units="1", description=about)
    told = adaptation_values(found)
    file.attributes("adaptation", {key: told[key] for key in ("laser_time_ns", "what")})
    for name, about in (("before", "as they were"), ("after", "adapted")):
        values = [np.nan if nats is None else nats for nats in told[f"{name}_nats"]]
        file.write(
            f"adaptation/{name}_nats", values, ("case",), units="1",
            description=f"divergence of the conditional law of lasers {about}, nan if unknown",
        )  # fmt: skip
    rounds = [one.rounds for one in found]
    file.write("adaptation/rounds", rounds, ("case",), units="1", description="rounds that count")


def adaptation_values(found: Sequence[Adapted]) -> dict[str, Any]:
    """Return the values that describe the adaptation of lasers to some cases, by name."""
    from lasersampling.sampling.adapting_cases import summary

    return {
        "laser_time_ns": sum(one.laser_time_ns for one in found),
        "what": summary(found),
        "rounds": [one.rounds for one in found],
        "before_nats": [one.before_nats for one in found],
        "after_nats": [one.after_nats for one in found],
    }


def calibration_metrics(calibration: Calibration) -> dict[str, Metric]:
    """Return the fitted numbers of a calibration, by name."""
    return {
        name: Metric(value, error, "1", description)
        for name, value, error, description in (
            (
                "alpha",
                calibration.slope,
                calibration.slope_se,
                "slope of the activation over P/P_th",
            ),
            ("r0", calibration.midpoint, calibration.midpoint_se, "P/P_th of half activation"),
            ("fit_rms", calibration.fit_rms, None, "rms residual of the logistic fit"),
            (
                "synapse_strength",
                calibration.synapse_strength,
                calibration.synapse_strength_se,
                "weight measured per weight asked for",
            ),
            (
                "synapse_bias_shift",
                calibration.synapse_bias_shift,
                calibration.synapse_bias_shift_se,
                "bias shift of a coupled pair, per weight",
            ),
        )
    }


def write_calibration(file: ResultsFile, calibration: Calibration) -> None:
    """Write a calibration: curves to ``/calibration``, fitted numbers to the metrics."""
    file.write_group("calibration", calibration.variables())
    file.attributes("calibration", {"refractory_time_ns": calibration.refractory_time_ns})
    file.metrics(calibration_metrics(calibration))


PERFORMANCE = {
    "spike_rate_per_ns": ("1/ns", "spikes of a laser at half activation"),
    "voltage_v": ("V", "assumed voltage of the junctions"),
    "current_ua": ("uA", "pump current of the laser at half activation"),
    "power_uw": ("uW", "electrical power of the laser at half activation"),
    "optical_power_uw": ("uW", "light coupled out"),
    "quantum_efficiency": ("1", "photons that leave the cavity per electron"),
    "pulse_photons": ("photons", "photons that leave the cavity in a pulse"),
    "pulse_energy_fj": ("fJ", "light of a pulse coupled out"),
    "spike_energy_fj": ("fJ", "electrical energy per spike"),
    "synapse_energy_fj": ("fJ", "per spike and target at weight 1"),
    "sample_time_ns": ("ns", "per independent sample of the machine"),
    "sample_time_tau": ("1", "the same in refractory times"),
    "samples_per_s": ("1/s", "independent samples of the machine"),
    "machine_power_uw": ("uW", "electrical power of its lasers"),
    "sample_energy_fj": ("fJ", "electrical energy per independent sample"),
}
"""Unit and description of each figure of `sampling.neurons.performance.Performance`."""


def performance_metrics(performance: Performance) -> dict[str, Metric]:
    """Return speed and power by name, with units."""
    return {
        name: Metric(estimate.value, estimate.standard_error, units, description)
        for name, (units, description) in PERFORMANCE.items()
        for estimate in (getattr(performance, name),)
    }


def write_performance(file: ResultsFile, performance: Performance, wall_plug: WallPlug) -> None:
    """Write speed and power to the metrics, and their assumptions to ``/wall_plug``."""
    file.metrics(performance_metrics(performance))
    file.attributes("wall_plug", flattened(wall_plug))


def write_traces(
    file: ResultsFile,
    traces: Traces,
    *,
    spike_threshold_photons: float,
    pump_ratio: Sequence[float] | None = None,
) -> None:
    """Write traces of single lasers to ``/traces``.

    Parameters
    ----------
    file : ResultsFile
        The file to write to.
    traces : Traces
        Traces of some lasers.
    spike_threshold_photons : float
        Detection threshold [photons].
    pump_ratio : sequence of float, optional
        Pump of each laser of the network over the threshold pump [1].
    """
    file.write_group("traces", traces.variables())
    if pump_ratio is not None:
        file.write(
            "traces/pump_ratio", np.asarray(pump_ratio, dtype=np.float64)[traces.laser],
            ("laser",), units="1", description="pump over threshold pump",
        )  # fmt: skip
    file.attributes("traces", {"spike_threshold_photons": spike_threshold_photons})


def write_posteriors(
    file: ResultsFile,
    posteriors: Mapping[str, Posterior],
    names: Sequence[str],
    group: str = "posterior",
) -> None:
    """Write sampled posteriors of the same evidence, and the exact one, to a group of their own.

    Parameters
    ----------
    file : ResultsFile
        The file to write to.
    posteriors : mapping of str to Posterior
        Posteriors by the name of the sampler; the metrics are named after it.
    names : sequence of str
        Names of the units.
    group : str
        Group in the file; the names of metrics include it unless it is ``posterior``.
    """
    prefix = "" if group == "posterior" else f"{group}_"
    first = next(iter(posteriors.values()))
    file.write(f"{group}/name", list(names), ("unit",), units="1", description="name of the unit")
    file.write_group(group, first.evidence_variables())
    for sampler, posterior in posteriors.items():
        found = posterior.sampled_variables(f", {sampler}")
        file.write_group(group, {f"{name}_{sampler}": each for name, each in found.items()})
    file.attributes(group, {"exact_of": first.exact_of})
    for sampler, posterior in posteriors.items():
        for name, metric in posterior_metrics(posterior).items():
            file.metric(
                f"{prefix}{name}_{sampler}", metric.value, metric.standard_error,
                description=f"{metric.description}, {sampler}",
            )  # fmt: skip


def posterior_metrics(posterior: Posterior) -> dict[str, Metric]:
    """Return the error of a sampled posterior, as far as the exact one is known."""
    known, inferred = int(posterior.is_known.sum()), int(posterior.is_free.sum())
    if not known:
        return {}
    error = posterior.mean_abs_error, posterior.mean_abs_error_se
    frozen = int(np.isnan(posterior.standard_error[posterior.is_known]).sum())
    reason = f"{frozen} of {known} inferred units never changed" if frozen else None
    part = "" if known == inferred else f", {known} of {inferred} that are known"
    return {
        "mean_abs_error": Metric(*error, "1", f"mean error of a marginal of the posterior{part}"),
        "ideal_abs_error": Metric(
            posterior.ideal_abs_error,
            None,
            "1",
            "the same for exact samples of equal ESS",
            reason=reason,
        ),
        "max_abs_error": Metric(
            float(np.abs(posterior.error).max()), None, "1", "largest error of a marginal"
        ),
    }


def write_images(file: ResultsFile, name: str, images: ArrayLike, labels: ArrayLike) -> None:
    """Write images to ``/images``.

    Parameters
    ----------
    file : ResultsFile
        The file to write to.
    name : str
        Origin of the images: ``lasers``, ``gibbs`` or ``data``.
    images : array_like, shape (sample, row, column)
        Brightness, 0 to 1.
    labels : array_like of int, shape (sample,)
        Label that was given, -1 for images drawn freely.
    """
    sample = f"{name}_sample"
    file.write(
        f"images/{name}", images, (sample, "row", "column"),
        units="1", description="images, 0 to 1",
    )  # fmt: skip
    file.write(
        f"images/{name}_label", labels, (sample,),
        units="1", description="label that was given, -1 for none",
    )  # fmt: skip


def write_class_names(file: ResultsFile, names: Sequence[str], group: str = "images") -> None:
    """Write the names of classes, which labels refer to by number, to a group."""
    file.write(
        f"{group}/class_name", list(names), (f"{group}_class",),
        units="1", description="name of the class",
    )  # fmt: skip


def write_certificate(file: ResultsFile, found: Judgement) -> None:
    """Write a certificate: verdict and reasons in words, and everything found as JSON."""
    file.attributes("certificate", {"verdict": str(found.verdict), "sentences": found.sentences()})
    file.write(
        "certificate/json", [json.dumps(found.values(), allow_nan=False)], ("certificate",),
        units="1", description="all that was found, as JSON",
    )  # fmt: skip
