"""The imperfections of a device, collected in one file.

Quantities are those that lasers and LIF neurons share; each half states which of them it implements
(`Imperfections.refuse_others`). Quantities that are not mentioned are ideal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Set
from pathlib import Path

from lasersampling.config import (
    NonNegative,
    Positive,
    Probability,
    load,
    resolve,
    shipped_names,
    validated,
)
from lasersampling.errors import InputError, Problem
from lasersampling.hardware.deviation import Deviation, Drift
from lasersampling.hardware.grid import Grid

__all__ = [
    "Coupling",
    "Imperfections",
    "Quantity",
    "Spikes",
    "imperfections_names",
    "load_imperfections",
]


@validated
class Quantity:
    """Imperfections of one quantity.

    Attributes
    ----------
    mismatch : Deviation
        Fixed pattern: drawn once for each part of a chip.
    trial : Deviation
        Trial-to-trial noise: drawn anew for each chain of each run, or for each batch.
    sample : Deviation
        Drawn anew for each sample of a batch; for delays, for each delayed spike.
    drift : Drift or None
        Slow drift over time.
    grid : Grid
        Values that can be programmed; rounding comes before all deviations.
    """

    mismatch: Deviation = Deviation()
    trial: Deviation = Deviation()
    sample: Deviation = Deviation()
    drift: Drift | None = None
    grid: Grid = Grid()


@validated
class Coupling(Quantity):
    """Imperfections of the strengths of connections.

    Attributes
    ----------
    reciprocity : float
        Correlation of the mismatch of W_jk and W_kj: 0 if each direction is a circuit of its own,
        so that symmetric weights become asymmetric; 1 if both directions share one circuit [1].
    dead : float
        Fraction of the connections that transmit nothing [1].
    """

    reciprocity: Probability = 0.0
    dead: Probability = 0.0


@validated
class Spikes:
    """Imperfections of spikes and of their transmission.

    Attributes
    ----------
    jitter_std : float
        Standard deviation of the time at which each spike is seen and acts, normal and truncated at
        four standard deviations [ns for lasers, tau_syn for LIF neurons].
    lost : float
        Probability that a spike is neither seen nor acts [1].
    spurious_rate : float
        Rate at which each unit spikes without an input that causes it [1/tau_syn].
    highest_rate : float or None
        Rate of spikes that the bus of a layer can carry; further spikes queue [1/tau_syn].
    longest_wait : float
        A spike that would have to queue longer is lost [tau_syn].
    """

    jitter_std: NonNegative = 0.0
    lost: Probability = 0.0
    spurious_rate: NonNegative = 0.0
    highest_rate: Positive | None = None
    longest_wait: NonNegative = 1.0


@validated
class Imperfections:
    """Imperfections of a device.

    Attributes
    ----------
    description : str
        What the imperfections represent.
    pump : Quantity
        Pump of each laser; absolute values in threshold pumps.
    threshold : Quantity
        Threshold of each laser or neuron; absolute values in threshold pumps or units of voltage.
    gain : Quantity
        Differential gain of each laser; absolute values in 1/ns.
    coupling : Coupling
        Strength of each connection; absolute values in units of the machine's weights.
    delay : Quantity
        Delay of each connection; absolute values in ns or tau_syn.
    leak : Quantity
        Voltage at rest of each neuron; absolute values in units of voltage.
    tau_mem, tau_syn : Quantity
        Time constants of each neuron; absolute values in tau_syn.
    spikes : Spikes
        Jitter and loss.
    dead : float
        Fraction of the units that never spike [1].

    Raises
    ------
    InputError
        With all problems found, each with its dotted key.

    Examples
    --------
    >>> from lasersampling.hardware import Imperfections
    >>> list(Imperfections(pump={"mismatch": {"std": 0.05}}, dead=0.02).active())
    ['pump.mismatch', 'dead']
    """

    description: str = ""
    pump: Quantity = Quantity()
    threshold: Quantity = Quantity()
    gain: Quantity = Quantity()
    coupling: Coupling = Coupling()
    delay: Quantity = Quantity()
    leak: Quantity = Quantity()
    tau_mem: Quantity = Quantity()
    tau_syn: Quantity = Quantity()
    spikes: Spikes = Spikes()
    dead: Probability = 0.0

    def active(self) -> Iterator[str]:
        """Dotted names of what is not ideal, such as ``pump.mismatch``."""
        for field in dataclasses.fields(self):
            if field.name != "description":
                yield from _not_ideal(field.name, getattr(self, field.name), field.default)

    @property
    def is_none(self) -> bool:
        """Whether nothing is imperfect."""
        return not any(self.active())

    def refuse_others(self, known: Set[str], what: str) -> None:
        """Refuse imperfections that are not implemented.

        Parameters
        ----------
        known : set of str
            Dotted names of those that are implemented.
        what : str
            What has these imperfections, for the message.

        Raises
        ------
        InputError
            With all imperfections that are not implemented.
        """
        expected = f"imperfections that {what} have: {', '.join(sorted(known))}"
        problems = [
            Problem(f"imperfections.{name}", "a value", expected)
            for name in self.active()
            if name not in known
        ]
        if problems:
            raise InputError(problems)


def _not_ideal(name: str, value: object, ideal: object) -> Iterator[str]:
    """Dotted names of what differs from an ideal value, of all fields of a part."""
    if isinstance(value, Deviation | Grid):
        if not value.is_none:
            yield name
    elif isinstance(value, Drift):
        if value.std > 0.0:
            yield name
    elif isinstance(value, Quantity | Spikes):
        for field in dataclasses.fields(value):
            yield from _not_ideal(f"{name}.{field.name}", getattr(value, field.name), field.default)
    elif value != ideal:
        yield name


def imperfections_names() -> list[str]:
    """Names of the shipped files of imperfections."""
    return shipped_names("imperfections")


def load_imperfections(name_or_path: str | Path) -> Imperfections:
    """Read imperfections from a TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped file (`imperfections_names`) or a path.

    Raises
    ------
    InputError
        With all problems of the file.

    Examples
    --------
    >>> from lasersampling.hardware import load_imperfections
    >>> load_imperfections("laboratory").pump.mismatch.std
    0.05
    """
    return load(resolve("imperfections", name_or_path), Imperfections)


def as_imperfections(given: Imperfections | str | Path | None) -> Imperfections:
    """Imperfections from an object, a name or a path; None for an ideal device."""
    if given is None:
        return Imperfections()
    if isinstance(given, Imperfections):
        return given
    if isinstance(given, str | Path):
        return load_imperfections(given)
    raise InputError.single(
        "imperfections", type(given).__name__, "Imperfections, a shipped name, or a path"
    )
