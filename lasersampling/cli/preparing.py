"""Lasers made ready for a run, as steps of a command: calibrated, adapted, given time to settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.cli.options import SETTINGS
from lasersampling.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.boltzmann import BoltzmannMachine
    from lasersampling.commands.generate_configuration import GenerateConfig
    from lasersampling.commands.reporting import Reporter
    from lasersampling.sampling.adapting import Adaptation, Adapted
    from lasersampling.sampling.neurons.sampler import Lasers

_ROUNDS = 4
"""Number of rounds for ``--adapt`` without a number."""

Adapt = Annotated[
    int | None,
    typer.Option(
        "--adapt",
        metavar="[ROUNDS]",
        help=f"Rounds in which the lasers are adapted to the machine, {_ROUNDS} if no number "
        "follows, 0 for none; by default as many as help and cost no more laser time than the run.",
        rich_help_panel=SETTINGS,
    ),
]


def with_rounds(arguments: Sequence[str]) -> list[str]:
    """Put the default number of rounds after each ``--adapt`` that is not followed by one.

    Typer has no options whose value can be omitted.

    Examples
    --------
    >>> with_rounds(["sample", "five.toml", "--adapt", "--seed", "1"])
    ['sample', 'five.toml', '--adapt', '4', '--seed', '1']
    >>> with_rounds(["sample", "--adapt", "0", "five.toml"])
    ['sample', '--adapt', '0', 'five.toml']
    """
    given: list[str] = []
    for place, argument in enumerate(arguments):
        given.append(argument)
        follows = arguments[place + 1 : place + 2]
        if argument == "--adapt" and not (follows and _is_number(follows[0])):
            given.append(str(_ROUNDS))
    return given


def _is_number(text: str) -> bool:
    """Whether a text is meant as a number, valid or not; names of options and files are not."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def draws_of(lasers: Lasers, duration_ns: float) -> int:
    """Return the draws per chain in a sampling time.

    Raises
    ------
    InputError
        If they are fewer than diagnostics of chains need.
    """
    from lasersampling.statistics.chains import MIN_DRAWS

    n_draws = lasers.draws_in(duration_ns)
    if n_draws < MIN_DRAWS:
        expected = f"at least {MIN_DRAWS * lasers.draw_interval_ns:g}, which is {MIN_DRAWS} draws"
        raise InputError.single("--duration-ns", f"{duration_ns:g}", expected)
    return n_draws


def calibrate_once(lasers: Lasers, reporter: Reporter) -> None:
    """Calibrate lasers if no calibration is stored."""
    with reporter.progress(f"calibrating {lasers.neuron.device.name} (once)") as progress:
        lasers.calibrated(progress)


def adapted(
    lasers: Lasers,
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    settings: Adaptation,
    reporter: Reporter,
) -> Adapted:
    """Adapt lasers to a machine with its units held, if that helps; say what was done."""
    from lasersampling.keeping import kept
    from lasersampling.sampling.adapting import adapted_where_it_helps

    with reporter.progress("adapting the lasers to the machine") as progress:
        found = kept(
            "adaptation",
            lambda: adapted_where_it_helps(lasers, machine, clamped, settings, progress=progress),
        )
    reporter.status(found.sentence)
    return found


def settled(
    lasers: Lasers,
    machine: BoltzmannMachine,
    config: GenerateConfig,
    reporter: Reporter,
    clamped: NDArray[np.int8],
) -> tuple[Lasers, dict[str, object]]:
    """Lengthen the burn-in of lasers as far as chains need it; say if it was done.

    Returned with what is known of it, for a results file.
    """
    from lasersampling.sampling.settling import settled_burn_in_ns

    if config.tempering is not None:  # its hot parts serve to make chains forget
        return lasers, {}
    with reporter.working("measuring how long chains need to settle"):
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
    known = {"burn_in_ns": burn_in_ns, "burn_in_told": told}
    return replace(lasers, burn_in_ns=burn_in_ns), known


def adapted_to_each(
    lasers: Lasers,
    machine: BoltzmannMachine,
    clamped: NDArray[np.int8],
    settings: Adaptation,
    reporter: Reporter,
) -> list[Adapted]:
    """Adapt lasers to each way in which units are held, (case, unit), where that helps."""
    from lasersampling.sampling.adapting_cases import adapted_to_cases

    with reporter.progress("adapting the lasers to the machine") as progress:
        return adapted_to_cases(lasers, machine, clamped, settings, progress=progress)
