"""Pictures of draws: joint states compared with a reference, or the means of many units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE, clamped_vector
from lasersampling.boltzmann.enumeration import exact_distribution, table_moments
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS, state_frequencies
from lasersampling.errors import InputError
from lasersampling.statistics import compared, distribution_ess, effective_sample_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Drawn = tuple[str, NDArray[np.int8]]
"""Name of a sampler and its states, shape (chain, draw, unit)."""

_MOST_UNITS_OF_BARS = 12
"""With more units there are more joint states than most samples have draws."""

_SPOKEN = {"gibbs": "Gibbs sampling", "renewal": "renewal sampler"}


def draw_states(
    drawn: Drawn, beside: AnyMachine | Drawn | None, clamped: ArrayLike | None, axes: Axes | None
) -> Figure:
    """Draw states in comparison with the exact law of a machine, or with other states.

    Parameters
    ----------
    drawn, beside, clamped, axes
        As for `Samples.plot`; states have as many units as the reference.

    Raises
    ------
    InputError
        If no unit is free, there are too many to enumerate, or chains are too short.
    """
    from lasersampling.plots import distribution, style

    name, states = drawn
    free = np.flatnonzero(clamped_vector(clamped, states.shape[2]) == FREE)
    if free.size == 0:
        raise InputError.single("clamped", "all units clamped", "at least one free unit")
    names = _names(name, beside)
    if free.size > _MOST_UNITS_OF_BARS:
        mean = states.mean(axis=(0, 1), dtype=np.float64)[free]
        error = np.sqrt(mean * (1 - mean) / effective_sample_size(states[:, :, free]))
        other = _means_beside(beside, free, clamped)
        with style.on(axes, 6.2) as panel:
            distribution.draw_means(panel, mean, error, other, names)
        return style.figure_of(panel)
    sampled, ess = state_frequencies(states[:, :, free]), distribution_ess(states[:, :, free])
    law = distribution.Law(sampled, np.sqrt(sampled * (1 - sampled) / ess), names=names)
    if isinstance(beside, tuple):
        law = replace(law, target=state_frequencies(beside[1][:, :, free]))
    elif beside is not None:
        target = exact_distribution(beside, clamped)
        found = compared(sampled, target, ess)
        # Draws of a single state have no effective sample size.
        floor = None if np.isnan(ess) else found.floor
        law = replace(law, target=target, divergence=found.kl_sample_target, floor=floor)
    shown = law.most_probable()
    words = "state $z$ (first unit on the left)", "state, in order of probability"
    if axes is not None or beside is None:
        with style.on(axes, 5.2) as panel:
            distribution.draw_bars(panel, law, shown)
            distribution.label_states(panel, shown, sampled.size, *words)
        return style.figure_of(panel)
    with style.style():
        figure = style.new_figure(7.2)
        linear, logarithmic = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
        distribution.draw_bars(linear, law, shown)
        distribution.draw_logarithmic(logarithmic, law, shown)
        distribution.label_states(logarithmic, shown, sampled.size, *words)
    return figure


def _names(name: str, beside: AnyMachine | Drawn | None) -> tuple[str, str]:
    """Names of the draws and of the reference."""
    other = beside[0] if isinstance(beside, tuple) else "exact"
    if other == name:
        other = "the other samples"
    return _SPOKEN.get(name, name), _SPOKEN.get(other, other)


def _means_beside(
    beside: AnyMachine | Drawn | None, free: NDArray[np.intp], clamped: ArrayLike | None
) -> NDArray[np.float64] | None:
    """Means of the free units of the reference."""
    if beside is None:
        return None
    if isinstance(beside, tuple):
        mean: NDArray[np.float64] = beside[1].mean(axis=(0, 1), dtype=np.float64)[free]
        return mean
    if free.size > MAX_ENUMERATED_UNITS:
        expected = f"at most {MAX_ENUMERATED_UNITS} of a machine, or samples of another sampler"
        raise InputError.single("beside", f"{free.size} free units", expected)
    return table_moments(exact_distribution(beside, clamped)).mean
