"""Tempering in time: pumps and couplings are modulated, draws are taken at full strength.

A Boltzmann machine at inverse temperature beta has the energy beta E: all weights and biases are
smaller by this factor, and barriers between modes are lower. In a laboratory, beta is set by two
controls, the strength of all couplings and the distance of the pumps from the pump of P(z = 1) =
1/2. A period is

    [ draws, beta = 1 | hot part, beta down and up again | settling, beta = 1 ]

and the hot part is a squared sine in steps, in each of which the pumps are held. All draws belong
to beta = 1, but the method is not exact: the relative weights of the modes freeze when the barriers
between them rise, and are then those of some beta < 1. The size of this error must be measured
(`training/mixing.py`). Longer periods with slower cooling reduce it.

References
----------
R. M. Neal, Statistics and Computing 6 (1996) 353 (tempered transitions, which correct the error
that remains here); A. Korcsak-Gorzo et al., PLoS Comput. Biol. 18 (2022) e1009753 (oscillating
background as tempering of spiking samplers).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lasersampling.config import NonNegative, Positive, validated
from lasersampling.errors import InputError
from lasersampling.lasers.chain_state import StateArray

DRAW_OF_PERIOD = StateArray("draw_of_period", np.int64, "run", at_rest=0)
"""Number of the last draw within its period, from which a run continues."""


MOST_STEPS = 1000
"""Largest number of levels of beta; each is a simulation of its own."""


class TemperedPart(NamedTuple):
    """A time interval in which beta is constant."""

    duration_ns: float
    beta: float


@validated
class Tempering:
    """A periodic schedule of the inverse temperature.

    Attributes
    ----------
    period_ns : float
        Time from one hot part to the next [ns].
    hot_fraction : float
        Fraction of the period in which beta is below 1 [1].
    lowest_beta : float
        Beta in the middle of the hot part [1].
    steps : int
        Number of levels of beta in the hot part; one makes a rectangle.
    settling_ns : float
        Time after the hot part without draws, in which lasers settle within a mode [ns].

    Raises
    ------
    InputError
        If hot part and settling leave no time for draws, or values are out of range.

    Examples
    --------
    >>> swing = Tempering(period_ns=100.0, hot_fraction=0.3, settling_ns=20.0, steps=1)
    >>> swing.window_ns, swing.draws_per_period(10.0)
    (50.0, 6)
    """

    period_ns: Positive = 100.0
    hot_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.4
    lowest_beta: Annotated[float, Field(ge=0, lt=1)] = 0.3
    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 5
    settling_ns: NonNegative = 10.0

    def __post_init__(self) -> None:
        if self.window_ns <= 0.0:
            cold = (1.0 - self.hot_fraction) * self.period_ns
            expected = f"less than the {cold:g} ns of a period that are not hot"
            raise InputError.single("settling_ns", f"{self.settling_ns:g}", expected)

    @property
    def window_ns(self) -> float:
        """Time for draws in each period [ns]."""
        return (1.0 - self.hot_fraction) * self.period_ns - self.settling_ns

    @property
    def betas(self) -> NDArray[np.float64]:
        """Levels of beta in the hot part, of equal durations, shape (step,)."""
        bump = np.sin(np.pi * (np.arange(self.steps) + 0.5) / self.steps) ** 2
        levels: NDArray[np.float64] = 1.0 - (1.0 - self.lowest_beta) * bump / bump.max()
        return levels

    def draws_per_period(self, interval_ns: float) -> int:
        """Number of draws in each period at this distance."""
        return 1 + int(self.window_ns / interval_ns + 1e-9)

    def draw_times_ns(self, numbers: NDArray[np.int64], interval_ns: float) -> NDArray[np.float64]:
        """Times of draws by their numbers; draw 0, at time 0, begins a period [ns]."""
        period, within = np.divmod(numbers, self.draws_per_period(interval_ns))
        times: NDArray[np.float64] = period * self.period_ns + within * interval_ns
        return times

    def parts(self, begin_ns: float, end_ns: float, step_ps: float) -> list[TemperedPart]:
        """Divide a time into parts of constant beta, in whole steps except the last.

        Parameters
        ----------
        begin_ns, end_ns : float
            Begin and end, counted from draw 0, which begins a period; before it beta is 1 [ns].
        step_ps : float
            Integration step.
        """
        hot_ns, step_ns = self.hot_fraction * self.period_ns, step_ps * 1e-3
        n_periods = max(0, int(np.ceil(end_ns / self.period_ns)))
        starts = np.arange(n_periods) * self.period_ns + self.window_ns
        within = np.linspace(0.0, hot_ns, self.steps + 1)
        changes = (starts[:, None] + within).ravel()
        levels = np.tile(np.append(self.betas, 1.0), n_periods)
        kept = (changes > begin_ns) & (changes < end_ns)
        whole = np.round((changes[kept] - begin_ns) / step_ns) * step_ns
        edges = np.concatenate([[0.0], whole, [end_ns - begin_ns]])
        betas = np.append(1.0, levels[kept])
        durations = np.diff(edges)
        return [
            TemperedPart(float(duration), float(beta))
            for duration, beta in zip(durations, betas, strict=True)
            if duration > 0.5 * step_ns
        ]


class Timetable(NamedTuple):
    """Plan of a run.

    Attributes
    ----------
    draws_ns : ndarray, shape (draw,)
        Times of the draws. A fresh run counts from the end of its burn-in, one refractory time
        before the first draw; a continued run from one refractory time before the last draw of the
        run before.
    parts : list of TemperedPart
        Beta from the end of the burn-in, or from the last draw of the run before, to the last draw.
    last : int
        Number of the last draw within its period.
    """

    draws_ns: NDArray[np.float64]
    parts: list[TemperedPart]
    last: int

    @property
    def betas(self) -> set[float]:
        """All values of beta that occur."""
        return {part.beta for part in self.parts}


def timetable(
    swing: Tempering | None,
    n_draws: int,
    *,
    spacing_ns: float,
    refractory_time_ns: float,
    step_ps: float,
    last: int | None,
) -> Timetable:
    """Plan a run.

    Parameters
    ----------
    swing : Tempering or None
        The schedule; None leaves beta at 1.
    n_draws : int
        Number of draws.
    spacing_ns : float
        Time between draws without a hot part between them.
    refractory_time_ns, step_ps : float
        Times of the lasers.
    last : int or None
        `Timetable.last` of the run that this one continues, None for a fresh one.
    """
    tau, fresh = refractory_time_ns, last is None
    if swing is None:
        draws = tau + spacing_ns * (np.arange(n_draws, dtype=np.float64) + (not fresh))
        return Timetable(draws, [TemperedPart(draws[-1] - (0.0 if fresh else tau), 1.0)], 0)
    numbers = np.arange(1, n_draws + 1) + (-1 if last is None else last)
    draws = swing.draw_times_ns(numbers, spacing_ns)
    begin = -tau if last is None else float(swing.draw_times_ns(np.array([last]), spacing_ns)[0])
    parts = swing.parts(begin, draws[-1], step_ps)
    place = int(numbers[-1]) % swing.draws_per_period(spacing_ns)
    return Timetable(draws - begin + (0.0 if fresh else tau), parts, place)
