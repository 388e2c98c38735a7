"""``lasersampling simulate``: spikes and time traces of single lasers."""

from __future__ import annotations

from typing import Annotated

import typer

from lasersampling.cli.options import (
    Device,
    Json,
    Out,
    Overrides,
    Overwrite,
    Quiet,
    Seed,
    configured,
    device_table,
)
from lasersampling.cli.output import Output
from lasersampling.cli.reporting import Reporter


def simulate(
    context: typer.Context,
    device: Device,
    pump: Annotated[
        list[float] | None,
        typer.Option(
            help="Pump in threshold pumps; repeat it for more lasers. By default 0.95, 1, 1.05."
        ),
    ] = None,
    duration_ns: Annotated[
        float | None, typer.Option(help="Time simulated; 100 by default.")
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
    from lasersampling.lasers.network import LaserNetwork
    from lasersampling.lasers.simulation import TraceRequest
    from lasersampling.lasers.simulation import simulate as simulate_network
    from lasersampling.results.records import write_device, write_traces

    reporter = Reporter(quiet=quiet, as_json=as_json)
    options = {
        "device": device_table(device),
        "pump": pump,
        "duration_ns": duration_ns,
        "seed": seed,
    }
    config = configured(SimulateConfig, options, overrides)
    laser = config.device
    n_lasers = len(config.pump)
    output = Output(context, out, overwrite=overwrite)
    with output.open(config, config.seed) as file:
        with reporter.progress(f"simulating {n_lasers} x {laser.name}") as progress:
            simulation = simulate_network(
                LaserNetwork(laser, n_lasers),
                np.array(config.pump) * laser.threshold_pump_electrons_per_ns,
                config.duration_ns,
                seed=config.seed,
                burn_in_ns=config.burn_in_ns,
                traces=TraceRequest(
                    lasers=tuple(range(n_lasers)),
                    start_ns=0.0,
                    stop_ns=min(config.trace_ns, config.duration_ns),
                    interval_ps=config.trace_interval_ps,
                ),
                progress=progress,
            )
        spikes, traces = simulation.spikes, simulation.traces
        counts, rates = spikes.counts()[0], spikes.rate_per_ns()[0]
        if file is not None and traces is not None:
            write_device(file, laser)
            file.write_spikes(spikes)
            write_traces(file, traces, spike_threshold_photons=laser.detection.threshold_photons)
    output.draw(["spike_traces", "raster"], reporter)
    lasers = [
        {"pump": level, "spikes": int(count), "rate_per_ns": float(rate)}
        for level, count, rate in zip(config.pump, counts, rates, strict=True)
    ]
    reporter.result(
        {
            "device": laser.name,
            "duration_ns": config.duration_ns,
            "seed": config.seed,
            "lasers": lasers,
            "files": [str(path) for path in output.files],
        },
        rows_table(
            f"{laser.name}, {config.duration_ns:g} ns",
            ("pump (P/P_th)", "spikes", "spikes per ns"),
            [tuple(row.values()) for row in lasers],
        ),
    )
