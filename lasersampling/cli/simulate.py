"""``lasersampling simulate``: spikes and time traces of single lasers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.options import (
    SETTINGS,
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

if TYPE_CHECKING:
    from lasersampling.lasers.device import Device as Laser
    from lasersampling.results import Metric

USUAL_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Activations P(z = 1) of the lasers that are simulated if no pump is given."""


def simulate(
    context: typer.Context,
    device: Device = None,
    pump: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RATIO",
            help="Pump over the threshold pump, or a range start:stop:count such as 0.8:0.95:16; "
            "repeat it for more lasers. By default the pumps at which the device is active "
            "5, 25, 50, 75 and 95 % of the time.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    duration_ns: Annotated[
        float | None,
        typer.Option(help="Time simulated in ns; 100 by default.", rich_help_panel=SETTINGS),
    ] = None,
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Simulate uncoupled lasers at one or several pumps."""
    import numpy as np

    from lasersampling.cli.configurations import SimulateConfig
    from lasersampling.cli.tables import rows_table
    from lasersampling.commands.ranges import numbers_of
    from lasersampling.lasers.long_runs import LASER_NS_PER_PIECE, IntervalSums, LongSimulation
    from lasersampling.lasers.network import LaserNetwork
    from lasersampling.lasers.pumps import LARGEST_PUMP_RATIO
    from lasersampling.lasers.simulation import SimulationSettings, TraceRequest
    from lasersampling.results.kept_steps import read_step
    from lasersampling.results.numbers import with_error
    from lasersampling.results.records import write_device
    from lasersampling.results.streamed import (
        check_room,
        expected_recording_bytes,
        write_recordings,
    )

    reporter = Reporter(quiet=quiet, as_json=as_json)
    if resume is None:
        options = {
            "device": device_table(named_device(device)),
            "pump": None if not pump else numbers_of("--pump", pump, 0.0, LARGEST_PUMP_RATIO),
            "duration_ns": duration_ns,
            "seed": seed,
        }
        config = configured(SimulateConfig, options, overrides)
    else:
        given: dict[str, object] = {"--pump": pump, "--duration-ns": duration_ns, "--seed": seed}
        given |= {"a device": device, "--out": out, "--set": overrides}
        refuse_beside_resume(given)
        config, _ = resumed(resume, SimulateConfig)
    laser = config.device
    files = ResumableRun(
        resume or out,
        ["spike_traces", "raster"],
        [device],
        overwrite=overwrite,
        goes_on=resume is not None,
    )
    if config.pump is None:
        config = dataclasses.replace(config, pump=usual_pumps(laser, reporter))
    assert config.pump is not None
    n_lasers = len(config.pump)
    run = LongSimulation(
        LaserNetwork(laser, n_lasers),
        np.array(config.pump),
        config.duration_ns,
        config.seed,
        SimulationSettings(
            burn_in_ns=config.burn_in_ns,
            traces=TraceRequest(
                lasers=tuple(range(n_lasers)),
                start_ns=0.0,
                stop_ns=min(config.trace_ns, config.duration_ns),
                interval_ps=config.trace_interval_ps,
            ),
        ),
    )
    if out is not None and n_lasers * config.duration_ns > LASER_NS_PER_PIECE:
        check_room(out, expected_recording_bytes(run))
    sums, held = IntervalSums(n_lasers), []
    with files.open(context, config, config.seed, reporter) as file:
        with reporter.progress(f"simulating {n_lasers} x {laser.name}") as progress:
            for recording in run.recordings(progress):
                sums.add(recording.spikes)
                if run.is_one_piece:
                    held.append(recording)
        counts, rates = sums.spikes, sums.spikes / config.duration_ns
        errors = sums.rate_errors_per_ns(config.duration_ns)
        if file is not None:
            recordings = held or run.again(read_step(p) for p in file.steps.paths("simulation"))
            threshold = laser.detection.threshold_photons
            with file.finish() as results:
                write_device(results, laser)
                write_recordings(results, recordings, run, int(counts.sum()), threshold)
                results.metrics(_rates(rates.tolist(), errors))
    written = drawn(file, reporter)
    measured = list(zip(config.pump, counts.tolist(), rates.tolist(), errors, strict=True))
    reporter.result(
        {
            "device": laser.name,
            "duration_ns": config.duration_ns,
            "seed": config.seed,
            "lasers": [
                {"pump_ratio": level, "spikes": count, "rate_per_ns": rate, "rate_se_per_ns": error}
                for level, count, rate, error in measured
            ],
            "files": [str(path) for path in written],
        },
        rows_table(
            f"{laser.name}, {config.duration_ns:g} ns",
            ("pump (P/P_th)", "spikes", "rate (1/ns)"),
            [(level, count, with_error(rate, error)) for level, count, rate, error in measured],
            range(3),
        ),
    )


def _rates(rates: Sequence[float], errors: Sequence[float | None]) -> dict[str, Metric]:
    """Spike rates as figures of merit, numbered if there are several lasers."""
    from lasersampling.results import Metric

    single = len(rates) == 1
    return {
        "rate_per_ns" if single else f"rate_per_ns_{k}": Metric(
            rate,
            error,
            "1/ns",
            "spikes of the laser" if single else f"spikes of laser {k}",
            reason="too few spikes for an error" if error is None else None,
        )
        for k, (rate, error) in enumerate(zip(rates, errors, strict=True))
    }


def usual_pumps(laser: Laser, reporter: Reporter) -> tuple[float, ...]:
    """Measure the pumps at which a laser has the default activations, and report them."""
    from lasersampling.errors import InputError, SimulationError
    from lasersampling.sampling.neurons.activation import pumps_of_activation

    try:
        pumps = pumps_of_activation(laser, USUAL_LEVELS)
    except SimulationError as error:
        got = f"nothing, and there are no usual pumps of this device ({error})"
        raise InputError.single("--pump", got, "one or more pumps") from None
    named = ", ".join(f"{r:g} ({level:g})" for r, level in zip(pumps, USUAL_LEVELS, strict=True))
    reporter.status(f"pumps over threshold for these activations of {laser.name}: {named}")
    return pumps
