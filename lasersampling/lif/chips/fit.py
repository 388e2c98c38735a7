"""Parameters of one neuron from its spikes: least squares, with errors from batch to batch.

At its spike time T the voltage of a neuron equals its threshold. Let `gap` be the threshold above
rest, g_i the relative strengths of its synapses (nominally 1) and k as in `lif.Neuron`:

    sum_i g_i w_i k(T - t_i; tau_mem, tau_syn) - gap = 0     over inputs t_i < T,

The residual of a spike is the left side, divided by the gap (otherwise voltage and gap could vanish
together) and by V' / gap + 1 / tau_syn: noise of the time matters where the voltage is steep, noise
of the threshold where it is flat. Two things cannot be seen in spikes:

- a common factor of gap and all strengths, so the mean strength of a neuron's live synapses is
  *defined* as 1;
- which time constant is which, since k / tau_syn is symmetric in the two. So in some batches one of
  them is programmed to another value, `altered`, and has a second value there.

Each batch has its own `gap`, since noise from batch to batch is common. Standard errors come from a
jackknife over groups of batches (one Gauss-Newton step from the optimum): they hold for any noise,
as long as groups are independent.

References
----------
B. Efron, "The Jackknife, the Bootstrap and Other Resampling Plans", SIAM (1982), chapter 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from lasersampling.compiling import njit

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIN_SPIKES = 8
"""Least number of spikes of a batch that is used."""

MIN_USES = 20
"""Least number of spikes to which a synapse must contribute to be measured."""

MIN_GROUPS = 3
_MAX_STEPS = 20
_WIDEST = math.log(3.0)
"""Largest change of the logarithms of time constants in a fit."""

_LARGEST_FACTOR = 5.0
"""Largest factor by which a gap may decrease in a fit."""

_FARTHEST = 5.0
"""Residuals beyond so many of their typical size belong to spurious spikes."""

_SMALLEST_SCALE = 1e-4
_NEAR_EQUAL = 1e-3


@dataclass(frozen=True, eq=False)
class Record:
    """Observations of one neuron.

    Attributes
    ----------
    spikes : ndarray, shape (batch, sample)
        Observed spikes [tau_syn].
    inputs : ndarray, shape (batch, sample, pre)
        Spikes that reached the neuron [tau_syn].
    weights : ndarray, shape (batch, pre)
        Programmed weights [1].
    altered : ndarray of bool, shape (batch,)
        Batches in which one time constant is programmed to another value.
    groups : ndarray of int, shape (batch,)
        Batches with the same number stay together in the jackknife.
    """

    spikes: Array
    inputs: Array
    weights: Array
    altered: Flags
    groups: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class FittedNeuron:
    """Parameters of one neuron.

    Attributes
    ----------
    taus : ndarray, shape (3,)
        tau_mem, tau_syn, and the altered one in the batches that have it [tau_syn].
    gaps : ndarray, shape (batch,)
        Threshold above rest, nan in batches with too few spikes [1].
    strengths : ndarray, shape (pre,)
        Strengths of the synapses, 0 for dead ones [1].
    errors : ndarray, shape (4 + pre,)
        Standard errors of tau_mem, tau_syn, the altered one, the mean gap, and strengths; nan if
        nothing was measured [1].
    residual : float
        Typical distance of spikes from the fit, as a robust standard deviation [tau_syn].
    """

    taus: Array
    gaps: Array
    strengths: Array
    errors: Array
    residual: float

    @property
    def gap(self) -> float:
        """Mean threshold above rest [1]."""
        return float(np.nanmean(self.gaps)) if np.isfinite(self.gaps).any() else float("nan")


@dataclass(frozen=True)
class Freedom:
    """Time constants that can be distinguished.

    Attributes
    ----------
    altered : int or None
        0 if tau_mem is altered in some batches, 1 for tau_syn; None if neither is: then both are
        assumed to deviate by the same factor.
    """

    altered: int | None


@njit(cache=True, nogil=True)
def response_with_slopes(s, tau_mem, tau_syn):
    """k(s) for s > 0, and its derivatives by log tau_mem and log tau_syn.

    With a = 1 / tau_mem, b = 1 / tau_syn, z = (a - b) s / 2 it is
    k = a s exp(-(a + b) s / 2) sinh(z) / z.
    """
    a, b = 1.0 / tau_mem, 1.0 / tau_syn
    z, half = 0.5 * (a - b) * s, 0.5 * s
    if abs(z) < _NEAR_EQUAL:
        fall = s * math.exp(-(a + b) * half)
        whole, slope = fall * (1.0 + z * z / 6.0), fall * z / 3.0
    else:
        up, down = math.exp(-b * s), math.exp(-a * s)
        whole = half * (up - down) / z
        slope = (half * (up + down) - whole) / z
    by_a, by_b = half * (slope - whole), -half * (slope + whole)
    return a * whole, -a * (whole + a * by_a), -a * b * by_b


@njit(cache=True, nogil=True)
def voltages(since, weights, strengths, tau_mem, tau_syn):
    """Voltage at each spike, its derivatives, and the contributions to it.

    Parameters
    ----------
    since, weights : arrays (spike, pre)
        Time since each input and programmed weights.
    strengths : array (pre,)
        Strengths of the synapses.
    tau_mem, tau_syn : arrays (spike,)
        Time constants.

    Returns
    -------
    tuple of arrays (spike,), three, and (spike, pre)
        Voltage, its derivatives by the logarithms of tau_mem and tau_syn, and by the strengths.
    """
    n_spikes, n_pre = since.shape
    voltage, by_mem, by_syn = np.zeros(n_spikes), np.zeros(n_spikes), np.zeros(n_spikes)
    parts = np.zeros((n_spikes, n_pre))
    for n in range(n_spikes):
        for i in range(n_pre):
            if since[n, i] > 0.0 and weights[n, i] != 0.0:
                k, mem, syn = response_with_slopes(since[n, i], tau_mem[n], tau_syn[n])
                parts[n, i] = weights[n, i] * k
                voltage[n] += parts[n, i] * strengths[i]
                by_mem[n] += weights[n, i] * strengths[i] * mem
                by_syn[n] += weights[n, i] * strengths[i] * syn
    return voltage, by_mem, by_syn, parts


def fit_neuron(
    record: Record, chosen: Flags, live: Flags, start: FittedNeuron, freedom: Freedom
) -> FittedNeuron:
    """Fit time constants, thresholds of all batches, and strengths.

    Parameters
    ----------
    record : Record
        Observations of the neuron.
    chosen : ndarray of bool, shape (batch, sample)
        The spikes that are used.
    live : ndarray of bool, shape (pre,)
        Synapses that transmit.
    start : FittedNeuron
        Initial values; strengths of synapses that are not measured stay as they are there.
    freedom : Freedom
        Time constants that can be distinguished.

    Returns
    -------
    FittedNeuron
        All values are nan if there are too few spikes.
    """
    chosen = chosen & np.isfinite(record.spikes)
    chosen = chosen & (chosen.sum(axis=1) >= MIN_SPIKES)[:, None]
    problem = _LeastSquares(record, chosen, live, start, freedom)
    farthest = 0.5
    for _ in range(2):
        if not problem.is_determined:
            return _nothing(record)
        far = np.abs(problem.residuals(problem.start)[: problem.n_spikes])
        problem = problem.within(far <= farthest)
        if not problem.is_determined:
            return _nothing(record)
        found = least_squares(
            problem.residuals, problem.start, problem.slopes, method="lm", max_nfev=_MAX_STEPS
        )
        if not problem.is_plausible(found.x):
            found = least_squares(
                problem.residuals, problem.start, problem.slopes, bounds=problem.bounds(),
                max_nfev=_MAX_STEPS,
            )  # fmt: skip
        left = found.fun[: problem.n_spikes]
        scale = 1.4826 * float(np.median(np.abs(left)))
        farthest = _FARTHEST * max(scale, _SMALLEST_SCALE)
        problem.start = found.x
    return problem.estimate(found.x, scale)


def _nothing(record: Record) -> FittedNeuron:
    n_batches, _, n_pre = record.inputs.shape
    nan = float("nan")
    return FittedNeuron(
        np.full(3, nan), np.full(n_batches, nan), np.full(n_pre, nan), np.full(4 + n_pre, nan), nan
    )


class _LeastSquares:
    """Least squares: x holds logarithms of time constants, then strengths, then gaps."""

    def __init__(
        self, record: Record, chosen: Flags, live: Flags, start: FittedNeuron, freedom: Freedom
    ) -> None:
        self.record, self.freedom, self.begin = record, freedom, start
        batch, sample = np.nonzero(chosen)
        self._set(batch, record.spikes[chosen][:, None] - record.inputs[batch, sample], live)

    def _set(self, batch: NDArray[np.intp], since: Array, live: Flags) -> None:
        record, start = self.record, self.begin
        self.batch, self.since = batch, since
        self.altered = record.altered[batch]
        self.weights = np.where(live, record.weights[batch], 0.0)
        self.n_spikes = len(batch)
        uses = ((self.weights != 0.0) & (since > 0.0)).sum(axis=0)
        self.live, self.measured = live, live & (uses >= MIN_USES)
        self.batches, self.place = np.unique(batch, return_inverse=True)
        self.n_taus = 1 if self.freedom.altered is None else 3
        taus = np.zeros(1) if self.freedom.altered is None else np.log(start.taus)
        gaps = np.where(np.isfinite(start.gaps), start.gaps, start.gap)[self.batches]
        strengths = np.where(np.isfinite(start.strengths), start.strengths, 1.0)
        self.fixed = strengths * live
        self.start: Array = np.concatenate([taus, strengths[self.measured], gaps])
        self.scale = np.ones(self.n_spikes)
        if self.n_spikes:
            tau_mem, tau_syn = self._taus(self.start)
            strengths = self._strengths(self.start)
            voltage = voltages(since, self.weights, strengths, tau_mem, tau_syn)[0]
            current = np.exp(-np.maximum(since, 0.0) / tau_syn[:, None]) * (since > 0.0)
            slope = ((self.weights * strengths * current).sum(axis=1) - voltage) / tau_mem
            self.scale = np.maximum(slope / np.mean(gaps), 0.0) + 1.0

    def within(self, near: Flags) -> _LeastSquares:
        """Fit without some of the spikes, starting from this fit."""
        other = object.__new__(_LeastSquares)
        other.record, other.freedom = self.record, self.freedom
        other.begin = self._as_start(self.start)
        other._set(self.batch[near], self.since[near], self.live)
        return other

    def _as_start(self, x: Array) -> FittedNeuron:
        strengths, gaps = self._strengths(x), np.full(len(self.record.spikes), np.nan)
        gaps[self.batches] = x[len(x) - len(self.batches) :]
        taus = self.begin.taus if self.freedom.altered is None else np.exp(x[:3])
        return FittedNeuron(taus, gaps, strengths, self.begin.errors, self.begin.residual)

    def bounds(self) -> tuple[Array, Array]:
        """Bounds of the values."""
        reach = np.full(len(self.start), np.inf)
        reach[: self.n_taus] = _WIDEST
        lowest, n_gaps = self.start - reach, len(self.batches)
        lowest[-n_gaps:] = self.start[-n_gaps:] / _LARGEST_FACTOR
        return lowest, self.start + reach

    def is_plausible(self, x: Array) -> bool:
        """Whether all time constants and gaps have stayed within bounds."""
        taus, gaps = x[: self.n_taus], x[len(x) - len(self.batches) :]
        near = np.abs(taus - self.start[: self.n_taus]) < _WIDEST
        return bool(near.all() and (gaps > 0.0).all())

    @property
    def is_determined(self) -> bool:
        """Whether there are enough spikes."""
        n_groups = len(np.unique(self.record.groups[self.batches]))
        enough = self.n_spikes >= 1.5 * len(self.start) and self.measured.any()
        both = self.freedom.altered is None or (self.altered.any() and not self.altered.all())
        return bool(enough and both and n_groups >= MIN_GROUPS)

    def _taus(self, x: Array) -> tuple[Array, Array]:
        """Time constants at each spike."""
        if self.freedom.altered is None:
            taus = self.begin.taus * np.exp(x[0])
        else:
            begin = np.log(self.begin.taus)
            taus = np.exp(np.clip(x[:3], begin - 2 * _WIDEST, begin + 2 * _WIDEST))
        both = [np.full(self.n_spikes, tau) for tau in taus[:2]]
        if self.freedom.altered is not None:
            both[self.freedom.altered][self.altered] = taus[2]
        return both[0], both[1]

    def _strengths(self, x: Array) -> Array:
        strengths = self.fixed.copy()
        strengths[self.measured] = x[self.n_taus : self.n_taus + int(self.measured.sum())]
        return strengths

    def residuals(self, x: Array) -> Array:
        """Residuals of all spikes, and of the condition that strengths have the mean 1."""
        strengths = self._strengths(x)
        gaps = x[len(x) - len(self.batches) :]
        voltage = voltages(self.since, self.weights, strengths, *self._taus(x))[0]
        mean = strengths[self.measured].mean() - 1.0
        apart = (voltage / gaps[self.place] - 1.0) / self.scale
        return np.append(apart, np.sqrt(self.n_spikes) * mean)

    def slopes(self, x: Array) -> Array:
        """Derivatives of the residuals."""
        strengths = self._strengths(x)
        voltage, mem, syn, parts = voltages(self.since, self.weights, strengths, *self._taus(x))
        n_measured = int(self.measured.sum())
        slopes = np.zeros((self.n_spikes + 1, len(x)))
        if self.freedom.altered is None:
            slopes[:-1, 0] = mem + syn
        else:
            slopes[:-1, 0], slopes[:-1, 1] = mem, syn
            which = self.freedom.altered
            slopes[:-1, 2] = np.where(self.altered, slopes[:-1, which], 0.0)
            slopes[:-1, which] = np.where(self.altered, 0.0, slopes[:-1, which])
        ends = self.n_taus, self.n_taus + n_measured
        slopes[:-1, ends[0] : ends[1]] = parts[:, self.measured]
        gaps = x[ends[1] :][self.place]
        slopes[np.arange(self.n_spikes), ends[1] + self.place] = -voltage / gaps
        slopes[:-1] /= (gaps * self.scale)[:, None]
        slopes[-1, ends[0] : ends[1]] = np.sqrt(self.n_spikes) / n_measured
        return slopes

    def estimate(self, x: Array, residual: float) -> FittedNeuron:
        """Turn the optimum into an estimate with standard errors."""
        found = self._as_start(x)
        if self.freedom.altered is None:
            found = FittedNeuron(
                self.begin.taus * np.exp(x[0]), found.gaps, found.strengths, found.errors, residual
            )
        n_measured = int(self.measured.sum())
        spread = self._jackknife(x)
        errors = np.full(4 + len(self.live), np.nan)
        errors[:3] = found.taus * (spread[0] if self.n_taus == 1 else spread[:3])
        errors[3] = spread[-1]
        errors[4:][self.measured] = spread[self.n_taus : self.n_taus + n_measured]
        return FittedNeuron(found.taus, found.gaps, found.strengths, errors, residual)

    def _jackknife(self, x: Array) -> Array:
        """Return the standard errors of time constants, strengths, and the mean gap."""
        slopes, left = self.slopes(x), self.residuals(x)
        n_common = len(x) - len(self.batches)
        group = self.record.groups[self.batches]
        of_spike = np.append(group[self.place], -1)
        whole, pull = slopes.T @ slopes, slopes.T @ left
        values = []
        for name in np.unique(group):
            rows = of_spike == name
            kept = np.concatenate([np.arange(n_common), n_common + np.nonzero(group != name)[0]])
            part = slopes[rows]
            matrix = (whole - part.T @ part)[np.ix_(kept, kept)]
            change = (pull - part.T @ left[rows])[kept]
            other = x[kept] - np.linalg.lstsq(matrix, change, rcond=None)[0]
            values.append(np.append(other[:n_common], other[n_common:].mean()))
        n_groups = len(values)
        spread: Array = np.std(values, axis=0) * np.sqrt(n_groups - 1.0)
        return spread
