"""``lasersampling simulate``: spikes and time traces of single lasers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.options import SETTINGS, Device, Json, Out, Overrides, Overwrite, Quiet, Seed
from lasersampling.cli.output import Output
from lasersampling.commands.configuring import configured, device_table
from lasersampling.commands.reporting import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.lasers.device import Device as Laser
    from lasersampling.results import Metric

USUAL_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Activations P(z = 1) of the lasers that are simulated if no pump is given."""


def simulate(
    context: typer.Context,
    device: Device,
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
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Simulate uncoupled lasers at one or several pumps."""
    import numpy as np

    from lasersampling.cli.configurations import SimulateConfig
    from lasersampling.cli.tables import rows_table
    from lasersampling.commands.ranges import numbers_of
    from lasersampling.lasers.network import LaserNetwork
    from lasersampling.lasers.pumps import LARGEST_PUMP_RATIO
    from lasersampling.lasers.simulation import SimulationSettings, TraceRequest
    from lasersampling.lasers.simulation import simulate as simulate_network
    from lasersampling.results.numbers import with_error
    from lasersampling.results.records import write_device, write_traces

    reporter = Reporter(quiet=quiet, as_json=as_json)
    options = {
        "device": device_table(device),
        "pump": None if not pump else numbers_of("--pump", pump, 0.0, LARGEST_PUMP_RATIO),
        "duration_ns": duration_ns,
        "seed": seed,
    }
    config = configured(SimulateConfig, options, overrides)
    laser = config.device
    figures = ["spike_traces", "raster"]
    output = Output(context, out, figures, overwrite=overwrite, inputs=[device])
    if config.pump is None:
        config = dataclasses.replace(config, pump=usual_pumps(laser, reporter))
    assert config.pump is not None
    n_lasers = len(config.pump)
    with output.open(config, config.seed) as file:
        with reporter.progress(f"simulating {n_lasers} x {laser.name}") as progress:
            simulation = simulate_network(
                LaserNetwork(laser, n_lasers),
                np.array(config.pump),
                config.duration_ns,
                seed=config.seed,
                progress=progress,
                settings=SimulationSettings(
                    burn_in_ns=config.burn_in_ns,
                    traces=TraceRequest(
                        lasers=tuple(range(n_lasers)),
                        start_ns=0.0,
                        stop_ns=min(config.trace_ns, config.duration_ns),
                        interval_ps=config.trace_interval_ps,
                    ),
                ),
            )
        spikes, traces = simulation.spikes, simulation.traces
        counts, rates = spikes.counts()[0], spikes.rate_per_ns()[0]
        errors = [
            rate_error_per_ns(spikes.intervals_ns(unit), spikes.duration_ns)
            for unit in range(n_lasers)
        ]
        if file is not None and traces is not None:
            write_device(file, laser)
            file.write_spikes(spikes)
            write_traces(
                file,
                traces,
                spike_threshold_photons=laser.detection.threshold_photons,
                pump_ratio=config.pump,
            )
            file.metrics(_rates(rates.tolist(), errors))
    output.draw(reporter)
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
            "files": [str(path) for path in output.files],
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


def rate_error_per_ns(intervals_ns: NDArray[np.float64], duration_ns: float) -> float | None:
    """Standard error of a spike rate, from the scatter of intervals; None for fewer than two.

    The spikes of a single laser are taken as a renewal process, whose number in a long time has a
    variance of its mean times the squared coefficient of variation of the intervals (D. R. Cox,
    Renewal Theory, 1962, section 3.3).

    Parameters
    ----------
    intervals_ns : ndarray of float64, shape (interval,)
        Intervals between spikes [ns].
    duration_ns : float
        Time in which spikes were counted [ns].
    """
    if len(intervals_ns) < 2:
        return None
    variation = float(intervals_ns.std(ddof=1) / intervals_ns.mean())
    return variation * math.sqrt(len(intervals_ns)) / duration_ns


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
