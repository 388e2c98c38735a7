"""``lasersampling calibrate``: measures a device as a sampling neuron."""

from __future__ import annotations

import typer

from lasersampling.cli.options import All, Device, Json, Out, Overrides, Overwrite, Quiet, Seed
from lasersampling.cli.output import Output
from lasersampling.commands.configuring import configured, device_table
from lasersampling.commands.reporting import Reporter


def calibrate(
    context: typer.Context,
    device: Device,
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
    show_all: All = False,
) -> None:
    """Measure activation, unit synapse, speed and power of a device; `sample` uses the result."""
    from lasersampling.cli.configurations import CalibrateConfig
    from lasersampling.cli.tables import measures_table, metrics_values
    from lasersampling.results.records import (
        calibration_metrics,
        performance_metrics,
        write_calibration,
        write_neuron,
        write_performance,
    )
    from lasersampling.sampling.neurons.calibration import choose_refractory_time
    from lasersampling.sampling.neurons.performance import measure_performance
    from lasersampling.sampling.neurons.sampler import Lasers

    reporter = Reporter(quiet=quiet, as_json=as_json)
    config = configured(CalibrateConfig, {"device": device_table(device), "seed": seed}, overrides)
    lasers = Lasers(config.device, delay_ns=config.delay_ns, settings=config.measured)
    output = Output(context, out, ["activation_curve"], overwrite=overwrite, inputs=[device])
    with output.open(config, config.seed) as file:
        with reporter.progress(f"calibrating {config.device.name}") as progress:
            calibration = lasers.calibrated(progress)
        with reporter.progress("measuring speed and power") as progress:
            performance = measure_performance(
                lasers, config.performance, config.wall_plug, seed=config.seed, progress=progress
            )
        if file is not None:
            write_neuron(file, lasers.neuron)
            write_calibration(file, calibration)
            write_performance(file, performance, config.wall_plug)
    output.draw(reporter)
    metrics = calibration_metrics(calibration) | performance_metrics(performance)
    shortest_ns = choose_refractory_time(calibration)
    reporter.status(f"shortest refractory time with a logistic activation: {shortest_ns:g} ns")
    reporter.result(
        {
            "device": config.device.name,
            "refractory_time_ns": calibration.refractory_time_ns,
            "shortest_refractory_time_ns": shortest_ns,
            "seed": config.seed,
            "metrics": metrics_values(metrics),
            "files": [str(path) for path in output.files],
        },
        measures_table(
            f"{config.device.name}, refractory time {calibration.refractory_time_ns:g} ns",
            metrics,
            "calibrate",
            whole=show_all,
        ),
    )
