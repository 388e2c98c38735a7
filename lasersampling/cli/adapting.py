"""Adapting lasers to a machine and giving them time to settle, as steps of a command."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.cli.generate_configuration import GenerateConfig
    from lasersampling.cli.reporting import Reporter
    from lasersampling.results import ResultsFile
    from lasersampling.sampling.laser_sampler import Lasers
    from lasersampling.sampling.mending import Mended, Mending


class AdaptationConfig(Protocol):
    """What a configuration says of the adaptation."""

    @property
    def adaptation_rounds(self) -> int: ...  # noqa: D102

    @property
    def adaptation_draws(self) -> int: ...  # noqa: D102

    @property
    def seed(self) -> int: ...  # noqa: D102


def adapted(
    lasers: Lasers,
    machine: BoltzmannMachine,
    config: AdaptationConfig,
    reporter: Reporter,
    file: ResultsFile | None,
    clamped: NDArray[np.int8] | None = None,
) -> Lasers:
    """Adapt lasers to a machine held as it will be, if wanted and better; say and write which."""
    from lasersampling.results.records import write_choice, write_lines
    from lasersampling.sampling.adaptation_choice import adapt_if_better

    if not config.adaptation_rounds:
        return lasers
    with reporter.progress("adapting the lasers to the machine") as progress:
        choice = adapt_if_better(
            lasers,
            machine,
            n_rounds=config.adaptation_rounds,
            n_draws=config.adaptation_draws,
            clamped=clamped,
            seed=config.seed,
            progress=progress,
        )
    reporter.status(choice.told)
    if file is not None:
        write_choice(file, choice)
        if choice.lasers.lines is not None:
            write_lines(file, choice.lasers.lines)
    return choice.lasers


def settled(
    lasers: Lasers,
    machine: BoltzmannMachine,
    config: GenerateConfig,
    reporter: Reporter,
    file: ResultsFile | None,
    clamped: NDArray[np.int8],
) -> Lasers:
    """Give lasers the time before the first draw that chains need; say and write if it is more."""
    from lasersampling.sampling.settling import settled_burn_in_ns

    if config.tempering is not None:  # whose hot parts are there to make chains forget
        return lasers
    with reporter.working("looking how long chains need to settle"):
        burn_in_ns, told = settled_burn_in_ns(
            machine,
            clamped,
            lasers.neuron.refractory_time_ns,
            least_ns=config.burn_in_ns,
            most_ns=config.most_burn_in_ns,
            seed=config.seed,
        )
    if told:
        reporter.status(told)
    if file is not None:
        file.attributes("images", {"burn_in_ns": burn_in_ns, "burn_in_told": told})
    return replace(lasers, burn_in_ns=burn_in_ns)


def mended(
    lasers: Lasers,
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    mending: Mending,
    reporter: Reporter,
) -> list[Mended]:
    """Adapt lasers to each way in which units are held, (case, unit), where that helps."""
    from lasersampling.sampling.mending import adapted_to_cases

    with reporter.progress("adapting the lasers to the machine") as progress:
        return adapted_to_cases(lasers, machine, clamped, mending, progress=progress)
