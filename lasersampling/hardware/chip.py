"""One chip: the fixed pattern of deviations that was drawn for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.checks import integer_problems, kind_problems, memory_problems, refuse
from lasersampling.errors import InputError
from lasersampling.hardware.imperfections import Imperfections

__all__ = ["Chip", "draw_chip"]

_STREAMS = (
    "pump", "threshold", "gain", "coupling", "delay", "dead",
    "leak", "tau_mem", "tau_syn", "dead_coupling",
)  # fmt: skip
"""Each quantity has a random stream of its own, so that imperfections are independent."""

_OF_UNITS = ("pump", "threshold", "gain", "leak", "tau_mem", "tau_syn")
_QUANTITIES = (*_OF_UNITS, "coupling", "delay")
_BYTES_PER_PAIR = 32
"""Memory for the deviations of a pair of units, while they are drawn [B]."""


@dataclass(frozen=True, eq=False)
class Chip:
    """Fixed deviations of all parts of one chip.

    The random numbers depend on seed and number of units only, so chips with the same seed and
    different strengths of imperfections have the same pattern, weaker or stronger.

    Attributes
    ----------
    imperfections : Imperfections
        Imperfections from which the chip was drawn.
    seed : int
        Number of the chip.
    pump, threshold, gain, leak, tau_mem, tau_syn : ndarray of float64, shape (unit,)
        Deviations [1].
    coupling, delay : ndarray of float64, shape (post, pre)
        Deviations of the connections; the delay of a whole unit has the deviation on the diagonal
        [1].
    dead : ndarray of bool, shape (unit,)
        Which units never spike.
    dead_coupling : ndarray of bool, shape (post, pre)
        Which connections transmit nothing.
    """

    imperfections: Imperfections
    seed: int
    pump: NDArray[np.float64]
    threshold: NDArray[np.float64]
    gain: NDArray[np.float64]
    leak: NDArray[np.float64]
    tau_mem: NDArray[np.float64]
    tau_syn: NDArray[np.float64]
    coupling: NDArray[np.float64]
    delay: NDArray[np.float64]
    dead: NDArray[np.bool_]
    dead_coupling: NDArray[np.bool_]

    @property
    def n_units(self) -> int:
        """Number of units of the chip."""
        return self.pump.size

    def applied(self, name: str, nominal: ArrayLike) -> NDArray[np.float64]:
        """Values of all units, or connections, of this chip.

        Parameters
        ----------
        name : str
            Name of the quantity, such as ``"threshold"``.
        nominal : array_like
            Requested values, of a shape that broadcasts with (unit,) or (post, pre) [1].

        Raises
        ------
        InputError
            For another quantity, and values of another shape.
        """
        if not isinstance(name, str) or name not in _QUANTITIES:
            raise InputError.single("name", repr(name)[:80], f"one of {', '.join(_QUANTITIES)}")
        own, given = getattr(self, name), as_floats(nominal, name)
        try:
            np.broadcast_shapes(own.shape, given.shape)
        except ValueError:
            raise InputError.single(name, f"shape {given.shape}", f"{own.shape}") from None
        mismatch = getattr(self.imperfections, name).mismatch
        values: NDArray[np.float64] = mismatch.applied(given, own)
        return values


def draw_chip(imperfections: Imperfections, n_units: int, seed: int) -> Chip:
    """Draw a chip.

    Raises
    ------
    InputError
        For numbers that are none, imperfections of another kind, and chips that do not fit into
        the memory.

    Examples
    --------
    >>> from lasersampling.hardware import load_imperfections
    >>> from lasersampling.hardware.chip import draw_chip
    >>> draw_chip(load_imperfections("laboratory"), 3, seed=1).pump.shape
    (3,)
    """
    refuse(
        kind_problems("imperfections", imperfections, Imperfections),
        integer_problems("n_units", n_units, 1),
        integer_problems("seed", seed, 0),
    )
    refuse(memory_problems("n_units (units x units)", (n_units, n_units), _BYTES_PER_PAIR))
    streams = {name: np.random.default_rng([seed, place]) for place, name in enumerate(_STREAMS)}
    deviations = {
        name: getattr(imperfections, name).mismatch.drawn(streams[name], n_units)
        for name in _OF_UNITS
    }
    square = (n_units, n_units)
    coupling = imperfections.coupling
    own = streams["coupling"].standard_normal(square)
    pair = np.triu(streams["coupling"].standard_normal(square), 1)
    mixed = np.sqrt(1.0 - coupling.reciprocity) * own
    mixed += np.sqrt(coupling.reciprocity) * (pair + pair.T)
    return Chip(
        imperfections,
        int(seed),
        coupling=coupling.mismatch.of(mixed),
        delay=imperfections.delay.mismatch.drawn(streams["delay"], square),
        dead=streams["dead"].random(n_units) < imperfections.dead,
        dead_coupling=streams["dead_coupling"].random(square) < coupling.dead,
        **deviations,
    )
