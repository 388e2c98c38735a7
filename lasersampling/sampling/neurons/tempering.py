"""Tempering in time: pumps and couplings swing, draws are taken where they are at full strength.

A Boltzmann machine at inverse temperature beta has the energy beta E: all weights and biases are
smaller by this factor, barriers between modes are lower. In a laboratory beta is two knobs, the
strength of all couplings and how far pumps are from the pump of P(z = 1) = 1/2. A period is

    [ draws, beta = 1 | hot part, beta down and up again | settling, beta = 1 ]

and the hot part is a squared sine in steps, for each of which the pumps are held. Draws all belong
to beta = 1, but this is no exact method: the weights of the modes among each other freeze when the
barriers between them rise, and are then those of some beta < 1. How much this does is a matter of
measurement (`training/mixing.py`). Longer periods with slower cooling make it smaller.

References
----------
R. M. Neal, Statistics and Computing 6 (1996) 353 (tempered transitions, which correct what is
left uncorrected here); A. Korcsak-Gorzo et al., PLoS Comput. Biol. 18 (2022) e1009753 (oscillating
background as tempering of spiking samplers).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lasersampling.config import NonNegative, Positive, validated
from lasersampling.errors import InputError


class TemperedPart(NamedTuple):
    """A time in which beta is held."""

    duration_ns: float
    beta: float


@validated
class Tempering:
    """A periodic schedule of the inverse temperature.

    Attributes
    ----------
    period_ns : float
        From one hot part to the next [ns].
    hot_fraction : float
        Share of the period in which beta is below 1 [1].
    lowest_beta : float
        Where beta turns in the middle of the hot part [1].
    steps : int
        Levels of beta in the hot part; one is a rectangle.
    settling_ns : float
        Time after the hot part without draws: what lasers need to follow within a mode [ns].

    Raises
    ------
    InputError
        When hot part and settling leave no time for draws, or values are out of range.

    Examples
    --------
    >>> swing = Tempering(period_ns=100.0, hot_fraction=0.3, settling_ns=20.0, steps=1)
    >>> swing.window_ns, swing.draws_per_period(10.0)
    (50.0, 6)
    """

    period_ns: Positive = 100.0
    hot_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.4
    lowest_beta: Annotated[float, Field(ge=0, lt=1)] = 0.3
    steps: Annotated[int, Field(ge=1)] = 5
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
        """Levels of beta in the hot part, each for the same time, shape (step,)."""
        bump = np.sin(np.pi * (np.arange(self.steps) + 0.5) / self.steps) ** 2
        levels: NDArray[np.float64] = 1.0 - (1.0 - self.lowest_beta) * bump / bump.max()
        return levels

    def draws_per_period(self, interval_ns: float) -> int:
        """Draws in each period if they are so far apart."""
        return 1 + int(self.window_ns / interval_ns + 1e-9)

    def draw_times_ns(self, numbers: NDArray[np.int64], interval_ns: float) -> NDArray[np.float64]:
        """Times of draws by their number, counted from draw 0, which begins a period [ns]."""
        period, within = np.divmod(numbers, self.draws_per_period(interval_ns))
        times: NDArray[np.float64] = period * self.period_ns + within * interval_ns
        return times

    def parts(self, begin_ns: float, end_ns: float, step_ps: float) -> list[TemperedPart]:
        """Cut a time into parts of constant beta, in whole steps but for the last.

        Parameters
        ----------
        begin_ns, end_ns : float
            Counted from the first draw of a period, whose draws both belong to; before draw 0
            beta is 1 [ns].
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
    """What a run is to do when.

    Attributes
    ----------
    draws_ns : ndarray, shape (draw,)
        Times of the draws: a fresh run counts from its end of burn-in, one refractory time before
        the first draw, one that goes on from a refractory time before the last draw of the run
        before.
    parts : list of TemperedPart
        What beta is from the end of the burn-in, or from the last draw, to the last of these.
    last : int
        Number of the last draw within its period.
    """

    draws_ns: NDArray[np.float64]
    parts: list[TemperedPart]
    last: int

    @property
    def betas(self) -> set[float]:
        """All inverse temperatures that occur."""
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
        None leaves beta at 1.
    n_draws : int
        Draws to be taken.
    spacing_ns : float
        Time between draws between which nothing is hot.
    refractory_time_ns, step_ps : float
        Of the lasers.
    last : int or None
        `Timetable.last` of the run that this one goes on from, None for a fresh one.
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
