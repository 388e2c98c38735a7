"""``lasersampling calibrate``: measures a device as a sampling neuron."""

from __future__ import annotations

import typer

from lasersampling.cli.options import (
    All,
    Device,
    Json,
    Out,
    Overrides,
    Overwrite,
    Quiet,
    Resume,
    Seed,
)
from lasersampling.cli.resuming import (
    ResumableRun,
    drawn,
    named_device,
    refuse_beside_resume,
    resumed,
)
from lasersampling.commands.configuring import configured, device_table
from lasersampling.commands.reporting import Reporter


def calibrate(
    context: typer.Context,
    device: Device = None,
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = None,
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
    if resume is None:
        options = {"device": device_table(named_device(device)), "seed": seed}
        config = configured(CalibrateConfig, options, overrides)
    else:
        given = {"a device": device, "--seed": seed, "--out": out, "--set": overrides}
        refuse_beside_resume(given)
        config, _ = resumed(resume, CalibrateConfig)
    lasers = Lasers(config.device, delay_ns=config.delay_ns, settings=config.measured)
    files = ResumableRun(
        resume or out,
        ["activation_curve"],
        [device],
        overwrite=overwrite,
        goes_on=resume is not None,
    )
    with files.open(context, config, config.seed, reporter) as file:
        with reporter.progress(f"calibrating {config.device.name}") as progress:
            calibration = lasers.calibrated(progress)
        with reporter.progress("measuring speed and power") as progress:
            performance = measure_performance(
                lasers, config.performance, config.wall_plug, seed=config.seed, progress=progress
            )
        if file is not None:
            with file.finish() as results:
                write_neuron(results, lasers.neuron)
                write_calibration(results, calibration)
                write_performance(results, performance, config.wall_plug)
    written = drawn(file, reporter)
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
            "files": [str(path) for path in written],
        },
        measures_table(
            f"{config.device.name}, refractory time {calibration.refractory_time_ns:g} ns",
            metrics,
            "calibrate",
            whole=show_all,
        ),
    )
