"""``lasersampling sample``: samples a Boltzmann machine, and judges the draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lasersampling.cli.certifying import Strict, enforce, with_certificate
from lasersampling.cli.completing import completed
from lasersampling.cli.options import (
    INPUT,
    SETTINGS,
    All,
    Json,
    Out,
    Overrides,
    Overwrite,
    Quiet,
    Seed,
)
from lasersampling.cli.output import Output
from lasersampling.cli.preparing import Adapt
from lasersampling.commands.configuring import configured, device_table, flag, imperfections_table
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.boltzmann.learned import Learned
    from lasersampling.cli.configurations import GibbsConfig, LasersConfig, RenewalConfig
    from lasersampling.results import ResultsFile
    from lasersampling.sampling import Sampler, Samples
    from lasersampling.sampling.adapting import Adapted
    from lasersampling.sampling.certificate import Judgement

_OWN_OPTIONS = {
    "lasers": ("device", "duration_ns", "imperfections", "adaptation_rounds"),
    "renewal": ("device", "duration_ns"),
    "gibbs": ("draws",),
}
"""Options that only some of the samplers have."""


def sample(
    context: typer.Context,
    machine: Annotated[
        str,
        typer.Argument(
            help="Machine file (TOML or HDF5), or the name of a shipped machine.",
            autocompletion=completed("machines"),
        ),
    ],
    sampler: Annotated[
        str, typer.Option(help="lasers, renewal or gibbs.", rich_help_panel=SETTINGS)
    ] = "lasers",
    device: Annotated[
        str | None,
        typer.Option(
            help="Lasers, renewal: device file, or name; D6 by default.",
            autocompletion=completed("devices"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    duration_ns: Annotated[
        float | None,
        typer.Option(
            help="Lasers, renewal: time per chain in ns; 25000 by default.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    imperfections: Annotated[
        str | None,
        typer.Option(
            help="Lasers: file of imperfections, or name; none by default.",
            autocompletion=completed("imperfections"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(help="Gibbs: draws per chain; 10000 by default.", rich_help_panel=SETTINGS),
    ] = None,
    chains: Annotated[
        int | None, typer.Option(help="Independent chains; 4 by default.", rich_help_panel=SETTINGS)
    ] = None,
    clamp: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT=VALUE,...", help='Hold units: "0=1,3=0".', rich_help_panel=SETTINGS
        ),
    ] = None,
    adapt: Adapt = None,
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
    strict: Strict = False,
    show_all: All = False,
) -> None:
    """Sample a Boltzmann machine, and say whether the draws can be trusted.

    Draws of up to 20 free units are compared with the exact distribution.
    """
    from lasersampling.boltzmann import load_machine
    from lasersampling.boltzmann.clamping import FREE
    from lasersampling.boltzmann.files import load_names
    from lasersampling.boltzmann.learned import load_learned
    from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
    from lasersampling.cli.evidence import clamped_units
    from lasersampling.cli.tables import MeasuresTable, metrics_values
    from lasersampling.config import resolve
    from lasersampling.judging.reference import reference_metrics
    from lasersampling.judging.samples import evaluate
    from lasersampling.results.names import STAGES
    from lasersampling.results.records import adaptation_values, write_certificate
    from lasersampling.results.summary import summary_of

    reporter = Reporter(quiet=quiet, as_json=as_json)
    options = {
        "machine": machine,
        "sampler": sampler,
        "device": device,
        "duration_ns": duration_ns,
        "imperfections": imperfections,
        "draws": draws,
        "chains": chains,
        "clamp": clamp,
        "adaptation_rounds": adapt,
        "seed": seed,
    }
    config = _configuration(options, overrides)
    path = resolve("machines", config.machine)
    target, names = load_machine(path), load_names(path)
    names.check(target, str(path))
    learned = load_learned(path, names)
    if learned is not None and not learned.is_of_a_device:
        learned = None
    clamped = clamped_units(config.clamp, names.of_all(target))
    # All states are enumerated, and compared, as long as there are not too many.
    listed = int((clamped == FREE).sum()) <= MAX_ENUMERATED_UNITS
    figures = ["distribution", "divergence_over_time"] if listed else []
    if config.sampler != "gibbs":
        figures.append("raster")
    inputs = [config.machine, device, imperfections]
    output = Output(context, out, figures, overwrite=overwrite, inputs=inputs)
    with output.open(config, config.seed) as file:
        ready = _prepare(config, target, clamped, learned, reporter, file)
        chosen, n_draws = ready.sampler, ready.n_draws
        reporter.status(
            f"sampling {target.n_units} units with {chosen.name}: "
            f"{config.chains} chains of {n_draws} draws"
        )
        with reporter.progress("sampling") as progress:
            samples = chosen.sample(
                target,
                n_draws,
                n_chains=config.chains,
                clamped=clamped,
                seed=config.seed,
                progress=progress,
            )
        with reporter.working("judging the samples"):
            evaluation = evaluate(target, samples, clamped)
            beside = {}
            if samples.sampler == "lasers" and evaluation.exact is not None:
                beside = reference_metrics(target, clamped, evaluation, samples)
        shown = names.of_all(target) if names.visible or names.label else ()
        with reporter.working("certifying the samples"):
            certificate = _certificate(samples, target, clamped, ready, shown)
        if file is not None:
            file.write_machine(target, names)
            file.write_samples(samples)
            evaluation.write(file)
            if evaluation.exact is not None and names.visible:
                of_all = names.of_all(target)
                free = [of_all[unit] for unit in evaluation.free]
                file.attributes("distribution", {"unit_names": free})
            file.metrics(beside)
            write_certificate(file, certificate)
    output.draw(reporter)
    metrics = evaluation.metrics() | beside
    heads = {"": STAGES.get(samples.sampler, samples.sampler)}
    summary = summary_of(metrics, "sample", whole=show_all, heads=heads)
    reporter.result(
        {
            "machine": config.machine,
            "n_units": target.n_units,
            "n_clamped": target.n_units - len(evaluation.free),
            "sampler": samples.sampler,
            "chains": samples.n_chains,
            "draws": samples.n_draws,
            "interval_ns": samples.interval_ns,
            "seed": samples.seed,
            "metrics": metrics_values(metrics),
            "adaptation": None
            if ready.adaptation is None
            else adaptation_values([ready.adaptation]),
            "certificate": certificate.values(),
            "files": [str(path) for path in output.files],
        },
        with_certificate(
            MeasuresTable(f"{config.machine}, sampled with {heads['']}", summary),
            certificate,
            remarks=_remarks(ready),
            whole=show_all,
            n_hidden=summary.n_hidden,
        ),
    )
    enforce(certificate, strict=strict)


def _configuration(
    options: dict[str, Any], overrides: list[str] | None
) -> GibbsConfig | LasersConfig | RenewalConfig:
    """Make the configuration of the chosen sampler; refuse options of the others."""
    from lasersampling.cli.configurations import GibbsConfig, LasersConfig, RenewalConfig

    sampler = options["sampler"]
    if sampler not in _OWN_OPTIONS:
        expected = " or ".join(repr(name) for name in _OWN_OPTIONS)
        raise InputError.single("--sampler", repr(sampler), expected)
    own = _OWN_OPTIONS[sampler]
    known = ", ".join(flag(key) for key in own)
    foreign = {key for keys in _OWN_OPTIONS.values() for key in keys} - set(own)
    problems = [
        Problem(flag(key), f"{options[key]!r} with --sampler {sampler}", f"one of its own: {known}")
        for key in sorted(foreign)
        if options[key] is not None
    ]
    if problems:
        raise InputError(problems)
    options = {key: value for key, value in options.items() if key not in foreign}
    if sampler == "gibbs":
        return configured(GibbsConfig, options, overrides)
    from lasersampling.sampling.neurons.sampler import DEFAULT_DEVICE

    device = device_table(options["device"] or DEFAULT_DEVICE)
    tables = {"device": device}
    if options.get("imperfections") is not None:
        tables["imperfections"] = imperfections_table(options["imperfections"])
    if sampler == "renewal":
        return configured(RenewalConfig, options | tables, overrides)
    return configured(LasersConfig, options | tables, overrides)


class _Ready(NamedTuple):
    """A sampler, its number of draws per chain, and what was done to lasers."""

    sampler: Sampler
    n_draws: int
    adaptation: Adapted | None = None
    learned: Learned | None = None
    """What the machine was to learn with a device in the loop, if so."""


def _prepare(
    config: GibbsConfig | LasersConfig | RenewalConfig,
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    learned: Learned | None,
    reporter: Reporter,
    file: ResultsFile | None,
) -> _Ready:
    """Prepare the sampler, and determine the number of draws per chain."""
    from lasersampling.cli.configurations import GibbsConfig, LasersConfig, RenewalConfig
    from lasersampling.cli.preparing import adapted, calibrate_once, draws_of
    from lasersampling.results.records import write_chip
    from lasersampling.sampling import Gibbs
    from lasersampling.sampling.adapting import Adaptation, left_as_learned
    from lasersampling.sampling.neurons.configured import lasers_of
    from lasersampling.sampling.protocol import checked_request
    from lasersampling.sampling.renewal.sampler import Renewal

    if isinstance(config, GibbsConfig):
        gibbs = Gibbs(scan=config.scan, burn_in=config.burn_in, thin=config.thin)
        return _Ready(gibbs, config.draws)
    lasers, renewal = lasers_of(config), None
    if isinstance(config, RenewalConfig):
        renewal = Renewal(lasers, config.hazard)
    n_draws = draws_of(lasers, config.duration_ns)
    # Before the calibration, which takes minutes.
    checked_request(machine, n_draws, config.chains, clamped, config.seed)
    calibrate_once(lasers, reporter, file)
    if renewal is not None:
        with reporter.progress(f"measuring the hazard of {config.device.name} (once)") as progress:
            renewal.measured(progress)
    if renewal is not None or not isinstance(config, LasersConfig):
        return _Ready(renewal or lasers, n_draws, learned=learned)
    if file is not None and not config.imperfections.is_none:
        write_chip(file, lasers.chip(machine.n_units))
    if learned is not None and config.adaptation_rounds is None:
        return _Ready(lasers, n_draws, left_as_learned(lasers), learned)
    plan = Adaptation(
        rounds=config.adaptation_rounds,
        run_time_ns=config.chains * config.duration_ns,
        n_draws=config.adaptation_draws,
        seed=config.seed,
    )
    found = adapted(lasers, machine, clamped, plan, reporter, file)
    return _Ready(found.lasers, n_draws, found)


def _remarks(ready: _Ready) -> list[str]:
    told = [] if ready.adaptation is None else [ready.adaptation.sentence]
    if ready.learned is not None:
        told.append(
            "The certificate compares with what the machine was to learn, and the other metrics "
            "with its law on an ideal device."
        )
    return told


def _certificate(
    samples: Samples,
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    ready: _Ready,
    names: tuple[str, ...],
) -> Judgement:
    """Judge the draws by the machine, or by what it learned with a device in the loop."""
    from lasersampling.sampling.certificate import learned_certificate

    if ready.learned is None:
        return samples.certificate(machine, clamped, sampler=ready.sampler, names=names)
    target = ready.learned.target
    return learned_certificate(
        samples, machine, target, clamped, sampler=ready.sampler, names=names
    )
