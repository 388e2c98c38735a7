"""Adapting lasers to a machine, as a step of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.cli.reporting import Reporter
    from lasersampling.results import ResultsFile
    from lasersampling.sampling.laser_sampler import Lasers
    from lasersampling.sampling.mending import Mended, Mending


class AdaptationConfig(Protocol):
    """What a configuration says of the adaptation."""

    @property
    def adaptation_rounds(self) -> int | None: ...  # noqa: D102

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
    """Adapt lasers to a machine held as it will be, if wanted, and write their lines."""
    from lasersampling.results.records import write_lines
    from lasersampling.sampling.adaptation import adapt

    if config.adaptation_rounds is None:
        return lasers
    with reporter.progress("adapting the lasers to the machine") as progress:
        lasers = adapt(
            lasers,
            machine,
            n_rounds=config.adaptation_rounds,
            n_draws=config.adaptation_draws,
            clamped=clamped,
            seed=config.seed,
            progress=progress,
        )
    if file is not None and lasers.lines is not None:
        write_lines(file, lasers.lines)
    return lasers


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
