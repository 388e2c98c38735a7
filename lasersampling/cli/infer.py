"""``lasersampling infer``: the posterior of free units, given evidence on others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lasersampling.cli.completing import completed
from lasersampling.cli.options import (
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

if TYPE_CHECKING:
    from rich.console import Group

    from lasersampling.cli.configurations import InferConfig
    from lasersampling.sampling.inference import Posterior
    from lasersampling.sampling.laser_sampler import Lasers

_MAX_SHOWN = 8


def infer(
    context: typer.Context,
    machine: Annotated[
        str,
        typer.Argument(
            help="Machine or Bayesian network: a file, or the name of a shipped one.",
            autocompletion=completed("bayesian_networks", "machines"),
        ),
    ],
    clamp: Annotated[
        str | None,
        typer.Option(metavar="UNIT=VALUE,...", help='What is observed: "alarm=1,3=0".'),
    ] = None,
    soft: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT=P,...",
            help='Soft evidence, which multiplies the odds of 1 by P/(1-P): "2=0.8".',
        ),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="CSV: a column for each unit, a row for each case, empty = free."
        ),
    ] = None,
    sampler: Annotated[
        str, typer.Option(help="lasers (with Gibbs sampling beside) or gibbs.")
    ] = "lasers",
    device: Annotated[
        str | None,
        typer.Option(
            help="Device file, or name; D6 by default.", autocompletion=completed("devices")
        ),
    ] = None,
    duration_ns: Annotated[
        float | None, typer.Option(help="Laser time per chain; 5000 by default.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="Gibbs sampling: draws per chain; 5000 by default.")
    ] = None,
    chains: Annotated[int | None, typer.Option(help="Chains per case; 16 by default.")] = None,
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Infer what is not observed; exact posteriors stand beside (up to 20 free units)."""
    from lasersampling.boltzmann import load_model
    from lasersampling.cli.configurations import InferConfig
    from lasersampling.cli.evidence import evidence_of
    from lasersampling.results.records import write_posteriors
    from lasersampling.sampling import Gibbs
    from lasersampling.sampling.inference import infer as infer_posterior
    from lasersampling.sampling.laser_sampler import DEFAULT_DEVICE

    reporter = Reporter(quiet=quiet, as_json=as_json)
    options: dict[str, Any] = {
        "machine": machine,
        "sampler": sampler,
        "device": device_table(device or DEFAULT_DEVICE),
        "clamp": clamp,
        "soft": soft,
        "evidence": evidence,
        "chains": chains,
        "duration_ns": duration_ns,
        "draws": draws,
        "seed": seed,
    }
    config = configured(InferConfig, options, overrides)
    model = load_model(config.machine, max_auxiliary_weight=config.max_auxiliary_weight)
    cases = evidence_of(config.clamp, config.soft, config.evidence, model.names)
    inputs = [config.machine, device, config.evidence]
    output = Output(context, out, ["posterior"], overwrite=overwrite, inputs=inputs)
    posteriors: dict[str, Posterior] = {}
    with output.open(config, config.seed) as file:
        requests: dict[str, tuple[Any, int]] = {}
        if config.sampler == "lasers":
            lasers, n_draws = _lasers(config, reporter)
            requests["lasers"] = lasers, n_draws
        requests["gibbs"] = Gibbs(), config.draws
        for name, (chosen, n_draws) in requests.items():
            with reporter.progress(f"inferring with {name}, {cases.n_cases} cases") as progress:
                posteriors[name] = infer_posterior(
                    chosen,
                    model.machine,
                    cases,
                    n_draws=n_draws,
                    n_chains=config.chains,
                    seed=config.seed,
                    truth=model.truth,
                    progress=progress,
                )
        if file is not None:
            file.write_machine(model.machine, model.unit_names)
            write_posteriors(file, posteriors, model.names)
    output.draw(reporter)
    reporter.result(_told(config, posteriors, model.names, output), _table(posteriors, model.names))


