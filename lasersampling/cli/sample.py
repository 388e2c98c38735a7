"""``lasersampling sample``: samples a Boltzmann machine, and judges the draws."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lasersampling.cli.certifying import Strict, enforce, enforce_again, with_certificate
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
    Resume,
    Seed,
)
from lasersampling.cli.preparing import Adapt
from lasersampling.cli.resuming import (
    ResumableRun,
    drawn,
    kept_by,
    refuse_beside_resume,
    resumed,
    with_full_paths,
)
from lasersampling.commands.configuring import configured, device_table, flag, imperfections_table
from lasersampling.commands.reporting import Reporter
from lasersampling.commands.spreading import ProcessCount, Scheduler, SlurmJobs, workers_of
from lasersampling.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.boltzmann.learned import Learned
    from lasersampling.cli.configurations import GibbsConfig, LasersConfig, RenewalConfig
    from lasersampling.judging.tally import Tally
    from lasersampling.results import ResultsFile
    from lasersampling.results.run_file import RunFile
    from lasersampling.sampling import Pieces, Samples
    from lasersampling.sampling.adapting import Adapted
    from lasersampling.sampling.certificate import Judgement
    from lasersampling.sampling.neurons.sampler import Lasers
    from lasersampling.workers import Workers

_OWN_OPTIONS = {
    "lasers": ("device", "duration_ns", "imperfections", "adaptation_rounds"),
    "renewal": ("device", "duration_ns"),
    "gibbs": ("draws",),
}
"""Options that only some of the samplers have."""


def sample(
    context: typer.Context,
    machine: Annotated[
        str | None,
        typer.Argument(
            help="Machine file (TOML or HDF5), or the name of a shipped machine.",
            autocompletion=completed("machines"),
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(help="lasers, renewal or gibbs; lasers by default.", rich_help_panel=SETTINGS),
    ] = None,
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
            metavar="UNIT=VALUE,...",
            help='Hold units at values, such as "0=1,3=0".',
            rich_help_panel=SETTINGS,
        ),
    ] = None,
    adapt: Adapt = None,
    workers: ProcessCount = None,
    scheduler: Scheduler = None,
    slurm: SlurmJobs = None,
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
    """Sample a Boltzmann machine, and say whether the draws can be trusted.

    Draws of up to 20 free units are compared with the exact distribution. With --out the draws of
    long runs are written piece by piece, and a run that was stopped goes on with --resume. With
    workers, the draws are the same to the bit.
    """
    import numpy as np

    from lasersampling.boltzmann import load_machine
    from lasersampling.boltzmann.clamping import FREE
    from lasersampling.boltzmann.files import load_names
    from lasersampling.boltzmann.learned import load_learned
    from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS
    from lasersampling.cli.evidence import clamped_units
    from lasersampling.cli.tables import MeasuresTable, metrics_values
    from lasersampling.config import resolve
    from lasersampling.judging.reference import reference_metrics
    from lasersampling.judging.tally import Tally
    from lasersampling.results.names import STAGES
    from lasersampling.results.records import adaptation_values, write_certificate
    from lasersampling.results.summary import summary_of

    reporter = Reporter(quiet=quiet, as_json=as_json)
    given = {
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
    if resume is None:
        if machine is None:
            raise InputError.single("MACHINE", "nothing", "a machine, or --resume FILE.h5")
        defaults = {"machine": machine, "sampler": sampler or "lasers"}
        config = _configuration(given | defaults, overrides)
    else:  # by whichever workers
        options = {flag(key): value for key, value in given.items()}
        refuse_beside_resume({"a machine": machine, "--out": out, "--set": overrides, **options})
        config = _resumed(resume)
    own = workers_of(workers, scheduler, slurm)
    path = resolve("machines", config.machine)
    target, names = load_machine(path), load_names(path)
    names.check(target, str(path))
    learned = load_learned(path, names)
    if learned is not None and not learned.is_of_a_device:
        learned = None
    clamped = clamped_units(config.clamp, names.of_all(target))
    free = np.flatnonzero(clamped == FREE)
    # All states are enumerated, and compared, as long as there are not too many.
    listed = free.size <= MAX_ENUMERATED_UNITS
    figures = ["distribution", "divergence_over_time"] if listed else []
    if config.sampler != "gibbs":
        figures.append("raster")
    files = ResumableRun(
        resume or out,
        figures,
        [path, device, imperfections],
        overwrite=overwrite,
        goes_on=resume is not None,
        if_complete=partial(enforce_again, strict=strict),
    )
    whole = with_full_paths(config, "machine")
    with files.open(context, whole, config.seed, reporter) as file:
        ready = _prepare(config, target, clamped, learned, reporter, resume or out, own)
        run = ready.run
        reporter.status(
            f"sampling {target.n_units} units with {run.sampler.name}: "
            f"{config.chains} chains of {run.n_draws} draws"
        )
        if (n := config.chains) < (count := own.count):
            reporter.status(f"warning: {n} chains keep {n} of {count} workers busy")
        tally = Tally(run, free)
        with reporter.progress("sampling") as progress:
            for piece in run.drawn(progress):
                tally.add(piece)
        samples = tally.samples
        with reporter.working("judging the samples"):
            evaluation = tally.evaluation(samples)
            beside = {}
            if samples.sampler == "lasers" and evaluation.exact is not None:
                beside = reference_metrics(target, clamped, evaluation, samples)
        shown = names.of_all(target) if names.visible or names.label else ()
        with reporter.working("certifying the samples"):
            certificate = tally.of_all(_certificate(samples, target, clamped, ready, shown))
        if file is not None:
            with reporter.working("writing the results"), file.finish() as results:
                ready.write(results)
                results.write_machine(target, names)
                _write_draws(results, file, run, tally)
                evaluation.write(results)
                if evaluation.exact is not None and names.visible:
                    of_all = names.of_all(target)
                    named = [of_all[unit] for unit in evaluation.free]
                    results.attributes("distribution", {"unit_names": named})
                results.metrics(beside)
                write_certificate(results, certificate)
    written = drawn(file, reporter)
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
            "draws": run.n_draws,
            "interval_ns": tally.interval_ns,
            "seed": samples.seed,
            "metrics": metrics_values(metrics),
            "adaptation": None
            if ready.adaptation is None
            else adaptation_values([ready.adaptation]),
            "certificate": certificate.values(),
            "files": [str(path) for path in written],
        },
        with_certificate(
            MeasuresTable(f"{config.machine}, sampled with {heads['']}", summary),
            certificate,
            remarks=[*_remarks(ready), *filter(None, [tally.told])],
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


def _resumed(path: Path) -> GibbsConfig | LasersConfig | RenewalConfig:
    """Read the configuration of a run that was stopped."""
    from lasersampling.cli.configurations import GibbsConfig, LasersConfig, RenewalConfig
    from lasersampling.config import toml_of

    _, text = kept_by(path)
    sampler = toml_of(text, f"{path}: /config").get("sampler")
    kinds = {"gibbs": GibbsConfig, "renewal": RenewalConfig}
    config: GibbsConfig | LasersConfig | RenewalConfig
    config, _ = resumed(path, kinds.get(str(sampler), LasersConfig))
    return config


class _Ready(NamedTuple):
    """A run of a sampler, and what was done to lasers."""

    run: Pieces
    lasers: Lasers | None = None
    """The lasers, or those for which renewal neurons stand."""
    adaptation: Adapted | None = None
    learned: Learned | None = None
    """What the machine was to learn with a device in the loop, if so."""

    def write(self, file: ResultsFile) -> None:
        """Write the lasers to a results file."""
        from lasersampling.results.records import (
            write_adaptations,
            write_calibration,
            write_chip,
            write_neuron,
        )

        if self.lasers is None:
            return
        write_neuron(file, self.lasers.neuron)
        write_calibration(file, self.lasers.calibration)
        chip = self.lasers.chip(self.run.shape[2])
        if not chip.imperfections.is_none:
            write_chip(file, chip)
        if self.adaptation is not None and self.learned is None:
            write_adaptations(file, [self.adaptation])


def _prepare(
    config: GibbsConfig | LasersConfig | RenewalConfig,
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    learned: Learned | None,
    reporter: Reporter,
    out: Path | None,
    workers: Workers,
) -> _Ready:
    """Prepare the sampler, and determine the number of draws per chain."""
    from lasersampling.checks import memory_problems, refuse
    from lasersampling.cli.configurations import GibbsConfig, LasersConfig, RenewalConfig
    from lasersampling.cli.preparing import adapted, calibrate_once, draws_of
    from lasersampling.results.streamed import check_room, expected_bytes
    from lasersampling.sampling import Gibbs, Pieces
    from lasersampling.sampling.adapting import Adaptation, left_as_learned
    from lasersampling.sampling.neurons.configured import lasers_of
    from lasersampling.sampling.renewal.sampler import Renewal
    from lasersampling.sampling.spread import Spread
    from lasersampling.workers import Processes

    def run_of(sampler: Gibbs | Lasers | Renewal, n_draws: int) -> Pieces:
        spread = sampler if workers == Processes(1) else Spread(sampler, workers)
        return Pieces(spread, machine, n_draws, config.chains, clamped, config.seed)

    def checked(run: Pieces) -> Pieces:
        if out is not None:
            check_room(out, expected_bytes(run))
        else:  # draws that no memory could hold are a mistake where no file keeps them
            n_chains, n_draws, n_units = run.shape
            problems = memory_problems("n_chains x n_draws", (n_chains, n_draws, n_units), 1)
            instead = "or --out FILE.h5, with which draws go to the disk"
            refuse([replace(one, expected=f"{one.expected}; {instead}") for one in problems])
        return run

    if isinstance(config, GibbsConfig):
        gibbs = Gibbs(scan=config.scan, burn_in=config.burn_in, thin=config.thin)
        return _Ready(checked(run_of(gibbs, config.draws)))
    lasers, renewal = lasers_of(config), None
    if isinstance(config, RenewalConfig):
        renewal = Renewal(lasers, config.hazard)
    n_draws = draws_of(lasers, config.duration_ns)
    # Before the calibration, which takes minutes.
    run = checked(run_of(renewal or lasers, n_draws))
    calibrate_once(lasers, reporter)
    if renewal is not None:
        with reporter.progress(f"measuring the hazard of {config.device.name} (once)") as progress:
            renewal.measured(progress)
    if renewal is not None or not isinstance(config, LasersConfig):
        return _Ready(run, lasers, learned=learned)
    if learned is not None and config.adaptation_rounds is None:
        return _Ready(run, lasers, left_as_learned(lasers), learned)
    plan = Adaptation(
        rounds=config.adaptation_rounds,
        run_time_ns=config.chains * config.duration_ns,
        n_draws=config.adaptation_draws,
        seed=config.seed,
    )
    found = adapted(lasers, machine, clamped, plan, reporter)
    return _Ready(run_of(found.lasers, n_draws), lasers, found)


def _write_draws(results: ResultsFile, file: RunFile, run: Pieces, tally: Tally) -> None:
    """Write all draws: from memory those of a short run, those of a long one from its pieces."""
    from lasersampling.results.kept_steps import read_step
    from lasersampling.results.streamed import write_pieces
    from lasersampling.sampling.pieces import on_one_clock

    if len(run.lengths) == 1:
        results.write_samples(tally.samples)
        return
    pieces = (read_step(path) for path in file.steps.paths("draws"))
    write_pieces(results, on_one_clock(pieces), run, tally.spikes)
    if tally.counts is not None:
        results.write(
            "distribution/count", tally.counts, ("state",), units="1",
            description="how often the state came among all draws; what stands beside it is of "
            f"one draw of {tally.every}",
        )  # fmt: skip


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
        return samples.certificate(machine, clamped, sampler=ready.run.sampler, names=names)
    target = ready.learned.target
    return learned_certificate(
        samples, machine, target, clamped, sampler=ready.run.sampler, names=names
    )
