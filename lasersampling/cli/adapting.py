"""Adapting lasers to a machine, as a step of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.cli.reporting import Reporter
    from lasersampling.results import ResultsFile
    from lasersampling.sampling.laser_sampler import Lasers


def adapted(
    lasers: Lasers,
    machine: BoltzmannMachine,
    n_rounds: int | None,
    seed: int,
    reporter: Reporter,
    file: ResultsFile | None,
) -> Lasers:
    """Adapt lasers to a machine, if wanted, and write their lines to the results."""
    from lasersampling.results.records import write_lines
    from lasersampling.sampling.adaptation import adapt

    if n_rounds is None:
        return lasers
    with reporter.progress("adapting the lasers to the machine") as progress:
        lasers = adapt(lasers, machine, n_rounds=n_rounds, seed=seed, progress=progress)
    if file is not None and lasers.lines is not None:
        write_lines(file, lasers.lines)
    return lasers
