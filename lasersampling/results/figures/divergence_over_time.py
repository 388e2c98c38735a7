"""How the divergence from the target decreases with sampling time."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

Array = NDArray[np.float64]

_LARGEST_IDEAL = 0.5
"""Above this many nats there are fewer effective draws than states. Files of older versions hold
(n_states - 1) / (2 N_eff), a leading term, which is no divergence of an ideal sampler there."""


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL(sampled‖target) against sampling time on logarithmic axes.

    Parameters
    ----------
    path : path-like
        Results file with ``/divergence``: `time_ns` (time_ns) or, for samplers without a time,
        `draws` (draws); `kl_sample_target` and `ideal`, the divergence to be expected of an ideal
        sampler with as many effective draws, along the same dimension; it is drawn from where
        there are about as many effective draws as states. Where single chains were followed too,
        `kl_chain`, `kl_chain_sd` and `ideal_chain` over `chain_time_ns` or `chain_draws`. Times
        stand in refractory times as well if ``/device`` says how long these are.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no divergences.
    """
    results = read_results(path, groups=("divergence",))
    held = results.group("divergence")
    timed = "time_ns" in held
    extent = results.array("divergence/time_ns" if timed else "divergence/draws")
    divergence = results.array("divergence/kl_sample_target")
    ideal = results.array("divergence/ideal")
    unit = "ns" if timed else "draws"
    with style.style():
        figure = style.new_figure(5.6)
        axes = figure.subplots()
        _draw_ideal(axes, results, extent, ideal)
        seen = np.isfinite(divergence) & (divergence > 0)
        axes.loglog(
            extent[seen], divergence[seen], "o-", color=style.VERMILLION, markersize=6,
            label="sampled, all chains",
        )  # fmt: skip
        band = None
        if "kl_chain" in held:
            band = _draw_chains(axes, results)
        tau = results.attributes.get("device", {}).get("refractory_time_ns")
        if timed and tau:
            _add_axis_of(axes, float(tau))
        axes.set_xlabel("sampling time, all chains (ns)" if timed else "draws, all chains")
        axes.set_ylabel(r"$D_\mathrm{KL}$(sampled‖target)")
        found, labels = axes.get_legend_handles_labels()
        handles: list[Any] = list(found)
        if band is not None:
            handles.append(band)
            labels.append("single chains, mean ± standard deviation")
        axes.legend(handles, labels, loc="lower left")
        style.quiet(axes, grid="both")
        reached = f"{ideal[-1]:.2g}" if ideal[-1] <= _LARGEST_IDEAL else "unknown, too few draws"
        axes.set_title(
            rf"$D_\mathrm{{KL}}$ = {divergence[-1]:.2g} after {extent[-1]:,.0f} {unit} ".replace(
                ",", " "
            )
            + f"· ideal sampler {reached}"
        )
    return figure


def _draw_ideal(axes: Axes, results: Results, extent: Array, ideal: Array) -> None:
    """Draw the divergence of an ideal sampler, where the formula holds.

    It depends on the number of draws only, so single chains, which begin earlier, share the line.
    """
    if "ideal_chain" in results.group("divergence"):
        length = _length(results)
        earlier = length < extent[0]
        extent = np.append(length[earlier], extent)
        ideal = np.append(results.array("divergence/ideal_chain")[earlier], ideal)
    holds = ideal <= _LARGEST_IDEAL
    if holds.any():
        axes.loglog(
            extent[holds], ideal[holds], color=style.GREY, linestyle=(0, (5, 3)),
            label="ideal sampler, as many independent draws",
        )  # fmt: skip


def _length(results: Results) -> Array:
    """Return the time or the draws of single chains."""
    name = "chain_time_ns" if "time_ns" in results.group("divergence") else "chain_draws"
    return results.array(f"divergence/{name}")


def _draw_chains(axes: Axes, results: Results) -> tuple[Artist, Artist]:
    """Draw the divergence of single chains; give the band of its spread, and its mean."""
    length = _length(results)
    mean, spread = (results.array(f"divergence/{name}") for name in ("kl_chain", "kl_chain_sd"))
    band = axes.fill_between(
        length, np.maximum(mean - spread, mean / 10), mean + spread, color=style.SKY, alpha=0.35,
        linewidth=0,
    )  # fmt: skip
    (line,) = axes.loglog(length, mean, color=style.BLUE)
    return band, line


def _add_axis_of(axes: Axes, tau_ns: float) -> None:
    """Show sampling time in refractory times above."""

    def in_tau(time_ns: Any) -> Any:
        return time_ns / tau_ns

    def in_ns(time_tau: Any) -> Any:
        return time_tau * tau_ns

    above = axes.secondary_xaxis("top", functions=(in_tau, in_ns))
    above.set_xlabel(rf"in refractory times $\tau$ = {tau_ns:.3g} ns")
    # `axes.spines.top` is off in our style; an axis without its line has nothing to stand on.
    above.spines["top"].set_visible(True)