def _lasers(config: InferConfig, reporter: Reporter) -> tuple[Lasers, int]:
    from lasersampling.errors import InputError
    from lasersampling.sampling.laser_sampler import Lasers
    from lasersampling.statistics.chains import MIN_DRAWS

    lasers = Lasers(config.device, settings=config.calibration)
    n_draws = lasers.draws_in(config.duration_ns)
    if n_draws < MIN_DRAWS:
        least = MIN_DRAWS * lasers.draw_interval_ns
        expected = f"at least {least:g}, which is {MIN_DRAWS} draws"
        raise InputError.single("--duration-ns", f"{config.duration_ns:g}", expected)
    with reporter.progress(f"calibrating {config.device.name} (once)") as progress:
        lasers.calibrated(progress)
    return lasers, n_draws


def _told(
    config: InferConfig, posteriors: dict[str, Posterior], names: tuple[str, ...], output: Output
) -> dict[str, Any]:
    from lasersampling.cli.tables import metrics_values
    from lasersampling.results.records import posterior_metrics

    first = next(iter(posteriors.values()))
    return {
        "machine": config.machine,
        "units": list(names),
        "clamped": first.evidence.clamped.tolist(),
        "log_odds": first.evidence.log_odds.tolist(),
        "exact": first.exact.tolist(),
        "exact_reason": _exact_reason(first),
        "samplers": {
            name: {
                "mean": found.mean.tolist(),
                "standard_error": found.standard_error.tolist(),
                "never_changed": [
                    {"case": case, "unit": names[unit]}
                    for case, unit in found.never_changed.tolist()
                ],
            }
            for name, found in posteriors.items()
        },
        "metrics": metrics_values(
            {
                f"{metric}_{name}": found
                for name, posterior in posteriors.items()
                for metric, found in posterior_metrics(posterior).items()
            }
        ),
        "seed": config.seed,
        "files": [str(path) for path in output.files],
    }


def _exact_reason(posterior: Posterior) -> str | None:
    """Say why exact probabilities are missing, if some are."""
    import numpy as np

    from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS

    if not np.isnan(posterior.exact).any():
        return None
    return f"more than {MAX_ENUMERATED_UNITS} free units are not enumerated"


def _table(posteriors: dict[str, Posterior], names: tuple[str, ...]) -> Group:
    import numpy as np
    from rich.console import Group

    from lasersampling.boltzmann.clamping import FREE
    from lasersampling.cli.tables import metrics_table, rows_table
    from lasersampling.results.records import posterior_metrics

    first = next(iter(posteriors.values()))
    evidence = first.evidence
    rows = []
    for case, unit in np.argwhere(evidence.clamped[:_MAX_SHOWN] == FREE):
        sampled = (_with_error(found, case, unit) for found in posteriors.values())
        exact = first.exact[case, unit]
        shown = "unknown" if np.isnan(exact) else f"{exact:.4f}"
        rows.append((_case(evidence, int(case), names), names[unit], *sampled, shown))
    title = f"P(z = 1 | evidence), {min(evidence.n_cases, _MAX_SHOWN)} of {evidence.n_cases} cases"
    metrics = {
        f"{metric}, {name}": found
        for name, posterior in posteriors.items()
        for metric, found in posterior_metrics(posterior).items()
    }
    columns = ("evidence", "unit", *posteriors, "exact")
    shown_metrics = [metrics_table("all cases", metrics)] if metrics else []
    return Group(rows_table(title, columns, rows), *shown_metrics)


def _with_error(found: Posterior, case: int, unit: int) -> str:
    """Write a sampled probability; of a unit that never changed no error is known."""
    mean, error = found.mean[case, unit], found.standard_error[case, unit]
    return f"{mean:.4f}, never changed" if error != error else f"{mean:.4f} ± {error:.4f}"


def _case(evidence: Any, case: int, names: tuple[str, ...]) -> str:
    """Write the evidence of a case as it is given on the command line."""
    import math

    from lasersampling.boltzmann.clamping import FREE

    held, odds = evidence.clamped[case], evidence.log_odds[case]
    parts = [f"{name}={value}" for name, value in zip(names, held, strict=True) if value != FREE]
    parts += [
        f"{name}={1 / (1 + math.exp(-value)):.3g}"
        for name, value in zip(names, odds, strict=True)
        if value
    ]
    return ", ".join(parts) or "none"
