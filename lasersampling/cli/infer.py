"""``lasersampling infer``: the posterior of free units, given evidence on others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lasersampling.cli.certifying import Strict, enforce, enforce_again, with_certificate
from lasersampling.cli.completing import completed
from lasersampling.cli.options import (
    INPUT,
    OUTPUT,
    SETTINGS,
    All,
    Json,
    Out,
    Overrides,
    Overwrite,
    Quiet,
    Resume,
    Seed,
)
from lasersampling.cli.preparing import Adapt
from lasersampling.cli.resuming import (
    ResumableRun,
    drawn,
    refuse_beside_resume,
    resumed,
    with_full_paths,
)
from lasersampling.commands.configuring import configured, device_table, flag, imperfections_table
from lasersampling.commands.reporting import Reporter
from lasersampling.errors import InputError

if TYPE_CHECKING:
    from lasersampling.boltzmann.learned import Learned
    from lasersampling.boltzmann.models import Model
    from lasersampling.cli.configurations import InferConfig
    from lasersampling.sampling.adapting import Adapted
    from lasersampling.sampling.certificate import Judgement
    from lasersampling.sampling.evidence import Evidence
    from lasersampling.sampling.inference import Truth
    from lasersampling.sampling.posterior import Posterior


def infer(
    context: typer.Context,
    machine: Annotated[
        str | None,
        typer.Argument(
            help="Machine or Bayesian network: a file, or the name of a shipped one.",
            autocompletion=completed("bayesian_networks", "machines"),
        ),
    ] = None,
    clamp: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT=VALUE,...", help='What is observed: "alarm=1,3=0".', rich_help_panel=INPUT
        ),
    ] = None,
    soft: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT=P,...",
            help='Soft evidence, which multiplies the odds of 1 by P/(1-P): "2=0.8".',
            rich_help_panel=INPUT,
        ),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="CSV: a column for each unit, a row for each case, empty = free.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            help="lasers (the default, compared with Gibbs sampling), or gibbs.",
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Device file, or name; by default the one that the machine was learned with, or "
            "else D6.",
            autocompletion=completed("devices"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    imperfections: Annotated[
        str | None,
        typer.Option(
            help="Imperfections of the lasers: file, or name; by default those that the machine "
            "was learned with, or else none.",
            autocompletion=completed("imperfections"),
            rich_help_panel=INPUT,
        ),
    ] = None,
    duration_ns: Annotated[
        float | None,
        typer.Option(
            help="Laser time per chain in ns; 15000 by default.", rich_help_panel=SETTINGS
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            help="Gibbs sampling: draws per chain; 5000 by default.", rich_help_panel=SETTINGS
        ),
    ] = None,
    chains: Annotated[
        int | None, typer.Option(help="Chains per case; 16 by default.", rich_help_panel=SETTINGS)
    ] = None,
    adapt: Adapt = None,
    hidden: Annotated[
        bool | None, typer.Option("--hidden", help="List hidden units too.", rich_help_panel=OUTPUT)
    ] = None,
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
    strict: Strict = False,
    show_all: All = False,
) -> None:
    """Infer what is not observed, and compare with exact posteriors (up to 20 free units).

    For a machine that `fit` learned, the exact posterior is that of the learned distribution.
    """
    from lasersampling.boltzmann import load_model
    from lasersampling.boltzmann.learned import load_learned
    from lasersampling.boltzmann.models import model_file
    from lasersampling.cli.configurations import InferConfig
    from lasersampling.cli.evidence import evidence_of
    from lasersampling.cli.inferred import Told
    from lasersampling.cli.learned_with import recorded_lasers
    from lasersampling.results.records import write_adaptations, write_certificate, write_posteriors
    from lasersampling.sampling.neurons.sampler import DEFAULT_DEVICE

    reporter = Reporter(quiet=quiet, as_json=as_json)
    given: dict[str, Any] = {
        "sampler": sampler,
        "device": device,
        "imperfections": imperfections,
        "clamp": clamp,
        "soft": soft,
        "evidence": evidence,
        "hidden": hidden,
        "chains": chains,
        "duration_ns": duration_ns,
        "draws": draws,
        "adaptation_rounds": adapt,
        "seed": seed,
    }
    if resume is None:
        if machine is None:
            raise InputError.single("MACHINE", "nothing", "a machine, or --resume FILE.h5")
        recorded = recorded_lasers(load_learned(model_file(machine)), machine)
        if device is not None:
            # Lines belong to the lasers on which they were measured.
            recorded.pop("lines", None)
        elif "device" not in recorded:
            device = DEFAULT_DEVICE
        tables = {
            "machine": machine,
            "sampler": sampler or "lasers",
            "device": None if device is None else device_table(device),
            "imperfections": None if imperfections is None else imperfections_table(imperfections),
        }
        config = configured(InferConfig, given | tables, overrides, recipe=recorded)
    else:
        named = {flag(key): value for key, value in given.items()}
        refuse_beside_resume({"a machine": machine, "--out": out, "--set": overrides, **named})
        config, _ = resumed(resume, InferConfig)
        recorded = recorded_lasers(load_learned(model_file(config.machine)), config.machine)
    model = load_model(config.machine, max_auxiliary_weight=config.max_auxiliary_weight)
    cases = evidence_of(config.clamp, config.soft, config.evidence, model.names)
    n_listed = _listed(config, model, cases)
    truth, remarks = _truth(model, cases)
    files = ResumableRun(
        resume or out,
        ["posterior"],
        [config.machine, device, imperfections, config.evidence],
        overwrite=overwrite,
        goes_on=resume is not None,
        if_complete=partial(enforce_again, strict=strict),
    )
    whole = with_full_paths(config, "machine", "evidence")
    with files.open(context, whole, config.seed, reporter) as file:
        adaptations: list[Adapted] = []
        if config.sampler == "lasers":
            remarks += _about_lasers(model.learned, recorded, config)
            adaptations = _adapted_lasers(config, model, cases, reporter)
        found = _drawn(config, model, cases, truth, adaptations, reporter)
        with reporter.working("certifying the draws"):
            certificate = _certificate(model, cases, truth, found, adaptations)
        told = Told(
            {name: posterior.of_first(n_listed) for name, posterior in found.items()},
            model.names[:n_listed],
            tuple(remarks),
            adaptations,
        )
        if file is not None:
            with file.finish() as results:
                results.write_machine(model.machine, model.unit_names)
                write_posteriors(results, told.posteriors, told.names)
                if adaptations:
                    write_adaptations(results, adaptations)
                write_certificate(results, certificate)
    written = drawn(file, reporter)
    reporter.result(
        {
            "machine": config.machine,
            **told.values(),
            "certificate": certificate.values(),
            "seed": config.seed,
            "files": [str(path) for path in written],
        },
        with_certificate(told.table(), certificate, remarks=told.sentences(), whole=show_all),
    )
    enforce(certificate, strict=strict)


def _listed(config: InferConfig, model: Model, cases: Evidence) -> int:
    """Number of listed units: all if hidden ones are asked for, or carry evidence."""
    from lasersampling.boltzmann.clamping import FREE

    n_listed = model.n_listed
    given = (cases.clamped != FREE) | (cases.log_odds != 0)
    if config.hidden or given[:, n_listed:].any():
        return len(model.names)
    if (cases.clamped[:, :n_listed] != FREE).all(axis=1).any():
        where, got = "--evidence" if config.evidence else "--clamp", "all visible units clamped"
        raise InputError.single(where, got, "at least one free, or --hidden to list hidden units")
    return n_listed


def _truth(model: Model, cases: Evidence) -> tuple[Truth, list[str]]:
    """Choose the model of the exact posterior, with remarks where the choice is not obvious."""
    from lasersampling.boltzmann.clamping import FREE

    if model.learned is None:
        return model.truth, []
    given = (cases.clamped != FREE) | (cases.log_odds != 0)
    if given[:, model.machine.n_visible :].any():
        return model.truth, [
            "The machine was to learn a distribution, which does not contain the hidden units with "
            "evidence; so the posterior of the ideal machine is shown for comparison."
        ]
    if not model.learned.is_of_a_device:
        return model.learned.target, []
    return model.learned.target, [
        "Gibbs sampling draws from the machine on an ideal device, which is not what was learned "
        f"with {model.learned.sampler!r} in the loop."
    ]


def _about_lasers(
    learned: Learned | None, recorded: dict[str, Any], config: InferConfig
) -> list[str]:
    from lasersampling.cli.learned_with import remark_of_lasers

    remarks = [remark_of_lasers(learned, recorded, config)]
    if config.adaptation_rounds and learned is not None and learned.is_of_a_device:
        remarks.append(
            "Lasers that are adapted to the ideal law of a machine draw from this law, and no "
            "longer from what was learned with a device in the loop."
        )
    return [remark for remark in remarks if remark]


def _adapted_lasers(
    config: InferConfig, model: Model, cases: Evidence, reporter: Reporter
) -> list[Adapted]:
    """Calibrate lasers, and adapt them to the machine with its units held."""
    from lasersampling.cli.preparing import adapted_to_each, calibrate_once, draws_of
    from lasersampling.sampling.adapting import Adaptation, left_as_learned
    from lasersampling.sampling.inference import with_evidence_lines, with_evidence_units
    from lasersampling.sampling.neurons.configured import lasers_of
    from lasersampling.sampling.neurons.sampler import Lasers

    lasers = lasers_of(config)
    lines = lasers.lines
    if lines is not None and len(lines.gain) != model.machine.n_units:
        got, expected = f"{len(lines.gain)} of them", f"{model.machine.n_units}, one for each unit"
        raise InputError.single("--set lines", got, expected)
    draws_of(lasers, config.duration_ns)  # refuses too short a time before the calibration
    calibrate_once(lasers, reporter)
    if (
        config.adaptation_rounds is None
        and model.learned is not None
        and model.learned.is_of_a_device
    ):
        return [left_as_learned(lasers)]
    machine, clamped = with_evidence_units(model.machine, cases)
    plan = Adaptation(
        rounds=config.adaptation_rounds,
        run_time_ns=cases.n_cases * config.chains * config.duration_ns,
        n_draws=config.adaptation_draws,
        seed=config.seed,
    )
    ready = with_evidence_lines(lasers, model.machine, machine)
    assert isinstance(ready, Lasers)  # since `lasers` is
    return adapted_to_each(ready, machine, clamped, plan, reporter)


def _drawn(
    config: InferConfig,
    model: Model,
    cases: Evidence,
    truth: Truth,
    adaptations: list[Adapted],
    reporter: Reporter,
) -> dict[str, Posterior]:
    """Draw by each sampler; hidden units are drawn too."""
    from lasersampling.sampling import Gibbs, Sampler
    from lasersampling.sampling.inference import infer as infer_posterior

    requests: dict[str, tuple[Sequence[Sampler], int]] = {}
    if adaptations:
        n_draws = adaptations[0].lasers.draws_in(config.duration_ns)
        requests["lasers"] = [one.lasers for one in adaptations], n_draws
    requests["gibbs"] = [Gibbs()], config.draws
    posteriors = {}
    for name, (chosen, n_draws) in requests.items():
        counted = f"{cases.n_cases} case{'s' * (cases.n_cases > 1)}"
        with reporter.progress(f"inferring with {name}, {counted}") as progress:
            posteriors[name] = infer_posterior(
                chosen,
                model.machine,
                cases,
                n_draws=n_draws,
                n_chains=config.chains,
                seed=config.seed,
                truth=truth,
                progress=progress,
            )
    return posteriors


def _certificate(
    model: Model,
    cases: Evidence,
    truth: Truth,
    drawn: dict[str, Posterior],
    adaptations: list[Adapted],
) -> Judgement:
    """Judge the draws of the lasers, or of Gibbs sampling if there are no lasers."""
    from lasersampling.boltzmann import Target
    from lasersampling.cli.inferred import evidence_text
    from lasersampling.sampling.certificate.posteriors import posterior_certificate

    of_lasers = "lasers" in drawn
    return posterior_certificate(
        drawn["lasers" if of_lasers else "gibbs"],
        [evidence_text(cases, case, model.names) for case in range(cases.n_cases)],
        samplers=[one.lasers for one in adaptations],
        # Gibbs sampling draws from the machine itself, whatever was learned.
        target=truth if of_lasers and isinstance(truth, Target) else None,
        names=model.names,
    )
